//! Columns of a frame as the bytes of a row group.

use polars::prelude::*;
use polars_buffer::Buffer;
use polars_io::parquet::write::ParquetWriter as EngineWriter;
use polars_parquet::parquet::error::ParquetError;
use polars_parquet::write::{
    Compressor, DynIter, DynStreamingIterator, Encoding, FallibleStreamingIterator, FileWriter, Page,
    ParquetType, RowGroupIterColumns, ThriftFileMetadata, WriteOptions, array_to_columns, get_dtype_encoding,
};
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;
use polars_parquet_format::{ColumnChunk, OffsetIndex};

use crate::error::{Error, Result};

use super::super::contain::contain_write;
use super::small_integers;

/// Encodes frames of one schema, on whatever thread.
pub(super) struct ColumnEncoder {
    arrow: ArrowSchema,
    fields: Vec<ParquetType>,
    encodings: Buffer<Vec<Encoding>>,
    options: WriteOptions,
}

/// A row group: its bytes, and for each column where it is among them.
pub(super) struct EncodedGroup {
    pub(super) n_rows: usize,
    pub(super) bytes: Vec<u8>,
    pub(super) chunks: Vec<Chunk>,
}

/// A column of a row group. Offsets are those of the file or the bytes that it comes from.
pub(super) struct Chunk {
    pub(super) column: ColumnChunk,
    pub(super) column_index: Option<Vec<u8>>,
    pub(super) offset_index: Option<OffsetIndex>,
}

impl ColumnEncoder {
    /// Finds out whether columns of these dtypes can be written, and how.
    pub(super) fn new(schema: &Schema) -> Result<Self> {
        contain_write(|| {
            let engine = EngineWriter::new(std::io::sink()).batched(schema)?;
            let writer = engine.get_writer().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let arrow = writer.schema().clone();
            let encodings = arrow.iter_values().map(|field| get_dtype_encoding(&field.dtype)).collect();
            Ok(Self {
                fields: writer.parquet_schema().fields().to_vec(),
                options: writer.options(),
                arrow,
                encodings,
            })
        })
    }

    /// The schema of the columns.
    pub(super) fn arrow(&self) -> &ArrowSchema {
        &self.arrow
    }

    /// What stands at the end of a file of these columns that has no rows.
    pub(super) fn empty(&self) -> Result<ThriftFileMetadata> {
        contain_write(|| {
            let mut file = FileWriter::try_new(Vec::new(), self.arrow.clone(), self.options)?;
            file.end(None)?;
            Ok(file.into_inner_and_metadata().1)
        })
    }

    /// Encodes the rows of a frame as one row group.
    ///
    /// The engine writes whole files: it writes one of this group into memory, and the group is taken out of it.
    pub(super) fn encode(&self, mut frame: DataFrame) -> Result<EncodedGroup> {
        let n_rows = frame.height();
        frame.rechunk_mut();
        let (bytes, metadata) = contain_write(|| {
            let mut file = FileWriter::try_new(Vec::new(), self.arrow.clone(), self.options)?;
            for batch in frame.iter_chunks(CompatLevel::newest(), false) {
                file.write(batch.len() as u64, self.columns(batch.into_arrays()))?;
            }
            file.end(None)?;
            Ok(file.into_inner_and_metadata())
        })?;
        drop(frame);
        let mut groups = metadata.row_groups.into_iter();
        let (Some(group), None) = (groups.next(), groups.next()) else {
            return Err(Error::engine("rows that are one row group were written as several"));
        };
        let chunks = group.columns.into_iter().map(|column| {
            Chunk::of(column, |from, n_bytes| {
                bytes.get(from as usize..from as usize + n_bytes).map(<[u8]>::to_vec)
            })
        });
        let chunks = chunks.collect();
        Ok(EncodedGroup { n_rows, bytes, chunks })
    }
}

impl ColumnEncoder {
    /// The columns of a row group, each encoded when it is asked for.
    fn columns(&self, arrays: Vec<ArrayRef>) -> RowGroupIterColumns<'static, PolarsError> {
        let (options, encodings) = (self.options, self.encodings.clone());
        let arrays = arrays.into_iter().zip(self.fields.clone()).enumerate();
        DynIter::new(arrays.flat_map(move |(index, (array, of_type))| {
            let encoding = &encodings[index];
            let pages = match small_integers::pages(array.as_ref(), &of_type, encoding, options) {
                Some(pages) => pages.map(|pages| vec![DynIter::new(pages.into_iter().map(Ok))]),
                None => array_to_columns(array, of_type, options, encoding),
            };
            let packed = |pages: DynIter<'static, PolarsResult<Page>>| {
                let pages =
                    pages.map(|page| page.map_err(|error| ParquetError::OutOfSpec(error.to_string())));
                let pages = Compressor::new(pages, options.compression, Vec::new());
                Ok(DynStreamingIterator::new(pages.map_err(PolarsError::from)))
            };
            match pages {
                Ok(columns) => columns.into_iter().map(packed).collect(),
                Err(error) => vec![Err(error)],
            }
        }))
    }
}

impl Chunk {
    /// A column of a row group, with its page indexes as far as they can be read: `read` gives bytes from an offset on.
    pub(super) fn of(column: ColumnChunk, read: impl Fn(u64, usize) -> Option<Vec<u8>>) -> Self {
        let place = |offset: Option<i64>, n_bytes: Option<i32>| {
            let (offset, n_bytes) = (u64::try_from(offset?).ok()?, usize::try_from(n_bytes?).ok()?);
            read(offset, n_bytes).filter(|bytes| bytes.len() == n_bytes)
        };
        let column_index = place(column.column_index_offset, column.column_index_length);
        let offset_index = place(column.offset_index_offset, column.offset_index_length).and_then(|bytes| {
            let mut protocol = TCompactInputProtocol::new(bytes.as_slice(), bytes.len() * 4);
            OffsetIndex::read_from_in_protocol(&mut protocol).ok()
        });
        // One is of use only with the other.
        let column_index = column_index.filter(|_| offset_index.is_some());
        Self { column, column_index, offset_index }
    }
}
