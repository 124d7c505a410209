//! A function over all items, while the caller waits: `map`, `starmap` and their variants.

use super::calls::{Calls, Each, Fallible, Plain};
use super::collect::{Begin, collect, room_for};
use super::error::PoolError;
use super::handle::Pool;
use super::shared::infallible;
use super::star::StarFunction;

/// From how many items on a `map` begins on the thread that waits for it.
const MANY_ITEMS: usize = 4096;

impl<S: Send + 'static> Pool<S> {
    /// Calls `function` on every item and gives what it returns, in the order of the items.
    ///
    /// The items are pulled one chunk after the other, by one worker at a time, as workers become free.
    ///
    /// # Errors
    /// The lowest item at which the function panics or the iterator does, whatever the timing: a call is left out only when
    /// one for a lower item has failed. [`Closed`](PoolError::Closed) and [`Terminated`](PoolError::Terminated).
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let offset = 10;
    /// assert_eq!(pool.map([1, 2, 3], |x| x + offset)?, [11, 12, 13]);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn map<I, R, F>(&self, items: I, function: F) -> Result<Vec<R>, PoolError>
    where
        I: IntoIterator<IntoIter: Send>,
        R: Send,
        F: Fn(I::Item) -> R + Sync,
    {
        self.collect(items.into_iter(), &Plain(function))
    }

    /// As [`map`](Self::map), for a function that may fail. The first failure ends it.
    ///
    /// # Errors
    /// [`Returned`](PoolError::Returned) with the function's own error and the item's index, and those of `map`; the lowest
    /// item's, whatever the timing.
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// assert_eq!(pool.try_map(["1", "2"], str::parse::<i32>)?, [1, 2]);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn try_map<I, R, E, F>(&self, items: I, function: F) -> Result<Vec<R>, PoolError<E>>
    where
        I: IntoIterator<IntoIter: Send>,
        R: Send,
        E: Send,
        F: Fn(I::Item) -> Result<R, E> + Sync,
    {
        self.collect(items.into_iter(), &Fallible(function))
    }

    /// Calls `function` on every item, whatever becomes of the others, and gives for each what it returned or that it
    /// panicked.
    ///
    /// # Errors
    /// Those that are not an item's own: the iterator panicked, [`Closed`](PoolError::Closed) and
    /// [`Terminated`](PoolError::Terminated).
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let halves = pool.map_all([6, 7, 8], |x| if x % 2 == 0 { x / 2 } else { panic!("{x} is odd") })?;
    /// assert_eq!(halves.iter().flatten().collect::<Vec<_>>(), [&3, &4]);
    /// assert_eq!(halves[1].as_ref().unwrap_err().to_string(), "item 1: the function panicked: 7 is odd");
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn map_all<I, R, F>(&self, items: I, function: F) -> Result<Vec<Result<R, PoolError>>, PoolError>
    where
        I: IntoIterator<IntoIter: Send>,
        R: Send,
        F: Fn(I::Item) -> R + Sync,
    {
        self.collect(items.into_iter(), &Each(|item| infallible(function(item))))
    }

    /// As [`map_all`](Self::map_all), for a function that may fail.
    ///
    /// # Errors
    /// Those of `map_all`.
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let numbers = pool.try_map_all(["1", "two", "3"], str::parse::<i32>)?;
    /// assert_eq!(numbers.iter().filter(|number| number.is_err()).count(), 1);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn try_map_all<I, R, E, F>(
        &self,
        items: I,
        function: F,
    ) -> Result<Vec<Result<R, PoolError<E>>>, PoolError>
    where
        I: IntoIterator<IntoIter: Send>,
        R: Send,
        E: Send,
        F: Fn(I::Item) -> Result<R, E> + Sync,
    {
        self.collect(items.into_iter(), &Each(function))
    }

    /// Calls `function` with the elements of each tuple as its arguments: [`map`](Self::map) for functions of several
    /// arguments. The types of a closure's arguments must be written.
    ///
    /// # Errors
    /// Those of `map`.
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let sums = pool.starmap([(1, 2), (3, 4)], |a: i32, b: i32| a + b)?;
    /// assert_eq!(sums, [3, 7]);
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn starmap<I, R, F>(&self, items: I, function: F) -> Result<Vec<R>, PoolError>
    where
        I: IntoIterator<IntoIter: Send>,
        R: Send,
        F: StarFunction<I::Item, Output = R> + Sync,
    {
        self.map(items, |arguments| function.call_star(arguments))
    }

    /// As [`starmap`](Self::starmap), for a function that may fail. The first failure ends it.
    ///
    /// # Errors
    /// Those of [`try_map`](Self::try_map).
    ///
    /// # Example
    /// ```
    /// let pool = parrow::Pool::new(2)?;
    /// let divided = pool.try_starmap([(6, 3), (1, 0)], |a: i32, b: i32| a.checked_div(b).ok_or("no division by zero"));
    /// assert_eq!(divided.unwrap_err().to_string(), "item 1: no division by zero");
    /// # Ok::<(), parrow::Error>(())
    /// ```
    pub fn try_starmap<I, R, E, F>(&self, items: I, function: F) -> Result<Vec<R>, PoolError<E>>
    where
        I: IntoIterator<IntoIter: Send>,
        R: Send,
        E: Send,
        F: StarFunction<I::Item, Output = Result<R, E>> + Sync,
    {
        self.try_map(items, |arguments| function.call_star(arguments))
    }

    fn collect<I, C>(&self, items: I, calls: &C) -> Result<Vec<C::Output>, PoolError<C::Error>>
    where
        I: Iterator + Send,
        C: Calls<I::Item, Output: Send, Error: Send> + Sync,
    {
        let mut in_flight = self.shared().enter()?;
        let (cut, results) = (self.eager_cut(), room_for(&items));
        if in_flight.is_stand_in() {
            return collect(items, calls, results, cut, Begin::Shared, &in_flight);
        }
        // A first call that takes long keeps the others waiting, which is nothing beside so many of them.
        let alone = cut.chunk_size.is_none() && self.is_stateless() && items.size_hint().0 >= MANY_ITEMS;
        if alone && let Some(_stand_in) = in_flight.stand_in() {
            return collect(items, calls, results, cut, Begin::Alone, &in_flight);
        }
        in_flight.threads().install(|| {
            let _permit = in_flight.permit();
            collect(items, calls, results, cut, Begin::Shared, &in_flight)
        })
    }
}
