//! The calls of a function over the items of an iterator, shared out in chunks among workers that come and go.
//!
//! A worker takes the iterator, pulls a chunk of items, puts the iterator back and calls the function on them. Nobody
//! waits for the iterator: who finds it taken leaves, and who puts it back sends for another worker if one is wanted. So a
//! worker that, in the midst of its call or of the iterator's, takes up a job of the same run can't wait for itself.
//!
//! How long a chunk is follows from the cost of those before, as [`plan`](super::plan) says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::error::{Panic, PoolError};
use super::plan::Cost;
use super::shared::lock;
use crate::progress::CancellationToken;

/// How many calls are made between two looks at whether to stop, where calls are many and short.
const CALLS_PER_LOOK: usize = 64;

/// Where results go.
pub(super) trait Sink<R, E> {
    /// How many more items may be pulled, when so many have been.
    fn room(&self, n_pulled: u64) -> u64;

    /// Takes the results for items `first`, `first + 1`, …, in any order of chunks. If there is a fault, it is about the
    /// item behind the last result.
    fn take(&mut self, first: u64, results: Vec<R>, fault: Option<PoolError<E>>);
}

/// How items are cut into chunks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) n_workers: usize,
    /// The items of a chunk, unless their measured cost decides.
    pub(super) chunk_size: Option<usize>,
    /// The most items of a chunk when cost decides.
    pub(super) most: usize,
}

/// A run of a function over items.
pub(super) struct Run<I, F, K> {
    state: Mutex<State<I, K>>,
    /// Notified when the sink has taken something.
    changed: Condvar,
    /// Calls for this item and those above are not needed: a lower one has failed.
    needed_to: AtomicU64,
    token: CancellationToken,
    cut: Cut,
    function: F,
}

pub(super) struct State<I, K> {
    items: Items<I>,
    n_pulled: u64,
    /// The most items that are still to come, by the iterator's word.
    remaining: usize,
    /// The workers that are at it or sent for.
    n_workers: usize,
    cost: Cost,
    pub(super) sink: K,
}

enum Items<I> {
    Here(I),
    /// A worker is pulling.
    Taken,
    Ended,
}

impl<I, K> State<I, K> {
    /// How many items there were, once all have been pulled.
    pub(super) fn total(&self) -> Option<u64> {
        matches!(self.items, Items::Ended).then_some(self.n_pulled)
    }
}

/// A chunk that has been pulled, and what the iterator did then.
struct Pulled<T> {
    items: Vec<T>,
    ended: bool,
    panic: Option<Panic>,
    remaining: usize,
}

impl<I, F, K> Run<I, F, K> {
    /// A run that one worker is about to [`work`](Self::work) on.
    pub(super) fn new(items: I, function: F, sink: K, cut: Cut, token: CancellationToken) -> Self {
        let state = State {
            items: Items::Here(items),
            n_pulled: 0,
            remaining: usize::MAX,
            n_workers: 1,
            cost: Cost::default(),
            sink,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            needed_to: AtomicU64::new(u64::MAX),
            token,
            cut,
            function,
        }
    }

    pub(super) fn state(&self) -> &Mutex<State<I, K>> {
        &self.state
    }

    pub(super) fn changed(&self) -> &Condvar {
        &self.changed
    }

    pub(super) fn into_sink(self) -> K {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).sink
    }

    /// Ends the run: calls that have not begun are not made.
    pub(super) fn stop(&self) {
        self.needed_to.store(0, Ordering::Relaxed);
        let items = std::mem::replace(&mut lock(&self.state).items, Items::Ended);
        drop_contained(items);
    }
}

