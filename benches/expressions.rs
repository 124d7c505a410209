//! A row function written as SQL, beside the same expression run by polars over the whole frame.

mod common;

use common::{Random, keep, ratio, shortest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parrow::polars::prelude::*;
use parrow::script::SqlExpressions;
use parrow::{ApplyOptions, apply_function};

const N_ROWS: usize = 5_000_000;

fn points() -> DataFrame {
    let mut random = Random::new(7);
    let columns = ["a", "b"].map(|name| {
        let values: Vec<f64> = (0..N_ROWS).map(|_| random.float() - 0.5).collect();
        Column::new(name.into(), values)
    });
    DataFrame::new(N_ROWS, columns.into()).unwrap()
}

fn bench(criterion: &mut Criterion) {
    let frame = points();
    let function =
        SqlExpressions::parse(["a*a + b*b AS s", "CASE WHEN a > 0 THEN 1 ELSE 0 END AS positive"]).unwrap();
    let ours = || apply_function(&frame, &function, &ApplyOptions::default()).unwrap().table;
    let polars = || {
        let sum = (col("a") * col("a") + col("b") * col("b")).alias("s");
        let positive = when(col("a").gt(lit(0))).then(lit(1)).otherwise(lit(0)).alias("positive");
        frame.clone().lazy().select([sum, positive]).collect().unwrap()
    };
    assert_eq!(ours().column("s").unwrap(), polars().column("s").unwrap());

    let mut group = criterion.benchmark_group("two expressions, 5M rows");
    group.sample_size(10).throughput(Throughput::Elements(N_ROWS as u64));
    group.bench_function("SqlExpressions", |bencher| bencher.iter_with_large_drop(ours));
    group.bench_function("polars", |bencher| bencher.iter_with_large_drop(polars));
    group.finish();

    let [ours, theirs] = shortest(15, [&mut || keep(ours()), &mut || keep(polars())]);
    println!("SqlExpressions {ours:.1?}, polars {theirs:.1?}: {:.2} times as long", ratio(ours, theirs));
}

criterion_group!(benches, bench);
criterion_main!(benches);
