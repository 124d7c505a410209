//! The loops that count: how many values of a row lie within a range of their own type.
//!
//! Columns of one type are taken up to eight at a time, so that the counts of a row stay in a register of the values'
//! own width while all of them are looked at.

use polars_arrow::bitmap::bitmask::BitMask;

use crate::widest::{Loop, run_widest};

/// A value that may lie within a range.
pub(super) trait Ranged: Copy + Send + Sync + 'static {
    /// A counter as wide as the value, so that a comparison's result needs no widening. It counts to 8.
    type Counter: Copy + Default + std::ops::Add<Output = Self::Counter> + Into<u64>;

    /// 1 where the value lies within the range, ends included, else 0. NaN does not.
    fn count(self, min: Self, max: Self) -> Self::Counter;
}

macro_rules! ranged {
    ($($value:ty, $counter:ty;)*) => {$(
        impl Ranged for $value {
            type Counter = $counter;

            #[inline(always)]
            fn count(self, min: Self, max: Self) -> $counter {
                ((self >= min) & (self <= max)).into()
            }
        }
    )*};
}

ranged! {
    i8, u8; u8, u8;
    i16, u16; u16, u16;
    i32, u32; u32, u32; f32, u32;
    i64, u64; u64, u64; f64, u64;
    i128, u64;
}

/// What becomes of the count of a row.
pub(super) trait Store: Copy {
    fn store(self, count: &mut u32, within: u32);
}

/// It is the first one: nobody has written the place before.
#[derive(Clone, Copy)]
pub(super) struct Put;

/// It is added to those of other columns.
#[derive(Clone, Copy)]
pub(super) struct Add;

impl Store for Put {
    #[inline(always)]
    fn store(self, count: &mut u32, within: u32) {
        *count = within;
    }
}

impl Store for Add {
    #[inline(always)]
    fn store(self, count: &mut u32, within: u32) {
        *count += within;
    }
}

/// Puts, for each row of `counts`, how many of the columns' values lie within the range. The columns hold as many rows.
pub(super) fn put_counts<T: Ranged>(columns: &[&[T]], min: T, max: T, counts: &mut [u32]) {
    if columns.is_empty() {
        counts.fill(0);
    }
    let (first, others) = columns.split_at(columns.len().min(MOST_AT_ONCE));
    store_few(first, min, max, counts, Put);
    add_counts(others, min, max, counts);
}

/// Adds, for each row of `counts`, how many of the columns' values lie within the range. The columns hold as many rows.
pub(super) fn add_counts<T: Ranged>(columns: &[&[T]], min: T, max: T, counts: &mut [u32]) {
    columns.chunks(MOST_AT_ONCE).for_each(|few| store_few(few, min, max, counts, Add));
}

/// Whether so many columns are looked at in one go: of 6 and 7, 5 are, and then the others.
pub(super) fn goes_through_once(n_columns: usize) -> bool {
    matches!(n_columns, 0..=5 | MOST_AT_ONCE)
}

/// How many columns are looked at in one go.
const MOST_AT_ONCE: usize = 8;

fn store_few<T: Ranged>(columns: &[&[T]], min: T, max: T, counts: &mut [u32], how: impl Store) {
    match *columns {
        [] => {}
        [a] => store_set([a], min, max, counts, how),
        [a, b] => store_set([a, b], min, max, counts, how),
        [a, b, c] => store_set([a, b, c], min, max, counts, how),
        [a, b, c, d] => store_set([a, b, c, d], min, max, counts, how),
        [a, b, c, d, e] => store_set([a, b, c, d, e], min, max, counts, how),
        [a, b, c, d, e, f, g, h] => store_set([a, b, c, d, e, f, g, h], min, max, counts, how),
        [a, b, c, d, e, ref others @ ..] => {
            store_set([a, b, c, d, e], min, max, counts, how);
            store_few(others, min, max, counts, Add);
        }
    }
}

fn store_set<T: Ranged, const N: usize>(
    columns: [&[T]; N],
    min: T,
    max: T,
    counts: &mut [u32],
    how: impl Store,
) {
    run_widest(Whole { columns, min, max, counts, how });
}

/// As [`add_counts`] for one column, whose rows count only where `valid` is set.
pub(super) fn add_valid_counts<T: Ranged>(
    values: &[T],
    valid: BitMask<'_>,
    min: T,
    max: T,
    counts: &mut [u32],
) {
    run_widest(WithNulls { values, valid, min, max, counts });
}

/// Columns without nulls.
struct Whole<'a, T, const N: usize, S> {
    columns: [&'a [T]; N],
    min: T,
    max: T,
    counts: &'a mut [u32],
    how: S,
}

impl<T: Ranged, const N: usize, S: Store> Loop for Whole<'_, T, N, S> {
    #[inline(always)]
    fn run(self) {
        let Self { columns, min, max, counts, how } = self;
        let columns = columns.map(|column| &column[..counts.len()]);
        for (row, count) in counts.iter_mut().enumerate() {
            let mut within = T::Counter::default();
            for column in &columns {
                within = within + column[row].count(min, max);
            }
            let within: u64 = within.into();
            how.store(count, within as u32);
        }
    }
}

/// A column with nulls.
struct WithNulls<'a, T> {
    values: &'a [T],
    valid: BitMask<'a>,
    min: T,
    max: T,
    counts: &'a mut [u32],
}

impl<T: Ranged> Loop for WithNulls<'_, T> {
    #[inline(always)]
    fn run(self) {
        const BITS: usize = u32::BITS as usize;
        let Self { values, valid, min, max, counts } = self;
        let words = values.chunks(BITS).zip(counts.chunks_mut(BITS));
        for (index, (values, counts)) in words.enumerate() {
            let word = valid.get_u32(index * BITS);
            for (bit, (value, count)) in values.iter().zip(counts).enumerate() {
                let within: u64 = value.count(min, max).into();
                *count += within as u32 & (word >> bit) & 1;
            }
        }
    }
}
