//! What comes out of a run.

use crate::fault::Ledger;

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

impl<T> Applied<T> {
    /// The same with another table.
    pub(crate) fn try_map<U>(self, change: impl FnOnce(T) -> crate::Result<U>) -> crate::Result<Applied<U>> {
        Ok(Applied { table: change(self.table)?, ledger: self.ledger, sharing: self.sharing })
    }
}
