//! The inputs of a run, opened.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::{DataType, PlSmallStr, Schema};

use super::super::known::Known;
use super::super::memory::{Sizes, is_more_than_cached};
use super::super::resume::InputPlace;
use crate::apply::ApplyOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::{Fault, OnError};
use crate::files::ReadBehind;
use crate::pool::{Budget, Order, Permit, run_ordered};
use crate::progress::RunStatus;
use crate::report::{InputKind, Recorder, Stage};
use crate::table::pieces::{
    Buffers, Findings, GROWTH, Integers, Look, OpenInput, OpenOptions, Piece, PieceCutter, PieceSizes,
    ReadRows, Seen, Sighting, Strictness, Trust, Watch,
};
use crate::table::{Compression, Format, Input, MatrixOptions, ReadOptions, cast_to_joined, join_schemas};

/// The inputs of a run, opened.
pub(super) struct Sources {
    /// What the run notes on its way.
    pub(super) recorder: Arc<Recorder>,
    pub(super) inputs: Vec<OpenInput>,
    pub(super) read: ReadOptions,
    pub(super) sizes: Sizes,
    /// Whether the size of a piece was given, and is not to be fitted to the inputs.
    pub(super) is_given: bool,
    /// What becomes of rows that cannot be read.
    pub(super) strictness: Strictness,
    /// How many rows each input has, where that is known.
    n_rows: Vec<Option<u64>>,
    /// The rows that have been taken in the run that was begun last, and their bytes.
    n_rows_taken: AtomicU64,
    n_bytes_taken: AtomicU64,
}

/// A piece of one of the inputs.
pub(super) struct Job {
    /// Which input.
    pub(super) input: usize,
    pub(super) piece: Piece,
    /// The index of the first row of the piece among the rows of all inputs.
    pub(super) first_row: u64,
    /// The bytes of the input, as it lies there, that it stands for.
    pub(super) n_bytes: u64,
}

impl Sources {
    /// Opens the inputs.
    pub(super) fn open(
        inputs: &[Input],
        read: &ReadOptions,
        sizes: Sizes,
        is_given: bool,
        apply: &ApplyOptions,
        recorder: &Arc<Recorder>,
    ) -> Result<Self> {
        if inputs.is_empty() {
            return Err(Error::new(ErrorKind::Empty { message: "no input is given".into() }));
        }
        let check_cancelled = || apply.check_cancelled();
        let strictness = match apply.on_error() {
            OnError::Fail => Strictness::Strict,
            _ => Strictness::Lenient,
        };
        let mut opened: Vec<OpenInput> = Vec::with_capacity(inputs.len());
        let mut left = read.clone();
        let buffers = Buffers::default();
        // What is kept of all of them together.
        let mut in_memory = sizes.kept;
        for (index, input) in inputs.iter().enumerate() {
            let options = OpenOptions {
                read: &left,
                sizes: PieceSizes {
                    target: sizes.piece,
                    largest_row: sizes.largest_row,
                    most_rows: sizes.most_rows,
                },
                strictness,
                in_memory,
                buffers: &buffers,
                check_cancelled: &check_cancelled,
            };
            let mut input = OpenInput::open(input, &options)?;
            if inputs.len() > 1 {
                input.be_one_of_many(opened.last(), in_memory);
            }
            in_memory = in_memory.saturating_sub(input.n_bytes_kept());
            if let (Some(limit), true) = (left.limit(), index + 1 < inputs.len()) {
                input.make_repeatable(&check_cancelled)?;
                left = left.with_limit(limit - input.count_rows()? as usize);
            }
            opened.push(input);
            if left.limit() == Some(0) {
                break;
            }
        }
        read.check_formats(opened.iter().map(OpenInput::format))?;
        let n_bytes: u64 = opened.iter().map(OpenInput::n_bytes).sum();
        // Of fewer bytes nothing is given up, and how much memory there is need not be looked up.
        if n_bytes > ReadBehind::KEPT && is_more_than_cached(n_bytes) {
            opened.iter().for_each(OpenInput::keep_nothing_behind);
        }
        let n_rows = opened.iter().map(OpenInput::n_rows).collect();
        let recorder = Arc::clone(recorder);
        Ok(Self {
            recorder,
            inputs: opened,
            read: read.clone(),
            sizes,
            is_given,
            strictness,
            n_rows,
            n_rows_taken: AtomicU64::default(),
            n_bytes_taken: AtomicU64::default(),
        })
    }

