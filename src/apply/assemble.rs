//! Puts what the chunks of a run have left together, in the order of their rows.

use polars::prelude::{DataType, Field, IdxCa, NewChunkedArray, Series};
use polars_arrow::bitmap::{Bitmap, BitmapBuilder};

use super::chunks::{Done, DoneColumn};
use super::run::Rows;
use super::settle::{Settled, settle};
use crate::error::{Error, Result};
use crate::fault::{Fault, Ledger, OnError, RowFate};
use crate::row::{FixedBuffer, is_undeclared};

/// Puts the chunks together, in order. The lowest row's fault is an error when the policy is to fail.
pub(super) fn assemble(
    fields: &[Field],
    decided: &[Option<DataType>],
    buffers: Vec<Option<FixedBuffer>>,
    chunks: Vec<Done>,
    rows: Rows<'_>,
    on_error: OnError,
) -> Result<(Vec<Series>, Ledger)> {
    let is_in_place = |column: &DoneColumn| matches!(column, DoneColumn::Fixed(None));
    let is_done = |chunk: &Done| chunk.faults.is_empty() && chunk.columns.iter().all(is_in_place);
    if buffers.iter().all(Option::is_some) && chunks.iter().all(is_done) {
        // Of few rows all that comes below takes as long as a hundred of them.
        let series = |(field, buffer): (&Field, FixedBuffer)| {
            buffer.into_series(field.name().clone(), field.dtype(), None)
        };
        return Ok((
            fields.iter().zip(buffers.into_iter().flatten()).map(series).collect(),
            Ledger::default(),
        ));
    }
    let mut faults = Vec::new();
    let mut by_field: Vec<Vec<(usize, DoneColumn)>> =
        fields.iter().map(|_| Vec::with_capacity(chunks.len())).collect();
    // What a chunk that failed has of its runs is shorter than the chunk: no row behind it can be the lowest.
    let failed = |chunk: &Done| on_error == OnError::Fail && !chunk.faults.is_empty();
    let n_whole = chunks.iter().position(failed).map_or(chunks.len(), |failed| failed + 1);
    for chunk in chunks.into_iter().take(n_whole) {
        let first_row = rows.first_row + chunk.offset as u64;
        faults.extend(chunk.faults.into_iter().map(|fault| Fault::of_chunk(fault, first_row)));
        for (pieces, column) in by_field.iter_mut().zip(chunk.columns) {
            pieces.push((chunk.n_rows, column));
        }
    }
    let mut settled = Vec::with_capacity(fields.len());
    for ((field, decided), pieces) in fields.iter().zip(decided).zip(&mut by_field) {
        settled.push(match is_undeclared(field) {
            true => {
                let Settled { series, faults: misfits } = settle(field, decided.clone(), &take_runs(pieces))?;
                faults.extend(misfits.into_iter().map(|fault| Fault::of_chunk(fault, rows.first_row)));
                Some(series)
            }
            false => None,
        });
    }
    faults.sort_by_key(|fault| fault.row);
    if on_error == OnError::Fail
        && let Some(fault) = faults.first()
    {
        return Err(fault.to_error());
    }
    if on_error == OnError::Null {
        faults.iter_mut().for_each(|fault| fault.message.clear());
    }
    let mut columns = Vec::with_capacity(fields.len());
    for (((field, buffer), pieces), settled) in fields.iter().zip(buffers).zip(by_field).zip(settled) {
        columns.push(match (buffer, settled) {
            (Some(buffer), _) => {
                buffer.into_series(field.name().clone(), field.dtype(), join_validity(pieces))
            }
            (None, Some(settled)) => settled,
            (None, None) => join_series(field, pieces)?,
        });
    }
    if on_error == OnError::Skip && !faults.is_empty() {
        faults.iter_mut().for_each(|fault| fault.fate = RowFate::LeftOut);
        let kept = kept_rows(&faults, rows);
        columns = columns
            .iter()
            .map(|column| column.take(&kept))
            .collect::<Result<_, _>>()
            .map_err(Error::engine)?;
    }
    Ok((columns, Ledger::new(faults)))
}

fn take_runs(pieces: &mut Vec<(usize, DoneColumn)>) -> Vec<Series> {
    let runs = pieces.drain(..).map(|(_, column)| match column {
        DoneColumn::Runs(runs) => runs,
        _ => Vec::new(),
    });
    runs.flatten().collect()
}

/// The rows that did not fail, counted from the first one of `rows`.
fn kept_rows(faults: &[Fault], rows: Rows<'_>) -> IdxCa {
    let mut failed = faults.iter().map(|fault| fault.row - rows.first_row).peekable();
    // A row may have failed for several of its values.
    let kept = (0..rows.n_rows as u64).filter(|row| {
        let mut kept = true;
        while failed.next_if_eq(row).is_some() {
            kept = false;
        }
        kept
    });
    IdxCa::from_iter_values("".into(), kept.map(|row| row as polars::prelude::IdxSize))
}

fn join_validity(pieces: Vec<(usize, DoneColumn)>) -> Option<Bitmap> {
    if pieces.iter().all(|(_, column)| matches!(column, DoneColumn::Fixed(None))) {
        return None;
    }
    let mut joined = BitmapBuilder::with_capacity(pieces.iter().map(|(n_rows, _)| n_rows).sum());
    for (n_rows, column) in &pieces {
        match column {
            DoneColumn::Fixed(Some(validity)) => joined.extend_from_bitmap(validity),
            _ => joined.extend_constant(*n_rows, true),
        }
    }
    joined.into_opt_validity()
}

fn join_series(field: &Field, pieces: Vec<(usize, DoneColumn)>) -> Result<Series> {
    let mut joined: Option<Series> = None;
    for (n_rows, column) in pieces {
        let DoneColumn::Series(Some(series)) = column else { continue };
        if series.dtype() != field.dtype() || series.len() != n_rows {
            return Err(Error::engine(format!(
                "the function promised {n_rows} values of {} for column {:?} and gave {} of {}",
                field.dtype(),
                field.name(),
                series.len(),
                series.dtype()
            )));
        }
        match &mut joined {
            Some(joined) => {
                joined.append(&series).map_err(Error::engine)?;
            }
            None => joined = Some(series),
        }
    }
    let joined = joined.unwrap_or_else(|| Series::new_empty(field.name().clone(), field.dtype()));
    Ok(joined.rechunk().with_name(field.name().clone()))
}
