//! Parquet that can be gone on with, row group by row group.
//!
//! Each row group is encoded as a file of its own by the engine. Its pages go to the output; what the end of that file says of them
//! is kept, and at the end moved to where the pages lie. The rows are in the row groups of [`ParquetWriter`](super::parquet::ParquetWriter).

use std::io::Write;

use polars::prelude::*;
use polars_io::parquet::write::ParquetWriter as EngineWriter;
use polars_parquet_format::thrift::protocol::{TCompactInputProtocol, TCompactOutputProtocol};
use polars_parquet_format::{FileMetaData, OffsetIndex, RowGroup};

use crate::error::{Error, Result};

use super::contain::contain_write;
use super::gathered::Gathered;
use super::parquet::NAME;
use super::writer::Encoder;

/// What a file begins and ends with.
const MARK: &[u8; 4] = b"PAR1";

/// Writes row groups.
pub(super) struct ParquetBlocks<W: Write> {
    sink: W,
    schema: Schema,
    gathered: Gathered,
    blocks: Vec<Vec<u8>>,
    offset: u64,
}

/// What the end of a file says of a row group, as the thrift that stands there.
struct Told {
    group: RowGroup,
    column_indexes: Vec<Vec<u8>>,
    offset_indexes: Vec<OffsetIndex>,
}

impl<W: Write + Send> ParquetBlocks<W> {
    /// Goes on behind the first `n_bytes` bytes of a file, of whose row groups `blocks` tell.
    pub(super) fn new(
        mut sink: W,
        schema: &Schema,
        gathered: Gathered,
        blocks: &[Vec<u8>],
        n_bytes: u64,
    ) -> Result<Self> {
        // Whether the schema can be written shows before the first row.
        contain_write(|| EngineWriter::new(Vec::new()).batched(schema))?;
        if n_bytes == 0 {
            sink.write_all(MARK).map_err(|error| Error::io("write", error))?;
        }
        let offset = n_bytes.max(MARK.len() as u64);
        Ok(Self { sink, schema: schema.clone(), gathered, blocks: blocks.to_vec(), offset })
    }

    fn write(&mut self, blocks: Vec<DataFrame>) -> Result<()> {
        for block in &blocks {
            let file = self.encoded(Some(block))?;
            let (metadata, _) = end_of(&file)?;
            for mut group in metadata.row_groups {
                let pages = pages_of(&group)?;
                let told = Told::of(&file, &mut group)?;
                let moved = self.offset as i64 - pages.start as i64;
                let pages = file.get(pages).ok_or_else(torn)?;
                self.sink.write_all(pages).map_err(|error| Error::io("write", error))?;
                self.offset += pages.len() as u64;
                self.blocks.push(told.moved(moved).to_bytes()?);
            }
        }
        Ok(())
    }

    /// A file with one block, or with none.
    fn encoded(&self, block: Option<&DataFrame>) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        contain_write(|| {
            let mut writer = EngineWriter::new(&mut file).batched(&self.schema)?;
            if let Some(block) = block {
                writer.write_batch(block)?;
            }
            writer.finish()
        })?;
        Ok(file)
    }

    /// The indexes of all pages, and the metadata.
    fn end(&self) -> Result<Vec<u8>> {
        let mut told = self.blocks.iter().map(|block| Told::from_bytes(block)).collect::<Result<Vec<_>>>()?;
        let mut end = Vec::new();
        let at = |end: &Vec<u8>| Some((self.offset + end.len() as u64) as i64);
        for told in &mut told {
            for (column, index) in told.group.columns.iter_mut().zip(&told.column_indexes) {
                column.column_index_offset = at(&end);
                column.column_index_length = Some(index.len() as i32);
                end.extend(index);
            }
        }
        for told in &mut told {
            for (column, index) in told.group.columns.iter_mut().zip(&told.offset_indexes) {
                column.offset_index_offset = at(&end);
                let before = end.len();
                index
                    .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut end))
                    .map_err(Error::engine)?;
                column.offset_index_length = Some((end.len() - before) as i32);
            }
        }
        let (mut metadata, _) = end_of(&self.encoded(None)?)?;
        metadata.row_groups = told.into_iter().map(|told| told.group).collect();
        for (ordinal, group) in metadata.row_groups.iter_mut().enumerate() {
            group.ordinal = ordinal.try_into().ok();
        }
        metadata.num_rows = metadata.row_groups.iter().map(|group| group.num_rows).sum();
        let before = end.len();
        metadata.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut end)).map_err(Error::engine)?;
        let length = (end.len() - before) as i32;
        end.extend(length.to_le_bytes());
        end.extend(MARK);
        Ok(end)
    }
}

impl<W: Write + Send> Encoder for ParquetBlocks<W> {
    fn write_chunk(&mut self, frame: &DataFrame) -> Result<()> {
        let ready = self.gathered.add(frame)?;
        self.write(ready)
    }

    fn finish(&mut self) -> Result<()> {
        let rest = self.gathered.take()?;
        self.write(rest)?;
        let end = self.end()?;
        self.sink.write_all(&end).map_err(|error| Error::io("write", error))
    }

    fn n_gathered_rows(&self) -> usize {
        self.gathered.n_rows()
    }

    fn n_rows_held(&self) -> Option<usize> {
        Some(self.gathered.n_rows())
    }

