//! Items from a source, through work on every core, to a sink in the order of the source.
//!
//! ```text
//!       n_workers threads: one at a time takes the next item,
//!       then all are at work, in whatever order                        the calling thread
//!   source ──► permit ──► next ──► work ──────────────────► wait for the next number ──► sink
//!                 ▲                                                                       │
//!                 └─────────────── bytes given back when an item is done ─────────────────┘
//! ```
//!
//! Who takes an item works on it, so that the bytes that were read are still in the caches of its core.
//!
//! No worker that holds an item ever waits: what is late waits in the window before the sink, and who waits for memory has
//! no item yet. Permits are taken in the order of the items, so the item that the sink waits for always has its own, and the
//! run goes on.
//!
//! Where the order is nobody's concern, the sink takes what is done, whatever its number.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use super::budget::Permit;
use crate::error::{Error, Result};
use crate::report::{Flow, FlowClock, PieceCost, ThreadClock, ThreadUse};

/// How long the sink waits before it looks whether the run was cancelled.
const PATIENCE: Duration = Duration::from_millis(20);

/// How many results a worker may wait for the sink to take: so many that it has something to take while the workers are held
/// up, and not so many that what they have made is no longer in the caches when it gets there.
///
/// Rows of floats with a new cell, on two cores, had up to 77 MB so far (medians of nine runs), and 55 so.
const MOST_WAITING: usize = 8;

/// The place of an item among all items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MorselSeq(u64);

/// In which order the sink takes what is done.
#[derive(Clone, Copy)]
pub(crate) enum Order<'o> {
    /// In that of the items.
    Items,
    /// As they are done, whenever the function says so.
    Done(&'o dyn Fn() -> bool),
}

/// Takes items from `next`, runs `work` on each on one of `n_workers` threads, and hands what it gives to `sink`, in the order
/// of the items, or as `order` says.
///
/// `next` is called by the workers, one at a time, and says `None` behind the last item; it gets a function that tells
/// whether the run is over, for it to hand on to whatever it waits for. `sink` runs on the calling thread, and ends the run
/// early by breaking.
///
/// The workers are threads of the run's own: one of a pool that waits, in the midst of an item, for what the engine does on
/// its threads would take up the next item meanwhile, and another in that one, until its stack is full.
///
/// Gives how its threads spent their time: a few looks at the clock an item.
///
/// # Errors
/// Those of `sink`, which end the run; that of `next`, when all items before it have been through the sink; what
/// `check_cancelled` says; [`InvalidOption`](crate::ErrorKind::InvalidOption) for more workers than the system has threads for.
///
/// # Panics
/// When `work` or `next` does.
pub(crate) fn run_ordered<I: Send, R: Send>(
    n_workers: usize,
    order: Order<'_>,
    check_cancelled: &(dyn Fn() -> Result<()> + Sync),
    next: impl FnMut(&dyn Fn() -> bool) -> Result<Option<(I, Permit)>> + Send,
    work: impl Fn(I, &mut Permit) -> R + Sync,
    mut sink: impl FnMut(R, Permit) -> Result<ControlFlow<()>>,
) -> Result<Flow> {
    let mut flow = FlowClock::start();
    let window = Window { most_waiting: MOST_WAITING * n_workers, ..Window::default() };
    let is_over = AtomicBool::new(false);
    let source = Mutex::new(Source { next, n_taken: 0, is_at_end: false });
    let uses = Mutex::new(Vec::new());
    let sink_use = thread::scope(|threads| {
        let (window, is_over, work, source, uses) = (&window, &is_over, &work, &source, &uses);
        let stops = || is_over.load(Ordering::Relaxed);
        let _ends = OnDrop(|| is_over.store(true, Ordering::Relaxed));
        for index in 0..n_workers {
            let worker = move || {
                let mut clock = ThreadClock::start();
                while let Some((place, item, mut permit)) = take_item(source, window, &stops, &mut clock) {
                    let source = clock.cut(permit.waited());
                    let outcome = catch_unwind(AssertUnwindSafe(|| work(item, &mut permit)));
                    let cost = PieceCost { source, work: clock.worked(), ..PieceCost::default() };
                    window.put(place, outcome.map(|result| (result, permit, cost)).map_err(Failure::Panic));
                }
                clock.waited();
                let used = clock.stop();
                uses.lock().unwrap_or_else(PoisonError::into_inner).push((index, used));
            };
            start(threads, format!("parrow-{index}"), worker)?;
        }
        drain(window, order, check_cancelled, &mut sink, &mut flow)
    })?;
    let mut uses = uses.into_inner().unwrap_or_else(PoisonError::into_inner);
    uses.sort_by_key(|(index, _)| *index);
    Ok(flow.stop(uses.into_iter().map(|(_, used)| used), sink_use))
}

