//! Packed text that can be gone on with: in members, each of which is packed by itself.
//!
//! A member holds a fixed number of bytes of text, so that the packed bytes are the same wherever a run was broken off. `zcat`,
//! `zstd` and the readers here take the members of a file for one text.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use super::format::Compression;
use super::output::Sink;

/// How many bytes of text make a member.
const MEMBER_BYTES: usize = 1 << 20;

/// Packs text in members.
pub(super) struct Members {
    sink: Sink,
    compression: Compression,
    /// The text of the member that is not yet full.
    text: Vec<u8>,
    member_bytes: usize,
    /// How many bytes of text are in the members that are written.
    n_done: u64,
}

impl Members {
    /// Goes on behind members that hold so many bytes of text.
    pub(super) fn new(
        sink: Sink,
        compression: Compression,
        member_bytes: Option<usize>,
        n_done: u64,
    ) -> Self {
        let member_bytes = member_bytes.unwrap_or(MEMBER_BYTES);
        Self { sink, compression, text: Vec::new(), member_bytes, n_done }
    }

    /// How many bytes of text are in the members that are written.
    pub(super) fn n_done(&self) -> u64 {
        self.n_done
    }

    pub(super) fn sink(&mut self) -> &mut Sink {
        &mut self.sink
    }

    pub(super) fn finish(mut self) -> io::Result<Sink> {
        if !self.text.is_empty() || self.n_done == 0 {
            self.write_member(self.text.len())?;
        }
        Ok(self.sink)
    }

    fn write_member(&mut self, n_bytes: usize) -> io::Result<()> {
        let text = &self.text[..n_bytes];
        match self.compression {
            Compression::None => self.sink.write_all(text)?,
            Compression::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(text)?;
                self.sink.write_all(&encoder.finish()?)?;
            }
            Compression::Zstd => {
                self.sink.write_all(&zstd::encode_all(text, zstd::DEFAULT_COMPRESSION_LEVEL)?)?;
            }
        }
        self.text.drain(..n_bytes);
        self.n_done += n_bytes as u64;
        Ok(())
    }
}

impl Write for Members {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_bytes = bytes.len().min(self.member_bytes - self.text.len());
        self.text.extend_from_slice(&bytes[..n_bytes]);
        if self.text.len() == self.member_bytes {
            self.write_member(self.member_bytes)?;
        }
        Ok(n_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
