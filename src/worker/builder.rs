//! Makes a [`Worker`].

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use polars::prelude::{PlSmallStr, Schema};

use crate::error::{Error, Result};
use crate::row::{OutputColumn, Parameter};

use super::program::Program;
use super::protocol::Protocol;
use super::rows_as::RowsAs;
use super::worker::{Parts, Worker};
use super::workers::Settings;

/// How often a chunk is tried again, unless that is said.
const RETRIES: usize = 2;

/// How long a chunk may take, unless that is said.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(600);

/// Makes a [`Worker`]; [`Worker::python`], [`Worker::command`] and [`Worker::shell`] give one.
///
/// # Example
/// ```
/// use std::time::Duration;
/// use parrow::worker::{Protocol, Worker};
///
/// let worker = Worker::shell("awk -W interactive -F, 'NR > 1 { print $1 + $2 }'")
///     .protocol(Protocol::Csv)
///     .columns(["a", "b"])
///     .chunk_timeout(Duration::from_secs(5))
///     .build()?;
/// # Ok::<(), parrow::Error>(())
/// ```
#[must_use]
#[derive(Clone)]
pub struct WorkerBuilder {
    settings: Settings,
    parts: Parts,
}

impl WorkerBuilder {
    pub(super) fn new(program: Program) -> Self {
        Self {
            settings: Settings {
                program,
                protocol: Protocol::Arrow,
                rows_as: RowsAs::default(),
                n_retries: RETRIES,
                chunk_timeout: CHUNK_TIMEOUT,
                max_chunks: None,
                stderr: None,
                notices: None,
            },
            parts: Parts { outputs: Vec::new(), columns: None, parameters: Vec::new() },
        }
    }

    /// The columns that the function gives, one for each value that it returns; unless given, one with the name of the
    /// Python function, or `result`.
    pub fn outputs(mut self, outputs: impl IntoIterator<Item = OutputColumn>) -> Self {
        self.parts.outputs = outputs.into_iter().collect();
        self
    }

    /// The columns that make a row, in this order; those of the table unless given. A Python function gets columns that its
    /// parameters name whether they are among these or not.
    pub fn columns<S: Into<PlSmallStr>>(self, columns: impl IntoIterator<Item = S>) -> Self {
        let columns: Vec<PlSmallStr> = columns.into_iter().map(Into::into).collect();
        self.columns_by(move |_| Ok(columns.clone()))
    }

    /// As [`columns`](Self::columns), chosen when those of the table are known.
    pub fn columns_by(
        mut self,
        choose: impl Fn(&Schema) -> Result<Vec<PlSmallStr>> + Send + Sync + 'static,
    ) -> Self {
        self.parts.columns = Some(Arc::new(choose));
        self
    }

    /// A constant that a Python function gets for the parameter of this name.
    pub fn argument(mut self, name: impl Into<String>, value: impl Into<Parameter>) -> Self {
        self.parts.parameters.push((name.into(), value.into()));
        self
    }

    /// What a Python function gets: [`RowsAs::Kwargs`] unless given.
    pub fn rows_as(mut self, rows_as: RowsAs) -> Self {
        if let Program::Python { package, .. } = &mut self.settings.program {
            *package = rows_as.package();
        }
        self.settings.rows_as = rows_as;
        self
    }

    /// The interpreter of a Python function: `python3`, as the system finds it, unless given.
    pub fn interpreter(mut self, path: impl Into<PathBuf>) -> Self {
        if let Program::Python { interpreter, .. } = &mut self.settings.program {
            *interpreter = path.into();
        }
        self
    }

    /// How rows and results are written: [`Protocol::Arrow`] unless given.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.settings.protocol = protocol;
        self
    }

    /// How often a chunk is given to another worker when one fails on it, before it is halved: 2 unless given.
    pub fn retries(mut self, n_retries: usize) -> Self {
        self.settings.n_retries = n_retries;
        self
    }

    /// How long a worker may take to start, and to answer a chunk: ten minutes unless given. One that takes longer is killed.
    pub fn chunk_timeout(mut self, limit: Duration) -> Self {
        self.settings.chunk_timeout = limit;
        self
    }

    /// Ends a worker after so many chunks, and starts another: for a function that leaks memory.
    pub fn max_chunks_per_worker(mut self, n_chunks: usize) -> Self {
        self.settings.max_chunks = Some(n_chunks);
        self
    }

    /// Who hears what workers write to standard error, whole lines as they come, and what Python functions print. Not given,
    /// it is read and forgotten, save for the last lines of a worker that fails.
    pub fn on_stderr(mut self, hear: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        self.settings.stderr = Some(Arc::new(hear));
        self
    }

    /// Who is told, once a run, that a worker has not answered for ten seconds, or for half of its time where that is less, and
    /// what the cause may be.
    pub fn on_notice(mut self, hear: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.settings.notices = Some(Arc::new(hear));
        self
    }

    /// The worker. Nothing is started yet.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for an empty command, a time limit of nothing, no chunks a worker,
    /// and what goes with Python alone; [`DuplicateColumn`](crate::ErrorKind::DuplicateColumn) for two outputs of one name;
    /// [`Io`](crate::ErrorKind::Io) for a Python file that cannot be opened.
    pub fn build(self) -> Result<Worker> {
        let Self { settings, parts } = self;
        let refuse = |option, message: &str| Err(Error::invalid_option(option, message));
        match &settings.program {
            Program::Python { path, .. } => {
                std::fs::File::open(path).map_err(|error| Error::io("open", error).in_file(path))?;
            }
            Program::Shell(line) if line.trim().is_empty() => return refuse("command", "there is none"),
            Program::Arguments(arguments) if arguments.first().is_none_or(String::is_empty) => {
                return refuse("command", "there is none");
            }
            _ if !parts.parameters.is_empty() => {
                return refuse("arg", "a program has no parameters; write constants into its command");
            }
            _ if settings.rows_as != RowsAs::default() => {
                return refuse(
                    "as",
                    "it says what a Python function gets; a program reads what its protocol says",
                );
            }
            _ => {}
        }
        if settings.rows_as.is_batch() && settings.protocol != Protocol::Arrow {
            return refuse("as", "whole batches come in the arrow protocol alone");
        }
        if matches!(settings.program, Program::Python { .. }) && settings.protocol == Protocol::Csv {
            return refuse("protocol", "a Python function is called through arrow or ndjson");
        }
        if settings.chunk_timeout.is_zero() {
            return refuse("chunk timeout", "a chunk must have some time");
        }
        if settings.max_chunks == Some(0) {
            return refuse("max chunks per worker", "a worker must get at least one chunk");
        }
        if parts
            .parameters
            .iter()
            .enumerate()
            .any(|(index, (name, _))| parts.parameters[..index].iter().any(|(earlier, _)| earlier == name))
        {
            return refuse("arg", "a parameter is given twice");
        }
        Worker::new(settings, parts)
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("program", &self.settings.program)
            .field("protocol", &self.settings.protocol)
            .field("outputs", &self.parts.outputs)
            .finish_non_exhaustive()
    }
}
