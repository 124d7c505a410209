//! Row groups into slices.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{DataType, PlHashMap, PlSmallStr};
use polars_parquet::read::{ColumnChunkMetadata, FileMetadata};

use crate::error::Result;

use super::super::bytes::ByteSource;
use super::pages::{Chunk, ColumnPages};
use super::read::ParquetPieces;

/// Some rows of a row group.
#[derive(Clone, Debug)]
pub(crate) struct GroupRows {
    pub(super) metadata: Arc<FileMetadata>,
    pub(super) group: usize,
    /// The rows within the group.
    pub(super) from: usize,
    pub(in crate::table::pieces) n_rows: usize,
    pub(in crate::table::pieces) first_row: u64,
    /// How many bytes they take in memory, about, with the pages that they lie in.
    pub(in crate::table::pieces) n_bytes: usize,
    /// The pages of the columns wanted, where the row group is read in slices.
    pub(super) layout: Option<Arc<Layout>>,
}

impl GroupRows {
    /// No rows of the first row group.
    pub(super) fn of(metadata: &Arc<FileMetadata>) -> Self {
        let metadata = Arc::clone(metadata);
        Self { metadata, group: 0, from: 0, n_rows: 0, first_row: 0, n_bytes: 0, layout: None }
    }
}

/// Where the pages of some columns of a row group lie.
#[derive(Debug)]
pub(super) struct Layout {
    /// For each column the pages of each of its parts.
    columns: PlHashMap<PlSmallStr, Vec<ColumnPages>>,
}

/// Cuts row groups into pieces.
pub(crate) struct GroupCutter {
    file: Arc<ParquetPieces>,
    source: ByteSource,
    columns: Vec<PlSmallStr>,
    target: usize,
    next: GroupRows,
    n_rows_left: usize,
    most_rows: usize,
}

impl Layout {
    /// The pages of each part of a column.
    pub(super) fn of(&self, column: &str) -> Option<&[ColumnPages]> {
        self.columns.get(column).map(Vec::as_slice)
    }

    fn parts(&self) -> impl Iterator<Item = &ColumnPages> {
        self.columns.values().flatten()
    }

    /// The bytes of the pages that hold some rows, unpacked, and those of the dictionaries: of all columns, and of the largest one.
    fn n_bytes(&self, rows: Range<u64>) -> (usize, usize) {
        let of_part = |part: &ColumnPages| {
            let pages = part.of_rows(rows.clone()).iter().map(|page| page.n_unpacked).sum::<usize>();
            pages + part.dictionary.as_ref().map_or(0, |(_, n_unpacked)| *n_unpacked)
        };
        let of_columns = self.columns.values().map(|parts| parts.iter().map(of_part).sum::<usize>());
        of_columns.fold((0, 0), |(all, largest), column| (all + column, column.max(largest)))
    }

    /// Where to cut: at a border of pages of the part that has the most bytes, so that no page is unpacked for two slices. A
    /// slice may be some times as large as wanted for that, and where it would not get to a border all the same, it is so that
    /// a page is unpacked less often: memory is counted by what is read.
    fn border(&self, from: u64, wanted: u64, n_rows: u64) -> u64 {
        const FARTHEST: u64 = 8;
        const WITHIN_A_PAGE: u64 = 4;
        let Some(largest) = self.parts().max_by_key(|part| (part.n_unpacked(), part.pages.len())) else {
            return wanted;
        };
        let n_wanted = wanted - from;
        let behind = largest.pages.partition_point(|page| page.first_row <= wanted);
        let before = largest.pages[..behind].last().map(|page| page.first_row);
        let after = largest.pages.get(behind).map_or(n_rows, |page| page.first_row);
        match before.filter(|row| *row >= from + n_wanted.div_ceil(2)) {
            Some(before) => before,
            None if after <= from + n_wanted * FARTHEST => after,
            None => (from + n_wanted * WITHIN_A_PAGE).min(after),
        }
    }
}

impl GroupCutter {
    pub(in crate::table::pieces) fn new(
        file: Arc<ParquetPieces>,
        source: ByteSource,
        target: usize,
        columns: &[PlSmallStr],
    ) -> Result<Self> {
        let next = GroupRows::of(&file.metadata(&source)?);
        let n_rows_left = file.n_rows() as usize;
        Ok(Self { file, source, columns: columns.to_vec(), target, next, n_rows_left, most_rows: usize::MAX })
    }

    /// Passes over the first rows, and lets pieces have so many at most, as far as pages end there.
    pub(in crate::table::pieces) fn pass(&mut self, n_rows: u64, most_rows: u64) -> Result<()> {
        self.most_rows = usize::try_from(most_rows).unwrap_or(usize::MAX);
        let mut left = usize::try_from(n_rows).unwrap_or(usize::MAX).min(self.n_rows_left);
        self.n_rows_left -= left;
        while left > 0 {
            let Some(group) = self.next.metadata.row_groups.get(self.next.group) else { break };
            let here = left.min(group.num_rows() - self.next.from);
            self.next.from += here;
            self.next.first_row += here as u64;
            left -= here;
            if self.next.from == group.num_rows() {
                self.next.group += 1;
                self.next.from = 0;
            }
        }
        if self.next.from > 0 {
            self.next.layout = Some(Arc::new(self.layout()?));
        }
        Ok(())
    }

