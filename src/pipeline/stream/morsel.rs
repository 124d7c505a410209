//! One piece of the input: read, filtered, through the function, turned into text.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use polars::prelude::{Column, DataFrame, DataType, PlSmallStr, Schema};

use super::super::columns::{Keep, combine};
use super::super::faults::Reject;
use super::super::filter::{condition, quiet};
use super::super::kept_rows::OfKept;
use super::super::resume::InputPlace;
use super::super::run::LOCATED_FAILURES;
use super::kept::Kept;
use super::once::Once;
use super::plan::Writing;
use super::retry::{Ops, Retried, RetryPlan};
use super::sources::{Job, Sources};
use crate::apply::{Applied, ApplyOptions, Ran, Rows, Sharing, run_piece};
use crate::error::{Error, Result};
use crate::fault::{Fault, Ledger, OnError, RowFate};
use crate::pool::{Cost, Permit};
use crate::report::Stage;
use crate::row::{BoundFunction, Kernel, default_dtype, is_undeclared};
use crate::table::held_bytes;
use crate::table::pieces::{Buffer, Buffers, Integers, Piece, ReadRows, Seen, Sighting};

/// What is done to every piece.
pub(super) struct Morsels<'p> {
    pub(super) sources: &'p Sources,
    /// The columns of the inputs; the dtypes of those that are read are the ones that they are read in.
    pub(super) schema: &'p Schema,
    /// The columns that are read.
    pub(super) columns: &'p [PlSmallStr],
    /// How wide integers are that are read.
    pub(super) integers: Integers,
    pub(super) predicate: Option<BoundFunction<'p>>,
    pub(super) function: Option<BoundFunction<'p>>,
    pub(super) keep: Keep,
    /// How the function is run: under a head, faults are collected, since those behind it do not count.
    pub(super) apply: ApplyOptions,
    pub(super) writing: &'p Writing,
    /// Whether each row that is written is to be told by its index in the input.
    pub(super) tells_rows: bool,
    /// Which faults are to be told with their files and lines.
    pub(super) placed: Placed,
    /// The rows that are run, where not all are.
    pub(super) retry: Option<&'p RetryPlan>,
    pub(super) state: Shared,
    /// What is known of a run whose dtypes are only proposed, and that cannot begin anew.
    pub(super) once: Option<Once<'p>>,
}

/// Which faults are to be told with their files and lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// The first of all.
    First,
    /// Every one.
    All,
}

/// What the pieces tell each other.
#[derive(Default)]
pub(super) struct Shared {
    /// The dtypes of undeclared columns that rows before have decided.
    decided: Mutex<Vec<Option<DataType>>>,
    /// How many failed rows have been located, of pieces that have arrived.
    n_located: AtomicUsize,
    /// What the chunks of the function have cost.
    cost: Mutex<Cost>,
    /// The same of the condition.
    cost_of_filter: Mutex<Cost>,
    /// The memory that text is written into.
    buffers: Buffers,
}

/// A piece that is done.
pub(super) struct Prepared {
    pub(super) n_rows_read: u64,
    /// The bytes of the input that it stands for.
    pub(super) n_bytes_read: u64,
    pub(super) n_rows: u64,
    pub(super) n_columns: usize,
    /// The place behind it.
    pub(super) end: InputPlace,
    /// The rows as text, where text is written.
    pub(super) text: Option<Buffer>,
    /// The rows themselves, where they are not written as text.
    pub(super) frame: Option<DataFrame>,
    /// The index in the input of each row, where that was asked for.
    pub(super) rows: Option<Vec<u64>>,
    /// The rows that failed, by their index in the input, as many of them with their places as are wanted.
    pub(super) faults: Vec<Fault>,
    /// The text of the rows that could not be read.
    pub(super) rejects: Vec<Reject>,
    /// What becomes of the rows of the old output, where rows are retried.
    pub(super) ops: Option<Ops>,
    pub(super) sharing: Sharing,
    /// What its cells look like, where dtypes are only proposed.
    pub(super) sighting: Option<Sighting>,
}

/// A piece of which the dtypes of some new columns are still to be decided by the rows before it.
pub(super) struct Half {
    job: Job,
    kept: Kept,
    /// The rows of the piece that the condition holds for, where there is one and rows are retried.
    old: Option<Vec<u64>>,
    rejects: Vec<Reject>,
    ran: Option<Ran>,
    sighting: Option<Sighting>,
}

