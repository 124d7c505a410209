//! Rows that failed in an earlier run, once more: only they go through the function, and the output is patched.
//!
//! ```text
//! plan      which rows, and what is known of them
//! ops       what becomes of the rows of a piece: copied from the old output, replaced, or put in
//! old_rows  the rows of the old output, from front to back
//! patch     old rows and new ones, in order, into a new output
//! ```

mod old_rows;
mod ops;
mod patch;
mod plan;

pub(super) use old_rows::OldRows;
pub(super) use ops::Ops;
pub(super) use patch::{patch_frame, patch_text};
pub(super) use plan::Retried;
pub(in crate::pipeline) use plan::RetryPlan;
