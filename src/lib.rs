//! Row functions over data frames, in parallel, in order, on every core.

// The derive macros speak of the crate by its name.
extern crate self as parrow;

mod apply;
mod error;
mod fault;
pub mod functions;
pub mod pipeline;
mod pool;
pub mod prelude;
mod progress;
pub mod row;
pub mod script;
pub mod table;

pub use apply::{
    Applied, ApplyOptions, ApplyOptionsBuilder, ConfiguredFrame, ParallelApply, Sharing, TableOf,
    apply_function,
};
pub use error::{Error, ErrorKind, Position, Result, RowFailure};
pub use fault::{Fault, Ledger, OnError};
pub use pool::cpu_count;
pub use progress::{CancellationToken, Progress};

pub use ::arrow;
pub use ::polars;
