//! Runs a kernel over the columns of a frame: as one table, or as a piece of one.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use polars::prelude::{Column, DataType, Field, Series};

use super::applied::{Applied, Sharing, Times};
use super::assemble::assemble;
use super::chunks::{Done, Runner};
use super::options::ApplyOptions;
use super::settle::Decisions;
use crate::error::Result;
use crate::fault::OnError;
use crate::pool::Cost;
use crate::row::{FixedBuffer, Kernel};

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
    let over = ran.over;
    let mut applied = ran.finish_since(over, &vec![None; kernel.fields().len()], options.on_error())?;
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
    /// When the last row was done.
    over: Instant,
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
        let places = buffers.iter_mut().map(|buffer| buffer.as_mut().map(FixedBuffer::as_mut)).collect();
        let mut runner = Runner::new(kernel, rows, options, places, decisions, begun);
        match way {
            Way::Table(Mode::Serial) => {
                runner.run_here(rows.n_rows)?;
            }
            Way::Table(Mode::Parallel) => {
                let cost = Cost::beginning_with(kernel.start_of_chunk());
                runner.run_shared(cost, Duration::ZERO).map(drop)?
            }
            Way::Piece(cost) => runner.run_piece(cost)?,
        }
        let Runner { chunks, n_workers, here, mut workers, longest, clock, .. } = runner;
        // The thread that began stands in for the first worker.
        match workers.first_mut() {
            Some(first) => first.add(&here),
            None => workers.push(here),
        }
        let function = clock - begun;
        workers.iter_mut().for_each(|used| used.waited = function.saturating_sub(used.busy));
        let times = Times { n_rows: rows.n_rows, function, workers, longest, ..Times::default() };
        let sharing = Sharing {
            n_chunks: chunks.len(),
            largest_chunk: chunks.iter().map(|chunk| chunk.n_rows).max().unwrap_or_default(),
            n_workers,
        };
        let (n_rows, first_row, fields) = (rows.n_rows, rows.first_row, kernel.fields().to_vec());
        Ok(Self { fields, buffers, chunks, n_rows, first_row, sharing, times, over: clock })
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
        let begun = Instant::now();
        self.finish_since(begun, decided, on_error)
    }

    /// The same, where the last row was over at `begun`.
    fn finish_since(
        self,
        begun: Instant,
        decided: &[Option<DataType>],
        on_error: OnError,
    ) -> Result<Applied<Vec<Series>>> {
        let Self { fields, buffers, chunks, n_rows, first_row, sharing, mut times, over: _ } = self;
        let rows = Rows { columns: &[], n_rows, first_row };
        let (table, ledger) = assemble(&fields, decided, buffers, chunks, rows, on_error)?;
        times.concatenate = begun.elapsed();
        Ok(Applied { table, ledger, sharing, times })
    }
}
