//! How a row function is to be run.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::fault::OnError;
use crate::pool::cpu_count;
use crate::progress::{CancellationToken, Progress, RunStatus};
use crate::row::RunContext;

/// How a row function is to be run over a frame: on how many threads, in chunks of how many rows, and what becomes of
/// rows that fail. None of it changes the values of the result.
///
/// # Example
/// ```
/// use parrow::{ApplyOptions, OnError};
///
/// let options = ApplyOptions::builder().threads(4).on_error(OnError::Collect).build()?;
/// assert_eq!(options.n_threads(), 4);
/// # Ok::<(), parrow::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ApplyOptions {
    threads: Option<usize>,
    chunk_rows: Option<usize>,
    on_error: OnError,
    progress: Option<Arc<dyn Progress>>,
    cancellation: Option<CancellationToken>,
}

impl ApplyOptions {
    /// Starts from the defaults: every core, automatic chunks, the first fault ends the run.
    pub fn builder() -> ApplyOptionsBuilder {
        ApplyOptionsBuilder::default()
    }

    /// How many threads run chunks: [`cpu_count`] unless given.
    pub fn n_threads(&self) -> usize {
        self.threads.unwrap_or_else(cpu_count)
    }

    /// How many rows a chunk has, where that is given and not found from the function's measured cost.
    pub fn chunk_rows(&self) -> Option<usize> {
        self.chunk_rows
    }

    /// What becomes of rows that fail.
    pub fn on_error(&self) -> OnError {
        self.on_error
    }

    /// Who hears how far the run is.
    pub fn progress(&self) -> Option<&Arc<dyn Progress>> {
        self.progress.as_ref()
    }

    /// What stops the run.
    pub fn cancellation(&self) -> Option<&CancellationToken> {
        self.cancellation.as_ref()
    }

    /// What a kernel may know of a run with these options.
    pub(crate) fn context(&self, n_workers: usize, n_rows: usize) -> RunContext {
        RunContext::new(n_workers, n_rows, self.cancellation.clone().unwrap_or_default())
    }

    /// The same with another policy.
    pub(crate) fn with_policy(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when somebody has asked the run to stop.
    pub(crate) fn check_cancelled(&self) -> Result<()> {
        match &self.cancellation {
            Some(token) if token.is_cancelled() => Err(Error::new(crate::ErrorKind::Cancelled)),
            _ => Ok(()),
        }
    }

    pub(crate) fn tell(&self, status: &RunStatus) {
        if let Some(progress) = &self.progress {
            progress.status(status);
        }
    }

    pub(crate) fn advance(&self, n_rows: usize) {
        if let Some(progress) = &self.progress {
            progress.advance(n_rows as u64);
        }
    }
}

impl fmt::Debug for ApplyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplyOptions")
            .field("threads", &self.threads)
            .field("chunk_rows", &self.chunk_rows)
            .field("on_error", &self.on_error)
            .field("progress", &self.progress.is_some())
            .field("cancellation", &self.cancellation)
            .finish()
    }
}

/// Makes [`ApplyOptions`].
#[must_use]
#[derive(Clone, Debug, Default)]
pub struct ApplyOptionsBuilder {
    options: ApplyOptions,
}

impl ApplyOptionsBuilder {
    /// Runs chunks on this many threads.
    pub fn threads(mut self, n_threads: usize) -> Self {
        self.options.threads = Some(n_threads);
        self
    }

    /// Cuts the frame into chunks of this many rows.
    pub fn chunk_rows(mut self, n_rows: usize) -> Self {
        self.options.chunk_rows = Some(n_rows);
        self
    }

    /// Says what becomes of rows that fail.
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.options.on_error = on_error;
        self
    }

    /// Tells `progress` how far the run is.
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.options.progress = Some(progress);
        self
    }

    /// Stops the run when `token` is cancelled.
    pub fn cancellation(mut self, token: CancellationToken) -> Self {
        self.options.cancellation = Some(token);
        self
    }

    /// The options.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for no threads, more than 1,024 of them, or chunks of no rows.
    pub fn build(self) -> Result<ApplyOptions> {
        match self.options.threads {
            Some(0) => return Err(Error::invalid_option("threads", "there must be at least one thread")),
            // The pools look through all their threads for work: tens of thousands stand in each other's way for minutes.
            Some(n) if n > 1_024 => {
                return Err(Error::invalid_option("threads", format!("{n} threads are more than 1024")));
            }
            _ => {}
        }
        if self.options.chunk_rows == Some(0) {
            return Err(Error::invalid_option("chunk rows", "a chunk must have at least one row"));
        }
        Ok(self.options)
    }
}
