//! How commands end, and what ends them.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use parrow::processes::{Ending, Halt, ProcessOptions, run, run_each};
use parrow::{CancellationToken, Error, ErrorKind};

use super::options;

/// Far above what anything here takes, and far below what it would take if nobody ended it.
const LONG: Duration = Duration::from_secs(30);

fn ending(command: &str, options: &ProcessOptions) -> Ending {
    run([command], options).unwrap().remove(0).ending
}

#[test]
fn endings_are_told_apart() {
    let plain = ProcessOptions::default();
    let brief = options(|options| options.timeout(Duration::from_millis(300)));
    for (command, options, expected, code) in [
        ("true", &plain, Ending::Exited(0), 0),
        ("exit 3", &plain, Ending::Exited(3), 3),
        ("parrow-has-no-such-program", &plain, Ending::Exited(127), 127),
        ("kill -9 $$", &plain, Ending::Signalled(9), 137),
        ("sleep 60", &brief, Ending::TimedOut, 124),
        ("trap '' TERM; sleep 60; sleep 60", &brief, Ending::TimedOut, 124),
        ("kill -STOP $$", &brief, Ending::TimedOut, 124),
    ] {
        let start = Instant::now();
        let found = ending(command, options);
        assert_eq!((&found, found.exit_code()), (&expected, code), "{command}");
        assert!(start.elapsed() < LONG, "{command}");
    }
    // Longer than the system takes.
    let unstarted = ending(&format!("echo {}", "x".repeat(1 << 22)), &plain);
    assert!(
        matches!(&unstarted, Ending::Unstarted { message } if !message.contains("os error")),
        "{unstarted:?}"
    );
}

#[test]
fn what_came_of_a_command_is_a_value() {
    let before = SystemTime::now();
    let finished =
        run(["sleep 0.2; echo out; echo err >&2; exit 7"], &ProcessOptions::default()).unwrap().remove(0);
    assert!(finished.start >= before && finished.start <= SystemTime::now());
    assert!((0.2..30.0).contains(&finished.seconds));
    assert_eq!((finished.index, finished.tries, finished.exit_code(), finished.signal()), (0, 1, 7, None));
    assert_eq!((&finished.stdout[..], &finished.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert!(!finished.succeeded());
}

#[test]
fn a_command_that_fails_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let counter = folder.path().join("tries");
    let command =
        format!("echo x >> '{0}'; echo $(wc -l < '{0}'); [ $(wc -l < '{0}') -ge 3 ]", counter.display());
    let tried = |n_retries| {
        let _ = std::fs::remove_file(&counter);
        let finished =
            run([command.as_str()], &options(|options| options.retries(n_retries))).unwrap().remove(0);
        (finished.succeeded(), finished.tries, String::from_utf8(finished.stdout).unwrap())
    };
    assert_eq!(tried(0), (false, 1, "1\n".to_owned()));
    assert_eq!(tried(1), (false, 2, "2\n".to_owned()));
    // The last try's output alone, and no try too many.
    assert_eq!(tried(5), (true, 3, "3\n".to_owned()));
}

#[test]
fn halting_ends_the_others() {
    let start = Instant::now();
    let halted = options(|options| options.jobs(2).halt(Halt::OnError));
    let mut endings = Vec::new();
    let commands = ["echo before; sleep 60", "sleep 0.3; exit 2", "echo never"];
    let summary = run_each(commands, &halted, |finished| {
        endings.push((finished.ending, finished.stdout));
        Ok(())
    })
    .unwrap();
    // What was running is given with what it had written.
    assert_eq!(endings, [(Ending::Stopped, b"before\n".to_vec()), (Ending::Exited(2), Vec::new())]);
    let counts = (summary.n_succeeded, summary.n_failed, summary.n_stopped, summary.n_unstarted);
    assert_eq!(counts, (0, 1, 1, 1));
    assert!(start.elapsed() < LONG);
}

#[test]
fn a_run_can_be_cancelled() {
    let token = CancellationToken::new();
    let cancelled = options(|options| options.jobs(2).cancellation(token.clone()));
    let start = Instant::now();
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            token.cancel();
        });
        run(["sleep 60", "sleep 60", "sleep 60"], &cancelled)
    });
    assert!(matches!(outcome.unwrap_err().kind(), ErrorKind::Cancelled));
    assert!(start.elapsed() < LONG);
    // And before it has begun.
    assert!(matches!(run(["echo"], &cancelled).unwrap_err().kind(), ErrorKind::Cancelled));
    // Nothing to do is nothing to stop.
    assert!(run([""; 0], &cancelled).unwrap().is_empty());
}

#[test]
fn an_error_or_panic_of_the_caller_ends_the_commands() {
    let two = options(|options| options.jobs(2));
    let commands = ["echo first", "sleep 60", "sleep 60"];
    let start = Instant::now();
    let refused = run_each(commands, &two, |_| Err(Error::shape("not this one")));
    assert_eq!(refused.unwrap_err().to_string(), "not this one");
    let panic = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let _ = run_each(commands, &two, |_| panic!("no"));
    }));
    assert!(panic.is_err());
    assert!(start.elapsed() < LONG);
}

/// Whether the process whose number is in this file runs.
fn runs(file: &Path) -> bool {
    let pid = std::fs::read_to_string(file).unwrap();
    let output = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout);
    !state.trim().is_empty() && !state.contains('Z')
}

#[test]
fn nothing_of_a_command_is_left_when_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let brief = options(|options| options.jobs(3).timeout(Duration::from_millis(1500)));
    let start = Instant::now();
    let pid = |name: &str| folder.path().join(name);
    let finished = run(
        [
            format!("sleep 60 & echo $! > '{}'; echo done", pid("a").display()),
            format!(
                "(trap '' TERM; echo $$; sleep 60; sleep 60) & echo $! > '{}'; sleep 60",
                pid("b").display()
            ),
            format!("nohup sleep 60 >&- 2>&- & echo $! > '{}'", pid("c").display()),
        ],
        &brief,
    )
    .unwrap();
    assert_eq!(finished.iter().map(|finished| finished.exit_code()).collect::<Vec<_>>(), [0, 124, 0]);
    assert_eq!(finished[0].stdout, b"done\n");
    for name in ["a", "b", "c"] {
        assert!(!runs(&pid(name)), "{name} is left");
    }
    assert!(start.elapsed() < LONG);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let refused =
        |options: parrow::processes::ProcessOptionsBuilder| match options.build().unwrap_err().into_kind() {
            ErrorKind::InvalidOption { option, .. } => option,
            kind => panic!("{kind:?}"),
        };
    assert_eq!(refused(ProcessOptions::builder().jobs(0)), "jobs");
    assert_eq!(refused(ProcessOptions::builder().timeout(Duration::ZERO)), "timeout");
    // No limit at all, and no overflow on the way.
    assert_eq!(ending("true", &options(|options| options.timeout(Duration::MAX))), Ending::Exited(0));
}
