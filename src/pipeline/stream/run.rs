//! A run over inputs that need not fit into memory.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{DataType, PlSmallStr, Schema};

use super::super::columns::Keep;
use super::super::destination::Destination;
use super::super::faults::{ClaimedFiles, FaultKeeper, FileIdentity, RejectsFile, RunFiles, RunRecord};
use super::super::known::Known;
use super::super::memory::Sizes;
use super::super::resume::{Before as Begun, InputPlace, Journal, Point};
use super::super::run::{Pipeline, RowOrder, Source};
use super::super::summary::{Passes, RunSummary, StageTimes};
use super::checkpoints::Checkpoints;
use super::morsel::{Half, Morsels, Outcome, Placed, Shared};
use super::once::{Once, Tally, may_go_on};
use super::plan::{
    Function, Writing, copied_columns, is_verbatim, may_run_again, settle_columns, trusted_columns,
};
use super::receiver::{Form, Receiver, Resumed};
use super::retry::RetryPlan;
use super::sources::Sources;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::OnError;
use crate::pool::{Budget, Order, Permit, run_ordered};
use crate::progress::RunStatus;
use crate::report::{Flow, Recorder, Stage};
use crate::row::{Kernel, RowFunction, is_undeclared};
use crate::table::pieces::{Integers, RowEncoder, Strictness, append_names};
use crate::table::{
    Beside, CopiedColumns, EncodeAhead, Header, Input, MatrixOptions, Output, ReadOptions, Sink, Whole,
};

/// The smallest limit of the memory: a row has a quarter of it.
const SMALLEST_LIMIT: u64 = 1000;

/// How many rows a piece of a run has at most that can be gone on with: they are lost when it is broken off.
const MOST_ROWS: u64 = 10_000;

/// The output of a run, opened, and what is noted of it.
#[derive(Default)]
pub(in crate::pipeline) struct Opened {
    pub(in crate::pipeline) sink: Option<Sink>,
    /// Where it is noted how far the run is, when another one may go on with it.
    pub(in crate::pipeline) journal: Option<Journal>,
    /// Where this run goes on.
    pub(in crate::pipeline) from: Option<(Point, Begun)>,
    /// What that one knew of all rows, where it went by it.
    pub(in crate::pipeline) known: Option<Known>,
    /// The files that tell of the rows that fail.
    pub(in crate::pipeline) faults: ClaimedFiles,
}

/// Runs a pipeline piece by piece.
pub(in crate::pipeline) fn run_streamed(
    pipeline: &Pipeline<'_>,
    source: &Source,
    read: &ReadOptions,
    opened: Opened,
) -> Result<RunSummary> {
    let recorder = Arc::new(Recorder::start());
    let n_threads = pipeline.apply.n_threads();
    let limit = pipeline.memory_limit_or_default();
    if limit < SMALLEST_LIMIT {
        let message = format!(
            "no row fits into {limit} bytes; give {SMALLEST_LIMIT} at least, and better some megabytes"
        );
        return Err(Error::invalid_option("memory-limit", message));
    }
    let mut sizes = Sizes::new(limit, n_threads, pipeline.piece_bytes);
    if let Some(resume) = &pipeline.resume {
        sizes.most_rows = resume.checkpoint_rows.unwrap_or(MOST_ROWS).max(1);
    }
    let known = opened.known.as_ref().or(pipeline.retry.as_ref().and_then(|plan| plan.record.known.as_ref()));
    let sources = recorder.time(Stage::Look, || open(pipeline, source, read, sizes, &recorder, known));
    let mut sources = sources?;
    let copies = matches!(pipeline.work.0, super::super::work::Task::Copy);
    let resume = pipeline.resume.as_ref().filter(|_| opened.journal.is_some());
    let goes_by_known = opened.known.is_some();
    let copied = copied_columns(pipeline, &sources);
    // The columns of the input are there already where they are copied.
    let keep = if copied.is_some() { Keep::New } else { pipeline.keep };
    let writes_input = (keep == Keep::All || copies) && !is_verbatim(pipeline, &sources);
    let is_copied = copied.is_some();
    let mut place = Place { opened, copied };
    let run = |sources: &Sources, columns: &[PlSmallStr], dtypes: Dtypes, place: Place| {
        run_over(pipeline, source, sources, read, Chosen { columns, dtypes }, sizes, place)
    };
    let mut passes = Passes::One;
    let mut failed = None;
    // What is noted of a run holds by the dtypes that it goes by, to its end.
    if !goes_by_known
        && sources.strictness == Strictness::Strict
        && !is_copied
        && cuts(pipeline, read).is_none()
        && let Some(columns) = trusted_columns(pipeline, &mut sources, writes_input)
    {
        // A run may begin anew where nobody has seen anything of it by then.
        let may_begin_anew = pipeline.destination.shows_nothing_before_its_end()
            && !sources.are_read_once()
            && may_run_again(pipeline, &sources, &columns);
        if may_begin_anew {
            match run(&sources, &columns, Dtypes::Hold, std::mem::take(&mut place)) {
                // What is wrong is told by the way that looks at everything first.
                Err(error) if !matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Io { .. }) => {
                    failed = Some((error, sources.schema(&columns)?, columns));
                }
                outcome => return outcome,
            }
        } else if resume.is_none() && may_go_on(pipeline, &sources, &columns, writes_input) {
            return run(&sources, &columns, Dtypes::AreProposed, place);
        }
    }
    let (columns, has_looked) = settle_columns(pipeline, &mut sources, writes_input)?;
    if let Some((error, schema, trusted)) = failed {
        // Where all rows ask for the dtypes that the first ones have proposed, a run by these would be the same.
        if columns == trusted && sources.schema(&columns)? == schema {
            return Err(error);
        }
        passes = Passes::BeganAnew;
        recorder.begins_anew("begun anew, for a later row does not fit what the first ones propose");
        if let Some(resume) = resume {
            place.opened = pipeline.begin_anew(resume)?;
        }
    }
    passes = match (passes, has_looked) {
        (Passes::One, true) => Passes::LookedBefore,
        (passes, _) => passes,
    };
    if let Some(journal) = place.opened.journal.as_mut().filter(|_| !goes_by_known) {
        journal.note_known(&sources.known())?;
    }
    Ok(RunSummary { passes, ..run(&sources, &columns, Dtypes::Hold, place)? })
}

