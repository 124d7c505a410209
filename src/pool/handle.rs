//! [`Pool`]: its life cycle, and single calls.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use super::builder::PoolBuilder;
use super::error::PoolError;
use super::run::Cut;
use super::shared::{Shared, infallible};
use super::state::States;
use crate::error::Result;
use crate::progress::CancellationToken;

/// Look-ahead of lazy calls in items for each worker, unless given.
const LOOK_AHEAD_PER_WORKER: usize = 64;

/// A fixed number of worker threads that call functions: [the module's page](crate::pool) is its guide.
///
/// A `Pool` is a handle: clones of it share the workers. At most as many calls run at once as there are workers, whoever
/// asks. They run on workers, save that the thread which waits for a [`map`](Self::map) of many items takes the place of one:
/// calls that cost less than waking a worker never leave it. A worker that waits for calls it made itself takes up other work
/// of the pool meanwhile, so calls may be nested to any depth.
///
/// # Dropping it
/// When the last handle is dropped, the pool takes no more work, nobody waits, and nothing is lost while the process
/// lives: queued and running calls come to their end in the background, their results reach whoever holds an
/// [`AsyncResult`](crate::AsyncResult), and then the threads end. To wait for them, [`close`](Self::close) and
/// [`join`](Self::join); to drop what is queued, [`terminate`](Self::terminate).
///
/// # Example
/// ```
/// use parrow::Pool;
///
/// let words = ["one", "three", "five"];
/// let pool = Pool::new(2)?;
/// let lengths = pool.map(&words, |word| word.len())?;
/// assert_eq!(lengths, [3, 5, 4]);
/// # Ok::<(), parrow::Error>(())
/// ```
///
/// The number of workers can't be negative:
/// ```compile_fail
/// let pool = parrow::Pool::new(-1);
/// ```
pub struct Pool<S = ()> {
    shared: Arc<Shared>,
    states: Arc<States<S>>,
    chunk_size: Option<usize>,
    look_ahead: Option<usize>,
}

impl Pool {
    /// A pool of so many workers. [`cpu_count`](crate::cpu_count) of them are enough for work that computes.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for no workers, more than 65,536 of them, or more than the
    /// system gives threads for.
    pub fn new(n_threads: usize) -> Result<Self> {
        Self::builder().threads(n_threads).build()
    }

    /// Starts from the defaults: a worker for each core, without state.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }
}

