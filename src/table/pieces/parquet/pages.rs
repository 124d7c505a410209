//! The pages of a column chunk, from their headers.

use std::ops::Range;

use polars_buffer::Buffer;
use polars_parquet::parquet::encoding::hybrid_rle::{HybridRleChunk, HybridRleDecoder};
use polars_parquet::parquet::page::{ParquetPageHeader, split_buffer};
use polars_parquet::parquet::read::{PageMetaData, PageReader, levels::get_bit_width};
use polars_parquet::read::{BasicDecompressor, ColumnChunkMetadata};
use polars_parquet_format::PageType;
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;

use crate::error::{Error, Result};

use super::super::super::contain::contain;
use super::super::super::parquet::NAME;
use super::super::too_large;

/// The bytes of a file in a range.
pub(super) type Bytes<'s> = dyn Fn(Range<u64>) -> Result<Vec<u8>> + 's;

/// The pages of a column chunk.
#[derive(Debug)]
pub(super) struct ColumnPages {
    /// Where the dictionary lies, where there is one, and how many bytes it has unpacked.
    pub(super) dictionary: Option<(Range<u64>, usize)>,
    pub(super) pages: Vec<PagePlace>,
}

/// A page of values.
#[derive(Clone, Debug)]
pub(super) struct PagePlace {
    /// Where it lies in the file, header and all.
    pub(super) bytes: Range<u64>,
    /// How many bytes it has unpacked.
    pub(super) n_unpacked: usize,
    pub(super) n_values: u64,
    /// The row of the row group that its first value belongs to.
    pub(super) first_row: u64,
    /// Whether that row starts here, and not in a page before.
    pub(super) starts_row: bool,
}

/// What is known of a column chunk before its pages are looked at.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'p> {
    pub(super) part: &'p ColumnChunkMetadata,
    /// How many rows its row group has.
    pub(super) n_rows: u64,
    /// How many bytes a page may have, unpacked.
    pub(super) largest_page: usize,
}

