//! How a pool is made.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::ThreadPoolBuilder;

use super::error::Panic;
use super::handle::Pool;
use super::shared::Shared;
use super::state::{Initializer, States};
use super::threads::cpu_count;
use crate::error::{Error, Result};

/// The most workers that a pool may have.
const MOST_THREADS: usize = 1 << 16;

/// Makes a [`Pool`].
///
/// # Example
/// ```
/// use parrow::Pool;
///
/// let pool = Pool::builder()
///     .threads(2)
///     .name("reader")
///     .initializer(|_worker| String::with_capacity(1 << 16))
///     .build()?;
/// let lengths = pool.map([3, 5], |n| {
///     pool.with_state(|buffer| {
///         buffer.clear();
///         buffer.extend(std::iter::repeat_n('x', n));
///         buffer.len()
///     })
/// })?;
/// assert_eq!(lengths, [3, 5]);
/// # Ok::<(), parrow::Error>(())
/// ```
#[must_use]
pub struct PoolBuilder<S = ()> {
    threads: Option<usize>,
    name: String,
    initializer: Initializer<S>,
}

impl PoolBuilder {
    pub(super) fn new() -> Self {
        Self { threads: None, name: "parrow-pool".to_owned(), initializer: Arc::new(|_| ()) }
    }
}

impl<S: Send + 'static> PoolBuilder<S> {
    /// How many workers there are: [`cpu_count`] unless given.
    pub fn threads(mut self, n_threads: usize) -> Self {
        self.threads = Some(n_threads);
        self
    }

    /// What the workers' threads are called, each with its number behind.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Makes for each worker, before its first call, a state that [`Pool::with_state`] lends to calls: a connection, a
    /// buffer, a generator of random numbers. It is given the worker's index, counted from 0.
    ///
    /// A state is made anew when a call that used it panicked. For a call that uses its state and waits for a nested one,
    /// and for a thread that is no worker, one more is made, the latter with an index behind that of the last worker.
    pub fn initializer<T: Send + 'static>(
        self,
        initializer: impl Fn(usize) -> T + Send + Sync + 'static,
    ) -> PoolBuilder<T> {
        PoolBuilder { threads: self.threads, name: self.name, initializer: Arc::new(initializer) }
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for no workers, more than 65,536 of them or than the system gives
    /// threads for, and for an initializer that panics.
    pub fn build(self) -> Result<Pool<S>> {
        let n_threads = self.threads.unwrap_or_else(cpu_count);
        if n_threads == 0 {
            return Err(Error::invalid_option("threads", "there must be at least one worker"));
        }
        if n_threads > MOST_THREADS {
            let message = format!("{n_threads} workers are more than {MOST_THREADS}");
            return Err(Error::invalid_option("threads", message));
        }
        let mut handles = Vec::with_capacity(n_threads);
        let threads = ThreadPoolBuilder::new()
            .num_threads(n_threads)
            // All calls are contained. Without this, a panic in the drop of what a user gave would end the process.
            .panic_handler(|_| {})
            .spawn_handler(|thread| {
                let name = format!("{}-{}", self.name, thread.index());
                handles.push(std::thread::Builder::new().name(name).spawn(|| thread.run())?);
                Ok(())
            })
            .build()
            .map_err(|error| {
                Error::invalid_option("threads", format!("could not start {n_threads} workers: {error}"))
            })?;
        let initializer = &self.initializer;
        let states = threads
            .broadcast(|worker| catch_unwind(AssertUnwindSafe(|| initializer(worker.index()))))
            .into_iter()
            .enumerate()
            .map(|(index, state)| {
                state.map_err(|payload| {
                    let message = format!("worker {index} panicked: {}", Panic::new(payload));
                    Error::invalid_option("initializer", message)
                })
            })
            .collect::<Result<Vec<S>>>()?;
        let states = States::new(states, self.initializer);
        Ok(Pool::of(Shared::new(threads, handles), Arc::new(states)))
    }
}

impl<S> fmt::Debug for PoolBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("threads", &self.threads)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
