//! What a pipeline does to the rows.

use std::fmt;

use polars::prelude::{PlSmallStr, Scalar, Series};

use super::selection::ColumnSelection;
use crate::error::Result;
use crate::row::RowFunction;

/// What a pipeline does to the rows that it reads.
#[must_use]
pub struct Work<'f>(pub(super) Task<'f>);

pub(super) enum Task<'f> {
    Copy,
    Rows(Box<dyn RowFunction + 'f>),
    RowsOver(ColumnSelection, MakeOver<'f>),
    Columns(ColumnSelection, ColumnFunction<'f>),
}

/// A row function over these columns.
pub(super) type MakeOver<'f> = Box<dyn Fn(Vec<PlSmallStr>) -> Box<dyn RowFunction + 'f> + 'f>;

/// What becomes of a whole column: one value.
pub(super) type ColumnFunction<'f> = Box<dyn Fn(&Series) -> Result<Scalar> + Sync + 'f>;

impl<'f> Work<'f> {
    /// Nothing: the rows go through as they are.
    pub fn copy() -> Self {
        Self(Task::Copy)
    }

    /// A row function.
    pub fn rows(function: impl RowFunction + 'f) -> Self {
        Self(Task::Rows(Box::new(function)))
    }

    /// A row function over chosen columns: `make` gets their names.
    pub fn rows_over<F: RowFunction + 'f>(
        columns: ColumnSelection,
        make: impl Fn(Vec<PlSmallStr>) -> F + 'f,
    ) -> Self {
        Self(Task::RowsOver(columns, Box::new(move |names| Box::new(make(names)))))
    }

    /// Whether it looks at every numeric column, whichever these are.
    pub(super) fn takes_every_number(&self) -> bool {
        matches!(
            self.0,
            Task::RowsOver(ColumnSelection::Numeric, _) | Task::Columns(ColumnSelection::Numeric, _)
        )
    }

    /// A function of each chosen column as a whole. The result is one row, with the value of each column under its name.
    pub fn columns(
        columns: ColumnSelection,
        function: impl Fn(&Series) -> Result<Scalar> + Sync + 'f,
    ) -> Self {
        Self(Task::Columns(columns, Box::new(function)))
    }
}

impl fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Task::Copy => "Work::Copy",
            Task::Rows(_) | Task::RowsOver(..) => "Work::Rows",
            Task::Columns(..) => "Work::Columns",
        })
    }
}
