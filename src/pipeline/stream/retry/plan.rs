//! Which rows are retried.

use std::ops::Range;
use std::path::Path;

use polars::prelude::{DataType, PlSmallStr};

use super::super::super::faults::RunRecord;
use super::super::super::memory::{Sizes, default_limit};
use super::super::sources::Sources;
use crate::apply::ApplyOptions;
use crate::error::{Error, Result};
use crate::fault::{Fault, RowFate};
use crate::files::Files;
use crate::pool::Budget;
use crate::table::{Input, ReadOptions};

/// The rows of a ledger, and what the run that wrote it has left.
#[derive(Debug)]
pub(in crate::pipeline) struct RetryPlan {
    pub(in crate::pipeline) record: RunRecord,
    /// The rows, lowest first.
    rows: Vec<Retried>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline::stream) struct Retried {
    pub(super) row: u64,
    /// Whether the old output has it.
    pub(super) fate: RowFate,
    attempt: u32,
}

#[cfg(test)]
impl Retried {
    pub(super) fn for_test(row: u64, fate: RowFate) -> Self {
        Self { row, fate, attempt: 1 }
    }
}

impl RetryPlan {
    /// Reads a ledger and the record beside it. What an earlier retry was broken off in is brought to its end.
    ///
    /// # Errors
    /// Those of [`RunRecord::of_ledger`], and of reading the ledger.
    pub(in crate::pipeline) fn of_ledger(ledger: &Path, apply: &ApplyOptions, files: &Files) -> Result<Self> {
        let record = RunRecord::with_ledger_of(ledger, files)?;
        Ok(Self { record, rows: rows_of(ledger, apply)? })
    }

    /// How many rows are retried.
    pub(in crate::pipeline) fn n_rows(&self) -> u64 {
        self.rows.len() as u64
    }

    /// The dtypes that rows of the run have decided for these columns.
    pub(in crate::pipeline) fn decided<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Vec<Option<DataType>> {
        let of = |name: &str| self.record.columns.iter().find(|(column, _)| column == name)?.1.clone();
        names.map(of).collect()
    }

    /// Those that are in a range of rows of the input.
    pub(in crate::pipeline::stream) fn among(&self, rows: Range<u64>) -> &[Retried] {
        let behind = |row: u64| self.rows.partition_point(|retried| retried.row < row);
        &self.rows[behind(rows.start)..behind(rows.end)]
    }

    /// Whether a row is retried.
    pub(in crate::pipeline) fn contains(&self, row: u64) -> bool {
        self.rows.binary_search_by_key(&row, |retried| retried.row).is_ok()
    }

    /// Notes in faults of rows that have failed again that they have.
    pub(in crate::pipeline) fn count_attempts(&self, faults: &mut [Fault]) {
        for fault in faults {
            if let Ok(index) = self.rows.binary_search_by_key(&fault.row, |retried| retried.row) {
                fault.attempt = self.rows[index].attempt.saturating_add(1);
            }
        }
    }
}

/// The rows of a ledger, each once.
fn rows_of(ledger: &Path, apply: &ApplyOptions) -> Result<Vec<Retried>> {
    // A ledger of NDJSON without a row is a file without a byte, of which nothing tells the columns.
    if ledger.metadata().is_ok_and(|metadata| metadata.len() == 0) {
        return Ok(Vec::new());
    }
    let names: [PlSmallStr; 3] = ["row".into(), "in_output".into(), "attempt".into()];
    let dtypes = [DataType::UInt64, DataType::Boolean, DataType::UInt32];
    let read = ReadOptions::builder()
        .dtypes(names.iter().map(PlSmallStr::to_string).zip(dtypes))
        .columns(names.iter().map(PlSmallStr::to_string).collect::<Vec<_>>())
        .build()?;
    let sizes = Sizes::new(default_limit(), apply.n_threads(), None);
    let apply = apply.clone().with_policy(crate::fault::OnError::Fail);
    let recorder = std::sync::Arc::new(crate::report::Recorder::start());
    let mut sources = Sources::open(&[Input::from(ledger)], &read, sizes, false, &apply, &recorder)?;
    sources.look(&names, &apply)?;
    let schema = sources.schema(&names)?;
    let budget = Budget::new(sizes.in_flight);
    let mut jobs = sources.jobs(1, &budget, &names, None);
    let mut rows: Vec<Retried> = Vec::new();
    let not_a_ledger = || Error::malformed("ledger", "a row has no number").in_file(ledger);
    while let Some((job, _permit)) = jobs(&|| false)? {
        let frame = sources.read(&job, &names, &schema)?.frame;
        let [row, in_output, attempt] = names.clone().map(|name| frame.column(&name).cloned());
        let (row, in_output, attempt) =
            (row.map_err(Error::engine)?, in_output.map_err(Error::engine)?, attempt.map_err(Error::engine)?);
        let row = row.u64().map_err(Error::engine)?;
        let in_output = in_output.bool().map_err(Error::engine)?;
        let attempt = attempt.u32().map_err(Error::engine)?;
        for ((row, in_output), attempt) in row.iter().zip(in_output.iter()).zip(attempt.iter()) {
            let (Some(row), Some(in_output), Some(attempt)) = (row, in_output, attempt) else {
                return Err(not_a_ledger());
            };
            let fate = if in_output { RowFate::Kept } else { RowFate::LeftOut };
            match rows.last_mut() {
                Some(last) if last.row == row => last.attempt = last.attempt.max(attempt),
                Some(last) if last.row > row => return Err(not_a_ledger()),
                _ => rows.push(Retried { row, fate, attempt }),
            }
        }
    }
    Ok(rows)
}
