//! [`PoolError`]: why a call of a pool gave no value.

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, ErrorKind};

/// Why a call of a [`Pool`](crate::Pool) gave no value. `E` is the error that the called function returns, kept as it is;
/// for functions that return no `Result` it is [`Infallible`], and the variant [`Returned`](Self::Returned) can't be.
///
/// It becomes a [`parrow::Error`](crate::Error) with `?`.
///
/// # Example
/// ```
/// use parrow::{Pool, PoolError};
///
/// let pool = Pool::new(2)?;
/// let error = pool.try_map(["1", "two", "3"], str::parse::<i32>).unwrap_err();
/// assert_eq!(error.index(), Some(1));
/// assert_eq!(error.to_string(), "item 1: invalid digit found in string");
/// assert!(matches!(error, PoolError::Returned { error: std::num::ParseIntError { .. }, .. }));
/// # Ok::<(), parrow::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolError<E = Infallible> {
    /// The function returned an error.
    Returned {
        /// The item it was called with, counted from 0; `None` for a call without items.
        index: Option<u64>,
        /// The error.
        error: E,
    },
    /// The function panicked.
    Panicked {
        /// The item it was called with, counted from 0; `None` for a call without items.
        index: Option<u64>,
        /// What it panicked with.
        panic: Panic,
    },
    /// The iterator that gives the items panicked.
    ItemsPanicked {
        /// The item that it was asked for, counted from 0.
        index: u64,
        /// What it panicked with.
        panic: Panic,
    },
    /// The callback of an [`AsyncResult`](crate::AsyncResult) panicked.
    CallbackPanicked {
        /// What it panicked with.
        panic: Panic,
    },
    /// [`terminate`](crate::Pool::terminate) came before the call was made, or before all calls were.
    Terminated,
    /// The pool takes no more work: it was closed before.
    Closed,
    /// [`join`](crate::Pool::join) was called on a pool that still takes work.
    StillOpen,
    /// [`join`](crate::Pool::join) was called by one of the pool's own workers, which would wait for itself.
    JoinedByWorker,
    /// There was no result within the time given. It can still be fetched later.
    TimedOut,
    /// The result was taken out before.
    Taken,
}

impl<E> PoolError<E> {
    /// The item that the call was about, counted from 0, where there is one.
    pub fn index(&self) -> Option<u64> {
        match self {
            Self::Returned { index, .. } | Self::Panicked { index, .. } => *index,
            Self::ItemsPanicked { index, .. } => Some(*index),
            _ => None,
        }
    }

    /// What was panicked with, if a panic it was.
    pub fn panic(&self) -> Option<&Panic> {
        match self {
            Self::Panicked { panic, .. }
            | Self::ItemsPanicked { panic, .. }
            | Self::CallbackPanicked { panic } => Some(panic),
            _ => None,
        }
    }

    /// The error that the function returned, if it did.
    pub fn into_returned(self) -> Option<E> {
        match self {
            Self::Returned { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl PoolError {
    /// An error of a function that returns none, as one of a function that does.
    pub(super) fn widen<E>(self) -> PoolError<E> {
        match self {
            Self::Returned { error, .. } => match error {},
            Self::Panicked { index, panic } => PoolError::Panicked { index, panic },
            Self::ItemsPanicked { index, panic } => PoolError::ItemsPanicked { index, panic },
            Self::CallbackPanicked { panic } => PoolError::CallbackPanicked { panic },
            Self::Terminated => PoolError::Terminated,
            Self::Closed => PoolError::Closed,
            Self::StillOpen => PoolError::StillOpen,
            Self::JoinedByWorker => PoolError::JoinedByWorker,
            Self::TimedOut => PoolError::TimedOut,
            Self::Taken => PoolError::Taken,
        }
    }
}

impl<E: fmt::Display> fmt::Display for PoolError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.index() {
            write!(f, "item {index}: ")?;
        }
        match self {
            Self::Returned { error, .. } => error.fmt(f),
            Self::Panicked { panic, .. } => write!(f, "the function panicked: {panic}"),
            Self::ItemsPanicked { panic, .. } => {
                write!(f, "the iterator panicked when it was asked for this item: {panic}")
            }
            Self::CallbackPanicked { panic } => write!(f, "the callback panicked: {panic}"),
            Self::Terminated => f.write_str("the pool was terminated before the work was done"),
            Self::Closed => f.write_str("the pool is closed and takes no more work; make another one"),
            Self::StillOpen => f.write_str("the pool still takes work; close or terminate it before join"),
            Self::JoinedByWorker => f.write_str("a worker can't wait for its own pool; join it elsewhere"),
            Self::TimedOut => f.write_str("there is no result yet"),
            Self::Taken => f.write_str("the result was taken before"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for PoolError<E> {}

impl<E: fmt::Display> From<PoolError<E>> for Error {
    fn from(error: PoolError<E>) -> Self {
        Self::new(match error {
            PoolError::Terminated => ErrorKind::Cancelled,
            error => ErrorKind::Pool { message: error.to_string() },
        })
    }
}

/// What a panic left: its message, and the value it was raised with.
pub struct Panic {
    message: String,
    // A payload need not be `Sync`, and errors should be.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    pub(super) fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        Self { message, payload: Mutex::new(payload) }
    }

    /// The text that it was raised with, where it was a text.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The value that it was raised with, for [`std::panic::resume_unwind`].
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message).finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
