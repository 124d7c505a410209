//! What a pipeline does to the rows.

use std::fmt;

use polars::prelude::{PlSmallStr, Scalar, Schema, Series};

use super::selection::ColumnSelection;
use crate::error::Result;
use crate::row::RowFunction;

/// What a pipeline does to the rows that it reads.
#[must_use]
pub struct Work<'f>(pub(super) Task<'f>);

pub(super) enum Task<'f> {
    Copy,
    Rows(MakeRowFunction<'f>),
    Columns(ColumnSelection, ColumnFunction<'f>),
}

/// Makes a row function once the columns are known.
pub(super) type MakeRowFunction<'f> = Box<dyn Fn(&Schema) -> Result<Box<dyn RowFunction + 'f>> + 'f>;

/// What becomes of a whole column: one value.
pub(super) type ColumnFunction<'f> = Box<dyn Fn(&Series) -> Result<Scalar> + Sync + 'f>;

impl<'f> Work<'f> {
    /// Nothing: the rows go through as they are.
    pub fn copy() -> Self {
        Self(Task::Copy)
    }

    /// A row function.
    pub fn rows(function: impl RowFunction + Clone + 'f) -> Self {
        Self(Task::Rows(Box::new(move |_| Ok(Box::new(function.clone())))))
    }

    /// A row function over chosen columns: `make` gets their names.
    pub fn rows_over<F: RowFunction + 'f>(
        columns: ColumnSelection,
        make: impl Fn(Vec<PlSmallStr>) -> F + 'f,
    ) -> Self {
        Self(Task::Rows(Box::new(move |schema| Ok(Box::new(make(columns.resolve(schema)?))))))
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
            Task::Rows(_) => "Work::Rows",
            Task::Columns(..) => "Work::Columns",
        })
    }
}
