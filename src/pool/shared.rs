//! What the handles of a pool share: its threads, the queue of the asynchronous calls, and the stage of its life.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rayon::ThreadPool;

use super::error::{Panic, PoolError};
use super::gate::{Gate, Permit};
use super::threads::cpu_count;
use crate::progress::CancellationToken;

/// A call that waits for a worker. Dropping it tells whoever waits for its result.
pub(super) type Task = Box<dyn FnOnce() + Send>;

pub(super) struct Shared {
    threads: Mutex<Option<Arc<ThreadPool>>>,
    handles: Mutex<Vec<JoinHandle<()>>>,
    queue: Mutex<VecDeque<Task>>,
    life: Mutex<Life>,
    idle: Condvar,
    token: CancellationToken,
    gate: Arc<Gate>,
    n_workers: usize,
    n_cores: usize,
}

struct Life {
    stage: Stage,
    n_in_flight: usize,
    /// Whether a caller makes calls in the place of a worker: until they end, the others need permits.
    stood_in: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Closed,
    Terminated,
}

impl Shared {
    pub(super) fn new(threads: ThreadPool, handles: Vec<JoinHandle<()>>) -> Arc<Self> {
        let n_workers = threads.current_num_threads();
        Arc::new(Self {
            n_workers,
            n_cores: cpu_count(),
            threads: Mutex::new(Some(Arc::new(threads))),
            handles: Mutex::new(handles),
            queue: Mutex::default(),
            life: Mutex::new(Life { stage: Stage::Open, n_in_flight: 0, stood_in: false }),
            idle: Condvar::new(),
            token: CancellationToken::new(),
            gate: Gate::new(n_workers),
        })
    }

    pub(super) fn n_workers(&self) -> usize {
        self.n_workers
    }

    pub(super) fn n_cores(&self) -> usize {
        self.n_cores
    }

    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Whether this thread is a worker, or stands in for one.
    pub(super) fn is_worker(&self) -> bool {
        self.gate.is_held() || self.worker_index().is_some()
    }

    /// The worker that this thread is, if it is one of this pool.
    pub(super) fn worker_index(&self) -> Option<usize> {
        lock(&self.threads).as_ref()?.current_thread_index()
    }

    /// Counts a call in, from here until the guard is dropped.
    ///
    /// # Errors
    /// A pool that is closed takes calls of its own workers only: they are part of work that it has accepted.
    pub(super) fn enter<E>(self: &Arc<Self>) -> Result<InFlight, PoolError<E>> {
        let Some(threads) = lock(&self.threads).clone() else { return Err(PoolError::Closed) };
        let mut life = lock(&self.life);
        let accepted = threads.current_thread_index().is_some() || self.gate.is_held();
        match life.stage {
            Stage::Open => {}
            Stage::Closed if accepted => {}
            Stage::Terminated if accepted => return Err(PoolError::Terminated),
            Stage::Closed | Stage::Terminated => return Err(PoolError::Closed),
        }
        life.n_in_flight += 1;
        let gated = life.stood_in;
        drop(life);
        Ok(InFlight { shared: Arc::clone(self), threads, gated })
    }

    /// Counts in a job that belongs to a call which was taken before.
    ///
    /// # Errors
    /// The threads have ended.
    pub(super) fn enter_job<E>(self: &Arc<Self>) -> Result<InFlight, PoolError<E>> {
        let Some(threads) = lock(&self.threads).clone() else { return Err(PoolError::Closed) };
        let mut life = lock(&self.life);
        life.n_in_flight += 1;
        let gated = life.stood_in;
        drop(life);
        Ok(InFlight { shared: Arc::clone(self), threads, gated })
    }

