//! The rows of a piece as columns.

use std::sync::atomic::Ordering;

use polars::prelude::{DataFrame, DataType, PlSmallStr, Series};

use crate::error::{Error, Result};

use super::super::super::list::parse_list_column;
use super::super::super::own::column_of;
use super::super::super::pieces::{Integers, ReadRows, Strictness, TextPiece, changed};
use super::super::chunk::{Wanted, build_chunk};
use super::super::lenient::{build_leniently, records};
use super::super::place;
use super::super::plain::{IntBits, Plain, is_plain, read_plain};
use super::super::scan::line_at;
use super::{CsvPieces, State};

/// The columns of a piece.
pub(super) struct ReadCells {
    pub(super) n_rows: usize,
    /// The values of each, and what is known of its integers; of one in which a cell does not fit, where the first such cell
    /// stands in the piece.
    pub(super) columns: Vec<std::result::Result<(Series, Option<IntBits>), usize>>,
}

impl CsvPieces {
    /// The columns of these names in one piece, in the order of the names, and what is wrong with its rows.
    ///
    /// # Errors
    /// What is wrong with the rows, with its place in the file, unless they are read leniently; then a quotation mark that is
    /// never closed.
    pub(in crate::table) fn read_rows(
        &self,
        piece: &TextPiece,
        names: &[PlSmallStr],
        integers: Integers,
    ) -> Result<ReadRows> {
        match self.read(piece, names, integers) {
            Err(_) if self.strictness == Strictness::Lenient => self.read_leniently(piece, names),
            read => read.map(ReadRows::from),
        }
    }

    fn read_leniently(&self, piece: &TextPiece, names: &[PlSmallStr]) -> Result<ReadRows> {
        let wanted = self.wanted(names)?;
        let wanted: Vec<&Wanted> = wanted.iter().collect();
        let chunk = build_leniently(&self.rows(piece), &self.dialect.names, &wanted, &self.nulls());
        let chunk = chunk.map_err(|error| piece.place(error))?;
        let columns = chunk.columns.into_iter().map(column_of).collect();
        let frame = DataFrame::new(chunk.n_rows, columns).map_err(Error::engine)?;
        Ok(ReadRows { frame, rows: chunk.rows, flaws: chunk.flaws })
    }

    pub(super) fn wanted(&self, names: &[PlSmallStr]) -> Result<Vec<Wanted>> {
        let wanted = names.iter().map(|name| {
            let index = self.index(name);
            let index =
                index.ok_or_else(|| Error::column_not_found(name.as_str(), self.dialect.names.iter()))?;
            let (dtype, guessed) = match &self.columns[index].state {
                State::Given(dtype) => (Some(dtype.clone()), false),
                State::Proposed(dtype) | State::Settled { dtype, .. } => (dtype.clone(), true),
            };
            Ok(Wanted { index, dtype, guessed })
        });
        wanted.collect()
    }

    fn read(&self, piece: &TextPiece, names: &[PlSmallStr], integers: Integers) -> Result<DataFrame> {
        let wanted = self.wanted(names)?;
        let read = self.read_cells(piece, &wanted, integers)?;
        self.frame(read, &wanted, piece)
    }

