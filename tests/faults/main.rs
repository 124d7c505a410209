//! What disks, signals and kills do to a run: never is a wrong or partial file under the final name.

mod calls;
mod changing;
mod job_log;
mod ledger;
mod places;
mod resume;
mod resume_refused;
#[path = "../support/signalled.rs"]
mod signalled;
mod signals;
mod support;
mod two_runs;
