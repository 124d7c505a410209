//! Runs a kernel over the columns of a frame: cuts chunks, hands them out, puts the outputs together in order.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use polars::prelude::{Column, DataType, Field, IdxCa, NewChunkedArray, Series};
use polars_arrow::bitmap::{Bitmap, BitmapBuilder};
use rayon::prelude::*;

use super::applied::{Applied, Sharing, Times};
use super::options::ApplyOptions;
use super::settle::{Decisions, Settled, settle};
use crate::error::{Error, Result};
use crate::fault::{Fault, Ledger, OnError, RowFate};
use crate::pool::{Cost, Step, workers};
use crate::report::ThreadUse;
use crate::row::{
    AfterFault, Chunk, ChunkOutput, FixedBuffer, FixedMut, Kernel, RowFault, Slot, is_undeclared,
};

/// Whether chunks may run on other threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The reference: one chunk, on the calling thread.
    Serial,
    /// On the pool, where that pays.
    Parallel,
}

/// The rows that a kernel is run over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'c> {
    /// What the kernel reads, each column of `n_rows` rows.
    pub(crate) columns: &'c [Column],
    /// How many rows there are.
    pub(crate) n_rows: usize,
    /// The index of the first one in the table that errors speak of.
    pub(crate) first_row: u64,
}

/// Runs `kernel` over `rows`. Whatever the mode, the threads and the chunks, the result is that of one serial chunk.
///
/// # Errors
/// The kernel's; the lowest row's fault when the policy is to fail; [`Cancelled`](crate::ErrorKind::Cancelled).
pub(crate) fn run(
    kernel: &dyn Kernel,
    rows: Rows<'_>,
    mode: Mode,
    options: &ApplyOptions,
) -> Result<Applied<Vec<Series>>> {
    if let Some(progress) = options.progress() {
        progress.begin(Some(rows.n_rows as u64));
    }
    let result = run_chunks(kernel, rows, mode, options);
    if let Some(progress) = options.progress() {
        progress.finish();
    }
    result
}

fn run_chunks(
    kernel: &dyn Kernel,
    rows: Rows<'_>,
    mode: Mode,
    options: &ApplyOptions,
) -> Result<Applied<Vec<Series>>> {
    let n_workers = match mode {
        Mode::Serial => 1,
        Mode::Parallel => options.n_threads(),
    };
    kernel.prepare(&options.context(n_workers, rows.n_rows))?;
    let ran = Ran::new(kernel, rows, Way::Table(mode), options, Decisions::new(kernel.fields()))?;
    kernel.finish()?;
    let mut applied = ran.finish(&vec![None; kernel.fields().len()], options.on_error())?;
    applied.times.n_threads = n_workers;
    applied.times.n_bytes_read = rows.columns.iter().filter_map(Column::as_series).map(size_of_series).sum();
    applied.times.n_bytes_written = applied.table.iter().map(size_of_series).sum();
    Ok(applied)
}

fn size_of_series(series: &Series) -> u64 {
    series.estimated_size() as u64
}

/// A kernel that has run over some rows; the dtypes of its undeclared columns are still to be settled.
#[derive(Debug)]
pub(crate) struct Ran {
    fields: Vec<Field>,
    buffers: Vec<Option<FixedBuffer>>,
    chunks: Vec<Done>,
    n_rows: usize,
    first_row: u64,
    sharing: Sharing,
    times: Times,
}

/// Runs `kernel`, which is prepared, over rows of a larger table, nobody knows how many. `decided` has for each of its columns the dtype that
/// rows before these have decided, where it is undeclared.
///
/// # Errors
/// The kernel's; [`Cancelled`](crate::ErrorKind::Cancelled).
pub(crate) fn run_piece(
    kernel: &dyn Kernel,
    rows: Rows<'_>,
    options: &ApplyOptions,
    decided: &[Option<DataType>],
    cost: &Mutex<Cost>,
) -> Result<Ran> {
    Ran::new(kernel, rows, Way::Piece(cost), options, Decisions::known(decided))
}

/// How the rows of a run are shared out.
#[derive(Clone, Copy, Debug)]
enum Way<'c> {
    /// As one table.
    Table(Mode),
    /// As a piece among others, whose chunks have had this cost.
    Piece(&'c Mutex<Cost>),
}

