//! What rows live in: formats, readers, writers, [`Matrix`] and the exchange with arrow-rs.
//!
//! [`read`] turns one or many files into a [`Table`]: a Polars `DataFrame` that still knows which file, and for text files
//! which line, each of its rows came from. [`write()`] and [`TableWriter`] put a frame into a file that appears under its
//! final name whole or not at all. [`describe`] says what a file holds, and what was guessed about it.
//!
//! A corrupt file is an [`Error`](crate::Error) and never a panic: every call into the engine's decoders is contained. The
//! decoders' panics still pass the process's panic hook; a program that owns the hook asks [`is_contained`] to stay quiet.
//!
//! Left to others: which rows to compute (`apply`), and files larger than memory (`pipeline`).

mod arrow_exchange;
mod border;
mod canonical;
mod cast;
mod contain;
mod csv;
mod describe;
mod dtype;
mod even;
mod file_schema;
mod format;
mod gathered;
mod gzip;
mod input;
mod ipc;
mod ipc_blocks;
mod join;
mod line_index;
mod list;
mod load;
mod matrix;
mod members;
mod ndjson;
mod ndjson_line;
mod output;
mod own;
mod parquet;
pub(crate) mod pieces;
mod position;
mod read;
mod read_options;
mod row_bytes;
mod text;
mod whole;
mod write_options;
mod writer;

pub(crate) use border::Border;
pub(crate) use cast::lossless_cast;
pub(crate) use csv::{TextAmongNumbers, TextSearch, shell_word, to_csv};
pub(crate) use ipc::read_stream as read_ipc_stream;
pub(crate) use join::{cast_to_joined, join_schemas};
pub(crate) use output::{Sink, end_of_links};
pub(crate) use own::held_bytes;
pub(crate) use parquet::{Beside, CopiedColumns, EncodeAhead};
pub(crate) use text::{check_has_text, push_quoted, push_value};
pub(crate) use whole::Whole;

pub use arrow_exchange::{from_record_batches, to_record_batch, to_record_batches};
pub use contain::is_contained;
pub use describe::{ColumnInference, FileDescription, RowGroup, TextDescription, describe, read_schema};
pub use dtype::{dtype_name, parse_dtype};
pub use format::{Compression, Format};
pub use input::Input;
pub use list::parse_list_column;
pub use matrix::{Matrix, MatrixElement, MatrixOptions};
pub use output::Output;
pub use position::{SourceInfo, Table};
pub use read::read;
pub use read_options::{Header, ReadOptions, ReadOptionsBuilder};
pub use write_options::{WriteOptions, WriteOptionsBuilder};
pub use writer::{TableWriter, WriteSummary, write};
