//! The rows of a piece that are written if nothing goes wrong, and those of them that the function is called with.

use std::borrow::Cow;
use std::collections::BTreeSet;

use polars::prelude::{
    BooleanChunked, Column, DataFrame, IdxCa, IdxSize, NewChunkedArray, PlHashMap, PlSmallStr, Schema,
};

use super::super::faults::Reject;
use crate::error::{Error, Result, RowFailure};
use crate::fault::{Fault, OnError, RowFate};
use crate::table::pieces::{Flaw, Piece, ReadRows};

/// The rows of a piece that are written if nothing goes wrong.
pub(super) struct Kept {
    pub(super) frame: DataFrame,
    /// Which rows of the piece they are; `None` for all.
    pub(super) rows: Option<Vec<u64>>,
    /// Which of them the function is called with, where it is not called with all: those that could be read.
    called: Option<Vec<IdxSize>>,
    /// The rows that have failed so far, by their index in the input.
    pub(super) faults: Vec<Fault>,
}

impl Kept {
    /// All rows of a piece but those that could not be read as a whole, and those with a flaw in a column that the condition
    /// reads: nobody knows whether these are wanted.
    pub(super) fn of_piece(read: ReadRows, condition: &[PlSmallStr]) -> Result<(Self, Vec<FlawedRow>)> {
        let ReadRows { frame, rows, flaws } = read;
        let mut kept = Self { frame, rows, called: None, faults: Vec::new() };
        if flaws.is_empty() {
            return Ok((kept, Vec::new()));
        }
        let is_out = |flaw: &&Flaw| {
            flaw.column.as_ref().is_none_or(|column| condition.iter().any(|name| name == column))
        };
        let out: BTreeSet<u64> = flaws.iter().filter(is_out).map(|flaw| flaw.row).collect();
        kept.retain(|row| !out.contains(&row))?;
        let flawed = |flaw: Flaw| FlawedRow { is_out: out.contains(&flaw.row), flaw };
        Ok((kept, flaws.into_iter().map(flawed).collect()))
    }

    /// Makes faults of the flaws of a piece, save for rows that the condition does not hold for. Gives the text of these rows.
    pub(super) fn take_flaws(
        &mut self,
        flawed: Vec<FlawedRow>,
        piece: &Piece,
        first_row: u64,
        on_error: OnError,
    ) -> Result<Vec<Reject>> {
        if flawed.is_empty() {
            return Ok(Vec::new());
        }
        let in_frame: BTreeSet<u64> = self.row_list().into_iter().collect();
        let mut uncalled = BTreeSet::new();
        let mut rejects: Vec<Reject> = Vec::new();
        for FlawedRow { flaw, is_out } in flawed {
            if !is_out && !in_frame.contains(&flaw.row) {
                continue;
            }
            let mut fault = Fault::new(first_row + flaw.row, RowFailure::Parse, flaw.message);
            fault.column = flaw.column;
            if is_out || on_error == OnError::Skip {
                fault.fate = RowFate::LeftOut;
            }
            if !is_out {
                uncalled.insert(flaw.row);
            }
            if let Piece::Text(piece) = piece
                && rejects.last().is_none_or(|(row, _)| *row != fault.row)
            {
                rejects.push((fault.row, piece.bytes[flaw.bytes].to_vec()));
            }
            self.faults.push(fault);
        }
        self.faults.sort_by_key(|fault| fault.row);
        if on_error == OnError::Skip {
            self.retain(|row| !uncalled.contains(&row))?;
        } else if !uncalled.is_empty() {
            let called =
                (0..self.frame.height()).filter(|index| !uncalled.contains(&self.row(*index as u64)));
            self.called = Some(called.map(|index| index as IdxSize).collect());
        }
        Ok(rejects)
    }

    /// Keeps those rows, by their place in the piece, that a condition holds for.
    pub(super) fn retain(&mut self, keeps: impl Fn(u64) -> bool) -> Result<()> {
        let n_rows = self.frame.height();
        let mask: Vec<bool> = (0..n_rows as u64).map(|index| keeps(self.row(index))).collect();
        if mask.iter().all(|kept| *kept) {
            return Ok(());
        }
        self.filter(&BooleanChunked::from_slice("".into(), &mask))
    }

