//! The text of the rows that could not be read, as it stands in the inputs.

use crate::error::Result;
use crate::table::pieces::TextOutput;
use crate::table::{Format, Output, Sink, Whole, WriteOptions};

/// A row of text that could not be read: its index in the input, and its bytes.
pub(in crate::pipeline) type Reject = (u64, Vec<u8>);

/// A file of such rows. The line of names stands before them, so that it can be mended and read like the input.
pub(in crate::pipeline) struct RejectsFile {
    output: TextOutput,
    line_end: Vec<u8>,
}

impl RejectsFile {
    /// Rows of a format into a file that is open, behind `header`. A row without a line end gets `line_end`.
    pub(in crate::pipeline) fn over(
        sink: Sink,
        output: &Output,
        format: Format,
        header: &[u8],
        line_end: Vec<u8>,
    ) -> Result<Self> {
        let options = WriteOptions::builder().format(format).build()?;
        let mut output = TextOutput::over(sink, output, &options)?;
        output.write(header, 0)?;
        Ok(Self { output, line_end })
    }

    /// Adds the next row.
    pub(in crate::pipeline) fn add(&mut self, text: &[u8]) -> Result<()> {
        self.output.write(text, 1)?;
        match text.ends_with(b"\n") {
            true => Ok(()),
            false => self.output.write(&self.line_end, 0),
        }
    }

    /// Brings all of it to the disk.
    pub(in crate::pipeline) fn close(self) -> Result<Whole> {
        self.output.close()
    }
}
