//! The flags of row functions in Python and other programs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use parrow::Error;
use parrow::pipeline::{ColumnSelection, Work};
use parrow::worker::{Protocol, RowsAs, Worker, WorkerBuilder};

use super::function::FunctionArgs;
use super::values::{parsed, positive, seconds};

/// Inputs smaller than this are done before more than one worker has started.
const LARGE_INPUT_BYTES: u64 = 256 * 1024;

/// A row function in another program, and how its workers are run.
#[derive(Args, Debug)]
#[command(next_help_heading = "Python and other programs")]
pub struct WorkerArgs {
    /// Call this function of a Python file on each row, in processes of its own
    #[arg(long, value_name = "FILE:FUNCTION", groups = ["row_function", "program"], conflicts_with = "expressions")]
    python: Option<PythonFunction>,

    /// The Python interpreter [default: python3]
    #[arg(long, value_name = "PROGRAM", requires = "python")]
    python_exe: Option<PathBuf>,

    /// What the function gets: kwargs, list, tuple, dict, or whole batches as pyarrow, pandas, polars
    /// [default: kwargs, the cells by the names of its parameters]
    #[arg(long = "as", value_name = "WHAT", value_parser = parsed::<RowsAs>, requires = "python")]
    rows_as: Option<RowsAs>,

    /// Give the rows to workers that are started with this command; docs/worker-protocol.md says what they read and write
    #[arg(long, value_name = "COMMAND", groups = ["row_function", "program"], conflicts_with = "expressions")]
    exec: Option<String>,

    /// How rows and results are written: arrow, csv, ndjson [default: arrow; for rows in Python the same, as raw columns]
    #[arg(long, value_name = "PROTOCOL", value_parser = parsed::<Protocol>, requires = "program")]
    protocol: Option<Protocol>,

    /// The columns that make a row, as a,b,c or '^regex$' [default: every column]
    #[arg(long, value_name = "COLUMNS", value_parser = parsed::<ColumnSelection>, requires = "program")]
    columns: Option<ColumnSelection>,

    /// Give a chunk to N fresh workers when one fails on it, before it is halved [default: 2]
    #[arg(long, value_name = "N", requires = "program")]
    retries: Option<usize>,

    /// Kill a worker that takes longer than this for a chunk, in seconds [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "program")]
    chunk_timeout: Option<Duration>,

    /// Start a fresh worker after N chunks, where a function leaks memory
    #[arg(long, value_name = "N", value_parser = positive, requires = "program")]
    max_chunks_per_worker: Option<usize>,
}

impl WorkerArgs {
    /// Whether there is a program.
    pub fn is_given(&self) -> bool {
        self.python.is_some() || self.exec.is_some()
    }

    /// Takes its files to be told from this folder.
    pub fn in_folder(&mut self, folder: &Path) {
        if let Some(python) = &mut self.python {
            python.path = folder.join(&python.path);
        }
        if let Some(interpreter) = &mut self.python_exe
            && interpreter.components().count() > 1
        {
            *interpreter = folder.join(&interpreter);
        }
    }

    /// The work, where a function in another program is asked for. Its first workers start at once, while `input` is read.
    ///
    /// # Errors
    /// What is wrong with the flags; what keeps the workers from being started.
    pub fn work(
        &self,
        function: &FunctionArgs,
        input: &str,
        n_threads: usize,
    ) -> Result<Option<Work<'static>>, Error> {
        let Some((builder, default_name)) = self.program() else { return Ok(None) };
        let mut builder = builder.outputs(function.outputs(default_name)?).on_stderr(|lines| {
            // There is nobody else to tell that standard error is gone.
            let _ = std::io::stderr().write_all(lines);
        });
        builder = builder.on_notice(|notice| eprintln!("parrow: {notice}"));
        for (name, value) in function.parameters()? {
            builder = builder.argument(name, value.clone());
        }
        let is_large = |bytes: u64| bytes >= LARGE_INPUT_BYTES;
        let n_workers = match Path::new(input).metadata() {
            Ok(file) if is_large(file.len()) => n_threads,
            _ => 1,
        };
        if let Some(columns) = self.columns.clone() {
            builder = builder.columns_by(move |schema| columns.resolve(schema));
        }
        let worker = builder.build()?;
        worker.start(n_workers)?;
        Ok(Some(Work::rows(worker)))
    }

    /// The program, with what is said of its workers, and what its result is called.
    fn program(&self) -> Option<(WorkerBuilder, &str)> {
        let (mut builder, name) = match (&self.python, &self.exec) {
            (Some(PythonFunction { path, function }), _) => {
                let name = function.rsplit('.').next().unwrap_or(function);
                (Worker::python(path, function), name)
            }
            (None, Some(line)) => (Worker::shell(line), "result"),
            (None, None) => return None,
        };
        if let Some(interpreter) = &self.python_exe {
            builder = builder.interpreter(interpreter);
        }
        if let Some(rows_as) = self.rows_as {
            builder = builder.rows_as(rows_as);
        }
        if let Some(protocol) = self.protocol {
            builder = builder.protocol(protocol);
        }
        if let Some(n_retries) = self.retries {
            builder = builder.retries(n_retries);
        }
        if let Some(limit) = self.chunk_timeout {
            builder = builder.chunk_timeout(limit);
        }
        if let Some(n_chunks) = self.max_chunks_per_worker {
            builder = builder.max_chunks_per_worker(n_chunks);
        }
        Some((builder, name))
    }
}

/// `file.py:function`.
#[derive(Clone, Debug)]
struct PythonFunction {
    path: PathBuf,
    function: String,
}

impl FromStr for PythonFunction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once(':') {
            Some((path, function)) if !path.is_empty() && !function.is_empty() => {
                Ok(Self { path: path.into(), function: function.to_owned() })
            }
            _ => Err("write it as file.py:function".to_owned()),
        }
    }
}
