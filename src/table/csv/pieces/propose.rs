//! What the first rows of a file propose.

use polars::prelude::DataType;

use crate::error::{Error, Result};

use super::super::super::dtype::dtype_name;
use super::super::super::format::Format;
use super::super::super::pieces::{ByteSource, Strictness};
use super::super::super::read_options::ReadOptions;
use super::super::build::builder;
use super::super::cut::{Cutter, PieceSizes, complete_record_end};
use super::super::dialect::after_mark;
use super::super::infer::{Contradiction, propose};
use super::super::kind::Evidence;
use super::super::place;
use super::super::read::SAMPLE_ROWS;
use super::super::scan::blank_line;
use super::{CsvColumn, CsvFindings, CsvLook, CsvPieces, State};

impl CsvPieces {
    /// What the first rows propose.
    pub(super) fn propose(
        &mut self,
        source: &mut ByteSource,
        check_cancelled: &dyn Fn() -> Result<()>,
    ) -> Result<Vec<CsvColumn>> {
        let mut columns: Vec<CsvColumn> = Vec::new();
        for name in self.dialect.names.iter() {
            let state = match self.options.dtype_of(name) {
                Some(dtype) if !matches!(dtype, DataType::List(_)) && builder(dtype).is_none() => {
                    let message = format!("a CSV cell cannot hold {}", dtype_name(dtype));
                    return Err(Error::invalid_option("dtype", message).in_column(name.as_str()));
                }
                Some(dtype) => State::Given(dtype.clone()),
                None => State::Proposed(None),
            };
            columns.push(CsvColumn { state, sample: None });
        }
        let guessed: Vec<usize> = self
            .selection
            .iter()
            .copied()
            .filter(|index| matches!(columns[*index].state, State::Proposed(_)))
            .collect();
        if guessed.is_empty() {
            return Ok(columns);
        }
        let sample = self.sample(source, &guessed, check_cancelled)?;
        for (&index, evidence) in guessed.iter().zip(&sample) {
            let column = &mut columns[index];
            column.sample = Some(Box::new(evidence.clone()));
            match propose(evidence) {
                Ok(dtype) => column.state = State::Proposed((evidence.n_values > 0).then_some(dtype)),
                Err(found) => {
                    column.state = State::Proposed(Some(found.wanted.clone()));
                    if self.strictness == Strictness::Lenient {
                        continue;
                    }
                    let (bytes, line, offset) = self.around(found.offset, source)?;
                    let name = &self.dialect.names[index];
                    let found = Contradiction { offset: found.offset - offset, ..found };
                    let error = place::contradiction(&bytes, &self.dialect, name, &found);
                    self.contradictions.push((index, error.moved(0, line - 1, offset as u64)));
                }
            }
        }
        Ok(columns)
    }

    /// What some columns look like in the first rows.
    fn sample(
        &mut self,
        source: &mut ByteSource,
        columns: &[usize],
        check_cancelled: &dyn Fn() -> Result<()>,
    ) -> Result<Vec<Evidence>> {
        let n_rows = self.options.limit.map_or(SAMPLE_ROWS, |limit| SAMPLE_ROWS.min(limit as u64));
        // No more is read than it takes: of a pipe there may be nothing more for a while, and of a file the rows of a larger piece
        // that are none of the first ones would have been read for nothing.
        const STEP: usize = 64 << 10;
        let sizes = PieceSizes { target: STEP, ..self.sizes };
        if source.is_read_once() {
            let mut cutter =
                Cutter::new(source.sample()?, &self.dialect, sizes, Some(n_rows as usize)).of_sample();
            let mut n_there = 0;
            while let Some(piece) = cutter.next_piece()? {
                n_there += piece.n_rows;
            }
            if n_there < n_rows {
                source.make_repeatable(check_cancelled)?;
            }
        }
        let stream = if source.is_read_once() { source.sample()? } else { source.stream()? };
        let mut cutter = Cutter::new(stream, &self.dialect, sizes, Some(n_rows as usize));
        if source.is_read_once() {
            cutter = cutter.of_sample();
        }
        let mut all = vec![Evidence::default(); columns.len()];
        while let Some(piece) = cutter.next_piece()? {
            check_cancelled()?;
            self.marks.push((piece.offset, piece.line));
            let CsvFindings::Cells(found) = self.look(&CsvLook::Cells(columns.to_vec()), &piece)? else {
                continue;
            };
            all.iter_mut().zip(&found).for_each(|(all, found)| all.merge(found));
        }
        Ok(all)
    }
}

/// The first bytes of a file, so many that the delimiter and the header can be told from them.
pub(super) fn head(source: &ByteSource, options: &ReadOptions, most: usize) -> Result<Vec<u8>> {
    const FIRST: usize = 64 * 1024;
    let mut wanted = FIRST;
    loop {
        let (bytes, ends) = source.prefix(wanted)?;
        if ends || bytes.len() < wanted || wanted >= most || tells(&bytes, source.format, options) {
            return Ok(bytes);
        }
        wanted *= 4;
    }
}

/// Whether the first bytes of a file hold so many records that no more are looked at for the delimiter.
fn tells(bytes: &[u8], format: Format, options: &ReadOptions) -> bool {
    const RECORDS: usize = 101;
    let (delimiters, n_records): (&[u8], usize) = match (options.delimiter, format) {
        (Some(_), _) | (None, Format::Tsv) => (b"\t", 1),
        (None, _) => (b",;\t|", RECORDS),
    };
    let delimiters = options.delimiter.as_slice().iter().chain(delimiters);
    let mut start = after_mark(bytes);
    while let Some(length) = blank_line(bytes, start) {
        start += length;
    }
    let holds = |delimiter: u8| {
        let mut position = start;
        let mut n_found = 0;
        while n_found < n_records {
            match blank_line(bytes, position) {
                Some(length) => position += length,
                None => match complete_record_end(bytes, position, delimiter) {
                    Some(end) => {
                        position = end;
                        n_found += 1;
                    }
                    None => return false,
                },
            }
        }
        true
    };
    delimiters.copied().all(holds)
}
