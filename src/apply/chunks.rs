//! Cuts the rows of a run into chunks, and runs them: here, or on several threads where that pays.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use polars::prelude::Series;
use polars_arrow::bitmap::Bitmap;

use super::options::ApplyOptions;
use super::run::Rows;
use super::settle::Decisions;
use crate::error::Result;
use crate::fault::OnError;
use crate::pool::{Cost, Step, workers};
use crate::report::ThreadUse;
use crate::row::{AfterFault, Chunk, ChunkOutput, FixedMut, Kernel, Pace, RowFault, Slot, is_undeclared};

/// The run of one kernel, chunk by chunk from the first row on.
pub(super) struct Runner<'r> {
    kernel: &'r dyn Kernel,
    rows: Rows<'r>,
    options: &'r ApplyOptions,
    /// The part of the final buffers that no chunk has yet.
    places: Vec<Option<FixedMut<'r>>>,
    /// How many rows have been given to chunks.
    begun: usize,
    pub(super) chunks: Vec<Done>,
    decisions: Decisions,
    pub(super) n_workers: usize,
    /// What the calling thread ran before the rest was shared out, and who ran that.
    pub(super) here: ThreadUse,
    pub(super) workers: Vec<ThreadUse>,
    pub(super) longest: Duration,
    /// When the run began, or what was run last was over.
    pub(super) clock: Instant,
}

/// A chunk that is still to be run, with its place in the final buffers.
struct Job<'r> {
    offset: usize,
    n_rows: usize,
    slots: Vec<Slot<'r>>,
}

/// What a chunk left.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) offset: usize,
    pub(super) n_rows: usize,
    pub(super) columns: Vec<DoneColumn>,
    pub(super) faults: Vec<RowFault>,
}

#[derive(Debug)]
pub(super) enum DoneColumn {
    Fixed(Option<Bitmap>),
    Series(Option<Series>),
    Runs(Vec<Series>),
}

impl Done {
    /// The columns whose dtype their rows decide.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, &[Series])> {
        self.columns.iter().enumerate().filter_map(|(index, column)| match column {
            DoneColumn::Runs(runs) => Some((index, runs.as_slice())),
            _ => None,
        })
    }
}

impl<'r> Runner<'r> {
    /// No row is run yet, and the run began at `begun`. `places` are the final buffers of the columns of fixed width.
    pub(super) fn new(
        kernel: &'r dyn Kernel,
        rows: Rows<'r>,
        options: &'r ApplyOptions,
        places: Vec<Option<FixedMut<'r>>>,
        decisions: Decisions,
        begun: Instant,
    ) -> Self {
        Self {
            kernel,
            rows,
            options,
            places,
            begun: 0,
            chunks: Vec::new(),
            decisions,
            n_workers: 1,
            here: ThreadUse::default(),
            workers: Vec::new(),
            longest: Duration::ZERO,
            clock: begun,
        }
    }

    fn remaining(&self) -> usize {
        self.rows.n_rows - self.begun
    }

    /// Whether the run ends with the fault of a row.
    fn has_failed(&self) -> bool {
        let fails = |done: &Done| outcome(done, &self.decisions, self.options) == Outcome::Failed;
        self.chunks.iter().any(fails)
    }

    /// About so many rows, so that the next chunk ends where a large page of the output does.
    fn to_page_end(&self, n_rows: usize) -> usize {
        let first = self.places.iter().flatten().next();
        let at_end = first.filter(|_| self.options.chunk_rows().is_none() && n_rows < self.remaining());
        at_end.and_then(|place| place.rows_to_page_end(n_rows)).unwrap_or(n_rows)
    }

