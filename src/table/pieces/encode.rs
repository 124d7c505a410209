//! Frames to the text of their rows, on whatever thread.

use polars::prelude::{DataFrame, Schema};

use crate::error::Result;

use super::super::csv::{CsvWriter, NumberText, Threads, header};
use super::super::format::Format;
use super::super::ndjson::NdJsonWriter;
use super::super::read_options::Header;
use super::super::write_options::WriteOptions;
use super::super::writer::Encoder;
use super::buffers::{Buffer, Buffers};

/// Turns frames into the rows of a text format. The rows of several frames one behind the other are those of one.
#[derive(Clone, Debug)]
pub(crate) struct RowEncoder {
    format: Format,
    options: WriteOptions,
}

impl RowEncoder {
    /// An encoder of a text format; `None` where the format is another.
    pub(crate) fn new(format: Format, options: &WriteOptions) -> Option<Self> {
        format.is_text().then(|| Self { format, options: options.clone() })
    }

    /// The same with another byte between two cells.
    pub(crate) fn with_delimiter(mut self, delimiter: u8) -> Self {
        self.options.delimiter = Some(delimiter);
        self
    }

    /// The byte between two cells. Of NDJSON, where no quotation mark hides a line end, one that no cell begins behind.
    pub(crate) fn delimiter(&self) -> u8 {
        match self.format {
            Format::NdJson => b'\n',
            Format::Tsv => self.options.delimiter.unwrap_or(b'\t'),
            _ => self.options.delimiter.unwrap_or(b','),
        }
    }

    /// What stands before the rows.
    ///
    /// # Errors
    /// [`NotHeld`](crate::ErrorKind::NotHeld) for a column that the format cannot hold.
    pub(crate) fn header(&self, schema: &Schema) -> Result<Vec<u8>> {
        match self.format {
            Format::NdJson => NdJsonWriter::new(Vec::new(), schema).map(|_| Vec::new()),
            format => header(schema, format, &self.options),
        }
    }

    /// The text of rows.
    ///
    /// # Errors
    /// [`NotHeld`](crate::ErrorKind::NotHeld) for a column that the format cannot hold.
    pub(crate) fn rows(&self, frame: &DataFrame, buffers: &Buffers) -> Result<Buffer> {
        if frame.height() == 0 {
            return Ok(Buffer::default());
        }
        if let Some(numbers) = self.numbers(frame) {
            let mut text = buffers.take();
            numbers.add_rows(&mut text);
            return Ok(text);
        }
        let mut text = Vec::new();
        let schema = frame.schema();
        match self.format {
            Format::NdJson => NdJsonWriter::new(&mut text, schema)?.write_chunk(frame)?,
            format => {
                let options = WriteOptions { header: Header::None, ..self.options.clone() };
                CsvWriter::new(&mut text, schema, format, &options, Threads::Caller)?.write_chunk(frame)?;
            }
        }
        Ok(text.into())
    }

    /// Whether rows are numbers alone, which are written straight into the text.
    pub(crate) fn writes_numbers(&self, frame: &DataFrame) -> bool {
        self.numbers(frame).is_some()
    }

    /// The rows as what writes them itself, where they are CSV of numbers alone.
    pub(in crate::table) fn numbers<'f>(&'f self, frame: &'f DataFrame) -> Option<NumberText<'f>> {
        match self.format {
            Format::NdJson => None,
            _ => NumberText::of(frame, &self.options, self.delimiter()),
        }
    }
}
