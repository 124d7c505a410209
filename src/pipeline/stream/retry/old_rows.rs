//! The rows of the output that is patched, from front to back.

use polars::prelude::{DataFrame, PlSmallStr, Schema};

use super::super::super::faults::refused;
use super::super::super::memory::Sizes;
use crate::apply::ApplyOptions;
use crate::error::{Error, Result};
use crate::table::pieces::{
    Buffers, Integers, OpenInput, OpenOptions, PieceCutter, PieceSizes, RecordReader, Strictness,
};
use crate::table::{Format, Input, Output, ReadOptions, dtype_name, lossless_cast};

/// The rows of the output that is patched.
pub(in crate::pipeline::stream) enum OldRows {
    Text(RecordReader),
    Frames(Box<OldFrames>),
}

/// Rows of a format that is no text.
pub(in crate::pipeline::stream) struct OldFrames {
    input: OpenInput,
    cutter: PieceCutter,
    columns: Vec<PlSmallStr>,
    rest: DataFrame,
}

impl OldRows {
    /// The rows of text behind `before`, with cells between such bytes.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where the file begins otherwise: what is to be written is not what it holds.
    pub(in crate::pipeline::stream) fn text(
        output: &Output,
        format: Format,
        before: &[u8],
        delimiter: u8,
    ) -> Result<Self> {
        let input = input_of(output)?;
        let mut records = RecordReader::open(&input, format, delimiter)?;
        match records.pass(before)? {
            true => Ok(Self::Text(records)),
            false => Err(other_columns().in_file(output.label())),
        }
    }

    /// The rows of another format.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where the file has other columns.
    pub(in crate::pipeline::stream) fn frames(
        output: &Output,
        format: Format,
        written: &Schema,
        sizes: Sizes,
        apply: &ApplyOptions,
    ) -> Result<Self> {
        let input = input_of(output)?;
        let options = OpenOptions {
            read: &ReadOptions::builder().format(format).build()?,
            sizes: PieceSizes { target: sizes.piece, largest_row: sizes.largest_row, most_rows: u64::MAX },
            strictness: Strictness::Strict,
            in_memory: sizes.kept,
            buffers: &Buffers::default(),
            check_cancelled: &|| apply.check_cancelled(),
        };
        let input = OpenInput::open(&input, &options)?;
        let columns: Vec<PlSmallStr> = input.schema().iter_names_cloned().collect();
        if !written.iter_names().eq(columns.iter()) {
            return Err(other_columns().in_file(output.label()));
        }
        let cutter = input.cutter(sizes.piece, &columns)?;
        Ok(Self::Frames(Box::new(OldFrames { input, cutter, columns, rest: DataFrame::default() })))
    }

    /// Whether there are no more.
    pub(in crate::pipeline::stream) fn is_at_end(&mut self) -> Result<bool> {
        match self {
            Self::Text(records) => records.is_at_end(),
            Self::Frames(frames) => Ok(frames.rest.height() == 0 && !frames.read_more()?),
        }
    }
}

impl OldFrames {
    /// Visits the next `n_rows` rows.
    pub(in crate::pipeline::stream) fn take(
        &mut self,
        mut n_rows: u64,
        mut visit: impl FnMut(DataFrame) -> Result<()>,
    ) -> Result<()> {
        while n_rows > 0 {
            if self.rest.height() == 0 && !self.read_more()? {
                return Err(refused("rows are missing in the output").in_file(self.input.label()));
            }
            let n_there = (self.rest.height() as u64).min(n_rows);
            let (taken, rest) = self.rest.split_at(n_there as i64);
            self.rest = rest;
            n_rows -= n_there;
            visit(taken)?;
        }
        Ok(())
    }

    fn read_more(&mut self) -> Result<bool> {
        while self.rest.height() == 0 {
            let piece = self.cutter.next_piece().map_err(|error| error.in_file(self.input.label()))?;
            let Some(piece) = piece else { return Ok(false) };
            self.rest = self.input.read(&piece, &self.columns, Integers::AsWide)?.frame;
        }
        Ok(true)
    }
}

/// Old rows in the dtypes of new ones, which differ only where no old row has a value.
///
/// # Errors
/// [`Dtype`](crate::ErrorKind::Dtype) for a column that would become one of another dtype: whoever reads the output counts on it.
pub(in crate::pipeline::stream) fn in_dtypes_of(old: DataFrame, new: &Schema) -> Result<DataFrame> {
    let columns = old.columns().iter().map(|column| match new.get(column.name()) {
        Some(dtype) if dtype != column.dtype() => {
            let of_nulls = column.null_count() == column.len();
            let cast = lossless_cast(column.as_materialized_series(), dtype).filter(|_| of_nulls);
            cast.map(Into::into).ok_or_else(|| {
                let (there, new) = (dtype_name(column.dtype()), dtype_name(dtype));
                let wanted =
                    format!("{there} as in the output (have the function give that, or run all rows again)");
                Error::dtype(column.name().as_str(), wanted, new)
            })
        }
        _ => Ok(column.clone()),
    });
    DataFrame::new(old.height(), columns.collect::<Result<_>>()?).map_err(Error::engine)
}

fn input_of(output: &Output) -> Result<Input> {
    match output.path() {
        Some(path) => Ok(Input::from(path)),
        None => Err(refused("the run wrote no file that could be patched")),
    }
}

fn other_columns() -> Error {
    refused(
        "the columns that would be written are not those of the output; give the new ones the same names, as with --name",
    )
}
