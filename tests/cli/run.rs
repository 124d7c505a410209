//! `parrow run`: other programs in parallel.

#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::signalled::{end_of, signalled};
use super::support::Place;

#[test]
fn outputs_stand_in_the_order_of_the_commands() {
    let place = Place::new();
    let commands = ["sleep 0.4; echo a; echo A >&2", "echo b; echo B >&2", "echo c"];
    for jobs in ["1", "2", "3", "20"] {
        let run = place.run(&[&["run", "-j", jobs][..], &commands].concat());
        run.code(0).stdout("a\nb\nc\n").stderr("A\nB\n");
    }
    let unordered = [&["run", "-j", "3", "--unordered"][..], &["sleep 1; echo slow", "echo quick"]].concat();
    place.run(&unordered).code(0).stdout("quick\nslow\n");
    let again = [&unordered[..], &["--keep-order"]].concat();
    place.run(&again).code(0).stdout("slow\nquick\n");
}

#[test]
fn commands_run_at_the_same_time() {
    let place = Place::new();
    // Each waits for the other's file: one after the other, they would never end.
    let one = "touch one; while [ ! -e two ]; do sleep 0.01; done; echo met";
    let two = "touch two; while [ ! -e one ]; do sleep 0.01; done; echo met";
    place.run(&["run", "-j", "2", "--timeout", "60", one, two]).code(0).stdout("met\nmet\n");
}

#[test]
fn commands_come_from_a_file_or_standard_input() {
    let place = Place::new();
    let text = "# a remark\n\necho one\r\n   \n  echo 'two  words'\n   # another\necho three";
    place.file("commands.txt", text);
    let expected = "one\ntwo  words\nthree\n";
    place.run(&["run", "--file", "commands.txt"]).code(0).stdout(expected);
    place.run_with(&["run"], text, &[]).code(0).stdout(expected);
    place.run_with(&["run", "-f", "-"], text, &[]).code(0).stdout(expected);
    // A command does not read what commands are read from.
    place.run_with(&["run", "cat"], "not for you\n", &[]).code(0).stdout("");
    place.run_with(&["run"], "cat\necho end\n", &[]).code(0).stdout("end\n");
}

#[test]
fn wrong_usage_is_named() {
    let place = Place::new();
    place.file("empty.txt", "# nothing\n");
    place.file("bytes.txt", b"echo one\necho \xff\n");
    place.file("notes.csv", "a,b\n1,2\n");
    place.run(&["run"]).code(2).stderr_has("give them in quotes").one_clear_line();
    place.run(&["run", "-f", "empty.txt"]).code(2).stderr_has("none to run").one_clear_line();
    place.run(&["run", "-f", "nope.txt"]).code(3).stderr_has("nope.txt: could not read").one_clear_line();
    place.run(&["run", "-f", "bytes.txt"]).code(3).stderr_has("bytes.txt, line 2").one_clear_line();
    place.run(&["run", "-f", "empty.txt", "echo"]).code(2).stderr_has("cannot be used with");
    place.run(&["run", "-j", "0", "echo"]).code(2).stderr_has("at least 1");
    place.run(&["run", "--timeout", "0", "echo"]).code(2).stderr_has("above 0");
    place.run(&["run", "--resume", "echo"]).code(2).stderr_has("--joblog");
    // A file that is no job log is left as it is.
    for flags in [
        &["run", "--joblog", "notes.csv", "echo x"][..],
        &["run", "--joblog", "notes.csv", "--resume", "echo x"],
    ] {
        place.run(flags).code(3).stdout("").stderr_has("notes.csv, line 1").one_clear_line();
    }
    assert_eq!(place.read("notes.csv"), "a,b\n1,2\n");
}

