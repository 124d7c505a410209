//! `count_in_range` from file to file, a million rows of five integers, as CSV and as Parquet; and how long each stage takes.

mod common;

use std::path::Path;

use common::{NAMES, keep, matrix, shortest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parrow::functions::{CountInRange, RangeBounds};
use parrow::pipeline::{Destination, Pipeline, RunSummary, Work};
use parrow::table::{Input, Output, WriteOptions, write};

const N_ROWS: usize = 1_000_000;

fn run(input: &Path, output: &Path) -> RunSummary {
    let work = Work::rows(CountInRange::new(NAMES, RangeBounds::new(4, 8).unwrap()));
    let destination = Destination::Output(Output::from(output), WriteOptions::default());
    let summary = Pipeline::new(vec![Input::from(input)], work, destination).run().unwrap();
    assert_eq!(summary.n_rows_written, N_ROWS as u64);
    summary
}

fn bench(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let frame = matrix(N_ROWS);
    let mut group = criterion.benchmark_group("file to file, 1M x 5 i64");
    group.sample_size(10).throughput(Throughput::Elements(N_ROWS as u64));
    for format in ["csv", "parquet"] {
        let input = folder.path().join(format!("matrix.{format}"));
        let output = folder.path().join(format!("counted.{format}"));
        write(&frame, &Output::from(input.as_path()), &WriteOptions::default()).unwrap();
        group.bench_function(format, |bencher| bencher.iter(|| run(&input, &output)));
        let [time] = shortest(5, [&mut || keep(run(&input, &output))]);
        let rate = N_ROWS as f64 / time.as_secs_f64() / 1e6;
        println!(
            "{format} to {format}: {time:.0?}, {rate:.1} million rows a second; {:?}",
            run(&input, &output).times
        );
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
