//! `imap` and `imap_unordered` of a pool, for functions and items that borrow nothing; [`PoolScope`](super::PoolScope) has
//! those that do.

use std::convert::Infallible;
use std::sync::Arc;

use super::calls::{Calls, Each};
use super::error::PoolError;
use super::handle::Pool;
use super::imap::{Ahead, Imap, ImapRun, Order};
use super::run::Run;
use super::shared::{Shared, infallible};

impl<S: Send + 'static> Pool<S> {
    /// Calls `function` on items as results are asked for, and gives these in the order of the items.
    ///
    /// Workers begin at once and go as far ahead as the [look-ahead](Self::look_ahead) says, in constant memory however long
    /// the iterator. Items and function must borrow nothing; [`scope`](Self::scope) has an `imap` for those that do.
    ///
    /// # Errors
    /// [`Closed`](PoolError::Closed). The errors of calls are among the results: see [`Imap`].
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let squares: Result<Vec<u64>, _> = pool.imap(0.., |x| x * x)?.take(5).collect();
    /// assert_eq!(squares?, [0, 1, 4, 9, 16]);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn imap<I, R, F>(&self, items: I, function: F) -> Result<Imap<'static, R>, PoolError>
    where
        I: IntoIterator<Item: 'static, IntoIter: Send + 'static>,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        self.try_imap(items, move |item| infallible(function(item)))
    }

    /// As [`imap`](Self::imap), for a function that may fail: each result is the function's own.
    ///
    /// # Errors
    /// Those of `imap`.
    pub fn try_imap<I, R, E, F>(&self, items: I, function: F) -> Result<Imap<'static, R, E>, PoolError>
    where
        I: IntoIterator<Item: 'static, IntoIter: Send + 'static>,
        R: Send + 'static,
        E: Send + 'static,
        F: Fn(I::Item) -> Result<R, E> + Send + Sync + 'static,
    {
        self.lazy(items.into_iter(), Each(function), Order::Items)
    }

    /// As [`imap`](Self::imap), each result as soon as it is there, in no order.
    ///
    /// # Errors
    /// Those of `imap`.
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let mut squares = pool.imap_unordered(0..5, |x| x * x)?.collect::<Result<Vec<_>, _>>()?;
    /// squares.sort();
    /// assert_eq!(squares, [0, 1, 4, 9, 16]);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn imap_unordered<I, R, F>(&self, items: I, function: F) -> Result<Imap<'static, R>, PoolError>
    where
        I: IntoIterator<Item: 'static, IntoIter: Send + 'static>,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        self.try_imap_unordered(items, move |item| infallible(function(item)))
    }

    /// As [`imap_unordered`](Self::imap_unordered), for a function that may fail. An error says which item it is about.
    ///
    /// # Errors
    /// Those of `imap`.
    pub fn try_imap_unordered<I, R, E, F>(
        &self,
        items: I,
        function: F,
    ) -> Result<Imap<'static, R, E>, PoolError>
    where
        I: IntoIterator<Item: 'static, IntoIter: Send + 'static>,
        R: Send + 'static,
        E: Send + 'static,
        F: Fn(I::Item) -> Result<R, E> + Send + Sync + 'static,
    {
        self.lazy(items.into_iter(), Each(function), Order::Arrival)
    }

    fn lazy<I, R, E, F>(&self, items: I, function: F, order: Order) -> Result<Imap<'static, R, E>, PoolError>
    where
        I: Iterator + Send + 'static,
        R: Send + 'static,
        E: Send + 'static,
        F: Calls<I::Item, Output = Result<R, PoolError<E>>, Error = Infallible> + Send + Sync + 'static,
    {
        let _in_flight = self.shared().enter()?;
        let (cut, look_ahead) = self.lazy_cut();
        let token = self.shared().token().clone();
        let run = Arc::new(Run::new(items, function, Ahead::new(order, look_ahead), cut, token));
        let shared = Arc::clone(self.shared());
        bring(&shared, &run);
        Ok(Imap::of(run, move |run| bring(&shared, run), look_ahead))
    }
}

/// Sends a worker to `run`.
fn bring<I, F, R, E>(shared: &Arc<Shared>, run: &Arc<ImapRun<I, F, R, E>>)
where
    I: Iterator + Send + 'static,
    R: Send + 'static,
    E: Send + 'static,
    F: Calls<I::Item, Output = Result<R, PoolError<E>>, Error = Infallible> + Send + Sync + 'static,
{
    match shared.enter_job() {
        Ok(job) => {
            let run = Arc::clone(run);
            job.threads().clone().spawn_fifo(move || {
                let permit = job.permit();
                run.work(&|| bring(job.shared(), &run));
                drop(permit);
                drop((run, job));
            });
        }
        Err(error) => run.fail(error),
    }
}
