//! Columns of Parquet files that go into another one as they are encoded: neither unpacked nor decoded.

use std::collections::VecDeque;
use std::path::PathBuf;

use polars::prelude::ArrowSchema;
use polars_parquet::write::{ThriftFileMetadata, schema_to_metadata_key};
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;
use polars_parquet_format::{ColumnOrder, RowGroup, SchemaElement, TypeDefinedOrder};

use crate::error::{Error, Result};

use super::super::pieces::{ByteSource, changed};
use super::encoded::Chunk;
use super::group_file::{GroupFile, byte_range, put};

/// The rows that a row group may have, for its columns to be copied: those of the new columns are gathered until it ends.
const MOST_ROWS: i64 = 1 << 20;

/// How many bytes are copied at a time.
const BLOCK_BYTES: u64 = 1 << 20;

/// The columns of one file, as they are encoded.
pub(crate) struct EncodedColumns {
    source: ByteSource,
    label: PathBuf,
    arrow: ArrowSchema,
    schema: Vec<SchemaElement>,
    groups: VecDeque<RowGroup>,
}

/// The columns of files that have the same ones.
pub(crate) struct CopiedColumns {
    files: VecDeque<EncodedColumns>,
}

impl EncodedColumns {
    /// The columns of a file, all of them; `None` where something is unusual about it, and its rows are to be decoded.
    pub(in super::super) fn of(source: &ByteSource, label: PathBuf, arrow: &ArrowSchema) -> Option<Self> {
        let source = source.share().ok()?;
        let metadata = metadata(&source)?;
        let n_columns =
            metadata.schema.iter().filter(|element| element.num_children.unwrap_or(0) == 0).count();
        let orders = metadata.column_orders.as_ref();
        let len = source.len()?;
        let is_plain = |group: &RowGroup| {
            let is_plain = |column: &polars_parquet_format::ColumnChunk| {
                let metadata = column.meta_data.as_ref();
                column.file_path.is_none()
                    && column.crypto_metadata.is_none()
                    && column.encrypted_column_metadata.is_none()
                    && metadata.is_some_and(|metadata| metadata.index_page_offset.is_none())
                    && byte_range(column).is_some_and(|(_, to)| to <= len)
            };
            (0..=MOST_ROWS).contains(&group.num_rows)
                && group.columns.len() == n_columns
                && group.columns.iter().all(is_plain)
        };
        if !metadata.row_groups.iter().all(is_plain) {
            return None;
        }
        // Without an order of values nobody knows what the least and the largest of them are.
        let is_ordered = orders.is_some_and(|orders| orders.len() == n_columns);
        let mut groups = VecDeque::from(metadata.row_groups);
        groups.retain(|group| group.num_rows > 0);
        for column in groups.iter_mut().flat_map(|group| &mut group.columns) {
            let Some(metadata) = &mut column.meta_data else { continue };
            if let Some(statistics) = &mut metadata.statistics {
                // Written by nobody any more, since their order is that of signed bytes.
                (statistics.min, statistics.max) = (None, None);
            }
            if !is_ordered {
                metadata.statistics = None;
                (column.column_index_offset, column.column_index_length) = (None, None);
            }
        }
        Some(Self { source, label, arrow: arrow.clone(), schema: metadata.schema, groups })
    }
}

impl CopiedColumns {
    /// The columns of some files; `None` where they are not the same ones.
    pub(crate) fn new(files: Vec<EncodedColumns>) -> Option<Self> {
        let (first, rest) = files.split_first()?;
        let is_alike = |file: &EncodedColumns| file.schema == first.schema && file.arrow == first.arrow;
        rest.iter().all(is_alike).then(|| Self { files: files.into() })
    }