    /// A random matrix.
    pub(super) fn matrix(
        options: &MatrixOptions,
        sizes: Sizes,
        is_given: bool,
        recorder: &Arc<Recorder>,
    ) -> Result<Self> {
        let input = OpenInput::matrix(options, sizes.largest_row, sizes.most_rows)?;
        let n_rows = vec![input.n_rows()];
        let (inputs, read, strictness) = (vec![input], ReadOptions::default(), Strictness::Strict);
        let recorder = Arc::clone(recorder);
        Ok(Self {
            recorder,
            inputs,
            read,
            sizes,
            is_given,
            strictness,
            n_rows,
            n_rows_taken: AtomicU64::default(),
            n_bytes_taken: AtomicU64::default(),
        })
    }

    /// The columns, with their dtypes as far as they are known; those of `settled` are.
    pub(super) fn schema(&self, settled: &[PlSmallStr]) -> Result<Schema> {
        join_schemas(&self.inputs, settled)
    }

    /// The names of the columns of which nothing is known yet in one of the inputs.
    pub(super) fn unknown(&self, schema: &Schema) -> Vec<PlSmallStr> {
        let is_unknown = |name: &&PlSmallStr| self.inputs.iter().any(|input| input.is_unknown(name));
        schema.iter_names().filter(is_unknown).cloned().collect()
    }

    /// Looks through the inputs for what is to be known of some columns before their rows are read; `false` when all is.
    pub(super) fn look(&mut self, columns: &[PlSmallStr], apply: &ApplyOptions) -> Result<bool> {
        let mut has_looked = false;
        for index in 0..self.inputs.len() {
            let mut next = self.inputs[index].next_look(columns)?;
            while let Some(look) = next {
                has_looked = true;
                self.inputs[index].make_repeatable(&|| apply.check_cancelled())?;
                next = self.look_through(index, look, apply)?;
            }
            if let Some((before, [input, ..])) = self.inputs.split_at_mut_checked(index)
                && let Some(before) = before.last()
            {
                input.be_one_of_many(Some(before), usize::MAX);
            }
        }
        Ok(has_looked)
    }

    /// What is known of all rows of the inputs.
    pub(super) fn known(&self) -> Known {
        Known::new(&self.read, self.inputs.iter().map(OpenInput::known).collect())
    }

    /// Takes what an earlier run knew of the same inputs.
    pub(super) fn know(&mut self, known: &Known) {
        let known = known.of(&self.read, self.inputs.len());
        self.inputs.iter_mut().zip(known).for_each(|(input, known)| input.know(known));
    }

    /// What is known of some columns in all inputs before the rows are looked through.
    pub(super) fn trust(&self, columns: &[PlSmallStr]) -> Trust {
        self.inputs.iter().map(|input| input.trust(columns)).max().unwrap_or(Trust::Known)
    }

    fn look_through(&mut self, index: usize, look: Look, apply: &ApplyOptions) -> Result<Option<Look>> {
        let mut status =
            RunStatus { is_looking: true, n_bytes_in_all: self.n_bytes_in_all(), ..RunStatus::default() };
        status.n_bytes = self.inputs[..index].iter().map(OpenInput::n_bytes).sum();
        let mut found = Vec::new();
        let target = self.piece_bytes(index, apply.n_threads());
        // To start threads for each of thousands of small inputs takes longer than to look through them.
        match self.inputs[index].n_unpacked_bytes() {
            Some(n_bytes) if n_bytes <= target as u64 => {
                self.look_here(index, &look, apply, &mut status, &mut found)?;
            }
            _ => self.look_on_threads(index, &look, apply, &mut status, &mut found)?,
        }
        self.n_rows[index] = Some(status.n_rows);
        let input = &mut self.inputs[index];
        let mut all = None;
        for ((offset, line), findings) in found {
            all = Some(input.gather(all, findings, offset, line));
        }
        input.conclude(look, all)
    }

    /// Looks through an input on the calling thread.
    fn look_here(
        &self,
        index: usize,
        look: &Look,
        apply: &ApplyOptions,
        status: &mut RunStatus,
        found: &mut Vec<((u64, u64), Findings)>,
    ) -> Result<()> {
        let input = &self.inputs[index];
        let mut n_seen = 0;
        let mut cutter = input.cutter(self.piece_bytes(index, apply.n_threads()), &[])?;
        while let Some(piece) = cutter.next_piece().map_err(|error| error.in_file(input.label()))? {
            apply.check_cancelled()?;
            status.n_rows += piece.n_rows();
            status.n_bytes += input.n_bytes_of(&piece, &mut n_seen);
            found.push((piece.start(), input.look(look, &piece)?));
        }
        apply.tell(status);
        Ok(())
    }

