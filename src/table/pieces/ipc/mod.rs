//! Arrow IPC files and streams, record batch by record batch, and large batches in slices.
//!
//! ```text
//! message   the header of a batch: what it says, and whether that can be true of the bytes behind it
//! batch     a batch that is still to be decoded, and its pieces
//! untold    batches that the end of a file does not tell of
//! unpack    a packed batch that is too large to be unpacked whole
//! lengths   whether the buffers of a batch have the bytes that its arrays take
//! measure   how many bytes some rows of a batch have
//! slice     some rows of a batch, as a batch of their own
//! read      files and streams, and the rows of a piece
//! stream_place  where the bytes of a stream come from, and what may be behind its end
//! ```

mod batch;
mod lengths;
mod measure;
mod message;
mod read;
mod slice;
mod stream_place;
mod unpack;
mod untold;

pub(super) use batch::BatchRows;
pub(in crate::table) use read::{FileCutter, IpcPieces, StreamCutter, StreamPieces};
pub(in crate::table) use slice::width;
