//! Rows from inputs that need not fit into memory, piece by piece.
//!
//! ```text
//! sources   opens the inputs, and looks through them where the first rows do not tell the dtypes
//! plan      which columns are read, what is bound to them, and how the rows are written
//! morsel    one piece: read, filtered, through the function, turned into text
//! checkpoints  when a point is noted that another run can go on from
//! kept      which rows of a piece are written if nothing goes wrong, and which the function is called with
//! receiver  what is done is put together in order: text, blocks of rows, or the first and last rows
//! retry     rows that failed in an earlier run, once more
//! run       all of it
//! ```

mod checkpoints;
mod kept;
mod morsel;
mod once;
mod plan;
mod receiver;
mod retry;
mod run;
mod sources;
mod text_among_numbers;

pub(super) use retry::RetryPlan;
pub(super) use run::{Opened, run_streamed};
