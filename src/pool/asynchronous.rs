//! Calls that the caller does not wait for: `apply_async`, `map_async`, `starmap_async`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::async_result::{AsyncResult, Promise};
use super::calls::{Calls, Fallible, Plain};
use super::collect::{Begin, collect, room_for};
use super::error::{Panic, PoolError};
use super::handle::Pool;
use super::shared::{InFlight, infallible};
use super::star::StarFunction;

impl<S: Send + 'static> Pool<S> {
    /// Queues one call of `function`. Calls begin in the order in which they were queued.
    ///
    /// # Errors
    /// [`Closed`](PoolError::Closed). What becomes of the call is told by the [`AsyncResult`].
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let answer = pool.apply_async(|| 6 * 7)?;
    /// assert_eq!(answer.get()?, 42);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn apply_async<R, F>(&self, function: F) -> Result<AsyncResult<R>, PoolError>
    where
        R: Send + 'static,
        F: FnOnce() -> R + Send + 'static,
    {
        self.try_apply_async(|| infallible(function()))
    }

    /// As [`apply_async`](Self::apply_async), for a function that may fail.
    ///
    /// # Errors
    /// [`Closed`](PoolError::Closed).
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let number = pool.try_apply_async(|| "42".parse::<i32>())?;
    /// assert_eq!(number.get()?, 42);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn try_apply_async<R, E, F>(&self, function: F) -> Result<AsyncResult<R, E>, PoolError>
    where
        R: Send + 'static,
        E: Send + 'static,
        F: FnOnce() -> Result<R, E> + Send + 'static,
    {
        self.submit(move |in_flight| in_flight.shared().call(function))
    }

    /// Queues a [`map`](Self::map), whose result is the whole list.
    ///
    /// # Errors
    /// [`Closed`](PoolError::Closed). What becomes of the calls is told by the [`AsyncResult`].
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let squares = pool.map_async(vec![1, 2, 3], |x| x * x)?;
    /// assert_eq!(squares.get()?, [1, 4, 9]);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn map_async<I, R, F>(&self, items: I, function: F) -> Result<AsyncResult<Vec<R>>, PoolError>
    where
        I: IntoIterator<IntoIter: Send + 'static>,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        self.queue_map(items, Plain(function))
    }

    /// As [`map_async`](Self::map_async), for a function that may fail. The first failure ends it.
    ///
    /// # Errors
    /// [`Closed`](PoolError::Closed).
    pub fn try_map_async<I, R, E, F>(
        &self,
        items: I,
        function: F,
    ) -> Result<AsyncResult<Vec<R>, E>, PoolError>
    where
        I: IntoIterator<IntoIter: Send + 'static>,
        R: Send + 'static,
        E: Send + 'static,
        F: Fn(I::Item) -> Result<R, E> + Send + Sync + 'static,
    {
        self.queue_map(items, Fallible(function))
    }

    /// Queues a [`starmap`](Self::starmap), whose result is the whole list.
    ///
    /// # Errors
    /// [`Closed`](PoolError::Closed). What becomes of the calls is told by the [`AsyncResult`].
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let sums = pool.starmap_async([(1, 2), (3, 4)], |a: i32, b: i32| a + b)?;
    /// assert_eq!(sums.get()?, [3, 7]);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn starmap_async<I, R, F>(&self, items: I, function: F) -> Result<AsyncResult<Vec<R>>, PoolError>
    where
        I: IntoIterator<IntoIter: Send + 'static>,
        R: Send + 'static,
        F: StarFunction<I::Item, Output = R> + Send + Sync + 'static,
    {
        self.map_async(items, move |arguments| function.call_star(arguments))
    }

    /// As [`starmap_async`](Self::starmap_async), for a function that may fail. The first failure ends it.
    ///
    /// # Errors
    /// [`Closed`](PoolError::Closed).
    pub fn try_starmap_async<I, R, E, F>(
        &self,
        items: I,
        function: F,
    ) -> Result<AsyncResult<Vec<R>, E>, PoolError>
    where
        I: IntoIterator<IntoIter: Send + 'static>,
        R: Send + 'static,
        E: Send + 'static,
        F: StarFunction<I::Item, Output = Result<R, E>> + Send + Sync + 'static,
    {
        self.try_map_async(items, move |arguments| function.call_star(arguments))
    }

    fn queue_map<I, C>(&self, items: I, calls: C) -> Result<AsyncResult<Vec<C::Output>, C::Error>, PoolError>
    where
        I: IntoIterator<IntoIter: Send + 'static>,
        C: Calls<I::Item, Output: Send + 'static, Error: Send + 'static> + Send + Sync + 'static,
    {
        let (items, cut) = (items.into_iter(), self.eager_cut());
        self.submit(move |in_flight| {
            let results = room_for(&items);
            collect(items, &calls, results, cut, Begin::Shared, in_flight)
        })
    }

    fn submit<T, E>(
        &self,
        work: impl FnOnce(&InFlight) -> Result<T, PoolError<E>> + Send + 'static,
    ) -> Result<AsyncResult<T, E>, PoolError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let in_flight = self.shared().enter()?;
        let (promise, result) = Promise::new();
        let threads = in_flight.threads().clone();
        let accepted = Accepted { promise, work, in_flight };
        self.shared().enqueue(&threads, Box::new(move || accepted.run()));
        Ok(result)
    }
}

/// A call in the queue. Its result is there before it counts as over, whether it is run or dropped.
struct Accepted<T, E, F> {
    promise: Promise<T, E>,
    work: F,
    in_flight: InFlight,
}

impl<T, E, F: FnOnce(&InFlight) -> Result<T, PoolError<E>>> Accepted<T, E, F> {
    fn run(self) {
        let Self { promise, work, in_flight } = self;
        let permit = in_flight.permit();
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&in_flight)))
            .unwrap_or_else(|payload| Err(PoolError::Panicked { index: None, panic: Panic::new(payload) }));
        promise.complete(outcome);
        drop((permit, in_flight));
    }
}
