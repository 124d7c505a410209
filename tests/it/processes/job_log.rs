//! What a run writes down, and what another one makes of it.

use std::path::Path;

use parrow::processes::{ProcessOptions, run};

use super::options;

const HEADER: &str = "command,start,seconds,exit_code,tries\n";

fn resumed(path: &Path) -> ProcessOptions {
    options(|options| options.jobs(1).resume(path))
}

/// The commands that a run goes on with, when the log is `text`.
#[track_caller]
fn check(text: &str, commands: &[&str], expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.csv");
    std::fs::write(&path, text).unwrap();
    let commands_run = |commands: &[&str]| -> Vec<String> {
        run(commands.iter().copied(), &resumed(&path))
            .unwrap()
            .into_iter()
            .map(|finished| finished.command)
            .collect()
    };
    assert_eq!(commands_run(commands), expected);
    // Whatever the log was, it is whole now.
    assert_eq!(commands_run(commands), [""; 0], "{:?}", std::fs::read_to_string(&path));
}

#[test]
fn only_what_did_not_finish_is_run() {
    let line = |command: &str, code: i32| format!("{command},2026-01-01T00:00:00.000Z,0.1,{code},1\n");
    let [a, b] = [line("true a", 0), line("true b", 0)];
    let commands = ["true a", "true b"];
    check("", &commands, &commands);
    check(HEADER, &commands, &commands);
    check(&format!("{HEADER}{b}"), &commands, &["true a"]);
    check(&format!("{HEADER}{b}{a}"), &commands, &[]);
    check(&format!("{HEADER}{}{}{b}", line("true a", 1), line("true x", 0)), &commands, &["true a"]);
    check(&format!("{HEADER}{}{a}", line("true a", 124)), &commands, &["true b"]);
    // One that is given more often than it has finished.
    check(&format!("{HEADER}{a}"), &["true a", "true a", "true a"], &["true a", "true a"]);
    check(&format!("{HEADER}{a}{a}{a}"), &["true a", "true b"], &["true b"]);
    // Commands are told apart by every character.
    check(&format!("{HEADER}{a}"), &["true  a", "true a "], &["true  a", "true a "]);
}

#[test]
fn a_torn_last_line_is_as_if_it_were_not_there() {
    let command = "true 'a,\n\"b\"'";
    let line = "\"true 'a,\n\"\"b\"\"'\",2026-01-01T00:00:00.000Z,0.1,0,1\n";
    let before = format!("{HEADER}true x,2026-01-01T00:00:00.000Z,0.1,0,1\n");
    for length in 0..line.len() {
        check(&format!("{before}{}", &line[..length]), &["true x", command], &[command]);
    }
    check(&format!("{before}{line}"), &["true x", command], &[]);
    for length in 0..HEADER.len() {
        check(&HEADER[..length], &[command], &[command]);
    }
}

#[test]
fn another_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for (text, line) in [
        ("some text\n".to_owned(), 1),
        ("a,b\n1,2\n".to_owned(), 1),
        (format!("{HEADER}true,yesterday,0.1,none,1\n"), 2),
        (format!("{HEADER}true,0.1\ntrue,2026-01-01T00:00:00.000Z,0.1,0,1\n"), 2),
    ] {
        for options in [resumed(&path), options(|options| options.job_log(&path))] {
            std::fs::write(&path, &text).unwrap();
            let error = run(["true"], &options).unwrap_err();
            assert_eq!(
                (error.position().line, error.position().path.as_deref()),
                (Some(line), Some(&*path)),
                "{text}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}

#[test]
fn the_log_is_written_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.csv");
    // Its second command looks at what is written about the first.
    let look = format!("while ! grep -q '^true,' '{}'; do sleep 0.01; done; echo seen", path.display());
    let logged =
        options(|options| options.jobs(2).timeout(std::time::Duration::from_secs(60)).job_log(&path));
    let finished = run(["true", look.as_str()], &logged).unwrap();
    assert_eq!(finished[1].stdout, b"seen\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    // The command itself is the value: nothing else is written for a run that is begun anew.
    run(["true"], &logged).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(&format!("{HEADER}true,")) && text.lines().count() == 2, "{text}");
}
