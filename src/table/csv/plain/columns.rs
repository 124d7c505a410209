//! The numbers of a column as far as they are read.

use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::MutableBitmap;

use super::super::chunk::Wanted;
use super::cells::{Found, float, int};
use super::decimals::float_at_once;
use crate::widest::SideBySide;

/// The numbers of a column as far as they are read.
pub(super) struct Numbers {
    is_float: bool,
    /// The integers, while all of them come from rows that are alike and have few digits, where they may be narrow.
    narrow: Option<Vec<i8>>,
    ints: Vec<i64>,
    floats: Vec<f64>,
    n_rows: usize,
    /// The rows without a number.
    nulls: Vec<usize>,
    /// The bits that any of the integers has: of a negative one the highest, and beside that those of its complement.
    bits: u64,
}

/// Where integers go.
pub(super) enum Room<'n> {
    Narrow(&'n mut [i8]),
    Wide(&'n mut [i64]),
}

/// Where the cells of a column stand.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    /// All bytes, padded.
    pub(super) bytes: &'a [u8],
    /// Where the first cell starts, and what is behind each cell.
    pub(super) places: &'a [u32],
    pub(super) n_columns: usize,
    pub(super) column: usize,
}

impl Cells<'_> {
    fn n_rows(&self) -> usize {
        (self.places.len() - 1) / self.n_columns
    }
}

impl Numbers {
    pub(super) fn new(wanted: &Wanted, n_rows: usize, is_narrow: bool) -> Self {
        let is_float = wanted.dtype == Some(DataType::Float64);
        let (n_narrow, n_ints, n_floats) = match (is_float, is_narrow) {
            (true, _) => (0, 0, n_rows),
            (false, true) => (n_rows, 0, 0),
            (false, false) => (0, n_rows, 0),
        };
        Self {
            is_float,
            narrow: (is_narrow && !is_float).then(|| Vec::with_capacity(n_narrow)),
            ints: Vec::with_capacity(n_ints),
            floats: Vec::with_capacity(n_floats),
            n_rows: 0,
            nulls: Vec::new(),
            bits: 0,
        }
    }

    /// How large the integers are, and whether any is negative.
    pub(super) fn bits(&self) -> IntBits {
        IntBits(self.bits)
    }

    /// Whether there is a number among the rows so far.
    pub(super) fn has_values(&self) -> bool {
        self.nulls.len() < self.n_rows
    }

    /// Adds so many integers, which are to be put there.
    #[inline(always)]
    pub(super) fn room_for(&mut self, n_rows: usize) -> Room<'_> {
        let from = self.n_rows;
        self.n_rows += n_rows;
        match &mut self.narrow {
            Some(narrow) => {
                narrow.resize(from + n_rows, 0);
                Room::Narrow(&mut narrow[from..])
            }
            None => {
                self.ints.resize(from + n_rows, 0);
                Room::Wide(&mut self.ints[from..])
            }
        }
    }

    /// Adds rows of which only that they are numbers is of interest.
    pub(super) fn add_unread(&mut self, n_rows: usize) {
        self.n_rows += n_rows;
    }

    /// Adds the numbers of some cells; `None` where the general way must say what one is.
    #[inline(always)]
    pub(super) fn add<const KEEP: bool>(&mut self, cells: Cells<'_>, has: Option<SideBySide>) -> Option<()> {
        if let Some(narrow) = self.narrow.take() {
            self.ints.extend(narrow.into_iter().map(i64::from));
        }
        match self.is_float {
            true => add::<f64, KEEP>(cells, self.n_rows, &mut self.floats, &mut self.nulls, |_| {}, has)?,
            false => {
                let mut bits = self.bits;
                let note = |int: i64| bits |= IntBits::of(int).0;
                add::<i64, KEEP>(cells, self.n_rows, &mut self.ints, &mut self.nulls, note, has)?;
                self.bits = bits;
            }
        }
        self.n_rows += cells.n_rows();
        Some(())
    }

    pub(super) fn into_series(self, name: PlSmallStr) -> Series {
        let validity = (!self.nulls.is_empty()).then(|| {
            let mut validity = MutableBitmap::from_len_set(self.n_rows);
            self.nulls.iter().for_each(|row| validity.set(*row, false));
            validity.into()
        });
        if let Some(narrow) = self.narrow {
            return Int8Chunked::from_vec(name, narrow).into_series();
        }
        match self.is_float {
            true => {
                let array = PrimitiveArray::new(ArrowDataType::Float64, self.floats.into(), validity);
                Float64Chunked::with_chunk(name, array).into_series()
            }
            false => {
                let array = PrimitiveArray::new(ArrowDataType::Int64, self.ints.into(), validity);
                Int64Chunked::with_chunk(name, array).into_series()
            }
        }
    }
}

/// What may be told of some integers without looking at them again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct IntBits(u64);

impl IntBits {
    const SIGN: u64 = 1 << 63;

    #[inline(always)]
    fn of(int: i64) -> Self {
        Self((int ^ (int >> 63)) as u64 | int as u64 & Self::SIGN)
    }

    /// Those of some integers.
    pub(in super::super) fn of_all(ints: impl Iterator<Item = i64>) -> Self {
        Self(ints.fold(0, |bits, int| bits | Self::of(int).0))
    }

    /// Whether one of them is negative.
    pub(in super::super) fn has_negative(self) -> bool {
        self.0 & Self::SIGN != 0
    }

    /// Whether one of them may be one that an `f64` does not hold.
    pub(in super::super) fn may_be_inexact(self) -> bool {
        self.0 & !Self::SIGN >= 1 << 53
    }
}

/// What a cell is read as. A function that is handed over is called, and does not become part of the loop.
trait Number: Copy + Default {
    fn read(bytes: &[u8], start: usize, end: usize, has: Option<SideBySide>) -> Found<Self>;
}

impl Number for i64 {
    #[inline(always)]
    fn read(bytes: &[u8], start: usize, end: usize, _has: Option<SideBySide>) -> Found<Self> {
        int(bytes, start, end)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn read(bytes: &[u8], start: usize, end: usize, has: Option<SideBySide>) -> Found<Self> {
        match has {
            Some(has) => float_at_once(bytes, start, end, has),
            None => float(bytes, start, end),
        }
    }
}

#[inline(always)]
fn add<T: Number, const KEEP: bool>(
    cells: Cells<'_>,
    first_row: usize,
    numbers: &mut Vec<T>,
    nulls: &mut Vec<usize>,
    mut note: impl FnMut(T),
    has: Option<SideBySide>,
) -> Option<()> {
    let Cells { bytes, places, n_columns, column } = cells;
    let n_rows = cells.n_rows();
    let is_last = column + 1 == n_columns;
    let from = numbers.len();
    if KEEP {
        numbers.resize(from + n_rows, T::default());
    }
    let mut numbers = numbers[from..].iter_mut();
    // By index: the compiler makes calls of what iterates over chunks of two slices, in a function of this size.
    let mut at = column;
    for row in 0..n_rows {
        let &[start, end] = places.get(at..at + 2)? else { return None };
        let (start, mut end) = (start as usize, end as usize - 1);
        at += n_columns;
        // The CR of a line end is no part of the cell.
        if is_last && end > start && bytes[end - 1] == b'\r' {
            end -= 1;
        }
        let number = match T::read(bytes, start, end, has) {
            Found::Number(number) => {
                note(number);
                number
            }
            Found::Null => {
                nulls.push(first_row + row);
                T::default()
            }
            Found::Unusual => return None,
        };
        if KEEP && let Some(place) = numbers.next() {
            *place = number;
        }
    }
    Some(())
}
