//! The memory that columns take, and columns in memory of their own.
//!
//! Some rows of a column may keep the buffers of many others in memory: the texts of a page, or a row that is written already.

use polars::prelude::*;
use polars::series::builder::SeriesBuilder;
use polars_arrow::array::builder::ShareStrategy;
use polars_arrow::array::{Array, BinaryViewArray, ListArray, StructArray, Utf8ViewArray, View};
use polars_arrow::compute::aggregate::estimated_bytes_size;

use crate::error::{Error, Result};

use super::row_bytes::{fixed_width, row_bytes, series_bytes};

/// The bytes of the memory that the rows of a frame keep.
pub(crate) fn held_bytes(frame: &DataFrame) -> usize {
    frame.columns().iter().map(|column| series_held(column.as_materialized_series())).sum()
}

/// The same rows in memory of their own where they keep much more than they have.
pub(in crate::table) fn compact(frame: DataFrame) -> Result<DataFrame> {
    if !is_wasteful(held_bytes(&frame), row_bytes(&frame, 0..frame.height())) {
        return Ok(frame);
    }
    let columns =
        frame.columns().iter().map(|column| column_of(compact_series(column.as_materialized_series())));
    DataFrame::new(frame.height(), columns.collect()).map_err(Error::engine)
}

/// The same values in memory of their own where they keep much more than they have.
pub(in crate::table) fn compact_series(series: &Series) -> Series {
    let varies = fixed_width(series.dtype()) == 0;
    match varies && is_wasteful(series_held(series), series_bytes(series)) {
        true => copied(series),
        false => series.clone(),
    }
}

/// The same values in memory of their own.
pub(in crate::table) fn copied(series: &Series) -> Series {
    let mut builder = SeriesBuilder::new(series.dtype().clone());
    builder.extend(series, ShareStrategy::Never);
    builder.freeze(series.name().clone())
}

/// A series as a column that is one: the engine would make a value of its own of a single row, which may be a large one.
pub(in crate::table) fn column_of(series: Series) -> Column {
    Column::Series(series.into())
}

/// Some rows of a frame, without a copy of any.
pub(in crate::table) fn rows_of(frame: &DataFrame, from: usize, n_rows: usize) -> Result<DataFrame> {
    let columns = frame
        .columns()
        .iter()
        .map(|column| column_of(column.as_materialized_series().slice(from as i64, n_rows)));
    DataFrame::new(n_rows, columns.collect()).map_err(Error::engine)
}

fn is_wasteful(n_held: usize, n_bytes: usize) -> bool {
    const HARDLY_ANYTHING: usize = 64 << 10;
    n_held > 2 * n_bytes + HARDLY_ANYTHING
}

fn series_held(series: &Series) -> usize {
    series.chunks().iter().map(|chunk| array_held(chunk.as_ref())).sum()
}

fn array_held(array: &dyn Array) -> usize {
    let any = array.as_any();
    if let Some(texts) = any.downcast_ref::<Utf8ViewArray>() {
        return texts.len() * size_of::<View>() + texts.total_buffer_len();
    }
    if let Some(values) = any.downcast_ref::<BinaryViewArray>() {
        return values.len() * size_of::<View>() + values.total_buffer_len();
    }
    if let Some(lists) = any.downcast_ref::<ListArray<i64>>() {
        return lists.len() * size_of::<i64>() + array_held(lists.values().as_ref());
    }
    if let Some(structs) = any.downcast_ref::<StructArray>() {
        return structs.values().iter().map(|field| array_held(field.as_ref())).sum();
    }
    estimated_bytes_size(array)
}
