//! `count_in_range` over 20 million rows of five `i64` columns, its fresh output included, beside the limit (the same
//! threads merely read the columns: sum them) and the peer (a polars expression for the same count).

mod common;

use common::{NAMES, keep, matrix, median, ratio, shortest, times};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parrow::functions::{CountInRange, RangeBounds};
use parrow::polars::prelude::*;
use parrow::{ApplyOptions, apply_function};
use rayon::prelude::*;

const N_ROWS: usize = 20_000_000;

fn function() -> CountInRange {
    CountInRange::new(NAMES, RangeBounds::new(4, 8).unwrap())
}

fn count(frame: &DataFrame) -> DataFrame {
    apply_function(frame, &function(), &ApplyOptions::default()).unwrap().table
}

/// Reads every value once, on as many threads.
fn sum(frame: &DataFrame) -> i64 {
    const ROWS: usize = 1 << 17;
    let columns: Vec<&[i64]> =
        NAMES.iter().map(|name| frame.column(name).unwrap().i64().unwrap().cont_slice().unwrap()).collect();
    let sum_rows = |chunk: usize| -> i64 {
        let rows = chunk * ROWS..N_ROWS.min((chunk + 1) * ROWS);
        columns.iter().map(|column| column[rows.clone()].iter().sum::<i64>()).sum()
    };
    (0..N_ROWS.div_ceil(ROWS)).into_par_iter().map(sum_rows).sum()
}

fn expression(dtype: DataType) -> Expr {
    let within =
        |name: &str| col(name).gt_eq(lit(4_i64)).and(col(name).lt_eq(lit(8_i64))).cast(dtype.clone());
    let total = NAMES.into_iter().map(within).reduce(|a, b| a + b).unwrap();
    total.cast(DataType::UInt32).alias(CountInRange::NAME)
}

fn polars(frame: &DataFrame, dtype: DataType) -> DataFrame {
    frame.clone().lazy().select([expression(dtype)]).collect().unwrap()
}

fn bench(criterion: &mut Criterion) {
    let frame = matrix(N_ROWS);
    assert!(count(&frame).equals(&polars(&frame, DataType::UInt32)), "both count the same");
    assert!(count(&frame).equals(&polars(&frame, DataType::UInt8)), "both count the same");

    let mut group = criterion.benchmark_group("count in range, 20M x 5 i64");
    group.sample_size(10).throughput(Throughput::Elements(N_ROWS as u64));
    group.bench_function("count_in_range", |bencher| bencher.iter_with_large_drop(|| count(&frame)));
    group.bench_function("sum", |bencher| bencher.iter(|| sum(&frame)));
    group.bench_function("polars, u32", |bencher| {
        bencher.iter_with_large_drop(|| polars(&frame, DataType::UInt32));
    });
    group.bench_function("polars, u8", |bencher| {
        bencher.iter_with_large_drop(|| polars(&frame, DataType::UInt8))
    });
    group.finish();

    // What a run gives is dropped before the clock of the next one starts: the memory of each is fresh. How fast memory is swings by
    // half within seconds on a machine that is not one's own, so that each count is held against the sum beside it.
    let pairs = times(61, [&mut || keep(count(&frame)), &mut || keep(sum(&frame))]);
    let of_sum = median(pairs.iter().map(|[ours, reading]| ratio(*reading, *ours)));
    let [ours, reading] =
        [0, 1].map(|index| median(pairs.iter().map(|times| times[index].as_secs_f64() * 1e3)));
    let [beside, u32s, u8s] = shortest(
        12,
        [&mut || keep(count(&frame)), &mut || keep(polars(&frame, DataType::UInt32)), &mut || {
            keep(polars(&frame, DataType::UInt8))
        }],
    );
    println!("{:?}", apply_function(&frame, &function(), &ApplyOptions::default()).unwrap().sharing);
    println!(
        "medians of {} in turns: count_in_range {ours:.1} ms, sum {reading:.1} ms: count_in_range runs at {of_sum:.2} of the speed of \
         the sum beside it",
        pairs.len()
    );
    println!(
        "shortest: count_in_range {beside:.1?}, polars expression {:.1?}, which takes {:.2} times as long",
        u32s.min(u8s),
        ratio(u32s.min(u8s), beside),
    );
}

criterion_group!(benches, bench);
criterion_main!(benches);
