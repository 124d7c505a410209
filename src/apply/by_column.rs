//! A function over each column of a frame.

use polars::prelude::{Column, DataFrame, Series};

use super::frame::ConfiguredFrame;
use super::items::run_items;
use super::run::Mode;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::OnError;
use crate::row::IntoRow;

pub(super) fn apply<R: IntoRow<Table = Series>>(
    this: &ConfiguredFrame<'_>,
    mode: Mode,
    function: &(impl Fn(&Series) -> R + Sync),
) -> Result<DataFrame> {
    let columns = this.frame.columns();
    let call = |index: usize| function(columns[index].as_materialized_series());
    let applied = run_items::<R>(columns.len(), mode, this.options, &call)
        .map_err(|error| name_column(error, columns))?;
    let values = &applied.table[0];
    let mut kept = vec![true; columns.len()];
    if this.options.on_error() == OnError::Skip {
        applied.ledger.faults().iter().for_each(|fault| kept[fault.row as usize] = false);
    }
    let row = columns
        .iter()
        .zip(kept)
        .filter(|(_, kept)| *kept)
        .enumerate()
        .map(|(index, (column, _))| {
            Column::from(values.slice(index as i64, 1)).with_name(column.name().clone())
        })
        .collect();
    DataFrame::new(1, row).map_err(Error::engine)
}

/// Speaks of the column where the run spoke of an item.
fn name_column(error: Error, columns: &[Column]) -> Error {
    let Some(column) = error.position().row.and_then(|item| columns.get(item as usize)) else { return error };
    match error.into_kind() {
        ErrorKind::Row { message, cause } => Error::row(message, cause),
        kind => Error::new(kind),
    }
    .in_column(column.name().as_str())
}
