//! What a Parquet file holds, and the rows of a slice.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::array::Array;
use polars_arrow::compute::concatenate::concatenate_unchecked;
use polars_buffer::Buffer;
use polars_parquet::read::{
    BasicDecompressor, FileMetadata, Filter, column_iter_to_arrays, infer_schema, read_metadata,
};
use rayon::prelude::*;

use crate::error::{Error, Result};

use super::super::super::cast::apply_dtypes;
use super::super::super::contain::contain;
use super::super::super::file_schema::file_schema;
use super::super::super::own::{column_of, compact_series, copied};
use super::super::super::parquet::{EncodedColumns, NAME};
use super::super::super::read_options::ReadOptions;
use super::super::bytes::{ByteSource, Seekable, changed};
use super::super::integers::Integers;
use super::codes;
use super::cut::GroupRows;
use super::leaves::{joined, leaves};
use super::nesting::fitted;
use super::pages::{Chunk, ColumnPages};

/// A Parquet file of which the metadata is known.
pub(in crate::table) struct ParquetPieces {
    /// What it says of its row groups; `None` where that is read again when it is needed.
    metadata: Option<Arc<FileMetadata>>,
    n_rows: usize,
    arrow: Arc<ArrowSchema>,
    /// The columns wanted, with the dtypes that they have in the file.
    pub(super) in_file: Arc<Schema>,
    /// The same with the dtypes that were asked for.
    schema: Arc<Schema>,
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
        let metadata = metadata_of(source)?;
        let counted =
            metadata.row_groups.iter().try_fold(0_usize, |sum, group| sum.checked_add(group.num_rows()));
        if counted != Some(metadata.num_rows) {
            let message = format!(
                "it says that it has {} rows, and its row groups do not add up to that",
                metadata.num_rows
            );
            return Err(Error::malformed(NAME, message));
        }
        let arrow = fitted(&metadata, contain(NAME, || infer_schema(&metadata))?)?;
        let all = file_schema(NAME, &arrow)?;
        let (in_file, schema) = options.wanted(&all)?;
        Ok(Self {
            n_rows: metadata.num_rows,
            metadata: Some(Arc::new(metadata)),
            arrow: Arc::new(arrow),
            in_file: Arc::new(in_file),
            schema: Arc::new(schema),
            options: options.clone(),
            largest_page,
        })
    }

    pub(in crate::table) fn schema(&self) -> Schema {
        self.schema.as_ref().clone()
    }

    /// Shares with the file before what is the same of both.
    pub(in crate::table) fn share(&mut self, before: &Self) {
        if self.arrow == before.arrow {
            self.arrow = Arc::clone(&before.arrow);
        }
        if self.in_file == before.in_file {
            self.in_file = Arc::clone(&before.in_file);
        }
        if self.schema == before.schema {
            self.schema = Arc::clone(&before.schema);
        }
    }

    /// How much memory what it says of its row groups takes, about.
    pub(in crate::table) fn n_bytes_kept(&self) -> usize {
        /// What the engine has of a part of a column.
        const PART: usize = 1 << 10;
        let parts = |metadata: &Arc<FileMetadata>| {
            let groups = metadata.row_groups.iter();
            groups.map(|group| group.n_columns()).sum::<usize>() + metadata.schema_descr.columns().len()
        };
        self.metadata.as_ref().map_or(0, |metadata| PART * parts(metadata))
    }

    /// Reads what it says of its row groups again when that is needed.
    pub(in crate::table) fn forget_groups(&mut self) {
        self.metadata = None;
    }

    /// What it says of its row groups.
    pub(super) fn metadata(&self, source: &ByteSource) -> Result<Arc<FileMetadata>> {
        match &self.metadata {
            Some(metadata) => Ok(Arc::clone(metadata)),
            None => match metadata_of(source)? {
                metadata if metadata.num_rows == self.n_rows => Ok(Arc::new(metadata)),
                _ => Err(changed()),
            },
        }
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
        limit.min(self.n_rows) as u64
    }

    /// The columns wanted, whole, in the dtypes of the file: a chunk for each row group.
    pub(in crate::table) fn read_whole(&self, source: &ByteSource) -> Result<DataFrame> {
        let names: Vec<&PlSmallStr> = self.in_file.iter_names().collect();
        let mut left = self.n_rows() as usize;
        let mut groups = Vec::new();
        let metadata = self.metadata(source)?;
        for (group, of_group) in metadata.row_groups.iter().enumerate() {
            let n_rows = of_group.num_rows().min(left);
            left -= n_rows;
            if n_rows > 0 {
                groups.push(GroupRows { group, n_rows, ..GroupRows::of(&metadata) });
            }
        }
        let parts: Vec<(&GroupRows, &PlSmallStr)> =
            groups.iter().flat_map(|group| names.iter().map(move |name| (group, *name))).collect();
        let read: Vec<Result<Series>> =
            parts.par_iter().map(|(rows, name)| self.column(source, rows, name, Integers::AsWide)).collect();
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
        integers: Integers,
    ) -> Result<DataFrame> {
        let columns = columns.iter().map(|name| {
            // Where a dtype was asked for, the values are brought to it.
            let is_asked_for = self.options.dtype_of(name).is_some();
            let integers = if is_asked_for { Integers::AsWide } else { integers };
            Ok(column_of(self.column(source, rows, name, integers)?))
        });
        let frame = DataFrame::new(rows.n_rows, columns.collect::<Result<_>>()?).map_err(Error::engine)?;
        apply_dtypes(frame, &self.options).map_err(|error| error.moved(rows.first_row, 0, 0))
    }

    fn column(
        &self,
        source: &ByteSource,
        rows: &GroupRows,
        name: &PlSmallStr,
        integers: Integers,
    ) -> Result<Series> {
        self.decode(source, rows, name, integers).map_err(|error| self.place(error, rows.group, name))
    }

    fn decode(
        &self,
        source: &ByteSource,
        rows: &GroupRows,
        name: &PlSmallStr,
        integers: Integers,
    ) -> Result<Series> {
        let group = &rows.metadata.row_groups[rows.group];
        let field = self.arrow.get(name).ok_or_else(|| Error::engine("a column of no schema"))?;
        let Some(parts) = group.columns_under_root_iter(name) else {
            return Ok(Series::full_null(name.clone(), rows.n_rows, &DataType::from_arrow_field(field)));
        };
        let chunk = |part| Chunk { part, n_rows: group.num_rows() as u64, largest_page: self.largest_page };
        let parts: Vec<Chunk<'_>> = parts.map(chunk).collect();
        let layout = rows.layout.as_ref().and_then(|layout| layout.of(name));
        let pages_of = |(index, part)| match layout.and_then(|layout| layout.get(index)) {
            Some(pages) => self.slice(source, rows, pages),
            None => Ok((0, self.whole(source, part)?)),
        };
        let Some(leaves) = leaves(field).filter(|leaves| leaves.len() == parts.len()) else {
            let message = format!("its dtype is not known: {:?} in {} parts", field.dtype, parts.len());
            return Err(Error::malformed(NAME, message));
        };
        let mut arrays = Vec::with_capacity(parts.len());
        let mut n_decoded = 0;
        for (pages, leaf) in parts.iter().enumerate().map(pages_of).zip(&leaves) {
            let (from, packed) = pages?;
            let part = &parts[arrays.len()];
            let wanted = Wanted { n_skipped: rows.from - from as usize, n_rows: rows.n_rows, integers };
            let (array, n_rows) = decode_leaf(part, packed, leaf, wanted)?;
            n_decoded = n_rows.max(n_decoded);
            arrays.push(array);
        }
        let series = contain(NAME, || {
            let series = match &arrays[..] {
                // Narrower than the field says.
                [array] if integers.may_be_arrow(array.dtype(), &field.dtype) => {
                    Series::from_arrow(name.clone(), array.clone())?
                }
                _ => Series::try_from((field, joined(&field.dtype, arrays)?))?,
            };
            // A part of what was decoded keeps all of it in memory.
            Ok(match n_decoded / 2 > rows.n_rows {
                true => copied(&series),
                // Texts keep the pages that they lie in.
                false => compact_series(&series),
            })
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

    /// The pages of a part of a column that hold some rows, and the row that they begin with.
    fn slice(&self, source: &ByteSource, rows: &GroupRows, part: &ColumnPages) -> Result<(u64, Packed)> {
        let (from, to) = (rows.from as u64, (rows.from + rows.n_rows) as u64);
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
        Ok((part.row_before(from), Packed { bytes: Buffer::from(bytes), n_values }))
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

fn metadata_of(source: &ByteSource) -> Result<FileMetadata> {
    contain(NAME, || read_metadata(&mut Seekable::new(source)))
}

/// Some rows of a leaf, behind others.
struct Wanted {
    n_skipped: usize,
    n_rows: usize,
    integers: Integers,
}

/// Some rows of a leaf, and how many were decoded for them.
fn decode_leaf(
    chunk: &Chunk<'_>,
    packed: Packed,
    field: &ArrowField,
    Wanted { n_skipped, n_rows, integers }: Wanted,
) -> Result<(Box<dyn Array>, usize)> {
    // The engine's filter by rows drops values of lists in lists, so that whole pages of lists are decoded.
    let filter = (!chunk.is_nested()).then(|| Filter::new_ranged(n_skipped, n_skipped + n_rows));
    let is_filtered = filter.is_some();
    let is_whole = is_filtered && n_skipped == 0 && packed.n_values == n_rows as u64;
    let of_type = &chunk.part.descriptor().descriptor.primitive_type;
    let pages = |bytes| chunk.reader(bytes, packed.n_values);
    let array = contain(NAME, || {
        let usual = match is_whole {
            true => {
                codes::decode(pages(packed.bytes.clone()), of_type.physical_type, field, n_rows, integers)
            }
            false => None,
        };
        if let Some(array) = usual {
            return Ok(array);
        }
        let pages = BasicDecompressor::new(pages(packed.bytes), Vec::new());
        let (arrays, _) = column_iter_to_arrays(vec![pages], vec![of_type], field.clone(), filter)?;
        concatenate_unchecked(&arrays)
    })?;
    let n_decoded = array.len();
    if is_filtered {
        return Ok((array, n_decoded));
    }
    if n_decoded < n_skipped + n_rows {
        let (wanted, found) = (n_rows, n_decoded.saturating_sub(n_skipped));
        return Err(Error::malformed(
            NAME,
            format!("it says that it has {wanted} rows, and {found} are found"),
        ));
    }
    Ok((array.sliced(n_skipped, n_rows), n_decoded))
}