/// The columns that are read, and how.
#[derive(Clone, Copy)]
struct Chosen<'c> {
    columns: &'c [PlSmallStr],
    dtypes: Dtypes,
}

/// What is known of the dtypes by which rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dtypes {
    /// They hold, or the run begins anew.
    Hold,
    /// The first rows propose them, and the run goes on by others where later rows ask for these.
    AreProposed,
}

/// Where rows go.
#[derive(Default)]
struct Place {
    opened: Opened,
    /// The columns that are there without being decoded.
    copied: Option<CopiedColumns>,
}

/// After how many rows the output ends, where that is not where the input does.
fn cuts(pipeline: &Pipeline<'_>, read: &ReadOptions) -> Option<usize> {
    pipeline.head.filter(|_| read.limit().is_none() || read.limit() != pipeline.head)
}

/// Runs a pipeline over these columns of the inputs.
fn run_over(
    pipeline: &Pipeline<'_>,
    source: &Source,
    sources: &Sources,
    read: &ReadOptions,
    Chosen { columns, dtypes }: Chosen<'_>,
    sizes: Sizes,
    Place { opened: Opened { sink, journal, from, faults, .. }, copied }: Place,
) -> Result<RunSummary> {
    let keep = if copied.is_some() { Keep::New } else { pipeline.keep };
    let n_threads = pipeline.apply.n_threads();
    let n_pieces_by_cell = sources.n_pieces_by_cell();
    let verbatim = is_verbatim(pipeline, sources);
    let copies = matches!(pipeline.work.0, super::super::work::Task::Copy);
    let schema = sources.schema(columns)?;
    let predicate = pipeline.filter.as_ref().map(|predicate| predicate.bind(&schema)).transpose()?;
    let unbound = Function::of(&pipeline.work.0, &schema)?;
    let function = unbound.bind(&schema, pipeline.keep)?;
    let kernel = function.as_ref().map(|function| function.kernel.as_ref());
    let written = written_schema(&schema, kernel, keep, copies);
    let (writing, before) = writing(pipeline, sources, verbatim, &written, kernel)?;

    // Under a head, faults behind its last row do not count; a limit on what is read makes them none.
    let cuts = cuts(pipeline, read);
    let mut apply = pipeline.apply.clone();
    if cuts.is_some() && apply.on_error() == OnError::Fail {
        apply = apply.with_policy(OnError::Collect);
    }
    let is_declared = kernel.is_none_or(|kernel| !kernel.fields().iter().any(is_undeclared));
    if apply.on_error() == OnError::Null {
        // `null` keeps no messages, and the first one is told, and the ledger's.
        apply = apply.with_policy(OnError::Collect);
    }
    let ClaimedFiles { ledger, record: record_file, rejects } = faults;
    let rejects = rejects.zip(pipeline.rejects.as_ref());
    let faults = FaultKeeper {
        ledger,
        rejects: rejects.map(|(sink, output)| rejects_file(sink, output, sources)).transpose()?,
        max_errors: pipeline.max_errors,
        ..FaultKeeper::default()
    };
    let sink = match (sink, &pipeline.destination) {
        (None, Destination::Output(output, _)) => Some(Sink::create(output, &pipeline.files)?),
        (sink, _) => sink,
    };
    let start_at = from.as_ref().map(|(point, _)| point.at);
    let decided_before = from.as_ref().map(|(point, _)| point.decided.clone());
    let every = pipeline.resume.as_ref().and_then(|resume| resume.checkpoint_rows);
    let n_rows_resumed = from.as_ref().map_or(0, |(point, _)| point.counted.n_rows_read);
    let resumed = journal
        .map(|journal| Resumed { checkpoints: Checkpoints::new(journal, every, n_rows_resumed), from });
    let ahead = EncodeAhead { n_threads, n_bytes: (sizes.in_flight / 4) as usize };
    let mut receiver = Receiver::new(
        &pipeline.destination,
        sink,
        Form { text: before, beside: Beside { copied, ahead }, schema: written.clone(), is_declared },
        cuts,
        pipeline.apply.on_error(),
        faults,
        resumed,
    )?;
    let n_columns = if keep == pipeline.keep { written.len() } else { schema.len() + written.len() };
    let mut decided = decided_before.unwrap_or_default();
    if let Some(plan) = &pipeline.retry {
        receiver.patches(&written, sizes, &pipeline.apply)?;
        let fields = kernel.into_iter().flat_map(|kernel| kernel.fields());
        decided = plan.decided(fields.map(|field| field.name().as_str()));
    }
    let n_rows = sources.n_rows().map_or(usize::MAX, |n_rows| n_rows as usize);
    let context = pipeline.apply.context(n_threads, n_rows);
    let (once, tally) = match dtypes {
        Dtypes::Hold => (None, None),
        Dtypes::AreProposed => {
            let schema = schema.clone();
            let once = Once::new(sources, columns, schema, &unbound, pipeline.keep, context.clone())?;
            (Some(once.0), Some(once.1))
        }
    };
    // What is read is seen by the kernels alone, where the input is not written anew.
    let is_for_kernels = function.is_some() && (verbatim || keep == Keep::New);
    let mut kernels = predicate.iter().chain(&function).map(|bound| &bound.kernel);
    let integers = match is_for_kernels && kernels.all(|kernel| kernel.takes_narrow_integers()) {
        true => Integers::MayBeNarrow,
        false => Integers::AsWide,
    };
    let morsels = Morsels {
        sources,
        schema: &schema,
        columns,
        integers,
        predicate,
        function,
        keep,
        apply,
        writing: &writing,
        tells_rows: cuts.is_some(),
        placed: if pipeline.ledger.is_some() { Placed::All } else { Placed::First },
        retry: pipeline.retry.as_ref(),
        state: Shared::known(decided),
        once,
    };
    let starts = || morsels.kernels().try_for_each(|kernel| kernel.prepare(&context));
    sources.recorder.time(Stage::Start, starts)?;
    if let Some(progress) = pipeline.apply.progress() {
        progress.begin(sources.n_rows());
    }
    if n_rows_resumed > 0 {
        morsels.set_located(receiver.faults.first.len());
        pipeline.apply.advance(n_rows_resumed as usize);
    }
    // Under a head the first rows are wanted, a person is shown the first and the last ones, and the files that hold
    // the faults are in the order of the rows.
    let is_free = pipeline.order == RowOrder::Finished
        && pipeline.resume.is_none()
        && pipeline.head.is_none()
        && pipeline.max_errors.is_none()
        && pipeline.ledger.is_none()
        && pipeline.rejects.is_none()
        && matches!(pipeline.destination, Destination::Output(..));
    let how = How { is_free, from: start_at, tally };
    let outcome = flow(&morsels, &mut receiver, n_threads, sizes, how);
    let finished = || {
        if let Some(progress) = pipeline.apply.progress() {
            progress.finish();
        }
    };
    let outcome = outcome.and_then(|flow| {
        sources.recorder.flowed(flow);
        morsels.kernels().try_for_each(|kernel| kernel.finish())?;
        let new_columns = morsels.new_columns();
        drop(morsels);
        pipeline.apply.check_cancelled()?;
        sources.recorder.time(Stage::Write, || {
            let mut closed = receiver.close(&written)?;
            if let Some(file) = record_file
                && let Some(mut record) = record(pipeline, source, new_columns, &mut closed.files)?
            {
                record.n_rows_written = closed.received.n_rows;
                record.is_cut = cuts.is_some();
                record.has_no_faults = closed.faults.counts.is_empty();
                record.known = Some(sources.known());
                let record = match &pipeline.retry {
                    Some(plan) => plan.record.followed_by(record),
                    None => record,
                };
                closed.files.record = Some(file.close(&record)?);
            }
            match &pipeline.retry {
                Some(_) => closed.files.replace()?,
                None => closed.files.appear()?,
            }
            closed.checkpoints.map_or(Ok(()), Checkpoints::finish)?;
            Ok((closed.delivered, closed.received, closed.faults))
        })
    });
    let (delivered, received, mut faults) = outcome.inspect_err(|_| finished())?;
    faults.first.sort_by_key(|error| error.position().row);
    let n_bytes = sources.inputs.iter().map(|input| input.n_bytes()).sum();
    pipeline.apply.tell(&RunStatus {
        n_bytes,
        n_bytes_in_all: Some(n_bytes),
        ..received.status(Some(received.n_rows_read), faults.counts.n_rows())
    });
    finished();
    let n_pieces_by_cell = sources.n_pieces_by_cell() - n_pieces_by_cell;
    let mut report = sources.recorder.report();
    report.n_rows_read = received.n_rows_read;
    report.n_rows_written = received.n_rows;
    report.n_bytes_read = n_bytes;
    report.n_bytes_written = delivered.n_bytes;
    report.n_threads = n_threads;
    report.chunks.n_pieces = report.flows.last().map_or(0, |flow| flow.n_pieces);
    received.sharing.tell(&mut report.chunks);
    let used =
        report.flows.last().map_or(0, |flow| flow.workers.iter().filter(|used| used.n_chunks > 0).count());
    report.chunks.n_workers = report.chunks.n_workers.max(used);
    report.input = sources.kind();
    report.looks_for_dtypes = sources.inputs.iter().any(|input| input.csv().is_some());
    report.output = pipeline.destination.kind()?;
    Ok(RunSummary {
        n_rows_read: received.n_rows_read,
        n_rows_retried: pipeline.retry.as_ref().map(RetryPlan::n_rows),
        n_rows_written: received.n_rows,
        n_rows_resumed: received.n_rows_resumed,
        n_columns_written: n_columns,
        faults: faults.counts,
        first_failures: faults.first,
        n_bytes_read: n_bytes,
        n_bytes_written: delivered.n_bytes,
        n_threads,
        sharing: received.sharing,
        times: StageTimes::of(&report),
        passes: Passes::One,
        n_pieces_by_cell,
        preview: delivered.preview,
        report,
    })
}