/// Where the workers take their items from.
struct Source<N> {
    next: N,
    n_taken: u64,
    is_at_end: bool,
}

/// The next item, for the worker whose turn it is; `None` when there is nothing more to do.
fn take_item<I, R>(
    source: &Mutex<Source<impl FnMut(&dyn Fn() -> bool) -> Result<Option<(I, Permit)>>>>,
    window: &Window<R>,
    stops: &dyn Fn() -> bool,
    clock: &mut ThreadClock,
) -> Option<(MorselSeq, I, Permit)> {
    let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
    window.wait_for_sink(stops);
    clock.waited();
    if source.is_at_end || stops() {
        return None;
    }
    let place = MorselSeq(source.n_taken);
    let end = match catch_unwind(AssertUnwindSafe(|| (source.next)(stops))) {
        Ok(Ok(Some((item, permit)))) => {
            source.n_taken += 1;
            return Some((place, item, permit));
        }
        Ok(Ok(None)) => Ok(()),
        Ok(Err(error)) => Err(Failure::Error(error)),
        Err(panic) => Err(Failure::Panic(panic)),
    };
    source.is_at_end = true;
    window.close(place, end);
    None
}

fn start<'scope>(
    threads: &'scope Scope<'scope, '_>,
    name: String,
    run: impl FnOnce() + Send + 'scope,
) -> Result<()> {
    thread::Builder::new().name(name).spawn_scoped(threads, run).map(drop).map_err(|error| {
        Error::invalid_option("threads", format!("could not start as many threads: {error}"))
    })
}

/// Hands what arrives to the sink, in order, until the end.
fn drain<R>(
    window: &Window<R>,
    order: Order<'_>,
    check_cancelled: &(dyn Fn() -> Result<()> + Sync),
    sink: &mut impl FnMut(R, Permit) -> Result<ControlFlow<()>>,
    flow: &mut FlowClock,
) -> Result<ThreadUse> {
    let mut clock = ThreadClock::start();
    let mut taken = Taken::default();
    loop {
        let is_free = matches!(order, Order::Done(is_free) if is_free());
        let arrived = window.take(&mut taken, is_free, check_cancelled)?;
        clock.waited();
        let failure = match arrived {
            Arrived::Item(Ok((result, permit, mut cost))) => {
                check_cancelled()?;
                let waited_for_memory = permit.waited();
                let flows_on = sink(result, permit)?;
                cost.sink = clock.worked();
                flow.piece(cost, waited_for_memory);
                if flows_on.is_break() {
                    return Ok(clock.stop().0);
                }
                continue;
            }
            Arrived::Item(Err(failure)) | Arrived::End(Err(failure)) => failure,
            Arrived::End(Ok(())) => return Ok(clock.stop().0),
        };
        match failure {
            Failure::Error(error) => return Err(error),
            Failure::Panic(panic) => resume_unwind(panic),
        }
    }
}

/// Calls a function however the scope is left.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Which items the sink has taken.
#[derive(Default)]
struct Taken {
    /// All before this one.
    before: u64,
    /// And these.
    ahead: BTreeSet<MorselSeq>,
}

impl Taken {
    fn add(&mut self, place: MorselSeq) {
        self.ahead.insert(place);
        while self.ahead.remove(&MorselSeq(self.before)) {
            self.before += 1;
        }
    }
}

