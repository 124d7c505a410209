//! Old rows and new ones, in order, into a new output.

use polars::prelude::{DataFrame, IdxCa, IdxSize};

use super::old_rows::{OldFrames, in_dtypes_of};
use super::ops::{Op, Ops};
use crate::error::{Error, Result};
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

/// The same of rows that are no text. Those of a piece are put in their order at once: frames of single rows are dear.
pub(in crate::pipeline::stream) fn patch_frame(
    ops: &Ops,
    old: &mut OldFrames,
    new: &DataFrame,
    mut write: impl FnMut(&DataFrame) -> Result<()>,
) -> Result<()> {
    let n_old = ops.iter().map(|op| if let Op::Copy(n) | Op::Pass(n) = op { n } else { 0 }).sum();
    if ops.iter().all(|op| matches!(op, Op::Copy(_))) {
        return old.take(n_old, |frame| write(&in_dtypes_of(frame, new.schema())?));
    }
    let mut rows = new.clear();
    old.take(n_old, |frame| {
        rows.vstack_mut(&in_dtypes_of(frame, new.schema())?).map_err(Error::engine)?;
        Ok(())
    })?;
    rows.vstack_mut(new).map_err(Error::engine)?;
    let (mut next_old, mut next_new) = (0, n_old);
    let mut order: Vec<IdxSize> = Vec::with_capacity(ops.n_rows() as usize);
    for op in ops.iter() {
        let (next, n_rows) = match op {
            Op::Copy(n_rows) => (&mut next_old, n_rows),
            Op::Insert(n_rows) => (&mut next_new, n_rows),
            Op::Pass(n_rows) => {
                next_old += n_rows;
                continue;
            }
        };
        order.extend((*next..*next + n_rows).map(|row| row as IdxSize));
        *next += n_rows;
    }
    rows.rechunk_mut();
    write(&rows.take(&IdxCa::from_vec("".into(), order)).map_err(Error::engine)?)
}
