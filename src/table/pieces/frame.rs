//! An input of a format that is read whole, as pieces.

use polars::prelude::{DataFrame, PlSmallStr, Schema};

use crate::error::{Error, Result};

use super::super::cast::apply_dtypes;
use super::super::format::Format;
use super::super::line_index::LineIndex;
use super::super::read_options::ReadOptions;
use super::super::{ipc, ndjson};
use super::bytes::ByteSource;

/// The rows of an input, in memory.
pub(super) struct FramePieces {
    frame: DataFrame,
    lines: Option<LineIndex>,
}

/// Some rows of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowRange {
    pub(super) first_row: usize,
    pub(super) n_rows: usize,
    pub(super) n_bytes: usize,
}

/// Cuts rows off, one piece after the other.
pub(crate) struct RowCutter {
    next: usize,
    n_rows: usize,
    piece_rows: usize,
    row_bytes: usize,
}

impl FramePieces {
    pub(super) fn open(source: &ByteSource, options: &ReadOptions) -> Result<Self> {
        let mut bytes = Vec::new();
        source.stream()?.fill(&mut bytes, usize::MAX)?;
        let mut lines = None;
        let frame = match source.format {
            Format::Ipc => ipc::read_file(bytes, options)?,
            Format::IpcStream => ipc::read_stream(bytes, options)?,
            _ => {
                lines = Some(LineIndex::new(ndjson::row_lines(&bytes)));
                ndjson::read(&bytes, options)?
            }
        };
        Ok(Self { frame: apply_dtypes(frame, options)?, lines })
    }

    pub(super) fn n_rows(&self) -> u64 {
        self.frame.height() as u64
    }

    pub(super) fn schema(&self) -> Schema {
        self.frame.schema().as_ref().clone()
    }

    pub(super) fn may_have_values(&self, column: &str) -> bool {
        self.frame.column(column).map_or(true, |column| column.null_count() < column.len())
    }

    pub(super) fn cutter(&self, target: usize) -> RowCutter {
        let n_rows = self.frame.height();
        let row_bytes = (self.frame.estimated_size() / n_rows.max(1)).max(1);
        RowCutter { next: 0, n_rows, piece_rows: (target / row_bytes).max(1), row_bytes }
    }

    pub(super) fn read(&self, rows: RowRange, columns: &[PlSmallStr]) -> Result<DataFrame> {
        let slice = self.frame.slice(rows.first_row as i64, rows.n_rows);
        let columns = columns.iter().map(|name| slice.column(name).cloned().map_err(Error::engine));
        DataFrame::new(rows.n_rows, columns.collect::<Result<_>>()?).map_err(Error::engine)
    }

    pub(super) fn lines_of(&self, range: RowRange, rows: &[u64]) -> Vec<Option<u64>> {
        let line_of = |row: &u64| self.lines.as_ref()?.line_of(range.first_row as u64 + row);
        rows.iter().map(line_of).collect()
    }
}

impl RowCutter {
    pub(super) fn next_range(&mut self) -> Option<RowRange> {
        if self.next >= self.n_rows {
            return None;
        }
        let n_rows = self.piece_rows.min(self.n_rows - self.next);
        let range = RowRange { first_row: self.next, n_rows, n_bytes: n_rows * self.row_bytes };
        self.next += n_rows;
        Some(range)
    }
}
