//! Every exit code of `exit_code.rs`.

use super::signalled::{end_of, signalled};
use super::support::Place;

#[test]
fn codes_are_as_documented() {
    let place = Place::with_points();
    for (arguments, code) in [
        (&["apply", "points.csv"][..], 0),
        (&["--version"], 0),
        (&["--help"], 0),
        (&["apply", "--help"], 0),
        (&["apply", "points.csv", "CAST(name AS BIGINT) AS n"], 1),
        (&["apply", "points.csv", "CAST(name AS BIGINT) AS n", "--on-error", "skip"], 1),
        (&["run", "true"], 0),
        (&["run", "false"], 1),
        (&["run"], 2),
        (&["run", "--file", "nope.txt"], 3),
        (&[], 2),
        (&["aply", "points.csv"], 2),
        (&["apply", "points.csv", "--jason"], 2),
        (&["apply", "points.csv", "nme"], 2),
        (&["apply", "points.csv", "--output-format", "table", "-o", "x.csv"], 2),
        (&["count-range", "points.csv", "--min", "8", "--max", "4"], 2),
        (&["apply", "nope.csv"], 3),
        (&["apply", "points.csv", "-o", "no/folder.csv"], 3),
    ] {
        place.run(arguments).code(code);
    }
}

#[test]
fn near_misses_are_suggested() {
    let place = Place::with_points();
    place.run(&["count-rang", "points.csv"]).code(2).stderr_has("'count-range'");
    place.run(&["apply", "points.csv", "--outputt", "x.csv"]).code(2).stderr_has("'--output'");
    place.run(&["columns", "points.csv", "sum-of-square"]).code(2).stderr_has("'sum-of-squares'");
    place.run(&["apply", "points.csv", "--on-error", "colect"]).code(2).stderr_has("'collect'");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_and_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let place = Place::new();
    // The program waits for an input that does not end, as it would for a slow one.
    let mut program = signalled()
        .current_dir(place.path("."))
        .args(["apply", "-", "x + 1 AS n", "-o", "out.csv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    std::thread::sleep(Duration::from_millis(1500));
    let start = Instant::now();
    let killed = Command::new("kill").args(["-INT", &program.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    // To wait closes the input, unless somebody else holds it.
    let input = program.stdin.take();
    let status = end_of(&mut program);
    drop(input);
    assert_eq!(status.code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(place.files().is_empty());
}
