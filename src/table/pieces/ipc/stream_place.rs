//! Where the bytes of a stream come from, and what may be behind its end.

use std::io::Write;

use crate::error::{Error, Result};
use crate::files::Files;

use super::super::super::format::Format;
use super::super::super::ipc::STREAM;
use super::super::bytes::{ByteSource, Unpacked};
use super::message::{Message, MessageKind, cut};

/// Where a stream is read.
pub(super) enum StreamPlace {
    /// In bytes that lie somewhere.
    Positions { source: ByteSource, next: u64, len: u64 },
    /// In bytes that come one after the other.
    Forward { stream: Box<Unpacked>, next: u64 },
}

impl StreamPlace {
    /// The next bytes, up to so many.
    pub(super) fn take(&mut self, n_bytes: usize) -> Result<Vec<u8>> {
        match self {
            Self::Positions { source, next, .. } => {
                let bytes = source.range(*next..next.saturating_add(n_bytes as u64))?;
                *next += bytes.len() as u64;
                Ok(bytes)
            }
            Self::Forward { stream, next } => {
                let mut bytes = Vec::new();
                stream.fill(&mut bytes, n_bytes)?;
                *next += bytes.len() as u64;
                Ok(bytes)
            }
        }
    }

    /// Goes behind a body; gives where it lies: where the stream lies, or in memory, or in a temporary file.
    pub(super) fn body(&mut self, body_len: u64, largest: usize, files: &Files) -> Result<(ByteSource, u64)> {
        match self {
            Self::Positions { source, next, len } => {
                let start = *next;
                source.passed(start);
                *next = start.checked_add(body_len).filter(|end| end <= len).ok_or_else(|| cut(STREAM))?;
                Ok((source.share()?, start))
            }
            Self::Forward { stream, next } if body_len <= largest as u64 => {
                *next += body_len;
                let mut body = Vec::new();
                stream.fill(&mut body, body_len as usize)?;
                match body.len() as u64 == body_len {
                    true => Ok((ByteSource::memory(body, Format::IpcStream), 0)),
                    false => Err(cut(STREAM)),
                }
            }
            Self::Forward { stream, next } => {
                *next += body_len;
                const BLOCK_BYTES: u64 = 1 << 20;
                let store_error = |error| Error::io("keep the input in a temporary file", error);
                let mut file = files.unnamed().map_err(store_error)?;
                let mut left = body_len;
                while left > 0 {
                    let mut block = Vec::new();
                    stream.fill(&mut block, left.min(BLOCK_BYTES) as usize)?;
                    if block.is_empty() {
                        return Err(cut(STREAM));
                    }
                    file.write_all(&block).map_err(store_error)?;
                    left -= block.len() as u64;
                }
                Ok((ByteSource::file(file.into_file(), body_len, Format::IpcStream), 0))
            }
        }
    }

    /// Says what stands behind the mark that ends the stream, which is behind us: a length that has become zero looks like that mark,
    /// and what follows would be rows that nobody misses.
    pub(super) fn check_end(&mut self) -> Result<()> {
        /// The mark of old writers has half of these.
        const ALIGNED: u64 = 8;
        let filling = (self.next().next_multiple_of(ALIGNED) - self.next()) as usize;
        if self.take(filling)?.iter().any(|byte| *byte != 0) {
            return Err(behind(self.next() - filling as u64));
        }
        let begin = self.next();
        let mut is_empty = true;
        let message = Message::read(STREAM, &mut |n_bytes| {
            let bytes = self.take(n_bytes)?;
            is_empty &= bytes.is_empty();
            Ok(bytes)
        });
        match message {
            _ if is_empty => Ok(()),
            Ok(Some(message)) if message.kind == MessageKind::Schema => {
                let message = format!(
                    "another stream begins at byte {begin}, behind its end mark; give each its own file"
                );
                Err(Error::malformed(STREAM, message))
            }
            _ => Err(behind(begin)),
        }
    }

    fn next(&self) -> u64 {
        match self {
            Self::Positions { next, .. } | Self::Forward { next, .. } => *next,
        }
    }
}

fn behind(byte: u64) -> Error {
    let message = format!(
        "more bytes follow its end mark, at byte {byte}; either the mark is the damaged length of a message, or they do not belong to it"
    );
    Error::malformed(STREAM, message)
}
