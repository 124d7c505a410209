//! The first pass over a file: whether the dtypes that its first rows propose hold, and what they are where not.

use polars::prelude::{DataType, PlSmallStr, Series};

use crate::error::{Error, Result};

use super::super::super::pieces::{ByteSource, Integers, Strictness, TextPiece};
use super::super::chunk::{Wanted, build_chunk};
use super::super::cut::complete_record_end;
use super::super::evidence::look_at;
use super::super::infer::{Contradiction, settle, settle_leniently};
use super::super::kind::{Evidence, Kind};
use super::super::lenient::{build_leniently, look_leniently};
use super::super::place;
use super::super::plain::{Plain, check_plain, is_plain, read_plain};
use super::{CsvPieces, SAMPLE_BYTES, State};

/// What is looked for in a first pass.
pub(crate) enum CsvLook {
    /// Whether the dtypes that were proposed hold.
    Dtypes(Vec<Wanted>),
    /// What all cells of these columns look like.
    Cells(Vec<usize>),
}

/// What was found in a piece.
pub(crate) enum CsvFindings {
    /// Per column, whether the dtype holds, and whether there are values.
    Dtypes(Vec<(bool, bool)>),
    /// Per column, what the cells look like; where they are is told from the start of the file.
    Cells(Vec<Evidence>),
}

