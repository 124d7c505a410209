//! What comes out of a run.

use std::time::Duration;

use crate::fault::Ledger;
use crate::pool::cpu_count;
use crate::report::{ChunkPlan, Report, Stage, StageUse, ThreadUse, peak_memory};

/// The result of a run with options: the table, the rows that failed, and how it was run.
#[must_use]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Applied<T> {
    /// The result.
    pub table: T,
    /// The rows that failed, unless the policy was to fail. Under [`OnError::Skip`](crate::OnError::Skip) these rows are
    /// missing from the table.
    pub ledger: Ledger,
    /// How the rows were shared out.
    pub sharing: Sharing,
    pub(crate) times: Times,
}

/// How the rows of a run were shared out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sharing {
    /// How many chunks there were.
    pub n_chunks: usize,
    /// The most rows that a chunk had.
    pub largest_chunk: usize,
    /// How many threads could run them: 1 when it did not pay to share the rows out.
    pub n_workers: usize,
}

/// What a run over a frame took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    pub(crate) n_rows: usize,
    pub(crate) n_threads: usize,
    pub(crate) n_bytes_read: u64,
    pub(crate) n_bytes_written: u64,
    /// From the first row to the last, and what came after that.
    pub(crate) function: Duration,
    pub(crate) concatenate: Duration,
    /// The longest that a chunk took.
    pub(crate) longest: Duration,
    pub(crate) workers: Vec<ThreadUse>,
}

impl Times {
    fn report(&self, sharing: &Sharing) -> Report {
        let busy = self.workers.iter().map(|used| used.busy).sum();
        let mut chunks = ChunkPlan::default();
        sharing.tell(&mut chunks);
        chunks.longest = self.longest;
        Report {
            n_rows_read: self.n_rows as u64,
            n_rows_written: self.n_rows as u64,
            n_bytes_read: self.n_bytes_read,
            n_bytes_written: self.n_bytes_written,
            wall: self.function + self.concatenate,
            peak_memory: peak_memory(),
            n_threads: self.n_threads,
            n_cores: cpu_count(),
            stages: vec![
                StageUse::new(Stage::Function, busy, self.function),
                StageUse::new(Stage::Concatenate, self.concatenate, self.concatenate),
            ],
            workers: self.workers.clone(),
            chunks,
            ..Report::default()
        }
    }
}

impl Sharing {
    /// Tells a plan what is known of it here.
    pub(crate) fn tell(&self, chunks: &mut ChunkPlan) {
        chunks.n_chunks = self.n_chunks;
        chunks.largest_chunk = self.largest_chunk;
        chunks.n_workers = self.n_workers;
    }
}

impl<T> Applied<T> {
    /// What the run did with its time, and what held it back.
    pub fn report(&self) -> Report {
        self.times.report(&self.sharing)
    }

    /// A table of which nobody knows what it took.
    pub(crate) fn of_table(table: T, sharing: Sharing) -> Self {
        Self { table, ledger: Ledger::default(), sharing, times: Times::default() }
    }

    /// The same with another table.
    pub(crate) fn try_map<U>(self, change: impl FnOnce(T) -> crate::Result<U>) -> crate::Result<Applied<U>> {
        let Self { table, ledger, sharing, times } = self;
        Ok(Applied { table: change(table)?, ledger, sharing, times })
    }
}
