//! A typed closure over two `f64` columns, beside a rayon loop over the slices that was written by hand.

mod common;

use common::{Random, keep, ratio, shortest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parrow::polars::prelude::*;
use parrow::prelude::*;
use rayon::prelude::*;

const N_ROWS: usize = 10_000_000;

fn points() -> DataFrame {
    let mut random = Random::new(7);
    let columns = ["a", "b"].map(|name| {
        let values: Vec<f64> = (0..N_ROWS).map(|_| random.float()).collect();
        Column::new(name.into(), values)
    });
    DataFrame::new(N_ROWS, columns.into()).unwrap()
}

/// What someone who knows rayon writes: a fresh vector, filled in chunks.
fn by_hand(frame: &DataFrame, function: impl Fn(f64, f64) -> f64 + Sync) -> Vec<f64> {
    const ROWS: usize = 1 << 15;
    let slice = |name| frame.column(name).unwrap().f64().unwrap().cont_slice().unwrap();
    let (a, b) = (slice("a"), slice("b"));
    let mut result = vec![0.0; N_ROWS];
    result.par_chunks_mut(ROWS).zip(a.par_chunks(ROWS)).zip(b.par_chunks(ROWS)).for_each(
        |((result, a), b)| {
            for ((result, a), b) in result.iter_mut().zip(a).zip(b) {
                *result = function(*a, *b);
            }
        },
    );
    result
}

macro_rules! compare {
    ($criterion:expr, $frame:expr, $name:literal, $function:expr) => {{
        let typed = || $frame.parallel_apply(("a", "b"), $function).unwrap();
        let hand = || by_hand($frame, $function);
        assert_eq!(typed().f64().unwrap().cont_slice().unwrap(), hand());
        let mut group = $criterion.benchmark_group(concat!("typed closure, 10M rows, ", $name));
        group.sample_size(10).throughput(Throughput::Elements(N_ROWS as u64));
        group.bench_function("parallel_apply", |bencher| bencher.iter_with_large_drop(typed));
        group.bench_function("by hand", |bencher| bencher.iter_with_large_drop(hand));
        group.finish();
        let [ours, theirs] = shortest(15, [&mut || keep(typed()), &mut || keep(hand())]);
        let ratio = ratio(ours, theirs);
        println!("{}: parallel_apply {ours:.1?}, by hand {theirs:.1?}: {ratio:.2} times as long", $name);
    }};
}

fn bench(criterion: &mut Criterion) {
    let frame = &points();
    compare!(criterion, frame, "a + b", |a: f64, b: f64| a + b);
    compare!(criterion, frame, "hypot", |a: f64, b: f64| a.hypot(b));
}

criterion_group!(benches, bench);
criterion_main!(benches);
