//! Columns whose bytes say their values and nothing else.
//!
//! Arrow leaves open what lies under a null, and in what order texts lie in memory; both tell in what pieces a column was made.
//! Formats that write memory as it is would write that, too.
//!
//! The numbers of categories tell in what order they were met, and a file has one dictionary, which would have to be known before
//! its first row: they become the texts that they stand for.

use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::Bitmap;

use crate::error::{Error, Result};

use super::own::column_of;

/// The same rows, with nothing under their nulls and their texts one behind the other.
pub(super) fn canonical(block: DataFrame) -> Result<DataFrame> {
    let n_rows = block.height();
    // One column after the other, so that not all are there twice.
    let columns = block
        .into_columns()
        .into_iter()
        .map(|column| Ok(column_of(canonical_series(column.as_materialized_series())?)));
    let columns = columns.collect::<PolarsResult<_>>().map_err(Error::engine)?;
    DataFrame::new(n_rows, columns).map_err(Error::engine)
}

/// The dtypes that the columns have then.
pub(super) fn canonical_schema(schema: &Schema) -> Schema {
    schema.iter().map(|(name, dtype)| (name.clone(), canonical_dtype(dtype))).collect()
}

fn canonical_dtype(dtype: &DataType) -> DataType {
    let of_leaf = |leaf: DataType| if leaf.is_categorical() { DataType::String } else { leaf };
    dtype.clone().map_leaves(&mut { of_leaf })
}

fn canonical_series(series: &Series) -> PolarsResult<Series> {
    let name = series.name().clone();
    let has_nulls = series.null_count() > 0;
    Ok(match series.dtype() {
        DataType::String => {
            let texts = series.str()?;
            let mut builder = StringChunkedBuilder::new(name, series.len());
            texts.iter().for_each(|text| builder.append_option(text));
            builder.finish().into_series()
        }
        DataType::Boolean => BooleanChunked::from_iter_options(name, series.bool()?.iter()).into_series(),
        DataType::Categorical(..) => canonical_series(&series.cast(&DataType::String)?)?,
        DataType::Binary => {
            let values = series.binary()?;
            let mut builder = BinaryChunkedBuilder::new(name, series.len());
            values.iter().for_each(|value| builder.append_option(value));
            builder.finish().into_series()
        }
        DataType::List(_) => {
            // Some rows of a column have the values of all of them beside theirs.
            let series = series.trim_lists_to_normalized_offsets().unwrap_or_else(|| series.clone());
            let lists = series.list()?.rechunk().apply_to_inner(&|inner| canonical_series(&inner))?;
            let validity = lists.rechunk_validity();
            lists.with_validity(rebuilt(validity)).into_series()
        }
        DataType::Array(..) => {
            let arrays = series.array()?.rechunk().apply_to_inner(&|inner| canonical_series(&inner))?;
            let validity = arrays.rechunk_validity();
            arrays.with_validity(rebuilt(validity)).into_series()
        }
        DataType::Struct(_) => {
            let structs = series.struct_()?.rechunk().into_owned();
            let validity = rebuilt(structs.rechunk_validity());
            // What lies under a null is null, too.
            let fields = structs.with_outer_validity(validity.clone()).fields_as_series();
            let fields = fields.iter().map(canonical_series).collect::<PolarsResult<Vec<_>>>()?;
            let structs = StructChunked::from_series(name, series.len(), fields.iter())?;
            structs.with_outer_validity(validity).into_series()
        }
        DataType::Int8 if has_nulls => zeroed(series.i8()?),
        DataType::Int16 if has_nulls => zeroed(series.i16()?),
        DataType::Int32 if has_nulls => zeroed(series.i32()?),
        DataType::Int64 if has_nulls => zeroed(series.i64()?),
        DataType::UInt8 if has_nulls => zeroed(series.u8()?),
        DataType::UInt16 if has_nulls => zeroed(series.u16()?),
        DataType::UInt32 if has_nulls => zeroed(series.u32()?),
        DataType::UInt64 if has_nulls => zeroed(series.u64()?),
        DataType::Float32 if has_nulls => zeroed(series.f32()?),
        DataType::Float64 if has_nulls => zeroed(series.f64()?),
        DataType::Date => zeroed(series.to_physical_repr().i32()?).cast(series.dtype())?,
        dtype @ (DataType::Datetime(..) | DataType::Duration(_) | DataType::Time) if has_nulls => {
            zeroed(series.to_physical_repr().i64()?).cast(dtype)?
        }
        DataType::Decimal(precision, scale) if has_nulls => {
            let numbers = zeroed(series.to_physical_repr().i128()?);
            numbers.i128()?.clone().into_decimal_unchecked(*precision, *scale).into_series()
        }
        _ => series.clone(),
    })
}

/// A bitmap of the same bits. Behind the last one may have stood anything.
fn rebuilt(validity: Option<Bitmap>) -> Option<Bitmap> {
    validity.map(|validity| validity.iter().collect())
}

/// The numbers, with zero under each null.
fn zeroed<T>(numbers: &ChunkedArray<T>) -> Series
where
    T: PolarsNumericType<Array = PrimitiveArray<<T as PolarsNumericType>::Native>>,
    ChunkedArray<T>: IntoSeries,
{
    let numbers = numbers.rechunk();
    let values: Vec<T::Native> = numbers.iter().map(Option::unwrap_or_default).collect();
    let validity = rebuilt(numbers.rechunk_validity());
    ChunkedArray::<T>::from_vec_validity(numbers.name().clone(), values, validity).into_series()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_stay() {
        let numbers = Series::new("n".into(), [Some(3i64), None, Some(-1)]);
        let texts = Series::new("t".into(), [Some("a text that is longer than a view"), None, Some("")]);
        let lists = Series::new("l".into(), [texts.clone(), texts.clear(), texts.clone()]);
        let days = numbers.cast(&DataType::Date).unwrap().with_name("d".into());
        let moments =
            numbers.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap().with_name("m".into());
        let flags = Series::new("b".into(), [Some(true), None, Some(false)]);
        let fields = [numbers.clone(), lists.clone()];
        let structs = StructChunked::from_series("s".into(), 3, fields.iter()).unwrap().into_series();
        let structs = structs
            .zip_with(flags.bool().unwrap(), &Series::full_null("s".into(), 3, structs.dtype()))
            .unwrap();
        let columns = [numbers, texts, lists, days, moments, flags, structs].map(Column::from);
        let frame = DataFrame::new(3, columns.into()).unwrap();
        assert!(canonical(frame.clone()).unwrap().equals_missing(&frame));
        assert_eq!(canonical(frame.clone()).unwrap().schema(), frame.schema());
    }

    #[test]
    fn some_rows_are_as_if_there_were_no_others() {
        let text = |n: usize| format!("a text that is longer than a view, {n}");
        let texts: Vec<Series> = (0..9).map(|n| Series::new("".into(), [text(n), text(n + 1)])).collect();
        let lists = Series::new("l".into(), texts);
        let lists = Series::new("ll".into(), [lists.slice(0, 3), lists.slice(3, 3), lists.slice(6, 3)]);
        let n_bytes = |series: &Series| {
            let frame = DataFrame::new(series.len(), vec![column_of(series.clone())]).unwrap();
            super::super::own::held_bytes(&canonical(frame).unwrap())
        };
        let whole = n_bytes(&lists);
        let parts: usize = (0..3).map(|row| n_bytes(&lists.slice(row, 1))).sum();
        assert_eq!(parts, whole);
    }
}