impl<S: Send + 'static> Pool<S> {
    pub(super) fn of(shared: Arc<Shared>, states: Arc<States<S>>) -> Self {
        Self { shared, states, chunk_size: None, look_ahead: None }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// How many workers there are.
    pub fn n_threads(&self) -> usize {
        self.shared.n_workers()
    }

    /// The same pool, whose calls over items hand these out in chunks of so many.
    ///
    /// Without this, the time that the first calls take decides: chunks of about a millisecond, at least eight a worker.
    ///
    /// # Panics
    /// For 0.
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// assert_eq!(pool.chunk_size(20).map(0..100, |x| x * x)?.len(), 100);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    #[must_use]
    pub fn chunk_size(&self, n_items: usize) -> Self {
        assert!(n_items > 0, "a chunk must have at least one item");
        Self { chunk_size: Some(n_items), ..self.clone() }
    }

    /// The same pool, whose lazy calls ([`imap`](Self::imap)) pull at most so many items more than results were taken.
    ///
    /// Without this, it is 64 for each worker, or four chunks for each where the size of chunks was given and that is more.
    ///
    /// # Panics
    /// For 0.
    #[must_use]
    pub fn look_ahead(&self, n_items: usize) -> Self {
        assert!(n_items > 0, "the look-ahead must be at least one item");
        Self { look_ahead: Some(n_items), ..self.clone() }
    }

    /// Calls `function` on a worker and waits for what it returns.
    ///
    /// # Errors
    /// [`Panicked`](PoolError::Panicked), [`Closed`](PoolError::Closed), and [`Terminated`](PoolError::Terminated) when that
    /// came before the call's turn.
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let (a, b) = ([1, 2, 3], [2, 3, 4]);
    /// let common = pool.apply(|| a.iter().filter(|x| b.contains(x)).count())?;
    /// assert_eq!(common, 2);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn apply<R: Send>(&self, function: impl FnOnce() -> R + Send) -> Result<R, PoolError> {
        self.try_apply(|| infallible(function()))
    }

    /// As [`apply`](Self::apply), for a function that may fail.
    ///
    /// # Errors
    /// [`Returned`](PoolError::Returned) with the function's error, and those of `apply`.
    pub fn try_apply<R: Send, E: Send>(
        &self,
        function: impl FnOnce() -> Result<R, E> + Send,
    ) -> Result<R, PoolError<E>> {
        let in_flight = self.shared.enter()?;
        let shared = &self.shared;
        if in_flight.is_stand_in() {
            return shared.call(function);
        }
        in_flight.threads().install(|| {
            let _permit = in_flight.permit();
            shared.call(function)
        })
    }

    /// Lends the state of the worker that this is called on to `function`; see [`PoolBuilder::initializer`].
    ///
    /// # Panics
    /// When the initializer does, where it is called anew.
    pub fn with_state<R>(&self, function: impl FnOnce(&mut S) -> R) -> R {
        self.states.with(self.shared.worker_index(), function)
    }

    /// Takes no more work: further calls are an error, except those that the pool's own workers make on behalf of calls
    /// taken before.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Takes no more work and drops what is queued at once: whoever waits for it gets
    /// [`Terminated`](PoolError::Terminated). Calls that run are not interrupted; they may look at the
    /// [`cancellation_token`](Self::cancellation_token). A `map` looks before each call, or, where calls have taken but
    /// microseconds so far and no size of chunks was given, before chunks of one or two milliseconds.
    pub fn terminate(&self) {
        self.shared.terminate();
    }

    /// What running calls may look at to see that the pool was terminated.
    ///
    /// # Example
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = parrow::Pool::new(1)?;
    /// let token = pool.cancellation_token();
    /// let turns = pool.apply_async(move || {
    ///     (0..).take_while(|_| !token.is_cancelled()).inspect(|_| std::thread::sleep(Duration::from_millis(1))).count()
    /// })?;
    /// pool.terminate();
    /// pool.join()?;
    /// assert!(turns.ready());
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn cancellation_token(&self) -> CancellationToken {
        self.shared.token().clone()
    }

    /// Waits until every call has come to its end and the threads have ended. Results can still be taken afterwards.
    ///
    /// # Errors
    /// [`StillOpen`](PoolError::StillOpen) unless the pool was closed or terminated;
    /// [`JoinedByWorker`](PoolError::JoinedByWorker) on one of its own threads.
    pub fn join(&self) -> Result<(), PoolError> {
        self.shared.join()?;
        self.states.clear();
        Ok(())
    }

    /// Whether calls have nothing to keep on their workers.
    pub(super) fn is_stateless(&self) -> bool {
        TypeId::of::<S>() == TypeId::of::<()>()
    }

    pub(super) fn eager_cut(&self) -> Cut {
        Cut {
            n_workers: self.n_threads(),
            n_cores: self.shared.n_cores(),
            chunk_size: self.chunk_size,
            most: usize::MAX,
        }
    }

    /// The cut of lazy calls, and their look-ahead.
    pub(super) fn lazy_cut(&self) -> (Cut, u64) {
        let n_workers = self.n_threads();
        let by_chunk = self.chunk_size.map_or(0, |size| size.saturating_mul(4 * n_workers));
        let look_ahead = self.look_ahead.unwrap_or_else(|| by_chunk.max(LOOK_AHEAD_PER_WORKER * n_workers));
        // Several chunks a worker, so that one is ready while the next is made.
        let most = (look_ahead / (4 * n_workers)).max(1);
        (Cut { most, ..self.eager_cut() }, look_ahead as u64)
    }
}

impl<S> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            states: Arc::clone(&self.states),
            chunk_size: self.chunk_size,
            look_ahead: self.look_ahead,
        }
    }
}

impl<S> fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("n_threads", &self.shared.n_workers())
            .field("chunk_size", &self.chunk_size)
            .field("look_ahead", &self.look_ahead)
            .finish()
    }
}
