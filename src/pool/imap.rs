//! Lazy calls: [`Imap`] gives results as they are asked for, while workers call a bounded number of items ahead.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use super::calls::Calls;
use super::error::PoolError;
use super::run::{Run, Sink};
use super::shared::lock;
use super::wait::wait_for;

/// The results of [`Pool::imap`](crate::Pool::imap) and its variants, each as soon as it is there.
///
/// Workers pull items ahead of what was taken, at most as many as the [look-ahead](crate::Pool::look_ahead): nobody pulls
/// an endless iterator empty. A call that fails gives an error in its place, and those behind it go on; when the iterator of
/// items panics or the pool is terminated, what came before is given, then the error, and then nothing more. Dropping it
/// leaves out the calls that have not begun.
#[must_use = "an iterator does nothing more than its look-ahead unless it is consumed"]
pub struct Imap<'a, R, E = Infallible>(Box<dyn Iterator<Item = Result<R, PoolError<E>>> + Send + 'a>);

impl<'a, R, E> Imap<'a, R, E> {
    /// What `run` gives, which `bring` brings workers to. One has been sent for.
    pub(super) fn of<I, F, B>(run: Arc<ImapRun<I, F, R, E>>, bring: B, look_ahead: u64) -> Self
    where
        I: Iterator + Send + 'a,
        R: Send + 'a,
        E: Send + 'a,
        F: Calls<I::Item, Output = Result<R, PoolError<E>>, Error = Infallible> + Send + Sync + 'a,
        B: Fn(&Arc<ImapRun<I, F, R, E>>) + Send + 'a,
    {
        Self(Box::new(Flow { run, bring, least: (look_ahead / 4).max(1) }))
    }
}

impl<R, E> Iterator for Imap<'_, R, E> {
    type Item = Result<R, PoolError<E>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl<R, E> FusedIterator for Imap<'_, R, E> {}

impl<R, E> fmt::Debug for Imap<'_, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap").finish_non_exhaustive()
    }
}

/// The run behind an [`Imap`].
pub(super) type ImapRun<I, F, R, E> = Run<I, F, Ahead<R, E>>;

/// In which order results are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// That of the items.
    Items,
    /// That in which they come.
    Arrival,
}

/// The results of a chunk, and what ended it early.
type Chunk<R, E> = (Vec<Result<R, PoolError<E>>>, Option<PoolError<E>>);

/// Results that nobody has taken yet.
pub(super) struct Ahead<R, E> {
    order: Order,
    /// Those to be given next.
    current: VecDeque<Result<R, PoolError<E>>>,
    /// Chunks that came before their turn, by their first item.
    parked: BTreeMap<u64, Chunk<R, E>>,
    /// How many results have been in `current`.
    n_come: u64,
    n_taken: u64,
    look_ahead: u64,
    /// The error that comes last.
    last: Option<PoolError<E>>,
    /// Whether nothing comes behind what is in `current`.
    ended: bool,
}

impl<R, E> Ahead<R, E> {
    pub(super) fn new(order: Order, look_ahead: u64) -> Self {
        Self {
            order,
            current: VecDeque::new(),
            parked: BTreeMap::new(),
            n_come: 0,
            n_taken: 0,
            look_ahead,
            last: None,
            ended: false,
        }
    }

    fn append(&mut self, results: Vec<Result<R, PoolError<E>>>, fault: Option<PoolError<E>>) {
        if self.ended {
            return;
        }
        self.n_come += results.len() as u64;
        self.current.extend(results);
        if let Some(fault) = fault {
            self.current.push_back(Err(fault));
            self.ended = true;
        }
    }
}

impl<R, E> Sink<Result<R, PoolError<E>>, Infallible> for Ahead<R, E> {
    fn room(&self, n_pulled: u64) -> u64 {
        self.look_ahead.saturating_sub(n_pulled - self.n_taken)
    }

    fn take(
        &mut self,
        first: u64,
        results: &mut Vec<Result<R, PoolError<E>>>,
        fault: Option<PoolError<Infallible>>,
    ) {
        let (results, fault) = (std::mem::take(results), fault.map(PoolError::widen));
        match (self.order, fault) {
            // Calls for items that were pulled before may still be running.
            (Order::Arrival, Some(fault @ PoolError::ItemsPanicked { .. })) => {
                self.append(results, None);
                self.last = Some(fault);
            }
            (Order::Arrival, fault) => self.append(results, fault),
            (Order::Items, fault) => {
                self.parked.insert(first, (results, fault));
                while let Some((results, fault)) = self.parked.remove(&self.n_come) {
                    let empty = results.is_empty();
                    self.append(results, fault);
                    if empty {
                        break;
                    }
                }
            }
        }
    }
}

struct Flow<I, F, R, E, B>
where
    I: Iterator,
{
    run: Arc<ImapRun<I, F, R, E>>,
    bring: B,
    /// How many items there must be room for to bring a worker.
    least: u64,
}

impl<I, F, R, E, B> Iterator for Flow<I, F, R, E, B>
where
    I: Iterator,
    F: Calls<I::Item, Output = Result<R, PoolError<E>>, Error = Infallible>,
    B: Fn(&Arc<ImapRun<I, F, R, E>>),
{
    type Item = Result<R, PoolError<E>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut sent_for = false;
        let next = wait_for(self.run.state(), self.run.changed(), None, |state| {
            if let Some(result) = state.sink.current.pop_front() {
                state.sink.n_taken += 1;
                sent_for = self.run.send_for_worker(state, self.least);
                return Some(Some(result));
            }
            let over = state.sink.ended || state.total() == Some(state.sink.n_come);
            over.then(|| state.sink.last.take().map(Err))
        });
        if sent_for {
            (self.bring)(&self.run);
        }
        next.flatten()
    }
}

impl<I: Iterator, F, R, E, B> Drop for Flow<I, F, R, E, B> {
    fn drop(&mut self) {
        self.run.stop();
        // Workers may hold the run a little longer, and what nobody will take should not wait for them.
        let rest = std::mem::take(&mut lock(self.run.state()).sink.current);
        drop(rest);
    }
}
