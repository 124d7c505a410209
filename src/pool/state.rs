//! What each worker keeps from call to call.

use std::sync::{Arc, Mutex};

use super::shared::lock;

/// Makes the state of the worker with this index.
pub(super) type Initializer<S> = Arc<dyn Fn(usize) -> S + Send + Sync>;

/// The states of the workers, and of the threads that are none.
pub(super) struct States<S> {
    /// For each worker those that are not in use, and last those for other threads. A worker has more than one when a call
    /// waits in the midst of using its state and the worker takes up another one meanwhile.
    free: Vec<Mutex<Vec<S>>>,
    initializer: Initializer<S>,
}

impl<S> States<S> {
    pub(super) fn new(initial: Vec<S>, initializer: Initializer<S>) -> Self {
        let mut free: Vec<_> = initial.into_iter().map(|state| Mutex::new(vec![state])).collect();
        free.push(Mutex::default());
        Self { free, initializer }
    }

    pub(super) fn with<R>(&self, worker: Option<usize>, function: impl FnOnce(&mut S) -> R) -> R {
        let index = worker.unwrap_or(self.free.len() - 1);
        let free = lock(&self.free[index]).pop();
        let mut state = free.unwrap_or_else(|| (self.initializer)(index));
        // A call that panics leaves its state behind in who knows what condition: it is not used again.
        let result = function(&mut state);
        lock(&self.free[index]).push(state);
        result
    }

    pub(super) fn clear(&self) {
        for free in &self.free {
            drop(std::mem::take(&mut *lock(free)));
        }
    }
}