    /// Looks through an input on all threads.
    fn look_on_threads(
        &self,
        index: usize,
        look: &Look,
        apply: &ApplyOptions,
        status: &mut RunStatus,
        found: &mut Vec<((u64, u64), Findings)>,
    ) -> Result<()> {
        let target = self.piece_bytes(index, apply.n_threads());
        let budget = Budget::new(self.sizes.in_flight);
        let input = &self.inputs[index];
        let mut n_seen = 0;
        let mut cutter = input.cutter(target, &[])?;
        let flow = run_ordered(
            apply.n_threads(),
            Order::Items,
            &|| apply.check_cancelled(),
            |is_over| {
                let piece = cut(&mut cutter, input, target, &budget, is_over, None)?;
                Ok(piece.map(|(piece, permit)| ((input.n_bytes_of(&piece, &mut n_seen), piece), permit)))
            },
            |(n_bytes, piece): (u64, Piece), _| {
                (n_bytes, piece.start(), piece.n_rows(), input.look(look, &piece))
            },
            |(n_bytes, start, n_rows, findings), _permit| {
                status.n_rows += n_rows;
                status.n_bytes += n_bytes;
                status.n_bytes_in_flight = budget.used();
                apply.tell(status);
                found.push((start, findings?));
                Ok(ControlFlow::Continue(()))
            },
        )?;
        self.recorder.looked(flow);
        Ok(())
    }

    /// How many pieces have been read cell by cell so far.
    pub(super) fn n_pieces_by_cell(&self) -> u64 {
        self.inputs.iter().filter_map(|input| input.csv()).map(|csv| csv.n_pieces_by_cell()).sum()
    }

    /// The same status with what has been taken by now.
    pub(super) fn with_taken(&self, status: RunStatus) -> RunStatus {
        RunStatus {
            n_rows_taken: self.n_rows_taken.load(Ordering::Relaxed),
            n_bytes_taken: self.n_bytes_taken.load(Ordering::Relaxed),
            ..status
        }
    }

    /// How many rows there are, where that is known.
    pub(super) fn n_rows(&self) -> Option<u64> {
        self.n_rows.iter().copied().sum()
    }

    /// How many bytes there are as they lie there, where that is known.
    pub(super) fn n_bytes_in_all(&self) -> Option<u64> {
        self.inputs.iter().map(OpenInput::n_bytes_in_all).sum()
    }

    /// How many bytes the pieces of an input have.
    fn piece_bytes(&self, index: usize, n_threads: usize) -> usize {
        self.sizes.piece_of(self.inputs[index].n_unpacked_bytes(), n_threads, self.is_given)
    }

