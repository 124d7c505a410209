//! The rows that failed.

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
}

impl Fault {
    /// A fault of a chunk whose first row has this index.
    pub(crate) fn of_chunk(fault: RowFault, first_row: u64) -> Self {
        Self {
            row: first_row + fault.row as u64,
            cause: fault.cause,
            message: fault.message,
            column: fault.column,
        }
    }

    /// The fault as an error that names its row.
    pub fn to_error(&self) -> Error {
        let error = Error::row(self.message.clone(), self.cause).at_row(self.row);
        match &self.column {
            Some(column) => error.in_column(column.clone()),
            None => error,
        }
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

    /// The ledger as a table: `row` (u64), `kind` (`error`, `panic`, `argument` or `worker`), `column`, `message`.
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
