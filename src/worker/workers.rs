//! The workers of one function: how they are started and ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};

use super::failure::{Failure, Trouble};
use super::guard::Guard;
use super::json::Json;
use super::last_words::StderrSink;
use super::lines::line;
use super::process::WorkerProcess;
use super::program::Program;
use super::protocol::{Protocol, Wire};
use super::rows_as::RowsAs;
use super::signature::Signature;
use super::wait::Wait;

/// How workers are to be run.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) program: Program,
    pub(super) protocol: Protocol,
    pub(super) rows_as: RowsAs,
    pub(super) n_retries: usize,
    pub(super) chunk_timeout: Duration,
    pub(super) max_chunks: Option<usize>,
    pub(super) stderr: StderrSink,
    pub(super) notices: Option<Notices>,
}

/// Hears what somebody who waits should know.
pub(super) type Notices = Arc<dyn Fn(&str) + Send + Sync>;

impl Settings {
    /// Says that a worker has not answered the rows that it was given some time ago.
    pub(super) fn tell_silence(&self, n_rows: usize, since: Duration) {
        let Some(hear) = &self.notices else { return };
        let seconds = |time: Duration| match time.as_secs_f64() {
            1.0 => "1 second".to_owned(),
            seconds => format!("{seconds} seconds"),
        };
        let (label, ago) = (self.program.label(), seconds(since));
        let rows = if n_rows == 1 { "the row".to_owned() } else { format!("all of the {n_rows} rows") };
        let cause = match self.program {
            Program::Python { .. } => "the function may take that long",
            Program::Shell(_) | Program::Arguments(_) => {
                "if it keeps its output in a buffer, have it write each result at once (awk: fflush(), and mawk -W interactive; \
                 Python: print(…, flush=True); C: fflush(stdout))"
            }
        };
        let limit = seconds(self.chunk_timeout);
        hear(&format!(
            "{label}: a worker has not answered {rows} that it was given {ago} ago; {cause}. It is given {limit}"
        ));
    }

    /// What stands on the pipes of its workers.
    pub(super) fn wire(&self) -> Wire {
        match (self.protocol, &self.program) {
            (Protocol::Arrow, Program::Python { .. }) if !self.rows_as.is_batch() => Wire::Columns,
            (Protocol::Arrow, _) => Wire::Arrow,
            (Protocol::Csv, _) => Wire::Csv,
            (Protocol::NdJson, _) => Wire::NdJson,
        }
    }
}

/// Workers that have been started and given no rows, and how to start more.
pub(super) struct Workers {
    pub(super) settings: Settings,
    guard: Mutex<Option<Guard>>,
    fresh: Mutex<Vec<WorkerProcess>>,
}

impl Workers {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, guard: Mutex::default(), fresh: Mutex::default() }
    }

    /// Starts workers until so many wait for rows.
    pub(super) fn start(&self, n_workers: usize) -> Result<()> {
        let n_fresh = lock(&self.fresh).len();
        for _ in n_fresh..n_workers {
            let worker = self.launch()?;
            // The one that was started first is taken first.
            lock(&self.fresh).insert(0, worker);
        }
        Ok(())
    }

    /// A worker that has been given no rows.
    pub(super) fn take(&self) -> Result<WorkerProcess> {
        let fresh = lock(&self.fresh).pop();
        match fresh {
            Some(worker) => Ok(worker),
            None => self.launch(),
        }
    }

    /// Takes a worker back that has been given no rows.
    pub(super) fn give_back(&self, worker: WorkerProcess) {
        lock(&self.fresh).push(worker);
    }

    /// Lets go of a worker: at once, whatever it does.
    pub(super) fn discard(&self, worker: WorkerProcess) {
        let group = worker.id();
        drop(worker);
        self.forget(group);
    }

    /// Ends workers that have done all that was asked of them, and waits until they have.
    ///
    /// # Errors
    /// [`Worker`](crate::ErrorKind::Worker) when one has written more than that: then its results may belong to other rows.
    pub(super) fn end(&self, mut workers: Vec<WorkerProcess>) -> Result<()> {
        workers.iter_mut().for_each(WorkerProcess::close);
        let mut surplus = false;
        for worker in workers {
            let group = worker.id();
            surplus |= !self.settings.wire().is_end(&worker.end());
            self.forget(group);
        }
        match surplus {
            true => Err(self.surplus()),
            false => Ok(()),
        }
    }

    /// A worker has written more results than it was given rows, and some have been taken for those of other rows.
    pub(super) fn surplus(&self) -> Error {
        let message = "it wrote more results than it was given rows, so nobody knows which belong together; it must write one \
                       for each row";
        Error::worker(self.settings.program.label(), message)
    }

    /// What the Python side says of its function, from a worker that has not been asked yet.
    pub(super) fn greet(&self, worker: &mut WorkerProcess, wait: &Wait<'_>) -> Result<Signature, Trouble> {
        let label = self.settings.program.label();
        let text = line(worker, 0, 1, wait)?;
        worker.is_greeted = true;
        let hello = Json::parse(&text).unwrap_or(Json::Null);
        if let Some(missing) = hello.get("missing").and_then(Json::as_text) {
            let Program::Python { interpreter, .. } = &self.settings.program else {
                return Err(Failure::wrong("asks for a package").into());
            };
            let interpreter = interpreter.display();
            let because = hello.get("because").and_then(Json::as_text).unwrap_or_default();
            let message = format!(
                "{interpreter} has no {missing} ({because}), which whole batches need; install it with: {interpreter} -m pip \
                 install {missing}, or take the rows one by one, which needs no package"
            );
            return Err(Error::worker(label, message).into());
        }
        if let Some(message) = hello.get("error").and_then(Json::as_text) {
            return Err(Error::expression(label, message).into());
        }
        let signature = hello.get("parameters").and_then(Signature::from_json);
        Ok(signature.ok_or_else(|| Failure::wrong(format!("began with {text:?}")))?)
    }

    fn launch(&self) -> Result<WorkerProcess> {
        let Settings { program, stderr, .. } = &self.settings;
        let command = program.command(self.settings.wire());
        let mut worker = WorkerProcess::start(command, &program.label(), stderr.clone())?;
        let mut guard = lock(&self.guard);
        if guard.is_none() {
            *guard = Guard::start();
        }
        if let Some(guard) = guard.as_mut() {
            guard.add(worker.id());
        }
        drop(guard);
        if let Some(input) = program.first_input() {
            // A pipe that nobody has written to yet takes it.
            let _ = worker.send(input.to_vec());
        }
        Ok(worker)
    }

    fn forget(&self, group: u32) {
        if let Some(guard) = lock(&self.guard).as_mut() {
            guard.remove(group);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let fresh = std::mem::take(&mut *lock(&self.fresh));
        fresh.into_iter().for_each(|worker| self.discard(worker));
    }
}

/// What is behind a lock that no panic can leave half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
