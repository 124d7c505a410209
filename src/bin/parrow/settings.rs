//! From what was typed to the library's options: the second step of the command line, in which things are looked up and
//! checked against each other.

use std::path::{Path, PathBuf};

use parrow::pipeline::{CommandLine, Destination, Keep, Pipeline, Resume, RowOrder, Work};
use parrow::script::SqlPredicate;
use parrow::table::{Format, Header, Input, MatrixOptions, Output, ReadOptions, WriteOptions};
use parrow::{ApplyOptions, ApplyOptionsBuilder, Error, OnError};

use super::args::{Given, InputArgs, KeepArgs, OutputArgs, OutputFormat, ReportTarget, RunArgs, TableArgs};
use super::system;

/// How many first and last rows a person is shown.
const SHOWN_FIRST: usize = 10;
const SHOWN_LAST: usize = 5;

/// Where the rows come from.
#[derive(Debug)]
enum Source {
    Inputs(Vec<Input>, ReadOptions),
    Matrix(MatrixOptions),
}

/// A run, save for its work.
#[derive(Debug)]
pub struct Settings {
    source: Source,
    filter: Option<SqlPredicate>,
    keep: Keep,
    head: Option<usize>,
    destination: Destination,
    apply: ApplyOptionsBuilder,
    on_error: OnError,
    memory_limit: Option<usize>,
    resume: Option<Resume>,
    max_errors: Option<u64>,
    ledger: Option<Output>,
    rejects: Option<Output>,
    order: RowOrder,
    commands: Vec<CommandLine>,
    report: Option<ReportTarget>,
}

impl Settings {
    /// Resolves the flags of a command from tables to a table.
    pub fn table(inputs: &[String], table: &TableArgs) -> Result<Self, Error> {
        let file = |path: &Option<PathBuf>| path.clone().map(Output::Path);
        Ok(Self {
            max_errors: table.faults.max_errors,
            ledger: file(&table.faults.ledger),
            rejects: file(&table.faults.rejects),
            ..Self::resolve(inputs, &table.input, &table.keep, &table.output, &table.run)?
        })
    }

    /// Resolves the flags that the commands share.
    pub fn resolve(
        inputs: &[String],
        input: &InputArgs,
        keep: &KeepArgs,
        output: &OutputArgs,
        run: &RunArgs,
    ) -> Result<Self, Error> {
        let source = Source::Inputs(Input::expand(inputs)?, read_options(input)?);
        Ok(Self {
            filter: keep.filter.as_deref().map(SqlPredicate::parse).transpose()?,
            keep: if keep.only { Keep::New } else { Keep::All },
            ..Self::with_source(source, output, run)?
        })
    }

    /// Resolves the flags of a run over a random matrix.
    pub fn generate(matrix: MatrixOptions, output: &OutputArgs, run: &RunArgs) -> Result<Self, Error> {
        Self::with_source(Source::Matrix(matrix), output, run)
    }

    fn with_source(source: Source, output: &OutputArgs, run: &RunArgs) -> Result<Self, Error> {
        Ok(Self {
            source,
            filter: None,
            keep: Keep::default(),
            head: output.head,
            destination: destination(output)?,
            apply: apply_options(run),
            on_error: run.on_error.into(),
            memory_limit: run.memory_limit,
            resume: run.resume.then(|| resume(run)),
            max_errors: None,
            ledger: None,
            rejects: None,
            order: if run.unordered { RowOrder::Finished } else { RowOrder::Input },
            commands: Vec::new(),
            report: run.report.clone(),
        })
    }

    /// The file that the result goes to, if there is one.
    pub fn output_file(&self) -> Option<&Output> {
        match &self.destination {
            Destination::Output(output, _) if output.path().is_some() => Some(output),
            _ => None,
        }
    }

    /// The same with the command lines that led to the run.
    pub fn recorded_as(mut self, commands: Vec<CommandLine>) -> Self {
        self.commands = commands;
        self
    }

    /// How much memory may be used, where that was said.
    pub fn memory_limit(&self) -> Option<usize> {
        self.memory_limit
    }

    /// Where a report goes, if one is wanted.
    pub fn report(&self) -> Option<&ReportTarget> {
        self.report.as_ref()
    }

