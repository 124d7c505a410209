//! A table that knows where its rows come from.

use polars::prelude::DataFrame;

use crate::error::Position;

use super::csv::{Dialect, line_of_row};
use super::format::{Compression, Format};
use super::input::Input;
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
}

impl Table {
    /// Where a row of the table comes from: its index in the table, the file, and for a text file the line it starts on.
    ///
    /// The line is found by reading the file again, for which the file must not have changed; it is missing for rows that
    /// came from standard input. For a row beyond the table only the row is known.
    pub fn position(&self, row: u64) -> Position {
        let mut position = Position { row: Some(row), ..Position::default() };
        let source = self
            .sources
            .iter()
            .find(|source| (source.first_row..source.first_row + source.n_rows).contains(&row));
        if let Some(source) = source {
            position.path = source.input.path().map(|path| path.to_path_buf());
            position.line = source.line_of(row - source.first_row);
        }
        position
    }
}

impl From<DataFrame> for Table {
    fn from(frame: DataFrame) -> Self {
        Self { frame, sources: Vec::new() }
    }
}

impl SourceInfo {
    fn line_of(&self, row: u64) -> Option<u64> {
        if !self.format.is_text() || self.input == Input::Stdin {
            return None;
        }
        let loaded = load(&self.input, Some(self.format)).ok()?;
        match &self.dialect {
            Some(dialect) => line_of_row(&loaded.bytes, dialect, row),
            None => ndjson::line_of_row(&loaded.bytes, row),
        }
    }
}
