//! Bytes from front to back into pieces that end between two records.
//!
//! The pieces are about as large as asked for, whatever lies at their borders: a record ends at a line end that is in no
//! quoted cell, and a piece that no record ends in grows until one does.

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use crate::error::{Error, Result};

use super::super::pieces::{Buffers, Place, TextPiece, Unpacked};
use super::dialect::Dialect;
use super::marks::Marks;
use super::scan::QUOTE;

/// Cuts the rows of a file.
pub(crate) struct Cutter {
    stream: Unpacked,
    dialect: Dialect,
    /// Whether the stream ends where the file goes on, so that what is behind its last line end is no record.
    is_sample: bool,
    sizes: PieceSizes,
    /// How many rows are wanted still.
    n_rows_left: u64,
    buffers: Buffers,
    /// What has been read and belongs to the next piece.
    rest: Vec<u8>,
    to_skip: usize,
    is_read: bool,
    offset: u64,
    line: u64,
    row: u64,
}

/// How large pieces are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PieceSizes {
    /// How many bytes a piece has, about.
    pub(crate) target: usize,
    /// How many bytes one row may have.
    pub(crate) largest_row: usize,
    /// How many rows a piece may have.
    pub(crate) most_rows: u64,
}

impl Cutter {
    /// Cuts the first `n_rows` rows of a stream that begins at the first byte of the file.
    pub(super) fn new(stream: Unpacked, dialect: &Dialect, sizes: PieceSizes, n_rows: Option<usize>) -> Self {
        Self {
            stream,
            dialect: dialect.clone(),
            is_sample: false,
            sizes,
            n_rows_left: n_rows.map_or(u64::MAX, |n_rows| n_rows as u64),
            buffers: Buffers::default(),
            rest: Vec::new(),
            to_skip: dialect.body,
            is_read: false,
            offset: dialect.body as u64,
            line: 1,
            row: 0,
        }
    }

    /// Takes the memory of the pieces from here.
    pub(super) fn with_buffers(mut self, buffers: &Buffers) -> Self {
        self.buffers = buffers.clone();
        self
    }

    /// Says that the file goes on behind the stream.
    pub(super) fn of_sample(mut self) -> Self {
        self.is_sample = true;
        self
    }

    /// Says that the stream begins at a place of the file, and no longer at its first byte.
    pub(super) fn from(mut self, place: Place) -> Self {
        self.to_skip = 0;
        self.offset = place.offset;
        self.line = place.line;
        self.row = place.row;
        self.n_rows_left = self.n_rows_left.saturating_sub(place.row);
        self
    }

    /// The next piece; `None` behind the last row.
    pub(in crate::table) fn next_piece(&mut self) -> Result<Option<TextPiece>> {
        if self.n_rows_left == 0 {
            return Ok(None);
        }
        let mut bytes = self.buffers.take();
        bytes.extend_from_slice(&self.rest);
        let mut wanted = self.sizes.target.max(1) + self.to_skip;
        let mut marks = Marks::default();
        let end = loop {
            if !self.is_read && bytes.len() < wanted {
                let missing = wanted - bytes.len();
                self.is_read = self.stream.fill_buffer(&mut bytes, missing)?;
            }
            if self.to_skip > 0 {
                let n_skipped = self.to_skip.min(bytes.len());
                self.line += memchr_iter(b'\n', &bytes[..n_skipped]).count() as u64;
                bytes.drop_front(n_skipped);
                self.to_skip = 0;
            }
            if self.is_read && !self.is_sample {
                break bytes.len();
            }
            marks = Marks::of(&bytes);
            match last_border(&bytes, self.dialect.delimiter, &marks) {
                Some(border) => break border,
                None if self.is_read => break 0,
                None if bytes.len() > self.sizes.largest_row => return Err(self.too_large()),
                None => {
                    wanted =
                        (bytes.len() * 2).max(self.sizes.target).min(self.sizes.largest_row.saturating_add(1))
                }
            }
        };
        self.rest.clear();
        self.rest.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        if bytes.is_empty() {
            return Ok(None);
        }
        // Without quotation marks, there is no line end behind the last border.
        if self.rest.is_empty() || marks.has_quotes {
            marks = Marks::of(&bytes);
        }
        let mut n_rows = count_rows(&bytes, &self.dialect, &marks);
        if n_rows > self.n_rows_left.min(self.sizes.most_rows) {
            n_rows = self.n_rows_left.min(self.sizes.most_rows);
            let end = end_of_rows(&bytes, &self.dialect, n_rows);
            let behind = &bytes[end..];
            self.rest.extend_from_slice(behind);
            self.rest.rotate_right(behind.len());
            bytes.truncate(end);
            marks = Marks::of(&bytes);
            // So that the next pieces are about as large, and nothing is put back again and again.
            self.sizes.target = end.max(1);
        }
        self.n_rows_left -= n_rows;
        let mut piece = TextPiece::new(bytes, self.offset, self.line, self.row, n_rows);
        piece.n_newlines = marks.n_newlines.into();
        piece.may_have_quotes = marks.has_quotes;
        piece.may_have_returns = marks.has_returns;
        self.offset += piece.bytes.len() as u64;
        self.line += marks.n_newlines;
        self.row += n_rows;
        Ok(Some(piece))
    }