impl Chunk<'_> {
    /// Where the chunk lies in a file of so many bytes.
    pub(super) fn range(&self, file_len: Option<u64>) -> Result<Range<u64>> {
        let data = self.part.data_page_offset();
        let start = match self.part.dictionary_page_offset() {
            // Some writers say 0 where there is no dictionary.
            Some(dictionary) if dictionary > 0 && dictionary < data => dictionary,
            _ => data,
        };
        let end = start.checked_add(self.part.compressed_size());
        match end {
            Some(end) if start >= 0 && end >= start => match file_len {
                Some(len) if end as u64 > len => {
                    Err(malformed(format!("it would end at byte {end}, behind the end of the file")))
                }
                _ => Ok(start as u64..end as u64),
            },
            _ => Err(malformed("its place in the file is none")),
        }
    }

    /// Whether a row may have several values.
    pub(super) fn is_nested(&self) -> bool {
        self.part.descriptor().descriptor.max_rep_level > 0
    }

    /// Looks through the headers of all pages, and checks them. `wants_rows` asks for the rows of each page also where a row
    /// may have several values, so that pages must be unpacked for it.
    pub(super) fn pages(
        &self,
        range: Range<u64>,
        wants_rows: bool,
        bytes: &Bytes<'_>,
    ) -> Result<ColumnPages> {
        let n_values = u64::try_from(self.part.num_values())
            .map_err(|_| malformed("it says that it has fewer values than none"))?;
        if !self.is_nested() && n_values != self.n_rows {
            let message = format!("it says that it has {n_values} values in {} rows", self.n_rows);
            return Err(malformed(message));
        }
        let mut found = ColumnPages { dictionary: None, pages: Vec::new() };
        let (mut position, mut n_seen, mut row) = (range.start, 0, 0);
        while n_seen < n_values {
            let index = found.pages.len();
            let in_page = |error: Error| of_page(error, index);
            let (header, n_header) = header(position..range.end, bytes).map_err(in_page)?;
            let end = self.check(&header, position + n_header, range.end).map_err(in_page)?;
            let n_unpacked = header.uncompressed_page_size as usize;
            let place = position..end;
            position = end;
            if header.type_ == PageType::DICTIONARY_PAGE {
                if index > 0 || found.dictionary.is_some() {
                    return Err(in_page(malformed("a dictionary stands behind the first page")));
                }
                found.dictionary = Some((place, n_unpacked));
                continue;
            }
            let n_here = values_of(&header);
            n_seen += n_here;
            let mut page =
                PagePlace { bytes: place, n_unpacked, n_values: n_here, first_row: row, starts_row: true };
            if !self.is_nested() {
                row += n_here;
            } else if wants_rows {
                let starts = self.row_starts(&page, bytes).map_err(in_page)?;
                page.starts_row = starts.at_first;
                page.first_row = if starts.at_first { row } else { row.saturating_sub(1) };
                row += starts.n_rows;
            }
            found.pages.push(page);
        }
        if n_seen != n_values {
            let message = format!("it says that it has {n_values} values, and its pages have {n_seen}");
            return Err(malformed(message));
        }
        if wants_rows && row != self.n_rows {
            let message = format!("its row group has {} rows, and its pages have {row}", self.n_rows);
            return Err(malformed(message));
        }
        Ok(found)
    }

    /// Checks what a page's header says; gives where the page ends.
    fn check(&self, header: &ParquetPageHeader, start: u64, chunk_end: u64) -> Result<u64> {
        let n_packed = u64::try_from(header.compressed_page_size).ok();
        let n_unpacked = usize::try_from(header.uncompressed_page_size).ok();
        let (Some(n_packed), Some(n_unpacked)) = (n_packed, n_unpacked) else {
            return Err(malformed("it says that it has fewer bytes than none"));
        };
        let end = start + n_packed;
        if end > chunk_end {
            return Err(malformed(format!("it would end at byte {end}, behind the end of its column")));
        }
        let largest = n_unpacked.max(n_packed as usize);
        if largest > self.largest_page {
            let what = format!("it has {largest} bytes unpacked");
            return Err(too_large(&what, largest as u64, self.largest_page as u64));
        }
        let n_values = match (header.type_, &header.dictionary_page_header) {
            (PageType::DICTIONARY_PAGE, Some(dictionary)) => dictionary.num_values,
            (PageType::DATA_PAGE, _) => header.data_page_header.as_ref().map_or(-1, |page| page.num_values),
            (PageType::DATA_PAGE_V2, _) => match &header.data_page_header_v2 {
                Some(page) => {
                    let levels = i64::from(page.definition_levels_byte_length)
                        + i64::from(page.repetition_levels_byte_length);
                    let fits = page.definition_levels_byte_length >= 0
                        && page.repetition_levels_byte_length >= 0
                        && levels as u64 <= n_packed
                        && (0..=page.num_values).contains(&page.num_nulls)
                        && (0..=page.num_values).contains(&page.num_rows);
                    if !fits {
                        return Err(malformed("what its header says does not fit together"));
                    }
                    page.num_values
                }
                None => -1,
            },
            _ => return Err(malformed("it is of no known kind")),
        };
        let Ok(n_values) = u64::try_from(n_values) else {
            return Err(malformed("its header does not say how many values it has"));
        };
        // A value takes a byte of a dictionary at least; levels are unpacked to two bytes each, and the bits of nulls are kept.
        let most = match header.type_ {
            PageType::DICTIONARY_PAGE => n_unpacked as u64,
            _ if self.is_nested() => self.largest_page as u64 / 2,
            _ => (self.largest_page as u64).saturating_mul(8),
        };
        match n_values <= most {
            true => Ok(end),
            false => Err(malformed(format!("it says that it has {n_values} values, and {most} fit at most"))),
        }
    }

    /// Which rows begin in a page in which a row may have several values.
    fn row_starts(&self, page: &PagePlace, bytes: &Bytes<'_>) -> Result<RowStarts> {
        let packed = bytes(page.bytes.clone())?;
        contain(NAME, || {
            let mut pages =
                BasicDecompressor::new(self.reader(Buffer::from(packed), page.n_values), Vec::new());
            let Some(page) = pages.next().transpose()? else {
                return Ok(RowStarts { at_first: true, n_rows: 0 });
            };
            let page = page.decompress(&mut pages)?;
            let bits = get_bit_width(page.descriptor.max_rep_level);
            let levels = HybridRleDecoder::new(split_buffer(&page)?.rep, bits, page.num_values());
            let mut starts = RowStarts { at_first: true, n_rows: 0 };
            let mut is_first = true;
            let mut block = Vec::new();
            for chunk in levels.into_chunk_iter() {
                block.clear();
                let n_rows = match chunk? {
                    HybridRleChunk::Rle(level, n_values) => {
                        block.push(level);
                        if level == 0 { n_values } else { 0 }
                    }
                    HybridRleChunk::Bitpacked(packed) => {
                        packed.collect_into(&mut block);
                        block.iter().filter(|level| **level == 0).count()
                    }
                };
                if let (true, Some(first)) = (is_first, block.first()) {
                    starts.at_first = *first == 0;
                    is_first = false;
                }
                starts.n_rows += n_rows as u64;
            }
            Ok(starts)
        })
    }

    /// The engine's reader of pages that lie one behind the other.
    pub(super) fn reader(&self, bytes: Buffer<u8>, n_values: u64) -> PageReader {
        let metadata = PageMetaData {
            column_start: 0,
            num_values: n_values as i64,
            compression: self.part.compression(),
            descriptor: self.part.descriptor().descriptor.clone(),
        };
        PageReader::new_with_page_meta(std::io::Cursor::new(bytes), metadata, Vec::new(), self.largest_page)
    }
}

