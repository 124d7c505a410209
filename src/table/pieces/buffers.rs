//! Bytes in buffers that are used again.
//!
//! Memory that comes fresh from the system costs more to touch first than to read or to write once: a run that takes a new
//! buffer for each piece spends a third of its time on that.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes may be read, and mean nothing, behind those that a buffer holds.
pub(in crate::table) const PADDING: usize = 64;

/// Larger buffers than this are not kept.
const LARGEST_KEPT: usize = 8 << 20;

/// How many buffers are kept: more than are ever in use on a machine of some dozen cores.
const MOST_KEPT: usize = 256;

/// How many bytes are kept in all of them. While they are in use they count within the limit of memory, and then no more.
const MOST_BYTES_KEPT: usize = 64 << 20;

/// Buffers that have been given back, for whoever needs one. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// An empty buffer.
    pub(crate) fn take(&self) -> Buffer {
        let room = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Buffer { room: room.unwrap_or_default(), len: 0, home: Some(self.clone()) }
    }
}

/// Some bytes, and behind them room that has been written to before. When it is dropped, it is given back.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// All of it, the bytes first.
    room: Vec<u8>,
    len: usize,
    home: Option<Buffers>,
}

impl Buffer {
    /// Room for so many more bytes, and [`PADDING`] behind them.
    pub(in crate::table) fn room(&mut self, n_bytes: usize) -> &mut [u8] {
        let wanted = self.len + n_bytes + PADDING;
        if self.room.len() < wanted {
            self.room.resize(wanted, 0);
        }
        &mut self.room[self.len..]
    }

    /// Takes so many bytes in that have been written to the [`room`](Self::room).
    pub(in crate::table) fn add(&mut self, n_bytes: usize) {
        self.len += n_bytes;
        debug_assert!(self.len <= self.room.len());
    }

    /// Adds bytes.
    pub(in crate::table) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.add(bytes.len());
    }

    /// Takes the first `n_bytes` away.
    pub(in crate::table) fn drop_front(&mut self, n_bytes: usize) {
        self.room.copy_within(n_bytes..self.len, 0);
        self.len -= n_bytes;
    }

    /// Keeps the first `n_bytes` at most.
    pub(crate) fn truncate(&mut self, n_bytes: usize) {
        self.len = self.len.min(n_bytes);
    }

    /// The memory that it takes, with the room that is not used.
    pub(crate) fn n_bytes_held(&self) -> usize {
        self.room.capacity()
    }

    /// The bytes, and at least [`PADDING`] others behind them.
    pub(in crate::table) fn padded(&self) -> &[u8] {
        &self.room
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.room[..self.len]
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        let mut buffer = Self { room: bytes, len, home: None };
        buffer.room(0);
        buffer
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(Buffers(home)) = self.home.take() else { return };
        if self.room.len() > LARGEST_KEPT {
            return;
        }
        let mut kept = home.lock().unwrap_or_else(PoisonError::into_inner);
        let n_bytes: usize = kept.iter().map(Vec::capacity).sum();
        if kept.len() < MOST_KEPT && n_bytes + self.room.capacity() <= MOST_BYTES_KEPT {
            kept.push(std::mem::take(&mut self.room));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_empty_again_and_keeps_its_room() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take();
        buffer.extend_from_slice(b"0123456789");
        buffer.drop_front(3);
        buffer.truncate(5);
        assert_eq!(&buffer[..], b"34567");
        assert!(buffer.padded().len() >= 5 + PADDING);
        drop(buffer);
        let mut again = buffers.take();
        assert!(again.is_empty() && again.padded().len() >= 10 + PADDING);
        again.room(2)[..2].copy_from_slice(b"ab");
        again.add(2);
        assert_eq!(&again[..], b"ab");
        let other = buffers.take();
        assert!(other.padded().is_empty(), "the one that is in use is not given out");
    }

    #[test]
    fn bytes_of_others_are_padded_too() {
        let buffer = Buffer::from(b"abc".to_vec());
        assert_eq!(&buffer[..], b"abc");
        assert!(buffer.padded().len() >= 3 + PADDING);
    }
}
