//! How long an answer is waited for, and what ends the waiting.

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
}

impl<'w> Wait<'w> {
    /// A wait from now on.
    pub(super) fn new(limit: Duration, cancellation: &'w CancellationToken) -> Self {
        Self { limit, deadline: Instant::now().checked_add(limit), cancellation }
    }

    /// How long to wait until the next look.
    ///
    /// # Errors
    /// When the time is over, or the run is cancelled.
    pub(super) fn next(&self) -> Result<Duration, Trouble> {
        if self.cancellation.is_cancelled() {
            return Err(Trouble::Run(Error::new(ErrorKind::Cancelled)));
        }
        let left = self.deadline.map_or(TICK, |deadline| deadline.saturating_duration_since(Instant::now()));
        match left.is_zero() {
            true => Err(Failure::Silent(self.limit).into()),
            false => Ok(left.min(TICK)),
        }
    }
}
