//! The pool: what CPython's `_TestPool`, `_TestPoolWorkerErrors` and `ExecutorTest` check, so far as it makes sense for
//! threads, and what they do not.

mod asynchronous;
mod faults;
mod lazy;
mod life_cycle;
mod map;
mod nested;
mod stand_in;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parrow::Pool;

/// A pool of so many workers.
fn pool(n_threads: usize) -> Pool {
    Pool::new(n_threads).unwrap()
}

/// Counts the values that live.
#[derive(Clone, Default)]
struct Living(Arc<AtomicUsize>);

impl Living {
    fn one(&self, value: u64) -> Counted {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counted { value, living: self.clone() }
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A value that is counted while it lives.
struct Counted {
    value: u64,
    living: Living,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.living.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The items 0, 1, … and a panic in the place of the item `at`.
fn panicking(at: u64) -> impl Iterator<Item = u64> + Send + 'static {
    (0..).inspect(move |item| assert!(*item != at, "no item {at}"))
}
