//! New cells behind the rows of a file, whose own bytes stay as they are.

use memchr::memchr;
use polars::prelude::DataFrame;

use crate::error::Result;

use super::super::pieces::{Buffer, Buffers, RowEncoder, TextPiece};
use super::cut::complete_record_end;
use super::dialect::{Dialect, after_mark};
use super::pieces::CsvPieces;
use super::scan::{QUOTE, blank_line};

impl CsvPieces {
    /// The names of the columns, in the order of the file, and the byte between two cells.
    pub(crate) fn layout(&self) -> (&[String], u8) {
        (&self.dialect.names, self.dialect.delimiter)
    }

    /// The file's first line, less its line end, and that line end; `None` where the file has no line of names.
    pub(crate) fn header_line(&self) -> Option<(Vec<u8>, &[u8])> {
        if self.dialect.header == super::super::read_options::Header::None {
            return None;
        }
        let mark = after_mark(&self.header);
        let mut start = mark;
        while let Some(length) = blank_line(&self.header, start) {
            start += length;
        }
        let (line, line_end) = without_line_end(&self.header[start..]);
        Some(([&self.header[..mark], line].concat(), line_end))
    }

    /// The rows of a piece, as they stand there, with new cells behind them. `new` has a row for each that is kept.
    ///
    /// Blank lines that are no rows are left out. A last row without a line end gets one.
    ///
    /// # Errors
    /// As [`RowEncoder::rows`].
    pub(crate) fn append_cells(
        &self,
        piece: &TextPiece,
        kept: Option<&[bool]>,
        new: &DataFrame,
        encoder: &RowEncoder,
        usual_line_end: &[u8],
        buffers: &Buffers,
    ) -> Result<Buffer> {
        if let (None, Some(starts), Some(numbers)) = (kept, piece.row_starts.get(), encoder.numbers(new)) {
            let mut text = buffers.take();
            numbers.add_behind(piece, starts, usual_line_end, &mut text);
            return Ok(text);
        }
        let cells = encoder.rows(new, buffers)?;
        let Dialect { delimiter, .. } = self.dialect;
        let mut lines = Records::new(&cells, delimiter, BlankLines::AreRecords);
        let blank_lines =
            if self.dialect.n_columns() == 1 { BlankLines::AreRecords } else { BlankLines::AreSkipped };
        let rows = Records::new(&piece.bytes, delimiter, blank_lines);
        let mut text = buffers.take();
        text.room(piece.bytes.len() + cells.len() + 2);
        for (row, (record, line_end)) in rows.enumerate() {
            if kept.is_some_and(|kept| !kept[row]) {
                continue;
            }
            let Some((new, _)) = lines.next() else { break };
            text.extend_from_slice(record);
            text.extend_from_slice(&[delimiter]);
            text.extend_from_slice(new);
            text.extend_from_slice(if line_end.ends_with(b"\n") { line_end } else { usual_line_end });
        }
        Ok(text)
    }
}

/// A line of new names behind the names of a file.
pub(crate) fn append_names(header: &[u8], line_end: &[u8], delimiter: u8, names: &[u8]) -> Vec<u8> {
    let (names, _) = without_line_end(names);
    [header, &[delimiter], names, line_end].concat()
}

/// Where the first `n_rows` rows of a text end in which no row is blank.
pub(crate) fn end_of_rows(text: &[u8], delimiter: u8, n_rows: usize) -> usize {
    let mut records = Records::new(text, delimiter, BlankLines::AreRecords);
    records.by_ref().take(n_rows).for_each(drop);
    records.position
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlankLines {
    AreRecords,
    AreSkipped,
}

/// The records between two borders, each without its line end, and the line end.
struct Records<'a> {
    bytes: &'a [u8],
    position: usize,
    delimiter: u8,
    has_quotes: bool,
    blank_lines: BlankLines,
}

impl<'a> Records<'a> {
    fn new(bytes: &'a [u8], delimiter: u8, blank_lines: BlankLines) -> Self {
        let has_quotes = memchr(QUOTE, bytes).is_some();
        Self { bytes, position: 0, delimiter, has_quotes, blank_lines }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let Self { bytes, delimiter, .. } = *self;
        while self.blank_lines == BlankLines::AreSkipped
            && let Some(length) = blank_line(bytes, self.position)
        {
            self.position += length;
        }
        let start = self.position;
        if start == bytes.len() {
            return None;
        }
        let end = match self.has_quotes {
            true => complete_record_end(bytes, start, delimiter),
            false => memchr(b'\n', &bytes[start..]).map(|newline| start + newline + 1),
        };
        self.position = end.unwrap_or(bytes.len());
        Some(without_line_end(&bytes[start..self.position]))
    }
}

/// A record and its line end: LF, CR LF, or, at the end of a file, CR or nothing.
fn without_line_end(record: &[u8]) -> (&[u8], &[u8]) {
    let text = record.strip_suffix(b"\n").unwrap_or(record);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    record.split_at(text.len())
}
