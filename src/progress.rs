//! How a run tells the outside where it is, and how the outside tells it to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Hears how far a run is. Called from the workers, so it must be quick.
///
/// # Example
/// ```
/// use parrow::Progress;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Default)]
/// struct Counted(AtomicU64);
///
/// impl Progress for Counted {
///     fn advance(&self, n_rows: u64) {
///         self.0.fetch_add(n_rows, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Progress: Send + Sync {
    /// A run of this many rows begins; `None` when nobody knows how many there are.
    fn begin(&self, n_rows: Option<u64>) {
        let _ = n_rows;
    }

    /// So many more rows are done.
    fn advance(&self, n_rows: u64);

    /// How a run over files stands: told after each piece of the input and now and then while none comes, from the thread that
    /// writes, and one last time when everything is written. Its rows are those that came out in order, so that the last figures are those of the summary,
    /// whatever [`advance`](Self::advance) has heard of rows that were worked on ahead and are not wanted.
    fn status(&self, status: &RunStatus) {
        let _ = status;
    }

    /// The run is over, well or not.
    fn finish(&self) {}
}

/// How far a run over files is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunStatus {
    /// Whether the inputs are only looked through so far, for dtypes that their first rows do not tell.
    pub is_looking: bool,
    /// The rows of the inputs that are done, or looked through.
    pub n_rows: u64,
    /// How many rows there are, where that is known.
    pub n_rows_in_all: Option<u64>,
    /// The bytes of the inputs that are done, packed as they lie there.
    pub n_bytes: u64,
    /// How many bytes there are, where that is known.
    pub n_bytes_in_all: Option<u64>,
    /// The rows that have been taken from the inputs, to be worked on.
    pub n_rows_taken: u64,
    /// The bytes of the inputs that these stand for.
    pub n_bytes_taken: u64,
    /// The rows that have failed so far.
    pub n_faults: u64,
    /// The memory that pieces in flight are counted with.
    pub n_bytes_in_flight: u64,
}

/// A flag that stops a run: clones of it are one and the same.
///
/// A run looks at it between chunks, so it stops within a few milliseconds unless a single row takes longer, and ends
/// with [`Cancelled`](crate::ErrorKind::Cancelled).
#[derive(Clone, Debug, Default)]
pub struct CancellationToken(Arc<AtomicBool>);

impl CancellationToken {
    /// A token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the runs that hold this token to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
