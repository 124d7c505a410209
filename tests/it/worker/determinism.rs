//! The same bytes for any number of workers and any chunk size, and for every way to write the function.

use parrow::functions::{CountInRange, RangeBounds};
use parrow::polars::prelude::*;
use parrow::row::{OutputColumn, RowFunction};
use parrow::script::SqlExpressions;
use parrow::table::{Input, ReadOptions, read};
use parrow::worker::{Protocol, RowsAs, Worker};
use parrow::{ApplyOptions, OnError, apply_function};

use super::programs::counters;
use super::{PythonFile, options, python};

const FUNCTIONS: &str = r#"
def count(row, minimum, maximum):
    return sum(value is not None and minimum <= value <= maximum for value in row)

def mixed(n):
    if n % 7 == 3: raise ValueError(n)
    if n % 11 == 5: return "text"
    if n % 5 == 4: return None
    return n * 0.5 if n % 2 else n
"#;

fn run(frame: &DataFrame, function: &dyn RowFunction, options: &ApplyOptions) -> Series {
    let applied = apply_function(frame, function, options).unwrap();
    applied.table.columns()[0].as_materialized_series().clone()
}

#[test]
fn the_range_count_is_one_and_the_same_however_it_is_written() {
    if !python() {
        return;
    }
    let matrix = read(
        &[Input::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/matrix.csv"))],
        &ReadOptions::default(),
    );
    let with_nulls = df!(
        "a" => (0..500_i64).map(|n| (n % 3 != 0).then_some(n % 10)).collect::<Vec<_>>(),
        "b" => (0..500_i64).map(|n| (n % 7 != 0).then_some(if n % 5 == 0 { f64::NAN } else { n as f64 / 50.0 })).collect::<Vec<_>>()
    );
    let file = PythonFile::new(FUNCTIONS);
    // A line a row is slow, so that the texts get the first rows of the matrix alone.
    let matrix = matrix.unwrap().frame;
    for (frame, n_rows) in [(matrix.clone(), 200_000), (matrix, 3_000), (with_nulls.unwrap(), 500)] {
        let frame = frame.head(Some(n_rows));
        let columns: Vec<PlSmallStr> = frame.get_column_names_owned();
        let counted = CountInRange::new(columns.clone(), RangeBounds::new(4, 8).unwrap());
        let expected = run(&frame, &counted, &ApplyOptions::default()).cast(&DataType::UInt32).unwrap();
        let between = |name: &PlSmallStr| {
            format!("CASE WHEN {name} BETWEEN 4 AND 8 AND {name} = {name} THEN 1 ELSE 0 END")
        };
        let sum = columns.iter().map(between).collect::<Vec<_>>().join(" + ");
        let sql = SqlExpressions::parse([format!("{sum} AS count")]).unwrap();
        let output = || [OutputColumn::with_dtype("count", DataType::UInt32)];
        let python = || {
            let worker = Worker::python(file.path(), "count").parameter("minimum", 4).parameter("maximum", 8);
            worker.outputs(output())
        };
        let mut ways: Vec<Box<dyn RowFunction>> = vec![
            Box::new(sql),
            Box::new(python().build().unwrap()),
            Box::new(python().rows_as(RowsAs::Tuple).build().unwrap()),
        ];
        if n_rows < 10_000 {
            ways.push(Box::new(python().protocol(Protocol::NdJson).build().unwrap()));
            for counter in counters() {
                ways.push(Box::new(counter.outputs(output()).build().unwrap()));
            }
        }
        for (index, way) in ways.iter().enumerate() {
            let found = run(&frame, way.as_ref(), &options(|it| it.threads(2)));
            let found = found.cast(&DataType::UInt32).unwrap();
            assert!(found.equals(&expected.clone().with_name(found.name().clone())), "way {index}: {found}");
        }
    }
}

#[test]
fn workers_and_chunks_change_nothing() {
    if !python() {
        return;
    }
    let file = PythonFile::new(FUNCTIONS);
    let frame = df!("n" => (0..200_i64).collect::<Vec<_>>()).unwrap();
    for first in [0, 1, 5] {
        let frame = frame.slice(first, 150);
        let mut reference = None;
        for protocol in [Protocol::Arrow, Protocol::NdJson] {
            for (n_threads, chunk_rows) in [(1, 150), (1, 1), (2, 7), (8, 13), (8, 60)] {
                let worker = Worker::python(file.path(), "mixed").protocol(protocol).build().unwrap();
                let set =
                    options(|it| it.threads(n_threads).chunk_rows(chunk_rows).on_error(OnError::Collect));
                let applied = apply_function(&frame, &worker, &set).unwrap();
                let found = (applied.table, applied.ledger.to_frame().unwrap());
                let (table, ledger) = reference.get_or_insert_with(|| found.clone());
                assert!(table.equals_missing(&found.0), "{protocol}, {n_threads} threads, {chunk_rows} rows");
                assert!(
                    ledger.equals_missing(&found.1),
                    "{protocol}, {n_threads}, {chunk_rows}: {ledger} {}",
                    found.1
                );
            }
        }
    }
}
