//! Programs that keep to the protocol, those of `examples/workers/` among them.

use parrow::polars::prelude::*;
use parrow::row::OutputColumn;
use parrow::worker::{Protocol, Worker, WorkerBuilder};

use super::{apply, collecting, column, python};

fn example(name: &str) -> String {
    format!("{}/examples/workers/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// mawk needs an option that others do not know.
pub(super) fn awk() -> &'static str {
    let version = std::process::Command::new("awk").args(["-W", "version"]).output();
    match version {
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains("mawk") => "awk -W interactive",
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("mawk") => "awk -W interactive",
        _ => "awk",
    }
}

/// The workers of `examples/workers/` that count.
pub(super) fn counters() -> Vec<WorkerBuilder> {
    vec![
        Worker::shell(format!("python3 {}", example("count_in_range.py"))),
        Worker::command(["python3".to_owned(), example("count_in_range_ndjson.py")])
            .protocol(Protocol::NdJson),
        Worker::shell(format!("{} -f {}", awk(), example("count_in_range.awk"))).protocol(Protocol::Csv),
    ]
}

#[test]
fn the_example_in_shell_gives_two_columns_and_faults() {
    let worker = Worker::shell(format!("sh {}", example("height_band.sh")))
        .protocol(Protocol::Csv)
        .outputs(["band", "from"].map(OutputColumn::new))
        .build()
        .unwrap();
    let frame = df!("height" => [Some(3), None, Some(-5), Some(800)]).unwrap();
    let (found, faults) = apply(&frame, &worker, &collecting(3));
    let bands = df!("band" => [Some("low"), None, None, Some("high")], "from" => [Some(0_i64), None, None, Some(500)]);
    assert!(found.equals_missing(&bands.unwrap()), "{found}");
    assert_eq!(faults, [(2, "below the sea".to_owned())]);
}

#[test]
fn text_goes_there_and_back_as_it_was() {
    if !python() {
        return;
    }
    let texts =
        ["plain", "", "a,b", "\"quoted\"", "two\nlines", "é✓\u{1F600}", " spaced ", "3", "true", "nan"];
    let frame = df!("t" => texts).unwrap();
    let through = "import csv, sys\nrows = csv.reader(sys.stdin)\nnext(rows)\n\
        for row in rows: print('\"' + row[0].replace('\"', '\"\"') + '\"', flush=True)";
    let csv = Worker::command(["python3", "-u", "-c", through]).protocol(Protocol::Csv).build().unwrap();
    assert_eq!(column(&frame, &csv), Series::new("result".into(), texts));
    let through =
        "import json, sys\nfor line in sys.stdin: print(json.dumps(json.loads(line)['t']), flush=True)";
    let ndjson = Worker::command(["python3", "-c", through]).protocol(Protocol::NdJson).build().unwrap();
    assert_eq!(column(&frame, &ndjson), Series::new("result".into(), texts));
}

#[test]
fn cells_of_csv_are_what_they_look_like() {
    let frame = df!("n" => [0_i64, 1, 2, 3, 4, 5]).unwrap();
    let command = "read -r names; for value in true 4 -2.5e3 '' '\"4\"' 2024-02-29; do read -r row; echo \"$value\"; done; cat";
    let declared = |dtype| {
        let outputs = [OutputColumn::with_dtype("v", dtype)];
        let worker = Worker::shell(command).protocol(Protocol::Csv).outputs(outputs).build().unwrap();
        let (found, faults) =
            apply(&frame, &worker, &super::options(|it| it.chunk_rows(6).on_error(parrow::OnError::Collect)));
        let rows: Vec<u64> = faults.iter().map(|(row, _)| *row).collect();
        (found.column("v").unwrap().as_materialized_series().clone(), rows)
    };
    let (floats, faults) = declared(DataType::Float64);
    assert_eq!(floats.f64().unwrap().to_vec(), [None, Some(4.0), Some(-2500.0), None, None, None]);
    assert_eq!(faults, [0, 4, 5]);
    let (texts, faults) = declared(DataType::String);
    let expected = [Some("true"), Some("4"), Some("-2.5e3"), None, Some("4"), Some("2024-02-29")];
    assert_eq!((texts.str().unwrap().iter().collect::<Vec<_>>(), faults), (expected.to_vec(), vec![]));
    assert_eq!(declared(DataType::Date).1, [0, 1, 2, 4]);
}

#[test]
fn no_rows_start_nothing_and_nulls_alone_are_no_values() {
    let worker =
        || Worker::shell("while read -r row; do echo null; done").protocol(Protocol::NdJson).build().unwrap();
    let empty = df!("a" => Vec::<i64>::new()).unwrap();
    let (found, _) = apply(&empty, &worker(), &collecting(3));
    assert_eq!((found.height(), found.dtypes()), (0, vec![DataType::Float64]));
    let (found, _) = apply(&df!("a" => [1, 2]).unwrap(), &worker(), &collecting(1));
    assert_eq!((found.column("result").unwrap().null_count(), found.dtypes()), (2, vec![DataType::Float64]));
}