impl Ran {
    fn new(
        kernel: &dyn Kernel,
        rows: Rows<'_>,
        way: Way<'_>,
        options: &ApplyOptions,
        decisions: Decisions,
    ) -> Result<Self> {
        let begun = Instant::now();
        let mut buffers: Vec<Option<FixedBuffer>> =
            kernel.fields().iter().map(|field| FixedBuffer::zeroed(field.dtype(), rows.n_rows)).collect();
        let mut runner = Runner {
            kernel,
            rows,
            options,
            places: buffers.iter_mut().map(|buffer| buffer.as_mut().map(FixedBuffer::as_mut)).collect(),
            begun: 0,
            chunks: Vec::new(),
            decisions,
            n_workers: 1,
            here: ThreadUse::default(),
            workers: Vec::new(),
            longest: Duration::ZERO,
        };
        match way {
            Way::Table(Mode::Serial) => {
                runner.run_here(rows.n_rows)?;
            }
            Way::Table(Mode::Parallel) => runner.run_shared(Cost::default(), Duration::ZERO).map(drop)?,
            Way::Piece(cost) => runner.run_piece(cost)?,
        }
        let Runner { chunks, n_workers, here, mut workers, longest, .. } = runner;
        // The thread that began stands in for the first worker.
        match workers.first_mut() {
            Some(first) => first.add(&here),
            None => workers.push(here),
        }
        let function = begun.elapsed();
        workers.iter_mut().for_each(|used| used.waited = function.saturating_sub(used.busy));
        let times = Times { n_rows: rows.n_rows, function, workers, longest, ..Times::default() };
        let sharing = Sharing {
            n_chunks: chunks.len(),
            largest_chunk: chunks.iter().map(|chunk| chunk.n_rows).max().unwrap_or_default(),
            n_workers,
        };
        let (n_rows, first_row, fields) = (rows.n_rows, rows.first_row, kernel.fields().to_vec());
        Ok(Self { fields, buffers, chunks, n_rows, first_row, sharing, times })
    }

    /// How long other threads worked beside the one that ran it.
    pub(crate) fn helped(&self) -> Duration {
        let busy: Duration = self.times.workers.iter().map(|used| used.busy).sum();
        busy.saturating_sub(self.times.function)
    }

    /// Notes the dtypes of undeclared columns that these rows decide, where none before them has.
    pub(crate) fn decide(&self, decided: &mut [Option<DataType>]) {
        let mut decisions = Decisions::known(decided);
        for (index, runs) in self.chunks.iter().flat_map(Done::runs) {
            decisions.decide(index, runs);
        }
        decided.clone_from_slice(decisions.dtypes());
    }

    /// The columns, the undeclared ones in the dtypes that are `decided`, or that these rows decide.
    ///
    /// # Errors
    /// The fault of the lowest row when the policy is to fail.
    pub(crate) fn finish(
        self,
        decided: &[Option<DataType>],
        on_error: OnError,
    ) -> Result<Applied<Vec<Series>>> {
        let Self { fields, buffers, chunks, n_rows, first_row, sharing, mut times } = self;
        let begun = Instant::now();
        let rows = Rows { columns: &[], n_rows, first_row };
        let (table, ledger) = assemble(&fields, decided, buffers, chunks, rows, on_error)?;
        times.concatenate = begun.elapsed();
        Ok(Applied { table, ledger, sharing, times })
    }
}

/// The run of one kernel, chunk by chunk from the first row on.
struct Runner<'r> {
    kernel: &'r dyn Kernel,
    rows: Rows<'r>,
    options: &'r ApplyOptions,
    /// The part of the final buffers that no chunk has yet.
    places: Vec<Option<FixedMut<'r>>>,
    /// How many rows have been given to chunks.
    begun: usize,
    chunks: Vec<Done>,
    decisions: Decisions,
    n_workers: usize,
    /// What the calling thread ran before the rest was shared out, and who ran that.
    here: ThreadUse,
    workers: Vec<ThreadUse>,
    longest: Duration,
}

/// A chunk that is still to be run, with its place in the final buffers.
struct Job<'r> {
    offset: usize,
    n_rows: usize,
    slots: Vec<Slot<'r>>,
}

