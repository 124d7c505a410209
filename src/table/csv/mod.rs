//! CSV and TSV, read exactly: what the text says, or an error that names the place.
//!
//! The README in this folder says why the reader is our own, and what each of the silent habits of other readers became.
//!
//! ```text
//! dialect   which byte delimits, is there a header        (once a file)
//! scan      bytes → records → cells                       (the only place that knows quotes and line ends)
//! kind      what a cell looks like: integer, date, …      (on the sample, and where a guess broke)
//! infer     kinds of a column → its dtype, or an error
//! value     text → value, a function a dtype
//! build     cells → a column chunk
//! read      all of it, in parallel chunks
//! place     a cell that is wrong → an error with its line
//! numbers   which cell made a column text
//! lines     rows → the lines that they start on, by the `csv` crate
//! ```

mod build;
mod chunk;
mod dialect;
mod infer;
mod kind;
mod lines;
mod numbers;
mod place;
mod read;
mod rows;
mod scan;
pub(super) mod value;
mod write;

pub(super) use build::{ColumnBuilder, builder};
pub(super) use dialect::Dialect;
pub(super) use lines::{line_index, lines_of_rows};
pub(crate) use numbers::TextAmongNumbers;
pub(crate) use place::shell_word;
pub(super) use read::{describe, read};
pub(super) use write::CsvWriter;
pub(crate) use write::to_csv;