impl<T, R, E, I, F, K> Run<I, F, K>
where
    I: Iterator<Item = T>,
    F: Fn(u64, T) -> Result<R, E>,
    K: Sink<R, E>,
{
    /// Works until there is nothing more to begin. `spawn` brings another worker here.
    pub(super) fn work(&self, spawn: &dyn Fn()) {
        while let Some((mut items, first, n_items)) = self.take_items() {
            let pulled = pull(&mut items, n_items);
            let chunk = self.put_back(items, pulled, spawn);
            if !chunk.is_empty() {
                self.run_chunk(first, chunk);
            }
        }
    }

    /// Whether another worker is wanted and there is room for `least` items; if so, it counts as sent for.
    pub(super) fn send_for_worker(&self, state: &mut State<I, K>, least: u64) -> bool {
        let wanted = matches!(state.items, Items::Here(_))
            && state.n_workers < self.cut.n_workers
            && state.sink.room(state.n_pulled) >= least.max(1)
            && (state.n_workers == 0 || state.cost.pays_to_share(state.remaining, state.n_workers));
        state.n_workers += usize::from(wanted);
        wanted
    }

    /// Ends the run with an error in the place of the next item.
    pub(super) fn fail(&self, error: PoolError<E>) {
        let mut state = lock(&self.state);
        let items = std::mem::replace(&mut state.items, Items::Ended);
        let first = state.n_pulled;
        state.sink.take(first, Vec::new(), Some(error));
        drop(state);
        self.changed.notify_all();
        drop_contained(items);
    }

    /// Takes the iterator, to pull so many items, the first of which has this index. When there is nothing to begin, the
    /// worker counts as gone.
    fn take_items(&self) -> Option<(I, u64, usize)> {
        let mut state = lock(&self.state);
        if matches!(state.items, Items::Here(_)) {
            if self.token.is_cancelled() {
                state.n_workers -= 1;
                drop(state);
                self.fail(PoolError::Terminated);
                return None;
            }
            let room = usize::try_from(state.sink.room(state.n_pulled)).unwrap_or(usize::MAX);
            let needed = self.needed_to.load(Ordering::Relaxed) > state.n_pulled;
            if needed && room > 0 {
                let by_cost = || state.cost.chunk_items(state.remaining, self.cut.n_workers);
                let n_items = self.cut.chunk_size.unwrap_or_else(|| by_cost().min(self.cut.most)).min(room);
                if let Items::Here(items) = std::mem::replace(&mut state.items, Items::Taken) {
                    return Some((items, state.n_pulled, n_items));
                }
            }
        }
        state.n_workers -= 1;
        None
    }

    /// Puts the iterator back, sends for another worker if one is wanted, and gives the chunk that was pulled.
    fn put_back(&self, items: I, pulled: Pulled<T>, spawn: &dyn Fn()) -> Vec<T> {
        let mut state = lock(&self.state);
        state.n_pulled += pulled.items.len() as u64;
        state.remaining = pulled.remaining;
        let stopped = !matches!(state.items, Items::Taken);
        let kept = if stopped || pulled.ended {
            state.items = Items::Ended;
            Some(items)
        } else {
            state.items = Items::Here(items);
            None
        };
        if let Some(panic) = pulled.panic {
            let index = state.n_pulled;
            state.sink.take(index, Vec::new(), Some(PoolError::ItemsPanicked { index, panic }));
            self.needed_to.fetch_min(index, Ordering::Relaxed);
        }
        let spawns = self.send_for_worker(&mut state, 1);
        drop(state);
        if kept.is_some() {
            self.changed.notify_all();
        }
        drop_contained(kept);
        if spawns {
            spawn();
        }
        pulled.items
    }

    fn run_chunk(&self, first: u64, items: Vec<T>) {
        let (n_items, start) = (items.len(), Instant::now());
        let (results, fault) = self.call(first, items);
        let elapsed = start.elapsed();
        let mut state = lock(&self.state);
        if fault.is_some() {
            self.needed_to.fetch_min(first + results.len() as u64, Ordering::Relaxed);
        } else {
            state.cost.add(n_items, elapsed);
        }
        state.sink.take(first, results, fault);
        drop(state);
        self.changed.notify_all();
    }

    /// Calls the function on the items, up to the first that fails or is no longer needed.
    fn call(&self, first: u64, items: Vec<T>) -> (Vec<R>, Option<PoolError<E>>) {
        // Where somebody has said how long chunks are, nobody knows how long a call is.
        let calls_per_look = match self.cut.chunk_size {
            None if items.len() >= CALLS_PER_LOOK => CALLS_PER_LOOK,
            _ => 1,
        };
        let mut results = Vec::with_capacity(items.len());
        let mut items = items.into_iter();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while items.len() > 0 {
                if self.token.is_cancelled() {
                    return Ok(Some(PoolError::Terminated));
                }
                if self.needed_to.load(Ordering::Relaxed) <= first + results.len() as u64 {
                    return Ok(None);
                }
                for item in items.by_ref().take(calls_per_look) {
                    results.push((self.function)(first + results.len() as u64, item)?);
                }
            }
            Ok(None)
        }));
        let index = Some(first + results.len() as u64);
        let fault = match outcome {
            Ok(Ok(fault)) => fault,
            Ok(Err(error)) => Some(PoolError::Returned { index, error }),
            Err(payload) => Some(PoolError::Panicked { index, panic: Panic::new(payload) }),
        };
        drop_contained(items);
        (results, fault)
    }
}

/// Pulls up to `n_items`.
fn pull<T>(items: &mut impl Iterator<Item = T>, n_items: usize) -> Pulled<T> {
    let mut chunk = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        chunk.extend(items.by_ref().take(n_items));
        items.size_hint().1.unwrap_or(usize::MAX)
    }));
    let (remaining, panic) = match outcome {
        Ok(remaining) => (remaining, None),
        Err(payload) => (0, Some(Panic::new(payload))),
    };
    Pulled { ended: panic.is_some() || chunk.len() < n_items, items: chunk, panic, remaining }
}

/// Drops what is a user's. A panic in that has no one left to go to, and must not take a worker's other work along.
fn drop_contained<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}
