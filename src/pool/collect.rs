//! All results of a run, in order, while the caller waits.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rayon::Scope;

use super::calls::Calls;
use super::error::{Panic, PoolError};
use super::run::{Cut, Run, Sink};
use crate::progress::CancellationToken;

/// How long a single worker calls on before it looks whether to stop.
const LOOK: Duration = Duration::from_micros(20);

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

/// Makes the calls for every item and puts what they return into `results`, which is empty. Must run on a worker, which
/// takes part.
///
/// # Errors
/// That of the lowest item that fails, or that could not be had.
pub(super) fn collect<I, C>(
    items: I,
    calls: &C,
    results: Vec<C::Output>,
    cut: Cut,
    token: &CancellationToken,
) -> Result<Vec<C::Output>, PoolError<C::Error>>
where
    I: Iterator + Send,
    C: Calls<I::Item, Output: Send, Error: Send> + Sync,
{
    if cut.n_workers == 1 {
        return collect_alone(items, calls, results, token);
    }
    let sink = Collected { results, next: 0, parked: BTreeMap::new(), fault: None };
    let run = Run::new(items, calls, sink, cut, token.clone());
    rayon::scope(|scope| work_in(scope, &run));
    run.into_sink().finish()
}

fn work_in<'scope, I, C>(
    scope: &Scope<'scope>,
    run: &'scope Run<I, &'scope C, Collected<C::Output, C::Error>>,
) where
    I: Iterator + Send,
    C: Calls<I::Item, Output: Send, Error: Send> + Sync,
{
    run.work(&|| scope.spawn(move |scope| work_in(scope, run)));
}

/// As [`collect`], for one worker: nothing is shared out, and so nothing is put together.
fn collect_alone<I: Iterator, C: Calls<I::Item>>(
    mut items: I,
    calls: &C,
    mut results: Vec<C::Output>,
    token: &CancellationToken,
) -> Result<Vec<C::Output>, PoolError<C::Error>> {
    let mut n_calls = 1_usize;
    loop {
        if token.is_cancelled() {
            return Err(PoolError::Terminated);
        }
        let (start, before) = (Instant::now(), results.len());
        call_some(items.by_ref().take(n_calls), calls, &mut results)?;
        if results.len() - before < n_calls {
            return Ok(results);
        }
        let elapsed = start.elapsed();
        if elapsed < LOOK {
            n_calls = n_calls.saturating_mul(2);
            continue;
        }
        let remaining = items.size_hint().1.unwrap_or(usize::MAX) as f64;
        if elapsed.as_secs_f64() / n_calls as f64 * remaining < PLAIN_REST.as_secs_f64() {
            call_some(items, calls, &mut results)?;
            return Ok(results);
        }
        n_calls = (n_calls / 2).max(1);
    }
}

/// Makes the calls for these items.
fn call_some<T, C: Calls<T>>(
    items: impl Iterator<Item = T>,
    calls: &C,
    results: &mut Vec<C::Output>,
) -> Result<(), PoolError<C::Error>> {
    let (mut n_pulled, before) = (0_u64, results.len() as u64);
    #[expect(
        clippy::manual_inspect,
        reason = "behind `map`, the standard library still trusts the number of items"
    )]
    let counted = items.map(|item| {
        n_pulled += 1;
        item
    });
    let outcome = catch_unwind(AssertUnwindSafe(|| calls.call_all(before, counted, results)));
    let index = results.len() as u64;
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(PoolError::Returned { index: Some(index), error }),
        Err(payload) => {
            let panic = Panic::new(payload);
            Err(match before + n_pulled > index {
                true => PoolError::Panicked { index: Some(index), panic },
                false => PoolError::ItemsPanicked { index, panic },
            })
        }
    }
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
