//! All results of a run, in order, while the caller waits.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rayon::Scope;

use super::calls::Calls;
use super::error::{Panic, PoolError};
use super::gate::scope_in_place;
use super::plan::Cost;
use super::run::{Begun, Cut, Run, Sink};
use super::shared::InFlight;
use crate::progress::CancellationToken;

/// How long a single worker calls on before it looks whether to stop.
const LOOK: Duration = Duration::from_micros(5);

/// How many times more calls the next look comes after, while they are over sooner.
const GROWTH: usize = 16;

/// What it costs to wake workers and wait for the last one.
const WAKING: Duration = Duration::from_micros(60);

/// What it costs to hand an item over to a worker and its result back, beside what the plain loop does.
const HAND_OVER_SECONDS: f64 = 2e-9;

/// A rest that takes no longer by the cost of the calls before is done without a look, in the plain loop.
const PLAIN_REST: Duration = Duration::from_millis(2);

/// A vector with room for the results, as far as the iterator knows how many there will be.
///
/// Whoever will drop the results should call this: allocators give memory back to the thread that it came from, and one
/// that goes to and fro is fresh from the system each time.
pub(super) fn room_for<R>(items: &impl Iterator) -> Vec<R> {
    let mut results = Vec::new();
    // What an iterator says of its length is a hint, and may be any number.
    let _ = results.try_reserve_exact(items.size_hint().0);
    results
}

/// Who begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// All workers at once.
    Shared,
    /// This thread, until the calls have turned out to be worth waking others for.
    Alone,
}

/// Makes the calls for every item and puts what they return into `results`, which is empty. Must run on a thread that has a
/// permit of the pool; it takes part.
///
/// # Errors
/// That of the lowest item that fails, or that could not be had.
pub(super) fn collect<I, C>(
    items: I,
    calls: &C,
    mut results: Vec<C::Output>,
    cut: Cut,
    begin: Begin,
    in_flight: &InFlight,
) -> Result<Vec<C::Output>, PoolError<C::Error>>
where
    I: Iterator + Send,
    C: Calls<I::Item, Output: Send, Error: Send> + Sync,
{
    let token = in_flight.shared().token();
    let begun = match begin {
        Begin::Shared if cut.n_workers > 1 => Begun::not_yet(items),
        _ => match collect_alone(items, calls, &mut results, cut, token)? {
            Some(begun) => begun,
            None => return Ok(results),
        },
    };
    let sink = Collected { results, next: begun.n_pulled, parked: BTreeMap::new(), fault: None };
    let run = Run::go_on(begun, calls, sink, cut, token.clone());
    scope_in_place(in_flight.threads(), |scope| work_in(scope, in_flight, &run));
    run.into_sink().finish()
}

fn work_in<'scope, I, C>(
    scope: &Scope<'scope>,
    in_flight: &'scope InFlight,
    run: &'scope Run<I, &'scope C, Collected<C::Output, C::Error>>,
) where
    I: Iterator + Send,
    C: Calls<I::Item, Output: Send, Error: Send> + Sync,
{
    run.work(&|| {
        scope.spawn(move |scope| {
            let _permit = in_flight.permit();
            work_in(scope, in_flight, run);
        });
    });
}

/// Makes the calls in the plain loop, and gives the rest back once it would be over sooner with others at it.
fn collect_alone<I: Iterator, C: Calls<I::Item>>(
    mut items: I,
    calls: &C,
    results: &mut Vec<C::Output>,
    cut: Cut,
    token: &CancellationToken,
) -> Result<Option<Begun<I>>, PoolError<C::Error>> {
    if token.is_cancelled() {
        return Err(PoolError::Terminated);
    }
    let mut in_call = false;
    // One loop for all of it, which owns the iterator: the compiler keeps it in registers.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let (mut look, mut start) = (1, Instant::now());
        let mut before = 0;
        let mut cost = Cost::default();
        while let Some(item) = items.next() {
            in_call = true;
            match calls.call(results.len() as u64, item) {
                Ok(value) => results.push(value),
                Err(error) => {
                    return Err(PoolError::Returned { index: Some(results.len() as u64), error });
                }
            }
            in_call = false;
            if results.len() != look {
                continue;
            }
            let (elapsed, n_calls) = (start.elapsed(), look - before);
            cost.add(n_calls, elapsed);
            let n_next = match elapsed < LOOK {
                true => n_calls.saturating_mul(GROWTH),
                false => {
                    if token.is_cancelled() {
                        return Err(PoolError::Terminated);
                    }
                    let remaining = items.size_hint().1.unwrap_or(usize::MAX);
                    let rest = elapsed.as_secs_f64() / n_calls as f64 * remaining as f64;
                    if pays(rest, remaining, cut) {
                        return Ok(Some(Begun { items, n_pulled: look as u64, remaining, cost }));
                    }
                    if rest < PLAIN_REST.as_secs_f64() {
                        return calls
                            .call_rest(look as u64, items, results, &mut in_call)
                            .map(|()| None)
                            .map_err(|error| PoolError::Returned {
                                index: Some(results.len() as u64),
                                error,
                            });
                    }
                    (n_calls / 2).max(1)
                }
            };
            (before, look, start) = (look, look.saturating_add(n_next), Instant::now());
        }
        Ok(None)
    }));
    let index = results.len() as u64;
    outcome.unwrap_or_else(|payload| {
        let panic = Panic::new(payload);
        Err(match in_call {
            true => PoolError::Panicked { index: Some(index), panic },
            false => PoolError::ItemsPanicked { index, panic },
        })
    })
}

/// Whether calls that take so many seconds on this thread are worth waking others for.
fn pays(seconds: f64, n_items: usize, cut: Cut) -> bool {
    let saved = seconds * (1.0 - 1.0 / cut.n_workers.min(cut.n_cores) as f64);
    cut.n_workers > 1 && saved > WAKING.as_secs_f64() + HAND_OVER_SECONDS * n_items as f64
}

/// Puts chunks together in order as they come.
struct Collected<R, E> {
    results: Vec<R>,
    /// The first item that has no place in `results` yet.
    next: u64,
    /// Chunks that came before their turn, by their first item.
    parked: BTreeMap<u64, Vec<R>>,
    /// The lowest fault so far.
    fault: Option<(u64, PoolError<E>)>,
}

impl<R, E> Collected<R, E> {
    fn finish(self) -> Result<Vec<R>, PoolError<E>> {
        match self.fault {
            Some((_, fault)) => Err(fault),
            None => Ok(self.results),
        }
    }

    fn append(&mut self, results: &mut Vec<R>) {
        self.next += results.len() as u64;
        self.results.append(results);
    }
}

impl<R, E> Sink<R, E> for Collected<R, E> {
    fn room(&self, _n_pulled: u64) -> u64 {
        u64::MAX
    }

    fn take(&mut self, first: u64, results: &mut Vec<R>, fault: Option<PoolError<E>>) {
        if let Some(fault) = fault {
            let index = first + results.len() as u64;
            if self.fault.as_ref().is_none_or(|(lowest, _)| index < *lowest) {
                self.fault = Some((index, fault));
            }
        }
        if first != self.next {
            self.parked.insert(first, std::mem::take(results));
            return;
        }
        self.append(results);
        while let Some(mut results) = self.parked.remove(&self.next) {
            self.append(&mut results);
        }
    }
}
