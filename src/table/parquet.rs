//! Apache Parquet, by the engine's own reader and writer.

use std::io::{Cursor, Write};

use polars::prelude::*;
use polars_io::parquet::write::{BatchedWriter, ParquetWriter as EngineWriter};

use crate::error::Result;

use super::contain::{contain, contain_write};
use super::describe::RowGroup;
use super::format::Format;
use super::gathered::Gathered;
use super::pieces::{ByteSource, ParquetPieces};
use super::read_options::ReadOptions;
use super::writer::{Encoder, write_error};

pub(super) const NAME: &str = "Parquet";

/// Reads the columns and rows that the options want.
pub(super) fn read(bytes: Vec<u8>, options: &ReadOptions) -> Result<DataFrame> {
    let source = ByteSource::memory(bytes, Format::Parquet);
    ParquetPieces::open(&source, options, i32::MAX as usize)?.read_whole(&source)
}

/// The schema and the row groups, without reading a row.
pub(super) fn describe(bytes: &[u8]) -> Result<(Schema, Vec<RowGroup>)> {
    let schema = schema_of(bytes)?;
    let groups = contain(NAME, || {
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let metadata = reader.get_metadata()?;
        let groups = metadata.row_groups.iter().map(|group| RowGroup {
            n_rows: group.num_rows() as u64,
            n_bytes: group.total_byte_size() as u64,
        });
        Ok(groups.collect())
    })?;
    Ok((schema, groups))
}

fn schema_of(bytes: &[u8]) -> Result<Schema> {
    contain(NAME, || Ok(Schema::from_arrow_schema(ParquetReader::new(Cursor::new(bytes)).schema()?.as_ref())))
}

/// Writes Parquet, in row groups of a size that readers like.
pub(super) struct ParquetWriter<W: Write> {
    writer: BatchedWriter<W>,
    gathered: Gathered,
}

impl<W: Write + Send> ParquetWriter<W> {
    pub(super) fn new(sink: W, schema: &Schema, gathered: Gathered) -> Result<Self> {
        let writer = contain_write(|| EngineWriter::new(sink).batched(schema))?;
        Ok(Self { writer, gathered })
    }

    fn write(&mut self, blocks: Vec<DataFrame>) -> Result<()> {
        blocks.iter().try_for_each(|block| contain_write(|| self.writer.write_batch(block)))
    }
}

impl<W: Write + Send> Encoder for ParquetWriter<W> {
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
        self.end_block()?;
        self.writer.finish().map(|_| ()).map_err(write_error)
    }
}
