//! Scripts as chunk kernels: workers that any thread may take, and rows that fail one by one.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{Field, PlSmallStr};

use super::collect::Collector;
use super::input::{Batch, Reader, readers};
use super::plan::Plan;
use super::script::Script;
use super::state::{Failure, Program, State};
use super::watchdog::{Limits, Watchdog};
use crate::error::{Error, ErrorKind, Result, RowFailure};
use crate::row::{Chunk, ChunkOutput, Kernel, RowFault, RunContext};

/// A script that is bound to columns.
pub(super) struct ScriptKernel<'s> {
    script: &'s Script,
    plan: Plan,
    program: Program,
    fields: Vec<Field>,
    /// Whether the script may ask for the index of its row, or for numbers at random, which follow from it.
    counts_rows: bool,
    /// Workers that nobody uses. They go before the watchdog does.
    idle: Mutex<Vec<State>>,
    watchdog: Watchdog,
}

impl<'s> ScriptKernel<'s> {
    /// Compiles the script and makes the first worker, which runs its top level.
    pub(super) fn new(script: &'s Script, plan: Plan) -> Result<Self> {
        let program = Program::compile(script, &plan)?;
        let limits = Limits { row_timeout: script.row_timeout, cancellation: Arc::default() };
        let fields = plan.outputs.iter().map(|column| column.field()).collect();
        let watchdog = Watchdog::new(limits);
        let first = State::new(script, &plan, &program, &watchdog)?;
        let counts_rows = ["row_index", "random", "parrow["].iter().any(|word| script.text.contains(word));
        Ok(Self { script, plan, program, fields, counts_rows, idle: Mutex::new(vec![first]), watchdog })
    }

    fn worker(&self) -> Result<State> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| State::new(self.script, &self.plan, &self.program, &self.watchdog), Ok)
    }

    fn give_back(&self, state: State) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(state);
    }
}

impl Kernel for ScriptKernel<'_> {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn prepare(&self, context: &RunContext) -> Result<()> {
        let mut token = self.watchdog.limits().cancellation.lock().unwrap_or_else(PoisonError::into_inner);
        *token = context.cancellation.clone();
        Ok(())
    }

    fn untyped_inputs(&self) -> Vec<PlSmallStr> {
        self.plan.untyped.clone()
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let n_rows = chunk.n_rows();
        let mut run = Run {
            kernel: self,
            readers: readers(chunk, &self.plan.inputs)?,
            n_rows,
            chunk,
            batch: Batch::new(self.plan.inputs.len()),
            collectors: self.fields.iter().map(|field| Collector::new(field, n_rows)).collect(),
        };
        run.rows(output)?;
        for (slot, collector) in run.collectors.into_iter().enumerate() {
            // Whether a row has failed or not, a lower one may fail in the next column.
            let _ = collector.fill(output, slot)?;
        }
        Ok(())
    }
}

/// A chunk that is being run.
struct Run<'k> {
    kernel: &'k ScriptKernel<'k>,
    readers: Vec<Reader>,
    n_rows: usize,
    chunk: &'k Chunk,
    batch: Batch,
    collectors: Vec<Collector>,
}

/// A row in which a worker's memory ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Starved(usize);

