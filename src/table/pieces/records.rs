//! The records of a text file as they stand there, from front to back.

use crate::error::{Error, Result};

use super::super::csv::complete_record_end;
use super::super::format::Format;
use super::super::input::Input;
use super::super::read_options::ReadOptions;
use super::bytes::{ByteSource, Unpacked};

/// Reads records in the order of a file.
pub(crate) struct RecordReader {
    input: Input,
    stream: Unpacked,
    delimiter: u8,
    bytes: Vec<u8>,
    position: usize,
    is_read: bool,
}

/// How many bytes are read at a time.
const BLOCK_BYTES: usize = 1 << 20;

impl RecordReader {
    /// Opens a file whose records have cells between such bytes.
    pub(crate) fn open(input: &Input, format: Format, delimiter: u8) -> Result<Self> {
        let options = ReadOptions::builder().format(format).build()?;
        let open = || ByteSource::open(input, &options, BLOCK_BYTES)?.stream();
        let stream = open().map_err(|error: Error| error.in_file(input.label()))?;
        Ok(Self { input: input.clone(), stream, delimiter, bytes: Vec::new(), position: 0, is_read: false })
    }

    /// Passes the bytes that a file begins with; `false` where it begins with others.
    pub(crate) fn pass(&mut self, start: &[u8]) -> Result<bool> {
        while !self.is_read && self.bytes.len() - self.position < start.len() {
            self.read_more()?;
        }
        let begins = self.bytes[self.position..].starts_with(start);
        self.position += if begins { start.len() } else { 0 };
        Ok(begins)
    }

    /// Visits the bytes of the next `n_records` records.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where there are fewer.
    pub(crate) fn take(
        &mut self,
        mut n_records: u64,
        mut visit: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        while n_records > 0 {
            let start = self.position;
            while n_records > 0
                && let Some(end) = complete_record_end(&self.bytes, self.position, self.delimiter)
            {
                self.position = end;
                n_records -= 1;
            }
            if n_records > 0 && self.is_read && self.position < self.bytes.len() {
                self.position = self.bytes.len();
                n_records -= 1;
            }
            visit(&self.bytes[start..self.position])?;
            if n_records > 0 && self.is_read {
                let message = format!("{n_records} rows are missing at its end");
                return Err(Error::malformed("text", message).in_file(self.input.label()));
            }
            if n_records > 0 {
                self.read_more()?;
            }
        }
        Ok(())
    }

    /// Whether there is nothing left.
    pub(crate) fn is_at_end(&mut self) -> Result<bool> {
        while !self.is_read && self.position == self.bytes.len() {
            self.read_more()?;
        }
        Ok(self.position == self.bytes.len())
    }

    fn read_more(&mut self) -> Result<()> {
        self.bytes.drain(..self.position);
        self.position = 0;
        let n_bytes = BLOCK_BYTES.max(self.bytes.len());
        let filled = self.stream.fill(&mut self.bytes, n_bytes);
        self.is_read = filled.map_err(|error| error.in_file(self.input.label()))?;
        Ok(())
    }
}