    /// Keeps the rows for which a mask is true.
    pub(super) fn filter(&mut self, mask: &BooleanChunked) -> Result<()> {
        let indices = (0..).zip(mask.iter()).filter(|(_, kept)| *kept == Some(true));
        let rows: Vec<u64> = indices.map(|(index, _)| self.row(index)).collect();
        self.frame = match self.frame.width() {
            0 => DataFrame::new(rows.len(), Vec::new()).map_err(Error::engine)?,
            _ => self.frame.filter(mask).map_err(Error::engine)?,
        };
        self.rows = Some(rows);
        Ok(())
    }

    /// Which rows of the piece they are.
    pub(super) fn row_list(&self) -> Vec<u64> {
        (0..self.frame.height() as u64).map(|index| self.row(index)).collect()
    }

    /// No row of a piece.
    pub(super) fn none(schema: &Schema, columns: &[PlSmallStr]) -> Self {
        let dtypes = columns.iter().filter_map(|name| Some((name.clone(), schema.get(name)?.clone())));
        let frame = DataFrame::empty_with_schema(&dtypes.collect::<Schema>());
        Self { frame, rows: Some(Vec::new()), called: None, faults: Vec::new() }
    }

    /// Which row of the piece a row is.
    pub(super) fn row(&self, index: u64) -> u64 {
        match &self.rows {
            Some(rows) => rows.get(index as usize).copied().unwrap_or(index),
            None => index,
        }
    }

    /// Which row of the piece a row is that the function is called with.
    pub(super) fn called_row(&self, index: u64) -> u64 {
        match &self.called {
            Some(called) => self.row(called.get(index as usize).map_or(index, |index| u64::from(*index))),
            None => self.row(index),
        }
    }

    /// How many rows the function is called with.
    pub(super) fn n_called(&self) -> usize {
        self.called.as_ref().map_or(self.frame.height(), Vec::len)
    }

    /// The columns, in the rows that the function is called with.
    pub(super) fn called_columns(&self, names: &[PlSmallStr]) -> Result<Vec<Column>> {
        let indices = self.called.as_ref().map(|called| IdxCa::from_slice("".into(), called));
        // To look for each of thousands of columns among all of them takes longer than to read it.
        let places: PlHashMap<&PlSmallStr, usize> =
            self.frame.columns().iter().enumerate().map(|(place, column)| (column.name(), place)).collect();
        let columns = names.iter().map(|name| {
            let column = match places.get(name) {
                Some(place) => &self.frame.columns()[*place],
                None => self.frame.column(name)?,
            };
            match &indices {
                Some(indices) => column.take(indices),
                None => Ok(column.clone()),
            }
        });
        columns.collect::<Result<_, _>>().map_err(Error::engine)
    }

    /// Which rows of the piece the function is called with; `None` for all.
    pub(super) fn called_rows(&self) -> Option<Cow<'_, [u64]>> {
        match (&self.called, &self.rows) {
            (None, None) => None,
            (None, Some(rows)) => Some(Cow::Borrowed(rows)),
            (Some(_), _) => {
                Some(Cow::Owned((0..self.n_called() as u64).map(|index| self.called_row(index)).collect()))
            }
        }
    }

    /// What the function gave, with nulls for the rows that it was not called with.
    pub(super) fn spread(&self, columns: Vec<Column>) -> Result<Vec<Column>> {
        let Some(called) = &self.called else { return Ok(columns) };
        let mut from: Vec<Option<IdxSize>> = vec![None; self.frame.height()];
        for (index, row) in (0..).zip(called) {
            from[*row as usize] = Some(index);
        }
        let from = IdxCa::from_iter_options("".into(), from.into_iter());
        let columns = columns.iter().map(|column| column.take(&from));
        columns.collect::<Result<_, _>>().map_err(Error::engine)
    }
}

impl FlawedRow {
    /// The row of the piece.
    pub(super) fn row(&self) -> u64 {
        self.flaw.row
    }
}

/// Something that is wrong with a row.
pub(super) struct FlawedRow {
    flaw: Flaw,
    /// Whether the row is left out for it, or for another flaw, whatever the policy.
    is_out: bool,
}
