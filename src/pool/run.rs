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
use std::time::{Duration, Instant};

use super::calls::Calls;
use super::error::{Panic, PoolError};
use super::plan::Cost;
use super::shared::lock;
use crate::progress::CancellationToken;

/// From how many items on a chunk is one of calls so short that nobody looks in between whether to stop.
const CHUNK_OF_SHORT_CALLS: usize = 64;

/// Calls that are over in this time wait for nothing but the processor, and gain nothing from more workers than cores.
const SHORT_CALL: Duration = Duration::from_micros(20);

/// Where results go.
pub(super) trait Sink<R, E> {
    /// How many more items may be pulled, when so many have been.
    fn room(&self, n_pulled: u64) -> u64;

    /// Takes the results for items `first`, `first + 1`, …, in any order of chunks. If there is a fault, it is about the
    /// item behind the last result. Leaves the vector empty.
    fn take(&mut self, first: u64, results: &mut Vec<R>, fault: Option<PoolError<E>>);
}

/// Items, of which the first are done.
pub(super) struct Begun<I> {
    /// Those that are left.
    pub(super) items: I,
    /// How many are done.
    pub(super) n_pulled: u64,
    /// The most that are still to come, by the iterator's word.
    pub(super) remaining: usize,
    /// What they cost.
    pub(super) cost: Cost,
}

impl<I> Begun<I> {
    /// Items of which none is done.
    pub(super) fn not_yet(items: I) -> Self {
        Self { items, n_pulled: 0, remaining: usize::MAX, cost: Cost::default() }
    }
}

/// How items are cut into chunks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) n_workers: usize,
    pub(super) n_cores: usize,
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

/// What the iterator did when a chunk was pulled.
struct Pulled {
    n_items: usize,
    ended: bool,
    panic: Option<Panic>,
    remaining: usize,
}

impl<I, F, K> Run<I, F, K> {
    /// A run that one worker is about to [`work`](Self::work) on.
    pub(super) fn new(items: I, function: F, sink: K, cut: Cut, token: CancellationToken) -> Self {
        Self::go_on(Begun::not_yet(items), function, sink, cut, token)
    }

    /// As [`new`](Self::new), where the first items are done.
    pub(super) fn go_on(begun: Begun<I>, function: F, sink: K, cut: Cut, token: CancellationToken) -> Self {
        let Begun { items, n_pulled, remaining, cost } = begun;
        let state = State { items: Items::Here(items), n_pulled, remaining, n_workers: 1, cost, sink };
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

impl<I, F, K> Run<I, F, K>
where
    I: Iterator,
    F: Calls<I::Item>,
    K: Sink<F::Output, F::Error>,
{
    /// Works until there is nothing more to begin. `spawn` brings another worker here.
    pub(super) fn work(&self, spawn: &dyn Fn()) {
        let (mut chunk, mut results) = (Vec::new(), Vec::new());
        while let Some((mut items, first, n_items)) = self.take_items() {
            let pulled = pull(&mut items, n_items, &mut chunk);
            self.put_back(items, pulled, spawn);
            if !chunk.is_empty() {
                self.run_chunk(first, &mut chunk, &mut results);
            }
        }
    }

    /// Whether another worker is wanted and there is room for `least` items; if so, it counts as sent for.
    pub(super) fn send_for_worker(&self, state: &mut State<I, K>, least: u64) -> bool {
        let wanted = matches!(state.items, Items::Here(_))
            && state.n_workers < self.most_workers(&state.cost)
            && state.sink.room(state.n_pulled) >= least.max(1)
            && (state.n_workers == 0 || state.cost.pays_to_share(state.remaining, state.n_workers));
        state.n_workers += usize::from(wanted);
        wanted
    }

    /// Ends the run with an error in the place of the next item.
    pub(super) fn fail(&self, error: PoolError<F::Error>) {
        let mut state = lock(&self.state);
        let items = std::mem::replace(&mut state.items, Items::Ended);
        let first = state.n_pulled;
        state.sink.take(first, &mut Vec::new(), Some(error));
        drop(state);
        self.changed.notify_all();
        drop_contained(items);
    }

    fn most_workers(&self, cost: &Cost) -> usize {
        let Cut { n_workers, n_cores, .. } = self.cut;
        match cost.of_item() {
            Some(time) if time < SHORT_CALL => n_workers.min(n_cores),
            _ => n_workers,
        }
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
                let by_cost = || {
                    let n_workers = self.most_workers(&state.cost);
                    state.cost.chunk_items(state.remaining, n_workers).min(self.cut.most)
                };
                let n_items = self.cut.chunk_size.unwrap_or_else(by_cost).min(room);
                if let Items::Here(items) = std::mem::replace(&mut state.items, Items::Taken) {
                    return Some((items, state.n_pulled, n_items));
                }
            }
        }
        state.n_workers -= 1;
        None
    }

