//! The new columns beside the input's.

use polars::prelude::{BooleanChunked, DataFrame, NewChunkedArray, Schema};

use crate::error::{Error, ErrorKind, Result};
use crate::fault::{Ledger, OnError};
use crate::row::Kernel;

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
        (0..n_rows as u64).map(|row| failed.next_if_eq(&row).is_none()),
    )
}
