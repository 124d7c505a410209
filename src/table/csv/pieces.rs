//! A CSV file read piece by piece: what it holds is settled in a first pass, its rows are read in a second one.
//!
//! The first pass is over the columns whose dtypes the first rows only propose, and keeps nothing of them. What it says,
//! dtypes and errors alike, is what [`read`](super::read) says of the whole file.

use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::{Column, DataFrame, DataType, PlSmallStr, Schema, Series};

use crate::error::{Error, Result};

use super::super::dtype::dtype_name;
use super::super::format::Format;
use super::super::list::parse_list_column;
use super::super::pieces::{Buffers, ByteSource, Place, ReadRows, Strictness, TextPiece};
use super::super::read_options::ReadOptions;
use super::build::builder;
use super::chunk::{Wanted, build_chunk};
use super::cut::{Cutter, PieceSizes, complete_record_end};
use super::dialect::{Dialect, after_mark};
use super::evidence::look_at;
use super::infer::{propose, settle, settle_leniently};
use super::kind::Evidence;
use super::lenient::{build_leniently, look_leniently, records};
use super::place;
use super::plain::{Plain, check_plain, is_plain, read_plain};
use super::read::SAMPLE_ROWS;
use super::rows::{Nulls, Rows};
use super::scan::{blank_line, line_at};

/// A CSV file of which the header and the first rows are known.
pub(crate) struct CsvPieces {
    pub(super) dialect: Dialect,
    /// What stands before the first row.
    pub(super) header: Vec<u8>,
    options: ReadOptions,
    sizes: PieceSizes,
    strictness: Strictness,
    /// The columns of the file.
    columns: Vec<CsvColumn>,
    /// The columns that are wanted of it.
    selection: Vec<usize>,
    /// Where the pieces of the first pass begin, and in which lines.
    marks: Vec<(u64, u64)>,
    buffers: Buffers,
    n_pieces_by_cell: AtomicU64,
}

struct CsvColumn {
    state: State,
    /// Why the first rows propose nothing.
    contradiction: Option<Error>,
}

/// What is known of a column's dtype.
#[derive(Clone, Debug)]
enum State {
    /// A person gave it.
    Given(DataType),
    /// The first rows propose it; without a dtype, they hold no value.
    Proposed(Option<DataType>),
    /// All rows have been looked at; without a dtype, none holds a value.
    Settled { dtype: Option<DataType>, has_values: bool },
}

