//! Workers that die, hang, and talk nonsense: their rows are faults, all others are kept, and nothing waits for ever.

use std::time::{Duration, Instant};

use parrow::polars::prelude::*;
use parrow::worker::{Protocol, Worker, WorkerBuilder};
use parrow::{ApplyOptions, CancellationToken, ErrorKind, OnError, RowFailure, apply_function};

use super::{PythonFile, apply, collecting, options, python};

/// Far above what anything here takes, and far below what it would take if nobody ended it.
const LONG: Duration = Duration::from_secs(60);

/// Reads NDJSON, and does what the column `act` says.
const ACTOR: &str = r#"
import json, os, signal, sys, time
for line in sys.stdin:
    act = json.loads(line)["act"]
    if act == "exit": sys.stderr.write("out of luck\n"); sys.stderr.flush(); os._exit(3)
    if act == "kill": os.kill(os.getpid(), signal.SIGKILL)
    if act == "hang": time.sleep(1000)
    if act == "close": os.close(1); time.sleep(1000)
    if act == "garbage": print("hello"); sys.stdout.flush(); continue
    if act == "binary": sys.stdout.buffer.write(b"\xff\xfe\n"); sys.stdout.flush(); continue
    if act == "few": continue
    if act == "object": print('{"other": 1}', flush=True); continue
    if act == "error": print('{"parrow_error": "no such station"}', flush=True); continue
    if act == "flood":
        for _ in range(1000): sys.stderr.write("x" * 10_000 + "\n")
    if act == "huge": print(json.dumps("é" * 3_000_000), flush=True); continue
    print(json.dumps(act), flush=True)
"#;

fn actor(file: &PythonFile) -> WorkerBuilder {
    Worker::command(["python3", file.path().to_str().unwrap()]).protocol(Protocol::NdJson)
}

/// Ten rows of which some do what they should not.
fn frame(act: &str, rows: &[usize]) -> DataFrame {
    let acts: Vec<&str> = (0..10).map(|row| if rows.contains(&row) { act } else { "fine" }).collect();
    df!("act" => acts).unwrap()
}

fn check_found(file: &PythonFile, act: &str, guilty: &[usize], n_rows: usize, limit: Duration, part: &str) {
    let start = Instant::now();
    for chunk_rows in [1, n_rows] {
        let worker = actor(file).chunk_timeout(limit).retries(0).build().unwrap();
        let frame = frame(act, guilty).head(Some(n_rows));
        let (found, faults) = apply(&frame, &worker, &collecting(chunk_rows));
        let rows: Vec<usize> = faults.iter().map(|(row, _)| *row as usize).collect();
        assert_eq!(rows, guilty, "{act}: {faults:?}");
        assert!(faults[0].1.contains(part), "{act}: {}", faults[0].1);
        for (row, value) in found.column("result").unwrap().str().unwrap().iter().enumerate() {
            assert_eq!(value, (!guilty.contains(&row)).then_some("fine"), "{act}, row {row}");
        }
    }
    assert!(start.elapsed() < LONG, "{act}");
}

#[test]
fn the_guilty_rows_are_found_and_the_others_kept() {
    if !python() {
        return;
    }
    let file = PythonFile::new(ACTOR);
    for (act, part) in [
        ("exit", "on this row the worker ended with exit code 3; it wrote: out of luck"),
        ("kill", "was killed by signal 9"),
        ("close", "closed its standard output"),
        ("garbage", "answered \"hello\" to row 1 of 1"),
        ("binary", "no UTF-8"),
        ("object", "it has no \"result\""),
        ("error", "no such station"),
    ] {
        check_found(&file, act, &[1], 4, LONG, part);
    }
}

#[test]
fn a_worker_that_says_nothing_is_not_waited_for_any_longer_than_was_said() {
    if !python() {
        return;
    }
    let file = PythonFile::new(ACTOR);
    for act in ["hang", "few"] {
        check_found(&file, act, &[1], 2, Duration::from_millis(1500), "no answer in 1.5 s");
    }
}

#[test]
fn results_that_belong_to_no_row_end_the_run() {
    let frame = df!("a" => (0..40).collect::<Vec<i64>>()).unwrap();
    for command in [
        "while read -r row; do echo 1; sleep 0.01; echo 2; done",
        "while read -r row; do echo 1; done; echo 2",
        "read -r row; echo 1; echo 2; while read -r row; do echo 1; done",
    ] {
        let worker = Worker::shell(command).protocol(Protocol::NdJson).retries(0).build().unwrap();
        let set = options(|options| options.threads(1).chunk_rows(10));
        let error = apply_function(&frame, &worker, &set).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("more results") || text.contains("more than was asked"), "{command}: {text}");
    }
}

