//! A Parquet file that is put together from columns that are encoded already.

use std::io::Write;

use polars_parquet::write::{ThriftFileMetadata, write_metadata_sidecar};
use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{ColumnChunk, RowGroup, SortingColumn};

use crate::error::{Error, Result};

use super::super::contain::contain_write;
use super::encoded::Chunk;
use super::told::{PageIndexes, ToldGroup};

/// What a Parquet file begins and ends with.
const MARK: &[u8] = b"PAR1";

/// Writes row groups one after the other, and what belongs behind them.
pub(super) struct GroupFile<W: Write> {
    sink: W,
    /// How many bytes are written.
    offset: u64,
    /// What will stand at the end.
    metadata: ThriftFileMetadata,
    indexes: Vec<Indexes>,
}

/// The page indexes of a column of a row group.
struct Indexes {
    group: usize,
    column: usize,
    indexes: PageIndexes,
}

impl<W: Write> GroupFile<W> {
    /// A file that ends with this, and has no row groups yet.
    pub(super) fn new(sink: W, metadata: ThriftFileMetadata) -> Self {
        Self { sink, offset: 0, metadata, indexes: Vec::new() }
    }

    /// Goes on behind the first `n_bytes` bytes of a file, of whose row groups [`told`](Self::told) was kept.
    pub(super) fn go_on(&mut self, told: &[Vec<u8>], n_bytes: u64) -> Result<()> {
        self.offset = n_bytes;
        for told in told {
            let ToldGroup { group, indexes } = ToldGroup::from_bytes(told)?;
            let index = self.metadata.row_groups.len();
            let of_columns = indexes.into_iter().enumerate();
            self.indexes.extend(of_columns.map(|(column, indexes)| Indexes {
                group: index,
                column,
                indexes,
            }));
            self.metadata.num_rows += group.num_rows;
            self.metadata.row_groups.push(group);
        }
        Ok(())
    }

    /// What the end of the file will say of the last row group, for a run that goes on behind it.
    pub(super) fn told(&self) -> Result<Vec<u8>> {
        let last = self.metadata.row_groups.len().saturating_sub(1);
        let Some(group) = self.metadata.row_groups.last() else { return Err(Error::engine("no row group")) };
        let from = self.indexes.partition_point(|indexes| indexes.group < last);
        let indexes = self.indexes[from..].iter().map(|indexes| &indexes.indexes);
        ToldGroup::to_bytes(group, indexes)
    }

    /// Begins a row group.
    pub(super) fn begin_group(&mut self, n_rows: usize, sorting_columns: Option<Vec<SortingColumn>>) {
        let ordinal = i16::try_from(self.metadata.row_groups.len()).ok();
        self.metadata.num_rows += n_rows as i64;
        self.metadata.row_groups.push(RowGroup {
            columns: Vec::new(),
            total_byte_size: 0,
            num_rows: n_rows as i64,
            sorting_columns,
            file_offset: None,
            total_compressed_size: Some(0),
            ordinal,
        });
    }

    /// Adds a column to the last row group; `copy` writes the bytes of its pages, which `range` says where they were.
    pub(super) fn column(
        &mut self,
        chunk: Chunk,
        copy: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<()> {
        if self.offset == 0 {
            self.put(MARK)?;
        }
        let Chunk { mut column, column_index, mut offset_index } = chunk;
        let (from, to) = byte_range(&column).ok_or_else(|| Error::engine("a column without a place"))?;
        let moved = self.offset as i64 - from as i64;
        copy(&mut self.sink)?;
        self.offset += to - from;
        for page in offset_index.iter_mut().flat_map(|index| &mut index.page_locations) {
            page.offset += moved;
        }
        // Zero says that the metadata stands at the end of the file and nowhere else.
        column.file_offset = 0;
        (column.column_index_offset, column.column_index_length) = (None, None);
        (column.offset_index_offset, column.offset_index_length) = (None, None);
        let group = self.metadata.row_groups.len().saturating_sub(1);
        let Some(last) = self.metadata.row_groups.last_mut() else {
            return Err(Error::engine("a column of no row group"));
        };
        if let Some(metadata) = &mut column.meta_data {
            metadata.data_page_offset += moved;
            metadata.dictionary_page_offset = metadata.dictionary_page_offset.map(|offset| offset + moved);
            (metadata.bloom_filter_offset, metadata.bloom_filter_length) = (None, None);
            last.total_byte_size += metadata.total_uncompressed_size;
            last.total_compressed_size =
                last.total_compressed_size.map(|sum| sum + metadata.total_compressed_size);
            last.file_offset.get_or_insert(from as i64 + moved);
        }
        let indexes = PageIndexes { of_values: column_index, of_offsets: offset_index };
        self.indexes.push(Indexes { group, column: last.columns.len(), indexes });
        last.columns.push(column);
        Ok(())
    }

    /// Writes the end of the file.
    pub(super) fn finish(&mut self) -> Result<()> {
        if self.offset == 0 {
            self.put(MARK)?;
        }
        let indexes = std::mem::take(&mut self.indexes);
        for Indexes { group, column, indexes } in &indexes {
            let Some(bytes) = &indexes.of_values else { continue };
            let (offset, n_bytes) = (self.offset, bytes.len());
            self.put(bytes)?;
            let column = &mut self.metadata.row_groups[*group].columns[*column];
            column.column_index_offset = Some(offset as i64);
            column.column_index_length = i32::try_from(n_bytes).ok();
        }
        for Indexes { group, column, indexes } in &indexes {
            let Some(index) = &indexes.of_offsets else { continue };
            let mut bytes = Vec::new();
            index
                .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut bytes))
                .map_err(Error::engine)?;
            let offset = self.offset;
            self.put(&bytes)?;
            let column = &mut self.metadata.row_groups[*group].columns[*column];
            column.offset_index_offset = Some(offset as i64);
            column.offset_index_length = i32::try_from(bytes.len()).ok();
        }
        let mut end = Vec::new();
        contain_write(|| Ok(write_metadata_sidecar(&mut end, &self.metadata)?))?;
        self.put(&end[MARK.len()..])?;
        self.sink.flush().map_err(|error| Error::io("write", error))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.offset += bytes.len() as u64;
        put(&mut self.sink, bytes)
    }
}

/// Writes bytes.
pub(super) fn put(sink: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    sink.write_all(bytes).map_err(|error| Error::io("write", error))
}

/// Where the pages of a column are: the first byte, and the one behind the last. `None` where the metadata contradicts itself.
pub(super) fn byte_range(column: &ColumnChunk) -> Option<(u64, u64)> {
    let metadata = column.meta_data.as_ref()?;
    let data = u64::try_from(metadata.data_page_offset).ok()?;
    let from = match metadata.dictionary_page_offset {
        Some(offset) => u64::try_from(offset).ok().filter(|from| *from < data)?,
        None => data,
    };
    let n_bytes = u64::try_from(metadata.total_compressed_size).ok()?;
    (from >= MARK.len() as u64).then_some((from, from.checked_add(n_bytes)?))
}