impl State {
    fn is_proposed(&self) -> bool {
        matches!(self, Self::Proposed(_))
    }
}

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
    /// Looks at the header and the first rows.
    pub(in crate::table) fn open(
        source: &mut ByteSource,
        options: &ReadOptions,
        sizes: PieceSizes,
        strictness: Strictness,
        check_cancelled: &dyn Fn() -> Result<()>,
    ) -> Result<Self> {
        let head = head(source, options, sizes.largest_row)?;
        let dialect = Dialect::find(&head, source.format, options)?;
        let selection = options.selection(&dialect.names)?;
        let header = head[..dialect.body.min(head.len())].to_vec();
        let mut pieces = Self {
            dialect,
            header,
            options: options.clone(),
            sizes,
            strictness,
            columns: Vec::new(),
            selection,
            marks: Vec::new(),
            buffers: Buffers::default(),
            n_pieces_by_cell: AtomicU64::new(0),
        };
        pieces.columns = pieces.propose(source, check_cancelled)?;
        Ok(pieces)
    }

    /// The columns wanted, with their dtypes as far as they are known.
    pub(in crate::table) fn schema(&self) -> Schema {
        let fields = self.selection.iter().map(|&index| {
            let dtype = match &self.columns[index].state {
                State::Given(dtype) | State::Proposed(Some(dtype)) => dtype.clone(),
                State::Settled { dtype: Some(dtype), .. } => dtype.clone(),
                State::Proposed(None) | State::Settled { dtype: None, .. } => DataType::String,
            };
            (PlSmallStr::from_str(&self.dialect.names[index]), dtype)
        });
        fields.collect()
    }

    /// Whether a column's first rows hold no value, so that nothing is proposed.
    pub(in crate::table) fn is_unknown(&self, name: &str) -> bool {
        self.index(name).is_some_and(|index| matches!(self.columns[index].state, State::Proposed(None)))
    }

    /// Whether a column is known to hold no value at all; `None` where nobody has looked.
    pub(in crate::table) fn has_values(&self, name: &str) -> Option<bool> {
        match self.columns[self.index(name)?].state {
            State::Settled { has_values, .. } => Some(has_values),
            _ => None,
        }
    }

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
            if let Some(error) = self.columns[index].contradiction.take() {
                return Err(error);
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

    /// Whether something of these columns must be looked for in all rows, or their first rows be trusted.
    pub(in crate::table) fn is_proposed<'n>(
        &self,
        mut columns: impl Iterator<Item = &'n PlSmallStr>,
    ) -> bool {
        columns.any(|name| self.index(name).is_some_and(|index| self.columns[index].state.is_proposed()))
    }

    /// Whether rows of these columns can be read as the first rows propose: a cell that asks for something else then shows
    /// itself as an error.
    pub(in crate::table) fn may_be_trusted<'n>(
        &self,
        mut columns: impl Iterator<Item = &'n PlSmallStr>,
    ) -> bool {
        columns.all(|name| {
            self.index(name).is_none_or(|index| {
                let CsvColumn { state, contradiction } = &self.columns[index];
                contradiction.is_none() && !matches!(state, State::Proposed(None))
            })
        })
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

    /// Makes a column that its first rows made text one of this dtype, to be settled once more.
    pub(in crate::table) fn propose_instead(&mut self, name: &str, dtype: &DataType) {
        if let Some(index) = self.index(name)
            && matches!(self.columns[index].state, State::Proposed(_) | State::Settled { .. })
        {
            self.columns[index].state = State::Proposed(Some(dtype.clone()));
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
                        self.columns[wanted.index].state = State::Settled { dtype: wanted.dtype, has_values };
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
                    self.columns[index].state = State::Settled { dtype, has_values: false };
                }
                Ok(None)
            }
            (CsvLook::Cells(_), _) => Ok(None),
        }
    }

    /// The rows of the file, from the first one or from a place on.
    pub(in crate::table) fn cutter(
        &self,
        source: &ByteSource,
        target: usize,
        from: Option<Place>,
    ) -> Result<Cutter> {
        let sizes = PieceSizes { target, ..self.sizes };
        let limit = self.options.limit;
        let cutter = match from {
            Some(place) => {
                Cutter::new(source.stream_from(place.offset)?, &self.dialect, sizes, limit).from(place)
            }
            None => Cutter::new(source.stream()?, &self.dialect, sizes, limit),
        };
        Ok(cutter.with_buffers(&self.buffers))
    }

    /// The columns of these names in one piece, in the order of the names, and what is wrong with its rows.
    ///
    /// # Errors
    /// What is wrong with the rows, with its place in the file, unless they are read leniently; then a quotation mark that is
    /// never closed.
    pub(in crate::table) fn read_rows(&self, piece: &TextPiece, names: &[PlSmallStr]) -> Result<ReadRows> {
        match self.read(piece, names) {
            Err(_) if self.strictness == Strictness::Lenient => self.read_leniently(piece, names),
            read => read.map(ReadRows::from),
        }
    }

    fn read_leniently(&self, piece: &TextPiece, names: &[PlSmallStr]) -> Result<ReadRows> {
        let wanted = self.wanted(names)?;
        let wanted: Vec<&Wanted> = wanted.iter().collect();
        let chunk = build_leniently(&self.rows(piece), &self.dialect.names, &wanted, &self.nulls());
        let chunk = chunk.map_err(|error| piece.place(error))?;
        let columns = chunk.columns.into_iter().map(Column::from).collect();
        let frame = DataFrame::new(chunk.n_rows, columns).map_err(Error::engine)?;
        Ok(ReadRows { frame, rows: chunk.rows, flaws: chunk.flaws })
    }

    fn wanted(&self, names: &[PlSmallStr]) -> Result<Vec<Wanted>> {
        let wanted = names.iter().map(|name| {
            let index = self
                .index(name)
                .ok_or_else(|| Error::column_not_found(name.as_str(), &self.dialect.names))?;
            let (dtype, guessed) = match &self.columns[index].state {
                State::Given(dtype) => (Some(dtype.clone()), false),
                State::Proposed(dtype) | State::Settled { dtype, .. } => (dtype.clone(), true),
            };
            Ok(Wanted { index, dtype, guessed })
        });
        wanted.collect()
    }

    fn read(&self, piece: &TextPiece, names: &[PlSmallStr]) -> Result<DataFrame> {
        let wanted = self.wanted(names)?;
        let (plain, general) = self.ways(&wanted);
        let read = match plain.is_empty() {
            true => None,
            false => read_plain(piece, &self.dialect, &plain),
        };
        let (numbers, general) = match read {
            Some(Plain::Columns(numbers)) => (numbers, general),
            _ => (Vec::new(), wanted.iter().collect()),
        };
        let mut built = Vec::new();
        let mut n_rows = numbers.first().map_or(0, |series| series.len());
        if !general.is_empty() || numbers.is_empty() {
            self.n_pieces_by_cell.fetch_add(1, Ordering::Relaxed);
            let chunk = build_chunk(&self.rows(piece), &self.dialect.names, &general, &self.nulls());
            let chunk = chunk.map_err(|error| piece.place(error))?;
            n_rows = chunk.n_rows as usize;
            built = chunk.columns;
        }
        let (mut numbers, mut built) = (numbers.into_iter(), built.into_iter());
        let mut columns = Vec::with_capacity(wanted.len());
        let mut first_error: Option<Error> = None;
        for wanted in &wanted {
            let is_read = is_plain(wanted) && !numbers.as_slice().is_empty();
            let series = if is_read { numbers.next().map(Ok) } else { built.next() };
            let Some(series) = series else { return Err(Error::engine("a column was not read")) };
            match series {
                Ok(series) => columns.push(Column::from(self.to_list(series, wanted, piece)?)),
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
            None => DataFrame::new(n_rows, columns).map_err(Error::engine),
        }
    }

    /// How many pieces have been read cell by cell so far, since there was something in them but plain numbers.
    pub(crate) fn n_pieces_by_cell(&self) -> u64 {
        self.n_pieces_by_cell.load(Ordering::Relaxed)
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

    pub(super) fn rows<'a>(&'a self, piece: &'a TextPiece) -> Rows<'a> {
        Rows { bytes: &piece.bytes, start: 0, dialect: &self.dialect }
    }

    /// The columns that may be read in one pass over the bytes, and those that may not.
    fn ways<'w>(&self, wanted: &'w [Wanted]) -> (Vec<&'w Wanted>, Vec<&'w Wanted>) {
        match self.options.null_values.is_empty() {
            true => wanted.iter().partition(|wanted| is_plain(wanted)),
            false => (Vec::new(), wanted.iter().collect()),
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.selection.iter().copied().find(|index| self.dialect.names[*index] == name)
    }

    fn nulls(&self) -> Nulls<'_> {
        Nulls { texts: &self.options.null_values }
    }

    /// What the first rows propose.
    fn propose(
        &mut self,
        source: &mut ByteSource,
        check_cancelled: &dyn Fn() -> Result<()>,
    ) -> Result<Vec<CsvColumn>> {
        let mut columns: Vec<CsvColumn> = Vec::new();
        for name in &self.dialect.names {
            let state = match self.options.dtype_of(name) {
                Some(dtype) if !matches!(dtype, DataType::List(_)) && builder(dtype).is_none() => {
                    let message = format!("a CSV cell cannot hold {}", dtype_name(dtype));
                    return Err(Error::invalid_option("dtype", message).in_column(name.as_str()));
                }
                Some(dtype) => State::Given(dtype.clone()),
                None => State::Proposed(None),
            };
            columns.push(CsvColumn { state, contradiction: None });
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
            match propose(evidence) {
                Ok(dtype) => column.state = State::Proposed((evidence.n_values > 0).then_some(dtype)),
                Err(found) => {
                    column.state = State::Proposed(Some(found.wanted.clone()));
                    if self.strictness == Strictness::Lenient {
                        continue;
                    }
                    let (bytes, line, offset) = self.around(found.offset, source)?;
                    let name = &self.dialect.names[index];
                    let found = super::infer::Contradiction { offset: found.offset - offset, ..found };
                    let error = place::contradiction(&bytes, &self.dialect, name, &found);
                    column.contradiction = Some(error.moved(0, line - 1, offset as u64));
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
        let sizes = PieceSizes { target: SAMPLE_BYTES.max(self.sizes.target), ..self.sizes };
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

    /// The dtypes of columns of which all cells are known.
    fn settle(&mut self, columns: &[usize], found: &[Evidence], source: &ByteSource) -> Result<()> {
        let mut first_error: Option<Error> = None;
        for (&index, evidence) in columns.iter().zip(found) {
            let State::Proposed(proposed) = &self.columns[index].state else { continue };
            let text = DataType::String;
            match settle(proposed.as_ref().unwrap_or(&text), proposed.is_none(), evidence) {
                Ok(inferred) => {
                    let has_values = evidence.n_values > 0;
                    self.columns[index].state = State::Settled { dtype: Some(inferred.dtype), has_values };
                }
                Err(_) if self.strictness == Strictness::Lenient => {
                    let dtype =
                        settle_leniently(proposed.as_ref().unwrap_or(&text), proposed.is_none(), evidence);
                    self.columns[index].state = State::Settled { dtype: Some(dtype), has_values: true };
                }
                Err(found) => {
                    let (bytes, line, offset) = self.around(found.offset, source)?;
                    let name = &self.dialect.names[index];
                    let found = super::infer::Contradiction { offset: found.offset - offset, ..found };
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
    fn around(&self, offset: usize, source: &ByteSource) -> Result<(Vec<u8>, u64, usize)> {
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

    /// The error of a cell, at an offset in some bytes, that is no value of its column's dtype.
    fn mismatch(&self, wanted: &Wanted, offset: usize, bytes: &[u8]) -> Error {
        let name = &self.dialect.names[wanted.index];
        match &self.columns[wanted.index].state {
            State::Settled { .. } => super::super::pieces::changed(),
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

/// How many bytes the first rows are read in.
const SAMPLE_BYTES: usize = 1 << 20;

/// The first bytes of a file, so many that the delimiter and the header can be told from them.
fn head(source: &ByteSource, options: &ReadOptions, most: usize) -> Result<Vec<u8>> {
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
