//! The new columns beside the input's.

use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{
    BooleanChunked, Column, DataFrame, NewChunkedArray, PlSmallStr, Scalar, Schema, Series,
};
use rayon::prelude::*;

use crate::apply::ApplyOptions;
use crate::error::{Error, ErrorKind, Result, RowFailure};
use crate::fault::{Ledger, OnError};
use crate::pool::workers;
use crate::row::{Kernel, panic_message};

/// Which columns a pipeline writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Keep {
    /// The input's, and the new ones after them.
    #[default]
    All,
    /// The new ones alone.
    New,
}

/// That no new column has the name of one that is there.
pub(super) fn check_names(kernel: &dyn Kernel, schema: &Schema, keep: Keep) -> Result<()> {
    let clash = kernel.fields().iter().find(|field| keep == Keep::All && schema.contains(field.name()));
    match clash {
        Some(field) => Err(Error::new(ErrorKind::DuplicateColumn { name: field.name().to_string() })),
        None => Ok(()),
    }
}

/// Puts `new` beside `old`, less the rows that are left out for their faults.
pub(super) fn combine(
    old: DataFrame,
    new: DataFrame,
    keep: Keep,
    on_error: OnError,
    ledger: &Ledger,
) -> Result<DataFrame> {
    if keep == Keep::New {
        return Ok(new);
    }
    let mut old = match on_error {
        OnError::Skip if !ledger.is_empty() => {
            old.filter(&succeeded(old.height(), ledger)).map_err(Error::engine)?
        }
        _ => old,
    };
    old.hstack_mut(new.columns()).map_err(Error::engine)?;
    Ok(old)
}

fn succeeded(n_rows: usize, ledger: &Ledger) -> BooleanChunked {
    let mut failed = ledger.faults().iter().map(|fault| fault.row).peekable();
    BooleanChunked::from_iter_values(
        "".into(),
        // A row may have failed for several of its values.
        (0..n_rows as u64).map(|row| std::iter::from_fn(|| failed.next_if_eq(&row)).count() == 0),
    )
}

/// One row with the value of each column, all of them at once on the worker threads.
///
/// The lowest column's error is the one that counts, whichever was first.
pub(super) fn reduce_columns(
    frame: &DataFrame,
    names: &[PlSmallStr],
    function: &(dyn Fn(&Series) -> Result<Scalar> + Sync),
    options: &ApplyOptions,
) -> Result<DataFrame> {
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(Error::new(ErrorKind::DuplicateColumn { name: name.to_string() }));
        }
    }
    let reduce = |name: &PlSmallStr| {
        options.check_cancelled()?;
        let column = frame.column(name).map_err(Error::engine)?.as_materialized_series();
        let value = catch_unwind(AssertUnwindSafe(|| function(column))).map_err(|panic| {
            Error::row(panic_message(panic.as_ref()), RowFailure::Panicked).in_column(name.as_str())
        })??;
        Ok(Column::new_scalar(name.clone(), value, 1))
    };
    let columns: Vec<Result<Column>> =
        workers(options.n_threads())?.install(|| names.par_iter().map(reduce).collect());
    DataFrame::new(1, columns.into_iter().collect::<Result<_>>()?).map_err(Error::engine)
}
