//! The one call that takes rows from inputs, through a function, to an output.

use std::path::Path;

use polars::prelude::{Column, DataFrame, DataType, IntoColumn, Series};

use super::columns::{Keep, check_names, combine, reduce_columns};
use super::destination::{Destination, head, or_cancelled};
use super::faults::{ClaimedFiles, CommandLine};
use super::filter::Kept;
use super::in_memory::check_fits;
use super::kept_rows::FunctionOfKept;
use super::memory::default_limit;
use super::resume::{HASH, Journal, LeftOff, Resume, identity, n_rows_noted_of};
use super::stream::{Opened, RetryPlan, run_streamed};
use super::summary::{Passes, RunSummary, StageTimes};
use super::text_column::{cell_instead, left_out};
use super::work::{Task, Work};
use crate::apply::{Applied, ApplyOptions, Sharing, apply_function};
use crate::error::{Error, Result};
use crate::fault::{Ledger, OnError};
use crate::files::{Files, Left, hash};
use crate::report::{InputKind, Recorder, RowPath, Stage};
use crate::row::RowFunction;
use crate::script::SqlPredicate;
use crate::table::{
    Compression, Format, Input, Matrix, MatrixOptions, Output, ReadOptions, Sink, SourceInfo, Table, read,
};

/// How many failed rows are looked up in their files.
pub(super) const LOCATED_FAILURES: usize = 20;

/// Inputs, what to do with their rows, and where the rows go.
///
/// The rows keep their order. A row that fails is treated as the [`OnError`] of the options says; its index in errors and
/// in the ledger is that of the input, whatever a condition left out. A file appears when the last row is done; what goes
/// to standard output goes there as soon as all rows before it are done.
///
/// Rows flow from inputs to output piece by piece, within a [`memory_limit`](Self::memory_limit). When a row function adds
/// columns to CSV and CSV is written, the rows are written as they stand in the input, with the new cells behind them:
/// numbers, quotes, line ends and the delimiter stay what they are, blank lines that are no rows are left out, and columns
/// that are not used may hold anything.
///
/// # Example
/// ```
/// use parrow::pipeline::{Destination, Pipeline, Work};
/// use parrow::script::SqlExpressions;
/// use parrow::table::{Input, Output, WriteOptions};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("points.csv");
/// # std::fs::write(&path, "x,y\n3,4\n5,12\n").unwrap();
/// # let target = folder.path().join("lengths.csv");
/// let work = Work::rows(SqlExpressions::parse(["sqrt(x*x + y*y) AS length"])?);
/// let output = Destination::Output(Output::from(target.as_path()), WriteOptions::default());
/// let summary = Pipeline::new(vec![Input::from(path.as_path())], work, output).run()?;
/// assert_eq!(summary.n_rows_written, 2);
/// assert_eq!(std::fs::read_to_string(&target).unwrap(), "x,y,length\n3,4,5.0\n5,12,13.0\n");
/// # Ok::<_, parrow::Error>(())
/// ```
#[must_use = "nothing happens before `run`"]
#[derive(Debug)]
pub struct Pipeline<'f> {
    source: Source,
    read: ReadOptions,
    pub(super) filter: Option<SqlPredicate>,
    pub(super) work: Work<'f>,
    pub(super) keep: Keep,
    pub(super) head: Option<usize>,
    pub(super) order: RowOrder,
    pub(super) apply: ApplyOptions,
    pub(super) destination: Destination,
    pub(super) ledger: Option<Output>,
    pub(super) rejects: Option<Output>,
    pub(super) max_errors: Option<u64>,
    pub(super) commands: Vec<CommandLine>,
    pub(super) retry: Option<RetryPlan>,
    pub(super) memory_limit: Option<u64>,
    pub(super) piece_bytes: Option<usize>,
    pub(super) files: Files,
    pub(super) resume: Option<Resume>,
    whole: bool,
}

/// In which order rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RowOrder {
    /// In that of the input: always the same.
    #[default]
    Input,
    /// Piece by piece as they are finished, so that one slow row keeps nobody waiting. The rows are the same, and those of a
    /// piece stay together and in their order; which piece comes first may change from run to run, and of several rows that
    /// fail any may be the one that a run ends with. Where the first rows are wanted, where faults are limited or
    /// kept in files, and where whole tables are needed, the order is the input's.
    Finished,
}

