//! A file piece by piece beside the same file read whole: seconds a run, and the memory that each may use.

mod common;

use std::path::Path;

use common::{NAMES, keep, matrix, ratio, shortest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parrow::functions::{CountInRange, RangeBounds};
use parrow::pipeline::{Destination, Keep, Pipeline, Work};
use parrow::table::{Input, Output, WriteOptions, write};

const N_ROWS: usize = 2_000_000;

fn pipeline(input: &Path, output: &Path, columns: Keep) -> Pipeline<'static> {
    let work = Work::rows(CountInRange::new(NAMES, RangeBounds::new(4, 8).unwrap()));
    let destination = Destination::Output(Output::from(output), WriteOptions::default());
    Pipeline::new(vec![Input::from(input)], work, destination).keep(columns)
}

fn bench(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let frame = matrix(N_ROWS);
    let mut group = criterion.benchmark_group("file to file, 2M x 5 i64");
    group.sample_size(10).throughput(Throughput::Elements(N_ROWS as u64));
    for format in ["csv", "parquet"] {
        let input = folder.path().join(format!("matrix.{format}"));
        let output = folder.path().join(format!("counted.{format}"));
        write(&frame, &Output::from(input.as_path()), &WriteOptions::default()).unwrap();
        for (columns, name) in [(Keep::All, "appended"), (Keep::New, "alone")] {
            let run = || pipeline(&input, &output, columns).memory_limit(512 << 20).run().unwrap();
            let whole = || pipeline(&input, &output, columns).read_whole().run().unwrap();
            group.bench_function(format!("{format}, {name}"), |bencher| bencher.iter(run));
            let [in_pieces, at_once] = shortest(5, [&mut || keep(run()), &mut || keep(whole())]);
            println!(
                "{format}, {name}: {in_pieces:.0?} in pieces, {at_once:.0?} whole, {:.2} times as long",
                ratio(in_pieces, at_once)
            );
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
