//! Rows that are read before all rows have been looked at.
//!
//! The first rows propose the dtypes. While rows are read by these, little is noted of their cells: that the dtype held, and what
//! would matter should a later row ask for another one, an integer that no `f64` holds or one that is negative. A piece with a
//! cell that does not fit is looked at in full, and so are those behind it when the run is bound to fail. Whatever is asked for in
//! the end is what [a pass over all rows](super::look) would say: the same dtype, or the same error of the same cell.

use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::{DataType, PlSmallStr, Schema};

use crate::error::{Error, Result};

use super::super::super::pieces::{Integers, ReadRows, TextPiece};
use super::super::evidence::look_at;
use super::super::infer::{Contradiction, contradicting, may_widen, settle};
use super::super::kind::{Evidence, Kind, Kinds};
use super::super::lenient::records;
use super::super::place;
use super::super::plain::IntBits;
use super::super::scan::line_at;
use super::{CsvPieces, State};

/// The columns whose dtypes the first rows only propose.
pub(crate) struct Watch {
    columns: Vec<Watched>,
}

struct Watched {
    index: usize,
    proposed: DataType,
    /// Where cells of the first rows stand that later ones may contradict.
    of_sample: Vec<usize>,
    /// Where the first integer stands that no `f64` holds, of those that were seen.
    first_inexact: AtomicU64,
}

/// What the cells of the watched columns look like in all pieces so far.
pub(crate) struct Sightings {
    columns: Vec<(Evidence, Vec<Spot>)>,
}

/// What they look like in one piece.
#[derive(Debug)]
pub(crate) struct Sighting {
    columns: Vec<(Evidence, Vec<Spot>)>,
}

/// A row that may have to be named.
#[derive(Debug)]
struct Spot {
    /// Where the cell stands in the file.
    cell: usize,
    /// Where its row does, and on which line.
    start: usize,
    line: u64,
    row: Vec<u8>,
}

/// The rows of a piece, read by dtypes that were only proposed.
pub(crate) enum Seen {
    /// Every cell fits.
    Rows(ReadRows, Sighting),
    /// A cell asks for another dtype.
    Misfit,
    /// A cell is no value of a dtype that was given, and nothing else is wrong.
    Fault(Error, Sighting),
}

impl CsvPieces {
    /// Those of some columns whose dtypes the first rows only propose.
    pub(in crate::table) fn watch(&self, names: &[PlSmallStr]) -> Watch {
        let proposed = names.iter().filter_map(|name| {
            let index = self.index(name)?;
            match &self.columns[index].state {
                State::Proposed(Some(dtype)) => Some(Watched {
                    index,
                    proposed: dtype.clone(),
                    of_sample: self.sample_of(index).firsts_of(contradicting(dtype)).collect(),
                    first_inexact: AtomicU64::new(u64::MAX),
                }),
                _ => None,
            }
        });
        Watch { columns: proposed.collect() }
    }

    fn sample_of(&self, index: usize) -> Evidence {
        self.columns[index].sample.as_deref().cloned().unwrap_or_default()
    }

    /// Whether later rows may make another dtype of the one that is proposed for a column.
    pub(in crate::table) fn may_widen(&self, name: &str) -> bool {
        self.index(name).is_some_and(|index| match &self.columns[index].state {
            State::Proposed(proposed) => proposed.as_ref().is_none_or(may_widen),
            State::Given(_) | State::Settled { .. } => false,
        })
    }

    /// What was seen of the watched columns before the first piece.
    pub(in crate::table) fn sightings(&self, watch: &Watch) -> Sightings {
        let first = watch.columns.iter().map(|watched| {
            // The places are those of the pieces, which begin with the first row, too.
            (self.sample_of(watched.index), Vec::new())
        });
        Sightings { columns: first.collect() }
    }

    /// The columns of these names in one piece; those that are watched by these dtypes.
    ///
    /// # Errors
    /// What is wrong with the rows themselves.
    pub(in crate::table) fn read_watched(
        &self,
        piece: &TextPiece,
        names: &[PlSmallStr],
        dtypes: &Schema,
        watch: &Watch,
        integers: Integers,
    ) -> Result<Seen> {
        let mut wanted = self.wanted(names)?;
        let is_watched = |index: usize| watch.columns.iter().any(|watched| watched.index == index);
        for (wanted, name) in wanted.iter_mut().zip(names) {
            if is_watched(wanted.index) {
                wanted.dtype = dtypes.get(name).cloned();
            }
        }
        let read = self.read_cells(piece, &wanted, integers)?;
        let mut columns = wanted.iter().zip(&read.columns);
        if columns.any(|(wanted, column)| column.is_err() && is_watched(wanted.index)) {
            return Ok(Seen::Misfit);
        }
        let sighting = watch.columns.iter().map(|watched| {
            let slot = wanted.iter().position(|wanted| wanted.index == watched.index);
            self.glance(piece, watched, slot.and_then(|slot| read.columns[slot].as_ref().ok()))
        });
        let sighting = Sighting { columns: sighting.collect::<Result<_>>()? };
        Ok(match self.frame(read, &wanted, piece) {
            Ok(frame) => Seen::Rows(frame.into(), sighting),
            Err(error) => Seen::Fault(error, sighting),
        })
    }

