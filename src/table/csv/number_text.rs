//! Columns of numbers and truth values as the text of cells, row by row, as the engine's writer has them.

use std::ops::Range;

use polars::prelude::*;
use polars_arrow::array::{Array, PrimitiveArray};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::types::NativeType;

use super::super::pieces::{Buffer, TextPiece};
use super::super::write_options::WriteOptions;
use crate::widest::{Loop, run_widest};

/// Some columns, ready to be written row by row.
pub(in crate::table) struct NumberText<'f> {
    columns: Vec<Cells<'f>>,
    delimiter: u8,
    null_text: &'f [u8],
    n_rows: usize,
}

/// The values of a column, and which are there.
struct Cells<'f> {
    values: Values<'f>,
    validity: Option<&'f Bitmap>,
}

macro_rules! values {
    ($($variant:ident $native:ty, $get:ident;)*) => {
        enum Values<'f> {
            $($variant(&'f [$native]),)*
            Boolean(&'f Bitmap),
        }

        impl<'f> Cells<'f> {
            /// The cells of a column that is one of these, and in one piece.
            fn of(series: &'f Series) -> Option<Self> {
                if series.n_chunks() != 1 {
                    return None;
                }
                Some(match series.dtype() {
                    $(DataType::$variant => {
                        let (values, validity) = native(series.$get().ok()?.downcast_iter().next()?);
                        Self { values: Values::$variant(values), validity }
                    })*
                    DataType::Boolean => {
                        let array = series.bool().ok()?.downcast_iter().next()?;
                        Self { values: Values::Boolean(array.values()), validity: array.validity() }
                    }
                    _ => return None,
                })
            }

            /// How many bytes the value of a row has at most.
            fn longest(&self) -> usize {
                match &self.values {
                    $(Values::$variant(values) => CellText::longest_of(values),)*
                    Values::Boolean(_) => "false".len(),
                }
            }
        }

        /// Calls `$call` with what writes the value of a row, in a form that knows the type of the column.
        macro_rules! with_value_of {
            ($cells:expr, $put:ident => $call:expr) => {
                match &$cells.values {
                    $(Values::$variant(values) => {
                        let $put = |row: usize, out: &mut [u8]| values[row].put(out);
                        $call
                    })*
                    Values::Boolean(values) => {
                        let $put = |row: usize, out: &mut [u8]| values.get_bit(row).put(out);
                        $call
                    }
                }
            };
        }
    };
}

values! {
    Int8 i8, i8; Int16 i16, i16; Int32 i32, i32; Int64 i64, i64;
    UInt8 u8, u8; UInt16 u16, u16; UInt32 u32, u32; UInt64 u64, u64;
    Float32 f32, f32; Float64 f64, f64;
}

fn native<T: NativeType>(array: &PrimitiveArray<T>) -> (&[T], Option<&Bitmap>) {
    (array.values().as_slice(), array.validity().filter(|_| array.null_count() > 0))
}

impl<'f> NumberText<'f> {
    /// The columns of a frame, of at least one column, where all of them are numbers or truth values.
    pub(in crate::table) fn of(
        frame: &'f DataFrame,
        options: &'f WriteOptions,
        delimiter: u8,
    ) -> Option<Self> {
        let series = frame.columns().iter().map(|column| column.as_materialized_series());
        let columns: Vec<Cells<'f>> = series.map(Cells::of).collect::<Option<_>>()?;
        let null_text = options.null_text.as_bytes();
        (!columns.is_empty()).then(|| Self { columns, delimiter, null_text, n_rows: frame.height() })
    }

    /// How many bytes the cells of a row have at most, the bytes between and behind them included. What is not needed of a text's
    /// room would be touched for nothing.
    fn longest_row(&self) -> usize {
        let longest = |cells: &Cells<'_>| {
            let of_null = cells.validity.map_or(0, |_| self.null_text.len());
            cells.longest().max(of_null) + 1
        };
        self.columns.iter().map(longest).sum::<usize>() + 2
    }

    /// Adds the rows to a text, each with a line end.
    pub(in crate::table) fn add_rows(&self, text: &mut Buffer) {
        let room = text.room(self.n_rows * self.longest_row());
        let counts = match &self.columns[..] {
            [Cells { values: Values::UInt32(counts), validity: None }] => *counts,
            _ => &[],
        };
        let n_digits = digit_lines(counts, room);
        let mut n_bytes = 2 * n_digits;
        if n_digits < self.n_rows {
            let rows = n_digits..self.n_rows;
            n_bytes += self.with_cells(LinesOf { out: &mut room[n_bytes..], rows });
        }
        text.add(n_bytes);
    }

    /// Adds the rows of a piece, each with these cells behind it, to a text. `starts` says where the rows start and where
    /// the last one ends. A row without a line end gets the usual one.
    pub(super) fn add_behind(
        &self,
        piece: &TextPiece,
        starts: &[u32],
        usual_line_end: &[u8],
        text: &mut Buffer,
    ) {
        let n_bytes = piece.bytes.len() + self.n_rows * (self.longest_row() + 1) + usual_line_end.len();
        let n_bytes = self.with_cells(RowsBehind {
            out: text.room(n_bytes),
            rows: piece.bytes.padded(),
            starts,
            usual_line_end,
            delimiter: self.delimiter,
            has_returns: piece.may_have_returns,
        });
        text.add(n_bytes);
    }

    /// Lets somebody write with what puts the cells of a row.
    fn with_cells(&self, writer: impl RowWriter) -> usize {
        if let [cells] = &self.columns[..] {
            let null_text = self.null_text;
            return match cells.validity {
                None => with_value_of!(cells, put => writer.write(put)),
                Some(validity) => with_value_of!(cells, put => writer.write(|row, out: &mut [u8]| {
                    if validity.get_bit(row) { put(row, out) } else { put_bytes(null_text, out) }
                })),
            };
        }
        writer.write(|row, out: &mut [u8]| {
            let mut n_bytes = 0;
            for (index, cells) in self.columns.iter().enumerate() {
                if index > 0 {
                    out[n_bytes] = self.delimiter;
                    n_bytes += 1;
                }
                n_bytes += match cells.validity {
                    Some(validity) if !validity.get_bit(row) => {
                        put_bytes(self.null_text, &mut out[n_bytes..])
                    }
                    _ => with_value_of!(cells, put => put(row, &mut out[n_bytes..])),
                };
            }
            n_bytes
        })
    }
}

/// Writes rows, given what writes the cells of one.
trait RowWriter {
    /// Writes all of them, and says how many bytes these are.
    fn write(self, put: impl Fn(usize, &mut [u8]) -> usize) -> usize;
}

/// Writes counts of one digit as lines, as far as they have no more from the front on, and says how many these are.
fn digit_lines(counts: &[u32], out: &mut [u8]) -> usize {
    let mut n_written = 0;
    run_widest(DigitLines { counts, out, n_written: &mut n_written });
    n_written
}

/// Counts of a few columns have one digit each: a line of them is a word, and a block of lines some registers.
struct DigitLines<'a> {
    counts: &'a [u32],
    out: &'a mut [u8],
    n_written: &'a mut usize,
}

