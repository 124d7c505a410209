//! Runs that go on where another one was broken off.
//!
//! ```text
//! options    what a person asks for, and what is said of a run that was broken off
//! identity   what must be the same for a run to go on: inputs, function, options, version
//! journal    the file beside the output: lines that are written and brought to the disk once what they speak of is there
//! point      a place in inputs and output at once
//! ```

mod identity;
mod journal;
mod options;
mod point;

pub(super) use identity::identity;
pub(super) use journal::{HASH, Journal, LeftOff, Line, n_rows_noted_of, open_anew};
pub use options::{Resume, Unfinished, unfinished};
pub(super) use point::{Before, Counted, InputPlace, Point, block_line, fault_line, reject_line};
