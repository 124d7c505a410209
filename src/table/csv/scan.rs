//! Bytes to records and cells. The only place that knows what quotes and line ends mean.
//!
//! A cell that starts with `"` is quoted: it ends at the next `"` that is not doubled, and must be followed by a delimiter or
//! a line end. A `"` further inside an unquoted cell is a character like any other. A line ends with LF or CR LF.

use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::error::{Error, ErrorKind};

pub(super) const QUOTE: u8 = b'"';

/// A cell as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// The bytes between the delimiters, without the quotes around them.
    pub(super) raw: &'a [u8],
    /// Where the cell starts in the file, its quote included.
    pub(super) offset: usize,
    pub(super) quoted: bool,
    /// Whether a doubled quote is among the bytes.
    pub(super) escaped: bool,
}

impl<'a> Cell<'a> {
    /// The cell's text; `scratch` holds it where it differs from the bytes.
    #[inline(always)]
    pub(super) fn text<'s>(&self, scratch: &'s mut Vec<u8>) -> &'s [u8]
    where
        'a: 's,
    {
        if self.escaped { self.unescaped(scratch) } else { self.raw }
    }

    #[cold]
    fn unescaped<'s>(&self, scratch: &'s mut Vec<u8>) -> &'s [u8] {
        scratch.clear();
        let mut rest = self.raw;
        while let Some(quote) = memchr(QUOTE, rest) {
            scratch.extend_from_slice(&rest[..=quote]);
            rest = &rest[(quote + 2).min(rest.len())..];
        }
        scratch.extend_from_slice(rest);
        scratch
    }
}

/// What follows a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Cell,
    Record,
}

/// The cell that starts at `*position`, which is moved behind it and its delimiter or line end.
#[inline(always)]
pub(super) fn next_cell<'a>(
    bytes: &'a [u8],
    position: &mut usize,
    delimiter: u8,
) -> Result<(Cell<'a>, After), Fault> {
    let start = *position;
    if bytes.get(start) == Some(&QUOTE) {
        return quoted_cell(bytes, position, delimiter);
    }
    let end = cell_end(bytes, start, delimiter);
    let after = if bytes.get(end) == Some(&delimiter) { After::Cell } else { After::Record };
    *position = (end + 1).min(bytes.len());
    let mut raw = &bytes[start..end];
    if after == After::Record {
        raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    }
    Ok((Cell { raw, offset: start, quoted: false, escaped: false }, after))
}

/// Where the next delimiter or LF is, eight bytes at a time.
#[inline(always)]
pub(super) fn cell_end(bytes: &[u8], start: usize, delimiter: u8) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    // The lowest byte that is zero is marked rightly; marks above it may be false, and are not looked at.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (delimiters, newlines) = (ONES * u64::from(delimiter), ONES * u64::from(b'\n'));
    let mut end = start;
    while let Some(Ok(word)) = bytes.get(end..end + 8).map(TryInto::try_into) {
        let word = u64::from_le_bytes(word);
        let found = zeros(word ^ delimiters) | zeros(word ^ newlines);
        if found != 0 {
            return end + found.trailing_zeros() as usize / 8;
        }
        end += 8;
    }
    let rest = bytes[end..].iter().position(|byte| *byte == delimiter || *byte == b'\n');
    rest.map_or(bytes.len(), |rest| end + rest)
}

fn quoted_cell<'a>(bytes: &'a [u8], position: &mut usize, delimiter: u8) -> Result<(Cell<'a>, After), Fault> {
    let offset = *position;
    let start = offset + 1;
    let mut from = start;
    let mut escaped = false;
    let end = loop {
        let Some(quote) = memchr(QUOTE, &bytes[from..]) else { return Err(Fault::NeverClosed(offset)) };
        if bytes.get(from + quote + 1) != Some(&QUOTE) {
            break from + quote;
        }
        escaped = true;
        from += quote + 2;
    };
    let (after, next) = match &bytes[end + 1..] {
        [] | [b'\r'] => (After::Record, bytes.len()),
        [b'\n', ..] => (After::Record, end + 2),
        [b'\r', b'\n', ..] => (After::Record, end + 3),
        [byte, ..] if *byte == delimiter => (After::Cell, end + 2),
        _ => return Err(Fault::AfterQuote(end + 1)),
    };
    *position = next;
    Ok((Cell { raw: &bytes[start..end], offset, quoted: true, escaped }, after))
}