    /// What matters of a column whose cells fit.
    fn glance(
        &self,
        piece: &TextPiece,
        watched: &Watched,
        column: Option<&(polars::prelude::Series, Option<IntBits>)>,
    ) -> Result<(Evidence, Vec<Spot>)> {
        let bytes = piece.offset as usize..piece.offset as usize + piece.bytes.len();
        if watched.of_sample.iter().any(|cell| bytes.contains(cell)) {
            return self.see(piece, watched);
        }
        let mut evidence = Evidence::default();
        let Some((series, bits)) = column.filter(|_| watched.proposed == DataType::Int64) else {
            return Ok((evidence, Vec::new()));
        };
        // What comes narrow has few digits and no sign.
        let Ok(ints) = series.i64() else { return Ok((evidence, Vec::new())) };
        let bits = bits.unwrap_or_else(|| IntBits::of_all(ints.iter().flatten()));
        if bits.has_negative() {
            evidence.note(Kind::Negative);
        }
        let known = watched.first_inexact.load(Ordering::Relaxed);
        if bits.may_be_inexact() && piece.offset < known {
            return self.see(piece, watched);
        }
        Ok((evidence, Vec::new()))
    }

    /// What the cells of the watched columns look like in a piece.
    ///
    /// # Errors
    /// What is wrong with the rows themselves.
    pub(in crate::table) fn sight(&self, piece: &TextPiece, watch: &Watch) -> Result<Sighting> {
        let columns = watch.columns.iter().map(|watched| self.see(piece, watched));
        Ok(Sighting { columns: columns.collect::<Result<_>>()? })
    }

    fn see(&self, piece: &TextPiece, watched: &Watched) -> Result<(Evidence, Vec<Spot>)> {
        let found = look_at(&self.rows(piece), &[watched.index], &self.nulls(), u64::MAX);
        let (mut found, _) = found.map_err(|fault| piece.place(fault.error(&piece.bytes)))?;
        let evidence = found.pop().unwrap_or_default();
        let mut cells: Vec<usize> = evidence.firsts_of(contradicting(&watched.proposed)).collect();
        cells.sort_unstable();
        cells.dedup();
        let mut rows = records(&piece.bytes, &self.dialect).peekable();
        let (mut line, mut counted) = (piece.line, 0);
        let spots = cells.into_iter().filter_map(|cell| {
            while rows.next_if(|row| row.end <= cell).is_some() {}
            let row = rows.peek()?.clone();
            line += line_at(&piece.bytes[counted..], row.start - counted) - 1;
            counted = row.start;
            let offset = piece.offset as usize;
            let (cell, start) = (offset + cell, offset + row.start);
            Some(Spot { cell, start, line, row: piece.bytes[row].to_vec() })
        });
        let spots = spots.collect();
        let evidence = evidence.moved(piece.offset as usize);
        if let Some(inexact) = evidence.first_of(Kinds::INEXACT) {
            watched.first_inexact.fetch_min(inexact as u64, Ordering::Relaxed);
        }
        Ok((evidence, spots))
    }

    /// The dtypes of the watched columns as far as rows have been seen.
    ///
    /// # Errors
    /// Of the cells that contradict their columns, the first one.
    pub(in crate::table) fn settle_seen(
        &self,
        watch: &Watch,
        seen: &Sightings,
    ) -> Result<Vec<(PlSmallStr, DataType)>> {
        let mut dtypes = Vec::new();
        let mut first_error: Option<Error> = None;
        for (watched, (evidence, spots)) in watch.columns.iter().zip(&seen.columns) {
            let name = &self.dialect.names[watched.index];
            match settle(&watched.proposed, false, evidence) {
                Ok(inferred) => dtypes.push((PlSmallStr::from_str(name), inferred.dtype)),
                Err(found) => {
                    let spot = spots.iter().find(|spot| spot.cell == found.offset);
                    let spot = spot.ok_or_else(|| Error::engine("a cell that was seen is not known"))?;
                    let found = Contradiction { offset: found.offset - spot.start, ..found };
                    let error = place::contradiction(&spot.row, &self.dialect, name, &found);
                    let error = error.moved(0, spot.line - 1, spot.start as u64);
                    if first_error.as_ref().is_none_or(|first| error.position().byte < first.position().byte)
                    {
                        first_error = Some(error);
                    }
                }
            }
        }
        first_error.map_or(Ok(dtypes), Err)
    }
}

impl Sightings {
    /// Adds what was seen in a piece.
    pub(crate) fn add(&mut self, seen: Sighting) {
        for ((evidence, spots), (found, new)) in self.columns.iter_mut().zip(seen.columns) {
            evidence.merge(&found);
            spots.extend(new);
            // The first of each kind is all that may be named.
            if spots.len() > MOST_SPOTS {
                let named: Vec<usize> = evidence.firsts_of(Kinds::NONE.all_but()).collect();
                spots.retain(|spot| named.contains(&spot.cell));
            }
        }
    }
}

/// So many rows of a column are kept before it is looked which ones may still be named.
const MOST_SPOTS: usize = 64;