impl Loop for DigitLines<'_> {
    #[inline(always)]
    fn run(self) {
        const BLOCK: usize = 64;
        let (blocks, _) = self.counts.as_chunks::<BLOCK>();
        let (lines, _) = self.out.as_chunks_mut::<2>();
        let (places, _) = lines.as_chunks_mut::<BLOCK>();
        for (counts, place) in blocks.iter().zip(places) {
            if counts.iter().fold(0, |largest, count| largest.max(*count)) > 9 {
                return;
            }
            for (count, line) in counts.iter().zip(place) {
                *line = (*count as u16 + u16::from_le_bytes(*b"0\n")).to_le_bytes();
            }
            *self.n_written += BLOCK;
        }
    }
}

/// The cells alone.
struct LinesOf<'o> {
    out: &'o mut [u8],
    rows: Range<usize>,
}

impl RowWriter for LinesOf<'_> {
    #[inline(always)]
    fn write(self, put: impl Fn(usize, &mut [u8]) -> usize) -> usize {
        let mut end = 0;
        for row in self.rows {
            let out = &mut self.out[end..];
            let n_bytes = put(row, out);
            out[n_bytes] = b'\n';
            end += n_bytes + 1;
        }
        end
    }
}

/// The cells behind other rows.
struct RowsBehind<'o> {
    out: &'o mut [u8],
    rows: &'o [u8],
    starts: &'o [u32],
    usual_line_end: &'o [u8],
    delimiter: u8,
    /// Whether a CR may be among the bytes.
    has_returns: bool,
}

