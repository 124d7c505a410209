//! What cannot be gone on with is refused, with the reason.

use std::process::Output;

use super::support::Place;

const SLOW: &str = "local t = 0 for i = 1, 2000 do t = t + math.sin(i) end return t + a";

/// A run that was asked to end when it had noted something.
fn broken_off(place: &Place, arguments: &[&str]) {
    broken_off_into(place, "out.csv", arguments);
}

fn broken_off_into(place: &Place, output: &str, arguments: &[&str]) {
    let mut child = place.program(arguments).spawn().unwrap();
    let start = std::time::Instant::now();
    let output = parrow::table::Output::from(place.path(output));
    while parrow::pipeline::unfinished(&output).is_none() {
        assert!(start.elapsed().as_secs() < 30 && child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[track_caller]
fn refused(run: Output, parts: &[&str]) {
    let stderr = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(2), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is expected: {stderr}");
    }
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn what_has_changed_is_named() {
    let place = Place::with_rows(30_000);
    std::fs::write(place.path("f.luau"), format!("function f(a) {SLOW} end")).unwrap();
    let arguments = ["apply", "in.csv", "--script", "f.luau", "--name", "n", "-o", "out.csv", "--resume"];
    broken_off(&place, &[&arguments[..], &["--checkpoint-rows", "100"]].concat());
    let anew = "to start anew";

    let run = |arguments: &[&str]| place.program(arguments).output().unwrap();
    refused(
        run(&[&arguments[..], &["--where", "a > 5"]].concat()),
        &["--where changed since", "not given", "a > 5", anew],
    );
    refused(run(&arguments[..8]), &["give --resume to go on", ".out.csv.journal", anew]);
    let script = place.bytes("f.luau").unwrap();
    std::fs::write(place.path("f.luau"), "function f(a) return a end").unwrap();
    refused(run(&arguments), &["the file f.luau changed since the run was broken off", anew]);
    std::fs::write(place.path("f.luau"), script).unwrap();
    let input = place.bytes("in.csv").unwrap();
    std::fs::write(place.path("in.csv"), [&input[..], b"1,2,x\n"].concat()).unwrap();
    refused(run(&arguments), &["the input in.csv changed since", "bytes", anew]);

    // What was there is still there, and can be deleted.
    std::fs::remove_file(place.path(".out.csv.journal")).unwrap();
    let run = run(&["apply", "in.csv", "a + b AS c", "-o", "out.csv"]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(place.names(), ["f.luau", "in.csv", "out.csv"]);
}

#[test]
fn threads_and_sizes_may_change() {
    let place = Place::with_rows(3_000);
    let arguments = ["apply", "in.csv", "--luau", SLOW, "--name", "n", "-o", "out.csv", "--resume"];
    assert!(place.program(&arguments).status().unwrap().success());
    let whole = place.bytes("out.csv");
    std::fs::remove_file(place.path("out.csv")).unwrap();
    broken_off(&place, &[&arguments[..], &["--checkpoint-rows", "100"]].concat());
    let other = ["-j", "1", "--memory-limit", "64MB", "--chunk-rows", "7", "--quiet"];
    let run = place.program(&[&arguments[..], &other].concat()).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(place.bytes("out.csv") == whole);
    assert_eq!(place.names(), ["in.csv", "out.csv"]);
}

#[test]
fn a_limit_by_which_blocks_end_must_be_the_same() {
    let place = Place::with_rows(3_000);
    let run = |arguments: &[&str]| place.program(arguments).output().unwrap();
    let arguments = ["apply", "in.csv", "--luau", SLOW, "--name", "n", "-o", "out.parquet", "--resume"];
    let limited = [&arguments[..], &["--memory-limit", "64MB"]].concat();
    broken_off_into(&place, "out.parquet", &[&limited[..], &["--checkpoint-rows", "100"]].concat());
    let limited = [&limited[..], &["--checkpoint-rows", "100", "-j", "1", "--quiet"]].concat();
    let other = [&arguments[..], &["--memory-limit", "32MB", "--checkpoint-rows", "100"]].concat();
    refused(
        run(&other),
        &[
            "the memory limit, by which blocks of the output end, changed",
            "\"64000000 bytes\"",
            "\"32000000 bytes\"",
        ],
    );
    assert_eq!(run(&limited).status.code(), Some(0));
    let gone_on = place.bytes("out.parquet");
    std::fs::remove_file(place.path("out.parquet")).unwrap();
    assert_eq!(run(&limited).status.code(), Some(0));
    assert!(place.bytes("out.parquet") == gone_on);
}

#[test]
fn what_cannot_be_resumed_is_said_before_any_work() {
    let place = Place::with_rows(100);
    let run = |arguments: &[&str]| place.program(arguments).output().unwrap();
    refused(run(&["apply", "in.csv", "a AS c", "--resume"]), &["name one"]);
    refused(
        run(&["apply", "-", "a AS c", "-o", "out.csv", "--resume"]),
        &["standard input cannot be read a second time"],
    );
    refused(run(&["apply", "in.csv", "a AS c", "-o", "/dev/null", "--resume"]), &["only a file"]);
    refused(
        run(&["columns", "in.csv", "sum-of-squares", "--columns", "a", "-o", "out.csv", "--resume"]),
        &["whole columns"],
    );
    let usage = run(&["apply", "in.csv", "a AS c", "-o", "out.csv", "--checkpoint-rows", "5"]);
    assert_eq!(usage.status.code(), Some(2));
    assert_eq!(place.names(), ["in.csv"]);
}
