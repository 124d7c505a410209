//! A chunk that may be left early: how many of its rows are run is decided while they are.

use std::time::{Duration, Instant};

/// Asks after the first rows of a chunk, and after more of them, whether it goes on.
///
/// A chunk costs as much to begin as some hundred cheap rows. Where nobody knows yet what a row costs, the first rows are
/// timed within one chunk, and not in chunks of their own.
pub(crate) struct Pace<'o> {
    ask: &'o mut (dyn FnMut(usize, Duration) -> usize + 'o),
    since: Instant,
    n_told: usize,
    n_all: usize,
}

impl<'o> Pace<'o> {
    /// Asks `ask`, which is told how many rows took how long, and says how many more are to be run: none, where the chunk is to be
    /// left. The first row is always run. The clock runs from `since` on. Behind the last of `n_all` rows nothing is asked any more.
    pub(crate) fn new(
        since: Instant,
        n_all: usize,
        ask: &'o mut (dyn FnMut(usize, Duration) -> usize + 'o),
    ) -> Self {
        Self { ask, since, n_told: 0, n_all }
    }

    /// The row before which it is asked again, when those before `row` are done.
    fn next(&mut self, row: usize) -> usize {
        if row == 0 {
            return 1;
        }
        if row == self.n_all {
            return row;
        }
        let now = Instant::now();
        let n_more = (self.ask)(row - self.n_told, now - self.since);
        (self.since, self.n_told) = (now, row);
        row.saturating_add(n_more)
    }

    /// The row to stop before, of `n_rows`, when those before `row` are done; `row` itself where the chunk is left.
    pub(super) fn stop(pace: &mut Option<Self>, row: usize, n_rows: usize) -> usize {
        match pace {
            Some(pace) => pace.next(row).min(n_rows),
            None => n_rows,
        }
    }
}

impl std::fmt::Debug for Pace<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pace").field("n_told", &self.n_told).finish_non_exhaustive()
    }
}
