//! Apache Parquet, by the engine's own decoders and encoders.

mod copied;
mod encoded;
mod footer;
mod group_file;
mod small_integers;
mod told;
mod write;

use std::io::Cursor;

use polars::prelude::*;

use crate::error::Result;

use super::contain::contain;
use super::describe::RowGroup;
use super::file_schema::file_schema;
use super::format::Format;
use super::pieces::{ByteSource, ParquetPieces};
use super::read_options::ReadOptions;

pub(crate) use copied::{CopiedColumns, EncodedColumns};
pub(super) use write::ParquetWriter;
pub(crate) use write::{Beside, EncodeAhead};

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
    let arrow = contain(NAME, || ParquetReader::new(Cursor::new(bytes)).schema())?;
    file_schema(NAME, &arrow)
}
