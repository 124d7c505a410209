//! Gives chunks to workers, and finds the rows that no worker survives.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use polars::prelude::{Column, DataFrame, DataType, Field, PlSmallStr, Series};

use crate::error::{Error, ErrorKind, Result, RowFailure};
use crate::progress::CancellationToken;
use crate::row::{Chunk, ChunkOutput, Kernel, RowFault, RunContext, fill_runs};

use super::failure::{Failure, Trouble};
use super::process::WorkerProcess;
use super::program::Program;
use super::protocol::{Answer, Head, Place};
use super::wait::{TICK, Wait};
use super::workers::{Settings, Workers, lock};

/// So many failures without an answer in between, and the worker is at fault, not the rows.
const MAX_FAILURES_IN_A_ROW: usize = 100;

/// How long a worker may be silent before that is said, or half of the time that it is given.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a worker that was given nothing is watched, to see whether it stays.
const PROBATION: Duration = Duration::from_millis(300);

/// What it takes to hand rows to a worker and to take its answer, through two pipes and the threads on their ends: 0.1 to 0.3 ms were
/// measured with a Python function on two cores.
const EXCHANGE: Duration = Duration::from_micros(200);

/// Fewer rows are no reason to start more than one worker.
const FEW_ROWS: usize = 64;

/// A function in other processes, tied to columns.
pub(super) struct WorkerKernel<'w> {
    workers: &'w Workers,
    inputs: Vec<PlSmallStr>,
    /// Those of them that the function names and takes as they come.
    untyped: Vec<PlSmallStr>,
    fields: Vec<Field>,
    /// What a Python worker is told before its first chunk.
    setup: Option<String>,
    idle: Mutex<Vec<WorkerProcess>>,
    /// How many workers may be given a chunk beside those that have one: more chunks than threads are begun where pieces of
    /// a file are shared out, and a process for each would not be faster.
    n_free: Mutex<usize>,
    freed: Condvar,
    cancellation: Mutex<CancellationToken>,
    has_answered: AtomicBool,
    /// Whether it has been said that a worker does not answer.
    has_told: AtomicBool,
    failures_in_a_row: AtomicUsize,
}

/// The values of a chunk, put together from the answers to its parts.
struct Gathered {
    runs: Vec<Vec<Series>>,
}

impl<'w> WorkerKernel<'w> {
    pub(super) fn new(
        workers: &'w Workers,
        inputs: Vec<PlSmallStr>,
        fields: Vec<Field>,
        setup: Option<String>,
    ) -> Self {
        Self {
            workers,
            inputs,
            untyped: Vec::new(),
            fields,
            setup,
            idle: Mutex::default(),
            n_free: Mutex::new(usize::MAX),
            freed: Condvar::new(),
            cancellation: Mutex::default(),
            has_answered: AtomicBool::new(false),
            has_told: AtomicBool::new(false),
            failures_in_a_row: AtomicUsize::new(0),
        }
    }

    /// The same of a function that names these of its columns, and takes them as they come.
    pub(super) fn taking_any_of(mut self, untyped: Vec<PlSmallStr>) -> Self {
        self.untyped = untyped;
        self
    }