struct RowStarts {
    /// Whether the first value begins a row.
    at_first: bool,
    n_rows: u64,
}

impl ColumnPages {
    /// The page to begin with so as to read the rows from `row` on: the last one that begins with a row, at this one or before.
    fn first_page(&self, row: u64) -> usize {
        let behind = self.pages.partition_point(|page| page.first_row <= row);
        self.pages[..behind].iter().rposition(|page| page.starts_row && page.n_values > 0).unwrap_or(0)
    }

    /// The row from which on those from `row` on are read: the first one of a page.
    pub(super) fn row_before(&self, row: u64) -> u64 {
        self.pages.get(self.first_page(row)).map_or(0, |page| page.first_row)
    }

    /// The pages that hold some rows.
    pub(super) fn of_rows(&self, rows: Range<u64>) -> &[PagePlace] {
        let from = self.first_page(rows.start);
        let to = self.pages.partition_point(|page| page.first_row < rows.end);
        &self.pages[from.min(to)..to]
    }

    /// The bytes of all pages, unpacked.
    pub(super) fn n_unpacked(&self) -> u64 {
        self.pages.iter().map(|page| page.n_unpacked as u64).sum()
    }
}

fn malformed(message: impl Into<String>) -> Error {
    Error::malformed(NAME, message)
}

/// Says which page an error is about.
fn of_page(error: Error, index: usize) -> Error {
    error.in_part(&format!("page {index}"))
}

fn values_of(header: &ParquetPageHeader) -> u64 {
    let v1 = header.data_page_header.as_ref().map(|page| page.num_values);
    let v2 = header.data_page_header_v2.as_ref().map(|page| page.num_values);
    let n_values = if header.type_ == PageType::DATA_PAGE { v1 } else { v2 };
    n_values.unwrap_or_default().max(0) as u64
}

/// Reads the header that begins a range; gives its length, too.
fn header(range: Range<u64>, bytes: &Bytes<'_>) -> Result<(ParquetPageHeader, u64)> {
    /// Enough for a header without statistics, and as much as one may have with them.
    const WINDOWS: [u64; 3] = [128, 16 << 10, 4 << 20];
    if range.is_empty() {
        return Err(malformed("it would begin behind the end of its column"));
    }
    let n_left = range.end - range.start;
    let mut outcome = Err(malformed("its header is not readable"));
    for window in WINDOWS {
        let read = bytes(range.start..range.start + window.min(n_left))?;
        let n_read = read.len();
        let mut rest = read.as_slice();
        outcome = contain(NAME, || {
            let mut protocol = TCompactInputProtocol::new(&mut rest, n_read.saturating_mul(8));
            ParquetPageHeader::read_from_in_protocol(&mut protocol)
                .map_err(|error| polars::prelude::polars_err!(ComputeError: "its header is corrupt: {error}"))
        })
        .map(|header| (header, (n_read - rest.len()) as u64));
        if outcome.is_ok() || window >= n_left {
            break;
        }
    }
    outcome
}