/// Opens the inputs, and finds out what their columns are, where nothing but the rows tells it.
fn open(
    pipeline: &Pipeline<'_>,
    source: &Source,
    read: &ReadOptions,
    sizes: Sizes,
    recorder: &Arc<Recorder>,
    known: Option<&Known>,
) -> Result<Sources> {
    let is_given = pipeline.piece_bytes.is_some();
    let mut sources = match source {
        Source::Inputs(inputs) => Sources::open(inputs, read, sizes, is_given, &pipeline.apply, recorder)?,
        Source::Matrix(options) => {
            // Each of its rows is one that is read, so that the first ones are all that must be made.
            let rows = read.limit().map_or(options.rows, |limit| options.rows.min(limit));
            Sources::matrix(&MatrixOptions { rows, ..*options }, sizes, is_given, recorder)?
        }
    };
    if let Some(known) = known {
        sources.know(known);
    }
    sources.look(&[], &pipeline.apply)?;
    Ok(sources)
}

/// How pieces flow.
struct How {
    /// Whether they may be written as they are finished.
    is_free: bool,
    /// Where an earlier run has come to.
    from: Option<InputPlace>,
    /// What is known of cells, where dtypes are only proposed.
    tally: Option<Tally>,
}

/// Lets all pieces flow from the sources to the receiver.
fn flow(
    morsels: &Morsels<'_>,
    receiver: &mut Receiver,
    n_threads: usize,
    sizes: Sizes,
    How { is_free, from, mut tally }: How,
) -> Result<Flow> {
    let budget = Budget::new(sizes.in_flight);
    let (n_rows_in_all, n_bytes_in_all) = (morsels.sources.n_rows(), morsels.sources.n_bytes_in_all());
    // Pieces whose dtypes no row has decided so far.
    let mut waiting: VecDeque<(Half, Permit)> = VecDeque::new();
    let recorder = &morsels.sources.recorder;
    let is_text = !matches!(morsels.writing, Writing::Frames);
    let latest = Mutex::new(RunStatus {
        n_bytes_in_all,
        ..receiver.received.status(n_rows_in_all, receiver.faults.counts.n_rows())
    });
    // While one slow row is waited for, the others go on.
    let check_cancelled = || {
        if morsels.apply.progress().is_some() {
            let n_bytes_in_flight = budget.used();
            let status =
                RunStatus { n_bytes_in_flight, ..*latest.lock().unwrap_or_else(PoisonError::into_inner) };
            morsels.apply.tell(&morsels.sources.with_taken(status));
        }
        morsels.apply.check_cancelled()
    };
    let mut receive = |outcome: Option<(Result<Outcome>, Permit)>| -> Result<ControlFlow<()>> {
        let is_end = outcome.is_none();
        let mut done = None;
        if let Some((outcome, mut permit)) = outcome {
            let outcome = match (&mut tally, &morsels.once) {
                (Some(tally), Some(once)) => tally.take(once, morsels, outcome?, &mut permit)?,
                _ => Some(outcome?),
            };
            match outcome {
                Some(Outcome::Done(prepared)) => done = Some((*prepared, permit)),
                Some(Outcome::Undecided(half)) => {
                    morsels.decide(&half);
                    permit.park();
                    waiting.push_back((*half, permit));
                }
                _ => return Ok(ControlFlow::Continue(())),
            }
        }
        if is_end || done.is_some() || is_text || morsels.is_decided() {
            if morsels.once.as_ref().is_some_and(Once::is_doomed) {
                return Ok(ControlFlow::Continue(()));
            }
            while let Some((half, permit)) = waiting.pop_front() {
                let prepared = match (morsels.finish(half), &mut tally, &morsels.once) {
                    (Err(error), Some(tally), Some(once)) => {
                        tally.fail(once, error);
                        waiting.clear();
                        return Ok(ControlFlow::Continue(()));
                    }
                    (prepared, _, _) => prepared?,
                };
                if recorder.time(Stage::Write, || receiver.receive(prepared, permit))?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                receiver.note(|| morsels.decided())?;
            }
        }
        let Some((prepared, permit)) = done else { return Ok(ControlFlow::Continue(())) };
        let flow = recorder.time(Stage::Write, || receiver.receive(prepared, permit))?;
        morsels.set_located(receiver.faults.first.len());
        let status = RunStatus {
            n_bytes_in_all,
            n_bytes_in_flight: budget.used(),
            ..receiver.received.status(n_rows_in_all, receiver.faults.counts.n_rows())
        };
        *latest.lock().unwrap_or_else(PoisonError::into_inner) = status;
        morsels.apply.tell(&morsels.sources.with_taken(status));
        if flow.is_continue() {
            receiver.note(|| morsels.decided())?;
        }
        Ok(flow)
    };
    let flow = run_ordered(
        n_threads,
        // Until the dtypes of all new columns are known, the lowest rows decide.
        Order::Done(&|| is_free && morsels.is_decided()),
        &check_cancelled,
        morsels.sources.jobs(n_threads, &budget, morsels.columns, from),
        |job, permit| morsels.work(job, permit),
        |outcome, permit| receive(Some((outcome, permit))),
    )?;
    let _ = receive(None)?;
    match (tally, &morsels.once) {
        (Some(tally), Some(once)) => tally.finish(once, morsels.sources).map(|()| flow),
        _ => Ok(flow),
    }
}

