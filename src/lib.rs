//! Row functions over data frames, in parallel, in order, on every core.

mod error;
pub mod table;

pub use error::{Error, ErrorKind, Position, Result, RowFailure};

pub use ::arrow;
pub use ::polars;
