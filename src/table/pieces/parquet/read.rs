//! What a Parquet file holds, and the rows of a slice.

use std::ops::Range;
use std::path::Path;

use polars::prelude::*;
use polars_buffer::Buffer;
use polars_parquet::read::{
    BasicDecompressor, FileMetadata, Filter, column_iter_to_arrays, infer_schema, read_metadata,
};
use rayon::prelude::*;

use crate::error::{Error, Result};

use super::super::super::cast::apply_dtypes;
use super::super::super::contain::contain;
use super::super::super::parquet::{EncodedColumns, NAME};
use super::super::super::read_options::ReadOptions;
use super::super::bytes::{ByteSource, Seekable, changed};
use super::codes;
use super::cut::GroupRows;
use super::pages::{Chunk, ColumnPages};

/// A Parquet file of which the metadata is known.
pub(in crate::table) struct ParquetPieces {
    pub(super) metadata: FileMetadata,
    arrow: ArrowSchema,
    /// The columns wanted, with the dtypes that they have in the file.
    pub(super) in_file: Schema,
    /// The same with the dtypes that were asked for.
    schema: Schema,
    options: ReadOptions,
    pub(super) largest_page: usize,
}

/// Pages of a part of a column, as they lie in the file.
struct Packed {
    bytes: Buffer<u8>,
    n_values: u64,
}

impl ParquetPieces {
    /// Reads the metadata. No page may have more than `largest_page` bytes.
    pub(in crate::table) fn open(
        source: &ByteSource,
        options: &ReadOptions,
        largest_page: usize,
    ) -> Result<Self> {
        let metadata = contain(NAME, || read_metadata(&mut Seekable::new(source)))?;
        let counted =
            metadata.row_groups.iter().try_fold(0_usize, |sum, group| sum.checked_add(group.num_rows()));
        if counted != Some(metadata.num_rows) {
            let message = format!(
                "it says that it has {} rows, and its row groups do not add up to that",
                metadata.num_rows
            );
            return Err(Error::malformed(NAME, message));
        }
        let arrow = contain(NAME, || infer_schema(&metadata))?;
        let all = contain(NAME, || Ok(Schema::from_arrow_schema(&arrow)))?;
        let (in_file, schema) = options.wanted(&all)?;
        Ok(Self { metadata, arrow, in_file, schema, options: options.clone(), largest_page })
    }

    pub(in crate::table) fn schema(&self) -> Schema {
        self.schema.clone()
    }

    /// Its columns as they are encoded, where all of them are wanted as they are.
    pub(in crate::table) fn encoded(&self, source: &ByteSource, label: &Path) -> Option<EncodedColumns> {
        let options = &self.options;
        let is_whole = options.columns().is_none() && options.limit.is_none();
        let is_as_it_is = self.in_file == self.schema && self.in_file.len() == self.arrow.len();
        (is_whole && is_as_it_is).then(|| EncodedColumns::of(source, label.to_owned(), &self.arrow))?
    }

    /// How many rows are wanted.
    pub(in crate::table) fn n_rows(&self) -> u64 {
        let limit = self.options.limit.unwrap_or(usize::MAX);
        limit.min(self.metadata.num_rows) as u64
    }

    /// The columns wanted, whole, in the dtypes of the file: a chunk for each row group.
    pub(in crate::table) fn read_whole(&self, source: &ByteSource) -> Result<DataFrame> {
        let names: Vec<&PlSmallStr> = self.in_file.iter_names().collect();
        let mut left = self.n_rows() as usize;
        let mut groups = Vec::new();
        for (group, metadata) in self.metadata.row_groups.iter().enumerate() {
            let n_rows = metadata.num_rows().min(left);
            left -= n_rows;
            if n_rows > 0 {
                groups.push(GroupRows { group, from: 0, n_rows, first_row: 0, n_bytes: 0, layout: None });
            }
        }
        let parts: Vec<(&GroupRows, &PlSmallStr)> =
            groups.iter().flat_map(|group| names.iter().map(move |name| (group, *name))).collect();
        let read: Vec<Result<Series>> =
            parts.par_iter().map(|(rows, name)| self.column(source, rows, name)).collect();
        let mut read = read.into_iter();
        let mut frame: Option<DataFrame> = None;
        for rows in &groups {
            let columns = read.by_ref().take(names.len()).map(|series| Ok(series?.into_column()));
            let block =
                DataFrame::new(rows.n_rows, columns.collect::<Result<_>>()?).map_err(Error::engine)?;
            match &mut frame {
                None => frame = Some(block),
                Some(frame) => {
                    frame.vstack_mut_owned(block).map_err(Error::engine)?;
                }
            }
        }
        Ok(frame.unwrap_or_else(|| DataFrame::empty_with_schema(&self.in_file)))
    }

    pub(in crate::table::pieces) fn read(
        &self,
        source: &ByteSource,
        rows: &GroupRows,
        columns: &[PlSmallStr],
    ) -> Result<DataFrame> {
        let columns = columns.iter().map(|name| Ok(self.column(source, rows, name)?.into_column()));
        let frame = DataFrame::new(rows.n_rows, columns.collect::<Result<_>>()?).map_err(Error::engine)?;
        apply_dtypes(frame, &self.options).map_err(|error| error.moved(rows.first_row, 0, 0))
    }

    fn column(&self, source: &ByteSource, rows: &GroupRows, name: &PlSmallStr) -> Result<Series> {
        self.decode(source, rows, name).map_err(|error| self.place(error, rows.group, name))
    }

