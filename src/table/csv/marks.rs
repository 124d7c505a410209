//! What the cutter must know of the bytes between two borders.

use crate::widest::{SideBySide, SideBySideLoop, run_side_by_side};

use super::masks::masks_of;
use super::scan::QUOTE;

/// What is to be known of the bytes between two borders, found in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) n_newlines: u64,
    pub(super) has_quotes: bool,
    pub(super) has_returns: bool,
    /// Whether a line end stands behind a line end.
    pub(super) has_blank_lines: bool,
}

impl Marks {
    /// Those of some bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut marks = Self::default();
        run_side_by_side(MarksOf { bytes, marks: &mut marks });
        marks
    }
}

/// The loop that finds them.
struct MarksOf<'a> {
    bytes: &'a [u8],
    marks: &'a mut Marks,
}

impl SideBySideLoop for MarksOf<'_> {
    #[inline(always)]
    fn run(self, has: Option<SideBySide>) {
        let Self { bytes, marks } = self;
        match has {
            Some(has) => marks_at_once(bytes, marks, has),
            None => marks_by_bytes(bytes, marks),
        }
    }
}

/// Of 64 bytes at a time, with a bit for each.
#[inline(always)]
fn marks_at_once(bytes: &[u8], marks: &mut Marks, has: SideBySide) {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let (mut quotes, mut returns, mut blanks) = (0, 0, 0);
    // Whether the byte before is a line end.
    let mut is_behind = 0;
    let mut add = |[newlines, of_quotes, of_returns]: [u64; 3]| {
        marks.n_newlines += u64::from(newlines.count_ones());
        quotes |= of_quotes;
        returns |= of_returns;
        blanks |= (newlines << 1 | is_behind) & (newlines | of_returns);
        is_behind = newlines >> 63;
    };
    let wanted = [b'\n', QUOTE, b'\r'];
    for block in blocks {
        add(masks_of(block, wanted, has));
    }
    let mut last = [0; 64];
    last[..rest.len()].copy_from_slice(rest);
    add(masks_of(&last, wanted, has));
    marks.has_quotes = quotes != 0;
    marks.has_returns = returns != 0;
    marks.has_blank_lines = blanks != 0;
}

/// Byte by byte, which the compiler does for as many at a time as the registers hold.
#[inline(always)]
fn marks_by_bytes(bytes: &[u8], marks: &mut Marks) {
    // So few that their line ends can be counted in a byte for each place of a register.
    const BLOCK: usize = 128 * 64;
    const PLACES: usize = 64;
    let mut start = 0;
    while start < bytes.len() {
        let block = &bytes[start..bytes.len().min(start + BLOCK)];
        let next = &bytes[bytes.len().min(start + 1)..bytes.len().min(start + 1 + BLOCK)];
        let (mut n_newlines, mut others) = ([0u8; PLACES], [0u8; PLACES]);
        let (lines, rest) = block[..next.len()].as_chunks::<PLACES>();
        let (next_lines, next_rest) = next.as_chunks::<PLACES>();
        for index in 0..lines.len() {
            let (line, next) = (&lines[index], &next_lines[index]);
            for place in 0..PLACES {
                let is_newline = u8::from(line[place] == b'\n');
                n_newlines[place] += is_newline;
                others[place] |= others_of(line[place], next[place], is_newline);
            }
        }
        for (byte, next) in rest.iter().zip(next_rest) {
            let is_newline = u8::from(*byte == b'\n');
            marks.n_newlines += u64::from(is_newline);
            others[0] |= others_of(*byte, *next, is_newline);
        }
        marks.n_newlines += n_newlines.iter().map(|n| u64::from(*n)).sum::<u64>();
        let others = others.iter().fold(0, |all, others| all | others);
        marks.has_quotes |= others & 1 != 0;
        marks.has_returns |= others & 2 != 0;
        marks.has_blank_lines |= others & 4 != 0;
        start += BLOCK;
    }
    // The last byte has none behind it.
    if let Some(last) = bytes.last() {
        marks.n_newlines += u64::from(*last == b'\n');
        marks.has_quotes |= *last == QUOTE;
        marks.has_returns |= *last == b'\r';
    }
}

/// Bits for a quotation mark, a CR, and a line end before another or before a CR.
#[inline(always)]
fn others_of(byte: u8, next: u8, is_newline: u8) -> u8 {
    let is_blank = is_newline & u8::from(next == b'\n' || next == b'\r');
    u8::from(byte == QUOTE) | u8::from(byte == b'\r') << 1 | is_blank << 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_bytes_of_any_length() {
        for n in [0, 1, 2, 63, 64, 65, 129, 8191, 8192, 8193, 20_000] {
            for text in ["1,2\n", "1\r\n", "1,\"2\"\n", "\n\n1\n", "1"] {
                let bytes: Vec<u8> = text.bytes().cycle().take(n).collect();
                let pairs = || bytes.windows(2).map(|pair| (pair[0], pair[1]));
                let expected = Marks {
                    n_newlines: bytes.iter().filter(|byte| **byte == b'\n').count() as u64,
                    has_quotes: bytes.contains(&QUOTE),
                    has_returns: bytes.contains(&b'\r'),
                    has_blank_lines: pairs().any(|(a, b)| a == b'\n' && (b == b'\n' || b == b'\r')),
                };
                assert_eq!(Marks::of(&bytes), expected, "{n} bytes of {text:?}");
                let mut by_bytes = Marks::default();
                marks_by_bytes(&bytes, &mut by_bytes);
                assert_eq!(by_bytes, expected, "{n} bytes of {text:?}");
            }
        }
    }
}
