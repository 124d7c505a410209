//! How commands are to be run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::files::Files;
use crate::pool::cpu_count;
use crate::progress::{CancellationToken, Progress};

/// How many bytes of an output are held, unless that is said.
const MAX_OUTPUT: usize = 256 << 20;

/// In which order results are handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// In the order of the commands.
    #[default]
    Commands,
    /// As the commands finish.
    Finished,
}

/// What a command that fails does to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Halt {
    /// Nothing: they are run.
    #[default]
    Never,
    /// Those that are running are ended, and no other is started.
    OnError,
}

/// How commands are to be run: how many at a time, for how long, how often, and what is kept of it.
///
/// # Example
/// ```
/// use std::time::Duration;
/// use parrow::processes::{Halt, ProcessOptions};
///
/// let options = ProcessOptions::builder()
///     .jobs(3)
///     .timeout(Duration::from_secs(60))
///     .retries(2)
///     .halt(Halt::OnError)
///     .job_log("jobs.csv")
///     .build()?;
/// assert_eq!(options.n_jobs(), 3);
/// # Ok::<(), parrow::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ProcessOptions {
    jobs: Option<usize>,
    timeout: Option<Duration>,
    retries: u32,
    max_output: Option<usize>,
    halt: Halt,
    order: Order,
    log: Option<Log>,
    progress: Option<Arc<dyn Progress>>,
    cancellation: Option<CancellationToken>,
    files: Files,
}

/// Where what was done is written down.
#[derive(Clone, Debug)]
pub(super) enum Log {
    /// A file that is begun anew.
    New(PathBuf),
    /// A file whose finished commands are left out, and that goes on.
    Resumed(PathBuf),
}

impl ProcessOptions {
    /// Starts from the defaults: a command a core, no time limit, one try, results in the order of the commands.
    pub fn builder() -> ProcessOptionsBuilder {
        ProcessOptionsBuilder::default()
    }

    /// How many commands run at a time: [`cpu_count`] unless given.
    pub fn n_jobs(&self) -> usize {
        self.jobs.unwrap_or_else(cpu_count)
    }

    /// How long a try may take.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// How often a command that fails is tried again.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// How many bytes of each output of a command are held: 256 MiB unless given.
    pub fn max_output(&self) -> usize {
        self.max_output.unwrap_or(MAX_OUTPUT)
    }

    /// What a command that fails does to the others.
    pub fn halt(&self) -> Halt {
        self.halt
    }

    /// In which order results are handed over.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The file that keeps what was done.
    pub fn job_log(&self) -> Option<&Path> {
        self.log.as_ref().map(|(Log::New(path) | Log::Resumed(path))| path.as_path())
    }

    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    pub(super) fn log(&self) -> Option<&Log> {
        self.log.as_ref()
    }

    pub(super) fn progress(&self) -> Option<&dyn Progress> {
        self.progress.as_deref()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancellation.as_ref().is_some_and(CancellationToken::is_cancelled)
    }
}

impl fmt::Debug for ProcessOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessOptions")
            .field("jobs", &self.jobs)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .field("max_output", &self.max_output)
            .field("halt", &self.halt)
            .field("order", &self.order)
            .field("log", &self.log)
            .field("progress", &self.progress.is_some())
            .field("cancellation", &self.cancellation)
            .finish()
    }
}

/// Makes [`ProcessOptions`].
#[must_use]
#[derive(Clone, Debug, Default)]
pub struct ProcessOptionsBuilder {
    options: ProcessOptions,
}

impl ProcessOptionsBuilder {
    /// Runs this many commands at a time.
    pub fn jobs(mut self, n_jobs: usize) -> Self {
        self.options.jobs = Some(n_jobs);
        self
    }

    /// Ends a try that takes longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Tries a command that fails again, this many times at most; a try that was ended at its time limit has failed.
    pub fn retries(mut self, n_retries: u32) -> Self {
        self.options.retries = n_retries;
        self
    }

    /// Ends a command that writes more than this many bytes to standard output, or to standard error, with
    /// [`TooMuchOutput`](super::Ending::TooMuchOutput).
    pub fn max_output(mut self, n_bytes: usize) -> Self {
        self.options.max_output = Some(n_bytes);
        self
    }

    /// Says what a command that fails, after its last try, does to the others.
    pub fn halt(mut self, halt: Halt) -> Self {
        self.options.halt = halt;
        self
    }

    /// Says in which order results are handed over.
    pub fn order(mut self, order: Order) -> Self {
        self.options.order = order;
        self
    }

    /// Writes what was done to this file as it goes: CSV with the columns `command`, `start` (UTC), `seconds`, `exit_code`
    /// ([`Finished::exit_code`](super::Finished::exit_code)) and `tries`. A job log that is there is begun anew; another
    /// file is left alone, which is an error.
    pub fn job_log(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.log = Some(Log::New(path.into()));
        self
    }

    /// Goes on with a job log: a command that it holds with exit code 0 is not run again, whatever its place, and what is
    /// run is written behind what is there. A command that is given twice is left out once for each time that the log has
    /// it. Where there is no such file yet, every command is run.
    pub fn resume(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.log = Some(Log::Resumed(path.into()));
        self
    }

    /// Tells `progress` how many commands are done, in place of rows.
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.options.progress = Some(progress);
        self
    }

    /// Stops the run when `token` is cancelled: commands that are running are ended, and no other is started.
    pub fn cancellation(mut self, token: CancellationToken) -> Self {
        self.options.cancellation = Some(token);
        self
    }

    /// The files of the run.
    #[doc(hidden)]
    pub fn files(mut self, files: Files) -> Self {
        self.options.files = files;
        self
    }

    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) when no command could run at a time, or for no time at all.
    pub fn build(self) -> Result<ProcessOptions> {
        if self.options.jobs == Some(0) {
            return Err(Error::invalid_option("jobs", "it must be at least 1"));
        }
        if self.options.timeout == Some(Duration::ZERO) {
            return Err(Error::invalid_option("timeout", "it must be longer than nothing"));
        }
        Ok(self.options)
    }
}
