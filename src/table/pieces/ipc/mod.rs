//! Arrow IPC files and streams, record batch by record batch, and large batches in slices.
//!
//! ```text
//! message   the header of a batch: what it says, and whether that can be true of the bytes behind it
//! batch     a batch that is still to be decoded, and its pieces
//! slice     some rows of a batch, as a batch of their own
//! read      files and streams, and the rows of a piece
//! ```

mod batch;
mod message;
mod read;
mod slice;

pub(super) use batch::BatchRows;
pub(in crate::table) use read::{FileCutter, IpcPieces, StreamCutter, StreamPieces};
