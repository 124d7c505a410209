//! An output that is written from text that others have made.

use std::io::Write;

use crate::error::{Error, Result};

use super::super::format::{Compression, Format};
use super::super::output::{Output, Sink};
use super::super::write_options::WriteOptions;
use super::super::writer::{Packer, WriteSummary};

/// An output of text. As with [`TableWriter`](super::super::TableWriter), nothing is left behind when it is dropped.
#[must_use = "nothing appears under the output's name before `finish`"]
pub(crate) struct TextOutput {
    output: Output,
    format: Format,
    compression: Compression,
    packer: Packer,
    n_rows: u64,
}

impl TextOutput {
    /// Writes into an output that is open already.
    ///
    /// # Errors
    /// As [`write()`](super::super::write()).
    pub(crate) fn over(sink: Sink, output: &Output, options: &WriteOptions) -> Result<Self> {
        let (format, compression) = options.resolve(output)?;
        let packer = Packer::new(sink, compression)?;
        Ok(Self { output: output.clone(), format, compression, packer, n_rows: 0 })
    }

    /// Where it goes.
    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// Its format.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Adds the text of so many rows.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub(crate) fn write(&mut self, text: &[u8], n_rows: u64) -> Result<()> {
        self.n_rows += n_rows;
        let written = self.packer.write_all(text).map_err(|error| Error::io("write", error));
        written.map_err(|error| error.in_file(self.output.label()))
    }

    /// Brings all of it to the disk and the file to its name.
    ///
    /// # Errors
    /// As [`write()`](super::super::write()).
    pub(crate) fn finish(self) -> Result<WriteSummary> {
        let Self { output, format, compression, packer, n_rows } = self;
        let finished = packer.finish().and_then(Sink::finish);
        let n_bytes = finished.map_err(|error| error.in_file(output.label()))?;
        Ok(WriteSummary { format, compression, n_rows, n_bytes })
    }
}
