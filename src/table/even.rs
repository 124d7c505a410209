//! Bytes in parts of one size, whatever sizes they come in.

use std::io::{self, Write};

/// What a part has.
const PART_BYTES: usize = 1 << 15;

/// Hands bytes on in parts of one size: what deflate makes of a text hangs on the parts that it is given.
pub(super) struct Even<W> {
    inner: W,
    part: Vec<u8>,
}

impl<W: Write> Even<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, part: Vec::with_capacity(PART_BYTES) }
    }

    /// Hands the rest on.
    pub(super) fn into_inner(mut self) -> io::Result<W> {
        self.inner.write_all(&self.part)?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Even<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_taken = bytes.len().min(PART_BYTES - self.part.len());
        self.part.extend_from_slice(&bytes[..n_taken]);
        if self.part.len() == PART_BYTES {
            self.inner.write_all(&self.part)?;
            self.part.clear();
        }
        Ok(n_taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_text_is_the_same_whatever_it_is_written_in() {
        let text: String = (0..20_000).map(|n| format!("{n},{}\n", n * 7 % 13)).collect();
        let pack = |n_bytes: usize| {
            let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            let mut even = Even::new(encoder);
            text.as_bytes().chunks(n_bytes).for_each(|bytes| even.write_all(bytes).unwrap());
            even.into_inner().unwrap().finish().unwrap()
        };
        let whole = pack(text.len());
        for n_bytes in [1, 7, 4_096, PART_BYTES, PART_BYTES + 1] {
            assert!(pack(n_bytes) == whole, "{n_bytes}");
        }
    }
}