impl RowWriter for RowsBehind<'_> {
    #[inline(always)]
    fn write(self, put: impl Fn(usize, &mut [u8]) -> usize) -> usize {
        let Self { out, rows, starts, usual_line_end, delimiter, has_returns } = self;
        let last = starts.last().map_or(0, |end| *end as usize);
        let n_plain = match (has_returns, &rows[..last]) {
            (true, _) => 0,
            (false, [.., b'\n']) => starts.len() - 1,
            // The last row of a file may have no line end.
            (false, _) => starts.len().saturating_sub(2),
        };
        let mut end = behind_plain_rows(out, rows, &starts[..=n_plain], delimiter, &put);
        for (row, pair) in starts.windows(2).enumerate().skip(n_plain) {
            let (start, next) = (pair[0] as usize, pair[1] as usize);
            let (text_end, line_end) = line_end(rows, start, next, usual_line_end);
            let n_bytes = text_end - start;
            let out = &mut out[end..];
            copy_along(&rows[start..], out, n_bytes);
            out[n_bytes] = delimiter;
            let n_cells = put(row, &mut out[n_bytes + 1..]);
            end += n_bytes + 1 + n_cells;
            let out = &mut out[n_bytes + 1 + n_cells..];
            end += match line_end {
                [b'\n'] => {
                    out[0] = b'\n';
                    1
                }
                other => put_bytes(other, out),
            };
        }
        end
    }
}

/// Writes rows that end in LF alone, and cells behind them.
#[inline(always)]
fn behind_plain_rows(
    out: &mut [u8],
    rows: &[u8],
    starts: &[u32],
    delimiter: u8,
    put: impl Fn(usize, &mut [u8]) -> usize,
) -> usize {
    let mut end = 0;
    let Some((first, ends)) = starts.split_first() else { return 0 };
    let mut start = *first as usize;
    for (row, next) in ends.iter().enumerate() {
        let n_bytes = *next as usize - start;
        let out = &mut out[end..];
        copy_along(&rows[start..], out, n_bytes);
        // In the place of the line end, which goes behind the cells.
        out[n_bytes - 1] = delimiter;
        let behind = &mut out[n_bytes..];
        let n_cells = put(row, behind);
        behind[n_cells] = b'\n';
        end += n_bytes + n_cells + 1;
        start = *next as usize;
    }
    end
}

/// Where the text of a row ends, and its line end: the usual one where the row has none.
#[inline(never)]
fn line_end<'r>(rows: &'r [u8], start: usize, next: usize, usual: &'r [u8]) -> (usize, &'r [u8]) {
    match &rows[start..next] {
        [.., b'\r', b'\n'] => (next - 2, b"\r\n"),
        [.., b'\n'] => (next - 1, b"\n"),
        [.., b'\r'] => (next - 1, usual),
        _ => (next, usual),
    }
}

/// Copies so many bytes, and some that follow them: both places go on behind.
#[inline(always)]
fn copy_along(from: &[u8], to: &mut [u8], n_bytes: usize) {
    copy_steps::<16>(from, to, n_bytes.min(16));
    if n_bytes > 16 {
        copy_steps::<32>(&from[16..], &mut to[16..], n_bytes - 16);
    }
}