    /// Cuts the next chunk off.
    fn next_job(&mut self, n_rows: usize) -> Job<'r> {
        let places = self.places.iter_mut();
        let slots = slots(self.kernel, places.map(|place| Some(place.as_mut()?.split_off_front(n_rows))));
        let offset = self.begun;
        self.begun += n_rows;
        Job { offset, n_rows, slots }
    }

    /// Runs the first rows in one chunk, as many as it takes to know whether it pays to share the rest out.
    fn run_first(&mut self, cost: &mut Cost, n_threads: usize, cheap: Duration) -> Result<Outcome> {
        /// What is brought to the function's types without need, at most.
        const MOST_ROWS: usize = 4096;
        let n_rows = self.remaining().min(MOST_ROWS);
        let (kernel, rows, options, offset) = (self.kernel, self.rows, self.options, self.begun);
        let n_all = self.remaining();
        // Each look at the clock takes as long as ten cheap rows.
        let since = self.since_begin();
        let (mut n_told, mut spent) = (0, Duration::ZERO);
        let mut ask = |n_done: usize, elapsed: Duration| {
            n_told += n_done;
            spent += elapsed;
            cost.add(n_done, elapsed);
            match next_step(cost, n_all - n_told, n_threads, cheap) {
                Step::Here(n_rows) if options.check_cancelled().is_ok() => n_rows,
                _ => 0,
            }
        };
        let slots = slots(kernel, self.places.iter_mut().map(|place| Some(place.as_mut()?.front(n_rows))));
        let pace = Pace::new(since, n_all, &mut ask);
        let done = run_job(kernel, rows, options, Job { offset, n_rows, slots }, Some(pace))?;
        for place in self.places.iter_mut().flatten() {
            place.split_off_front(done.n_rows);
        }
        self.begun += done.n_rows;
        self.clock = since + spent;
        if done.n_rows > n_told {
            let told = std::mem::replace(&mut self.clock, Instant::now());
            cost.add(done.n_rows - n_told, self.clock - told);
        }
        let spent = self.clock - since;
        Ok(self.ran_here(done, spent))
    }

    /// When the first rows begin: where there are few, large buffers have not been asked for since the run began.
    fn since_begin(&self) -> Instant {
        const FEW_ROWS: usize = 1024;
        if self.rows.n_rows <= FEW_ROWS { self.clock } else { Instant::now() }
    }

    pub(super) fn run_here(&mut self, n_rows: usize) -> Result<(Outcome, Duration)> {
        let job = self.next_job(n_rows);
        let start = if self.begun == n_rows { self.since_begin() } else { self.clock };
        let done = run_job(self.kernel, self.rows, self.options, job, None)?;
        self.clock = Instant::now();
        let elapsed = self.clock - start;
        Ok((self.ran_here(done, elapsed), elapsed))
    }

    /// Takes what a chunk has left that was run on this thread.
    fn ran_here(&mut self, done: Done, elapsed: Duration) -> Outcome {
        self.here.ran(elapsed);
        self.longest = self.longest.max(elapsed);
        let outcome = outcome(&done, &self.decisions, self.options);
        for (index, runs) in done.runs() {
            self.decisions.add(index, runs);
        }
        self.chunks.push(done);
        outcome
    }

    /// Runs rows of which there are more on other threads: in one chunk, where those before have been cheap.
    pub(super) fn run_piece(&mut self, known: &Mutex<Cost>) -> Result<()> {
        const CHEAP: Duration = Duration::from_millis(2);
        /// Other threads have pieces of their own, so that a piece is shared out for the sake of the last ones alone: for less than
        /// so many times what it costs to begin a chunk that is not worth it.
        const STARTS: u32 = 100;
        let start = self.kernel.start_of_chunk();
        let cheap = CHEAP.max(start * STARTS);
        let n_rows = self.rows.n_rows;
        let (expected, is_mostly_start) = {
            let known = lock(known);
            (known.of_chunk(n_rows), known.is_mostly_start(n_rows))
        };
        // To cut a piece of few rows of thousands of columns takes longer than to run them.
        let is_cheap = expected.is_some_and(|expected| expected < cheap) || is_mostly_start;
        if self.options.chunk_rows().is_none() && is_cheap {
            let (_, elapsed) = self.run_here(n_rows)?;
            lock(known).add(n_rows.max(1), elapsed);
            return Ok(());
        }
        let mut cost = Cost::beginning_with(start);
        let is_wide = self.rows.columns.len() > n_rows && self.options.chunk_rows().is_none();
        if is_wide && self.run_wide(&mut cost)? == Outcome::Failed {
            return Ok(());
        }
        *lock(known) = self.run_shared(cost, cheap)?;
        Ok(())
    }

    /// Runs the first of few rows of many columns, and all of them where what takes long is to begin a chunk: the time of a
    /// single row does not tell that.
    fn run_wide(&mut self, cost: &mut Cost) -> Result<Outcome> {
        const FIRST: [usize; 2] = [1, 4];
        let mut times = [Duration::ZERO; FIRST.len()];
        for (n_rows, time) in FIRST.iter().zip(&mut times) {
            if self.remaining() <= *n_rows {
                return Ok(Outcome::Done);
            }
            let (outcome, elapsed) = self.run_here(*n_rows)?;
            *time = elapsed;
            cost.add(*n_rows, elapsed);
            if outcome == Outcome::Failed {
                return Ok(outcome);
            }
        }
        let n_rows = self.remaining();
        if times[1] >= 2 * times[0] {
            return Ok(Outcome::Done);
        }
        let (outcome, elapsed) = self.run_here(n_rows)?;
        cost.add(n_rows, elapsed);
        Ok(outcome)
    }

    /// Runs all rows, on several threads where that pays, and gives what their chunks have cost. What is over within `cheap`
    /// is not shared out.
    pub(super) fn run_shared(&mut self, mut cost: Cost, cheap: Duration) -> Result<Cost> {
        let n_threads = self.options.n_threads();
        if let Some(chunk_rows) = self.options.chunk_rows() {
            self.share(n_threads, |_| chunk_rows, |_, _| {})?;
            return Ok(cost);
        }
        // With nobody to share it with, it is the plain loop.
        if self.remaining() == 1 {
            self.run_here(1)?;
            return Ok(cost);
        }
        if self.kernel.heeds_pace() && self.remaining() > 0 {
            let outcome = self.run_first(&mut cost, n_threads, cheap)?;
            if outcome == Outcome::Failed {
                return Ok(cost);
            }
        }
        while self.remaining() > 0 {
            match next_step(&cost, self.remaining(), n_threads, cheap) {
                Step::Here(n_rows) => {
                    let (outcome, elapsed) = self.run_here(n_rows)?;
                    if outcome == Outcome::Failed {
                        return Ok(cost);
                    }
                    cost.add(n_rows, elapsed);
                }
                Step::Share => {
                    let cost = Mutex::new(cost);
                    let page_rows = self.places.iter().flatten().find_map(FixedMut::page_rows);
                    let chunk_rows = |remaining| match page_rows {
                        Some(page_rows) => lock(&cost).chunk_rows_by_page(remaining, n_threads, page_rows),
                        None => lock(&cost).chunk_rows(remaining, n_threads),
                    };
                    self.share(n_threads, chunk_rows, |n_rows, elapsed| lock(&cost).add(n_rows, elapsed))?;
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
                let n_rows = runner.to_page_end(chunk_rows(remaining).min(remaining));
                let job = runner.next_job(n_rows);
                drop(guard);
                let (offset, n_rows, start) = (job.offset, job.n_rows, Instant::now());
                let done = run_job(kernel, rows, options, job, None);
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
            // The calling thread is one of them: to wake the others takes as long as thousands of cheap rows.
            _ => workers(n_workers)?.in_place_scope(|others| {
                (1..n_workers).for_each(|_| others.spawn(|_| work()));
                work();
            }),
        }
        let (runner, mut results, _) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        runner.clock = Instant::now();
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
pub(super) enum Outcome {
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

/// What to do next. What is over within `cheap` is not shared out.
fn next_step(cost: &Cost, remaining: usize, n_threads: usize, cheap: Duration) -> Step {
    match cost.next_step(remaining, n_threads) {
        Step::Share if cost.of_chunk(remaining).is_some_and(|rest| rest < cheap) => Step::Here(remaining),
        step => step,
    }
}

/// A slot for each column of a kernel, with its place where it is of fixed width.
fn slots<'p>(kernel: &dyn Kernel, places: impl Iterator<Item = Option<FixedMut<'p>>>) -> Vec<Slot<'p>> {
    let slot = |(place, field)| match place {
        Some(values) => Slot::Fixed { values, validity: None },
        None if is_undeclared(field) => Slot::Runs(Vec::new()),
        None => Slot::Series(None),
    };
    places.zip(kernel.fields()).map(slot).collect()
}

/// Runs one chunk, or its first rows, where it has a pace.
fn run_job<'j>(
    kernel: &dyn Kernel,
    rows: Rows<'_>,
    options: &ApplyOptions,
    job: Job<'j>,
    pace: Option<Pace<'j>>,
) -> Result<Done> {
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
    if let Some(pace) = pace {
        output = output.with_pace(pace);
    }
    kernel.run(&chunk, &mut output)?;
    let (n_all, n_rows) = (n_rows, output.n_done());
    let is_left = n_rows < n_all;
    let (slots, faults) = output.into_parts();
    if faults.is_empty() || after_fault == AfterFault::GoOn {
        options.advance(n_rows);
    }
    let columns = slots
        .into_iter()
        .map(|slot| match slot {
            Slot::Fixed { validity: Some(valid), .. } if is_left => {
                DoneColumn::Fixed(Some(valid.sliced(0, n_rows)))
            }
            Slot::Fixed { validity, .. } => DoneColumn::Fixed(validity),
            Slot::Series(Some(series)) if is_left => DoneColumn::Series(Some(series.slice(0, n_rows))),
            Slot::Series(series) => DoneColumn::Series(series),
            Slot::Runs(runs) => DoneColumn::Runs(runs),
        })
        .collect();
    Ok(Done { offset, n_rows, columns, faults })
}
