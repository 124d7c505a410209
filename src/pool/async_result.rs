//! [`AsyncResult`]: what an asynchronous call leaves in the caller's hand.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::error::{Panic, PoolError};
use super::shared::lock;
use super::wait::wait_for;

type Outcome<T, E> = Result<T, PoolError<E>>;
type Callback<T, E> = Box<dyn FnOnce(&Outcome<T, E>) + Send>;

/// The result of an asynchronous call, now or later. It is also a [`Future`], of any executor.
///
/// Dropping it does not stop the call. A worker that waits for one takes up other work of its pool meanwhile.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// let pool = parrow::Pool::new(2)?;
/// let mut squares = pool.map_async(0..4, |x| x * x)?.on_success(|squares| assert_eq!(squares.len(), 4));
/// let squares = squares.get_timeout(Duration::from_secs(10))?;
/// assert_eq!(squares, [0, 1, 4, 9]);
/// # Ok::<(), parrow::Error>(())
/// ```
#[must_use = "an error of the call shows nowhere else"]
pub struct AsyncResult<T, E = Infallible>(Arc<Slot<T, E>>);

struct Slot<T, E> {
    state: Mutex<State<T, E>>,
    changed: Condvar,
}

struct State<T, E> {
    /// Whether the call succeeded, once that is known.
    success: Option<bool>,
    outcome: Option<Outcome<T, E>>,
    callbacks: Vec<Callback<T, E>>,
    waker: Option<Waker>,
}

impl<T, E> State<T, E> {
    fn take(&mut self) -> Outcome<T, E> {
        self.outcome.take().unwrap_or(Err(PoolError::Taken))
    }
}

impl<T, E> AsyncResult<T, E> {
    /// Waits for the result and gives it.
    ///
    /// # Errors
    /// What became of the call; [`Taken`](PoolError::Taken) when [`get_timeout`](Self::get_timeout) gave it before.
    pub fn get(self) -> Result<T, PoolError<E>> {
        self.wait();
        lock(&self.0.state).take()
    }

    /// Waits for the result for so long, and gives it.
    ///
    /// # Errors
    /// [`TimedOut`](PoolError::TimedOut) when there is none by then: it can still be fetched later. Else those of
    /// [`get`](Self::get).
    pub fn get_timeout(&mut self, timeout: Duration) -> Result<T, PoolError<E>> {
        match self.wait_timeout(timeout) {
            true => lock(&self.0.state).take(),
            false => Err(PoolError::TimedOut),
        }
    }

    /// Waits until there is a result.
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Waits until there is a result, at most for so long, and says whether there is one.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(Instant::now().checked_add(timeout))
    }

    /// Whether there is a result, good or bad.
    pub fn ready(&self) -> bool {
        self.successful().is_some()
    }

    /// Whether the call went well; `None` while nobody knows.
    pub fn successful(&self) -> Option<bool> {
        lock(&self.0.state).success
    }

    /// Calls `callback` once with the result if the call goes well: before anybody gets it, on the worker that finishes
    /// the call, or here and now if that is over. When the callback panics, that is the result.
    pub fn on_success(self, callback: impl FnOnce(&T) + Send + 'static) -> Self
    where
        T: 'static,
        E: 'static,
    {
        self.on_outcome(Box::new(|outcome| {
            if let Ok(value) = outcome {
                callback(value);
            }
        }))
    }

    /// Calls `callback` once with the error if the call goes wrong, as [`on_success`](Self::on_success) does with a value.
    /// The result is still that error.
    pub fn on_error(self, callback: impl FnOnce(&PoolError<E>) + Send + 'static) -> Self
    where
        T: 'static,
        E: 'static,
    {
        self.on_outcome(Box::new(|outcome| {
            if let Err(error) = outcome {
                callback(error);
            }
        }))
    }

    fn on_outcome(self, callback: Callback<T, E>) -> Self {
        let mut state = lock(&self.0.state);
        let Some(outcome) = state.outcome.take() else {
            if state.success.is_none() {
                state.callbacks.push(callback);
            }
            drop(state);
            return self;
        };
        drop(state);
        // Nobody else can look meanwhile: this is the only handle, and it is here.
        let outcome = after(callback, outcome);
        let mut state = lock(&self.0.state);
        state.success = Some(outcome.is_ok());
        state.outcome = Some(outcome);
        drop(state);
        self
    }

    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        wait_for(&self.0.state, &self.0.changed, deadline, |state| state.success).is_some()
    }
}

/// What remains of an outcome after a callback has seen it.
fn after<T, E>(callback: Callback<T, E>, outcome: Outcome<T, E>) -> Outcome<T, E> {
    match catch_unwind(AssertUnwindSafe(|| callback(&outcome))) {
        Ok(()) => outcome,
        Err(payload) => Err(PoolError::CallbackPanicked { panic: Panic::new(payload) }),
    }
}

impl<T, E> Future for AsyncResult<T, E> {
    type Output = Result<T, PoolError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.0.state);
        if state.success.is_some() {
            return Poll::Ready(state.take());
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => state.waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl<T, E> fmt::Debug for AsyncResult<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncResult").field("successful", &self.successful()).finish()
    }
}

/// The duty to give an [`AsyncResult`] its result. When it is dropped, that is that the pool was terminated.
pub(super) struct Promise<T, E>(Option<Arc<Slot<T, E>>>);

impl<T, E> Promise<T, E> {
    pub(super) fn new() -> (Self, AsyncResult<T, E>) {
        let state = State { success: None, outcome: None, callbacks: Vec::new(), waker: None };
        let slot = Arc::new(Slot { state: Mutex::new(state), changed: Condvar::new() });
        (Self(Some(Arc::clone(&slot))), AsyncResult(slot))
    }

    pub(super) fn complete(mut self, outcome: Outcome<T, E>) {
        if let Some(slot) = self.0.take() {
            complete(&slot, outcome);
        }
    }
}

impl<T, E> Drop for Promise<T, E> {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            complete(&slot, Err(PoolError::Terminated));
        }
    }
}

fn complete<T, E>(slot: &Slot<T, E>, mut outcome: Outcome<T, E>) {
    loop {
        let mut state = lock(&slot.state);
        if state.callbacks.is_empty() {
            state.success = Some(outcome.is_ok());
            state.outcome = Some(outcome);
            let waker = state.waker.take();
            drop(state);
            slot.changed.notify_all();
            if let Some(waker) = waker {
                waker.wake();
            }
            return;
        }
        // Callbacks are a user's code, and a user may add another one meanwhile.
        let callbacks = std::mem::take(&mut state.callbacks);
        drop(state);
        for callback in callbacks {
            outcome = after(callback, outcome);
        }
    }
}
