//! Rows of which each byte is of the same kind as the one in the same place of the first row: a digit there, a delimiter
//! here. Such rows are told from others many bytes at a time, and no cell of theirs must be looked for.
//!
//! Small integers come so, and numbers that were written with a fixed width.

use crate::widest::{Loop, SideBySide, SideBySideLoop, run_side_by_side, run_widest};

use super::super::chunk::Wanted;
use super::super::dialect::Dialect;
use super::super::scan::QUOTE;
use super::columns::{Numbers, Room};
use super::columns_at_once::{Lane, Place, take_at_once};

/// How many rows are compared at a time.
const ROWS: usize = 64;

/// Rows of more bytes than this are hardly ever alike.
const LONGEST: usize = 128;

/// What the bytes of a row are, each between two ends.
#[derive(Debug)]
pub(super) struct Layout {
    row_bytes: usize,
    /// The lowest byte in each place, for as many rows as are compared at a time.
    lows: Vec<u8>,
    /// How far above the lowest one the highest is.
    spans: Vec<u8>,
    /// Of each column that is wanted, where its digits start, and how many they are.
    digits: Vec<(usize, usize)>,
}

impl Layout {
    /// That of the row which starts at `start`, where it is one of digits.
    pub(super) fn of_row(bytes: &[u8], start: usize, dialect: &Dialect, wanted: &[&Wanted]) -> Option<Self> {
        const MOST_DIGITS: usize = 4;
        let rest = &bytes[start..bytes.len().min(start + LONGEST)];
        let row_bytes = memchr::memchr(b'\n', rest)? + 1;
        let row = &rest[..row_bytes];
        let n_text = row_bytes - if row.ends_with(b"\r\n") { 2 } else { 1 };
        let (mut lows, mut spans) = (row.to_vec(), vec![0; row_bytes]);
        let mut digits = vec![(0, 0); wanted.len()];
        let mut cell_start = 0;
        let mut n_cells = 0;
        for cell in row[..n_text].split(|byte| *byte == dialect.delimiter) {
            let end = cell_start + cell.len();
            let slot = wanted.iter().position(|wanted| wanted.index == n_cells);
            match slot {
                Some(slot) => {
                    let is_short = (1..=MOST_DIGITS).contains(&cell.len());
                    if !is_short || wanted[slot].dtype != Some(polars::prelude::DataType::Int64) {
                        return None;
                    }
                    lows[cell_start..end].fill(b'0');
                    spans[cell_start..end].fill(9);
                    // More digits do not begin with a zero.
                    if cell.len() > 1 {
                        (lows[cell_start], spans[cell_start]) = (b'1', 8);
                    }
                    digits[slot] = (cell_start, cell.len());
                }
                None => {
                    // Digits and what stands among them, and no byte that means something.
                    const LOW: u8 = b'-';
                    const HIGH: u8 = b'9';
                    if (LOW..=HIGH).contains(&dialect.delimiter) {
                        return None;
                    }
                    lows[cell_start..end].fill(LOW);
                    spans[cell_start..end].fill(HIGH - LOW);
                }
            }
            cell_start = end + 1;
            n_cells += 1;
        }
        const { assert!(QUOTE < b'-') };
        if n_cells != dialect.n_columns() || n_text == 0 {
            return None;
        }
        Some(Self { row_bytes, lows: lows.repeat(ROWS), spans: spans.repeat(ROWS), digits })
    }

    /// How many bytes a row has.
    pub(super) fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// How many of the first rows, up to `most`, are of this layout, about: as many as were compared at a time.
    pub(super) fn count(&self, bytes: &[u8], most: usize) -> usize {
        let n_bytes = (bytes.len() / self.row_bytes).min(most) * self.row_bytes;
        let blocks = bytes[..n_bytes].chunks(ROWS * self.row_bytes);
        let alike = blocks.take_while(|block| self.fits(block));
        alike.map(|block| block.len() / self.row_bytes).sum()
    }

    fn fits(&self, block: &[u8]) -> bool {
        let mut others = 0;
        run_widest(OthersIn { block, lows: &self.lows, spans: &self.spans, others: &mut others });
        others == 0
    }

    /// Whether the numbers of a column are `i8`s.
    pub(super) fn is_narrow(&self, slot: usize) -> bool {
        const MOST_DIGITS: usize = 2;
        self.digits[slot].1 <= MOST_DIGITS
    }

    /// Adds the numbers of rows that are of this layout.
    pub(super) fn read(&self, rows: &[u8], columns: &mut [Numbers]) {
        run_side_by_side(Take { layout: self, rows, columns });
    }
}

/// The loops that take the digits of each column out of the rows.
struct Take<'a> {
    layout: &'a Layout,
    rows: &'a [u8],
    columns: &'a mut [Numbers],
}

impl SideBySideLoop for Take<'_> {
    #[inline(always)]
    fn run(self, has: Option<SideBySide>) {
        let Self { layout: Layout { row_bytes, digits, .. }, rows, columns } = self;
        let row_bytes = *row_bytes;
        let n_rows = rows.len() / row_bytes;
        for (column, (offset, n_digits)) in columns.iter_mut().zip(digits) {
            let place = Place { row_bytes, offset: *offset, n_digits: *n_digits };
            match column.room_for(n_rows) {
                Room::Narrow(ints) => take(rows, place, ints, has),
                Room::Wide(ints) => take(rows, place, ints, has),
            }
        }
    }
}

/// Puts the numbers of a column into their places.
#[inline(always)]
fn take<T: Lane>(rows: &[u8], place: Place, ints: &mut [T], has: Option<SideBySide>) {
    let n_taken = has.map_or(0, |has| take_at_once(rows, place, ints, has));
    let rest = rows[n_taken * place.row_bytes..].chunks_exact(place.row_bytes);
    for (int, row) in ints[n_taken..].iter_mut().zip(rest) {
        let digits = &row[place.offset..place.offset + place.n_digits];
        *int = digits.iter().fold(T::default(), |number, digit| number.then(digit & 0xf));
    }
}

/// The loop that compares: whether a byte is not between its two ends.
struct OthersIn<'a> {
    block: &'a [u8],
    lows: &'a [u8],
    spans: &'a [u8],
    others: &'a mut u8,
}

impl Loop for OthersIn<'_> {
    #[inline(always)]
    fn run(self) {
        let n_bytes = self.block.len();
        let (lows, spans) = (&self.lows[..n_bytes], &self.spans[..n_bytes]);
        let mut others = 0;
        for index in 0..n_bytes {
            others |= u8::from(self.block[index].wrapping_sub(lows[index]) > spans[index]);
        }
        *self.others = others;
    }
}
