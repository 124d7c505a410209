//! Where the rows of a pipeline go.

use std::io;

use polars::prelude::DataFrame;

use super::resume::open_anew;
use crate::apply::ApplyOptions;
use crate::error::{Error, Result};
use crate::files::Files;
use crate::report::OutputKind;
use crate::table::{Beside, Compression, Format, Output, Sink, TableWriter, WriteOptions};

/// How many rows are written between two looks at whether the run is cancelled.
const BATCH_ROWS: usize = 1 << 17;

/// Where the rows of a pipeline go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Destination {
    /// Into a file or to standard output.
    Output(Output, WriteOptions),
    /// Nowhere: the first and last rows are kept, for a person to see.
    Preview {
        /// How many of the first rows.
        n_first: usize,
        /// How many of the last rows.
        n_last: usize,
    },
}

/// The first and last rows of a result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Preview {
    /// The first rows.
    pub first: DataFrame,
    /// The last rows, without those that are in [`first`](Self::first).
    pub last: DataFrame,
    /// How many rows the result has.
    pub n_rows: u64,
}

/// What arrived.
pub(super) struct Delivered {
    pub(super) n_bytes: u64,
    pub(super) preview: Option<Preview>,
}

impl Destination {
    /// What is put together there, and by how many.
    pub(super) fn kind(&self) -> Result<OutputKind> {
        let Self::Output(output, options) = self else { return Ok(OutputKind::Memory) };
        Ok(match options.resolve(output)? {
            (_, Compression::Gzip) => OutputKind::Packed("gzip"),
            (_, Compression::Zstd) => OutputKind::Packed("zstd"),
            (Format::Parquet, _) => OutputKind::Columns("Parquet"),
            (Format::Ipc | Format::IpcStream, _) => OutputKind::Columns("Arrow"),
            _ => OutputKind::Text,
        })
    }

    /// Opens the file before any work is done: from then on no other run can write it. `None` where there is no file, and
    /// where what is there is none.
    pub(super) fn claim(&self, files: &Files) -> Result<Option<Sink>> {
        let Self::Output(output, options) = self else { return Ok(None) };
        let Some(path) = output.path() else { return Ok(None) };
        if path.is_dir() {
            let source = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name a file in it");
            return Err(Error::io("create", source).in_file(path));
        }
        // To open a pipe and close it again would be noticed at its other end.
        if path.metadata().is_ok_and(|existing| !existing.is_file()) {
            return Ok(None);
        }
        options.resolve(output)?;
        open_anew(output, files).map(Some)
    }

    /// Whether nobody can see anything of the result before all of it is there.
    pub(super) fn shows_nothing_before_its_end(&self) -> bool {
        match self {
            Self::Output(Output::Path(path), _) => {
                path.metadata().map_or(true, |existing| existing.is_file())
            }
            Self::Output(Output::Stdout, _) => false,
            Self::Preview { .. } => true,
        }
    }

    /// Sends the rows there.
    pub(super) fn deliver(
        &self,
        frame: &DataFrame,
        sink: Option<Sink>,
        files: &Files,
        options: &ApplyOptions,
    ) -> Result<Delivered> {
        match self {
            Self::Output(output, write) => {
                let sink = sink.map_or_else(|| Sink::create(output, files), Ok)?;
                let mut writer =
                    TableWriter::over(sink, output, frame.schema(), write, Beside::default(), None)?;
                let mut from = 0;
                while from < frame.height() {
                    options.check_cancelled()?;
                    writer.write_chunk(&frame.slice(from as i64, BATCH_ROWS))?;
                    from += BATCH_ROWS;
                }
                options.check_cancelled()?;
                Ok(Delivered { n_bytes: writer.finish()?.n_bytes, preview: None })
            }
            Self::Preview { n_first, n_last } => {
                let n_rows = frame.height();
                let (n_first, n_last) = match n_rows <= n_first + n_last {
                    true => (n_rows, 0),
                    false => (*n_first, *n_last),
                };
                let preview = Preview {
                    first: frame.head(Some(n_first)),
                    last: frame.tail(Some(n_last)),
                    n_rows: n_rows as u64,
                };
                Ok(Delivered { n_bytes: 0, preview: Some(preview) })
            }
        }
    }
}

/// The first rows alone.
pub(super) fn head(frame: DataFrame, n_rows: Option<usize>) -> DataFrame {
    match n_rows {
        Some(n_rows) if n_rows < frame.height() => frame.head(Some(n_rows)),
        _ => frame,
    }
}

/// An error of a cancelled run says so, whatever else went wrong by then.
pub(super) fn or_cancelled(error: Error, options: &ApplyOptions) -> Error {
    options.check_cancelled().err().unwrap_or(error)
}