    /// Puts the iterator back, and sends for another worker if one is wanted.
    fn put_back(&self, items: I, pulled: Pulled, spawn: &dyn Fn()) {
        let mut state = lock(&self.state);
        state.n_pulled += pulled.n_items as u64;
        state.remaining = pulled.remaining;
        let stopped = !matches!(state.items, Items::Taken);
        let over = if stopped || pulled.ended {
            state.items = Items::Ended;
            Some(items)
        } else {
            state.items = Items::Here(items);
            None
        };
        if let Some(panic) = pulled.panic {
            let index = state.n_pulled;
            let fault = PoolError::ItemsPanicked { index, panic };
            state.sink.take(index, &mut Vec::new(), Some(fault));
            self.needed_to.fetch_min(index, Ordering::Relaxed);
        }
        let spawns = self.send_for_worker(&mut state, 1);
        drop(state);
        if over.is_some() {
            self.changed.notify_all();
        }
        drop_contained(over);
        if spawns {
            spawn();
        }
    }

    /// Calls the function on the chunk. Leaves both vectors empty.
    fn run_chunk(&self, first: u64, chunk: &mut Vec<I::Item>, results: &mut Vec<F::Output>) {
        let (n_items, start) = (chunk.len(), Instant::now());
        let fault = self.call(first, chunk, results);
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
    fn call(
        &self,
        first: u64,
        chunk: &mut Vec<I::Item>,
        results: &mut Vec<F::Output>,
    ) -> Option<PoolError<F::Error>> {
        results.reserve(chunk.len());
        // Where somebody has said how long chunks are, nobody knows how long a call is.
        let short = self.cut.chunk_size.is_none() && chunk.len() >= CHUNK_OF_SHORT_CALLS;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut items = chunk.drain(..);
            if short {
                return self.function.call_all(first, items, results).map(|()| None);
            }
            while items.len() > 0 {
                let index = first + results.len() as u64;
                if self.token.is_cancelled() {
                    return Ok(Some(PoolError::Terminated));
                }
                if self.needed_to.load(Ordering::Relaxed) <= index {
                    return Ok(None);
                }
                self.function.call_all(index, items.by_ref().take(1), results)?;
            }
            Ok(None)
        }));
        let index = Some(first + results.len() as u64);
        match outcome {
            Ok(Ok(fault)) => fault,
            Ok(Err(error)) => Some(PoolError::Returned { index, error }),
            Err(payload) => Some(PoolError::Panicked { index, panic: Panic::new(payload) }),
        }
    }
}

/// Pulls up to `n_items` into the chunk.
fn pull<I: Iterator>(items: &mut I, n_items: usize, chunk: &mut Vec<I::Item>) -> Pulled {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        chunk.extend(items.by_ref().take(n_items));
        items.size_hint().1.unwrap_or(usize::MAX)
    }));
    let (remaining, panic) = match outcome {
        Ok(remaining) => (remaining, None),
        Err(payload) => (0, Some(Panic::new(payload))),
    };
    Pulled { n_items: chunk.len(), ended: panic.is_some() || chunk.len() < n_items, panic, remaining }
}

/// Drops what is a user's. A panic in that has no one left to go to, and must not take a worker's other work along.
fn drop_contained<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}
