//! Takes faults in the order of the rows.

use super::super::run::LOCATED_FAILURES;
use super::ledger::LedgerFile;
use super::rejects::{Reject, RejectsFile};
use super::run_files::RunFiles;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::{Fault, FaultCounts};

/// Takes faults in the order of the rows: counts them, keeps the first ones, and writes all of them into the files that are
/// wanted. What it holds in memory does not grow with their number.
#[derive(Default)]
pub(in crate::pipeline) struct FaultKeeper {
    pub(in crate::pipeline) ledger: Option<LedgerFile>,
    pub(in crate::pipeline) rejects: Option<RejectsFile>,
    /// How many rows may fail.
    pub(in crate::pipeline) max_errors: Option<u64>,
    pub(in crate::pipeline) counts: FaultCounts,
    /// The first faults as errors, with their places.
    pub(in crate::pipeline) first: Vec<Error>,
}

impl FaultKeeper {
    /// Takes the next faults, and the text of those rows among them that could not be read.
    ///
    /// # Errors
    /// [`TooManyFaults`](ErrorKind::TooManyFaults) at the first row that is one too many. The files hold all faults up to it
    /// then, and are there: they tell what is wrong with the input.
    pub(in crate::pipeline) fn take(&mut self, faults: Vec<Fault>, rejects: Vec<Reject>) -> Result<()> {
        let mut excess: Option<Error> = None;
        let mut last_row = u64::MAX;
        for fault in faults {
            if excess.is_some() && fault.row != last_row {
                break;
            }
            last_row = fault.row;
            self.counts.add(&fault);
            if excess.is_none() && self.max_errors.is_some_and(|most| self.counts.n_rows() > most) {
                excess = Some(fault.to_error());
            }
            if self.first.len() < LOCATED_FAILURES {
                self.first.push(fault.to_error());
            }
            if let Some(ledger) = &mut self.ledger {
                ledger.add(fault)?;
            }
        }
        if let Some(file) = &mut self.rejects {
            let counted = |reject: &&Reject| excess.is_none() || reject.0 <= last_row;
            rejects.iter().take_while(counted).try_for_each(|(_, text)| file.add(text))?;
        }
        match excess {
            None => Ok(()),
            Some(error) => {
                self.close()?.appear()?;
                Err(self.too_many(error))
            }
        }
    }

    /// Brings what the files hold to the disk.
    pub(in crate::pipeline) fn close(&mut self) -> Result<RunFiles> {
        Ok(RunFiles {
            rejects: self.rejects.take().map(RejectsFile::close).transpose()?,
            ledger: self.ledger.take().map(LedgerFile::close).transpose()?,
            ..RunFiles::default()
        })
    }

    fn too_many(&self, error: Error) -> Error {
        let limit = self.max_errors.unwrap_or_default();
        error.with_kind(|kind| {
            let message = match kind {
                ErrorKind::Row { message, .. } => message,
                kind => kind.to_string(),
            };
            ErrorKind::TooManyFaults { limit, message }
        })
    }
}
