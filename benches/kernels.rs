//! The functions that come with parrow beside loops by hand over the same columns, on as many threads, fresh output included:
//! `count_in_range` over five columns of each dtype beside their sum, and the others beside the simplest loop that does the same.

mod common;

use common::{Random, keep, ratio, shortest};
use parrow::functions::{CountInRange, Hypot, MinMaxScale, RangeBounds, sum_of_squares};
use parrow::polars::prelude::*;
use parrow::row::RowFunction;
use parrow::{ApplyOptions, apply_function};
use rayon::prelude::*;

const N_ROWS: usize = 10_000_000;
const N_ROUNDS: usize = 8;
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The rows of a chunk of the loops by hand.
const ROWS: usize = 1 << 17;

fn main() {
    println!("{N_ROWS} rows, the shortest of {N_ROUNDS} runs each");
    println!("{:>28} {:>10} {:>10} {:>8} {:>10}", "", "parrow", "by hand", "speed", "GB/s");
    macro_rules! count {
        ($($native:ty, $get:ident;)*) => {$(count_of(stringify!($native), &frame(|digit| digit as $native), |frame| {
            sum(&NAMES.map(|name| frame.column(name).unwrap().$get().unwrap().cont_slice().unwrap()), |value| value as f64)
        });)*};
    }
    count! { i8, i8; i16, i16; i32, i32; i64, i64; u8, u8; u16, u16; u32, u32; u64, u64; f32, f32; f64, f64; }
    let floats = frame(|digit| digit as f64 + 0.5);
    let columns = || NAMES.map(|name| floats.column(name).unwrap().f64().unwrap().cont_slice().unwrap());
    let hypot = Hypot::new("a", "b");
    let [a, b, ..] = columns();
    beside("hypot of two f64", 24, || run(&floats, &hypot), || fill(1, |row| [a[row].hypot(b[row])]));
    let scale = MinMaxScale::new(NAMES);
    let all = columns();
    let scaled = |row: usize| {
        let values = all.map(|column| column[row]);
        let (min, max) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (v.min(min), v.max(max)));
        values.map(|value| (value - min) / (max - min))
    };
    beside("min_max_scale of five f64", 80, || run(&floats, &scale), || fill(5, scaled));
    let column = floats.column("a").unwrap().as_materialized_series().clone();
    let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
    beside(
        "sum_of_squares of f64",
        8,
        || sum_of_squares(&column),
        || a.par_chunks(ROWS).map(squares).sum::<f64>(),
    );
    let integers = frame(|digit| digit as i64);
    let column = integers.column("a").unwrap().as_materialized_series().clone();
    let values = column.i64().unwrap().cont_slice().unwrap();
    let squares = |values: &[i64]| values.iter().map(|value| (value * value) as u64).sum::<u64>();
    beside(
        "sum_of_squares of i64",
        8,
        || sum_of_squares(&column),
        || values.par_chunks(ROWS).map(squares).sum::<u64>(),
    );
}

/// Five columns of digits.
fn frame<T>(value: impl Fn(u64) -> T) -> DataFrame
where
    Series: NamedFrom<Vec<T>, [T]>,
{
    let mut random = Random::new(100);
    let columns = NAMES.map(|name| {
        let values: Vec<T> = (0..N_ROWS).map(|_| value(random.next() % 10)).collect();
        Series::new(name.into(), values).into_column()
    });
    DataFrame::new(N_ROWS, columns.into()).unwrap()
}

fn run(frame: &DataFrame, function: &dyn RowFunction) -> DataFrame {
    apply_function(frame, function, &ApplyOptions::default()).unwrap().table
}

/// Reads every value once.
fn sum<T: Copy + Sync>(columns: &[&[T]; 5], value: impl Fn(T) -> f64 + Sync) -> f64 {
    let of_rows = |chunk: usize| -> f64 {
        let rows = chunk * ROWS..N_ROWS.min((chunk + 1) * ROWS);
        let of_column = |column: &&[T]| {
            let mut lanes = [0.0; 32];
            let (sets, rest) = column[rows.clone()].as_chunks::<32>();
            for set in sets {
                lanes.iter_mut().zip(set).for_each(|(lane, one)| *lane += value(*one));
            }
            lanes.iter().sum::<f64>() + rest.iter().map(|one| value(*one)).sum::<f64>()
        };
        columns.iter().map(of_column).sum()
    };
    (0..N_ROWS.div_ceil(ROWS)).into_par_iter().map(of_rows).sum()
}

/// The simplest loop that writes what `values` gives for each row.
fn fill<const N: usize>(n_columns: usize, values: impl Fn(usize) -> [f64; N] + Sync) -> Vec<Vec<f64>> {
    let mut columns: Vec<Vec<f64>> = (0..n_columns).map(|_| vec![0.0; N_ROWS]).collect();
    let mut chunks: Vec<Vec<&mut [f64]>> = (0..N_ROWS.div_ceil(ROWS)).map(|_| Vec::new()).collect();
    for column in &mut columns {
        for (chunk, part) in chunks.iter_mut().zip(column.chunks_mut(ROWS)) {
            chunk.push(part);
        }
    }
    chunks.into_par_iter().enumerate().for_each(|(chunk, mut parts)| {
        for row in 0..parts[0].len() {
            for (part, value) in parts.iter_mut().zip(values(chunk * ROWS + row)) {
                part[row] = value;
            }
        }
    });
    columns
}

fn count_of(dtype: &str, frame: &DataFrame, by_hand: impl Fn(&DataFrame) -> f64) {
    let count = CountInRange::new(NAMES, RangeBounds::new(4, 8).unwrap());
    let n_bytes = frame.column("a").unwrap().as_materialized_series().estimated_size() / N_ROWS * 5 + 4;
    beside(
        &format!("count of five {dtype}, to their sum"),
        n_bytes,
        || run(frame, &count),
        || by_hand(frame),
    );
}

fn beside<A: 'static, B: 'static>(
    name: &str,
    row_bytes: usize,
    ours: impl Fn() -> A,
    by_hand: impl Fn() -> B,
) {
    let [ours, hand] = shortest(N_ROUNDS, [&mut || keep(ours()), &mut || keep(by_hand())]);
    let rate = (row_bytes * N_ROWS) as f64 / ours.as_secs_f64() / 1e9;
    println!(
        "{name:>28} {:>10} {:>10} {:>8.2} {rate:>10.1}",
        format!("{ours:.1?}"),
        format!("{hand:.1?}"),
        ratio(hand, ours)
    );
}