    /// What stands at the end of a file with these columns and, behind them, those of `new`.
    pub(super) fn metadata(
        &self,
        new: &ArrowSchema,
        mut metadata: ThriftFileMetadata,
    ) -> Result<ThriftFileMetadata> {
        let Some(first) = self.files.front() else { return Ok(metadata) };
        let mut schema = first.schema.clone();
        let n_new = metadata.schema.first().and_then(|root| root.num_children).unwrap_or(0);
        if let Some(root) = schema.first_mut() {
            root.num_children = Some(root.num_children.unwrap_or(0) + n_new);
        }
        schema.extend(metadata.schema.drain(..).skip(1));
        metadata.schema = schema;
        let mut arrow = first.arrow.clone();
        for (name, field) in new.iter() {
            arrow.insert(name.clone(), field.clone());
        }
        metadata.key_value_metadata = Some(vec![schema_to_metadata_key(&arrow)]);
        let is_leaf = |element: &&SchemaElement| element.num_children.unwrap_or(0) == 0;
        let n_leaves = metadata.schema.iter().skip(1).filter(is_leaf).count();
        let order = || ColumnOrder::TYPEORDER(TypeDefinedOrder {});
        metadata.column_orders = Some((0..n_leaves).map(|_| order()).collect());
        Ok(metadata)
    }

    /// Passes over the row groups of the first rows, which are in the output already.
    pub(super) fn pass(&mut self, n_rows: u64) -> Result<()> {
        let mut n_left = n_rows;
        for file in &mut self.files {
            while n_left > 0
                && let Some(group) = file.groups.pop_front()
            {
                let n_here = group.num_rows as u64;
                n_left = n_left.checked_sub(n_here).ok_or_else(|| {
                    Error::malformed("journal", "it speaks of a place within a row group that is copied")
                })?;
            }
        }
        match n_left {
            0 => Ok(()),
            _ => Err(Error::malformed("journal", "it speaks of more rows than the input has")),
        }
    }

    /// How many rows a row group has, the next one being the one at 0; `None` behind the last.
    pub(super) fn nth_rows(&self, index: usize) -> Option<usize> {
        let groups = self.files.iter().flat_map(|file| &file.groups);
        groups.map(|group| group.num_rows as usize).nth(index)
    }

    /// Writes the columns of the next row group, and begins it with them.
    pub(super) fn write_next<W: std::io::Write>(&mut self, file: &mut GroupFile<W>) -> Result<()> {
        while self.files.front().is_some_and(|file| file.groups.is_empty()) {
            self.files.pop_front();
        }
        let more = || Error::engine("more rows than the input has");
        let input = self.files.front_mut().ok_or_else(more)?;
        let group = input.groups.pop_front().ok_or_else(more)?;
        let source = &input.source;
        let in_file = |error: Error| error.in_file(input.label.clone());
        file.begin_group(group.num_rows as usize, group.sorting_columns);
        for column in group.columns {
            let Some((from, to)) = byte_range(&column) else { continue };
            let read = |offset: u64, n_bytes: usize| {
                const MOST_BYTES: usize = 1 << 24;
                let n_bytes = Some(n_bytes).filter(|n_bytes| *n_bytes <= MOST_BYTES)?;
                source.range(offset..offset.checked_add(n_bytes as u64)?).ok()
            };
            file.column(Chunk::of(column, read), |sink| {
                let mut at = from;
                while at < to {
                    let end = to.min(at + BLOCK_BYTES);
                    let bytes = source.range(at..end).map_err(in_file)?;
                    if (bytes.len() as u64) < end - at {
                        return Err(in_file(changed()));
                    }
                    put(sink, &bytes)?;
                    at = end;
                }
                Ok(())
            })?;
        }
        if input.groups.is_empty() {
            source.check_unchanged().map_err(in_file)?;
        }
        Ok(())
    }
}

/// What stands at the end of a file, in full: the engine keeps only what it needs itself.
fn metadata(source: &ByteSource) -> Option<ThriftFileMetadata> {
    const END: u64 = 8;
    let len = source.len()?;
    let end = source.range(len.checked_sub(END)?..len).ok()?;
    let n_bytes = u64::from(u32::from_le_bytes(end.get(..4)?.try_into().ok()?));
    let from = (len - END).checked_sub(n_bytes)?;
    let bytes = source.range(from..len - END).ok()?;
    let most = bytes.len().saturating_mul(16).saturating_add(1024);
    ThriftFileMetadata::read_from_in_protocol(&mut TCompactInputProtocol::new(bytes.as_slice(), most)).ok()
}