/// The columns of the output; of those that are not declared the dtype that they have without any value.
fn written_schema(schema: &Schema, kernel: Option<&dyn Kernel>, keep: Keep, copies: bool) -> Schema {
    let mut written = if keep == Keep::All || copies { schema.clone() } else { Schema::default() };
    for field in kernel.into_iter().flat_map(|kernel| kernel.fields()) {
        let dtype = match is_undeclared(field) {
            true => polars::prelude::DataType::Float64,
            false => field.dtype().clone(),
        };
        written.with_column(field.name().clone(), dtype);
    }
    written
}

/// What stands before rows of text, and the byte between their cells.
pub(super) type Before = (Vec<u8>, u8);

/// How rows become output, and, where that is text, what stands before them and what separates their cells.
fn writing(
    pipeline: &Pipeline<'_>,
    sources: &Sources,
    verbatim: bool,
    written: &Schema,
    kernel: Option<&dyn Kernel>,
) -> Result<(Writing, Option<Before>)> {
    let Destination::Output(output, options) = &pipeline.destination else {
        return Ok((Writing::Frames, None));
    };
    let (format, _) = options.resolve(output)?;
    let Some(encoder) = RowEncoder::new(format, options) else { return Ok((Writing::Frames, None)) };
    let in_file = |error: crate::Error| error.in_file(output.label());
    let Some(first) = sources.inputs[0].csv().filter(|_| verbatim) else {
        let before = encoder.header(written).map_err(in_file)?;
        let delimiter = encoder.delimiter();
        return Ok((Writing::Text(encoder), Some((before, delimiter))));
    };
    let (_, delimiter) = first.layout();
    let encoder = encoder.with_delimiter(delimiter);
    let header = first.header_line();
    let line_end = match &header {
        Some((_, line_end)) if line_end.ends_with(b"\n") => line_end.to_vec(),
        _ => b"\n".to_vec(),
    };
    let new: Vec<PlSmallStr> =
        kernel.into_iter().flat_map(|kernel| kernel.fields()).map(|field| field.name().clone()).collect();
    let of_new = written.iter().filter(|(name, _)| new.contains(name));
    let of_new: Schema = of_new.map(|(name, dtype)| (name.clone(), dtype.clone())).collect();
    let names = encoder.header(&of_new).map_err(in_file)?;
    let before = match header {
        _ if options.header() == Header::None => Vec::new(),
        Some((line, _)) => append_names(&line, &line_end, delimiter, &names),
        None => encoder.header(written).map_err(in_file)?,
    };
    Ok((Writing::Verbatim { encoder, line_end }, Some((before, delimiter))))
}

