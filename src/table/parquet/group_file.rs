//! A Parquet file that is put together from columns that are encoded already.

use std::io::Write;

use polars_parquet::write::ThriftFileMetadata;
use polars_parquet_format::{ColumnChunk, RowGroup, SortingColumn};

use crate::error::{Error, Result};

use super::encoded::Chunk;
use super::footer::write_footer;
use super::told::{PageIndexes, ToldGroup, ToldIndexes};

/// What a Parquet file begins and ends with.
pub(super) const MARK: &[u8] = b"PAR1";

/// Writes row groups one after the other, and what belongs behind them.
pub(super) struct GroupFile<W: Write> {
    sink: W,
    /// How many bytes are written.
    offset: u64,
    /// What will stand at the end, without the row groups.
    metadata: ThriftFileMetadata,
    /// The row group that is being written, and the page indexes of its columns.
    current: Option<ToldGroup>,
    /// What the end will say of each row group before it, as bytes: of thousands of columns that is a fifth of what it is otherwise.
    told: Vec<Vec<u8>>,
}

/// Where a page index begins, and its length; `None` where there is none.
type IndexPlace = Option<(i64, i32)>;

impl<W: Write> GroupFile<W> {
    /// A file that ends with this, and has no row groups yet.
    pub(super) fn new(sink: W, metadata: ThriftFileMetadata) -> Self {
        Self { sink, offset: 0, metadata, current: None, told: Vec::new() }
    }

    /// Goes on behind the first `n_bytes` bytes of a file, of whose row groups [`told`](Self::told) was kept.
    pub(super) fn go_on(&mut self, told: &[Vec<u8>], n_bytes: u64) -> Result<()> {
        self.offset = n_bytes;
        for told in told {
            self.metadata.num_rows += ToldGroup::from_bytes(told)?.group.num_rows;
        }
        self.told = told.to_vec();
        Ok(())
    }

    /// What the end of the file will say of each row group that has ended, for a run that goes on behind it.
    pub(super) fn told(&self) -> &[Vec<u8>] {
        &self.told
    }

    /// Begins a row group.
    pub(super) fn begin_group(&mut self, n_rows: usize, sorting_columns: Option<Vec<SortingColumn>>) {
        let ordinal = i16::try_from(self.told.len()).ok();
        self.metadata.num_rows += n_rows as i64;
        let group = RowGroup {
            columns: Vec::new(),
            total_byte_size: 0,
            num_rows: n_rows as i64,
            sorting_columns,
            file_offset: None,
            total_compressed_size: Some(0),
            ordinal,
        };
        self.current = Some(ToldGroup { group, indexes: Vec::new() });
    }

    /// Ends the row group that has begun.
    pub(super) fn end_group(&mut self) -> Result<()> {
        if let Some(current) = self.current.take() {
            self.told.push(current.to_bytes()?);
        }
        Ok(())
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
        let Some(ToldGroup { group: last, indexes }) = &mut self.current else {
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
        indexes.push(PageIndexes { of_values: column_index, of_offsets: offset_index });
        last.columns.push(column);
        Ok(())
    }

    /// Writes the end of the file.
    pub(super) fn finish(&mut self) -> Result<()> {
        if self.offset == 0 {
            self.put(MARK)?;
        }
        self.end_group()?;
        let told = std::mem::take(&mut self.told);
        // Those of the values stand before those of the offsets, of all row groups.
        let of_values = self.indexes(&told, |indexes| indexes.of_values)?;
        let of_offsets = self.indexes(&told, |indexes| indexes.of_offsets)?;
        let groups = told.iter().zip(of_values).zip(of_offsets);
        let groups = groups.map(|((told, of_values), of_offsets)| {
            let mut group = ToldGroup::from_bytes(told)?.group;
            for (column, place) in group.columns.iter_mut().zip(of_values) {
                (column.column_index_offset, column.column_index_length) = place.unzip();
            }
            for (column, place) in group.columns.iter_mut().zip(of_offsets) {
                (column.offset_index_offset, column.offset_index_length) = place.unzip();
            }
            Ok(group)
        });
        write_footer(&mut self.sink, &self.metadata, told.len(), groups)?;
        self.sink.flush().map_err(|error| Error::io("write", error))
    }

    /// Writes one of the two page indexes of each column of all row groups; gives where they are, and their lengths.
    fn indexes<'t>(
        &mut self,
        told: &'t [Vec<u8>],
        which: impl Fn(ToldIndexes<'t>) -> &'t [u8],
    ) -> Result<Vec<Vec<IndexPlace>>> {
        let mut places = Vec::with_capacity(told.len());
        for told in told {
            let mut of_group = Vec::new();
            for indexes in ToldGroup::indexes_of(told)? {
                let index = which(indexes);
                let place = (self.offset as i64, index.len() as i32);
                self.put(index)?;
                of_group.push((!index.is_empty()).then_some(place));
            }
            places.push(of_group);
        }
        Ok(places)
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
