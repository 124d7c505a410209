//! Lazy calls of functions that borrow.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use rayon::Scope;

use super::calls::{Calls, Each};
use super::error::PoolError;
use super::gate::{Gate, scope_in_place};
use super::handle::Pool;
use super::imap::{Ahead, Imap, ImapRun, Order};
use super::run::{Cut, Run};
use super::shared::infallible;
use crate::progress::CancellationToken;

impl<S: Send + 'static> Pool<S> {
    /// Calls `body`, on this thread, with a scope whose lazy calls may borrow what lives longer than the scope. Waits until
    /// the calls that have begun are over, and gives what `body` returns.
    ///
    /// # Errors
    /// [`Closed`](PoolError::Closed).
    ///
    /// # Panics
    /// When `body` does.
    ///
    /// # Example
    /// ```
    /// let words = vec!["to".to_owned(), "be".to_owned(), "or".to_owned()];
    /// let pool = parrow::Pool::new(2)?;
    /// let longest = pool.scope(|scope| scope.imap(&words, |word| word.len()).flatten().max())?;
    /// assert_eq!(longest, Some(2));
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn scope<'scope, T>(&self, body: impl FnOnce(&PoolScope<'_, 'scope>) -> T) -> Result<T, PoolError> {
        let in_flight = self.shared().enter()?;
        let (cut, look_ahead) = self.lazy_cut();
        let token = self.shared().token();
        let gate = in_flight.gate();
        Ok(scope_in_place(in_flight.threads(), |scope| {
            body(&PoolScope { scope, gate, cut, look_ahead, token })
        }))
    }
}

/// Lazy calls that may borrow for `'scope`: see [`Pool::scope`].
pub struct PoolScope<'a, 'scope> {
    scope: &'a Scope<'scope>,
    gate: Option<&'a Arc<Gate>>,
    cut: Cut,
    look_ahead: u64,
    token: &'a CancellationToken,
}

impl<'a, 'scope: 'a> PoolScope<'a, 'scope> {
    /// As [`Pool::imap`].
    pub fn imap<I, R, F>(&self, items: I, function: F) -> Imap<'a, R>
    where
        I: IntoIterator<Item: 'scope, IntoIter: Send + 'scope>,
        R: Send + 'scope,
        F: Fn(I::Item) -> R + Send + Sync + 'scope,
    {
        self.try_imap(items, move |item| infallible(function(item)))
    }

    /// As [`Pool::try_imap`].
    pub fn try_imap<I, R, E, F>(&self, items: I, function: F) -> Imap<'a, R, E>
    where
        I: IntoIterator<Item: 'scope, IntoIter: Send + 'scope>,
        R: Send + 'scope,
        E: Send + 'scope,
        F: Fn(I::Item) -> Result<R, E> + Send + Sync + 'scope,
    {
        self.lazy(items.into_iter(), Each(function), Order::Items)
    }

    /// As [`Pool::imap_unordered`].
    pub fn imap_unordered<I, R, F>(&self, items: I, function: F) -> Imap<'a, R>
    where
        I: IntoIterator<Item: 'scope, IntoIter: Send + 'scope>,
        R: Send + 'scope,
        F: Fn(I::Item) -> R + Send + Sync + 'scope,
    {
        self.try_imap_unordered(items, move |item| infallible(function(item)))
    }

    /// As [`Pool::try_imap_unordered`].
    pub fn try_imap_unordered<I, R, E, F>(&self, items: I, function: F) -> Imap<'a, R, E>
    where
        I: IntoIterator<Item: 'scope, IntoIter: Send + 'scope>,
        R: Send + 'scope,
        E: Send + 'scope,
        F: Fn(I::Item) -> Result<R, E> + Send + Sync + 'scope,
    {
        self.lazy(items.into_iter(), Each(function), Order::Arrival)
    }

    fn lazy<I, R, E, F>(&self, items: I, function: F, order: Order) -> Imap<'a, R, E>
    where
        I: Iterator + Send + 'scope,
        R: Send + 'scope,
        E: Send + 'scope,
        F: Calls<I::Item, Output = Result<R, PoolError<E>>, Error = Infallible> + Send + Sync + 'scope,
    {
        let (scope, gate, look_ahead) = (self.scope, self.gate, self.look_ahead);
        let sink = Ahead::new(order, look_ahead);
        let run = Arc::new(Run::new(items, function, sink, self.cut, self.token.clone()));
        bring(scope, gate, &run);
        Imap::of(run, move |run| bring(scope, gate, run), look_ahead)
    }
}

impl fmt::Debug for PoolScope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolScope").field("look_ahead", &self.look_ahead).finish_non_exhaustive()
    }
}

/// Sends a worker to `run`.
fn bring<'scope, I, F, R, E>(scope: &Scope<'scope>, gate: Option<&Arc<Gate>>, run: &Arc<ImapRun<I, F, R, E>>)
where
    I: Iterator + Send + 'scope,
    R: Send + 'scope,
    E: Send + 'scope,
    F: Calls<I::Item, Output = Result<R, PoolError<E>>, Error = Infallible> + Send + Sync + 'scope,
{
    let (gate, run) = (gate.cloned(), Arc::clone(run));
    scope.spawn(move |scope| {
        let _permit = gate.as_ref().map(Gate::enter);
        run.work(&|| bring(scope, gate.as_ref(), &run));
    });
}