#[test]
fn commands_that_fail_make_the_run_fail() {
    let place = Place::new();
    place
        .run(&["run", "-j", "1", "echo a", "exit 3", "parrow-has-no-such-program", "kill -9 $$", "echo b"])
        .code(1)
        .stdout("a\nb\n")
        .stderr_has("command 2 (exit 3): exit code 3\n")
        .stderr_has("command 3 (parrow-has-no-such-program): exit code 127\n")
        .stderr_has("command 4 (kill -9 $$): ended by signal 9\n")
        .stderr_has("3 of 5 commands failed\n");
    place.run(&["run", "-q", "exit 3", "echo a"]).code(1).stdout("a\n").stderr("");
    let run = place.run(&["run", "--json", "exit 3", "echo a"]).code(1);
    let json: serde_json::Value =
        serde_json::from_str(run.stderr.lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!((&json["commands"], &json["succeeded"], &json["failed"]), (&2.into(), &1.into(), &1.into()));
}

#[test]
fn a_failure_halts_the_run_where_that_is_asked_for() {
    let place = Place::new();
    let start = Instant::now();
    place
        .run(&["run", "-j", "2", "--halt", "on-error", "sleep 60", "sleep 0.3; exit 4", "touch never"])
        .code(1)
        .stderr_has("1 of 3 commands failed; 1 stopped with them; 1 not started");
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(place.files().is_empty());
}

#[test]
fn the_job_log_is_what_a_later_run_goes_on_from() {
    let place = Place::new();
    let flags = ["run", "-j", "1", "--joblog", "jobs.csv"];
    let log = || -> Vec<String> {
        let text = place.read("jobs.csv");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(
            reader.headers().expect("a header"),
            ["command", "start", "seconds", "exit_code", "tries"].as_slice()
        );
        let summary = |record: csv::StringRecord| {
            assert!(
                record[1].len() == 24 && record[1].ends_with('Z') && record[1].contains('T'),
                "{record:?}"
            );
            assert!(record[2].parse::<f64>().is_ok_and(|seconds| seconds < 60.0), "{record:?}");
            format!("{} {} {}", &record[0], &record[3], &record[4])
        };
        reader.records().map(|record| summary(record.expect("a record"))).collect()
    };
    let first = [&flags[..], &["--retries", "1", "echo \"1,\n2\"", "echo b", "[ -e ready ]"]].concat();
    place.run(&first).code(1).stdout("1,\n2\nb\n");
    assert_eq!(log(), ["echo \"1,\n2\" 0 1", "echo b 0 1", "[ -e ready ] 1 2"]);

    // By what the commands are, not by their places; one that is there twice has finished once.
    place.file("ready", "");
    let second = ["[ -e ready ] && echo new", "echo b", "[ -e ready ]", "echo b", "echo \"1,\n2\""];
    let resumed = [&flags[..], &["--resume"], &second].concat();
    place.run(&resumed).code(0).stdout("new\nb\n").stderr("parrow: 2 of 5 commands had finished before\n");
    assert_eq!(log().len(), 6);
    place.run(&resumed).code(0).stdout("").stderr("parrow: 5 of 5 commands had finished before\n");
    assert_eq!(log().len(), 6);

    // Without --resume the log begins anew.
    place.run(&[&flags[..], &["echo z"]].concat()).code(0).stdout("z\n");
    assert_eq!(log(), ["echo z 0 1"]);
}

#[test]
fn a_reader_that_goes_away_ends_the_commands_quietly() {
    use std::io::{BufRead, BufReader, Read};

    let mut program = Command::new(env!("CARGO_BIN_EXE_parrow"))
        .args(["run", "-j", "2", "echo first", "sleep 0.5; seq 100000", "sleep 61.7"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let start = Instant::now();
    let mut line = String::new();
    BufReader::new(program.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let status = program.wait().expect("it ends");
    let mut stderr = String::new();
    program.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
    assert_eq!((line.as_str(), status.code(), stderr.as_str()), ("first\n", Some(0), ""));
    assert!(start.elapsed() < Duration::from_secs(30));
}

/// Whether a process, which may be anybody's child, runs.
fn runs(pid: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().expect("ps runs");
    let state = String::from_utf8_lossy(&state.stdout);
    !state.trim().is_empty() && !state.contains('Z')
}

#[test]
fn ctrl_c_leaves_no_child_behind() {
    let place = Place::new();
    let polite = "echo $$ > a.pid; sleep 61 & echo $! > b.pid; wait";
    let stubborn = "trap '' TERM INT; echo $$ > c.pid; (echo deep; sleep 61; sleep 61) & sleep 61; sleep 61";
    for signal in ["-INT", "-TERM"] {
        for name in ["a.pid", "b.pid", "c.pid", "never"] {
            let _ = std::fs::remove_file(place.path(name));
        }
        let mut program = signalled()
            .current_dir(place.path("."))
            .args(["run", "-j", "3", "--joblog", "jobs.csv", "echo done", polite, stubborn, "touch never"])
            .args(["sleep 61", "sleep 61"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let pid =
            |name: &str| std::fs::read_to_string(place.path(name)).unwrap_or_default().trim().to_owned();
        let start = Instant::now();
        while ["a.pid", "b.pid", "c.pid"].iter().any(|name| pid(name).is_empty())
            || !place.path("never").exists()
        {
            assert!(start.elapsed() < Duration::from_secs(60), "the commands begin");
            std::thread::sleep(Duration::from_millis(10));
        }
        let start = Instant::now();
        for _ in 0..2 {
            let sent = Command::new("kill").args([signal, &program.id().to_string()]).status();
            assert!(sent.expect("kill runs").success());
            std::thread::sleep(Duration::from_millis(50));
        }
        let code = if signal == "-TERM" { 143 } else { 130 };
        assert_eq!(end_of(&mut program).code(), Some(code), "{signal}");
        assert!(start.elapsed() < Duration::from_secs(20));
        for name in ["a.pid", "b.pid", "c.pid"] {
            assert!(!runs(&pid(name)), "{name} is left behind");
        }
        let output = program.wait_with_output().expect("its output");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "done\ndeep\n");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            stderr.contains("interrupted when 2 of 6 commands had ended; none is left running"),
            "{stderr}"
        );
        let finished = |line: &&str| line.contains(",0,1");
        assert_eq!(place.read("jobs.csv").lines().filter(finished).count(), 2);
    }
}

#[test]
fn the_environment_is_the_callers() {
    let place = Place::new();
    place.run(&["run", "echo $POLARS_MAX_THREADS."]).code(0).stdout(".\n");
}