    /// All files that the run reads and writes, save for its report.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let inputs: &[Input] = if let Source::Inputs(inputs, _) = &self.source { inputs } else { &[] };
        let outputs = [self.output_file(), self.ledger.as_ref(), self.rejects.as_ref()];
        inputs.iter().filter_map(Input::path).chain(outputs.into_iter().flatten().filter_map(Output::path))
    }

    /// The largest input that is a file.
    pub fn largest_file(&self) -> Option<&Path> {
        let Source::Inputs(inputs, _) = &self.source else { return None };
        let size = |path: &&Path| path.metadata().map_or(0, |file| file.len());
        inputs.iter().filter_map(Input::path).max_by_key(size)
    }

    /// The flag for which rows are written in the order of the input though nobody cares.
    pub fn why_in_order(&self) -> Option<&'static str> {
        let reasons = [
            ("--resume", self.resume.is_some()),
            ("--head", self.head.is_some()),
            ("--ledger", self.ledger.is_some()),
            ("--rejects", self.rejects.is_some()),
            ("--max-errors", self.max_errors.is_some()),
        ];
        let reason = reasons.into_iter().find(|(_, is_given)| *is_given)?.0;
        (self.order == RowOrder::Finished).then_some(reason)
    }

    /// Whether another run may go on with this one.
    pub fn is_resumable(&self) -> bool {
        self.resume.is_some()
    }

    /// What becomes of rows that fail.
    pub fn on_error(&self) -> OnError {
        self.on_error
    }

    /// The pipeline for this work; `watch` says who hears of its progress and who can stop it.
    pub fn pipeline<'f>(
        self,
        work: Work<'f>,
        watch: impl FnOnce(ApplyOptionsBuilder) -> ApplyOptionsBuilder,
    ) -> Result<Pipeline<'f>, Error> {
        let pipeline = match self.source {
            Source::Inputs(inputs, read) => Pipeline::new(inputs, work, self.destination).read(read),
            Source::Matrix(matrix) => Pipeline::generate(matrix, work, self.destination),
        };
        Ok(pipeline
            .filter(self.filter)
            .keep(self.keep)
            .head(self.head)
            .resume(self.resume)
            .max_errors(self.max_errors)
            .ledger(self.ledger)
            .rejects(self.rejects)
            .order(self.order)
            .recorded_as(self.commands)
            .memory_limit(self.memory_limit.map(|n_bytes| n_bytes as u64))
            .apply(watch(self.apply).build()?))
    }
}

/// What must be the same for a run to go on with another one, and how much may be lost.
fn resume(run: &RunArgs) -> Resume {
    let resume = Resume::new().checkpoint_rows(run.checkpoint_rows.map(|n_rows| n_rows as u64));
    run.given.iter().fold(resume, |resume, given| match given {
        Given::Flag(name, value) => resume.same(name, value),
        Given::Content(name, bytes) => resume.same_content(name, bytes),
    })
}

/// How inputs are read.
pub fn read_options(args: &InputArgs) -> Result<ReadOptions, Error> {
    ReadOptions::builder()
        .format(args.format)
        .delimiter(args.delimiter)
        .header(if args.no_header { Header::None } else { Header::First })
        .null_values(args.null_values.iter().cloned())
        .dtypes(args.dtypes.iter().map(|given| (given.column.clone(), given.dtype.clone())))
        .build()
}

/// How the function is run.
pub fn apply_options(args: &RunArgs) -> ApplyOptionsBuilder {
    let mut builder = ApplyOptions::builder().on_error(args.on_error.into());
    if let Some(n_threads) = args.threads {
        builder = builder.threads(n_threads);
    }
    if let Some(n_rows) = args.chunk_rows {
        builder = builder.chunk_rows(n_rows);
    }
    builder
}

/// Where the rows go: a file, standard output, or the eyes of a person.
pub fn destination(args: &OutputArgs) -> Result<Destination, Error> {
    let format = match (args.output_format, &args.output) {
        (Some(OutputFormat::Format(format)), _) => Some(format),
        (Some(OutputFormat::Table), None) => return Ok(preview(args.head)),
        (Some(OutputFormat::Table), Some(_)) => {
            let message = "a table is for people and goes to standard output; leave --output out";
            return Err(Error::invalid_option("--output-format", message));
        }
        (None, None) if system::stdout_is_terminal() => return Ok(preview(args.head)),
        // Devices and pipes have no extension to speak of.
        (None, Some(path)) if is_device(path) => Format::from_path(path).map_or(Some(Format::Csv), |_| None),
        (None, _) => None,
    };
    let output = match &args.output {
        Some(path) if path.as_os_str() == "-" => Output::Stdout,
        Some(path) => Output::Path(path.clone()),
        None => Output::Stdout,
    };
    Ok(Destination::Output(output, WriteOptions::builder().format(format).build()?))
}

fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|existing| !existing.is_file() && !existing.is_dir())
}

fn preview(head: Option<usize>) -> Destination {
    match head {
        Some(n_rows) => Destination::Preview { n_first: n_rows, n_last: 0 },
        None => Destination::Preview { n_first: SHOWN_FIRST, n_last: SHOWN_LAST },
    }
}
