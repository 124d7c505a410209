//! Row functions in other processes: a [`Worker`] is a Python function, or any program, as a row function.
//!
//! ```no_run
//! use parrow::polars::prelude::*;
//! use parrow::worker::Worker;
//! use parrow::{ApplyOptions, apply_function};
//!
//! # let frame = df!("a" => [7], "b" => [6])?;
//! // def howmany_within_range(row, minimum, maximum): return sum(minimum <= x <= maximum for x in row)
//! let count = Worker::python("f.py", "howmany_within_range").argument("minimum", 4).argument("maximum", 8).build()?;
//! let applied = apply_function(&frame, &count, &ApplyOptions::default())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//! - **A row's fault is the row's.** An exception of a Python function is a fault of its row, with the traceback. A worker that
//!   dies, takes too long ([`chunk_timeout`](WorkerBuilder::chunk_timeout)), closes its output, or answers what cannot be read,
//!   is ended; its chunk is given to a fresh one ([`retries`](WorkerBuilder::retries)), then halved until the row is known that
//!   no worker survives. That row is a fault, and all others are kept. A row may therefore be run more than once. A program that
//!   wrote more results than it was given rows ends the run: some may have been taken for those of other rows.
//! - **No wait without an end**, and none that cancellation does not end.
//! - **No worker is left behind.** Each is a process group of its own. What is left of it when the run ends is killed, and on
//!   Unix also when the calling process itself is killed.
//! - **Bounded memory.** A worker has one chunk at a time; what it writes is read as fast as it is wanted. An answer to a chunk
//!   is 256 MiB at most. Standard error is read all the time, and a few lines of it are kept.
//!
//! # Python
//! The function gets the cells of a row by the names of its parameters, or as [`RowsAs`] says, as `None`, `bool`, `int`, `float`,
//! `str`, `bytes`, `date`, `time`, `datetime`, `timedelta`, `Decimal`, `list` or `dict`; times are cut to microseconds. It returns
//! one of these (no `dict`), a number of numpy, or for several columns a tuple or a dict of them. `None` is null. Decimals have the
//! digits behind the point that the lowest row has. What it prints goes to standard error.
//!
//! The standard library is all that this needs. Functions of whole batches need pyarrow, and pandas or polars where they are given
//! those.
//!
//! # Any program
//! A program reads chunks of rows on standard input, writes a result for each row to standard output, and ends when its input
//! ends. The formats are those of [`Protocol`]; the project's `docs/worker-protocol.md` is the whole of it.
//!
//! # What it leaves to others
//! How many workers there are, and how many rows a chunk has, is for those who run kernels. Independent programs that answer to
//! no rows are run by [`processes`](crate::processes).

mod arrow;
mod builder;
mod column_answer;
mod columns;
mod csv;
mod failure;
mod guard;
mod json;
mod json_text;
mod kernel;
mod last_words;
mod lines;
mod ndjson;
mod process;
mod program;
mod protocol;
mod rows_as;
mod signature;
mod wait;
mod worker;
mod workers;

pub use builder::WorkerBuilder;
pub use protocol::Protocol;
pub use rows_as::RowsAs;
pub use worker::Worker;
