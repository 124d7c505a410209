//! How many bytes the values of some rows have.
//!
//! The bytes of rows are the sum of those of each of them, whatever buffers they lie in: where blocks end must not hang on the
//! pieces that their rows came in.

use std::ops::Range;

use polars::prelude::*;
use polars_arrow::array::{
    Array, BinaryViewArray, FixedSizeListArray, ListArray, StructArray, Utf8ViewArray, View,
};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::datatypes::PhysicalType;

use super::pieces::width;

/// What a text or a list has beside its values.
const REFERENCE: usize = 16;

/// The bytes of some rows of a frame.
pub(super) fn row_bytes(frame: &DataFrame, rows: Range<usize>) -> usize {
    frame.columns().iter().map(|column| bytes_of(column.as_materialized_series(), rows.clone())).sum()
}

/// The bytes of a value; 0 where that hangs on the value.
pub(super) fn fixed_width(dtype: &DataType) -> usize {
    match dtype {
        DataType::Null | DataType::Boolean | DataType::Int8 | DataType::UInt8 => 1,
        DataType::Decimal(..) | DataType::Int128 => 16,
        dtype if dtype.is_primitive_numeric() || dtype.is_temporal() || dtype.is_categorical() => 8,
        _ => 0,
    }
}

/// The bytes of all rows of a series.
pub(super) fn series_bytes(series: &Series) -> usize {
    bytes_of(series, 0..series.len())
}

fn bytes_of(series: &Series, rows: Range<usize>) -> usize {
    let width = fixed_width(series.dtype());
    if width > 0 {
        return width * rows.len();
    }
    let mut before = 0;
    let mut n_bytes = 0;
    for chunk in series.chunks() {
        let here = before..before + chunk.len();
        let (from, to) = (rows.start.max(here.start), rows.end.min(here.end));
        if from < to {
            n_bytes += array_bytes(chunk.as_ref(), from - before..to - before);
        }
        before = here.end;
    }
    n_bytes
}

fn array_bytes(array: &dyn Array, rows: Range<usize>) -> usize {
    let n_rows = rows.len();
    let any = array.as_any();
    if let Some(texts) = any.downcast_ref::<Utf8ViewArray>() {
        return REFERENCE * n_rows + view_bytes(texts.views(), texts.validity(), rows);
    }
    if let Some(values) = any.downcast_ref::<BinaryViewArray>() {
        return REFERENCE * n_rows + view_bytes(values.views(), values.validity(), rows);
    }
    // What lies under a null is no value.
    let sum = |of_run: &dyn Fn(Range<usize>) -> usize| {
        runs(array.validity(), rows.clone()).map(of_run).sum::<usize>()
    };
    if let Some(lists) = any.downcast_ref::<ListArray<i64>>() {
        let offsets = lists.offsets().buffer();
        let of_run = |run: Range<usize>| {
            array_bytes(lists.values().as_ref(), offsets[run.start] as usize..offsets[run.end] as usize)
        };
        return REFERENCE * n_rows + sum(&of_run);
    }
    if let Some(lists) = any.downcast_ref::<FixedSizeListArray>() {
        let size = lists.size();
        return n_rows + sum(&|run| array_bytes(lists.values().as_ref(), run.start * size..run.end * size));
    }
    if let Some(structs) = any.downcast_ref::<StructArray>() {
        let of_run = |run: Range<usize>| {
            structs.values().iter().map(|field| array_bytes(field.as_ref(), run.clone())).sum()
        };
        return n_rows + sum(&of_run);
    }
    let width = match array.dtype().to_physical_type() {
        PhysicalType::Null | PhysicalType::Boolean => 1,
        PhysicalType::Primitive(primitive) => width(primitive),
        _ => REFERENCE,
    };
    width * n_rows
}

fn view_bytes(views: &[View], validity: Option<&Bitmap>, rows: Range<usize>) -> usize {
    let of_run = |run: Range<usize>| views[run].iter().map(|view| view.length as usize).sum::<usize>();
    runs(validity, rows).map(of_run).sum()
}

/// The runs of rows that are not null.
fn runs(validity: Option<&Bitmap>, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut next = rows.start;
    let validity = validity.filter(|validity| validity.unset_bits() > 0);
    std::iter::from_fn(move || {
        let Some(validity) = validity else {
            let run = next..rows.end;
            next = rows.end;
            return (!run.is_empty()).then_some(run);
        };
        let start = (next..rows.end).find(|row| validity.get_bit(*row))?;
        let end = (start..rows.end).find(|row| !validity.get_bit(*row)).unwrap_or(rows.end);
        next = end;
        Some(start..end)
    })
}