/// What became of a piece on a worker.
pub(super) enum Outcome {
    Done(Box<Prepared>),
    Undecided(Box<Half>),
    /// A cell does not fit the dtype that is proposed for its column.
    Misfit(Box<Job>),
    /// The run fails with this piece, unless there is something wrong with the file as a whole.
    Failed(Error, Option<Box<Sighting>>),
    /// Its cells have been looked at, and that is all.
    Seen(Box<Sighting>),
}

impl Shared {
    /// What is known from an earlier run.
    pub(super) fn known(decided: Vec<Option<DataType>>) -> Self {
        Self { decided: Mutex::new(decided), ..Self::default() }
    }
}

impl Morsels<'_> {
    /// What is run over the rows: the condition and the function.
    pub(super) fn kernels(&self) -> impl Iterator<Item = &dyn Kernel> {
        self.predicate.iter().chain(&self.function).map(|bound| bound.kernel.as_ref())
    }

    /// Does all of it, as far as the dtypes of the new columns are known.
    pub(super) fn work(&self, job: Job, permit: &mut Permit) -> Result<Outcome> {
        match &self.once {
            Some(once) => self.work_once(once, job, permit),
            None => self.work_settled(job, permit),
        }
    }

    /// The same where dtypes are only proposed.
    fn work_once(&self, once: &Once<'_>, job: Job, permit: &mut Permit) -> Result<Outcome> {
        let recorder = &self.sources.recorder;
        if once.is_doomed() {
            self.apply.advance(job.piece.n_rows() as usize);
            let seen = recorder.time(Stage::Parse, || self.sources.sight(&job, &once.watch))?;
            permit.resize(0);
            return Ok(Outcome::Seen(Box::new(seen)));
        }
        let bound = once.current();
        let read =
            || self.sources.read_watched(&job, self.columns, &bound.schema, &once.watch, self.integers);
        match recorder.time(Stage::Parse, read)? {
            Seen::Misfit => Ok(Outcome::Misfit(Box::new(job))),
            Seen::Fault(error, sighting) => Ok(Outcome::Failed(error, Some(Box::new(sighting)))),
            Seen::Rows(read, sighting) => {
                match self.run(job, read, bound.function.as_ref().or(self.function.as_ref()), permit) {
                    Ok(mut outcome) => {
                        match &mut outcome {
                            Outcome::Done(prepared) => prepared.sighting = Some(sighting),
                            Outcome::Undecided(half) => half.sighting = Some(sighting),
                            _ => {}
                        }
                        Ok(outcome)
                    }
                    Err(error) => Ok(Outcome::Failed(error, Some(Box::new(sighting)))),
                }
            }
        }
    }

    fn work_settled(&self, job: Job, permit: &mut Permit) -> Result<Outcome> {
        let recorder = &self.sources.recorder;
        let retried = self.retried(&job);
        if self.predicate.is_none() && retried.is_some_and(<[_]>::is_empty) {
            self.apply.advance(job.piece.n_rows() as usize);
            let kept = Kept::none(self.schema, self.columns);
            let half = Half { job, kept, old: None, rejects: Vec::new(), ran: None, sighting: None };
            return self.hand_on(half, permit);
        }
        let read = || self.sources.read_as(&job, self.columns, self.schema, self.integers);
        let read = recorder.time(Stage::Parse, read)?;
        self.run(job, read, self.function.as_ref(), permit)
    }

    /// Does what follows when the rows of a piece have been read.
    fn run(
        &self,
        job: Job,
        read: ReadRows,
        function: Option<&BoundFunction<'_>>,
        permit: &mut Permit,
    ) -> Result<Outcome> {
        let recorder = &self.sources.recorder;
        let condition = self.predicate.as_ref().map_or(&[][..], |predicate| &predicate.inputs);
        let (mut kept, mut flawed) = Kept::of_piece(read, condition)?;
        if let Some(predicate) = &self.predicate {
            let filtered = recorder.time(Stage::Filter, || self.filter(predicate, &mut kept, &job));
            filtered.map_err(|error| self.sources.locate(error, &job))?;
        }
        let mut old = None;
        if let Some(plan) = self.retry {
            old = self.predicate.is_some().then(|| kept.row_list());
            flawed.retain(|flawed| plan.contains(job.first_row + flawed.row()));
            kept.faults.retain(|fault| plan.contains(fault.row));
            kept.retain(|row| plan.contains(job.first_row + row))?;
        }
        let rejects = kept.take_flaws(flawed, &job.piece, job.first_row, self.apply.on_error())?;
        let ran = recorder.time(Stage::Function, || self.call(function, &job, &kept))?;
        if let Some(ran) = &ran {
            recorder.add(Stage::Function, ran.helped());
        }
        let half = Half { job, kept, old, rejects, ran, sighting: None };
        self.hand_on(half, permit)
    }

    fn hand_on(&self, half: Half, permit: &mut Permit) -> Result<Outcome> {
        if !self.is_decided() {
            permit.resize(half.n_bytes());
            return Ok(Outcome::Undecided(Box::new(half)));
        }
        let prepared = self.finish(half)?;
        permit.resize(prepared.n_bytes());
        Ok(Outcome::Done(Box::new(prepared)))
    }

    /// Runs the function over the rows of a piece that it is called with.
    fn call(&self, function: Option<&BoundFunction<'_>>, job: &Job, kept: &Kept) -> Result<Option<Ran>> {
        let (n_rows, n_called) = (job.piece.n_rows() as usize, kept.n_called());
        match function {
            None => {
                self.apply.advance(n_rows);
                Ok(None)
            }
            Some(function) => {
                self.apply.advance(n_rows - n_called);
                let columns = kept.called_columns(&function.inputs)?;
                let rows = Rows { columns: &columns, n_rows: n_called, first_row: job.first_row };
                let decided = self.decided();
                let kernel = function.kernel.as_ref();
                let ran = match kept.called_rows() {
                    Some(called) => {
                        let kernel = OfKept { kernel, rows: &called, first_row: job.first_row };
                        run_piece(&kernel, rows, &self.apply, &decided, &self.state.cost)
                    }
                    None => run_piece(kernel, rows, &self.apply, &decided, &self.state.cost),
                };
                ran.map(Some).map_err(|error| self.locate(error, kept, job))
            }
        }
    }

    /// Lets the rows of a piece decide what no piece before it has.
    pub(super) fn decide(&self, half: &Half) {
        let Some(ran) = &half.ran else { return };
        let mut decided = self.decided();
        ran.decide(&mut decided);
        *self.state.decided.lock().unwrap_or_else(PoisonError::into_inner) = decided;
    }

    /// Whether the dtypes of all new columns are known.
    pub(super) fn is_decided(&self) -> bool {
        let Some(function) = &self.function else { return true };
        let fields = function.kernel.fields();
        if !fields.iter().any(is_undeclared) {
            return true;
        }
        let decided = self.decided();
        fields.iter().zip(decided).all(|(field, decided)| decided.is_some() || !is_undeclared(field))
    }

    /// Does what is left to do with a piece.
    pub(super) fn finish(&self, half: Half) -> Result<Prepared> {
        self.sources.recorder.time(Stage::Concatenate, || self.prepare(half))
    }

    fn prepare(&self, half: Half) -> Result<Prepared> {
        let Half { job, mut kept, old, rejects, ran, sighting } = half;
        let on_error = self.apply.on_error();
        let applied = match ran {
            Some(ran) => {
                let finished = ran.finish(&self.decided(), on_error);
                Some(finished.map_err(|error| self.locate(error, &kept, &job))?)
            }
            None => None,
        };
        let (first_row, n_rows_read) = (job.first_row, job.piece.n_rows());
        let sharing = match &applied {
            Some(applied) => applied.sharing,
            None => Sharing { n_chunks: 1, largest_chunk: kept.frame.height(), n_workers: 1 },
        };
        let (new, failed) = match applied {
            Some(Applied { table, ledger, .. }) => {
                let columns = kept.spread(table.into_iter().map(Column::from).collect())?;
                let n_rows = columns.first().map_or(kept.frame.height(), Column::len);
                (Some(DataFrame::new(n_rows, columns).map_err(Error::engine)?), ledger)
            }
            None => (self.no_new_rows()?, Ledger::default()),
        };
        let within = relative(&failed, job.first_row);
        let n_rows = new.as_ref().map_or(kept.frame.height(), DataFrame::height);
        // Where all rows of the piece are written as they stand, nobody asks which they are.
        let leaves_out = kept.rows.is_some() || on_error == OnError::Skip && !within.is_empty();
        let asks_which = matches!(self.writing, Writing::Verbatim { .. }) && leaves_out;
        let rows = (self.tells_rows || self.retry.is_some() || asks_which)
            .then(|| written_rows(&kept, &within, on_error));
        let mut faults = std::mem::take(&mut kept.faults);
        faults.extend(failed.into_faults().into_iter().map(|fault| {
            let row = kept.called_row(fault.row - job.first_row);
            fault.at_row(job.first_row + row)
        }));
        faults.sort_by_key(|fault| fault.row);
        self.place(&mut faults, &job);
        let ops = self.retried(&job).map(|retried| {
            let written = rows.as_deref().unwrap_or_default();
            Ops::of_piece(job.first_row, n_rows_read, retried, old.as_deref(), written)
        });

        let mut by_cell = match &job.piece {
            Piece::Text(piece) if self.sources.inputs[job.input].csv().is_some() => {
                piece.by_cell.get().copied().map(Some)
            }
            _ => Some(None),
        };
        let mut prepared = Prepared {
            n_rows_read,
            n_bytes_read: job.n_bytes,
            n_rows: ops.as_ref().map_or(n_rows as u64, Ops::n_rows),
            n_columns: 0,
            end: InputPlace {
                input: job.input,
                rows_before: job.first_row - job.piece.first_row(),
                place: job.piece.end(),
            },
            text: None,
            frame: None,
            rows: None,
            faults,
            rejects,
            ops,
            sharing,
            sighting,
        };
        match self.writing {
            Writing::Verbatim { .. } if n_rows == 0 => prepared.text = Some(Buffer::default()),
            Writing::Verbatim { encoder, line_end } => {
                let new = new.unwrap_or_default();
                let kept = mask(rows.as_deref(), n_rows_read);
                let Some(csv) = self.sources.inputs[job.input].csv() else {
                    return Err(Error::engine("only CSV is written as it stands"));
                };
                let Piece::Text(piece) = &job.piece else {
                    return Err(Error::engine("only CSV is written as it stands"));
                };
                let (kept, buffers) = (kept.as_deref(), &self.state.buffers);
                if kept.is_some() {
                    by_cell = by_cell.or(Some(Some("rows are left out one by one")));
                } else if !encoder.writes_numbers(&new) {
                    by_cell = by_cell.or(Some(Some(WRITTEN_BY_CELL)));
                }
                prepared.text = Some(csv.append_cells(piece, kept, &new, encoder, line_end, buffers)?);
            }
            writing => {
                let frame = match new {
                    Some(new) => combine(kept.frame, new, self.keep, on_error, &within)?,
                    None => kept.frame,
                };
                prepared.n_columns = frame.width();
                // What was read is in the frame now: of a large row there is no room for both and its text.
                drop(job);
                match writing {
                    Writing::Text(encoder) => {
                        if !encoder.writes_numbers(&frame) {
                            by_cell = by_cell.or(Some(Some(WRITTEN_BY_CELL)));
                        }
                        prepared.text = Some(encoder.rows(&frame, &self.state.buffers)?)
                    }
                    _ => {
                        by_cell = by_cell.or(Some(Some("the output is no text")));
                        prepared.frame = Some(frame);
                    }
                }
            }
        }
        match by_cell {
            None => self.sources.recorder.took_fused(),
            Some(reason) => self.sources.recorder.took_general(reason),
        }
        prepared.rows =
            rows.filter(|_| self.tells_rows).map(|rows| rows.iter().map(|row| first_row + row).collect());
        Ok(prepared)
    }

    /// Notes how many failed rows are located already: later pieces need not locate more.
    pub(super) fn set_located(&self, n_located: usize) {
        self.state.n_located.store(n_located, Ordering::Relaxed);
    }

    /// The rows of a piece that are retried.
    fn retried(&self, job: &Job) -> Option<&[Retried]> {
        Some(self.retry?.among(job.first_row..job.first_row + job.piece.n_rows()))
    }

    /// The new columns without a row, where a piece was not given to the function.
    fn no_new_rows(&self) -> Result<Option<DataFrame>> {
        let Some(function) = &self.function else { return Ok(None) };
        let fields = function.kernel.fields().iter().zip(self.decided());
        let columns = fields.map(|(field, decided)| {
            let dtype = match is_undeclared(field) {
                true => default_dtype(decided),
                false => field.dtype().clone(),
            };
            Column::new_empty(field.name().clone(), &dtype)
        });
        DataFrame::new(0, columns.collect()).map(Some).map_err(Error::engine)
    }

    /// The new columns, each with the dtype that its rows have decided where it is undeclared.
    pub(super) fn new_columns(&self) -> Vec<(String, Option<DataType>)> {
        let fields = self.function.iter().flat_map(|function| function.kernel.fields()).zip(self.decided());
        fields
            .map(|(field, decided)| (field.name().to_string(), decided.filter(|_| is_undeclared(field))))
            .collect()
    }

    pub(super) fn decided(&self) -> Vec<Option<DataType>> {
        let mut decided = self.state.decided.lock().unwrap_or_else(PoisonError::into_inner);
        let n_fields = self.function.as_ref().map_or(0, |function| function.kernel.fields().len());
        decided.resize(n_fields, None);
        decided.clone()
    }

    fn filter(&self, predicate: &BoundFunction<'_>, kept: &mut Kept, job: &Job) -> Result<()> {
        let options = quiet(&self.apply)?;
        let columns = kept.called_columns(&predicate.inputs)?;
        let rows = Rows { columns: &columns, n_rows: kept.frame.height(), first_row: job.first_row };
        let (kernel, cost) = (predicate.kernel.as_ref(), &self.state.cost_of_filter);
        let ran = match kept.called_rows() {
            Some(rows_there) => {
                let kernel = OfKept { kernel, rows: &rows_there, first_row: job.first_row };
                run_piece(&kernel, rows, &options, &[None], cost)?
            }
            None => run_piece(kernel, rows, &options, &[None], cost)?,
        };
        let applied = ran.finish(&[None], options.on_error())?;
        for mut fault in applied.ledger.into_faults() {
            fault.fate = RowFate::LeftOut;
            let row = kept.row(fault.row - job.first_row);
            kept.faults.push(fault.at_row(job.first_row + row));
        }
        kept.filter(&condition(applied.table)?)
    }

    /// An error of the function, by its row in the input, with its place.
    fn locate(&self, error: Error, kept: &Kept, job: &Job) -> Error {
        let position = error.position().clone();
        let Some(row) = position.row.and_then(|row| row.checked_sub(job.first_row)) else { return error };
        let moved = Error::new(error.into_kind()).at_row(job.first_row + kept.called_row(row));
        let moved = match position.column {
            Some(column) => moved.in_column(column),
            None => moved,
        };
        self.sources.locate(moved, job)
    }

    /// Adds their places to the faults that are to be told with them.
    fn place(&self, faults: &mut [Fault], job: &Job) {
        let n_faults = match self.placed {
            Placed::All => faults.len(),
            Placed::First => LOCATED_FAILURES
                .saturating_sub(self.state.n_located.load(Ordering::Relaxed))
                .min(faults.len()),
        };
        self.sources.place(&mut faults[..n_faults], job);
        if let Some(plan) = self.retry {
            plan.count_attempts(faults);
        }
    }
}

