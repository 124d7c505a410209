//! Frames to arrow-rs record batches and back, through the Arrow C Data Interface.
//!
//! The engine and arrow-rs have Arrow arrays of their own, which share no Rust type. Both speak the C Data Interface, in
//! which an array is a struct of pointers and a function that releases it; so a column changes hands without its values
//! being copied. This is the one place of the crate with `unsafe`.
#![allow(unsafe_code)]

use std::mem::{align_of, size_of};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow::datatypes::{Field, Schema};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use polars::prelude::{Column, CompatLevel, DataFrame, PlSmallStr, Series};
use polars_arrow::array::Array as EngineArray;
use polars_arrow::datatypes::Field as EngineField;
use polars_arrow::ffi;

use crate::error::{Error, ErrorKind, Result};

use super::contain::contain;

const NAME: &str = "Arrow";

// Both sides' structs are the ones of the C Data Interface.
const _: () = {
    assert!(size_of::<ffi::ArrowArray>() == size_of::<FFI_ArrowArray>());
    assert!(align_of::<ffi::ArrowArray>() == align_of::<FFI_ArrowArray>());
    assert!(size_of::<ffi::ArrowSchema>() == size_of::<FFI_ArrowSchema>());
    assert!(align_of::<ffi::ArrowSchema>() == align_of::<FFI_ArrowSchema>());
};

/// A frame as one record batch.
///
/// No column is copied when the frame has one chunk; several are put together first. Texts are `Utf8View`, categories are
/// dictionaries, decimals `Decimal128`.
///
/// # Errors
/// [`Engine`](ErrorKind::Engine) for a dtype that arrow-rs does not have.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::table::{from_record_batches, to_record_batch};
///
/// let frame = df!["a" => [1, 2], "b" => ["x", "y"]].unwrap();
/// let batch = to_record_batch(&frame)?;
/// assert_eq!(batch.num_rows(), 2);
/// assert!(from_record_batches(&[batch])?.equals(&frame));
/// # Ok::<_, parrow::Error>(())
/// ```
pub fn to_record_batch(frame: &DataFrame) -> Result<RecordBatch> {
    if frame.columns().iter().all(|column| column.n_chunks() == 1) {
        return batch_of_chunk(frame, 0);
    }
    let mut whole = frame.clone();
    whole.rechunk_mut_par();
    batch_of_chunk(&whole, 0)
}

/// A frame as record batches, one a chunk; nothing is copied when all columns are cut alike.
///
/// A frame without rows is one batch without rows, so that the schema is not lost.
///
/// # Errors
/// As [`to_record_batch`].
pub fn to_record_batches(frame: &DataFrame) -> Result<Vec<RecordBatch>> {
    let mut aligned = frame.clone();
    aligned.align_chunks_par();
    let n_chunks = aligned.columns().first().map_or(1, Column::n_chunks);
    (0..n_chunks).map(|chunk| batch_of_chunk(&aligned, chunk)).collect()
}

/// Record batches as one frame, a chunk a batch.
///
/// Nothing is copied where the engine has the array's layout: numbers, `Utf8View` and `BinaryView`, lists with long offsets,
/// dictionaries. Other texts and lists are brought to those. No batches make a frame of 0 by 0.
///
/// # Errors
/// [`Shape`](ErrorKind::Shape) for batches of different schemas, [`DuplicateColumn`](ErrorKind::DuplicateColumn) for two
/// columns of one name, and [`Dtype`](ErrorKind::Dtype) for a dtype that the engine does not have.
pub fn from_record_batches(batches: &[RecordBatch]) -> Result<DataFrame> {
    let Some(first) = batches.first() else { return Ok(DataFrame::empty()) };
    let fields = first.schema_ref().fields();
    for (index, batch) in batches.iter().enumerate() {
        let others = batch.schema_ref().fields();
        let same =
            |one: &Field, other: &Field| one.name() == other.name() && one.data_type() == other.data_type();
        if others.len() != fields.len() || !fields.iter().zip(others).all(|(one, other)| same(one, other)) {
            return Err(Error::shape(format!("record batch {index} has another schema than the first")));
        }
    }
    let mut columns = Vec::with_capacity(fields.len());
    let mut seen = std::collections::HashSet::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        let name = field.name();
        if !seen.insert(name) {
            return Err(Error::new(ErrorKind::DuplicateColumn { name: name.clone() }));
        }
        let arrays: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(index)).collect();
        let column = series(name, &arrays).map_err(|error| match error.into_kind() {
            ErrorKind::Malformed { message, .. } => Error::dtype(
                name,
                "a dtype that frames can hold",
                format!("{} ({message})", field.data_type()),
            ),
            kind => Error::new(kind).in_column(name),
        })?;
        columns.push(column.into());
    }
    let n_rows = batches.iter().map(RecordBatch::num_rows).sum();
    DataFrame::new(n_rows, columns).map_err(Error::engine)
}