/// What a chunk left.
#[derive(Debug)]
struct Done {
    offset: usize,
    n_rows: usize,
    columns: Vec<DoneColumn>,
    faults: Vec<RowFault>,
}

#[derive(Debug)]
enum DoneColumn {
    Fixed(Option<Bitmap>),
    Series(Option<Series>),
    Runs(Vec<Series>),
}

impl Done {
    /// The columns whose dtype their rows decide.
    fn runs(&self) -> impl Iterator<Item = (usize, &[Series])> {
        self.columns.iter().enumerate().filter_map(|(index, column)| match column {
            DoneColumn::Runs(runs) => Some((index, runs.as_slice())),
            _ => None,
        })
    }
}

impl<'r> Runner<'r> {
    fn remaining(&self) -> usize {
        self.rows.n_rows - self.begun
    }

    /// Whether the run ends with the fault of a row.
    fn has_failed(&self) -> bool {
        let fails = |done: &Done| outcome(done, &self.decisions, self.options) == Outcome::Failed;
        self.chunks.iter().any(fails)
    }

    /// Cuts the next chunk off.
    fn next_job(&mut self, n_rows: usize) -> Job<'r> {
        let slots = self
            .places
            .iter_mut()
            .zip(self.kernel.fields())
            .map(|(place, field)| match place {
                Some(values) => Slot::Fixed { values: values.split_off_front(n_rows), validity: None },
                None if is_undeclared(field) => Slot::Runs(Vec::new()),
                None => Slot::Series(None),
            })
            .collect();
        let offset = self.begun;
        self.begun += n_rows;
        Job { offset, n_rows, slots }
    }

    fn run_here(&mut self, n_rows: usize) -> Result<(Outcome, Duration)> {
        let job = self.next_job(n_rows);
        let start = Instant::now();
        let done = run_job(self.kernel, self.rows, self.options, job)?;
        let elapsed = start.elapsed();
        self.here.ran(elapsed);
        self.longest = self.longest.max(elapsed);
        let outcome = outcome(&done, &self.decisions, self.options);
        for (index, runs) in done.runs() {
            self.decisions.add(index, runs);
        }
        self.chunks.push(done);
        Ok((outcome, elapsed))
    }

    /// Runs rows of which there are more on other threads: in one chunk, where those before have been cheap.
    fn run_piece(&mut self, known: &Mutex<Cost>) -> Result<()> {
        const CHEAP: Duration = Duration::from_millis(2);
        let n_rows = self.rows.n_rows;
        let expected = lock(known).of_chunk(n_rows);
        if self.options.chunk_rows().is_none() && expected.is_some_and(|expected| expected < CHEAP) {
            let (_, elapsed) = self.run_here(n_rows)?;
            lock(known).add(n_rows.max(1), elapsed);
            return Ok(());
        }
        let cost = self.run_shared(Cost::default(), CHEAP)?;
        *lock(known) = cost;
        Ok(())
    }

    /// Runs all rows, on several threads where that pays, and gives what their chunks have cost. What is over within `cheap`
    /// is not shared out.
    fn run_shared(&mut self, mut cost: Cost, cheap: Duration) -> Result<Cost> {
        let n_threads = self.options.n_threads();
        if let Some(chunk_rows) = self.options.chunk_rows() {
            self.share(n_threads, |_| chunk_rows, |_, _| {})?;
            return Ok(cost);
        }
        while self.remaining() > 0 {
            let step = match cost.next_step(self.remaining(), n_threads) {
                Step::Share if cost.of_chunk(self.remaining()).is_some_and(|rest| rest < cheap) => {
                    Step::Here(self.remaining())
                }
                step => step,
            };
            match step {
                Step::Here(n_rows) => {
                    let (outcome, elapsed) = self.run_here(n_rows)?;
                    if outcome == Outcome::Failed {
                        return Ok(cost);
                    }
                    cost.add(n_rows, elapsed);
                }
                Step::Share => {
                    let cost = Mutex::new(cost);
                    self.share(
                        n_threads,
                        |remaining| lock(&cost).chunk_rows(remaining, n_threads),
                        |n_rows, elapsed| lock(&cost).add(n_rows, elapsed),
                    )?;
                    return Ok(*lock(&cost));
                }
            }
        }
        Ok(cost)
    }

    /// Runs the rest on several threads. Each takes the next rows, as many as `chunk_rows` says of so many that remain, and
    /// tells `timed` how long they took.
    fn share(
        &mut self,
        n_threads: usize,
        chunk_rows: impl Fn(usize) -> usize + Sync,
        timed: impl Fn(usize, Duration) + Sync,
    ) -> Result<()> {
        let (kernel, rows, options) = (self.kernel, self.rows, self.options);
        if n_threads > 1 && chunk_rows(self.remaining()) < self.remaining() {
            self.n_workers = n_threads;
        }
        let n_workers = self.n_workers;
        let decisions = self.decisions.clone();
        let shared = Mutex::new((self, Vec::new(), false));
        let work = || {
            let (mut used, mut longest) = (ThreadUse::default(), Duration::ZERO);
            loop {
                let mut guard = lock(&shared);
                let (runner, _, failed) = &mut *guard;
                let remaining = runner.remaining();
                // Those before a chunk that failed have been begun already, and the lowest row wins.
                if remaining == 0 || *failed {
                    runner.workers.push(used);
                    runner.longest = runner.longest.max(longest);
                    return;
                }
                let job = runner.next_job(chunk_rows(remaining).min(remaining));
                drop(guard);
                let (offset, n_rows, start) = (job.offset, job.n_rows, Instant::now());
                let done = run_job(kernel, rows, options, job);
                let elapsed = start.elapsed();
                timed(n_rows, elapsed);
                used.ran(elapsed);
                longest = longest.max(elapsed);
                let (_, results, failed) = &mut *lock(&shared);
                *failed |=
                    done.as_ref().map_or(true, |done| outcome(done, &decisions, options) == Outcome::Failed);
                results.push((offset, done));
            }
        };
        match n_workers {
            1 => work(),
            _ => workers(n_workers)?
                .install(|| (0..n_workers).into_par_iter().with_max_len(1).for_each(|_| work())),
        }
        let (runner, mut results, _) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(offset, _)| *offset);
        for (_, done) in results {
            match done {
                Ok(done) => runner.chunks.push(done),
                // The lowest row wins.
                Err(_) if runner.has_failed() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What is behind a lock that no panic can leave half done: kernels run outside.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the run goes on behind a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// One of its rows has failed, and the policy is to fail.
    Failed,
}

fn outcome(done: &Done, decisions: &Decisions, options: &ApplyOptions) -> Outcome {
    let contradicts = || done.runs().any(|(index, runs)| decisions.contradict(index, runs));
    match options.on_error() {
        OnError::Fail if !done.faults.is_empty() || contradicts() => Outcome::Failed,
        _ => Outcome::Done,
    }
}

/// Runs one chunk.
fn run_job(kernel: &dyn Kernel, rows: Rows<'_>, options: &ApplyOptions, job: Job<'_>) -> Result<Done> {
    options.check_cancelled()?;
    let Job { offset, n_rows, mut slots } = job;
    for slot in &mut slots {
        if let Slot::Fixed { values, .. } = slot {
            values.populate();
        }
    }
    let after_fault = match options.on_error() {
        OnError::Fail => AfterFault::Stop,
        _ => AfterFault::GoOn,
    };
    let chunk = Chunk::slice(rows.columns, offset, n_rows, rows.first_row);
    let mut output = ChunkOutput::new(n_rows, slots, after_fault);
    kernel.run(&chunk, &mut output)?;
    let (slots, faults) = output.into_parts();
    if faults.is_empty() || after_fault == AfterFault::GoOn {
        options.advance(n_rows);
    }
    let columns = slots
        .into_iter()
        .map(|slot| match slot {
            Slot::Fixed { validity, .. } => DoneColumn::Fixed(validity),
            Slot::Series(series) => DoneColumn::Series(series),
            Slot::Runs(runs) => DoneColumn::Runs(runs),
        })
        .collect();
    Ok(Done { offset, n_rows, columns, faults })
}

/// Puts the chunks together, in order. The lowest row's fault is an error when the policy is to fail.
fn assemble(
    fields: &[Field],
    decided: &[Option<DataType>],
    buffers: Vec<Option<FixedBuffer>>,
    chunks: Vec<Done>,
    rows: Rows<'_>,
    on_error: OnError,
) -> Result<(Vec<Series>, Ledger)> {
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
