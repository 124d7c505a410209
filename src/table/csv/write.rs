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

/// The line of names.
///
/// The engine's writer is asked only where a name may have to be quoted: to make one is to start the engine's threads, which
/// takes longer than a small file does.
///
/// # Errors
/// [`Dtype`](crate::ErrorKind::Dtype) for a column that CSV cannot hold.
pub(in crate::table) fn header(schema: &Schema, format: Format, options: &WriteOptions) -> Result<Vec<u8>> {
    let default = if format == Format::Tsv { b'\t' } else { b',' };
    let delimiter = options.delimiter.unwrap_or(default);
    let is_plain = |byte: u8| byte != delimiter && (byte.is_ascii_alphanumeric() || byte == b'_');
    let is_plain_name = |name: &PlSmallStr| !name.is_empty() && name.bytes().all(is_plain);
    if schema.is_empty() || !schema.iter_names().all(is_plain_name) {
        let mut text = Vec::new();
        CsvWriter::new(&mut text, schema, format, options, Threads::Caller)?.finish()?;
        return Ok(text);
    }
    for (name, dtype) in schema.iter() {
        check_has_text(name, dtype, "CSV")?;
    }
    if options.header != Header::First {
        return Ok(Vec::new());
    }
    let names: Vec<&[u8]> = schema.iter_names().map(|name| name.as_bytes()).collect();
    Ok([&names.join(&delimiter)[..], b"\n"].concat())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_names_is_the_engines() {
        let names = ["a", "a_b1", "x y", "a,b", "a;b", "\"q\"", "", "é", "1", " a"];
        for first in names {
            for second in names.iter().filter(|second| **second != first) {
                let fields = [first, second].map(|name| Field::new(name.into(), DataType::Int64));
                let schema = Schema::from_iter(fields);
                for (format, delimiter, has_header) in [
                    (Format::Csv, None, true),
                    (Format::Tsv, None, true),
                    (Format::Csv, Some(b';'), true),
                    (Format::Csv, Some(b'a'), true),
                    (Format::Csv, None, false),
                ] {
                    let header_of = if has_header { Header::First } else { Header::None };
                    let options = WriteOptions::builder().delimiter(delimiter).header(header_of);
                    let options = options.build().unwrap();
                    let mut text = Vec::new();
                    let mut writer =
                        CsvWriter::new(&mut text, &schema, format, &options, Threads::Caller).unwrap();
                    writer.finish().unwrap();
                    drop(writer);
                    assert_eq!(header(&schema, format, &options).unwrap(), text, "{first:?} {second:?}");
                }
            }
        }
    }
}