    fn too_large(&self) -> Error {
        let most = self.sizes.largest_row;
        let message = format!(
            "the row that starts here is larger than the {most} bytes that fit; raise --memory-limit, or look for a \
             quotation mark that is never closed"
        );
        Error::too_large(message).at_line(self.line).at_byte(self.offset)
    }
}

/// Behind the last line end that ends a record, where there is one.
fn last_border(bytes: &[u8], delimiter: u8, marks: &Marks) -> Option<usize> {
    let quote = if marks.has_quotes { memchr(QUOTE, bytes) } else { None };
    let Some(quote) = quote else { return memrchr(b'\n', bytes).map(|newline| newline + 1) };
    // No cell before the first quotation mark is quoted.
    let mut border = memrchr(b'\n', &bytes[..quote]).map_or(0, |newline| newline + 1);
    while let Some(end) = complete_record_end(bytes, border, delimiter) {
        border = end;
    }
    (border > 0).then_some(border)
}

/// The offset behind the record, or blank line, that starts at `position`; `None` where it goes on behind the bytes.
pub(in crate::table) fn complete_record_end(
    bytes: &[u8],
    mut position: usize,
    delimiter: u8,
) -> Option<usize> {
    let mut cell_start = position;
    loop {
        let at = position + memchr2(QUOTE, b'\n', &bytes[position..])?;
        if bytes[at] == b'\n' {
            return Some(at + 1);
        }
        let opens = at == cell_start || bytes[at - 1] == delimiter;
        position = at + 1;
        if opens {
            loop {
                position += memchr(QUOTE, &bytes[position..])? + 1;
                if bytes.get(position) != Some(&QUOTE) {
                    break;
                }
                position += 1;
            }
            // A quote right behind a closing one was the doubled one; nothing else opens here.
            cell_start = usize::MAX;
        }
    }
}

/// How many rows there are between two borders.
fn count_rows(bytes: &[u8], dialect: &Dialect, marks: &Marks) -> u64 {
    let may_skip =
        dialect.n_columns() > 1 && (dialect.skipped_line(bytes, 0).is_some() || marks.has_blank_lines);
    if may_skip || marks.has_quotes {
        return walk(bytes, dialect, u64::MAX).0;
    }
    marks.n_newlines + u64::from(!bytes.ends_with(b"\n"))
}

/// Where the first `n_rows` rows end.
fn end_of_rows(bytes: &[u8], dialect: &Dialect, n_rows: u64) -> usize {
    walk(bytes, dialect, n_rows).1
}

/// Walks over rows: how many there are, up to `most`, and where they end.
fn walk(bytes: &[u8], dialect: &Dialect, most: u64) -> (u64, usize) {
    let (mut n_rows, mut position) = (0, 0);
    while n_rows < most && position < bytes.len() {
        match dialect.skipped_line(bytes, position) {
            Some(length) => position += length,
            None => {
                position = complete_record_end(bytes, position, dialect.delimiter).unwrap_or(bytes.len());
                n_rows += 1;
            }
        }
    }
    (n_rows, position)
}
