//! The count of 4 ≤ v ≤ 8 a row, in memory, beside the sum of the same columns with as many threads: what memory gives.
//!
//!     cargo run --release --example in_memory -- 20000000
//!
//! Prints the shortest of several runs of each, in turns, and a digest of the counts, as a line of JSON.

use std::error::Error;
use std::time::Instant;

use parrow::ApplyOptions;
use parrow::functions::{CountInRange, RangeBounds};
use parrow::polars::prelude::*;
use parrow::table::{Matrix, MatrixOptions};

const N_RUNS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let rows = std::env::args().nth(1).map_or(Ok(1_000_000), |rows| rows.parse())?;
    let options = MatrixOptions { rows, columns: 5, low: 0, high: 10, seed: 1 };
    let frame = Matrix::generate(&options)?.into_frame();
    let names: Vec<PlSmallStr> = frame.get_column_names_owned();
    let function = CountInRange::new(names.as_slice(), RangeBounds::new(4, 8)?);
    let options = ApplyOptions::default();
    let (mut count_seconds, mut sum_seconds) = (f64::INFINITY, f64::INFINITY);
    let mut counts = None;
    for _ in 0..N_RUNS {
        // The buffer of the last run is given back first, so that each run has a fresh one.
        drop(counts.take());
        let start = Instant::now();
        let applied = parrow::apply_function(&frame, &function, &options)?;
        count_seconds = count_seconds.min(start.elapsed().as_secs_f64());
        counts = Some(applied.table);
        let start = Instant::now();
        std::hint::black_box(sum(&frame, options.n_threads())?);
        sum_seconds = sum_seconds.min(start.elapsed().as_secs_f64());
    }
    let counts = counts.ok_or("there was no run")?;
    let counts = counts.columns()[0].cast(&DataType::Int64)?;
    let (mut sum, mut weighted) = (0_i64, 0_i64);
    for (row, count) in counts.i64()?.iter().enumerate() {
        let count = count.unwrap_or_default();
        sum += count;
        weighted = weighted.wrapping_add(count.wrapping_mul(row as i64 + 1));
    }
    println!(
        "{{\"seconds\": {{\"parrow\": {count_seconds}, \"sum\": {sum_seconds}}}, \"answer\": \"{rows} {sum} {weighted}\"}}"
    );
    Ok(())
}

/// The sum of all values, each thread over its part of each column.
fn sum(frame: &DataFrame, n_threads: usize) -> PolarsResult<i64> {
    let columns: Vec<&[i64]> = frame
        .columns()
        .iter()
        .map(|column| column.as_materialized_series().i64()?.cont_slice())
        .collect::<PolarsResult<_>>()?;
    let part = frame.height().div_ceil(n_threads).max(1);
    let sums = std::thread::scope(|threads| {
        let workers: Vec<_> = (0..n_threads)
            .map(|index| {
                let columns = &columns;
                threads.spawn(move || {
                    let of_part = |column: &&[i64]| {
                        let from = (index * part).min(column.len());
                        column[from..(from + part).min(column.len())]
                            .iter()
                            .fold(0_i64, |sum, value| sum.wrapping_add(*value))
                    };
                    columns.iter().map(of_part).fold(0_i64, i64::wrapping_add)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_default()).fold(0, i64::wrapping_add)
    });
    Ok(sums)
}
