//! A row function in other processes.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use polars::prelude::{Field, PlSmallStr, Schema};

use crate::error::{Error, ErrorKind, Result};
use crate::progress::CancellationToken;
use crate::row::{BoundFunction, OutputColumn, Parameter, RESULT_NAME, RowFunction};

use super::builder::WorkerBuilder;
use super::failure::Trouble;
use super::kernel::WorkerKernel;
use super::program::Program;
use super::rows_as::RowsAs;
use super::signature::Signature;
use super::wait::Wait;
use super::workers::{Settings, Workers, lock};

/// The interpreter unless one is given.
const PYTHON: &str = "python3";

/// A row function that runs in other processes: a Python function, or any program that keeps to the
/// [protocol](crate::worker#any-program).
///
/// There are as many workers as chunks in flight, each a process. A worker is started when it is needed, or ahead by
/// [`start`](Self::start), works on chunk after chunk, and ends with the run.
///
/// # Example
/// ```no_run
/// use parrow::polars::prelude::*;
/// use parrow::worker::Worker;
/// use parrow::{ApplyOptions, apply_function};
///
/// let frame = df!("a" => [3.0, 5.0], "b" => [4.0, 12.0])?;
/// // def hypot(a, b): return math.sqrt(a*a + b*b)
/// let hypot = Worker::python("functions.py", "hypot").build()?;
/// let applied = apply_function(&frame, &hypot, &ApplyOptions::default())?;
/// assert_eq!(applied.table, df!("hypot" => [5.0, 13.0])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Worker {
    workers: Workers,
    parts: Parts,
    signature: Mutex<Option<Signature>>,
}

/// What a worker is made of, beside the settings of its processes.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) outputs: Vec<OutputColumn>,
    pub(super) columns: Option<ChooseColumns>,
    pub(super) parameters: Vec<(String, Parameter)>,
}

/// Chooses the columns that make a row from those of a table.
pub(super) type ChooseColumns = Arc<dyn Fn(&Schema) -> Result<Vec<PlSmallStr>> + Send + Sync>;

impl Worker {
    /// A function of a Python file. `function` is its name, which may have dots: `Model.predict`.
    pub fn python(path: impl Into<PathBuf>, function: impl Into<String>) -> WorkerBuilder {
        let (path, function) = (path.into(), function.into());
        WorkerBuilder::new(Program::Python { interpreter: PYTHON.into(), path, function, package: "" })
    }

    /// A program and its arguments.
    pub fn command<S: Into<String>>(arguments: impl IntoIterator<Item = S>) -> WorkerBuilder {
        WorkerBuilder::new(Program::Arguments(arguments.into_iter().map(Into::into).collect()))
    }

    /// A command line for the system's shell.
    pub fn shell(line: impl Into<String>) -> WorkerBuilder {
        WorkerBuilder::new(Program::Shell(line.into()))
    }

    pub(super) fn new(settings: Settings, mut parts: Parts) -> Result<Self> {
        if parts.outputs.is_empty() {
            let name = match &settings.program {
                Program::Python { function, .. } => function.rsplit('.').next().unwrap_or(function),
                Program::Shell(_) | Program::Arguments(_) => RESULT_NAME,
            };
            parts.outputs.push(OutputColumn::new(name));
        }
        for (index, output) in parts.outputs.iter().enumerate() {
            if parts.outputs[..index].iter().any(|earlier| earlier.name == output.name) {
                return Err(Error::new(ErrorKind::DuplicateColumn { name: output.name.to_string() }));
            }
        }
        Ok(Self { workers: Workers::new(settings), parts, signature: Mutex::default() })
    }

    /// Starts workers until so many wait for rows: while a file is read, say. A run starts what it needs without being told.
    ///
    /// # Errors
    /// [`Worker`](crate::ErrorKind::Worker) when the system does not start them.
    pub fn start(&self, n_workers: usize) -> Result<()> {
        self.workers.start(n_workers)
    }

