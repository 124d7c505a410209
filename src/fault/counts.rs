//! How many rows failed, and of what.

use std::fmt;

use super::ledger::{Fault, RowFate};
use crate::error::RowFailure;

/// How many rows failed, and how many faults they have of each kind.
///
/// A row has one fault, save where several of its cells cannot be read, or several of its values fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    by_kind: [u64; RowFailure::ALL.len()],
    n_rows: u64,
    n_left_out: u64,
    last_row: Option<u64>,
}

impl FaultCounts {
    /// Counts the next fault, in the order of the rows.
    pub(crate) fn add(&mut self, fault: &Fault) {
        self.by_kind[fault.cause as usize] += 1;
        if self.last_row.replace(fault.row) != Some(fault.row) {
            self.n_rows += 1;
            self.n_left_out += u64::from(fault.fate == RowFate::LeftOut);
        }
    }

    /// How many faults are of this kind.
    pub fn of(&self, kind: RowFailure) -> u64 {
        self.by_kind[kind as usize]
    }

    /// How many faults there are of each kind that there is.
    pub fn iter(&self) -> impl Iterator<Item = (RowFailure, u64)> {
        RowFailure::ALL.into_iter().zip(self.by_kind).filter(|(_, count)| *count > 0)
    }

    /// How many rows failed.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// How many of them are not in the result.
    pub fn n_rows_left_out(&self) -> u64 {
        self.n_left_out
    }

    /// Whether no row failed.
    pub fn is_empty(&self) -> bool {
        self.n_rows == 0
    }
}

impl fmt::Display for FaultCounts {
    /// As in `2 parse, 1 error`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (kind, count)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{count} {}", kind.as_str())?;
        }
        Ok(())
    }
}

impl<'f> FromIterator<&'f Fault> for FaultCounts {
    /// Counts faults that are in the order of their rows.
    fn from_iter<I: IntoIterator<Item = &'f Fault>>(faults: I) -> Self {
        let mut counts = Self::default();
        faults.into_iter().for_each(|fault| counts.add(fault));
        counts
    }
}