    /// Has the rows of `frame` answered, by so many tries and then by halves. Row 0 of it is row `from` of the chunk.
    fn run_rows(
        &self,
        frame: &DataFrame,
        from: usize,
        n_tries: usize,
        gathered: &mut Gathered,
        output: &mut ChunkOutput<'_>,
    ) -> Result<ControlFlow<()>> {
        let mut last = None;
        let mut elapsed = Duration::ZERO;
        for _ in 0..n_tries {
            let start = Instant::now();
            let tried = self.try_once(frame);
            elapsed = start.elapsed();
            match tried {
                Ok(answer) => {
                    self.has_answered.store(true, Ordering::Relaxed);
                    self.failures_in_a_row.store(0, Ordering::Relaxed);
                    return Ok(gathered.add(answer, from, output));
                }
                Err(Trouble::Run(error)) => return Err(error),
                Err(Trouble::Worker(failure)) => {
                    self.check_hope(&failure)?;
                    last = Some(failure);
                }
            }
        }
        if let Some(failure) = last.filter(|_| frame.height() == 1) {
            self.check_start()?;
            let nulls = |field: &Field| vec![Series::full_null(field.name().clone(), 1, &DataType::Null)];
            let runs = self.fields.iter().map(nulls).collect();
            let faults = Vec::new();
            let _ = gathered.add(Answer { runs, faults }, from, output);
            let message = format!("on this row the worker {failure}");
            return Ok(output.fault(RowFault::new(from, message, RowFailure::Worker).after(elapsed)));
        }
        let middle = frame.height() / 2;
        for (offset, n_rows) in [(0, middle), (middle, frame.height() - middle)] {
            let half = frame.slice(offset as i64, n_rows);
            if self.run_rows(&half, from + offset, 1, gathered, output)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Waits until one more worker may be given a chunk.
    fn turn(&self) -> Result<Turn<'_>, Trouble> {
        let cancellation = lock(&self.cancellation).clone();
        let mut n_free = lock(&self.n_free);
        while *n_free == 0 {
            if cancellation.is_cancelled() {
                return Err(Error::new(ErrorKind::Cancelled).into());
            }
            n_free = self.freed.wait_timeout(n_free, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
        *n_free -= 1;
        Ok(Turn { n_free: &self.n_free, freed: &self.freed })
    }

    fn try_once(&self, frame: &DataFrame) -> Result<Answer, Trouble> {
        let _turn = self.turn()?;
        let idle = lock(&self.idle).pop();
        let mut worker = match idle {
            Some(worker) => worker,
            None => self.workers.take()?,
        };
        match self.exchange(&mut worker, frame) {
            Ok(answer) => {
                match self.workers.settings.max_chunks {
                    Some(limit) if worker.n_chunks >= limit => self.workers.end(vec![worker])?,
                    _ => lock(&self.idle).push(worker),
                }
                Ok(answer)
            }
            Err(trouble) => {
                self.workers.discard(worker);
                Err(trouble)
            }
        }
    }

    fn exchange(&self, worker: &mut WorkerProcess, frame: &DataFrame) -> Result<Answer, Trouble> {
        let settings = &self.workers.settings;
        let cancellation = lock(&self.cancellation).clone();
        let patience = PATIENCE.min(settings.chunk_timeout / 2);
        let tell = || {
            if !self.has_told.swap(true, Ordering::Relaxed) {
                settings.tell_silence(frame.height(), patience);
            }
        };
        let wait = Wait::new(settings.chunk_timeout, &cancellation).telling(patience, &tell);
        let place = if worker.n_chunks == 0 { Place::First } else { Place::Later };
        if place == Place::Later && worker.has_more() {
            // It came too late to be seen behind the answer that it belongs to, which has been taken for right.
            return Err(self.workers.surplus().into());
        }
        let mut bytes = Vec::new();
        let mut head = Head::Nothing;
        if let Some(setup) = &self.setup {
            if !worker.is_greeted {
                self.workers.greet(worker, &wait)?;
            }
            if place == Place::First {
                bytes.extend_from_slice(setup.as_bytes());
            }
            head = Head::Count;
        }
        let rows = settings.wire().encode(frame, place, head)?;
        match bytes.is_empty() {
            true => bytes = rows,
            false => bytes.extend_from_slice(&rows),
        }
        worker.n_chunks += 1;
        worker.send(bytes)?;
        let answer = settings.wire().answer(worker, frame.height(), &self.fields, &wait)?;
        if worker.has_more() {
            let n_rows = frame.height();
            return Err(Failure::wrong(format!("answered more than was asked for by {n_rows} rows")).into());
        }
        Ok(answer)
    }

    /// That it makes sense to go on after a failure.
    fn check_hope(&self, failure: &Failure) -> Result<()> {
        let label = || self.workers.settings.program.label();
        let n_failures = self.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        if failure.is_no_program() && !self.has_answered.load(Ordering::Relaxed) {
            return Err(Error::worker(label(), format!("cannot be run: it {failure}")));
        }
        if n_failures >= MAX_FAILURES_IN_A_ROW {
            let message = format!(
                "failed {n_failures} times in a row, whatever rows it was given; at last it {failure}"
            );
            return Err(Error::worker(label(), message));
        }
        Ok(())
    }

    /// That a worker that has never answered stays at least as long as it is given nothing.
    fn check_start(&self) -> Result<()> {
        let Settings { program, .. } = &self.workers.settings;
        if self.has_answered.load(Ordering::Relaxed) || matches!(program, Program::Python { .. }) {
            return Ok(());
        }
        let cancellation = lock(&self.cancellation).clone();
        let wait = Wait::new(self.workers.settings.chunk_timeout, &cancellation);
        let mut worker = self.workers.take()?;
        let ended = worker.ends_within(PROBATION, &wait);
        self.workers.discard(worker);
        match ended {
            Ok(Some(failure)) => {
                let message = format!("it ends before it has read a row: it {failure}");
                Err(Error::worker(program.label(), message))
            }
            Err(Trouble::Run(error)) => Err(error),
            Ok(None) | Err(Trouble::Worker(_)) => Ok(()),
        }
    }
}

/// The right to give a chunk to a worker, until it is dropped.
struct Turn<'k> {
    n_free: &'k Mutex<usize>,
    freed: &'k Condvar,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(self.n_free) += 1;
        self.freed.notify_one();
    }
}

impl Gathered {
    /// Adds the answer to rows from `from` on.
    fn add(&mut self, answer: Answer, from: usize, output: &mut ChunkOutput<'_>) -> ControlFlow<()> {
        for (runs, more) in self.runs.iter_mut().zip(answer.runs) {
            runs.extend(more);
        }
        answer.faults.into_iter().try_for_each(|(row, message)| {
            output.fault(RowFault::new(from + row, message, RowFailure::Returned))
        })
    }
}

impl Kernel for WorkerKernel<'_> {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn untyped_inputs(&self) -> Vec<PlSmallStr> {
        self.untyped.clone()
    }

    fn start_of_chunk(&self) -> Duration {
        EXCHANGE
    }

    fn prepare(&self, context: &RunContext) -> Result<()> {
        *lock(&self.cancellation) = context.cancellation.clone();
        let n_workers = if context.n_rows < FEW_ROWS { 1 } else { context.n_workers };
        *lock(&self.n_free) = context.n_workers.max(1);
        self.workers.start(n_workers.min(context.n_rows))
    }

    fn finish(&self) -> Result<()> {
        let idle = std::mem::take(&mut *lock(&self.idle));
        self.workers.end(idle)
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        if chunk.n_rows() == 0 {
            return Ok(());
        }
        let columns = self.inputs.iter().enumerate();
        let columns = columns
            .map(|(index, name)| Column::from(chunk.series(index).clone().with_name(name.clone())))
            .collect();
        let frame = DataFrame::new(chunk.n_rows(), columns).map_err(Error::engine)?;
        let n_tries = self.workers.settings.n_retries + 1;
        let mut gathered = Gathered { runs: vec![Vec::new(); self.fields.len()] };
        if self.run_rows(&frame, 0, n_tries, &mut gathered, output)?.is_break() {
            return Ok(());
        }
        for ((slot, field), runs) in self.fields.iter().enumerate().zip(gathered.runs) {
            if fill_runs(output, slot, field, runs)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Drop for WorkerKernel<'_> {
    /// What a run that has failed leaves behind.
    fn drop(&mut self) {
        let idle = std::mem::take(&mut *lock(&self.idle));
        idle.into_iter().for_each(|worker| self.workers.discard(worker));
    }
}