    /// Queues a task, behind those that are waiting.
    pub(super) fn enqueue(self: &Arc<Self>, threads: &ThreadPool, task: Task) {
        lock(&self.queue).push_back(task);
        let shared = Arc::clone(self);
        threads.spawn_fifo(move || {
            let task = lock(&shared.queue).pop_front();
            if let Some(task) = task {
                task();
            }
        });
        // Somebody may have terminated the pool since the call was taken.
        if self.token.is_cancelled() {
            self.drop_queue();
        }
    }

    fn drop_queue(&self) {
        let tasks = std::mem::take(&mut *lock(&self.queue));
        for task in tasks {
            // What is dropped is a user's.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(task)));
        }
    }

    pub(super) fn close(&self) {
        let mut life = lock(&self.life);
        if life.stage == Stage::Open {
            life.stage = Stage::Closed;
        }
    }

    pub(super) fn terminate(&self) {
        lock(&self.life).stage = Stage::Terminated;
        self.token.cancel();
        self.drop_queue();
    }

    /// Waits until nothing is in flight and the threads have ended.
    pub(super) fn join(&self) -> Result<(), PoolError> {
        if self.is_worker() {
            return Err(PoolError::JoinedByWorker);
        }
        let mut life = lock(&self.life);
        if life.stage == Stage::Open {
            return Err(PoolError::StillOpen);
        }
        while life.n_in_flight > 0 {
            life = self.idle.wait(life).unwrap_or_else(PoisonError::into_inner);
        }
        drop(life);
        let mut handles = lock(&self.handles);
        drop(lock(&self.threads).take());
        for handle in handles.drain(..) {
            // A worker's own calls are contained, so there is no panic to hear of here.
            let _ = handle.join();
        }
        Ok(())
    }

    /// Makes one call. A panic becomes an error.
    pub(super) fn call<R, E>(&self, function: impl FnOnce() -> Result<R, E>) -> Result<R, PoolError<E>> {
        if self.token.is_cancelled() {
            return Err(PoolError::Terminated);
        }
        match catch_unwind(AssertUnwindSafe(function)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(PoolError::Returned { index: None, error }),
            Err(payload) => Err(PoolError::Panicked { index: None, panic: Panic::new(payload) }),
        }
    }
}

/// A call that the pool has taken and not finished.
pub(super) struct InFlight {
    shared: Arc<Shared>,
    threads: Arc<ThreadPool>,
    gated: bool,
}

impl InFlight {
    /// The permits that the threads need which work for this call, if they need any.
    pub(super) fn gate(&self) -> Option<&Arc<Gate>> {
        self.gated.then_some(&self.shared.gate)
    }

    /// Waits for a permit where one is needed.
    pub(super) fn permit(&self) -> Option<Permit> {
        self.gate().map(Gate::enter)
    }

    /// Whether this thread makes calls of the pool in the place of a worker.
    pub(super) fn is_stand_in(&self) -> bool {
        self.shared.gate.is_held()
    }

    /// Lets this thread make calls in the place of a worker, where it is the only one that wants something of the pool.
    pub(super) fn stand_in(&mut self) -> Option<StandIn> {
        let mut life = lock(&self.shared.life);
        if life.n_in_flight > 1 || life.stood_in {
            return None;
        }
        let permit = self.shared.gate.try_enter()?;
        life.stood_in = true;
        drop(life);
        self.gated = true;
        Some(StandIn { shared: Arc::clone(&self.shared), _permit: permit })
    }

    pub(super) fn threads(&self) -> &Arc<ThreadPool> {
        &self.threads
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// A thread that makes calls in the place of a worker, until this is dropped.
pub(super) struct StandIn {
    shared: Arc<Shared>,
    _permit: Permit,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        lock(&self.shared.life).stood_in = false;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut life = lock(&self.shared.life);
        life.n_in_flight -= 1;
        if life.n_in_flight == 0 {
            self.shared.idle.notify_all();
        }
    }
}

/// What is behind a lock that no panic leaves half done: users' code runs outside of it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A function that can't fail, as one that could.
pub(super) fn infallible<R>(value: R) -> Result<R, Infallible> {
    Ok(value)
}