impl Run<'_> {
    /// Runs the rows, a batch at a time, and stops where a row fails and the rest is not to be run.
    fn rows(&mut self, output: &mut ChunkOutput<'_>) -> Result<()> {
        let mut state = self.kernel.worker()?;
        let mut from = 0;
        let mut starved: Option<Starved> = None;
        while from < self.n_rows {
            // A row that starved a worker gets a fresh one to itself: what rows before it left behind is not its fault.
            let limit = if starved == Some(Starved(from)) { 1 } else { self.kernel.plan.batch_rows };
            let limit = limit.min(self.n_rows - from);
            // A batch counts on from its first row.
            let limit = if self.kernel.counts_rows { self.chunk.n_consecutive(from, limit) } else { limit };
            self.batch.fill(&self.readers, from, limit)?;
            match self.batch(&mut state, from, output)? {
                Batched::Done => from += self.batch.n_rows,
                Batched::Stopped => {
                    self.kernel.give_back(state);
                    return Ok(());
                }
                Batched::Starved(row) => {
                    from += row;
                    // Those that lie idle may be as full.
                    state = self.fresh()?;
                    if starved == Some(Starved(from)) {
                        let limit = self.kernel.script.limit_text();
                        let message = format!("the row needs more memory than the {limit} of a worker");
                        if self.fault(from, message, output).is_break() {
                            self.kernel.give_back(state);
                            return Ok(());
                        }
                        from += 1;
                    } else {
                        starved = Some(Starved(from));
                    }
                }
            }
        }
        self.kernel.give_back(state);
        Ok(())
    }

    fn fresh(&self) -> Result<State> {
        let kernel = self.kernel;
        State::new(kernel.script, &kernel.plan, &kernel.program, &kernel.watchdog)
    }

    /// Runs the rows of the batch, whose first is row `first` of the chunk.
    fn batch(&mut self, state: &mut State, first: usize, output: &mut ChunkOutput<'_>) -> Result<Batched> {
        let (script, plan) = (self.kernel.script, &self.kernel.plan);
        let n_rows = self.batch.n_rows;
        if state.upload(&self.batch, plan).is_err() {
            return Ok(Batched::Starved(0));
        }
        let mut from = 0;
        while from < n_rows {
            let returned = state.run(&self.batch, from, self.chunk.row_index(first), script);
            if matches!(returned, Err(Failure::Cancelled)) {
                return Err(Error::new(ErrorKind::Cancelled));
            }
            let end = match &returned {
                Ok(()) => n_rows,
                Err(_) => state.first_undone(from, n_rows),
            };
            // A row that catches the error of its own timeout goes on to its end all the same.
            let caught = state.timed_out_in(from, script).filter(|(row, _)| *row < end);
            let good = match &caught {
                Some((row, _)) => vec![(from, *row), (row + 1, end)],
                None => vec![(from, end)],
            };
            for (part, (start, stop)) in good.into_iter().enumerate() {
                if let (1, Some((row, message))) = (part, &caught)
                    && self.timed_out(first + row, message.clone(), output).is_break()
                {
                    return Ok(Batched::Stopped);
                }
                let Ok(misfits) = state.collect(start, stop, plan, &mut self.collectors) else {
                    return Ok(Batched::Starved(start));
                };
                for (row, slot, message) in misfits {
                    let fault = RowFault::new(first + row, message, RowFailure::Returned);
                    let column = plan.outputs[slot].name.as_str();
                    if output.fault(fault.in_column(column)).is_break() {
                        return Ok(Batched::Stopped);
                    }
                }
            }
            from = end;
            if caught.is_some() && !matches!(returned, Err(Failure::OutOfMemory)) {
                // What stopped the row behind it was meant for this one.
                continue;
            }
            let message = match returned {
                Ok(()) => continue,
                Err(_) if from == n_rows => continue,
                Err(Failure::OutOfMemory) => return Ok(Batched::Starved(from)),
                Err(Failure::TimedOut(message)) => {
                    if self.timed_out(first + from, message, output).is_break() {
                        return Ok(Batched::Stopped);
                    }
                    from += 1;
                    continue;
                }
                Err(Failure::Raised(message)) => message,
                Err(Failure::Cancelled) => return Err(Error::new(ErrorKind::Cancelled)),
            };
            if self.fault(first + from, message, output).is_break() {
                return Ok(Batched::Stopped);
            }
            from += 1;
        }
        Ok(Batched::Done)
    }

    /// Makes a row of the chunk a fault, with nulls for its results.
    fn fault(&mut self, row: usize, message: String, output: &mut ChunkOutput<'_>) -> ControlFlow<()> {
        self.give_up(RowFault::new(row, message, RowFailure::Returned), output)
    }

    /// The same of a row that was stopped when its time was over. Of no other row is it known how long it took.
    fn timed_out(&mut self, row: usize, message: String, output: &mut ChunkOutput<'_>) -> ControlFlow<()> {
        let fault = RowFault::new(row, message, RowFailure::Returned);
        self.give_up(fault.after(self.kernel.script.row_timeout), output)
    }

    fn give_up(&mut self, fault: RowFault, output: &mut ChunkOutput<'_>) -> ControlFlow<()> {
        for collector in &mut self.collectors {
            collector.push_null();
        }
        output.fault(fault)
    }
}

/// How far a batch was run.
enum Batched {
    Done,
    /// A row failed, and the rest is not to be run.
    Stopped,
    /// The worker's memory ran out in this row of the batch.
    Starved(usize),
}