/// How many times the bytes of rows are in memory that become a block: as they are, in one piece, and encoded.
pub(super) const ENCODED: usize = 3;

/// Why a piece whose cells were plain numbers was written in another way than these.
const WRITTEN_BY_CELL: &str = "columns of other dtypes than numbers are written cell by cell";

impl Half {
    /// What its cells look like, where dtypes are only proposed.
    pub(super) fn take_sighting(&mut self) -> Option<Sighting> {
        self.sighting.take()
    }

    fn n_bytes(&self) -> u64 {
        self.job.piece.weight()
    }
}

impl Prepared {
    fn n_bytes(&self) -> u64 {
        let frame = self.frame.as_ref().map_or(0, |frame| held_bytes(frame) * ENCODED);
        let text = self.text.as_ref().map_or(0, Buffer::n_bytes_held);
        let faults: usize = self.faults.iter().map(|fault| size_of::<Fault>() + fault.message.len()).sum();
        let rejects: usize = self.rejects.iter().map(|(_, text)| size_of::<Reject>() + text.len()).sum();
        (text + frame + faults + rejects) as u64
    }
}

/// The faults by their rows among those that were kept.
fn relative(ledger: &Ledger, first_row: u64) -> Ledger {
    let moved = ledger.faults().iter().cloned().map(|fault| {
        let row = fault.row - first_row;
        fault.at_row(row)
    });
    Ledger::new(moved.collect())
}

/// Which rows of the piece are written.
fn written_rows(kept: &Kept, failed: &Ledger, on_error: OnError) -> Vec<u64> {
    let all = || (0..kept.frame.height() as u64).map(|row| kept.row(row));
    if on_error != OnError::Skip || failed.is_empty() {
        return all().collect();
    }
    let mut failed = failed.faults().iter().map(|fault| fault.row).peekable();
    let mut index = 0;
    let succeeds = |_: &u64| {
        let mut succeeds = true;
        while failed.next_if_eq(&index).is_some() {
            succeeds = false;
        }
        index += 1;
        succeeds
    };
    all().filter(succeeds).collect()
}

/// Which rows of a piece are among some of them; `None` when all are.
fn mask(rows: Option<&[u64]>, n_rows: u64) -> Option<Vec<bool>> {
    let rows = rows.filter(|rows| (rows.len() as u64) < n_rows)?;
    let mut mask = vec![false; n_rows as usize];
    rows.iter().for_each(|row| mask[*row as usize] = true);
    Some(mask)
}
