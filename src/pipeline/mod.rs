//! From inputs to an output in one call: [`Pipeline`] reads, keeps the rows that a condition holds for, runs a row function
//! over them, puts the new columns beside the old ones, and writes.
//!
//! Rows flow through it piece by piece, within a limit of memory, so the inputs may be larger than that; only functions of
//! whole columns ([`Work::columns`]) need them whole. What a table is read from and written to is `table`'s, how chunks are run is `apply`'s.

mod columns;
mod destination;
mod faults;
mod filter;
mod in_memory;
mod kept_rows;
mod known;
mod memory;
mod resume;
mod run;
mod selection;
mod stream;
mod summary;
mod text_column;
mod work;

pub use columns::Keep;
pub use destination::{Destination, Preview};
pub use faults::{CommandLine, RunRecord};
pub use resume::{Resume, Unfinished, unfinished};
pub use run::{Pipeline, RowOrder};
pub use selection::ColumnSelection;
pub use summary::{Passes, RunSummary, StageTimes};
pub use work::Work;
