//! Waiting for others, which a worker spends working: a pool whose workers all wait for each other still gets on.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::Yield;

use super::gate::give_back;
use super::shared::lock;

/// How long a worker that finds nothing to do sleeps before it looks again.
const NAP: Duration = Duration::from_millis(1);

/// Waits until `ready` gives something, or until the deadline. `changed` must be notified after each change of `mutex`.
pub(super) fn wait_for<T, R>(
    mutex: &Mutex<T>,
    changed: &Condvar,
    deadline: Option<Instant>,
    mut ready: impl FnMut(&mut T) -> Option<R>,
) -> Option<R> {
    let is_worker = rayon::current_thread_index().is_some();
    loop {
        let mut guard = lock(mutex);
        if let Some(found) = ready(&mut guard) {
            return Some(found);
        }
        let left = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return None,
            left => left,
        };
        if is_worker {
            drop(guard);
            if rayon::yield_now() == Some(Yield::Executed) {
                continue;
            }
            guard = lock(mutex);
            if let Some(found) = ready(&mut guard) {
                return Some(found);
            }
        }
        let nap = match (is_worker, left) {
            (true, left) => Some(left.unwrap_or(NAP).min(NAP)),
            (false, left) => left,
        };
        let given_back = give_back();
        match nap {
            Some(nap) => {
                drop(changed.wait_timeout(guard, nap).unwrap_or_else(PoisonError::into_inner));
            }
            None => drop(changed.wait(guard).unwrap_or_else(PoisonError::into_inner)),
        }
        drop(given_back);
    }
}
