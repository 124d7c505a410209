//! What is wrong with rows that a run goes on without.

use std::ops::Range;

use polars::prelude::DataFrame;

/// What becomes of rows that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// The first one is an error.
    Strict,
    /// They are told, and the others are read.
    Lenient,
}

/// The rows of a piece, as far as they can be read.
pub(crate) struct ReadRows {
    pub(crate) frame: DataFrame,
    /// Which rows of the piece these are; `None` for all.
    pub(crate) rows: Option<Vec<u64>>,
    /// What is wrong with the rows of the piece, in their order.
    pub(crate) flaws: Vec<Flaw>,
}

/// Something that is wrong with a row.
#[derive(Clone, Debug)]
pub(crate) struct Flaw {
    /// The row of the piece.
    pub(crate) row: u64,
    /// The column whose cell is no value of its dtype, and null in the frame. `None` where the row as a whole cannot be read:
    /// then it is not in the frame.
    pub(crate) column: Option<String>,
    /// What is wrong.
    pub(crate) message: String,
    /// Where the row stands in the bytes of the piece.
    pub(crate) bytes: Range<usize>,
}

impl From<DataFrame> for ReadRows {
    /// Rows with which nothing is wrong.
    fn from(frame: DataFrame) -> Self {
        Self { frame, rows: None, flaws: Vec::new() }
    }
}
