//! A Parquet file, row group by row group, and large row groups in slices.
//!
//! The bytes of a column are read when its rows are wanted and not before, and never mapped: a file that shrinks meanwhile is
//! an error. Decoding is the engine's; what it would take on trust is checked before: where pages lie, what they say that they
//! hold, and how large they say that they are when they are unpacked.
//!
//! ```text
//! nesting how the values of nested columns lie within each other
//! pages   the pages of a column chunk: where they lie, which rows they hold, and whether their headers can be true
//! leaves  nested columns leaf by leaf, and what comes of them put together
//! cut     row groups into slices, along the borders of pages
//! read    the rows of a slice
//! codes   the usual columns of numbers with a dictionary
//! unpacked the pages that these stand in
//! ```

mod codes;
mod cut;
mod leaves;
mod nesting;
mod pages;
mod read;
mod unpacked;

pub(super) use cut::{GroupCutter, GroupRows};
pub(in crate::table) use read::ParquetPieces;
