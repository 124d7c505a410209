//! Frames to CSV text that [`read`](super::read) reads back to the same values.

use std::io::Write;

use polars::prelude::*;
use polars_io::csv::write::{BatchedWriter, CsvWriter as EngineWriter};

use crate::error::{Error, Result};

use super::super::contain::contain_write;
use super::super::format::Format;
use super::super::read_options::Header;
use super::super::text::{check_has_text, with_text_columns};
use super::super::write_options::WriteOptions;
use super::super::writer::{Encoder, write_error};

/// Writes CSV and TSV.
pub(in crate::table) struct CsvWriter<W: Write> {
    writer: BatchedWriter<W>,
}

impl<W: Write + Send> CsvWriter<W> {
    pub(in crate::table) fn new(
        sink: W,
        schema: &Schema,
        format: Format,
        options: &WriteOptions,
        threads: Threads,
    ) -> Result<Self> {
        if schema.is_empty() {
            return Err(Error::shape("a table without columns cannot be written as CSV"));
        }
        for (name, dtype) in schema.iter() {
            check_has_text(name, dtype, "CSV")?;
        }
        let default = if format == Format::Tsv { b'\t' } else { b',' };
        let writer = EngineWriter::new(sink)
            .include_header(options.header == Header::First)
            .with_separator(options.delimiter.unwrap_or(default))
            .with_null_value(options.null_text.as_str().into())
            .with_time_format(Some("%T%.f".into()))
            .with_datetime_format(Some("%FT%T%.f".into()));
        let writer = match threads {
            Threads::Engine => writer,
            Threads::Caller => writer.n_threads(1),
        };
        Ok(Self { writer: writer.batched(schema).map_err(write_error)? })
    }
}

/// How many threads of the engine's own turn rows into text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::table) enum Threads {
    /// All.
    Engine,
    /// None: it is done where it is asked for.
    Caller,
}

impl<W: Write + Send> Encoder for CsvWriter<W> {
    fn write_chunk(&mut self, frame: &DataFrame) -> Result<()> {
        let frame = with_text_columns(frame, needs_text)?;
        contain_write(|| self.writer.write_batch(&frame))
    }

    fn finish(&mut self) -> Result<()> {
        self.writer.finish().map_err(write_error)
    }
}

/// A frame as CSV text, as files have it; without a header where only rows are wanted.
pub(crate) fn to_csv(frame: &DataFrame, header: Header) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let options = WriteOptions::builder().header(header).build()?;
    let mut writer = CsvWriter::new(&mut text, frame.schema(), Format::Csv, &options, Threads::Caller)?;
    writer.write_chunk(frame)?;
    writer.finish()?;
    drop(writer);
    Ok(text)
}

/// What the engine's writer refuses, or writes without its zone or unit.
fn needs_text(dtype: &DataType) -> bool {
    matches!(dtype, DataType::List(_) | DataType::Duration(_) | DataType::Datetime(_, Some(_)))
}
