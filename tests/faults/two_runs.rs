//! Two runs at the same file.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use parrow::Files;
use parrow::table::{Output, TableWriter, WriteOptions};

use super::support::{OUTPUTS, Place};

#[test]
fn one_wins_whole_and_the_other_is_told_at_once() {
    for output in OUTPUTS {
        let place = Place::with_rows(20_000);
        place.run(output, &Files::new()).unwrap();
        let whole = place.bytes(output).unwrap();
        let start = Barrier::new(4);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let run = || {
                start.wait();
                place.run(output, &Files::new())
            };
            let runs: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        for error in outcomes.into_iter().filter_map(Result::err) {
            let text = error.to_string();
            assert!(
                text.contains(&format!("{output}: could not write: another run is writing it")),
                "{text}"
            );
        }
        assert_eq!(place.bytes(output).unwrap(), whole);
        assert_eq!(place.names(), ["in.csv", output]);
    }
}

#[test]
fn a_run_of_another_process_is_told_before_it_reads_anything() {
    let place = Place::with_rows(100);
    let schema = std::sync::Arc::new(parrow::polars::prelude::Schema::from_iter([(
        "a".into(),
        parrow::polars::prelude::DataType::Int64,
    )]));
    let output = Output::from(place.path("out.csv"));
    let writer = TableWriter::create(&output, &schema, &WriteOptions::default()).unwrap();
    let start = Instant::now();
    let run = place.program(&["apply", "in.csv", "a + b AS c", "-o", "out.csv"]).output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    let stderr = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(3), "{stderr}");
    assert!(stderr.starts_with("parrow: out.csv: could not write: another run is writing it"), "{stderr}");
    writer.finish().unwrap();
    let run = place.program(&["apply", "in.csv", "a + b AS c", "-o", "out.csv"]).output().unwrap();
    assert_eq!(run.status.code(), Some(0));
    assert_eq!(place.names(), ["in.csv", "out.csv"]);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_way_is_not_written_through() {
    let place = Place::with_rows(100);
    std::fs::write(place.path("precious"), "kept").unwrap();
    std::os::unix::fs::symlink("precious", place.path(".out.csv.partial")).unwrap();
    let error = place.run("out.csv", &Files::new()).unwrap_err();
    assert!(error.to_string().contains("is in the way"), "{error}");
    assert_eq!(place.bytes("precious").unwrap(), b"kept");
}

#[test]
fn names_of_any_length_have_a_place_for_what_is_unfinished() {
    let place = Place::with_rows(100);
    let name = format!("{}.csv", "n".repeat(250));
    place.run(&name, &Files::new()).unwrap();
    assert_eq!(place.names(), ["in.csv", &name]);
}
