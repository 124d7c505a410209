//! How many threads make calls of a pool at once: each holds one of as many permits as there are workers.
//!
//! A caller who waits for a `map` may begin it on their own thread, where the calls cost less than it takes to wake a
//! worker. They then stand in for a worker: with their permit taken, one worker fewer makes calls. Whoever waits gives
//! their permits back meanwhile.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rayon::{Scope, ThreadPool};

use super::shared::lock;

/// The permits of a pool.
#[derive(Debug)]
pub(super) struct Gate {
    permits: Mutex<Permits>,
    /// Notified when a permit is given back.
    given_back: Condvar,
}

#[derive(Debug)]
struct Permits {
    n_free: usize,
    /// The threads that wait for one: where there are none, the system is not asked to wake any.
    n_waiting: usize,
}

thread_local! {
    /// The gates that this thread holds a permit of, each once.
    static HELD: RefCell<Vec<Arc<Gate>>> = const { RefCell::new(Vec::new()) };
}

impl Gate {
    pub(super) fn new(n_permits: usize) -> Arc<Self> {
        Arc::new(Self {
            permits: Mutex::new(Permits { n_free: n_permits, n_waiting: 0 }),
            given_back: Condvar::new(),
        })
    }

    /// Whether this thread makes calls of the pool.
    pub(super) fn is_held(&self) -> bool {
        HELD.with_borrow(|held| held.iter().any(|gate| std::ptr::eq(&**gate, self)))
    }

    /// Waits for a permit, unless this thread has one.
    pub(super) fn enter(self: &Arc<Self>) -> Permit {
        match self.is_held() {
            true => Permit(None),
            false => {
                self.acquire();
                self.hold()
            }
        }
    }

    /// Takes a permit if one is free or this thread has one.
    pub(super) fn try_enter(self: &Arc<Self>) -> Option<Permit> {
        if self.is_held() {
            return Some(Permit(None));
        }
        let mut permits = lock(&self.permits);
        permits.n_free = permits.n_free.checked_sub(1)?;
        drop(permits);
        Some(self.hold())
    }

    fn hold(self: &Arc<Self>) -> Permit {
        HELD.with_borrow_mut(|held| held.push(Arc::clone(self)));
        Permit(Some(Arc::clone(self)))
    }

    fn acquire(&self) {
        let mut permits = lock(&self.permits);
        permits.n_waiting += 1;
        while permits.n_free == 0 {
            permits = self.given_back.wait(permits).unwrap_or_else(PoisonError::into_inner);
        }
        permits.n_waiting -= 1;
        permits.n_free -= 1;
    }

    fn release(&self) {
        let mut permits = lock(&self.permits);
        permits.n_free += 1;
        let awaited = permits.n_waiting > 0;
        drop(permits);
        if awaited {
            self.given_back.notify_one();
        }
    }
}

/// A permit, until it is dropped on the thread that got it.
#[derive(Debug)]
pub(super) struct Permit(Option<Arc<Gate>>);

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            HELD.with_borrow_mut(|held| held.retain(|other| !Arc::ptr_eq(other, &gate)));
            gate.release();
        }
    }
}

/// Gives the permits of this thread back, until the guard is dropped on it: it makes no calls meanwhile.
pub(super) fn give_back() -> GivenBack {
    let held = HELD.take();
    held.iter().for_each(|gate| gate.release());
    GivenBack(held)
}

/// Permits that are taken again when this is dropped.
pub(super) struct GivenBack(Vec<Arc<Gate>>);

impl Drop for GivenBack {
    fn drop(&mut self) {
        // All in the same order: nobody has what another waits for while waiting for what that one has.
        self.0.sort_by_key(Arc::as_ptr);
        self.0.iter().for_each(|gate| gate.acquire());
        HELD.with_borrow_mut(|held| held.append(&mut self.0));
    }
}

/// Runs `body` on this thread, and waits for what it spawned in the scope, on the workers of `threads`, without a permit.
///
/// # Panics
/// When `body` does.
pub(super) fn scope_in_place<'scope, T>(threads: &ThreadPool, body: impl FnOnce(&Scope<'scope>) -> T) -> T {
    let mut given_back = None;
    let outcome = threads.in_place_scope(|scope| {
        let outcome = catch_unwind(AssertUnwindSafe(|| body(scope)));
        given_back = Some(give_back());
        outcome
    });
    drop(given_back);
    outcome.unwrap_or_else(|payload| resume_unwind(payload))
}