/// Where the rows come from.
#[derive(Debug)]
pub(super) enum Source {
    Inputs(Vec<Input>),
    Matrix(MatrixOptions),
}

impl<'f> Pipeline<'f> {
    /// A pipeline from inputs, with the default options.
    pub fn new(inputs: Vec<Input>, work: Work<'f>, destination: Destination) -> Self {
        Self::with_source(Source::Inputs(inputs), work, destination)
    }

    /// A pipeline from a random matrix, with the default options.
    pub fn generate(matrix: MatrixOptions, work: Work<'f>, destination: Destination) -> Self {
        Self::with_source(Source::Matrix(matrix), work, destination)
    }

    fn with_source(source: Source, work: Work<'f>, destination: Destination) -> Self {
        Self {
            source,
            read: ReadOptions::default(),
            filter: None,
            work,
            keep: Keep::default(),
            head: None,
            order: RowOrder::default(),
            apply: ApplyOptions::default(),
            destination,
            ledger: None,
            rejects: None,
            max_errors: None,
            commands: Vec::new(),
            retry: None,
            memory_limit: None,
            piece_bytes: None,
            files: Files::default(),
            resume: None,
            whole: false,
        }
    }

    /// How the inputs are read.
    pub fn read(mut self, options: ReadOptions) -> Self {
        self.read = options;
        self
    }

    /// Lets the rows through for which the condition is true; a row on which the condition fails counts as a failed row
    /// and is left out, whatever the policy, unless that is to fail.
    pub fn filter(mut self, predicate: impl Into<Option<SqlPredicate>>) -> Self {
        self.filter = predicate.into();
        self
    }

    /// Which columns are written.
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Writes this many rows, from the first, at most; rows after them may not even be read.
    pub fn head(mut self, n_rows: impl Into<Option<usize>>) -> Self {
        self.head = n_rows.into();
        self
    }

    /// In which order rows are written; that of the input where nothing is said.
    pub fn order(mut self, order: RowOrder) -> Self {
        self.order = order;
        self
    }

    /// How the function is run.
    pub fn apply(mut self, options: ApplyOptions) -> Self {
        self.apply = options;
        self
    }

    /// Writes every fault into this file, in the format of its name: a row each, with `file`, `row` (counted from 0 over all
    /// inputs), `line`, `column`, `kind`, `message`, `attempt`, `elapsed` (seconds, where known) and `in_output`.
    ///
    /// It appears before the output does. The policy must be another than to fail.
    pub fn ledger(mut self, output: impl Into<Option<Output>>) -> Self {
        self.ledger = output.into();
        self
    }

    /// Writes the rows of CSV and NDJSON that cannot be read into this file as they stand, behind the line of names: mended, it
    /// can be read like the input.
    pub fn rejects(mut self, output: impl Into<Option<Output>>) -> Self {
        self.rejects = output.into();
        self
    }

    /// Ends the run with [`TooManyFaults`](crate::ErrorKind::TooManyFaults) at the first row that fails after `n_rows` others
    /// have. There is no output then; [`ledger`](Self::ledger) and [`rejects`](Self::rejects) have what was found by then.
    pub fn max_errors(mut self, n_rows: impl Into<Option<u64>>) -> Self {
        self.max_errors = n_rows.into();
        self
    }

    /// The command lines that led to this run, to be kept beside the [`ledger`](Self::ledger) for who retries its rows.
    pub fn recorded_as(mut self, commands: Vec<CommandLine>) -> Self {
        self.commands = commands;
        self
    }

    /// Keeps what is in flight, from the bytes that were read to those that are to be written, within so many bytes; not
    /// given, within a quarter of the memory that the machine, or the cgroup, has.
    ///
    /// Functions of whole columns, which must have them whole, say so before they read files that have more than that in memory.
    pub fn memory_limit(mut self, n_bytes: impl Into<Option<u64>>) -> Self {
        self.memory_limit = n_bytes.into();
        self
    }

    /// What is in flight is kept within.
    pub(super) fn memory_limit_or_default(&self) -> u64 {
        self.memory_limit.unwrap_or_else(default_limit)
    }

