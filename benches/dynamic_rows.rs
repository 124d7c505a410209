//! Dynamic rows: what a cell of a `Row` costs on one thread.

mod common;

use common::{NAMES, keep, matrix, shortest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parrow::ApplyOptions;
use parrow::prelude::*;

const N_ROWS: usize = 2_000_000;

fn count(row: &Row<'_>) -> u32 {
    row.iter_as::<i64>().filter(|value| (4..=8).contains(value)).count() as u32
}

fn bench(criterion: &mut Criterion) {
    let frame = matrix(N_ROWS);
    let mut group = criterion.benchmark_group("dynamic rows, 2M x 5 i64");
    group.sample_size(10).throughput(Throughput::Elements((N_ROWS * NAMES.len()) as u64));
    for n_threads in [1, parrow::cpu_count()] {
        let options = ApplyOptions::builder().threads(n_threads).build().unwrap();
        group.bench_function(format!("iter_as, {n_threads} threads"), |bencher| {
            bencher.iter_with_large_drop(|| frame.with_options(&options).parallel_apply_rows(count).unwrap());
        });
    }
    group.finish();

    let one = ApplyOptions::builder().threads(1).build().unwrap();
    let [time] = shortest(15, [&mut || keep(frame.with_options(&one).parallel_apply_rows(count).unwrap())]);
    let per_cell = time.as_secs_f64() * 1e9 / (N_ROWS * NAMES.len()) as f64;
    println!("a cell of a dynamic row costs {per_cell:.2} ns on one thread");
}

criterion_group!(benches, bench);
criterion_main!(benches);
