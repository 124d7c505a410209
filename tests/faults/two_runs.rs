//! Two runs at the same file.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use parrow::pipeline::{Destination, Pipeline, Work};
use parrow::row::Typed;
use parrow::table::{Input, Output, TableWriter, WriteOptions};
use parrow::{ApplyOptions, Files, OnError, Result};

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

/// A run over `in.csv` with a file of its own to write, and one that others want too.
fn with_shared(place: &Place, output: &str, shared: &str, work: Work<'static>) -> Result<u64> {
    let destination = Destination::Output(Output::from(place.path(output)), WriteOptions::default());
    let options = ApplyOptions::builder().threads(2).on_error(OnError::Collect).build()?;
    let run = Pipeline::new(vec![Input::from(place.path("in.csv"))], work, destination).apply(options);
    let shared_file = Output::from(place.path(shared));
    let run = match shared {
        "bad.csv" => run.rejects(shared_file),
        _ => run.ledger(shared_file),
    };
    run.run().map(|summary| summary.faults.n_rows())
}

fn fails_on_some(a: i64) -> Result<i64, String> {
    if a % 7 == 3 { Err(format!("{a} is bad")) } else { Ok(a) }
}

#[test]
fn a_ledger_and_rejects_are_of_one_run() {
    for shared in ["faults.csv", "faults.parquet", "bad.csv"] {
        let place = Place::with_rows(100);
        let (is_under_way, may_go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        std::thread::scope(|scope| {
            let barriers = (Arc::clone(&is_under_way), Arc::clone(&may_go_on));
            let waits = move |a: i64| {
                if a == 0 {
                    barriers.0.wait();
                    barriers.1.wait();
                }
                fails_on_some(a)
            };
            let place = &place;
            let first = scope
                .spawn(move || with_shared(place, "one.csv", shared, Work::rows(Typed::new("a", waits))));
            is_under_way.wait();
            let second = with_shared(place, "other.csv", shared, Work::rows(Typed::new("a", fails_on_some)));
            may_go_on.wait();
            let error = second.unwrap_err().to_string();
            assert!(
                error.contains(&format!("{shared}: could not write: another run is writing it")),
                "{error}"
            );
            assert_eq!(first.join().unwrap().unwrap(), 14);
        });
        let mut names = vec!["in.csv".to_owned(), "one.csv".to_owned(), shared.to_owned()];
        if shared != "bad.csv" {
            names.push(format!("{shared}.run.json"));
        }
        names.sort();
        assert_eq!(place.names(), names);
    }
}

#[test]
fn many_runs_at_one_ledger_leave_one_whole_set() {
    for _ in 0..10 {
        let place = Place::with_rows(2_000);
        let start = Barrier::new(4);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let run = |n: usize| {
                let (place, start) = (&place, &start);
                scope.spawn(move || {
                    start.wait();
                    let work = Work::rows(Typed::new("a", fails_on_some));
                    with_shared(place, &format!("out{n}.csv"), "faults.csv", work)
                })
            };
            let runs: Vec<_> = (0..4).map(run).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        let won: Vec<usize> = (0..4).filter(|n| outcomes[*n].is_ok()).collect();
        let [won] = won[..] else { panic!("{outcomes:?}") };
        for error in outcomes.into_iter().filter_map(Result::err) {
            let text = error.to_string();
            let tells_why = ["another run is writing it", "tells of the rows that failed for"];
            assert!(tells_why.iter().any(|why| text.contains(why)), "{text}");
        }
        let output = format!("out{won}.csv");
        assert_eq!(place.names(), ["faults.csv", "faults.csv.run.json", "in.csv", &output]);
        let record = String::from_utf8(place.bytes("faults.csv.run.json").unwrap()).unwrap();
        assert!(record.contains(&output), "{record}");
    }
}

#[cfg(unix)]
#[test]
fn a_ledger_is_held_while_the_inputs_are_looked_at() {
    let place = Place::with_rows(100);
    let made = std::process::Command::new("mkfifo").arg(place.path("in.fifo")).status().unwrap();
    assert!(made.success());
    let faults = ["--on-error", "null", "--ledger", "faults.csv"];
    let waits = [&["apply", "in.fifo", "a + b AS c", "-o", "one.csv"], &faults[..]].concat();
    let mut first = place.program(&waits).spawn().unwrap();
    let start = Instant::now();
    while !place.names().iter().any(|name| name == ".faults.csv.partial") {
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", place.names());
        std::thread::sleep(Duration::from_millis(5));
    }
    let run = [&["apply", "in.csv", "a + b AS c", "-o", "other.csv"], &faults[..]].concat();
    let run = place.program(&run).output().unwrap();
    let stderr = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(3), "{stderr}");
    assert!(stderr.starts_with("parrow: faults.csv: could not write: another run is writing it"), "{stderr}");
    std::fs::write(place.path("in.fifo"), "a,b\n1,2\n").unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(place.names(), ["faults.csv", "faults.csv.run.json", "in.csv", "in.fifo", "one.csv"]);
}