enum Failure {
    Error(Error),
    Panic(Box<dyn std::any::Any + Send>),
}

type Outcome<R> = std::result::Result<(R, Permit, PieceCost), Failure>;

enum Arrived<R> {
    Item(Outcome<R>),
    End(std::result::Result<(), Failure>),
}

/// What has been worked on and waits for its turn.
struct Window<R> {
    state: Mutex<WindowState<R>>,
    changed: Condvar,
    /// Told when the sink has caught up.
    caught_up: Condvar,
    /// How many items may wait for the sink before no more are taken.
    most_waiting: usize,
}

struct WindowState<R> {
    /// The first item that the sink has not taken.
    first: u64,
    items: BTreeMap<MorselSeq, Outcome<R>>,
    /// How many items there are, and how the source ended, once it has.
    end: Option<(MorselSeq, std::result::Result<(), Failure>)>,
}

impl<R> Default for Window<R> {
    fn default() -> Self {
        let state = WindowState { first: 0, items: BTreeMap::new(), end: None };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            caught_up: Condvar::new(),
            most_waiting: usize::MAX,
        }
    }
}

impl<R> Window<R> {
    fn put(&self, place: MorselSeq, outcome: Outcome<R>) {
        self.lock().items.insert(place, outcome);
        self.changed.notify_all();
    }

    fn close(&self, n_items: MorselSeq, end: std::result::Result<(), Failure>) {
        self.lock().end = Some((n_items, end));
        self.changed.notify_all();
    }