/// A place where the bytes are no CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The quote that opens here is never closed.
    NeverClosed(usize),
    /// A quoted cell goes on here, after its closing quote.
    AfterQuote(usize),
    /// The record that starts here has another number of cells than the header.
    Ragged { offset: usize, expected: usize, found: usize },
}

impl Fault {
    pub(super) fn offset(self) -> usize {
        match self {
            Self::NeverClosed(offset) | Self::AfterQuote(offset) | Self::Ragged { offset, .. } => offset,
        }
    }

    /// The error, with the line that it is in.
    pub(super) fn error(self, bytes: &[u8]) -> Error {
        let error = Error::new(self.kind(bytes));
        error.at_line(line_at(bytes, self.offset())).at_byte(self.offset() as u64)
    }

    /// What is wrong, which takes no look at the lines before it.
    pub(super) fn kind(self, bytes: &[u8]) -> ErrorKind {
        let malformed = |message: String| ErrorKind::Malformed { format: "CSV", message };
        match self {
            Self::NeverClosed(_) => malformed(
                "the quotation mark that opens a cell here is never closed; a quotation mark within a quoted cell is \
                 written twice"
                    .into(),
            ),
            Self::AfterQuote(offset) => {
                let byte = char::from(bytes[offset]);
                let message = format!(
                    "a quoted cell goes on with {byte:?} after its closing quotation mark; a quotation mark within a quoted \
                     cell is written twice"
                );
                malformed(message)
            }
            Self::Ragged { expected, found, .. } => ErrorKind::Ragged { expected, found },
        }
    }
}

/// The line, counted from 1, that a byte is in.
pub(super) fn line_at(bytes: &[u8], offset: usize) -> u64 {
    1 + memchr::memchr_iter(b'\n', &bytes[..offset]).count() as u64
}

/// How long the blank line at `position` is, its line end included; `None` when there is none.
#[inline]
pub(super) fn blank_line(bytes: &[u8], position: usize) -> Option<usize> {
    match &bytes[position..] {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] => Some(1),
        _ => None,
    }
}

/// Cuts `bytes[start..]` into ranges of about `target` bytes that start and end between two records.
pub(super) fn split(bytes: &[u8], start: usize, delimiter: u8, target: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut begin = start;
    if memchr(QUOTE, &bytes[start..]).is_none() {
        while begin < bytes.len() {
            let search = begin.saturating_add(target).min(bytes.len());
            let end = memchr(b'\n', &bytes[search..]).map_or(bytes.len(), |newline| search + newline + 1);
            ranges.push(begin..end);
            begin = end;
        }
        return ranges;
    }
    let mut end = start;
    while end < bytes.len() {
        end = record_end(bytes, end, delimiter);
        if end - begin >= target {
            ranges.push(begin..end);
            begin = end;
        }
    }
    if begin < end {
        ranges.push(begin..end);
    }
    ranges
}

/// The offset behind the record that starts at `position`.
///
/// In bytes that are no CSV, the end is somewhere behind the fault, so that the chunk which holds the fault is the one that
/// reports it.
pub(super) fn record_end(bytes: &[u8], mut position: usize, delimiter: u8) -> usize {
    let mut cell_start = position;
    loop {
        let Some(found) = memchr2(QUOTE, b'\n', &bytes[position..]) else { return bytes.len() };
        let at = position + found;
        if bytes[at] == b'\n' {
            return at + 1;
        }
        let opens = at == cell_start || bytes[at - 1] == delimiter;
        position = at + 1;
        if opens {
            loop {
                let Some(quote) = memchr(QUOTE, &bytes[position..]) else { return bytes.len() };
                position += quote + 1;
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
