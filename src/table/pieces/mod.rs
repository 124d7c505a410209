//! Inputs that are read piece by piece, and outputs that are put together from pieces.

mod bytes;
mod encode;
mod frame;
mod open;
mod output;
mod parquet;
mod piece;

pub(crate) use super::csv::{PieceSizes, append_names, end_of_rows};
pub(in crate::table) use bytes::{ByteSource, Unpacked, changed};
pub(crate) use encode::RowEncoder;
pub(crate) use open::{GROWTH, Look, OpenInput, OpenOptions, Piece, PieceCutter};
pub(crate) use output::TextOutput;
pub(crate) use piece::TextPiece;
