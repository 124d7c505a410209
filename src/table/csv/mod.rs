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
//! cut       a file that is not in memory → pieces that end between two records
//! marks     what is to be known of the bytes of a piece, in one pass
//! masks     where some bytes stand among 64
//! pieces    a file read piece by piece: first what it holds, then its rows
//! evidence  what the cells of some columns look like
//! lenient   rows that are wrong, passed over one by one
//! plain     numbers out of rows without quotation marks, in one pass
//! place     a cell that is wrong → an error with its line
//! numbers   which cell made a column text
//! number_text  columns of numbers as the text of cells
//! lines     rows → the lines that they start on, by the `csv` crate
//! ```

mod build;
mod chunk;
mod cut;
mod dialect;
mod evidence;
mod infer;
mod kind;
mod lenient;
mod lines;
mod marks;
mod masks;
mod number_text;
mod numbers;
mod pieces;
mod place;
mod plain;
mod read;
mod rows;
mod scan;
pub(super) mod value;
mod verbatim;
mod write;

pub(super) use build::{ColumnBuilder, builder};
pub(crate) use cut::PieceSizes;
pub(super) use cut::{Cutter, complete_record_end};
pub(super) use dialect::Dialect;
pub(super) use lines::{line_index, lines_of_rows};
pub(super) use number_text::NumberText;
pub(crate) use numbers::{TextAmongNumbers, TextSearch};
pub(super) use pieces::{CsvFindings, CsvLook, CsvPieces};
pub(crate) use pieces::{Seen, Sighting, Sightings, Watch};
pub(crate) use place::shell_word;
pub(super) use read::{describe, read};
pub(crate) use verbatim::{append_names, end_of_rows};
pub(crate) use write::to_csv;
pub(super) use write::{CsvWriter, Threads, header};