    fn blocks(&self) -> &[Vec<u8>] {
        &self.blocks
    }
}

impl Told {
    /// What a file says of one of its row groups.
    fn of(file: &[u8], group: &mut RowGroup) -> Result<Self> {
        let mut told = Self { group: group.clone(), column_indexes: Vec::new(), offset_indexes: Vec::new() };
        for column in &group.columns {
            let index = slice(file, column.column_index_offset, column.column_index_length)?;
            if column.column_index_offset.is_some() {
                told.column_indexes.push(index.to_vec());
            }
            let index = slice(file, column.offset_index_offset, column.offset_index_length)?;
            told.offset_indexes.push(read(index, OffsetIndex::read_from_in_protocol)?);
        }
        Ok(told)
    }

    /// The same for pages that lie so many bytes behind.
    fn moved(mut self, n_bytes: i64) -> Self {
        let move_it = |offset: &mut Option<i64>| *offset = offset.map(|offset| offset + n_bytes);
        move_it(&mut self.group.file_offset);
        for column in &mut self.group.columns {
            // The engine repeats what the end says of a column behind its pages. The place of that is not told, since it would
            // speak of other places than these; the specification wants 0 then.
            column.file_offset = 0;
            if let Some(pages) = &mut column.meta_data {
                pages.data_page_offset += n_bytes;
                move_it(&mut pages.index_page_offset);
                move_it(&mut pages.dictionary_page_offset);
            }
        }
        for page in self.offset_indexes.iter_mut().flat_map(|index| &mut index.page_locations) {
            page.offset += n_bytes;
        }
        self
    }

    /// Each part with its length before it: the group, and for each column its indexes.
    fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut push = |part: &[u8]| {
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(part);
        };
        let mut part = Vec::new();
        self.group
            .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut part))
            .map_err(Error::engine)?;
        push(&part);
        push(&(self.column_indexes.len() as u32).to_le_bytes());
        self.column_indexes.iter().for_each(|index| push(index));
        for index in &self.offset_indexes {
            let mut part = Vec::new();
            index
                .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut part))
                .map_err(Error::engine)?;
            push(&part);
        }
        Ok(bytes)
    }

    fn from_bytes(mut bytes: &[u8]) -> Result<Self> {
        let mut parts = Vec::new();
        while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*length) as usize;
            parts.push(rest.get(..length).ok_or_else(torn)?);
            bytes = &rest[length..];
        }
        let mut parts = parts.into_iter();
        let group = read(parts.next().ok_or_else(torn)?, RowGroup::read_from_in_protocol)?;
        let n_indexes = parts.next().and_then(|part| part.try_into().ok()).map(u32::from_le_bytes);
        let n_indexes = n_indexes.ok_or_else(torn)? as usize;
        let column_indexes = parts.by_ref().take(n_indexes).map(<[u8]>::to_vec).collect();
        let offset_indexes =
            parts.map(|part| read(part, OffsetIndex::read_from_in_protocol)).collect::<Result<_>>()?;
        Ok(Self { group, column_indexes, offset_indexes })
    }
}

/// The metadata at the end of a file, and where it begins.
fn end_of(file: &[u8]) -> Result<(FileMetaData, usize)> {
    let (before, mark) = file.split_last_chunk::<4>().ok_or_else(torn)?;
    let (before, length) = before.split_last_chunk::<4>().ok_or_else(torn)?;
    let start = before.len().checked_sub(i32::from_le_bytes(*length) as usize);
    match start {
        Some(start) if mark == MARK => {
            Ok((read(&before[start..], FileMetaData::read_from_in_protocol)?, start))
        }
        _ => Err(torn()),
    }
}

/// Where the pages of a row group lie.
fn pages_of(group: &RowGroup) -> Result<std::ops::Range<usize>> {
    let columns = group.columns.iter().filter_map(|column| column.meta_data.as_ref());
    let ranges = columns.map(|pages| {
        let start =
            pages.dictionary_page_offset.filter(|offset| *offset > 0).unwrap_or(pages.data_page_offset);
        (start as usize, (start + pages.total_compressed_size) as usize)
    });
    let (starts, ends): (Vec<usize>, Vec<usize>) = ranges.unzip();
    match (starts.into_iter().min(), ends.into_iter().max()) {
        (Some(start), Some(end)) => Ok(start..end),
        _ => Err(torn()),
    }
}

fn slice(file: &[u8], offset: Option<i64>, length: Option<i32>) -> Result<&[u8]> {
    let (Some(offset), Some(length)) = (offset, length) else { return Ok(&[]) };
    file.get(offset as usize..offset as usize + length as usize).ok_or_else(torn)
}

/// Reads thrift, in no more memory than a few times its length.
fn read<'b, T, E: std::fmt::Display>(
    bytes: &'b [u8],
    read: impl FnOnce(&mut TCompactInputProtocol<&'b [u8]>) -> std::result::Result<T, E>,
) -> Result<T> {
    let most = bytes.len().saturating_mul(64).max(1 << 20);
    read(&mut TCompactInputProtocol::new(bytes, most))
        .map_err(|error| Error::malformed(NAME, error.to_string()))
}

fn torn() -> Error {
    Error::malformed(NAME, "what is known of a row group is torn")
}
