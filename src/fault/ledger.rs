//! The rows that failed.

use std::path::PathBuf;
use std::time::Duration;

use polars::prelude::{Column, DataFrame};

use crate::error::{Error, Result, RowFailure};
use crate::row::RowFault;

/// The rows on which a row function failed, in the order of the rows.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    faults: Vec<Fault>,
}

/// A row that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The index of the row in the table, counted from 0.
    pub row: u64,
    /// How it failed.
    pub cause: RowFailure,
    /// The function's message, or the panic's. Empty under [`OnError::Null`](super::OnError::Null).
    pub message: String,
    /// The column at fault, where one is.
    pub column: Option<String>,
    /// The file that the row is in, where it comes from one and that was asked for.
    pub file: Option<PathBuf>,
    /// The line of the file, counted from 1, that the row starts on, in a text file where that was asked for.
    pub line: Option<u64>,
    /// In which run over the row it failed: 1 for the first, one more for each retry.
    pub attempt: u32,
    /// How long the function took for the row, where that is known.
    pub elapsed: Option<Duration>,
    /// What became of the row.
    pub fate: RowFate,
}

/// What becomes of a row that has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RowFate {
    /// It is in the result, without the values that the function did not give.
    #[default]
    Kept,
    /// It is not in the result.
    LeftOut,
}

impl Fault {
    /// A fault of a chunk whose first row has this index.
    pub(crate) fn of_chunk(fault: RowFault, first_row: u64) -> Self {
        Self {
            row: first_row + fault.row as u64,
            column: fault.column,
            elapsed: fault.elapsed,
            ..Self::new(0, fault.cause, fault.message)
        }
    }

    /// A fault of a row that nothing more is known of.
    pub(crate) fn new(row: u64, cause: RowFailure, message: String) -> Self {
        Self {
            row,
            cause,
            message,
            column: None,
            file: None,
            line: None,
            attempt: 1,
            elapsed: None,
            fate: RowFate::Kept,
        }
    }

    /// The fault as an error that names its place, as far as that is known.
    pub fn to_error(&self) -> Error {
        let mut error = Error::row(self.message.clone(), self.cause).at_row(self.row);
        if let Some(column) = &self.column {
            error = error.in_column(column.clone());
        }
        error.placed(self.file.as_deref(), self.line)
    }

    /// The same fault in another table, where its row has index `row`.
    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.row = row;
        self
    }
}

impl Ledger {
    /// A ledger of these faults, which must be in the order of their rows.
    pub fn new(faults: Vec<Fault>) -> Self {
        debug_assert!(faults.is_sorted_by_key(|fault| fault.row));
        Self { faults }
    }

    /// The same of rows that are not in the result.
    pub(crate) fn of_rows_left_out(mut self) -> Self {
        self.faults.iter_mut().for_each(|fault| fault.fate = RowFate::LeftOut);
        self
    }

    /// The faults, lowest row first.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Gives the faults away.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// How many faults there are: one for each row that failed, save where a function is called for every value of a row.
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// Whether no row failed.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// The ledger as a table: `row` (u64), `kind` (as [`RowFailure::as_str`] says it), `column`, `message`.
    ///
    /// # Errors
    /// None that is known; the engine's, should it refuse.
    pub fn to_frame(&self) -> Result<DataFrame> {
        let columns = vec![
            Column::new("row".into(), self.faults.iter().map(|fault| fault.row).collect::<Vec<_>>()),
            Column::new("kind".into(), self.texts(|fault| Some(fault.cause.as_str()))),
            Column::new("column".into(), self.texts(|fault| fault.column.as_deref())),
            Column::new("message".into(), self.texts(|fault| Some(fault.message.as_str()))),
        ];
        DataFrame::new(self.faults.len(), columns).map_err(Error::engine)
    }

    fn texts<'l>(&'l self, text: impl Fn(&'l Fault) -> Option<&'l str>) -> Vec<Option<&'l str>> {
        self.faults.iter().map(text).collect()
    }
}
