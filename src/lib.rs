//! Row functions over data frames, in parallel, in order, on every core.
//!
//! A row function is a closure over the cells of a row. [`ParallelApply`] gives polars' `DataFrame` the methods that run
//! one over every row on every core, typed and null-aware, at the speed of a hand-written loop:
//!
//! ```
//! use parrow::polars::prelude::*;
//! use parrow::prelude::*;
//!
//! let frame = df!(
//!     "width" => [3.0, 5.0, 8.0],
//!     "height" => [Some(4.0), None, Some(15.0)],
//! )?;
//! let diagonal = frame.parallel_apply(("width", "height"), |w: f64, h: f64| w.hypot(h))?;
//! assert_eq!(diagonal.f64()?.to_vec(), [Some(5.0), None, Some(17.0)]);
//!
//! let inside = frame.parallel_apply_rows(|row| row.iter_as::<f64>().filter(|v| (4.0..=8.0).contains(v)).count())?;
//! assert_eq!(inside.u64()?.to_vec(), [Some(1), None, Some(1)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//! - **The bytes of the serial loop.** Any number of threads and any chunk size give the same result, in the order of the
//!   rows. The error reported is that of the lowest row.
//! - **Never run twice on a row.** The first chunks are timed, their results are kept, and cheap or tiny work stays on the
//!   calling thread.
//! - **Faults are rows.** An `Err` or a panic of the function is an error with its row, or, as [`OnError`] says, a null, a
//!   row left out, or an entry in a [`Ledger`].
//! - **Dtypes known before the first row**, from the function's Rust types, the same for any rows and for none.
//!
//! # Where things are
//! | | |
//! |---|---|
//! | [`ParallelApply`] | functions over rows, columns, values, chunks, groups and windows of a frame |
//! | [`ApplyOptions`] | threads, chunk size, policy for rows that fail, progress, cancellation |
//! | [`row`] | arguments, results, [`Row`](row::Row), and the chunk kernel that every row function becomes |
//! | [`Pool`] | any function over any items, waiting or not, in Python's words: [`pool`] |
//! | [`functions`] | the row functions that come with it |
//! | [`script`] | row functions written in SQL |
//! | [`worker`] | row functions in Python and other programs |
//! | [`table`] | CSV, Parquet, Arrow and NDJSON files; [`Matrix`](table::Matrix); exchange with arrow-rs |
//! | [`pipeline`] | a row function from files to a file |
//! | [`processes`] | independent programs in parallel |
//! | [`Files`] | the files that a run makes: none is left by a program that must end at once |
//! | [`report`] | what a run did with its time, and what holds it back |
//! | [`Error`] | what went wrong, and in which file, row, line and column |
//!
//! [`polars`] and [`arrow`] are re-exported: use them from here and versions never disagree.
//!
//! # Features
//! `cli` (on by default) builds the program `parrow`. A library user switches it off: `default-features = false`.

#![warn(unreachable_pub)]

// The derive macros speak of the crate by its name.
extern crate self as parrow;

mod apply;
mod error;
mod fault;
mod files;
pub mod functions;
pub mod pipeline;
pub mod pool;
pub mod prelude;
pub mod processes;
mod progress;
pub mod report;
pub mod row;
pub mod script;
pub mod table;
mod widest;
pub mod worker;

pub use apply::{
    Applied, ApplyOptions, ApplyOptionsBuilder, ConfiguredFrame, ParallelApply, Sharing, TableOf,
    apply_function,
};
pub use error::{Error, ErrorKind, Position, Result, RowFailure};
pub use fault::{Fault, FaultCounts, Ledger, OnError, RowFate};
pub use files::Files;
#[doc(hidden)]
pub use files::{Call, Trouble};
pub use pool::{AsyncResult, Imap, Panic, Pool, PoolBuilder, PoolError, PoolScope, StarFunction, cpu_count};
pub use progress::{CancellationToken, Progress, RunStatus};

pub use ::arrow;
pub use ::polars;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
