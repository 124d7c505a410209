//! A table that knows where its rows come from.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use crate::error::Position;

use super::csv::{Dialect, lines_of_rows};
use super::format::{Compression, Format};
use super::input::Input;
use super::line_index::LineIndex;
use super::load::load;
use super::ndjson;

/// A frame, and the files that its rows come from.
#[derive(Clone, Debug)]
pub struct Table {
    /// The rows of all sources, in the order in which the sources were given.
    pub frame: DataFrame,
    /// Where they come from; empty for a frame that was made in memory.
    pub sources: Vec<SourceInfo>,
}

/// One of the files that a table was read from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceInfo {
    /// The file.
    pub input: Input,
    /// Its format.
    pub format: Format,
    /// How its bytes are packed.
    pub compression: Compression,
    /// Its size in bytes, packed.
    pub n_bytes: u64,
    /// The index in the table of its first row.
    pub first_row: u64,
    /// How many rows of the table come from it.
    pub n_rows: u64,
    pub(super) dialect: Option<Dialect>,
    /// The lines of the rows, where the source cannot be read again.
    pub(super) lines: Option<LineIndex>,
}

impl Table {
    /// Where a row of the table comes from: its index in the table, the file, and for a text file the line it starts on.
    ///
    /// The line is found by reading the file again, for which the file must not have changed; for standard input it was
    /// kept. For a row beyond the table only the row is known.
    pub fn position(&self, row: u64) -> Position {
        self.positions(&[row]).remove(0)
    }

    /// Where some rows of the table come from, in the order in which they are asked for, as
    /// [`position`](Self::position) says it of one. Each file is read once.
    pub fn positions(&self, rows: &[u64]) -> Vec<Position> {
        let mut positions: Vec<Position> =
            rows.iter().map(|row| Position { row: Some(*row), ..Position::default() }).collect();
        for source in &self.sources {
            let within = source.first_row..source.first_row + source.n_rows;
            let own: BTreeSet<u64> =
                rows.iter().filter(|row| within.contains(row)).map(|row| row - source.first_row).collect();
            if own.is_empty() {
                continue;
            }
            let lines = source.lines_of(&own);
            for (row, position) in rows.iter().zip(&mut positions).filter(|(row, _)| within.contains(row)) {
                position.path = source.input.path().map(|path| path.to_path_buf());
                position.line = lines.get(&(row - source.first_row)).copied();
            }
        }
        positions
    }
}

impl From<DataFrame> for Table {
    fn from(frame: DataFrame) -> Self {
        Self { frame, sources: Vec::new() }
    }
}

impl SourceInfo {
    /// The lines that these rows of the source start on, as far as they are known.
    fn lines_of(&self, rows: &BTreeSet<u64>) -> BTreeMap<u64, u64> {
        if let Some(lines) = &self.lines {
            return rows.iter().filter_map(|row| Some((*row, lines.line_of(*row)?))).collect();
        }
        if !self.format.is_text() {
            return BTreeMap::new();
        }
        let Ok(loaded) = load(&self.input, Some(self.format)) else { return BTreeMap::new() };
        match &self.dialect {
            Some(dialect) => lines_of_rows(&loaded.bytes, dialect, rows),
            None => {
                (0..).zip(ndjson::row_lines(&loaded.bytes)).filter(|(row, _)| rows.contains(row)).collect()
            }
        }
    }
}