    fn decode(&self, source: &ByteSource, rows: &GroupRows, name: &PlSmallStr) -> Result<Series> {
        let group = &self.metadata.row_groups[rows.group];
        let field = self.arrow.get(name).ok_or_else(|| Error::engine("a column of no schema"))?;
        let Some(parts) = group.columns_under_root_iter(name) else {
            return Ok(Series::full_null(name.clone(), rows.n_rows, &DataType::from_arrow_field(field)));
        };
        let chunk = |part| Chunk { part, n_rows: group.num_rows() as u64, largest_page: self.largest_page };
        let parts: Vec<Chunk<'_>> = parts.map(chunk).collect();
        // The engine's filter by rows drops values of lists in lists, so that whole pages of such columns are decoded.
        let is_nested = parts.len() > 1 || parts.iter().any(Chunk::is_nested);
        let (from, packed) = match rows.layout.as_ref().and_then(|layout| layout.of(name)) {
            Some(layout) => self.slice(source, rows, layout, group.num_rows() as u64)?,
            None => (0, parts.iter().map(|part| self.whole(source, part)).collect::<Result<_>>()?),
        };
        let skipped = rows.from - from as usize;
        let filter = (!is_nested).then(|| Filter::new_ranged(skipped, skipped + rows.n_rows));
        if let ([part], [packed]) = (parts.as_slice(), packed.as_slice())
            && !is_nested
            && skipped == 0
            && packed.n_values == rows.n_rows as u64
        {
            let primitive = &part.part.descriptor().descriptor.primitive_type;
            let series = contain(NAME, || {
                let pages = part.reader(packed.bytes.clone(), packed.n_values);
                let pages = BasicDecompressor::new(pages, Vec::new());
                let array = codes::decode(pages, primitive.physical_type, field, rows.n_rows);
                array.map(|array| Series::try_from((field, vec![array]))).transpose()
            })?;
            if let Some(series) = series {
                return Ok(series);
            }
        }
        let series = contain(NAME, || {
            let (pages, types): (Vec<_>, Vec<_>) = parts
                .iter()
                .zip(packed)
                .map(|(part, packed)| {
                    let of_type = &part.part.descriptor().descriptor.primitive_type;
                    let pages = part.reader(packed.bytes, packed.n_values);
                    (BasicDecompressor::new(pages, Vec::new()), of_type)
                })
                .unzip();
            let (arrays, _) = column_iter_to_arrays(pages, types, field.clone(), filter)?;
            let series = Series::try_from((field, arrays))?;
            Ok(if is_nested { series.slice(skipped as i64, rows.n_rows) } else { series })
        })?;
        if series.len() != rows.n_rows {
            let message = format!("it says that it has {} rows, and {} are found", rows.n_rows, series.len());
            return Err(Error::malformed(NAME, message));
        }
        Ok(series)
    }

    /// A part of a column with all its pages, checked.
    fn whole(&self, source: &ByteSource, chunk: &Chunk<'_>) -> Result<Packed> {
        let range = chunk.range(source.len())?;
        let bytes = Buffer::from(self.bytes(source, range.clone())?);
        let within = |wanted: Range<u64>| {
            Ok(bytes[(wanted.start - range.start) as usize..(wanted.end - range.start) as usize].to_vec())
        };
        let pages = chunk.pages(range.clone(), false, &within)?;
        let claimed = chunk.part.uncompressed_size().max(chunk.part.compressed_size()).max(0) as u64;
        // A writer may count headers, or not.
        if pages.n_unpacked() / 2 > claimed.saturating_add(1 << 20) {
            let message =
                format!("it says that it has {claimed} bytes, and its pages have {}", pages.n_unpacked());
            return Err(Error::malformed(NAME, message));
        }
        Ok(Packed { n_values: pages.pages.iter().map(|page| page.n_values).sum(), bytes })
    }

    /// The pages of each part of a column that hold some rows, and the row that they begin with. Those of several parts hold
    /// the same rows.
    fn slice(
        &self,
        source: &ByteSource,
        rows: &GroupRows,
        layout: &[ColumnPages],
        n_rows: u64,
    ) -> Result<(u64, Vec<Packed>)> {
        let (mut from, mut to) = (rows.from as u64, (rows.from + rows.n_rows) as u64);
        loop {
            let first = layout.iter().map(|part| part.row_before(from)).min().unwrap_or(from);
            let end = match layout.len() {
                1 => to,
                _ => layout.iter().map(|part| part.row_after(to, n_rows)).max().unwrap_or(to),
            };
            if (first, end) == (from, to) {
                break;
            }
            (from, to) = (first, end);
        }
        let of_part = |part: &ColumnPages| {
            let pages = part.of_rows(from..to);
            let mut bytes = match &part.dictionary {
                Some((range, _)) => self.bytes(source, range.clone())?,
                None => Vec::new(),
            };
            // Pages lie one behind the other.
            if let (Some(first), Some(last)) = (pages.first(), pages.last()) {
                bytes.append(&mut self.bytes(source, first.bytes.start..last.bytes.end)?);
            }
            let n_values = pages.iter().map(|page| page.n_values).sum();
            Ok(Packed { bytes: Buffer::from(bytes), n_values })
        };
        Ok((from, layout.iter().map(of_part).collect::<Result<_>>()?))
    }

    /// The bytes of a range; an error where the file has become shorter.
    pub(super) fn bytes(&self, source: &ByteSource, range: Range<u64>) -> Result<Vec<u8>> {
        let n_bytes = range.end - range.start;
        let bytes = source.range(range)?;
        if (bytes.len() as u64) < n_bytes { Err(changed()) } else { Ok(bytes) }
    }

    /// Says which column of which row group an error is about.
    pub(super) fn place(&self, error: Error, group: usize, column: &str) -> Error {
        error.in_part(&format!("row group {group}")).in_column(column)
    }
}
