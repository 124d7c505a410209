//! The Arrow IPC file and stream formats, by the engine's own readers and writers.

use std::io::{Cursor, Write};
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::io::ipc::write::{FileWriter, StreamWriter, WriteOptions};
use polars_io::ipc::{IpcReader, IpcStreamReader};

use crate::error::{Error, Result};

use super::canonical::canonical;
use super::contain::{contain, contain_write};
use super::read_options::ReadOptions;
use super::writer::{Encoder, Gathered, write_error};

pub(super) const FILE: &str = "Arrow";
pub(super) const STREAM: &str = "Arrow stream";

/// Reads an IPC file.
pub(super) fn read_file(bytes: Vec<u8>, options: &ReadOptions) -> Result<DataFrame> {
    let schema = file_schema(&bytes)?;
    let (selection, names) = selection(&schema, options)?;
    let limit = options.limit;
    contain(FILE, move || {
        let reader = IpcReader::new(Cursor::new(bytes)).set_rechunk(false).with_n_rows(limit);
        select(reader.with_projection(Some(sorted(&selection))).finish()?, &selection, &names, limit)
    })
}

/// Reads an IPC stream.
pub(crate) fn read_stream(bytes: Vec<u8>, options: &ReadOptions) -> Result<DataFrame> {
    check_stream_is_whole(&bytes)?;
    let schema = stream_schema(&bytes)?;
    let (selection, names) = selection(&schema, options)?;
    let limit = options.limit;
    contain(STREAM, move || {
        let reader = IpcStreamReader::new(Cursor::new(bytes)).set_rechunk(false).with_n_rows(limit);
        select(reader.with_projection(Some(sorted(&selection))).finish()?, &selection, &names, limit)
    })
}

/// The schema of an IPC file.
pub(super) fn file_schema(bytes: &[u8]) -> Result<Schema> {
    contain(FILE, || Ok(Schema::from_arrow_schema(IpcReader::new(Cursor::new(bytes)).schema()?.as_ref())))
}

/// The schema of an IPC stream.
pub(super) fn stream_schema(bytes: &[u8]) -> Result<Schema> {
    contain(STREAM, || IpcStreamReader::new(Cursor::new(bytes)).schema())
}

fn selection(schema: &Schema, options: &ReadOptions) -> Result<(Vec<usize>, Vec<String>)> {
    let names: Vec<String> = schema.iter_names().map(|name| name.to_string()).collect();
    Ok((options.selection(&names)?, names))
}

fn sorted(selection: &[usize]) -> Vec<usize> {
    let mut projection = selection.to_vec();
    projection.sort_unstable();
    projection
}

fn select(
    frame: DataFrame,
    selection: &[usize],
    names: &[String],
    limit: Option<usize>,
) -> PolarsResult<DataFrame> {
    let frame = frame.select(selection.iter().map(|index| names[*index].as_str()))?;
    Ok(match limit {
        Some(limit) => frame.head(Some(limit)),
        None => frame,
    })
}

/// Writes IPC files and streams.
pub(super) struct IpcWriter<W: Write> {
    writer: Kind<W>,
    gathered: Gathered,
    /// Whether the chunks must wait for the end, since a file's dictionaries are written once.
    waits: bool,
}

enum Kind<W: Write> {
    File(FileWriter<W>),
    Stream(StreamWriter<W>),
}

impl<W: Write + Send> IpcWriter<W> {
    pub(super) fn file(sink: W, schema: &Schema) -> Result<Self> {
        let arrow = Arc::new(arrow_schema(schema));
        let options = WriteOptions { compression: None };
        let writer = FileWriter::try_new(sink, arrow, None, options).map_err(write_error)?;
        let waits = schema.iter_values().any(DataType::contains_categoricals);
        Ok(Self { writer: Kind::File(writer), gathered: Gathered::default(), waits })
    }

    pub(super) fn stream(sink: W, schema: &Schema) -> Result<Self> {
        let mut writer = StreamWriter::new(sink, WriteOptions { compression: None });
        writer.start(&arrow_schema(schema), None).map_err(write_error)?;
        Ok(Self { writer: Kind::Stream(writer), gathered: Gathered::default(), waits: false })
    }

    fn write(&mut self, blocks: Vec<DataFrame>) -> Result<()> {
        let blocks: Vec<DataFrame> = blocks.iter().map(canonical).collect::<Result<_>>()?;
        for batch in blocks.iter().flat_map(|block| block.iter_chunks(CompatLevel::newest(), true)) {
            contain_write(|| match &mut self.writer {
                Kind::File(writer) => writer.write(&batch, None),
                Kind::Stream(writer) => writer.write(&batch, None),
            })?;
        }
        Ok(())
    }
}

impl<W: Write + Send> Encoder for IpcWriter<W> {
    fn write_chunk(&mut self, frame: &DataFrame) -> Result<()> {
        if self.waits {
            return self.gathered.keep(frame);
        }
        let ready = self.gathered.add(frame)?;
        self.write(ready)
    }

    fn end_block(&mut self) -> Result<()> {
        if self.waits {
            return Ok(());
        }
        let rest = self.gathered.take()?;
        self.write(rest)
    }

    fn finish(&mut self) -> Result<()> {
        let rest = self.gathered.take()?;
        self.write(rest)?;
        match &mut self.writer {
            Kind::File(writer) => writer.finish(),
            Kind::Stream(writer) => writer.finish(),
        }
        .map_err(write_error)
    }
}

fn arrow_schema(schema: &Schema) -> ArrowSchema {
    let fields = schema
        .iter()
        .map(|(name, dtype)| (name.clone(), dtype.to_arrow_field(name.clone(), CompatLevel::newest())));
    fields.collect()
}

/// That a stream ends with its end mark.
///
/// The engine's reader takes a stream that was cut off for one that has ended, and loses rows in silence. The specification
/// lets a writer leave the mark away; then nothing tells a whole stream from half of one, and it is refused.
fn check_stream_is_whole(bytes: &[u8]) -> Result<()> {
    let mut position = 0;
    let cut = || {
        let message = "it ends without its end mark; it was cut off";
        Error::malformed(STREAM, message).at_byte(bytes.len() as u64)
    };
    let word = |at: usize| -> Result<usize> {
        let word = bytes.get(at..at + 4).ok_or_else(cut)?;
        Ok(u32::from_le_bytes([word[0], word[1], word[2], word[3]]) as usize)
    };
    while position < bytes.len() {
        let mut length = word(position)?;
        position += 4;
        if length == u32::MAX as usize {
            length = word(position)?;
            position += 4;
        }
        if length == 0 {
            return Ok(());
        }
        let header = bytes.get(position..position + length).ok_or_else(cut)?;
        position += length;
        let body = contain(STREAM, || body_length(header))?;
        if body > bytes.len() - position {
            return Err(cut());
        }
        position += body;
    }
    Err(cut())
}

/// The length of the body that follows a message's header.
fn body_length(header: &[u8]) -> PolarsResult<usize> {
    use polars_arrow::io::ipc::format::ipc::MessageRef;
    use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot;
    let length = MessageRef::read_as_root(header)
        .and_then(|message| message.body_length())
        .map_err(|error| polars_err!(ComputeError: "a message's header is corrupt: {error}"))?;
    usize::try_from(length).map_err(|_| polars_err!(ComputeError: "a message's length is negative"))
}
