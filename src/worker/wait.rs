//! How long an answer is waited for, and what ends the waiting.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};
use crate::progress::CancellationToken;

use super::failure::{Failure, Trouble};

/// How often the other reasons to stop are looked at while nothing comes.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// A wait that has an end.
pub(super) struct Wait<'w> {
    limit: Duration,
    /// `None` for a point in time too far away to be told.
    deadline: Option<Instant>,
    cancellation: &'w CancellationToken,
    /// What is called once when it has lasted for so long.
    tell: Option<(Instant, &'w dyn Fn())>,
    has_told: Cell<bool>,
}

impl<'w> Wait<'w> {
    /// A wait from now on.
    pub(super) fn new(limit: Duration, cancellation: &'w CancellationToken) -> Self {
        let deadline = Instant::now().checked_add(limit);
        Self { limit, deadline, cancellation, tell: None, has_told: Cell::new(false) }
    }

    /// Calls `tell` once when the wait has lasted for so long.
    pub(super) fn telling(mut self, after: Duration, tell: &'w dyn Fn()) -> Self {
        self.tell = Instant::now().checked_add(after).map(|moment| (moment, tell));
        self
    }

    /// How long to wait until the next look.
    ///
    /// # Errors
    /// When the time is over, or the run is cancelled.
    pub(super) fn next(&self) -> Result<Duration, Trouble> {
        if self.cancellation.is_cancelled() {
            return Err(Trouble::Run(Error::new(ErrorKind::Cancelled)));
        }
        if let Some((moment, tell)) = self.tell
            && Instant::now() >= moment
            && !self.has_told.replace(true)
        {
            tell();
        }
        let left = self.deadline.map_or(TICK, |deadline| deadline.saturating_duration_since(Instant::now()));
        match left.is_zero() {
            true => Err(Failure::Silent(self.limit).into()),
            false => Ok(left.min(TICK)),
        }
    }
}
