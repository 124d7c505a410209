//! What is kept of the rows that fail: counts, the first ones, and the files that hold all of them.
//!
//! ```text
//! keeper    takes faults in the order of the rows, and ends the run when there are too many
//! ledger    all of them, in a file of any format
//! rejects   the text of the rows that could not be read
//! ```

mod keeper;
mod ledger;
mod rejects;

pub(super) use keeper::FaultKeeper;
pub(super) use ledger::LedgerFile;
pub(super) use rejects::{Reject, RejectsFile};
