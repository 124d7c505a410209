//! [`RangeBounds`]: two bounds, both included, and what they mean beside each dtype.

use std::cmp::Ordering;
use std::fmt;

use super::number::Number;
use crate::error::{Error, Result};

/// The numbers from `min` to `max`, both included.
///
/// The bounds are [`Number`]s, so they are exact beside columns of any numeric dtype.
///
/// # Example
/// ```
/// use parrow::functions::RangeBounds;
///
/// let bounds = RangeBounds::new(4, 8)?;
/// assert_eq!(bounds.to_string(), "4 to 8");
/// assert!(RangeBounds::new(8, 4).is_err());
/// assert!(RangeBounds::new(f64::NAN, 4.0).is_err());
/// # Ok::<(), parrow::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeBounds {
    min: Number,
    max: Number,
}

impl RangeBounds {
    /// The numbers from `min` to `max`, both included.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) when `min` is larger than `max`, or one of them is NaN.
    pub fn new(min: impl Into<Number>, max: impl Into<Number>) -> Result<Self> {
        let (min, max) = (min.into(), max.into());
        match min.compare(&max) {
            Some(Ordering::Less | Ordering::Equal) => Ok(Self { min, max }),
            Some(Ordering::Greater) => Err(Error::invalid_option(
                "range",
                format!("the minimum {min} is larger than the maximum {max}; exchange them"),
            )),
            None => Err(Error::invalid_option("range", "NaN is no bound: nothing is larger or smaller")),
        }
    }

    /// The numbers that are not below `min`, infinity among them.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_least(min: impl Into<Number>) -> Result<Self> {
        Self::new(min, f64::INFINITY)
    }

    /// The numbers that are not above `max`, negative infinity among them.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_most(max: impl Into<Number>) -> Result<Self> {
        Self::new(f64::NEG_INFINITY, max)
    }

    /// The lower bound.
    pub fn min(&self) -> Number {
        self.min
    }

    /// The upper bound.
    pub fn max(&self) -> Number {
        self.max
    }

    /// The integers that, divided by `10^scale`, lie within the bounds; `None` when no `T` does.
    pub(super) fn integers<T: TryFrom<i128> + Limited>(&self, scale: u32) -> Option<(T, T)> {
        let min = self.min.ceil(scale).max(T::MIN);
        let max = self.max.floor(scale).min(T::MAX);
        (min <= max).then(|| (T::try_from(min).ok()).zip(T::try_from(max).ok())).flatten()
    }

    /// The `f64`s within the bounds; `None` when there are none.
    pub(super) fn f64s(&self) -> Option<(f64, f64)> {
        let (min, max) = (self.min.lowest_float(), self.max.highest_float());
        (min <= max).then_some((min, max))
    }

    /// The `f32`s within the bounds; `None` when there are none.
    pub(super) fn f32s(&self) -> Option<(f32, f32)> {
        let (min, max) = self.f64s()?;
        let (mut low, mut high) = (min as f32, max as f32);
        if f64::from(low) < min {
            low = low.next_up();
        }
        if f64::from(high) > max {
            high = high.next_down();
        }
        (low <= high).then_some((low, high))
    }
}

impl fmt::Display for RangeBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}

/// An integer type and its ends.
pub(super) trait Limited {
    const MIN: i128;
    const MAX: i128;
}

macro_rules! limited {
    ($($integer:ty),*) => {$(
        impl Limited for $integer {
            const MIN: i128 = <$integer>::MIN as i128;
            const MAX: i128 = <$integer>::MAX as i128;
        }
    )*};
}

limited!(i8, i16, i32, i64, i128, u8, u16, u32, u64);
