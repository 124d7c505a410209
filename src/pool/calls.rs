//! The kinds of functions that are called over items, each with its loop.
//!
//! A loop is a function of its own, so that the compiler knows that its parameters do not overlap, and vectorizes.
//! The loops of a kind look alike and stay apart: where one serves both ways of calling, the function is called instead of being
//! inlined, and a range count takes 1.2 times as long.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{Panic, PoolError};

/// A function that is called over items.
pub(super) trait Calls<T> {
    type Output;
    type Error;

    /// Calls the function on the item of this index.
    fn call(&self, index: u64, item: T) -> Result<Self::Output, Self::Error>;

    /// Calls the function on all items, the first of which has this index, and pushes what it returns. Ends with the first
    /// error. `in_call` tells, after a panic, whether that was the function's or the iterator's.
    #[inline(always)]
    fn call_rest(
        &self,
        first: u64,
        items: impl Iterator<Item = T>,
        results: &mut Vec<Self::Output>,
        in_call: &mut bool,
    ) -> Result<(), Self::Error> {
        for (index, item) in (first..).zip(items) {
            *in_call = true;
            results.push(self.call(index, item)?);
            *in_call = false;
        }
        Ok(())
    }

    /// Calls the function on each of the items, the first of which has this index, and pushes what it returns. Ends with the
    /// first error. When the function panics, what it returned before has been pushed.
    fn call_all(
        &self,
        first: u64,
        items: impl Iterator<Item = T>,
        results: &mut Vec<Self::Output>,
    ) -> Result<(), Self::Error>;
}

impl<T, C: Calls<T>> Calls<T> for &C {
    type Output = C::Output;
    type Error = C::Error;

    #[inline]
    fn call(&self, index: u64, item: T) -> Result<C::Output, C::Error> {
        (**self).call(index, item)
    }

    fn call_all(
        &self,
        first: u64,
        items: impl Iterator<Item = T>,
        results: &mut Vec<C::Output>,
    ) -> Result<(), C::Error> {
        (**self).call_all(first, items, results)
    }
}

/// A function that returns what it returns.
pub(super) struct Plain<F>(pub(super) F);

impl<T, R, F: Fn(T) -> R> Calls<T> for Plain<F> {
    type Output = R;
    type Error = Infallible;

    #[inline]
    fn call(&self, _index: u64, item: T) -> Result<R, Infallible> {
        Ok((self.0)(item))
    }

    #[inline(always)]
    fn call_rest(
        &self,
        _first: u64,
        items: impl Iterator<Item = T>,
        results: &mut Vec<R>,
        in_call: &mut bool,
    ) -> Result<(), Infallible> {
        // No check of the capacity at each item, where the number of items is known.
        results.extend(items.map(|item| {
            *in_call = true;
            let value = (self.0)(item);
            *in_call = false;
            value
        }));
        Ok(())
    }

    #[inline(never)]
    fn call_all(
        &self,
        _first: u64,
        items: impl Iterator<Item = T>,
        results: &mut Vec<R>,
    ) -> Result<(), Infallible> {
        // No check of the capacity at each item, where the number of items is known.
        results.extend(items.map(&self.0));
        Ok(())
    }
}

/// A function that returns a `Result`, whose error ends the loop.
pub(super) struct Fallible<F>(pub(super) F);

impl<T, R, E, F: Fn(T) -> Result<R, E>> Calls<T> for Fallible<F> {
    type Output = R;
    type Error = E;

    #[inline]
    fn call(&self, _index: u64, item: T) -> Result<R, E> {
        (self.0)(item)
    }

    #[inline(never)]
    fn call_all(&self, _first: u64, items: impl Iterator<Item = T>, results: &mut Vec<R>) -> Result<(), E> {
        for item in items {
            results.push((self.0)(item)?);
        }
        Ok(())
    }
}

/// A function that returns a `Result`, where each fault is the item's own and the others go on.
pub(super) struct Each<F>(pub(super) F);

impl<T, R, E, F: Fn(T) -> Result<R, E>> Calls<T> for Each<F> {
    type Output = Result<R, PoolError<E>>;
    type Error = Infallible;

    #[inline]
    fn call(&self, index: u64, item: T) -> Result<Self::Output, Infallible> {
        Ok(match catch_unwind(AssertUnwindSafe(|| (self.0)(item))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(PoolError::Returned { index: Some(index), error }),
            Err(payload) => Err(PoolError::Panicked { index: Some(index), panic: Panic::new(payload) }),
        })
    }

    #[inline(never)]
    fn call_all(
        &self,
        first: u64,
        items: impl Iterator<Item = T>,
        results: &mut Vec<Self::Output>,
    ) -> Result<(), Infallible> {
        results.extend((first..).zip(items).map(|(index, item)| match self.call(index, item) {
            Ok(outcome) => outcome,
        }));
        Ok(())
    }
}
