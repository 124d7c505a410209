//! `Pool` beside the plain loop: the range count over 200,000 rows of five integers at several numbers of workers, a million
//! trivial calls, and what one call costs from another thread.

mod common;

use std::hint::black_box;
use std::time::Duration;

use common::{Kept, Random, keep, ratio, shortest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parrow::{Pool, cpu_count};

const N_ROWS: usize = 200_000;
const N_ITEMS: u64 = 1_000_000;
const N_CALLS: u32 = 10_000;

type Row = [i64; 5];

fn matrix() -> Vec<Row> {
    let mut random = Random::new(100);
    (0..N_ROWS).map(|_| std::array::from_fn(|_| (random.next() % 10) as i64)).collect()
}

fn how_many_in_range(row: &Row) -> usize {
    row.iter().filter(|value| (4..=8).contains(*value)).count()
}

fn plain_loop(rows: &[Row]) -> Vec<usize> {
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        counts.push(how_many_in_range(row));
    }
    counts
}

/// The range count at so many workers, against the plain loop.
fn range_count(rows: &[Row], n_threads: usize) {
    let pool = Pool::new(n_threads).unwrap();
    let [plain, ours] = shortest(
        60,
        [&mut || keep(plain_loop(rows)), &mut || keep(pool.map(rows, how_many_in_range).unwrap())],
    );
    println!(
        "range count, {n_threads} workers: map {ours:.1?}, plain loop {plain:.1?}: {:.2} times as fast",
        ratio(plain, ours)
    );
}

fn trivial(pool: &Pool) {
    let mut map = || -> Kept { keep(pool.map(0..N_ITEMS, |x| x ^ 1).unwrap()) };
    let mut lazy = || -> Kept { keep(pool.imap(0..N_ITEMS, |x| x ^ 1).unwrap().flatten().sum::<u64>()) };
    let mut plain = || -> Kept { keep((0..N_ITEMS).map(|x| x ^ 1).collect::<Vec<_>>()) };
    let [map, lazy, plain] = shortest(10, [&mut map, &mut lazy, &mut plain]);
    let nanoseconds = |time: Duration| time.as_nanos() as f64 / N_ITEMS as f64;
    println!(
        "a million trivial calls, {} workers: map {:.1} ns an item, imap {:.1}, plain loop {:.1}",
        pool.n_threads(),
        nanoseconds(map),
        nanoseconds(lazy),
        nanoseconds(plain)
    );
}

fn single_calls(pool: &Pool) {
    let mut apply =
        || -> Kept { keep((0..N_CALLS).map(|x| pool.apply(|| black_box(x)).unwrap()).sum::<u32>()) };
    let mut apply_async = || -> Kept {
        let calls: Vec<_> = (0..N_CALLS).map(|x| pool.apply_async(move || black_box(x)).unwrap()).collect();
        keep(calls.into_iter().map(|call| call.get().unwrap()).sum::<u32>())
    };
    let [apply, apply_async] = shortest(10, [&mut apply, &mut apply_async]);
    println!(
        "a call from another thread, {} workers: apply {:.2?}, apply_async {:.2?} where many are queued",
        pool.n_threads(),
        apply / N_CALLS,
        apply_async / N_CALLS
    );
}

fn bench(criterion: &mut Criterion) {
    let rows = matrix();
    let pool = Pool::new(cpu_count()).unwrap();
    assert_eq!(pool.map(&rows, how_many_in_range).unwrap(), plain_loop(&rows), "both count the same");

    let mut group = criterion.benchmark_group("range count, 200,000 x 5");
    group.sample_size(20).throughput(Throughput::Elements(N_ROWS as u64));
    group.bench_function("map", |bencher| {
        bencher.iter_with_large_drop(|| pool.map(&rows, how_many_in_range).unwrap());
    });
    group.bench_function("plain loop", |bencher| bencher.iter_with_large_drop(|| plain_loop(&rows)));
    group.finish();

    for n_threads in [1, 2, 3, 4, 8, 16, 64] {
        range_count(&rows, n_threads);
    }
    for n_threads in [1, cpu_count()] {
        let pool = Pool::new(n_threads).unwrap();
        trivial(&pool);
        single_calls(&pool);
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
