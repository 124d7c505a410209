//! All results of a run, in order, while the caller waits.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rayon::Scope;

use super::error::{Panic, PoolError};
use super::run::{Cut, Run, Sink};
use crate::progress::CancellationToken;

/// How long a single worker calls on before it looks whether to stop.
const LOOK: Duration = Duration::from_micros(50);

/// Calls `function` on every item, with its index. Must run on a worker, which takes part.
///
/// # Errors
/// That of the lowest item that fails, or that could not be had.
pub(super) fn collect<I, R, E, F>(
    items: I,
    function: F,
    cut: Cut,
    token: &CancellationToken,
) -> Result<Vec<R>, PoolError<E>>
where
    I: Iterator + Send,
    R: Send,
    E: Send,
    F: Fn(u64, I::Item) -> Result<R, E> + Sync,
{
    let mut results = Vec::new();
    // What an iterator says of its length is a hint, and may be any number.
    let _ = results.try_reserve_exact(items.size_hint().0);
    if cut.n_workers == 1 {
        return collect_alone(items, function, results, token);
    }
    let sink = Collected { results, next: 0, parked: BTreeMap::new(), fault: None };
    let run = Run::new(items, function, sink, cut, token.clone());
    rayon::scope(|scope| work_in(scope, &run));
    run.into_sink().finish()
}

fn work_in<'scope, I, R, E, F>(scope: &Scope<'scope>, run: &'scope Run<I, F, Collected<R, E>>)
where
    I: Iterator + Send,
    R: Send,
    E: Send,
    F: Fn(u64, I::Item) -> Result<R, E> + Sync,
{
    run.work(&|| scope.spawn(move |scope| work_in(scope, run)));
}

/// As [`collect`], for one worker: nothing is shared out, and so nothing is put together.
fn collect_alone<I: Iterator, R, E>(
    mut items: I,
    function: impl Fn(u64, I::Item) -> Result<R, E>,
    mut results: Vec<R>,
    token: &CancellationToken,
) -> Result<Vec<R>, PoolError<E>> {
    let mut n_calls = 1_usize;
    loop {
        if token.is_cancelled() {
            return Err(PoolError::Terminated);
        }
        let (start, before) = (Instant::now(), results.len());
        let mut calling = false;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for item in items.by_ref().take(n_calls) {
                calling = true;
                results.push(function(results.len() as u64, item)?);
                calling = false;
            }
            Ok(())
        }));
        let index = results.len() as u64;
        match outcome {
            Ok(Ok(())) if results.len() - before < n_calls => return Ok(results),
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(PoolError::Returned { index: Some(index), error }),
            Err(payload) => {
                let panic = Panic::new(payload);
                return Err(match calling {
                    true => PoolError::Panicked { index: Some(index), panic },
                    false => PoolError::ItemsPanicked { index, panic },
                });
            }
        }
        n_calls = match start.elapsed() < LOOK {
            true => n_calls.saturating_mul(2),
            false => (n_calls / 2).max(1),
        };
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

    fn append(&mut self, mut results: Vec<R>) {
        self.next += results.len() as u64;
        self.results.append(&mut results);
    }
}

impl<R, E> Sink<R, E> for Collected<R, E> {
    fn room(&self, _n_pulled: u64) -> u64 {
        u64::MAX
    }

    fn take(&mut self, first: u64, results: Vec<R>, fault: Option<PoolError<E>>) {
        if let Some(fault) = fault {
            let index = first + results.len() as u64;
            if self.fault.as_ref().is_none_or(|(lowest, _)| index < *lowest) {
                self.fault = Some((index, fault));
            }
        }
        if first != self.next {
            self.parked.insert(first, results);
            return;
        }
        self.append(results);
        while let Some(results) = self.parked.remove(&self.next) {
            self.append(results);
        }
    }
}
