//! What a run did with its time: [`Report`], and [`Limit`], the one thing that holds it back.
//!
//! Times are taken per piece and chunk, never per row, so a run with them is no slower than one without. What takes time to
//! find out, the speed of memory and files, is measured by [`Machine`] and only when somebody asks.
//!
//! ```text
//! stage     the stages of a run, and how long each was at work
//! flow      source, workers and sink: how long each worked and waited, piece by piece
//! recorder  what a run notes on its way
//! report    all of it, and what follows from it
//! limit     the rules that name what holds a run back
//! machine   how fast memory and files are here
//! system    what the operating system counts
//! text      a report for people
//! ```
//!
//! Whoever runs things notes here what they take; this module knows nothing of rows, files or pools.

mod flow;
mod limit;
mod machine;
mod recorder;
mod report;
mod stage;
mod system;
mod text;

pub use flow::{Flow, PieceCost, ThreadUse};
pub(crate) use flow::{FlowClock, ThreadClock, waiting};
pub use limit::Limit;
pub use machine::Machine;
pub(crate) use recorder::Recorder;
pub use report::{ChunkPlan, InputKind, OutputKind, Report, RowPath};
pub use stage::{Stage, StageUse};
pub(crate) use system::peak_memory;
pub use text::{bytes_text, duration_text, rate_text};