/// What is left beside the ledger of a run that is done; `None` where the ledger is no file.
fn record(
    pipeline: &Pipeline<'_>,
    source: &Source,
    columns: Vec<(String, Option<DataType>)>,
    files: &mut RunFiles,
) -> Result<Option<RunRecord>> {
    let inputs: &[Input] = if let Source::Inputs(inputs) = source { inputs } else { &[] };
    let identity = |file: &mut Option<Whole>| {
        let partial = file.as_mut().and_then(Whole::partial);
        partial.map(|partial| FileIdentity::of_partial(partial)).transpose()
    };
    let output = identity(&mut files.output)?;
    let Some(ledger) = identity(&mut files.ledger)? else { return Ok(None) };
    RunRecord::new(pipeline.commands.clone(), columns, inputs, output, ledger).map(Some)
}

/// The file that keeps the rows which cannot be read.
fn rejects_file(sink: Sink, output: &Output, sources: &Sources) -> Result<RejectsFile> {
    let first = &sources.inputs[0];
    let (header, line_end, layout) = match first.csv() {
        Some(csv) => match csv.header_line() {
            Some((line, line_end)) if line_end.ends_with(b"\n") => {
                ([&line, line_end].concat(), line_end.to_vec(), Some(csv.layout()))
            }
            Some((line, _)) => ([&line[..], b"\n"].concat(), b"\n".to_vec(), Some(csv.layout())),
            None => (Vec::new(), b"\n".to_vec(), Some(csv.layout())),
        },
        None => (Vec::new(), b"\n".to_vec(), None),
    };
    if let Some(other) = sources.inputs.iter().find(|input| !input.format().is_text()) {
        let message =
            format!("it keeps lines of text, and {} is {}", other.label().display(), other.format());
        return Err(Error::invalid_option("rejects", message));
    }
    let is_alike = |input: &crate::table::pieces::OpenInput| input.csv().map(|csv| csv.layout()) == layout;
    if let Some(other) = sources.inputs.iter().find(|input| !is_alike(input)) {
        let (first, other) = (first.label().display(), other.label().display());
        let message =
            format!("the columns of {other} are not those of {first}, so their lines make no one file");
        return Err(Error::invalid_option("rejects", message));
    }
    RejectsFile::over(sink, output, first.format(), &header, line_end)
}
