//! A packed batch that is too large to be unpacked whole: its buffers are unpacked one behind the other, a few bytes at a time,
//! into a file without a name that its rows are then read from.

use std::io::{self, BufWriter, Read, Write};

use crate::error::{Error, Result};

use super::super::bytes::{ByteSource, changed};
use super::message::{BatchLayout, Packing};

/// The buffers of a packed batch.
pub(super) struct Packed<'b> {
    pub(super) format: &'static str,
    pub(super) packing: Packing,
    pub(super) layout: &'b BatchLayout,
    pub(super) body: &'b ByteSource,
    /// Where the buffers begin there.
    pub(super) start: u64,
}

/// The same buffers, unpacked.
pub(super) struct Unpacked {
    /// Where each begins, and its length.
    pub(super) buffers: Vec<(u64, u64)>,
    pub(super) body: ByteSource,
}

/// Unpacks the buffers that are wanted; the others have no bytes then.
pub(super) fn unpacked(packed: Packed<'_>, is_wanted: &[bool], in_memory: bool) -> Result<Unpacked> {
    if in_memory {
        let mut body = Vec::new();
        let buffers = packed.unpack(is_wanted, &mut body)?;
        return Ok(Unpacked { buffers, body: ByteSource::memory(body, packed.body.format) });
    }
    let mut file = BufWriter::with_capacity(BLOCK_BYTES, packed.body.files().unnamed().map_err(stored)?);
    let buffers = packed.unpack(is_wanted, &mut file)?;
    let file = file.into_inner().map_err(|error| stored(error.into_error()))?;
    let len = buffers.last().map_or(0, |(start, length)| (start + length).next_multiple_of(ALIGNMENT));
    Ok(Unpacked { buffers, body: ByteSource::file(file.into_file(), len, packed.body.format) })
}

/// How many bytes are unpacked at a time.
const BLOCK_BYTES: usize = 256 << 10;

/// What the first byte of a buffer is a multiple of.
const ALIGNMENT: u64 = 64;

/// How many bytes tell before a buffer how many it has unpacked.
const LENGTH_BYTES: u64 = 8;

impl Packed<'_> {
    fn unpack(&self, is_wanted: &[bool], into: &mut dyn Write) -> Result<Vec<(u64, u64)>> {
        let mut buffers = Vec::with_capacity(self.layout.buffers.len());
        let mut position = 0_u64;
        for (index, (place, length)) in self.layout.buffers.iter().enumerate() {
            let n_bytes = self.layout.unpacked.get(index).copied().unwrap_or_default();
            if is_wanted.get(index) != Some(&true) || *length < LENGTH_BYTES || n_bytes == 0 {
                buffers.push((position, 0));
                continue;
            }
            self.buffer(self.start + place, *length, n_bytes, into)?;
            let padding = n_bytes.next_multiple_of(ALIGNMENT) - n_bytes;
            into.write_all(&[0; ALIGNMENT as usize][..padding as usize]).map_err(stored)?;
            buffers.push((position, n_bytes));
            position += n_bytes + padding;
        }
        Ok(buffers)
    }

    fn buffer(&self, start: u64, length: u64, n_bytes: u64, into: &mut dyn Write) -> Result<()> {
        let told = self.body.range(start..start + LENGTH_BYTES)?;
        let is_plain = told == (-1_i64).to_le_bytes();
        let bytes = self.body.stream_from(start + LENGTH_BYTES)?.take(length - LENGTH_BYTES);
        let corrupt =
            |error: io::Error| Error::malformed(self.format, format!("a packed buffer is corrupt: {error}"));
        let mut bytes: Box<dyn Read> = match self.packing {
            _ if is_plain => Box::new(bytes),
            Packing::Lz4 => Box::new(lz4::Decoder::new(bytes).map_err(corrupt)?),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(bytes).map_err(corrupt)?),
        };
        let mut block = vec![0; BLOCK_BYTES];
        let mut left = n_bytes;
        while left > 0 {
            let wanted = left.min(BLOCK_BYTES as u64) as usize;
            let n_read = bytes.read(&mut block[..wanted]).map_err(corrupt)?;
            if n_read == 0 && is_plain {
                return Err(changed());
            }
            if n_read == 0 {
                let message =
                    format!("a packed buffer says that it has {n_bytes} bytes, and has {}", n_bytes - left);
                return Err(Error::malformed(self.format, message));
            }
            into.write_all(&block[..n_read]).map_err(stored)?;
            left -= n_read as u64;
        }
        Ok(())
    }
}

fn stored(error: io::Error) -> Error {
    Error::io("keep what is unpacked in a temporary file", error)
}