    /// What Python says of the function, asked once.
    fn signature(&self) -> Result<Signature> {
        let mut known = lock(&self.signature);
        if let Some(signature) = &*known {
            return Ok(signature.clone());
        }
        let settings = &self.workers.settings;
        let cancellation = CancellationToken::new();
        let mut n_tries = 0;
        loop {
            let wait = Wait::new(settings.chunk_timeout, &cancellation);
            let mut worker = self.workers.take()?;
            match self.workers.greet(&mut worker, &wait) {
                Ok(signature) => {
                    self.workers.give_back(worker);
                    *known = Some(signature.clone());
                    return Ok(signature);
                }
                Err(Trouble::Run(error)) => return Err(error),
                Err(Trouble::Worker(failure)) => {
                    self.workers.discard(worker);
                    n_tries += 1;
                    if n_tries > settings.n_retries {
                        return Err(Error::worker(
                            settings.program.label(),
                            format!("before it was given rows it {failure}"),
                        ));
                    }
                }
            }
        }
    }

    /// The columns that make a row.
    fn chosen(&self, schema: &Schema) -> Result<Vec<PlSmallStr>> {
        let names = || schema.iter_names().cloned();
        let Some(choose) = &self.parts.columns else { return Ok(names().collect()) };
        let columns = choose(schema)?;
        let mut chosen = Vec::with_capacity(columns.len());
        for name in columns {
            if !schema.contains(&name) {
                return Err(Error::column_not_found(name.as_str(), names().map(String::from)));
            }
            if chosen.contains(&name) {
                return Err(Error::new(ErrorKind::DuplicateColumn { name: name.to_string() }));
            }
            chosen.push(name);
        }
        Ok(chosen)
    }
}

impl RowFunction for Worker {
    /// Starts the first worker of a Python function, which says what its parameters are.
    ///
    /// # Errors
    /// [`Expression`](ErrorKind::Expression) for a Python file that cannot be loaded or has no such function;
    /// [`Worker`](ErrorKind::Worker) when Python cannot be started or has no pyarrow;
    /// [`ColumnNotFound`](ErrorKind::ColumnNotFound) and [`InvalidOption`](ErrorKind::InvalidOption) for parameters that
    /// nothing is there for; [`NotHeld`](ErrorKind::NotHeld) for a column that the protocol cannot hold.
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let settings = &self.workers.settings;
        let mut inputs = self.chosen(schema)?;
        let (mut setup, mut untyped) = (None, Vec::new());
        if let Program::Python { function, .. } = &settings.program {
            let Parts { parameters, outputs, .. } = &self.parts;
            let call = self.signature()?.call(function, schema, &inputs, settings.rows_as, parameters)?;
            let names: Vec<PlSmallStr> = outputs.iter().map(|output| output.name.clone()).collect();
            setup = Some(call.setup(&names));
            if settings.rows_as == RowsAs::Kwargs {
                untyped = self.signature()?.untyped();
                untyped.retain(|name| call.inputs.contains(name));
            }
            // A function without columns is still to be called once a row.
            inputs = match call.inputs.is_empty() {
                true => schema.iter_names().take(1).cloned().collect(),
                false => call.inputs,
            };
        }
        for name in &inputs {
            if let Some(dtype) = schema.get(name) {
                settings.wire().check(name, dtype)?;
            }
        }
        let fields: Vec<Field> = self.parts.outputs.iter().map(OutputColumn::field).collect();
        let kernel = WorkerKernel::new(&self.workers, inputs.clone(), fields, setup).taking_any_of(untyped);
        Ok(BoundFunction { inputs, kernel: Box::new(kernel) })
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("program", &self.workers.settings.program)
            .field("protocol", &self.workers.settings.protocol)
            .field("outputs", &self.parts.outputs)
            .finish_non_exhaustive()
    }
}
