//! How much memory may be in flight at a time, and who holds how much of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long who waits for memory sleeps before it looks whether the run is over.
const PATIENCE: Duration = Duration::from_millis(20);

/// A number of bytes that permits are given out of.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// The bytes of all permits.
    used: u64,
    /// Those of them that nobody works on, since what they stand for waits for more of its kind.
    parked: u64,
    peak: u64,
}

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, state: Mutex::default(), freed: Condvar::new() })
    }

    /// The bytes that are out.
    pub(crate) fn used(&self) -> u64 {
        self.lock().used
    }

    /// The most bytes that were out at a time.
    #[cfg(test)]
    pub(crate) fn peak(&self) -> u64 {
        self.lock().peak
    }

    /// Waits until there are so many bytes. Who asks for more than ever are there gets them when nobody else works.
    ///
    /// `None` when `is_over` says that nobody needs them any more.
    pub(crate) fn acquire(self: &Arc<Self>, n_bytes: u64, is_over: impl Fn() -> bool) -> Option<Permit> {
        let mut state = self.lock();
        let mut since = None;
        while state.used > state.parked && state.used.saturating_add(n_bytes) > self.limit {
            if is_over() {
                return None;
            }
            since.get_or_insert_with(Instant::now);
            state = self.freed.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.used += n_bytes;
        state.peak = state.peak.max(state.used);
        let waited = since.map_or(Duration::ZERO, |since| since.elapsed());
        Some(Permit { budget: Arc::clone(self), n_bytes, is_parked: false, waited })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.peak = state.peak.max(state.used);
        drop(state);
        self.freed.notify_all();
    }
}

/// Some bytes of a budget, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    budget: Arc<Budget>,
    n_bytes: u64,
    is_parked: bool,
    waited: Duration,
}

impl Permit {
    /// How long it took until it was given.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// Makes it one of so many bytes: what was estimated is known now. It never waits.
    pub(crate) fn resize(&mut self, n_bytes: u64) {
        let (before, is_parked) = (self.n_bytes, self.is_parked);
        self.budget.change(|state| {
            state.used = state.used - before + n_bytes;
            if is_parked {
                state.parked = state.parked - before + n_bytes;
            }
        });
        self.n_bytes = n_bytes;
    }

    /// Says that what it stands for waits for more of its kind: others need not wait for it.
    pub(crate) fn park(&mut self) {
        if !std::mem::replace(&mut self.is_parked, true) {
            let n_bytes = self.n_bytes;
            self.budget.change(|state| state.parked += n_bytes);
        }
    }

    /// Says that what it stands for is worked on again.
    pub(crate) fn unpark(&mut self) {
        if std::mem::replace(&mut self.is_parked, false) {
            let n_bytes = self.n_bytes;
            self.budget.change(|state| state.parked -= n_bytes);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.unpark();
        let n_bytes = self.n_bytes;
        self.budget.change(|state| state.used -= n_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: fn() -> bool = || false;
    const AT_ONCE: fn() -> bool = || true;

    #[test]
    fn permits_are_given_while_there_is_room() {
        let budget = Budget::new(100);
        let first = budget.acquire(60, NEVER).unwrap();
        assert!(budget.acquire(50, AT_ONCE).is_none());
        let second = budget.acquire(40, NEVER).unwrap();
        drop(first);
        assert!(budget.acquire(60, AT_ONCE).is_some());
        drop(second);
        assert_eq!(budget.peak(), 100);
        assert!(budget.acquire(500, AT_ONCE).is_some(), "alone, it may have more than there is");
    }

    #[test]
    fn what_is_parked_keeps_nobody_waiting() {
        let budget = Budget::new(100);
        let mut held = budget.acquire(60, NEVER).unwrap();
        held.park();
        held.resize(80);
        let other = budget.acquire(50, AT_ONCE).unwrap();
        assert!(budget.acquire(1, AT_ONCE).is_none());
        drop(other);
        held.unpark();
        assert!(budget.acquire(50, AT_ONCE).is_none());
        drop(held);
        assert!(budget.acquire(100, AT_ONCE).is_some());
    }
}