#[inline(always)]
fn copy_steps<const STEP: usize>(mut from: &[u8], mut to: &mut [u8], n_bytes: usize) {
    let mut n_left = n_bytes as isize;
    while n_left > 0
        && let Some((some, behind)) = from.split_first_chunk::<STEP>()
        && let Some((place, behind_place)) = to.split_first_chunk_mut::<STEP>()
    {
        *place = *some;
        (from, to) = (behind, behind_place);
        n_left -= STEP as isize;
    }
}

#[inline(always)]
fn put_bytes(bytes: &[u8], out: &mut [u8]) -> usize {
    out[..bytes.len()].copy_from_slice(bytes);
    bytes.len()
}

/// As [`put_bytes`], for the bytes of a number: two copies of a known length that overlap, and no call.
#[inline(always)]
fn put_number(bytes: &[u8], out: &mut [u8]) -> usize {
    match bytes.len() {
        17..=32 => put_ends::<16>(bytes, out),
        8..=16 => put_ends::<8>(bytes, out),
        _ => put_bytes(bytes, out),
    }
}

/// Copies the first and the last bytes of some that are so many at least and twice as many at most.
#[inline(always)]
fn put_ends<const N: usize>(bytes: &[u8], out: &mut [u8]) -> usize {
    let n_bytes = bytes.len();
    let out = &mut out[..n_bytes];
    if let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>())
        && let Some(place) = out.first_chunk_mut::<N>()
    {
        *place = *first;
        if let Some(place) = out.last_chunk_mut::<N>() {
            *place = *last;
        }
    }
    n_bytes
}

/// A value that is written as a cell.
trait CellText: Copy {
    /// Writes it, and says how many bytes it has.
    fn put(self, out: &mut [u8]) -> usize;

    /// How many bytes one of these has at most.
    fn longest_of(values: &[Self]) -> usize;
}

macro_rules! integers {
    ($($native:ty),*) => {$(
        impl CellText for $native {
            fn longest_of(values: &[Self]) -> usize {
                let ends = |(low, high): (Self, Self), value: &Self| (low.min(*value), high.max(*value));
                let (low, high) = values.iter().fold((0, 0), ends);
                let longest = |value: Self| itoa::Buffer::new().format(value).len();
                longest(low).max(longest(high))
            }

            #[inline(always)]
            fn put(self, out: &mut [u8]) -> usize {
                // Counts and flags are small.
                if (0..10).contains(&self) {
                    out[0] = b'0' + self as u8;
                    return 1;
                }
                put_number(itoa::Buffer::new().format(self).as_bytes(), out)
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! floats {
    ($($native:ty),*) => {$(
        impl CellText for $native {
            /// `-1.7976931348623157e+308` has fewer.
            fn longest_of(_: &[Self]) -> usize {
                32
            }

            #[inline(always)]
            fn put(self, out: &mut [u8]) -> usize {
                put_number(zmij::Buffer::new().format(self).as_bytes(), out)
            }
        }
    )*};
}

floats!(f32, f64);

impl CellText for bool {
    fn longest_of(_: &[Self]) -> usize {
        "false".len()
    }

    #[inline(always)]
    fn put(self, out: &mut [u8]) -> usize {
        put_bytes(if self { b"true" } else { b"false" }, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_digit_are_written_like_others() {
        let options = WriteOptions::default();
        for n_rows in [0, 1, 63, 64, 65, 128, 200, 1000] {
            for (odd, at) in [(0, 0), (10, 0), (10, 63), (9, 64), (11, 64), (u32::MAX, 130), (10, 999)] {
                let mut counts: Vec<u32> = (0..n_rows as u32).map(|row| row % 10).collect();
                if let Some(count) = counts.get_mut(at) {
                    *count = odd;
                }
                let expected: String = counts.iter().map(|count| format!("{count}\n")).collect();
                let frame = DataFrame::new(n_rows, vec![Column::new("a".into(), &counts)]).unwrap();
                let mut text = Buffer::default();
                NumberText::of(&frame, &options, b',').unwrap().add_rows(&mut text);
                assert_eq!(std::str::from_utf8(&text).unwrap(), expected);
            }
        }
    }
}
