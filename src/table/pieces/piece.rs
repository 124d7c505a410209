//! Some rows of a text file, as they stand there.

use crate::error::Error;

/// Some rows of a text file, as they stand there.
pub(crate) struct TextPiece {
    /// Their bytes, line ends included.
    pub(crate) bytes: Vec<u8>,
    /// Where they start in the file, unpacked.
    pub(crate) offset: u64,
    /// The line that they start on, counted from 1.
    pub(crate) line: u64,
    /// The index in the file of the first row.
    pub(crate) first_row: u64,
    /// How many rows there are.
    pub(crate) n_rows: u64,
}

impl TextPiece {
    /// An error with a place in the piece as one with a place in the file.
    pub(in crate::table) fn place(&self, error: Error) -> Error {
        error.moved(self.first_row, self.line - 1, self.offset)
    }
}
