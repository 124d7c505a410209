//! The rows that a condition holds for.

use polars::prelude::{BooleanChunked, DataFrame, DataType, Series};

use crate::apply::{ApplyOptions, apply_function};
use crate::error::{Error, Result};
use crate::fault::{Fault, Ledger, OnError};
use crate::script::SqlPredicate;

/// The rows that were kept, and how to tell which rows of the input they are.
pub(super) struct Kept {
    pub(super) frame: DataFrame,
    /// The rows on which the condition itself failed.
    pub(super) ledger: Ledger,
    mask: Option<BooleanChunked>,
}

impl Kept {
    /// Every row.
    pub(super) fn all(frame: DataFrame) -> Self {
        Self { frame, ledger: Ledger::default(), mask: None }
    }

    /// The rows for which `predicate` is true. A row on which it fails is left out, unless the policy is to fail.
    pub(super) fn by(predicate: &SqlPredicate, frame: DataFrame, options: &ApplyOptions) -> Result<Self> {
        let applied = apply_function(&frame, predicate, &quiet(options)?)?;
        let columns = applied.table.columns().iter().map(|column| column.as_materialized_series().clone());
        let mask = condition(columns.collect())?;
        let frame = frame.filter(&mask).map_err(Error::engine)?;
        Ok(Self { frame, ledger: applied.ledger.of_rows_left_out(), mask: Some(mask) })
    }

    /// The index in the input of each kept row; `None` when they are the same.
    pub(super) fn rows(&self) -> Option<Vec<u64>> {
        let mask = self.mask.as_ref()?;
        Some((0..).zip(mask.iter()).filter(|(_, kept)| *kept == Some(true)).map(|(row, _)| row).collect())
    }

    /// The faults of a run over the kept rows, and those of the condition, by their rows in the input.
    pub(super) fn ledger(&self, of_kept: Ledger) -> Ledger {
        if of_kept.is_empty() {
            return self.ledger.clone();
        }
        let Some(rows) = self.rows() else { return of_kept };
        let moved = of_kept.into_faults().into_iter().map(|fault| {
            let row = rows.get(fault.row as usize).copied().unwrap_or(fault.row);
            fault.at_row(row)
        });
        let mut faults: Vec<Fault> = self.ledger.faults().iter().cloned().chain(moved).collect();
        faults.sort_by_key(|fault| fault.row);
        Ledger::new(faults)
    }

    /// An error of a run over the kept rows, by its row in the input.
    pub(super) fn error(&self, error: Error) -> Error {
        let position = error.position().clone();
        let (Some(row), Some(rows)) = (position.row, self.rows()) else { return error };
        let Some(row) = rows.get(row as usize) else { return error };
        let moved = Error::new(error.into_kind()).at_row(*row);
        match position.column {
            Some(column) => moved.in_column(column),
            None => moved,
        }
    }
}

/// The values of a condition.
pub(super) fn condition(columns: Vec<Series>) -> Result<BooleanChunked> {
    let [column] = columns.as_slice() else { return Err(Error::engine("a condition has one column")) };
    let mask = column.cast(&DataType::Boolean).map_err(Error::engine)?;
    mask.bool().map_err(Error::engine).cloned()
}

/// The same options for a stage that nobody watches, and that keeps every row in its place.
pub(super) fn quiet(options: &ApplyOptions) -> Result<ApplyOptions> {
    let on_error = match options.on_error() {
        OnError::Fail => OnError::Fail,
        _ => OnError::Collect,
    };
    let mut builder = ApplyOptions::builder().threads(options.n_threads()).on_error(on_error);
    if let Some(n_rows) = options.chunk_rows() {
        builder = builder.chunk_rows(n_rows);
    }
    if let Some(token) = options.cancellation() {
        builder = builder.cancellation(token.clone());
    }
    builder.build()
}