    /// Waits for the first item that is not taken, or for any where that `is_free`, or for the end when there is none.
    fn take(
        &self,
        taken: &mut Taken,
        is_free: bool,
        check_cancelled: &(dyn Fn() -> Result<()> + Sync),
    ) -> Result<Arrived<R>> {
        let mut state = self.lock();
        loop {
            let first = MorselSeq(taken.before);
            let done = state.items.first_key_value().map(|(place, _)| *place);
            if let Some(place) = done.filter(|place| is_free || *place == first)
                && let Some(outcome) = state.items.remove(&place)
            {
                taken.add(place);
                state.first = taken.before;
                if state.items.len() == self.most_waiting / 2 {
                    self.caught_up.notify_all();
                }
                return Ok(Arrived::Item(outcome));
            }
            if let Some((_, end)) = state.end.take_if(|(n_items, _)| *n_items <= first) {
                return Ok(Arrived::End(end));
            }
            check_cancelled()?;
            state = self.changed.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits while there is much that the sink could take. Where it waits itself, for an item that is slow, the others go on.
    fn wait_for_sink(&self, stops: &dyn Fn() -> bool) {
        let mut state = self.lock();
        if state.items.len() < self.most_waiting {
            return;
        }
        while state.items.len() > self.most_waiting / 2
            && state.items.contains_key(&MorselSeq(state.first))
            && !stops()
        {
            state = self.caught_up.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, WindowState<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, workers};
    use super::*;
    use crate::error::ErrorKind;

    const GO_ON: &(dyn Fn() -> Result<()> + Sync) = &|| Ok(());

    /// Runs 200 items of 10 bytes under a budget; `work` may be slow.
    fn run(
        n_threads: usize,
        limit: u64,
        work: impl Fn(u64) -> u64 + Sync,
        mut sink: impl FnMut(u64) -> Result<ControlFlow<()>>,
        fails_at: Option<u64>,
    ) -> (Result<()>, u64) {
        let budget = Budget::new(limit);
        let mut items = 0..200;
        let outcome = run_ordered(
            n_threads,
            Order::Items,
            GO_ON,
            |stops| match items.next() {
                Some(item) if Some(item) == fails_at => Err(Error::shape("at its end")),
                Some(item) => Ok(budget.acquire(10, stops).map(|permit| (item, permit))),
                None => Ok(None),
            },
            |item, _| work(item),
            |result, _permit| sink(result),
        );
        (outcome.map(drop), budget.peak())
    }

    #[test]
    fn results_come_as_they_are_done_where_nobody_asks_for_an_order() {
        let budget = Budget::new(1_000);
        let mut items = 0..100_u64;
        let mut seen = Vec::new();
        run_ordered(
            3,
            Order::Done(&|| true),
            GO_ON,
            |stops| Ok(items.next().and_then(|item| budget.acquire(10, stops).map(|permit| (item, permit)))),
            |item, _| {
                if item == 0 {
                    thread::sleep(Duration::from_millis(50));
                }
                item
            },
            |item, _permit| {
                seen.push(item);
                Ok(ControlFlow::Continue(()))
            },
        )
        .unwrap();
        assert_ne!(seen[0], 0, "nobody waits for the slow one");
        seen.sort_unstable();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn results_come_in_order_and_the_bound_holds() {
        for n_threads in [1, 2, 7] {
            for limit in [10, 35, 10_000] {
                let mut seen = Vec::new();
                let uneven = |item: u64| {
                    if item.is_multiple_of(50) {
                        thread::sleep(Duration::from_millis(5));
                    }
                    item * 2
                };
                let keep = |result| {
                    seen.push(result);
                    Ok(ControlFlow::Continue(()))
                };
                let (outcome, peak) = run(n_threads, limit, uneven, keep, None);
                outcome.unwrap();
                assert_eq!(seen, (0..200).map(|item| item * 2).collect::<Vec<_>>());
                assert!(peak <= limit, "{peak} of {limit}");
            }
        }
    }

    #[test]
    fn who_is_ahead_waits_for_the_sink_and_not_for_a_slow_item() {
        let most = 3 * MOST_WAITING as u64;
        let n_made = std::sync::atomic::AtomicU64::new(0);
        let made = |item| {
            n_made.fetch_add(1, Ordering::Relaxed);
            item
        };
        let mut n_ahead = 0;
        let slow_sink = |item| {
            thread::sleep(Duration::from_millis(1));
            n_ahead = n_ahead.max(n_made.load(Ordering::Relaxed) - item);
            Ok(ControlFlow::Continue(()))
        };
        run(3, 100_000, made, slow_sink, None).0.unwrap();
        // Each worker may have one more that it works on.
        assert!((most / 2..=most + 4).contains(&n_ahead), "{n_ahead}");

        n_made.store(0, Ordering::Relaxed);
        let slow_item = |item| {
            while item == 0 && n_made.load(Ordering::Relaxed) < 199 {
                thread::sleep(Duration::from_millis(1));
            }
            made(item)
        };
        run(3, 100_000, slow_item, |_| Ok(ControlFlow::Continue(())), None).0.unwrap();
    }

    #[test]
    fn errors_come_in_order_too() {
        let mut n_seen = 0;
        let count = |_| {
            n_seen += 1;
            Ok(ControlFlow::Continue(()))
        };
        let (outcome, _) = run(3, 1_000, |item| item, count, Some(50));
        assert!(matches!(outcome.unwrap_err().kind(), ErrorKind::Shape { .. }));
        assert_eq!(n_seen, 50);

        let at_30 = |result| match result {
            30 => Err(Error::shape("no more")),
            _ => Ok(ControlFlow::Continue(())),
        };
        assert!(run(3, 1_000, |item| item, at_30, None).0.is_err());
        let until_30 =
            |result| Ok(if result == 30 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        assert!(run(3, 1_000, |item| item, until_30, None).0.is_ok());
    }

    #[test]
    fn a_panic_of_the_work_is_one_of_the_run() {
        let panics = |item| if item == 20 { panic!("twenty") } else { item };
        let outcome =
            catch_unwind(AssertUnwindSafe(|| run(2, 1_000, panics, |_| Ok(ControlFlow::Continue(())), None)));
        assert!(outcome.is_err());
    }

    #[test]
    fn a_worker_of_the_pool_may_run_one() {
        let pool = workers(1).unwrap();
        let outcome = pool.install(|| run(1, 100, |item| item, |_| Ok(ControlFlow::Continue(())), None).0);
        outcome.unwrap();
    }
}
