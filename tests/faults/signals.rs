//! Ctrl-C, requests to end and hang-ups: the run ends within two seconds, and leaves nothing.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::signalled::end_of;
use super::support::Place;

const SIGNALS: [(Signal, i32); 3] = [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)];

/// What the issue allows, and a moment for a machine that does much else.
const IN_TIME: Duration = Duration::from_millis(2_000 + 1_000);

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

/// Waits until the program listens to signals and is at work.
fn is_at_work(child: &Child) {
    let tasks = format!("/proc/{}/task", child.id());
    let names = || {
        let tasks = std::fs::read_dir(&tasks).into_iter().flatten().flatten();
        tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok()).collect::<String>()
    };
    let start = Instant::now();
    while !names().contains("parrow-signals") {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not begin: {}", names());
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(400));
}

/// Ends a run by each signal.
#[track_caller]
fn check(place: &Place, arguments: &[&str], expected: &[&str]) {
    for (name, code) in SIGNALS {
        let mut child = place.program(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // Held open, so that who reads it waits.
        let stdin = child.stdin.take();
        is_at_work(&child);
        let start = Instant::now();
        signal(&child, name);
        let status = end_of(&mut child);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(status.code(), Some(code), "{name}, {arguments:?}: {stderr}");
        assert!(start.elapsed() < IN_TIME, "{name}, {arguments:?}: {:?}", start.elapsed());
        assert_eq!(place.names(), expected, "{name}, {arguments:?}");
        drop(stdin);
    }
}

#[test]
fn in_the_midst_of_many_rows() {
    let place = Place::with_rows(200_000);
    let slow = "local t = 0 for i = 1, 20000 do t = t + math.sin(i) end return t + a";
    for output in ["out.csv", "out.parquet"] {
        check(&place, &["apply", "in.csv", "--luau", slow, "-o", output], &["in.csv"]);
    }
}

#[test]
fn in_the_midst_of_one_row() {
    let place = Place::with_rows(1_000);
    let endless = "while true do end return a";
    check(
        &place,
        &["apply", "in.csv", "--luau", endless, "--row-timeout", "100", "-o", "out.csv"],
        &["in.csv"],
    );
}

#[test]
fn while_a_worker_computes() {
    let marker = format!("86399.{}", std::process::id());
    let place = Place::with_rows(1_000);
    let sleeps = format!("sleep {marker}");
    check(
        &place,
        &["apply", "in.csv", "--exec", &sleeps, "--protocol", "ndjson", "--name", "n", "-o", "out.csv"],
        &["in.csv"],
    );
    // The guard of the workers needs a moment where the run was ended at once.
    nothing_runs_with(&marker, "sleep");
}

#[test]
fn while_bench_runs_a_command() {
    let marker = format!("86398.{}", std::process::id());
    let place = Place::with_rows(200_000);
    let slow = format!("local t = {marker} for i = 1, 20000 do t = t + math.sin(i) end return t + a");
    check(&place, &["bench", "apply", "in.csv", "--luau", &slow, "-o", "out.csv"], &["in.csv"]);
    nothing_runs_with(&marker, "");
}

/// Waits until no process whose command begins so and holds the marker is left.
#[track_caller]
fn nothing_runs_with(marker: &str, begin: &str) {
    let start = Instant::now();
    loop {
        let listed = Command::new("ps").args(["-eo", "args"]).output().unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let left: Vec<&str> =
            listed.lines().filter(|line| line.starts_with(begin) && line.contains(marker)).collect();
        if left.is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn while_it_waits_for_input() {
    let place = Place::with_rows(10);
    // Enough to tell what it is, and then nothing more for a long time.
    for (name, code) in SIGNALS {
        let arguments = ["apply", "-", "a AS c", "--dtype", "a=i64", "-o", "out.csv"];
        let mut child = place.program(&arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(super::support::rows(100_000).as_bytes()).unwrap();
        is_at_work(&child);
        let start = Instant::now();
        signal(&child, name);
        assert_eq!(end_of(&mut child).code(), Some(code));
        assert!(start.elapsed() < IN_TIME, "{name}: {:?}", start.elapsed());
        assert_eq!(place.names(), ["in.csv"], "{name}");
    }
}

#[test]
fn while_nobody_reads_what_it_writes() {
    let place = Place::with_rows(200_000);
    check(&place, &["apply", "in.csv", "a + b AS c"], &["in.csv"]);
}

#[test]
fn a_second_one_ends_it_at_once() {
    let place = Place::with_rows(10);
    let arguments = ["apply", "-", "a AS c", "--dtype", "a=i64", "-o", "out.csv"];
    let mut child = place.program(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(super::support::rows(100_000).as_bytes()).unwrap();
    is_at_work(&child);
    signal(&child, Signal::SIGTERM);
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    signal(&child, Signal::SIGINT);
    assert_eq!(end_of(&mut child).code(), Some(143), "the first one counts");
    assert!(start.elapsed() < Duration::from_millis(700), "{:?}", start.elapsed());
    assert_eq!(place.names(), ["in.csv"]);
}

#[test]
fn what_the_parent_has_it_ignore_stays_ignored() {
    let place = Place::with_rows(10);
    let mut child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" apply - 'a AS c' --dtype a=i64 -o out.csv"])
        .arg(env!("CARGO_BIN_EXE_parrow"))
        .current_dir(place.folder())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(super::support::rows(100_000).as_bytes()).unwrap();
    is_at_work(&child);
    signal(&child, Signal::SIGHUP);
    std::thread::sleep(Duration::from_millis(1_300));
    drop(stdin);
    assert_eq!(end_of(&mut child).code(), Some(0));
    assert_eq!(place.names(), ["in.csv", "out.csv"]);
}

#[test]
fn a_run_that_is_killed_leaves_nothing_that_holds_up_the_next() {
    let place = Place::with_rows(200_000);
    let slow = "local t = 0 for i = 1, 20000 do t = t + math.sin(i) end return t + a";
    let mut child = place.program(&["apply", "in.csv", "--luau", slow, "-o", "out.csv"]).spawn().unwrap();
    is_at_work(&child);
    signal(&child, Signal::SIGKILL);
    end_of(&mut child);
    assert_eq!(place.names(), [".out.csv.partial", "in.csv"]);
    let run = place.program(&["apply", "in.csv", "a + b AS c", "-o", "out.csv"]).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(place.names(), ["in.csv", "out.csv"]);
}