    pub(in crate::table::pieces) fn next_rows(&mut self) -> Result<Option<GroupRows>> {
        loop {
            let Some(group) = self.next.metadata.row_groups.get(self.next.group) else { return Ok(None) };
            if self.n_rows_left == 0 {
                return Ok(None);
            }
            let left = group.num_rows() - self.next.from;
            if left == 0 {
                self.next =
                    GroupRows { group: self.next.group + 1, from: 0, layout: None, ..self.next.clone() };
                continue;
            }
            if self.next.from == 0 {
                let begins = group.byte_ranges_iter().map(|range| range.start);
                self.source.passed(begins.min().unwrap_or_default());
            }
            let row_bytes = self.row_bytes();
            let most = (self.target / row_bytes).max(1).min(self.most_rows);
            let most = if self.is_read_whole(left, row_bytes) { left } else { most };
            if self.next.from == 0 && left > most {
                self.next.layout = Some(Arc::new(self.layout()?));
            }
            // Slices of a row group are alike, so that none is left over that is not worth the way.
            let mut n_rows = left.div_ceil(left.div_ceil(most)).min(self.n_rows_left);
            let mut n_bytes = n_rows * row_bytes;
            if let Some(layout) = &self.next.layout {
                let from = self.next.from as u64;
                n_rows = (layout.border(from, from + n_rows as u64, group.num_rows() as u64) - from) as usize;
                n_rows = n_rows
                    .max(self.worth_unpacking(layout, n_rows, row_bytes))
                    .min(left)
                    .min(self.n_rows_left);
                // The pages of a column are gone when its rows are taken out of them.
                n_bytes = n_rows * row_bytes + layout.n_bytes(from..from + n_rows as u64).1;
            }
            let rows = GroupRows { n_rows, n_bytes, ..self.next.clone() };
            self.next.from += n_rows;
            self.next.first_row += n_rows as u64;
            self.n_rows_left -= n_rows;
            return Ok(Some(rows));
        }
    }

    /// Whether the next row group is read at once though it is larger than wanted: no page of it is unpacked for two slices
    /// then. There must be room for some such pieces in memory.
    fn is_read_whole(&self, n_rows: usize, row_bytes: usize) -> bool {
        const FARTHEST: usize = 12;
        const PART_OF_A_PAGE: usize = 4;
        let most = self.target.saturating_mul(FARTHEST).min(self.file.largest_page / PART_OF_A_PAGE);
        self.next.from == 0 && n_rows <= self.most_rows && n_rows.saturating_mul(row_bytes) <= most
    }

    /// How many rows a slice has that is worth it to unpack the pages which they lie in: of hundreds of columns these have a hundred times
    /// as many as others in the slice. There must be room for some such pieces in memory.
    fn worth_unpacking(&self, layout: &Layout, n_rows: usize, row_bytes: usize) -> usize {
        const WORTHWHILE: usize = 8;
        const PART_OF_A_PAGE: usize = 4;
        let from = self.next.from as u64;
        let (n_unpacked, _) = layout.n_bytes(from..from + n_rows as u64);
        let most = self.file.largest_page / PART_OF_A_PAGE;
        let fitting = n_unpacked.div_ceil(WORTHWHILE).min(most) / row_bytes;
        fitting.min(self.most_rows)
    }

    /// The bytes that a row of the group takes in memory, about.
    fn row_bytes(&self) -> usize {
        let group = &self.next.metadata.row_groups[self.next.group];
        let n_rows = group.num_rows().max(1);
        let of_column = |name: &PlSmallStr| {
            let parts = group.columns_under_root_iter(name).into_iter().flatten();
            let size =
                |part: &ColumnChunkMetadata| part.uncompressed_size().max(part.compressed_size()).max(0);
            let unpacked = parts.map(size).fold(0_i64, i64::saturating_add);
            (unpacked as usize / n_rows).max(width(self.file.in_file.get(name)))
        };
        self.columns.iter().map(of_column).fold(0, usize::saturating_add).max(1)
    }

    fn layout(&self) -> Result<Layout> {
        let file = &self.file;
        let group = &self.next.metadata.row_groups[self.next.group];
        let bytes = |range| file.bytes(&self.source, range);
        let of_column = |name: &PlSmallStr| {
            let parts = group.columns_under_root_iter(name).into_iter().flatten();
            let of_part = |part| {
                let chunk = Chunk { part, n_rows: group.num_rows() as u64, largest_page: file.largest_page };
                chunk.pages(chunk.range(self.source.len())?, true, &bytes)
            };
            let parts: Result<Vec<ColumnPages>> = parts.map(of_part).collect();
            let placed = parts.map_err(|error| file.place(error, self.next.group, name))?;
            Ok((name.clone(), placed))
        };
        Ok(Layout { columns: self.columns.iter().map(of_column).collect::<Result<_>>()? })
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