#[test]
fn the_lowest_row_ends_the_run_where_rows_may_not_fail() {
    if !python() {
        return;
    }
    let file = PythonFile::new(ACTOR);
    for chunk_rows in [1, 4, 10] {
        let worker = actor(&file).retries(0).build().unwrap();
        let settings = options(|options| options.threads(2).chunk_rows(chunk_rows));
        let error = apply_function(&frame("exit", &[4, 7]), &worker, &settings).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Row { cause: RowFailure::Worker, .. }), "{error}");
        assert_eq!(error.position().row, Some(4));
    }
}

#[test]
fn floods_and_huge_answers_block_nobody() {
    if !python() {
        return;
    }
    let file = PythonFile::new(ACTOR);
    for act in ["flood", "huge"] {
        let worker = actor(&file).build().unwrap();
        let (found, faults) = apply(&frame(act, &[0, 1, 5]), &worker, &collecting(4));
        assert_eq!(faults, []);
        let lengths: Vec<usize> = found
            .column("result")
            .unwrap()
            .str()
            .unwrap()
            .no_null_iter()
            .map(|text| text.chars().count())
            .collect();
        assert_eq!(lengths[5], if act == "huge" { 3_000_000 } else { 5 });
    }
    // Rows that fill the pipe while the answers to the first ones fill the other.
    let wide = df!("act" => vec!["w".repeat(10_000); 2_000]).unwrap();
    let worker = actor(&file).build().unwrap();
    let (found, _) = apply(&wide, &worker, &collecting(2_000));
    assert!(found.column("result").unwrap().str().unwrap().no_null_iter().all(|text| text.len() == 10_000));
}

#[test]
fn a_chunk_is_given_to_fresh_workers_before_it_is_halved() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("starts");
    // The first two workers die on their first row.
    let command = format!(
        "echo x >> {0}; test $(wc -l < {0}) -gt 2 || {{ read -r row; exit 1; }}; while read -r row; do echo 7; done",
        log.display()
    );
    let frame = df!("a" => [1, 2, 3, 4]).unwrap();
    let settings = options(|options| options.threads(1).chunk_rows(4).on_error(OnError::Collect));
    let build =
        |n_retries| Worker::shell(&command).protocol(Protocol::NdJson).retries(n_retries).build().unwrap();
    let (found, faults) = apply(&frame, &build(2), &settings);
    assert_eq!((found, faults), (df!("result" => [7_i64; 4]).unwrap(), Vec::new()));
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 3);
}

#[test]
fn workers_are_recycled() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("starts");
    let command = format!("echo x >> {}; while read -r row; do echo 7; done", log.display());
    let worker = Worker::shell(command).protocol(Protocol::NdJson).max_chunks_per_worker(2).build().unwrap();
    let frame = df!("a" => [1; 12]).unwrap();
    let settings = options(|options| options.threads(1).chunk_rows(1));
    assert_eq!(apply(&frame, &worker, &settings).0.height(), 12);
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 6);
}

#[test]
fn a_program_that_cannot_be_worked_with_is_one_clear_error() {
    let frame = df!("a" => [1, 2, 3]).unwrap();
    for (command, part) in [
        ("parrow-has-no-such-program --flag", "cannot be run"),
        ("exit 3", "ends before it has read a row"),
        ("true", "ends before it has read a row"),
    ] {
        for settings in [ApplyOptions::default(), collecting(1)] {
            let start = Instant::now();
            let worker = Worker::shell(command).protocol(Protocol::Csv).build().unwrap();
            let error = apply_function(&frame, &worker, &settings).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Worker { .. }), "{command}: {error}");
            assert!(error.to_string().contains(part), "{command}: {error}");
            assert!(start.elapsed() < Duration::from_secs(10), "{command}");
        }
    }
    // One that reads before it fails, whatever it reads, is given up after some time.
    let many = df!("a" => (0..400).collect::<Vec<i64>>()).unwrap();
    let worker =
        Worker::shell("read -r a; read -r b; exit 1").protocol(Protocol::Csv).retries(0).build().unwrap();
    let error = apply_function(&many, &worker, &collecting(400)).unwrap_err();
    assert!(error.to_string().contains("100 times in a row"), "{error}");
}

#[test]
fn a_cancelled_run_waits_for_nobody() {
    let token = CancellationToken::new();
    let worker = Worker::shell("sleep 1000").protocol(Protocol::Csv).build().unwrap();
    let settings = options(|options| options.threads(2).cancellation(token.clone()));
    let frame = df!("a" => [1, 2, 3]).unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            token.cancel();
        });
        let error = apply_function(&frame, &worker, &settings).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    });
    assert!(start.elapsed() < Duration::from_secs(5));
}
