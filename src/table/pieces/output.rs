//! An output that is written from text that others have made.

use std::io::Write;

use crate::error::{Error, Result};

use super::super::border::Border;
use super::super::format::{Compression, Format};
use super::super::output::{Output, Sink};
use super::super::whole::Whole;
use super::super::write_options::WriteOptions;
use super::super::writer::{Packer, WriteSummary};

/// An output of text. As with [`TableWriter`](super::super::TableWriter), nothing is left behind when it is dropped.
#[must_use = "nothing appears under the output's name before it is closed"]
pub(crate) struct TextOutput {
    output: Output,
    format: Format,
    compression: Compression,
    packer: Packer,
    n_rows: u64,
    n_text: u64,
}

impl TextOutput {
    /// Writes into an output that is open already.
    ///
    /// # Errors
    /// As [`write()`](super::super::write()).
    pub(crate) fn over(sink: Sink, output: &Output, options: &WriteOptions) -> Result<Self> {
        let (format, compression) = options.resolve(output)?;
        let packer = Packer::new(sink, compression)?;
        Ok(Self { output: output.clone(), format, compression, packer, n_rows: 0, n_text: 0 })
    }

    /// Writes into an output that another run can go on with, and goes on behind `border`.
    ///
    /// # Errors
    /// As [`write()`](super::super::write()).
    pub(crate) fn resumable(
        sink: Sink,
        output: &Output,
        options: &WriteOptions,
        border: &Border,
    ) -> Result<Self> {
        let (format, compression) = options.resolve(output)?;
        let packer = Packer::resumable(sink, compression, options.block, border.n_units);
        let n_text = border.n_units;
        Ok(Self { output: output.clone(), format, compression, packer, n_rows: 0, n_text })
    }

    /// How many bytes of text are written so that another run could go on behind them.
    pub(crate) fn n_done(&self) -> Option<u64> {
        self.packer.n_done(self.n_text)
    }

    /// Brings what is done to the disk.
    pub(crate) fn border(&mut self) -> Result<Border> {
        let n_units = self.n_done().unwrap_or_default();
        let n_bytes = self.packer.sync().map_err(|error| error.in_file(self.output.label()))?;
        Ok(Border { n_units, n_bytes, blocks: Vec::new() })
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
        self.n_text += text.len() as u64;
        let written = self.packer.write_all(text).map_err(|error| Error::io("write", error));
        written.map_err(|error| error.in_file(self.output.label()))
    }

    /// Brings all of it to the disk.
    ///
    /// # Errors
    /// As [`write()`](super::super::write()).
    pub(crate) fn close(self) -> Result<Whole> {
        let Self { output, format, compression, packer, n_rows, .. } = self;
        let closed = packer.finish().and_then(Sink::close);
        let (partial, n_bytes) = closed.map_err(|error| error.in_file(output.label()))?;
        Ok(Whole::new(partial, output, WriteSummary { format, compression, n_rows, n_bytes }))
    }
}
