//! Some rows, as they stand in an input, and who cuts them off.

use std::sync::OnceLock;

use crate::error::{Error, Result};

use super::super::csv::Cutter;
use super::super::matrix::MatrixOptions;
use super::buffers::Buffer;
use super::ipc::{BatchRows, FileCutter, StreamCutter};
use super::ndjson::LineCutter;
use super::parquet::{GroupCutter, GroupRows};

/// How many bytes of memory a byte of text may need until it is written, about: itself, its values, and new text.
pub(crate) const GROWTH: u64 = 8;

/// The same of a byte of values.
const GROWTH_OF_VALUES: u64 = 4;

/// Some rows, as they stand in an input.
pub(crate) enum Piece {
    /// Of a text file.
    Text(TextPiece),
    /// Of a row group.
    Group(GroupRows),
    /// Of a record batch.
    Batch(BatchRows),
    /// Of a random matrix.
    Matrix(MatrixRows),
}

/// Gives the pieces of an input, one after the other.
pub(crate) enum PieceCutter {
    Csv(Box<Cutter>),
    Lines(Box<LineCutter>),
    Groups(Box<GroupCutter>),
    Batches(Box<FileCutter>),
    Stream(Box<StreamCutter>),
    Matrix(MatrixCutter),
}

/// Rows of a matrix that are still to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatrixRows {
    pub(super) first_row: usize,
    pub(super) n_rows: usize,
    n_bytes: usize,
}

/// Cuts a matrix that is still to be made.
pub(crate) struct MatrixCutter {
    next: usize,
    n_rows: usize,
    piece_rows: usize,
    row_bytes: usize,
}

impl MatrixCutter {
    pub(super) fn new(options: &MatrixOptions, target: usize, most_rows: u64, from: u64) -> Self {
        let row_bytes = (options.columns * size_of::<i64>()).max(1);
        let piece_rows = (target / row_bytes).max(1).min(most_rows as usize);
        Self { next: (from as usize).min(options.rows), n_rows: options.rows, piece_rows, row_bytes }
    }

    fn next_rows(&mut self) -> Option<MatrixRows> {
        let n_rows = self.piece_rows.min(self.n_rows - self.next);
        let rows = MatrixRows { first_row: self.next, n_rows, n_bytes: n_rows * self.row_bytes };
        self.next += n_rows;
        (n_rows > 0).then_some(rows)
    }
}

/// A place between two rows of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The byte of a text file, unpacked.
    pub(crate) offset: u64,
    /// The line of a text file, counted from 1.
    pub(crate) line: u64,
    /// The index of the row behind it.
    pub(crate) row: u64,
}

/// Some rows of a text file, as they stand there.
pub(crate) struct TextPiece {
    /// Their bytes, line ends included.
    pub(crate) bytes: Buffer,
    /// Where they start in the file, unpacked.
    pub(crate) offset: u64,
    /// The line that they start on, counted from 1.
    pub(crate) line: u64,
    /// The index in the file of the first row.
    pub(crate) first_row: u64,
    /// How many rows there are.
    pub(crate) n_rows: u64,
    /// How many line ends there are among the bytes, once somebody has counted them.
    pub(crate) n_newlines: OnceLock<u64>,
    /// Whether there may be a quotation mark among the bytes.
    pub(crate) may_have_quotes: bool,
    /// Whether there may be a CR among them.
    pub(crate) may_have_returns: bool,
    /// Where the rows start, and where the last one ends, once somebody has found out on the way.
    pub(crate) row_starts: OnceLock<Vec<u32>>,
    /// Why its rows were read cell by cell, where they were.
    pub(crate) by_cell: OnceLock<&'static str>,
    /// What one of its rows takes by itself while it is read, where that is much.
    pub(super) largest_row: u64,
}

impl Piece {
    /// How many rows it has.
    pub(crate) fn n_rows(&self) -> u64 {
        match self {
            Self::Text(piece) => piece.n_rows,
            Self::Group(rows) => rows.n_rows as u64,
            Self::Batch(rows) => rows.n_rows as u64,
            Self::Matrix(rows) => rows.n_rows as u64,
        }
    }

    /// The index in the input of its first row.
    pub(crate) fn first_row(&self) -> u64 {
        match self {
            Self::Text(piece) => piece.first_row,
            Self::Group(rows) => rows.first_row,
            Self::Batch(rows) => rows.first_row,
            Self::Matrix(rows) => rows.first_row as u64,
        }
    }

    /// The place behind it.
    pub(crate) fn end(&self) -> Place {
        let row = self.first_row() + self.n_rows();
        match self {
            Self::Text(piece) => Place {
                offset: piece.offset + piece.bytes.len() as u64,
                line: piece.line + piece.n_newlines(),
                row,
            },
            _ => Place { row, ..Place::default() },
        }
    }

    /// How many bytes of memory it may need until its rows are written, about.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Text(piece) => (piece.bytes.len() as u64 * GROWTH).max(piece.largest_row),
            Self::Group(GroupRows { n_bytes, .. })
            | Self::Batch(BatchRows { n_bytes, .. })
            | Self::Matrix(MatrixRows { n_bytes, .. }) => *n_bytes as u64 * GROWTH_OF_VALUES,
        }
    }

    /// Where it starts: the byte, and the line.
    pub(crate) fn start(&self) -> (u64, u64) {
        match self {
            Self::Text(piece) => (piece.offset, piece.line),
            _ => (0, 1),
        }
    }
}

impl PieceCutter {
    /// The next piece; `None` behind the last row.
    pub(crate) fn next_piece(&mut self) -> Result<Option<Piece>> {
        Ok(match self {
            Self::Csv(cutter) => cutter.next_piece()?.map(Piece::Text),
            Self::Lines(cutter) => cutter.next_piece()?.map(Piece::Text),
            Self::Groups(cutter) => cutter.next_rows()?.map(Piece::Group),
            Self::Batches(batches) => batches.next_rows()?.map(Piece::Batch),
            Self::Stream(cutter) => cutter.next_rows()?.map(Piece::Batch),
            Self::Matrix(cutter) => cutter.next_rows().map(Piece::Matrix),
        })
    }
}

impl TextPiece {
    /// The rows of these bytes.
    pub(in crate::table) fn new(bytes: Buffer, offset: u64, line: u64, first_row: u64, n_rows: u64) -> Self {
        let (may_have_quotes, may_have_returns) = (true, true);
        let (row_starts, by_cell) = (OnceLock::new(), OnceLock::new());
        Self {
            bytes,
            offset,
            line,
            first_row,
            n_rows,
            n_newlines: OnceLock::new(),
            may_have_quotes,
            may_have_returns,
            row_starts,
            by_cell,
            largest_row: 0,
        }
    }

    fn n_newlines(&self) -> u64 {
        *self.n_newlines.get_or_init(|| memchr::memchr_iter(b'\n', &self.bytes).count() as u64)
    }

    /// An error with a place in the piece as one with a place in the file.
    pub(in crate::table) fn place(&self, error: Error) -> Error {
        error.moved(self.first_row, self.line - 1, self.offset)
    }
}

/// The bytes of values that weigh as much as bytes of text.
pub(super) fn of_values(n_bytes: usize) -> usize {
    n_bytes.saturating_mul((GROWTH / GROWTH_OF_VALUES) as usize)
}