impl CsvPieces {
    /// What must be looked for before the rows of these columns can be read; `None` when nothing must.
    ///
    /// With `every_dtype`, also what would show itself when the rows are read.
    ///
    /// # Errors
    /// What is wrong with the first rows of one of them.
    pub(in crate::table) fn next_look<'n>(
        &mut self,
        needed: impl Iterator<Item = &'n PlSmallStr>,
        every_dtype: bool,
    ) -> Result<Option<CsvLook>> {
        let mut wanted = Vec::new();
        for name in needed {
            let Some(index) = self.index(name) else { continue };
            if let Some(place) =
                self.contradictions.iter().position(|(contradicted, _)| *contradicted == index)
            {
                return Err(self.contradictions.remove(place).1);
            }
            if self.settle_known(index) {
                continue;
            }
            let dtype = match &self.columns[index].state {
                State::Settled { .. } => continue,
                State::Given(_) => continue,
                State::Proposed(Some(DataType::String)) if !every_dtype => continue,
                State::Proposed(dtype) => dtype.clone(),
            };
            wanted.push(Wanted { index, dtype, guessed: true });
        }
        Ok((!wanted.is_empty()).then_some(CsvLook::Dtypes(wanted)))
    }

    /// Looks at one piece.
    pub(in crate::table) fn look(&self, look: &CsvLook, piece: &TextPiece) -> Result<CsvFindings> {
        let rows = self.rows(piece);
        match look {
            CsvLook::Dtypes(wanted) => {
                let (plain, general) = self.ways(wanted);
                let checked = match plain.is_empty() {
                    true => None,
                    false => check_plain(piece, &self.dialect, &plain),
                };
                let (checked, general) = match checked {
                    Some(Plain::HaveValues(checked)) => (checked, general),
                    _ => (Vec::new(), wanted.iter().collect()),
                };
                let mut built = Vec::new();
                if !general.is_empty() {
                    let chunk = build_chunk(&rows, &self.dialect.names, &general, &self.nulls());
                    built = match chunk {
                        Err(_) if self.strictness == Strictness::Lenient => {
                            self.look_past(piece, &general)?
                        }
                        chunk => chunk.map_err(|error| piece.place(error))?.columns,
                    };
                }
                let (mut checked, mut built) = (checked.into_iter(), built.into_iter());
                let found = wanted.iter().map(|wanted| {
                    let is_checked = is_plain(wanted) && !checked.as_slice().is_empty();
                    match is_checked {
                        true => checked.next().map(|has_values| (true, has_values)),
                        false => built.next().map(|column| match column {
                            Ok(series) => (true, series.null_count() < series.len()),
                            Err(_) => (false, true),
                        }),
                    }
                    .unwrap_or((false, true))
                });
                Ok(CsvFindings::Dtypes(found.collect()))
            }
            CsvLook::Cells(columns) => {
                if let Some(found) = self.look_plain(piece, columns) {
                    return Ok(CsvFindings::Cells(found));
                }
                let found = match look_at(&rows, columns, &self.nulls(), u64::MAX) {
                    Ok((found, _)) => Ok(found),
                    Err(_) if self.strictness == Strictness::Lenient => {
                        look_leniently(&rows, columns, &self.nulls())
                    }
                    Err(fault) => Err(fault.error(&piece.bytes)),
                };
                let found = found.map_err(|error| piece.place(error))?;
                let offset = piece.offset as usize;
                Ok(CsvFindings::Cells(found.into_iter().map(|evidence| evidence.moved(offset)).collect()))
            }
        }
    }

    /// Adds what was found in one piece to what was found in those before it.
    pub(in crate::table) fn gather(
        &mut self,
        so_far: Option<CsvFindings>,
        found: CsvFindings,
        offset: u64,
        line: u64,
    ) -> CsvFindings {
        if self.marks.last().is_none_or(|(last, _)| *last < offset) {
            self.marks.push((offset, line));
        }
        match (so_far, found) {
            (Some(CsvFindings::Dtypes(mut all)), CsvFindings::Dtypes(found)) => {
                for (all, found) in all.iter_mut().zip(found) {
                    *all = (all.0 && found.0, all.1 || found.1);
                }
                CsvFindings::Dtypes(all)
            }
            (Some(CsvFindings::Cells(mut all)), CsvFindings::Cells(found)) => {
                all.iter_mut().zip(&found).for_each(|(all, found)| all.merge(found));
                CsvFindings::Cells(all)
            }
            (_, found) => found,
        }
    }

    /// Settles what was looked for; gives what is to be looked for next, where that left something open.
    ///
    /// # Errors
    /// Of the cells that contradict their columns, the first one of the file.
    pub(in crate::table) fn conclude(
        &mut self,
        look: CsvLook,
        found: Option<CsvFindings>,
        source: &ByteSource,
    ) -> Result<Option<CsvLook>> {
        match (look, found) {
            (CsvLook::Dtypes(wanted), Some(CsvFindings::Dtypes(found))) => {
                let mut broken = Vec::new();
                for (wanted, (holds, has_values)) in wanted.into_iter().zip(found) {
                    if holds {
                        self.settle_as(wanted.index, wanted.dtype, has_values);
                    } else {
                        broken.push(wanted.index);
                    }
                }
                Ok((!broken.is_empty()).then_some(CsvLook::Cells(broken)))
            }
            (CsvLook::Cells(columns), Some(CsvFindings::Cells(found))) => {
                self.settle(&columns, &found, source)?;
                Ok(None)
            }
            // There are no rows.
            (CsvLook::Dtypes(wanted), _) => {
                for Wanted { index, dtype, .. } in wanted {
                    self.settle_as(index, dtype, false);
                }
                Ok(None)
            }
            (CsvLook::Cells(_), _) => Ok(None),
        }
    }

    /// What the cells of some columns look like in a piece, where all of them are plain numbers.
    ///
    /// Where these stand is not told: of a column whose first rows propose numbers, no cell is named that is one of these.
    fn look_plain(&self, piece: &TextPiece, columns: &[usize]) -> Option<Vec<Evidence>> {
        // Of the first rows nothing is proposed yet.
        let wanted = columns.iter().map(|index| match &self.columns.get(*index)?.state {
            State::Proposed(dtype) => Some(Wanted { index: *index, dtype: dtype.clone(), guessed: true }),
            _ => None,
        });
        let wanted: Vec<Wanted> = wanted.collect::<Option<_>>()?;
        let (plain, general) = self.ways(&wanted);
        if !general.is_empty() {
            return None;
        }
        let read = read_plain(piece, &self.dialect, &plain, Integers::AsWide);
        let Some(Plain::Columns(read)) = read else { return None };
        let evidence = read.iter().map(|(series, bits)| {
            let mut evidence = Evidence::of_values(series.len() as u64, series.null_count() as u64);
            match series.dtype() {
                // The first such integer is named.
                DataType::Int64 if bits.may_be_inexact() => return None,
                DataType::Int64 => {
                    evidence.note(Kind::Integer);
                    if bits.has_negative() {
                        evidence.note(Kind::Negative);
                    }
                }
                _ => evidence.note(Kind::Float),
            }
            Some(evidence)
        });
        evidence.collect()
    }

    /// What the wanted columns look like in the rows of a piece that have as many cells as there are columns.
    fn look_past(
        &self,
        piece: &TextPiece,
        wanted: &[&Wanted],
    ) -> Result<Vec<std::result::Result<Series, usize>>> {
        let chunk = build_leniently(&self.rows(piece), &self.dialect.names, wanted, &self.nulls());
        let chunk = chunk.map_err(|error| piece.place(error))?;
        let columns = chunk.columns.into_iter().zip(chunk.fits);
        Ok(columns.map(|(series, fits)| if fits { Ok(series) } else { Err(0) }).collect())
    }

    /// The dtypes of columns of which all cells are known.
    fn settle(&mut self, columns: &[usize], found: &[Evidence], source: &ByteSource) -> Result<()> {
        let mut first_error: Option<Error> = None;
        for (&index, evidence) in columns.iter().zip(found) {
            let State::Proposed(proposed) = &self.columns[index].state else { continue };
            let text = DataType::String;
            match settle(proposed.as_ref().unwrap_or(&text), proposed.is_none(), evidence) {
                Ok(inferred) => {
                    let has_values = evidence.n_values > 0;
                    self.settle_as(index, Some(inferred.dtype), has_values);
                }
                Err(_) if self.strictness == Strictness::Lenient => {
                    let dtype =
                        settle_leniently(proposed.as_ref().unwrap_or(&text), proposed.is_none(), evidence);
                    self.settle_as(index, Some(dtype), true);
                }
                Err(found) => {
                    let (bytes, line, offset) = self.around(found.offset, source)?;
                    let name = &self.dialect.names[index];
                    let found = Contradiction { offset: found.offset - offset, ..found };
                    let error = place::contradiction(&bytes, &self.dialect, name, &found);
                    let error = error.moved(0, line - 1, offset as u64);
                    if first_error.as_ref().is_none_or(|first| error.position().byte < first.position().byte)
                    {
                        first_error = Some(error);
                    }
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// The bytes from the start of a piece on that hold the cell at `offset`, with the line and the offset of that start.
    pub(super) fn around(&self, offset: usize, source: &ByteSource) -> Result<(Vec<u8>, u64, usize)> {
        let behind = self.marks.partition_point(|(start, _)| *start <= offset as u64);
        let (start, line) = self.marks.get(behind.saturating_sub(1)).copied().unwrap_or((0, 1));
        let mut end = offset as u64 + SAMPLE_BYTES as u64;
        let mut bytes = source.range(start..end)?;
        // The cell may be a large one.
        while complete_record_end(&bytes, offset - start as usize, self.dialect.delimiter).is_none()
            && start + bytes.len() as u64 == end
            && bytes.len() < self.sizes.largest_row * 2
        {
            end += bytes.len() as u64;
            bytes = source.range(start..end)?;
        }
        Ok((bytes, line, start as usize))
    }
}
