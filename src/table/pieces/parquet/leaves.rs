//! Nested columns leaf by leaf.
//!
//! The pages of a leaf end where those of another one don't, so that the pages of all leaves that hold some rows have no border in
//! common before the end of the row group. Each leaf is read by itself, within what is around it, and they are put together
//! when they are cut to the same rows.

use polars::prelude::{ArrowDataType, ArrowField, PolarsResult, polars_bail, polars_ensure};
use polars_arrow::array::{Array, FixedSizeListArray, ListArray, MapArray, StructArray};
use polars_arrow::offset::{Offset, OffsetsBuffer};

/// A field for each leaf: the field without all others. `None` where it holds something that is not known here.
pub(super) fn leaves(field: &ArrowField) -> Option<Vec<ArrowField>> {
    Some(dtypes(&field.dtype)?.into_iter().map(|dtype| with_dtype(field, dtype)).collect())
}

fn dtypes(dtype: &ArrowDataType) -> Option<Vec<ArrowDataType>> {
    let within = |inner: &ArrowField, wrap: &dyn Fn(Box<ArrowField>) -> ArrowDataType| {
        let dtypes = dtypes(&inner.dtype)?.into_iter();
        Some(dtypes.map(|dtype| wrap(Box::new(with_dtype(inner, dtype)))).collect())
    };
    match dtype {
        ArrowDataType::Struct(fields) if fields.is_empty() => None,
        ArrowDataType::Struct(fields) => {
            let mut all = Vec::new();
            for field in fields {
                let leaves = leaves(field)?.into_iter();
                all.extend(leaves.map(|leaf| ArrowDataType::Struct(vec![leaf])));
            }
            Some(all)
        }
        ArrowDataType::List(inner) => within(inner, &ArrowDataType::List),
        ArrowDataType::LargeList(inner) => within(inner, &ArrowDataType::LargeList),
        ArrowDataType::FixedSizeList(inner, width) => {
            within(inner, &|inner| ArrowDataType::FixedSizeList(inner, *width))
        }
        // A map has two fields, and a list may have one: their levels are the same.
        ArrowDataType::Map(inner, _) => within(inner, &ArrowDataType::List),
        ArrowDataType::Extension(_) | ArrowDataType::Union(_) => None,
        _ => Some(vec![dtype.clone()]),
    }
}

fn with_dtype(field: &ArrowField, dtype: ArrowDataType) -> ArrowField {
    ArrowField { dtype, ..field.clone() }
}

/// The array of all leaves: those of [`leaves`], in their order, of the same rows.
pub(super) fn joined(dtype: &ArrowDataType, leaves: Vec<Box<dyn Array>>) -> PolarsResult<Box<dyn Array>> {
    let Some(first) = leaves.first() else { polars_bail!(ComputeError: "a nested column has no leaf") };
    let (length, validity) = (first.len(), first.validity().cloned());
    polars_ensure!(
        leaves.iter().all(|leaf| leaf.len() == length),
        ComputeError: "the parts of a nested column do not have the same number of values"
    );
    Ok(match dtype {
        ArrowDataType::Struct(fields) => {
            let mut leaves = leaves.into_iter();
            let mut values = Vec::with_capacity(fields.len());
            for field in fields {
                let n_leaves = dtypes(&field.dtype).map_or(0, |dtypes| dtypes.len());
                let of_field = leaves.by_ref().take(n_leaves).map(|leaf| {
                    match of::<StructArray>(leaf.as_ref())?.values() {
                        [value] => Ok(value.clone()),
                        _ => polars_bail!(ComputeError: "a leaf of a nested column has several values"),
                    }
                });
                values.push(joined(&field.dtype, of_field.collect::<PolarsResult<_>>()?)?);
            }
            StructArray::try_new(dtype.clone(), length, values, validity)?.boxed()
        }
        ArrowDataType::List(inner) => {
            let (offsets, values) = lists::<i32>(inner, &leaves)?;
            ListArray::<i32>::try_new(dtype.clone(), offsets, values, validity)?.boxed()
        }
        ArrowDataType::LargeList(inner) => {
            let (offsets, values) = lists::<i64>(inner, &leaves)?;
            ListArray::<i64>::try_new(dtype.clone(), offsets, values, validity)?.boxed()
        }
        ArrowDataType::Map(inner, _) => {
            let (offsets, values) = lists::<i32>(inner, &leaves)?;
            MapArray::try_new(dtype.clone(), offsets, values, validity)?.boxed()
        }
        ArrowDataType::FixedSizeList(inner, _) => {
            let values =
                leaves.iter().map(|leaf| Ok(of::<FixedSizeListArray>(leaf.as_ref())?.values().clone()));
            let values = joined(&inner.dtype, values.collect::<PolarsResult<_>>()?)?;
            FixedSizeListArray::try_new(dtype.clone(), length, values, validity)?.boxed()
        }
        _ => match <[Box<dyn Array>; 1]>::try_from(leaves) {
            Ok([leaf]) => leaf,
            Err(_) => polars_bail!(ComputeError: "a column that is not nested has several leaves"),
        },
    })
}

/// The offsets that the lists of all leaves have, from 0 on, and their values.
fn lists<O: Offset>(
    inner: &ArrowField,
    leaves: &[Box<dyn Array>],
) -> PolarsResult<(OffsetsBuffer<O>, Box<dyn Array>)> {
    let mut offsets: Option<Vec<O>> = None;
    let mut values = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        let leaf = of::<ListArray<O>>(leaf.as_ref())?;
        let (first, n_values) = (leaf.offsets().first().to_usize(), leaf.offsets().range().to_usize());
        values.push(leaf.values().sliced(first, n_values));
        let own: Vec<O> = leaf.offsets().iter().map(|offset| *offset - *leaf.offsets().first()).collect();
        match &offsets {
            None => offsets = Some(own),
            Some(offsets) => polars_ensure!(
                *offsets == own,
                ComputeError: "the parts of a nested column do not have lists of the same lengths"
            ),
        }
    }
    let offsets = OffsetsBuffer::<O>::try_from(offsets.unwrap_or_default())?;
    Ok((offsets, joined(&inner.dtype, values)?))
}

fn of<A: 'static>(array: &dyn Array) -> PolarsResult<&A> {
    match array.as_any().downcast_ref() {
        Some(array) => Ok(array),
        None => polars_bail!(ComputeError: "a nested column has a value of another kind"),
    }
}
