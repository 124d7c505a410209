//! Inputs that are cut off, added to or replaced while they are read: one message that names the file, and no output.
#![cfg(target_os = "linux")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::signalled::end_of;
use super::support::Place;

const INPUTS: [&str; 7] =
    ["i.csv", "i.ndjson", "i.parquet", "i.arrow", "i.arrows", "i.csv.gz", "i.ndjson.zst"];

/// Slow enough for the file to change while it is read.
const SLOW: &str = "local t = 0 for i = 1, 2000 do t = t + math.sin(i) end return t + a";

/// Runs over an input that `change` changes as soon as some of its output is there, and gives exit code and message.
fn changed(place: &Place, input: &str, change: &dyn Fn(&Path)) -> (i32, String) {
    let arguments = [
        "apply",
        input,
        "--luau",
        SLOW,
        "--name",
        "n",
        "-o",
        "out.csv",
        "--memory-limit",
        "16MB",
        "-j",
        "2",
        "--resume",
        "--checkpoint-rows",
        "500",
    ];
    let mut child = place.program(&arguments).spawn().unwrap();
    let start = Instant::now();
    let is_begun =
        || parrow::pipeline::unfinished(&parrow::table::Output::from(place.path("out.csv"))).is_some();
    while !is_begun() {
        assert!(start.elapsed() < Duration::from_secs(60), "{input}: it does not begin");
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.try_wait().unwrap().is_none(), "{input}: it is over before the file changes");
    change(&place.path(input));
    let status = end_of(&mut child);
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
    (status.code().unwrap_or_else(|| panic!("{input}: {status}: {stderr}")), stderr)
}

/// A packed file is read at once where it is small.
fn is_packed(input: &str) -> bool {
    input.ends_with("gz") || input.ends_with("zst")
}

fn place_with(input: &str) -> Place {
    let place = Place::with_rows(if is_packed(input) { 100_000 } else { 30_000 });
    assert!(place.program(&["apply", "in.csv", "-o", input]).status().unwrap().success());
    std::fs::copy(place.path(input), place.path("whole")).unwrap();
    std::fs::write(place.path("out.csv"), "old").unwrap();
    place
}

/// The input as it was.
fn begin_anew(place: &Place, input: &str) {
    for left in [".out.csv.journal", ".out.csv.partial"] {
        let _ = std::fs::remove_file(place.path(left));
    }
    std::fs::copy(place.path("whole"), place.path(input)).unwrap();
}

#[track_caller]
fn is_told(place: &Place, input: &str, how: &str, (code, stderr): (i32, String)) {
    assert_eq!(code, 3, "{input} {how}: {stderr}");
    let first = stderr.lines().next_back().unwrap_or_default();
    assert!(
        stderr.lines().any(|line| line.contains(input) && line.starts_with("parrow: ")),
        "{input} {how}: {first}"
    );
    let n_errors = stderr.lines().filter(|line| !line.contains("rows are kept")).count();
    assert_eq!(n_errors, 1, "{input} {how}: {stderr}");
    assert_eq!(place.bytes("out.csv").unwrap(), b"old", "{input} {how}");
}

#[test]
fn a_file_that_is_cut_off() {
    for input in INPUTS {
        let place = place_with(input);
        // To nothing, and in the midst of what is to come.
        for keep in [0.0, 0.6] {
            begin_anew(&place, input);
            let outcome = changed(&place, input, &|path| {
                let file = OpenOptions::new().write(true).open(path).unwrap();
                file.set_len((file.metadata().unwrap().len() as f64 * keep) as u64).unwrap();
            });
            is_told(&place, input, &format!("cut to {keep}"), outcome);
        }
    }
}

#[test]
fn a_file_that_is_added_to() {
    for input in INPUTS {
        let place = place_with(input);
        let outcome = changed(&place, input, &|path| {
            OpenOptions::new().append(true).open(path).unwrap().write_all(b"1,2,more\n").unwrap();
        });
        is_told(&place, input, "added to", outcome);
    }
}

#[test]
fn a_file_that_another_one_takes_the_place_of_is_read_to_its_end() {
    for input in INPUTS {
        let place = place_with(input);
        let (code, stderr) = changed(&place, input, &|path| {
            let other = path.with_extension("new");
            std::fs::write(&other, "a,b,name\n1,2,other\n").unwrap();
            std::fs::rename(&other, path).unwrap();
        });
        // What was opened is there until it is closed, unchanged.
        assert_eq!(code, 0, "{input}: {stderr}");
        let text = String::from_utf8(place.bytes("out.csv").unwrap()).unwrap();
        assert_eq!(text.lines().count(), 1 + if is_packed(input) { 100_000 } else { 30_000 }, "{input}");
    }
}
