//! Old rows and new ones, in order, into a new output.

use polars::prelude::DataFrame;

use super::old_rows::{OldFrames, in_dtypes_of};
use super::ops::{Op, Ops};
use crate::error::Result;
use crate::table::pieces::{RecordReader, end_of_rows};

/// Writes rows of text: those of `old`, and those of `new` in the places of rows that were retried.
pub(in crate::pipeline::stream) fn patch_text(
    ops: &Ops,
    old: &mut RecordReader,
    new: &[u8],
    delimiter: u8,
    mut write: impl FnMut(&[u8], u64) -> Result<()>,
) -> Result<()> {
    let mut position = 0;
    for op in ops.iter() {
        match op {
            Op::Copy(n_rows) => {
                old.take(n_rows, |text| write(text, 0))?;
                write(&[], n_rows)?;
            }
            Op::Pass(n_rows) => old.take(n_rows, |_| Ok(()))?,
            Op::Insert(n_rows) => {
                let end = position + end_of_rows(&new[position..], delimiter, n_rows as usize);
                write(&new[position..end], n_rows)?;
                position = end;
            }
        }
    }
    Ok(())
}

/// The same of rows that are no text.
pub(in crate::pipeline::stream) fn patch_frame(
    ops: &Ops,
    old: &mut OldFrames,
    new: &DataFrame,
    mut write: impl FnMut(&DataFrame) -> Result<()>,
) -> Result<()> {
    let mut position = 0;
    for op in ops.iter() {
        match op {
            Op::Copy(n_rows) => old.take(n_rows, |frame| write(&in_dtypes_of(frame, new.schema())?))?,
            Op::Pass(n_rows) => old.take(n_rows, |_| Ok(()))?,
            Op::Insert(n_rows) => {
                write(&new.slice(position, n_rows as usize))?;
                position += n_rows as i64;
            }
        }
    }
    Ok(())
}
