//! The Arrow IPC file and stream formats, by the engine's own readers and writers.

use std::io::Write;
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::io::ipc::write::{FileWriter, StreamWriter, WriteOptions};

use crate::error::Result;

use super::canonical::{canonical, canonical_schema};
use super::contain::contain_write;
use super::format::Format;
use super::gathered::Gathered;
use super::pieces::{ByteSource, IpcPieces, StreamPieces};
use super::read_options::ReadOptions;
use super::writer::{Encoder, write_error};

pub(super) const FILE: &str = "Arrow";
pub(super) const STREAM: &str = "Arrow stream";

/// Reads an IPC file.
pub(super) fn read_file(bytes: Vec<u8>, options: &ReadOptions) -> Result<DataFrame> {
    let source = ByteSource::memory(bytes, Format::Ipc);
    IpcPieces::open(&source, options, usize::MAX)?.read_whole(&source)
}

/// Reads an IPC stream. One without its end mark is an error, since nothing tells it from half of one.
pub(crate) fn read_stream(bytes: Vec<u8>, options: &ReadOptions) -> Result<DataFrame> {
    let source = ByteSource::memory(bytes, Format::IpcStream);
    StreamPieces::open(&source, options, usize::MAX)?.read_whole(&source)
}

/// Writes IPC files and streams.
pub(super) struct IpcWriter<W: Write> {
    writer: Kind<W>,
    gathered: Gathered,
}

enum Kind<W: Write> {
    File(FileWriter<W>),
    Stream(StreamWriter<W>),
}

impl<W: Write + Send> IpcWriter<W> {
    pub(super) fn file(sink: W, schema: &Schema, gathered: Gathered) -> Result<Self> {
        let arrow = Arc::new(arrow_schema(schema));
        let options = WriteOptions { compression: None };
        let writer = FileWriter::try_new(sink, arrow, None, options).map_err(write_error)?;
        Ok(Self { writer: Kind::File(writer), gathered })
    }

    pub(super) fn stream(sink: W, schema: &Schema, gathered: Gathered) -> Result<Self> {
        let mut writer = StreamWriter::new(sink, WriteOptions { compression: None });
        writer.start(&arrow_schema(schema), None).map_err(write_error)?;
        Ok(Self { writer: Kind::Stream(writer), gathered })
    }

    fn write(&mut self, blocks: Vec<DataFrame>) -> Result<()> {
        for block in blocks {
            let block = canonical(block)?;
            for batch in block.iter_chunks(CompatLevel::newest(), false) {
                contain_write(|| match &mut self.writer {
                    Kind::File(writer) => writer.write(&batch, None),
                    Kind::Stream(writer) => writer.write(&batch, None),
                })?;
            }
            self.forget_large();
        }
        Ok(())
    }

    /// Gives back the memory that a block was encoded in, which the writer keeps for the next one, where the block was a large one.
    fn forget_large(&mut self) {
        const USUAL: usize = 64 << 20;
        if let Kind::File(writer) = &mut self.writer {
            let scratch = writer.get_scratches();
            if scratch.arrow_data.capacity() <= USUAL {
                writer.set_scratches(scratch);
            }
        }
    }
}

impl<W: Write + Send> Encoder for IpcWriter<W> {
    fn write_chunk(&mut self, frame: &DataFrame) -> Result<()> {
        let ready = self.gathered.add(frame)?;
        self.write(ready)
    }

    fn end_block(&mut self) -> Result<()> {
        let rest = self.gathered.take()?;
        self.write(rest)
    }

    fn n_gathered_rows(&self) -> usize {
        self.gathered.n_rows()
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

/// The columns as they are written.
pub(super) fn arrow_schema(schema: &Schema) -> ArrowSchema {
    let schema = canonical_schema(schema);
    let fields = schema
        .iter()
        .map(|(name, dtype)| (name.clone(), dtype.to_arrow_field(name.clone(), CompatLevel::newest())));
    fields.collect()
}
