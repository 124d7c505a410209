//! What is kept of the rows that fail: counts, the first ones, and the files that hold all of them.
//!
//! ```text
//! keeper    takes faults in the order of the rows, and ends the run when there are too many
//! ledger    all of them, in a file of any format
//! claimed   the files of a run that tell of its faults, opened before any row is read
//! record    what a run leaves beside its ledger, so that its rows can be retried
//! identity  whether a file is still the one that a run has seen
//! rejects   the text of the rows that could not be read
//! run_files the files of a run, and in which order they get their names
//! ```

mod claimed;
mod identity;
mod keeper;
mod ledger;
mod record;
mod rejects;
mod run_files;

pub(super) use claimed::ClaimedFiles;
pub(super) use identity::FileIdentity;
pub(super) use keeper::FaultKeeper;
pub(super) use record::refused;
pub use record::{CommandLine, RunRecord};
pub(super) use rejects::{Reject, RejectsFile};
pub(super) use run_files::RunFiles;
