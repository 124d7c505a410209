//! A reader that goes away is no failure.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use super::support::data;

/// Reads one line and closes the pipe.
#[track_caller]
fn check(arguments: &[&str]) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_parrow"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut line = String::new();
    BufReader::new(program.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let status = program.wait().expect("it ends");
    let mut stderr = String::new();
    program.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    assert!(!line.is_empty());
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let matrix = data("matrix.csv");
    check(&["count-range", &matrix, "--min", "4", "--max", "8"]);
    check(&["apply", &matrix, "a + b AS z"]);
    check(&["apply", &matrix, "--output-format", "ndjson"]);
    check(&["info", &matrix]);
    check(&["completions", "bash"]);
    check(&["man"]);
    check(&["--help"]);
}