fn batch_of_chunk(frame: &DataFrame, chunk: usize) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(frame.width());
    let mut arrays = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        let name = column.name().as_str();
        let array = column.as_materialized_series().to_arrow(chunk, CompatLevel::newest());
        let array = export(array).map_err(|error| error.in_column(name))?;
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let n_rows = arrays.first().map_or(frame.height(), |array| array.len());
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map_err(Error::engine)
}

/// An array of the engine as one of arrow-rs, over the same buffers.
fn export(array: Box<dyn EngineArray>) -> Result<ArrayRef> {
    let field = EngineField::new(PlSmallStr::EMPTY, array.dtype().clone(), true);
    let mut schema = ffi::export_field_to_c(&field);
    let mut array = ffi::export_array_to_c(array);
    // SAFETY: both pointers are to initialized structs of the C Data Interface, whose layout both crates share, and which
    // live in this frame. `from_raw` moves them out and leaves structs without a release function behind, so that the
    // engine's own drops release nothing: each is released once, by arrow-rs.
    let (array, schema) = unsafe {
        (
            FFI_ArrowArray::from_raw((&raw mut array).cast::<FFI_ArrowArray>()),
            FFI_ArrowSchema::from_raw((&raw mut schema).cast::<FFI_ArrowSchema>()),
        )
    };
    // SAFETY: the array was exported a moment ago from a valid array with the dtype of the schema beside it.
    let data = unsafe { from_ffi(array, &schema) }.map_err(Error::engine)?;
    Ok(make_array(data))
}

/// Arrays of arrow-rs, of one dtype, as a series with as many chunks.
fn series(name: &str, arrays: &[&ArrayRef]) -> Result<Series> {
    let chunks = arrays.iter().map(|array| import(array)).collect::<Result<Vec<_>>>()?;
    contain(NAME, || Series::from_arrow_chunks(name.into(), chunks))
}

/// An array of arrow-rs as one of the engine, over the same buffers.
fn import(array: &ArrayRef) -> Result<Box<dyn EngineArray>> {
    let (mut array, mut schema) = to_ffi(&array.to_data()).map_err(Error::engine)?;
    // SAFETY: both pointers are to initialized structs of the C Data Interface, whose layout both crates share. What is read
    // from them is forgotten in its place, by the empty struct put there, so that each is released once, by the engine.
    let (array, schema) = unsafe {
        let moved = std::ptr::read((&raw const array).cast::<ffi::ArrowArray>());
        std::ptr::write(&raw mut array, FFI_ArrowArray::empty());
        let moved_schema = std::ptr::read((&raw const schema).cast::<ffi::ArrowSchema>());
        std::ptr::write(&raw mut schema, FFI_ArrowSchema::empty());
        (moved, moved_schema)
    };
    contain(NAME, move || {
        // SAFETY: the schema was exported a moment ago by arrow-rs.
        let field = unsafe { ffi::import_field_from_c(&schema) }?;
        // SAFETY: the array was exported a moment ago by arrow-rs, from a valid array of the dtype that the schema says.
        unsafe { ffi::import_array_from_c(array, field.dtype) }
    })
}
