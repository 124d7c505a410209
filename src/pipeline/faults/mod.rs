//! What is kept of the rows that fail: counts, the first ones, and the files that hold all of them.
//!
//! ```text
//! keeper    takes faults in the order of the rows, and ends the run when there are too many
//! ledger    all of them, in a file of any format
//! record    what a run leaves beside its ledger, so that its rows can be retried
//! identity  whether a file is still the one that a run has seen
//! rejects   the text of the rows that could not be read
//! run_files the files of a run, and in which order they get their names
//! ```

mod identity;
mod keeper;
mod ledger;
mod record;
mod rejects;
mod run_files;

pub(super) use identity::FileIdentity;
pub(super) use keeper::FaultKeeper;
pub(super) use ledger::LedgerFile;
pub use record::{CommandLine, RunRecord};
pub(super) use record::{RecordFile, refused};
pub(super) use rejects::{Reject, RejectsFile};
pub(super) use run_files::RunFiles;
