//! A Parquet file, row group by row group, and large row groups in slices.
//!
//! The bytes of a column are read when its rows are wanted and not before, and never mapped: a file that shrinks meanwhile is
//! an error. Decoding is the engine's.

use std::io::Cursor;

use polars::prelude::*;
use polars_buffer::Buffer;
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, PageReader, column_iter_to_arrays,
    infer_schema, read_metadata,
};

use crate::error::{Error, Result};

use super::super::cast::apply_dtypes;
use super::super::contain::contain;
use super::super::parquet::NAME;
use super::super::read_options::ReadOptions;
use super::bytes::{ByteSource, Seekable};

/// A Parquet file of which the metadata is known.
pub(super) struct ParquetPieces {
    metadata: FileMetadata,
    arrow: ArrowSchema,
    /// The columns wanted, with the dtypes that they have in the file.
    in_file: Schema,
    /// The same with the dtypes that were asked for.
    schema: Schema,
    options: ReadOptions,
    largest_page: usize,
}

/// Some rows of a row group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupRows {
    group: usize,
    /// The rows within the group.
    from: usize,
    pub(super) n_rows: usize,
    pub(super) first_row: u64,
    pub(super) n_bytes: usize,
}

/// Cuts row groups into pieces.
pub(crate) struct GroupCutter {
    /// For each row group its rows, and the bytes that one of them takes in memory, about.
    groups: Vec<(usize, usize)>,
    target: usize,
    next: GroupRows,
    n_rows_left: usize,
}

impl ParquetPieces {
    pub(super) fn open(source: &ByteSource, options: &ReadOptions, largest_page: usize) -> Result<Self> {
        let metadata = contain(NAME, || read_metadata(&mut Seekable::new(source)))?;
        let arrow = contain(NAME, || infer_schema(&metadata))?;
        let all = contain(NAME, || Ok(Schema::from_arrow_schema(&arrow)))?;
        let names: Vec<String> = all.iter_names().map(|name| name.to_string()).collect();
        let selection = options.selection(&names)?;
        let wanted =
            |index: &usize| all.get_at_index(*index).map(|(name, dtype)| (name.clone(), dtype.clone()));
        let in_file: Schema = selection.iter().filter_map(wanted).collect();
        let given = |(name, dtype): (&PlSmallStr, &DataType)| {
            (name.clone(), options.dtype_of(name).unwrap_or(dtype).clone())
        };
        let schema = in_file.iter().map(given).collect();
        Ok(Self { metadata, arrow, in_file, schema, options: options.clone(), largest_page })
    }

    pub(super) fn schema(&self) -> Schema {
        self.schema.clone()
    }

    pub(super) fn n_rows(&self) -> u64 {
        let limit = self.options.limit.unwrap_or(usize::MAX);
        limit.min(self.metadata.num_rows) as u64
    }

    pub(super) fn cutter(&self, target: usize, columns: &[PlSmallStr]) -> GroupCutter {
        let groups = self.metadata.row_groups.iter().map(|group| {
            let n_rows = group.num_rows();
            let row_bytes = columns.iter().map(|name| {
                let parts = group.columns_under_root_iter(name).into_iter().flatten();
                let packed: i64 = parts.map(ColumnChunkMetadata::uncompressed_size).sum();
                (packed.max(0) as usize / n_rows.max(1)).max(width(self.in_file.get(name)))
            });
            (n_rows, row_bytes.sum::<usize>().max(1))
        });
        let next = GroupRows { group: 0, from: 0, n_rows: 0, first_row: 0, n_bytes: 0 };
        GroupCutter { groups: groups.collect(), target, next, n_rows_left: self.n_rows() as usize }
    }

    pub(super) fn read(
        &self,
        source: &ByteSource,
        rows: GroupRows,
        columns: &[PlSmallStr],
    ) -> Result<DataFrame> {
        let columns = columns.iter().map(|name| Ok(self.column(source, rows, name)?.into_column()));
        let frame = DataFrame::new(rows.n_rows, columns.collect::<Result<_>>()?).map_err(Error::engine)?;
        apply_dtypes(frame, &self.options).map_err(|error| error.moved(rows.first_row, 0, 0))
    }

    fn column(&self, source: &ByteSource, rows: GroupRows, name: &PlSmallStr) -> Result<Series> {
        let group = &self.metadata.row_groups[rows.group];
        let field = self.arrow.get(name).ok_or_else(|| Error::engine("a column of no schema"))?;
        let Some(parts) = group.columns_under_root_iter(name) else {
            return Ok(Series::full_null(name.clone(), rows.n_rows, &DataType::from_arrow_field(field)));
        };
        let parts: Vec<&ColumnChunkMetadata> = parts.collect();
        let mut bytes = Vec::with_capacity(parts.len());
        for part in &parts {
            let range = contain(NAME, || Ok(part.byte_range()))?;
            let expected = range.end.saturating_sub(range.start);
            if source.len().is_some_and(|len| range.end > len) {
                let message =
                    format!("column {name:?} would end at byte {}, behind the end of the file", range.end);
                return Err(Error::malformed(NAME, message));
            }
            let read = source.range(range)?;
            if (read.len() as u64) < expected {
                return Err(super::bytes::changed());
            }
            bytes.push(Buffer::from(read));
        }
        let series = contain(NAME, || {
            let (pages, types): (Vec<_>, Vec<_>) = parts
                .iter()
                .zip(bytes)
                .map(|(part, bytes)| {
                    let pages = PageReader::new(Cursor::new(bytes), part, Vec::new(), self.largest_page);
                    let of_type = &part.descriptor().descriptor.primitive_type;
                    (BasicDecompressor::new(pages, Vec::new()), of_type)
                })
                .unzip();
            let filter = Filter::new_ranged(rows.from, rows.from + rows.n_rows);
            let (arrays, _) = column_iter_to_arrays(pages, types, field.clone(), Some(filter))?;
            Series::try_from((field, arrays))
        })
        .map_err(|error| error.in_column(name.as_str()))?;
        if series.len() != rows.n_rows {
            let message = format!("it says that it has {} rows, and {} are found", rows.n_rows, series.len());
            return Err(Error::malformed(NAME, message).in_column(name.as_str()));
        }
        Ok(series)
    }
}

impl GroupCutter {
    pub(super) fn next_rows(&mut self) -> Option<GroupRows> {
        loop {
            let (n_rows, row_bytes) = *self.groups.get(self.next.group)?;
            if self.n_rows_left == 0 {
                return None;
            }
            let left = n_rows - self.next.from;
            if left == 0 {
                self.next.group += 1;
                self.next.from = 0;
                continue;
            }
            // Slices of a row group are alike, so that none is left over that is not worth the way.
            let most = (self.target / row_bytes).max(1);
            let n_rows = left.div_ceil(left.div_ceil(most)).min(self.n_rows_left);
            let rows = GroupRows { n_rows, n_bytes: n_rows * row_bytes, ..self.next };
            self.next.from += n_rows;
            self.next.first_row += n_rows as u64;
            self.n_rows_left -= n_rows;
            return Some(rows);
        }
    }
}

/// The bytes that a value takes in memory, at least.
fn width(dtype: Option<&DataType>) -> usize {
    match dtype {
        Some(dtype) if dtype.is_primitive_numeric() || dtype.is_temporal() => 8,
        Some(DataType::Boolean) => 1,
        _ => 16,
    }
}
