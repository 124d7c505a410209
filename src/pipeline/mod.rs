//! From inputs to an output in one call: [`Pipeline`] reads, keeps the rows that a condition holds for, runs a row function
//! over them, puts the new columns beside the old ones, and writes.
//!
//! Whoever uses it sees rows come in and go out, and never a whole table: how much of it is in memory at a time is the
//! pipeline's own affair. What a table is read from and written to is `table`'s, how chunks are run is `apply`'s.

mod columns;
mod destination;
mod filter;
mod memory;
mod run;
mod selection;
mod stream;
mod summary;
mod text_column;
mod work;

pub use columns::Keep;
pub use destination::{Destination, Preview};
pub use run::Pipeline;
pub use selection::ColumnSelection;
pub use summary::{RunSummary, StageTimes};
pub use work::Work;