    /// Lets another run go on with this one when it is broken off, and goes on with one that was.
    ///
    /// Without it, a run refuses to write over what is left of one that could be gone on with.
    pub fn resume(mut self, resume: impl Into<Option<Resume>>) -> Self {
        self.resume = resume.into();
        self
    }

    /// The files of the run, for who must end the process before the run is over.
    pub fn files(mut self, files: Files) -> Self {
        self.files = files;
        self
    }

    /// Cuts the inputs into pieces of about so many bytes. The result is the same for any number.
    #[doc(hidden)]
    pub fn piece_bytes(mut self, n_bytes: usize) -> Self {
        self.piece_bytes = Some(n_bytes.max(1));
        self
    }

    /// Reads the inputs whole before anything else: what tests hold the other way to.
    #[doc(hidden)]
    pub fn read_whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// Those of [`read`](crate::table::read) and [`write`](crate::table::write); what the function or the condition finds
    /// wrong with the columns; [`Cell`](crate::ErrorKind::Cell) with the first cell that is no number, for a column of CSV
    /// that a few cells made text, where numbers are wanted or every numeric column is;
    /// [`DuplicateColumn`](crate::ErrorKind::DuplicateColumn) for a new column whose name the input has; the failure of the
    /// lowest row, with its file and line, when the policy is to fail; [`Cancelled`](crate::ErrorKind::Cancelled). Whatever
    /// it is, no output is left half-written.
    pub fn run(self) -> Result<RunSummary> {
        self.run_into(None)
    }