    /// The wanted columns as far as their cells fit.
    ///
    /// # Errors
    /// What is wrong with the rows themselves.
    pub(super) fn read_cells(
        &self,
        piece: &TextPiece,
        wanted: &[Wanted],
        integers: Integers,
    ) -> Result<ReadCells> {
        let (plain, general) = self.ways(wanted);
        let read = match plain.is_empty() {
            true => None,
            false => read_plain(piece, &self.dialect, &plain, integers),
        };
        let (numbers, general) = match read {
            Some(Plain::Columns(numbers)) => (numbers, general),
            _ => (Vec::new(), wanted.iter().collect()),
        };
        let mut built = Vec::new();
        let mut n_rows = numbers.first().map_or(0, |(series, _)| series.len());
        if !general.is_empty() || numbers.is_empty() {
            self.n_pieces_by_cell.fetch_add(1, Ordering::Relaxed);
            let _ = piece.by_cell.set(match () {
                () if wanted.is_empty() => "no column is read, and rows are counted one by one",
                () if !general.is_empty() && !numbers.is_empty() || plain.is_empty() => {
                    "columns of other dtypes than numbers, or whose dtypes were given, are read cell by cell"
                }
                () if piece.may_have_quotes => "pieces with quotation marks are read cell by cell",
                () => "pieces with cells that are not plain numbers are read cell by cell",
            });
            let chunk = build_chunk(&self.rows(piece), &self.dialect.names, &general, &self.nulls());
            let chunk = chunk.map_err(|error| piece.place(error))?;
            n_rows = chunk.n_rows as usize;
            built = chunk.columns;
        }
        let (mut numbers, mut built) = (numbers.into_iter(), built.into_iter());
        let columns = wanted.iter().map(|wanted| {
            let is_read = is_plain(wanted) && !numbers.as_slice().is_empty();
            let column = match is_read {
                true => numbers.next().map(|(series, bits)| Ok((series, Some(bits)))),
                false => built.next().map(|built| built.map(|series| (series, None))),
            };
            column.ok_or_else(|| Error::engine("a column was not read"))
        });
        Ok(ReadCells { n_rows, columns: columns.collect::<Result<_>>()? })
    }

    /// The frame of columns whose cells fit.
    ///
    /// # Errors
    /// Of the cells that do not, the first one.
    pub(super) fn frame(&self, read: ReadCells, wanted: &[Wanted], piece: &TextPiece) -> Result<DataFrame> {
        let mut columns = Vec::with_capacity(wanted.len());
        let mut first_error: Option<Error> = None;
        for (wanted, column) in wanted.iter().zip(read.columns) {
            match column {
                Ok((series, _)) => columns.push(column_of(self.to_list(series, wanted, piece)?)),
                Err(offset) => {
                    let error = piece.place(self.mismatch(wanted, offset, &piece.bytes));
                    if first_error.as_ref().is_none_or(|first| error.position().byte < first.position().byte)
                    {
                        first_error = Some(error);
                    }
                }
            }
        }
        match first_error {
            Some(error) => Err(error),
            None => DataFrame::new(read.n_rows, columns).map_err(Error::engine),
        }
    }

    /// The line, counted from 1 within the piece, that each of some rows of it starts on, lowest row first.
    pub(in crate::table) fn lines_of(&self, piece: &TextPiece, rows: &[u64]) -> Vec<Option<u64>> {
        debug_assert!(rows.is_sorted());
        let mut records = (0..).zip(records(&piece.bytes, &self.dialect)).peekable();
        let (mut line, mut counted) = (1, 0);
        let mut line_of = |wanted: &u64| {
            while records.next_if(|(row, _)| row < wanted).is_some() {}
            let (_, record) = records.peek().filter(|(row, _)| row == wanted)?;
            line += line_at(&piece.bytes[counted..], record.start - counted) - 1;
            counted = record.start;
            Some(line)
        };
        rows.iter().map(&mut line_of).collect()
    }

    /// The error of a cell, at an offset in some bytes, that is no value of its column's dtype.
    fn mismatch(&self, wanted: &Wanted, offset: usize, bytes: &[u8]) -> Error {
        let name = &self.dialect.names[wanted.index];
        match &self.columns[wanted.index].state {
            State::Settled { .. } => changed(),
            State::Given(dtype) => place::mismatch(bytes, &self.dialect, name, offset, dtype),
            State::Proposed(_) => place::mismatch(bytes, &self.dialect, name, offset, &DataType::String),
        }
    }

    fn to_list(&self, series: Series, wanted: &Wanted, piece: &TextPiece) -> Result<Series> {
        let (Some(DataType::List(inner)), DataType::String) = (&wanted.dtype, series.dtype()) else {
            return Ok(series);
        };
        parse_list_column(&series, inner).map_err(|error| {
            let line = error.position().row.and_then(|row| self.lines_of(piece, &[row])[0]);
            let error = match line {
                Some(line) => error.at_line(line),
                None => error,
            };
            piece.place(error)
        })
    }
}