    /// Gives the pieces of all inputs, one after the other.
    pub(super) fn jobs<'s>(
        &'s self,
        n_threads: usize,
        budget: &'s Arc<Budget>,
        columns: &'s [PlSmallStr],
        from: Option<InputPlace>,
    ) -> impl FnMut(&dyn Fn() -> bool) -> Result<Option<(Job, Permit)>> + Send + 's {
        let InputPlace { input: mut index, rows_before: mut n_rows_before, place } = from.unwrap_or_default();
        let mut n_rows = n_rows_before + place.row;
        self.n_rows_taken.store(n_rows, Ordering::Relaxed);
        self.n_bytes_taken.store(0, Ordering::Relaxed);
        let mut from = from.map(|from| from.place);
        let mut n_seen = 0;
        let mut current: Option<PieceCutter> = None;
        move |is_over| {
            loop {
                let Some(input) = self.inputs.get(index) else { return Ok(None) };
                let target = self.piece_bytes(index, n_threads);
                let mut cutter = match current.take() {
                    Some(cutter) => cutter,
                    None => input.cutter_from(target, columns, from.take())?,
                };
                let cut = cut(&mut cutter, input, target, budget, is_over, Some(&self.recorder))?;
                if let Some((piece, permit)) = cut {
                    current = Some(cutter);
                    let first_row = n_rows_before + piece.first_row();
                    n_rows = first_row + piece.n_rows();
                    let n_bytes = input.n_bytes_of(&piece, &mut n_seen);
                    self.n_rows_taken.store(n_rows, Ordering::Relaxed);
                    self.n_bytes_taken.fetch_add(n_bytes, Ordering::Relaxed);
                    return Ok(Some((Job { input: index, piece, first_row, n_bytes }, permit)));
                }
                if is_over() {
                    return Ok(None);
                }
                input.check_unchanged()?;
                n_rows_before = n_rows;
                n_seen = 0;
                index += 1;
            }
        }
    }

    /// Makes a column that its first rows made text one of this dtype in all inputs, to be settled once more.
    pub(super) fn propose_instead(&mut self, column: &str, dtype: &DataType) {
        self.inputs.iter_mut().for_each(|input| input.propose_instead(column, dtype));
    }

    /// What the rows come out of: the kind of the largest input.
    pub(super) fn kind(&self) -> InputKind {
        let Some(largest) = self.inputs.iter().max_by_key(|input| input.n_bytes()) else {
            return InputKind::Memory;
        };
        match (largest.compression(), largest.format()) {
            _ if largest.is_generated() => InputKind::Generated,
            (Compression::Gzip, _) => InputKind::Packed("gzip"),
            (Compression::Zstd, _) => InputKind::Packed("zstd"),
            (Compression::None, Format::IpcStream) => InputKind::ArrowStream,
            (Compression::None, _) if largest.is_regular() => InputKind::File,
            (Compression::None, _) => InputKind::Pipe,
        }
    }

    /// The columns of a piece, in the dtypes that hold the values of all inputs, and what is wrong with its rows.
    pub(super) fn read(&self, job: &Job, columns: &[PlSmallStr], schema: &Schema) -> Result<ReadRows> {
        self.read_as(job, columns, schema, Integers::AsWide)
    }

    /// The same; columns of integers may come narrower.
    pub(super) fn read_as(
        &self,
        job: &Job,
        columns: &[PlSmallStr],
        schema: &Schema,
        integers: Integers,
    ) -> Result<ReadRows> {
        let ReadRows { frame, rows, flaws } = self.inputs[job.input].read(&job.piece, columns, integers)?;
        let frame = cast_to_joined(frame, schema, integers, &self.inputs, job.input)?;
        Ok(ReadRows { frame, rows, flaws })
    }

    /// The columns of a piece of CSV whose dtypes are only proposed, by these dtypes.
    pub(super) fn read_watched(
        &self,
        job: &Job,
        columns: &[PlSmallStr],
        schema: &Schema,
        watch: &Watch,
        integers: Integers,
    ) -> Result<Seen> {
        self.inputs[job.input].read_watched(&job.piece, columns, schema, watch, integers)
    }

    /// What the cells of such columns look like in a piece.
    pub(super) fn sight(&self, job: &Job, watch: &Watch) -> Result<Sighting> {
        self.inputs[job.input].sight(&job.piece, watch)
    }

    /// Whether any input can be read once only.
    pub(super) fn are_read_once(&self) -> bool {
        self.inputs.iter().any(OpenInput::is_read_once)
    }

    /// Makes all inputs ones that can be read more than once.
    pub(super) fn make_repeatable(&mut self, apply: &ApplyOptions) -> Result<()> {
        let check_cancelled = || apply.check_cancelled();
        self.inputs.iter_mut().try_for_each(|input| input.make_repeatable(&check_cancelled))
    }

    /// Adds the file, and for a text file the line, to an error that knows its row among those of all inputs.
    pub(super) fn locate(&self, error: Error, job: &Job) -> Error {
        let Some(row) = error.position().row else { return error };
        let Some(row) = row.checked_sub(job.first_row) else { return error };
        let input = &self.inputs[job.input];
        error.placed(input.input.path(), input.lines_of(&job.piece, &[row])[0])
    }

    /// Adds their places to faults of a piece.
    pub(super) fn place(&self, faults: &mut [Fault], job: &Job) {
        if faults.is_empty() {
            return;
        }
        let input = &self.inputs[job.input];
        let rows: Vec<u64> = faults.iter().map(|fault| fault.row - job.first_row).collect();
        let lines = input.lines_of(&job.piece, &rows);
        for (fault, line) in faults.iter_mut().zip(lines) {
            fault.line = line;
            fault.file = input.input.path().map(|path| path.to_path_buf());
        }
    }
}

/// The next piece of an input, with a permit for what becomes of it. To wait for that is no part of reading.
fn cut(
    cutter: &mut PieceCutter,
    input: &OpenInput,
    target: usize,
    budget: &Arc<Budget>,
    is_over: &dyn Fn() -> bool,
    recorder: Option<&Recorder>,
) -> Result<Option<(Piece, Permit)>> {
    let Some(mut permit) = budget.acquire(target as u64 * GROWTH, is_over) else { return Ok(None) };
    let piece = match recorder {
        Some(recorder) => recorder.time(Stage::Read, || cutter.next_piece()),
        None => cutter.next_piece(),
    };
    let piece = piece.map_err(|error| error.in_file(input.label()))?;
    Ok(piece.map(|piece| {
        permit.resize(piece.weight());
        (piece, permit)
    }))
}
