//! Inputs that are read piece by piece, and outputs that are put together from pieces.
//!
//! ```text
//! buffers  bytes in memory that is used again
//! bytes    an input's bytes, unpacked, from front to back or by range, as often as wanted
//! held     the first bytes of what can be read once
//! open     an input of any format: what it holds, its pieces, and their rows
//! integers how wide columns of integers come
//! piece    some rows as they stand there (of CSV: `csv/cut.rs`, `csv/pieces.rs`)
//! parquet, ipc, ndjson; ndjson_flaws: lines that are wrong, passed over one by one
//! flaws    what is wrong with rows that a run goes on without
//! encode   frames to the text of their rows
//! output   text to its place
//! records  the records of a text file as they stand there
//! ```

mod buffers;
mod bytes;
mod encode;
mod flaws;
mod held;
mod integers;
mod ipc;
mod ndjson;
mod ndjson_flaws;
mod open;
mod output;
mod parquet;
mod piece;
mod records;

pub(crate) use super::csv::{PieceSizes, append_names, end_of_rows};
pub(crate) use super::csv::{Seen, Sighting, Sightings, Watch};
pub(in crate::table) use buffers::PADDING;
pub(crate) use buffers::{Buffer, Buffers};
pub(in crate::table) use bytes::{ByteSource, Unpacked, changed};
pub(crate) use encode::RowEncoder;
pub(crate) use flaws::{Flaw, ReadRows, Strictness};
pub(crate) use integers::Integers;
pub(in crate::table) use ipc::{IpcPieces, StreamPieces, width};
pub(crate) use open::{Findings, Look, OpenInput, OpenOptions, Trust};
pub(crate) use output::TextOutput;
pub(in crate::table) use parquet::ParquetPieces;
pub(crate) use piece::{GROWTH, Piece, PieceCutter, Place, TextPiece};
pub(crate) use records::RecordReader;

/// What is said of something that must be in memory whole, and has more than the `largest` bytes that may be.
fn too_large(what: &str, n_bytes: u64, largest: u64) -> crate::error::Error {
    // The largest row may have a quarter of the limit.
    let megabytes = n_bytes.saturating_mul(4).div_ceil(1_000_000);
    let message = format!("{what}, and {largest} fit; --memory-limit {megabytes}MB would do");
    crate::error::Error::too_large(message)
}