    /// Runs the rows that an earlier run has put into its ledger once more, and these alone, and patches the output of that run:
    /// it becomes what it would be if this function had been run over all rows in the first place, save that columns whose dtype
    /// rows have decided keep it; one that would change the dtype of a column of Parquet or Arrow is refused. The ledger becomes that of the rows that have failed again.
    ///
    /// Inputs, options, condition and destination are to be those of that run, save for the function, and dtypes and null texts
    /// that make its rows readable. Both files are written beside the old ones and renamed, first the output: at no time is there
    /// an output whose faults are unknown. A retry that is broken off can be repeated, whatever it was broken off by.
    ///
    /// # Errors
    /// Those of [`run`](Self::run); [`Io`](crate::ErrorKind::Io) when an input, the output or the ledger has changed since.
    ///
    /// # Example
    /// ```
    /// use parrow::pipeline::{Destination, Pipeline, Work};
    /// use parrow::script::SqlExpressions;
    /// use parrow::table::{Input, Output, WriteOptions};
    /// use parrow::{ApplyOptions, OnError};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let (path, target) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
    /// # let ledger = folder.path().join("faults.csv");
    /// std::fs::write(&path, "t\n1\nx\n3\n")?;
    /// let pipeline = |expression: &str| -> parrow::Result<Pipeline<'static>> {
    ///     let work = Work::rows(SqlExpressions::parse([expression])?);
    ///     let output = Destination::Output(Output::from(target.as_path()), WriteOptions::default());
    ///     let options = ApplyOptions::builder().on_error(OnError::Collect).build()?;
    ///     Ok(Pipeline::new(vec![Input::from(path.as_path())], work, output).apply(options))
    /// };
    /// let first = pipeline("CAST(t AS BIGINT) AS n")?.ledger(Output::from(ledger.as_path())).run()?;
    /// assert_eq!(first.faults.n_rows(), 1);
    /// let second = pipeline("CAST(REPLACE(t, 'x', '0') AS BIGINT) AS n")?.retry(&ledger)?;
    /// assert!(second.faults.is_empty());
    /// assert_eq!(std::fs::read_to_string(&target)?, "t,n\n1,1\nx,0\n3,3\n");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn retry(mut self, ledger: impl AsRef<Path>) -> Result<RunSummary> {
        let ledger = ledger.as_ref();
        // Nobody else may patch the output between the look at it and its end.
        let sink = self.destination.claim(&self.files)?;
        let plan = RetryPlan::of_ledger(ledger, &self.apply, &self.files)?;
        let inputs: &[Input] = if let Source::Inputs(inputs) = &self.source { inputs } else { &[] };
        let output = match &self.destination {
            Destination::Output(output, _) => output.path(),
            Destination::Preview { .. } => None,
        };
        plan.record.check(inputs, output)?;
        self.ledger = Some(Output::from(ledger));
        self.max_errors = None;
        self.retry = Some(plan);
        self.run_into(Some(Opened { sink, ..Opened::default() }))
    }

    /// Blocks of the output that are as small as the memory wants them, and as is asked for: of a block that is not whole nothing is on
    /// the disk.
    fn fit_blocks(&mut self) {
        let memory_limit = self.memory_limit_or_default();
        if let Destination::Output(output, options) = &mut self.destination
            && options.resolve(output).is_ok_and(|(format, _)| !format.is_text())
        {
            options.fit_blocks(memory_limit);
        }
        /// How many bytes of packed text are lost at most.
        const MEMBER_BYTES: usize = 64 << 10;
        let Some(n_rows) = self.resume.as_ref().and_then(|resume| resume.checkpoint_rows) else { return };
        if let Destination::Output(output, options) = &mut self.destination
            && let Ok(form) = options.resolve(output)
        {
            match form {
                (Format::Parquet | Format::Ipc | Format::IpcStream, _) => {
                    options.have_blocks(n_rows as usize)
                }
                (_, Compression::Gzip | Compression::Zstd) => options.have_blocks(MEMBER_BYTES),
                _ => {}
            }
        }
    }

    fn run_into(mut self, opened: Option<Opened>) -> Result<RunSummary> {
        let options = self.apply.clone();
        self.fit_blocks();
        self.run_stages(opened).map_err(|error| or_cancelled(error, &options))
    }

    fn run_stages(self, opened: Option<Opened>) -> Result<RunSummary> {
        let mut opened = match (opened, &self.resume) {
            (Some(opened), _) => opened,
            (None, Some(resume)) => self.begin(resume)?,
            (None, None) => Opened { sink: self.destination.claim(&self.files)?, ..Opened::default() },
        };
        let recorder = Recorder::start();
        let inputs: &[Input] = if let Source::Inputs(inputs) = &self.source { inputs } else { &[] };
        opened.faults = ClaimedFiles::of(&self, inputs)?;
        let read_options = self.read_options()?.with_files(self.files.clone());
        if !self.whole && !matches!(self.work.0, Task::Columns(..)) {
            return run_streamed(&self, &self.source, &read_options, opened);
        }
        if let (Some(limit), Task::Columns(..), Source::Inputs(inputs)) =
            (self.memory_limit, &self.work.0, &self.source)
        {
            check_fits(inputs, &read_options, limit)?;
        }
        let mut table = recorder.time(Stage::Read, || match &self.source {
            Source::Inputs(inputs) => read(inputs, &read_options),
            Source::Matrix(options) => Ok(Table::from(Matrix::generate(options)?.into_frame())),
        })?;
        self.apply.check_cancelled()?;
        let n_rows_read = table.frame.height() as u64;
        let n_bytes_read = table.sources.iter().map(|source| source.n_bytes).sum();

        if self.work.takes_every_number()
            && let Some(error) = left_out(&table.frame, &table.sources, &self.read)
        {
            return Err(located(error, &table));
        }
        let frame = self.numbers_without_values(std::mem::take(&mut table.frame), &table.sources);
        let kept = recorder.time(Stage::Filter, || match &self.filter {
            Some(predicate) => Kept::by(predicate, frame, &self.apply),
            None => Ok(Kept::all(frame)),
        });
        let kept = kept.map_err(|error| located(error, &table))?;
        let done = recorder.time(Stage::Function, || self.run_work(&kept)).map_err(|error| {
            let fits = |frame: &DataFrame| self.run_work(&Kept::all(frame.clone())).is_ok();
            let error = cell_instead(error, &kept.frame, &table.sources, &self.read, fits);
            located(kept.error(error), &table)
        })?;
        let ledger = kept.ledger(done.ledger);
        drop(kept);

        let result = head(done.table, self.head);
        let delivered = recorder.time(Stage::Write, || {
            self.destination.deliver(&result, opened.sink, &self.files, &self.apply)
        })?;
        let mut report = recorder.report();
        report.path = RowPath::Whole;
        report.n_rows_read = n_rows_read;
        report.n_rows_written = result.height() as u64;
        report.n_bytes_read = n_bytes_read;
        report.n_bytes_written = delivered.n_bytes;
        report.n_threads = self.apply.n_threads();
        done.sharing.tell(&mut report.chunks);
        report.chunks.longest = done.times.longest;
        report.workers = done.times.workers;
        report.input = InputKind::File;
        report.output = self.destination.kind()?;
        Ok(RunSummary {
            n_rows_read,
            n_rows_retried: None,
            n_rows_written: result.height() as u64,
            n_rows_resumed: 0,
            n_columns_written: result.width(),
            first_failures: first_failures(&ledger, &table),
            faults: ledger.faults().iter().collect(),
            n_bytes_read,
            n_bytes_written: delivered.n_bytes,
            n_threads: self.apply.n_threads(),
            sharing: done.sharing,
            times: StageTimes::of(&report),
            passes: Passes::One,
            n_pieces_by_cell: 0,
            preview: delivered.preview,
            report,
        })
    }

    /// Opens the output, with what an earlier run has left of it.
    fn begin(&self, resume: &Resume) -> Result<Opened> {
        self.open_resumable(resume, Left::Taken)
    }

    /// Opens the output for a run that can be gone on with, and leaves nothing of what this one has done so far.
    pub(super) fn begin_anew(&self, resume: &Resume) -> Result<Opened> {
        self.open_resumable(resume, Left::Removed)
    }

    fn open_resumable(&self, resume: &Resume, left: Left) -> Result<Opened> {
        let refused = |message: &str| Error::invalid_option("resume", message);
        let Destination::Output(output, options) = &self.destination else {
            return Err(refused("there is no file to go on with; name one"));
        };
        let Some(path) = output.path().filter(|path| path.metadata().map_or(true, |there| there.is_file()))
        else {
            return Err(refused("only a file can be gone on with; name one").in_file(output.label()));
        };
        if self.whole || matches!(self.work.0, Task::Columns(..)) {
            return Err(refused("a function of whole columns has nothing to go on with"));
        }
        options.resolve(output)?;
        let identity = identity(self, resume, &self.source)?;
        let mut sink = Sink::resume(output, &self.files)?;
        let is_left = n_rows_noted_of(path).is_some();
        let Some(partial) = sink.partial() else { return Err(refused("only a file can be gone on with")) };
        let n_bytes_left = partial.len()?;
        if is_left && left == Left::Taken {
            partial.keep();
        }
        let (mut journal, LeftOff { from, known }) = Journal::open(path, &identity, &self.files)?;
        let from = from.filter(|(point, _)| left == Left::Taken && point.border.n_bytes <= n_bytes_left);
        let known = known.filter(|_| from.is_some());
        if from.is_none() && is_left {
            // The output that it speaks of is gone, or was finished.
            journal.begin(&identity).map_err(|error| error.in_file(output.label()))?;
        }
        let n_bytes = from.as_ref().map_or(0, |(point, _)| point.border.n_bytes);
        sink.cut_to(n_bytes).map_err(|error| error.in_file(output.label()))?;
        Ok(Opened { sink: Some(sink), journal: Some(journal), from, known, ..Opened::default() })
    }

    /// What the output hangs on beside inputs and function, each with its name for messages.
    pub(super) fn what_it_writes(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("the columns that are kept", format!("{:?}", self.keep)),
            ("the condition", self.filter.as_ref().map_or(String::new(), of_condition)),
            ("the number of rows", format!("{:?}", self.head)),
            ("the policy for rows that fail", format!("{:?}", self.apply.on_error())),
            ("the number of rows that may fail", format!("{:?}", self.max_errors)),
            ("how inputs are read", format!("{:?}", self.read)),
            ("the ledger", format!("{:?}", self.ledger)),
            ("the rejects", format!("{:?}", self.rejects)),
        ];
        if let Destination::Output(_, options) = &self.destination {
            if options.has_fitted_blocks() {
                let limit = format!("{} bytes", self.memory_limit_or_default());
                all.push(("the memory limit, by which blocks of the output end,", limit));
            }
            all.push(("how the output is written", format!("{options:?}")));
        }
        all
    }

    /// The rows to read are those to write where each row read is a row written.
    fn read_options(&self) -> Result<ReadOptions> {
        let one_for_one = self.filter.is_none()
            && self.apply.on_error() != OnError::Skip
            && !matches!(self.work.0, Task::Columns(..));
        Ok(match self.head {
            Some(n_rows) if one_for_one => self.read.clone().with_limit(n_rows),
            _ => self.read.clone(),
        })
    }

    /// Columns of CSV without a value, which nothing but a guess makes text, as numbers where these are what is taken.
    fn numbers_without_values(&self, frame: DataFrame, sources: &[SourceInfo]) -> DataFrame {
        let fits = |frame: &DataFrame| {
            let none = frame.clear();
            let filters = self.filter.as_ref().is_none_or(|filter| filter.bind(none.schema()).is_ok());
            filters && self.run_work(&Kept::all(none)).is_ok()
        };
        let of_csv = |source: &SourceInfo| matches!(source.format, Format::Csv | Format::Tsv);
        let is_empty = |column: &&Column| {
            let is_guess = self.read.dtype_of(column.name()).is_none();
            is_guess && *column.dtype() == DataType::String && column.null_count() == column.len()
        };
        let empty: Vec<Column> = frame.columns().iter().filter(is_empty).cloned().collect();
        if empty.is_empty() || !sources.iter().all(of_csv) || fits(&frame) {
            return frame;
        }
        let with = |columns: &[Column], dtype: &DataType| {
            let mut numbers = frame.clone();
            for column in columns {
                let nulls = Series::full_null(column.name().clone(), column.len(), dtype);
                numbers.with_column(nulls.into_column()).ok()?;
            }
            fits(&numbers).then_some(numbers)
        };
        let found = [DataType::Float64, DataType::Int64].into_iter().find_map(|dtype| {
            let alone = || empty.iter().find_map(|column| with(std::slice::from_ref(column), &dtype));
            with(&empty, &dtype).or_else(alone)
        });
        found.unwrap_or(frame)
    }

    fn run_work(&self, kept: &Kept) -> Result<Applied<DataFrame>> {
        let frame = &kept.frame;
        match &self.work.0 {
            Task::Copy => Ok(Applied::of_table(frame.clone(), Sharing::default())),
            Task::Rows(function) => self.run_rows(kept, function.as_ref()),
            Task::RowsOver(columns, make) => {
                self.run_rows(kept, make(columns.resolve(frame.schema())?).as_ref())
            }
            Task::Columns(columns, function) => {
                let names = columns.resolve(frame.schema())?;
                let table = reduce_columns(frame, &names, function.as_ref(), &self.apply)?;
                Ok(Applied::of_table(
                    table,
                    Sharing {
                        n_chunks: names.len(),
                        largest_chunk: frame.height(),
                        n_workers: names.len().clamp(1, self.apply.n_threads()),
                    },
                ))
            }
        }
    }
}

