//! What a run of a pipeline did.

use std::time::Duration;

use super::destination::Preview;
use crate::apply::Sharing;
use crate::error::Error;
use crate::fault::FaultCounts;
use crate::report::{Report, Stage};

/// What a run of a pipeline did.
#[must_use]
#[derive(Debug)]
#[non_exhaustive]
pub struct RunSummary {
    /// How many rows were read.
    pub n_rows_read: u64,
    /// How many rows were retried, where a run retried some of them: those that failed before.
    pub n_rows_retried: Option<u64>,
    /// How many rows were written, or would have been.
    pub n_rows_written: u64,
    /// How many rows of the inputs an earlier run had done, that this one has gone on with.
    pub n_rows_resumed: u64,
    /// How many columns they have.
    pub n_columns_written: usize,
    /// How many rows failed, and of what. All of them are in the [`ledger`](super::Pipeline::ledger), where one was asked for.
    pub faults: FaultCounts,
    /// The first 20 faults as errors, each with its file and line where these are known.
    pub first_failures: Vec<Error>,
    /// The size of the inputs in bytes.
    pub n_bytes_read: u64,
    /// The size of what was written in bytes.
    pub n_bytes_written: u64,
    /// How many threads the run could use.
    pub n_threads: usize,
    /// How the rows were shared out.
    pub sharing: Sharing,
    /// How long each stage took.
    pub times: StageTimes,
    /// How often the run went through its inputs.
    pub passes: Passes,
    /// How many pieces of CSV were read cell by cell, since there was something unusual in them, such as a quotation mark, or
    /// a column that holds no plain numbers.
    pub n_pieces_by_cell: u64,
    /// The first and last rows, when they were asked for.
    pub preview: Option<Preview>,
    pub(super) report: Report,
}

impl RunSummary {
    /// What the run did with its time, and what held it back.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

/// How often a run went through its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Passes {
    /// Once: what the columns are was known, or what the first rows proposed held for all.
    #[default]
    One,
    /// Once for the dtypes of the columns, and once for the rows: the function must not be called twice on a row, or the
    /// output shows itself as it grows.
    LookedBefore,
    /// A row asked for another dtype than the first ones had proposed, or something was wrong, and the run began anew.
    BeganAnew,
}

/// How long each stage of a pipeline took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageTimes {
    /// Looking at the inputs, reading them, and making values of their bytes.
    pub read: Duration,
    /// Finding the rows that the condition holds for.
    pub filter: Duration,
    /// The row function.
    pub function: Duration,
    /// Making text of the result, and writing it.
    pub write: Duration,
}

impl StageTimes {
    /// The time of a run by stages. They overlap, so it is shared out by how long each kept threads busy.
    pub(super) fn of(report: &Report) -> Self {
        let look = report.stage(Stage::Look).wall;
        let rest = report.wall.saturating_sub(look);
        let busy = |stages: &[Stage]| -> f64 {
            stages.iter().map(|stage| report.stage(*stage).busy.as_secs_f64()).sum()
        };
        let stages = Stage::ALL;
        let sum = busy(&stages[1..]).max(1e-9);
        let share = |stages: &[Stage]| rest.mul_f64(busy(stages) / sum);
        Self {
            read: look + share(&[Stage::Read, Stage::Parse]),
            filter: share(&[Stage::Filter]),
            function: share(&[Stage::Start, Stage::Function]),
            write: share(&[Stage::Concatenate, Stage::Write]),
        }
    }

    /// All stages together.
    pub fn total(&self) -> Duration {
        self.read + self.filter + self.function + self.write
    }
}