impl Pipeline<'_> {
    fn run_rows(&self, kept: &Kept, function: &dyn RowFunction) -> Result<Applied<DataFrame>> {
        let frame = &kept.frame;
        check_names(function.bind(frame.schema())?.kernel.as_ref(), frame.schema(), self.keep)?;
        let applied = match kept.rows() {
            Some(rows) => apply_function(frame, &FunctionOfKept { function, rows }, &self.apply)?,
            None => apply_function(frame, function, &self.apply)?,
        };
        let Applied { table, ledger, sharing, times } = applied;
        let table = combine(frame.clone(), table, self.keep, self.apply.on_error(), &ledger)?;
        Ok(Applied { table, ledger, sharing, times })
    }
}

/// A condition has no text of its own to be shown by.
fn of_condition(filter: &SqlPredicate) -> String {
    format!("{HASH}{:016x}", hash(format!("{filter:?}").as_bytes()))
}

/// Adds the file and the line to an error that knows its row.
fn located(error: Error, table: &Table) -> Error {
    match error.position().row {
        Some(row) => error.placed_as(&table.position(row)),
        None => error,
    }
}

fn first_failures(ledger: &Ledger, table: &Table) -> Vec<Error> {
    let first = || ledger.faults().iter().take(LOCATED_FAILURES);
    let rows: Vec<u64> = first().map(|fault| fault.row).collect();
    first()
        .zip(table.positions(&rows))
        .map(|(fault, position)| fault.to_error().placed_as(&position))
        .collect()
}
