//! What commands write.

use std::time::{Duration, Instant};

use parrow::processes::{Ending, ProcessOptions, parse_commands, run};

use super::options;

#[test]
fn large_outputs_of_several_commands_arrive_whole() {
    const N_BYTES: usize = 10_000_000;
    let both = format!(
        "head -c {N_BYTES} /dev/zero >&2; head -c {N_BYTES} /dev/zero; head -c {N_BYTES} /dev/zero >&2"
    );
    let finished = run([both.as_str(); 3], &options(|options| options.jobs(3))).unwrap();
    for finished in finished {
        assert_eq!((finished.stdout.len(), finished.stderr.len()), (N_BYTES, 2 * N_BYTES));
    }
}

#[test]
fn any_bytes_are_an_output() {
    let commands =
        [r"printf '\377\000\376'", "head -c 1000000 /dev/zero | tr '\\0' x", "printf 'no line end'"];
    let finished = run(commands, &ProcessOptions::default()).unwrap();
    assert_eq!(finished[0].stdout, b"\xff\0\xfe");
    assert_eq!(finished[1].stdout, "x".repeat(1_000_000).into_bytes());
    assert_eq!(finished[2].stdout, b"no line end");
}

#[test]
fn a_command_that_writes_too_much_is_ended() {
    let little = options(|options| options.max_output(1000));
    let stubborn = "trap '' PIPE; while :; do echo x; done 2> /dev/null";
    let finished =
        run(["yes", "yes >&2", stubborn, "head -c 1000 /dev/zero", "head -c 1001 /dev/zero"], &little)
            .unwrap();
    for index in [0, 1, 2, 4] {
        assert_eq!(finished[index].ending, Ending::TooMuchOutput, "{}", finished[index].command);
        assert_eq!(finished[index].stdout.len() + finished[index].stderr.len(), 1000);
    }
    assert!(finished[3].succeeded());
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_has_left_and_holds_the_pipes_hangs_nothing() {
    let start = Instant::now();
    let finished = run(["setsid sleep 5 & echo here", "true"], &ProcessOptions::default()).unwrap();
    assert!(finished[0].succeeded());
    assert_eq!(finished[0].stdout, b"here\n");
    assert!(start.elapsed() < Duration::from_secs(4), "it is not waited for");
}

#[test]
fn what_hands_on_the_last_words_is_waited_for() {
    // The shell ends before the reader of its output has begun to write.
    let command = "echo last words | (sleep 0.2; cat) & exit 3";
    let finished = run([command], &ProcessOptions::default()).unwrap();
    assert_eq!((finished[0].exit_code(), &finished[0].stdout[..]), (3, &b"last words\n"[..]));
}

#[test]
fn a_command_that_closes_its_outputs_is_waited_for() {
    let finished = run(["exec >&- 2>&-; sleep 0.3; exit 5"], &ProcessOptions::default()).unwrap();
    assert_eq!(finished[0].ending, Ending::Exited(5));
    assert!(finished[0].seconds >= 0.3);
}

#[test]
fn commands_are_lines() {
    let lines = |text: &[u8]| parse_commands(text).map_err(|error| error.to_string());
    assert_eq!(lines(b"").unwrap(), [""; 0]);
    assert_eq!(lines(b"\xef\xbb\xbfa\r\n\n \t\n#b\n  # c\n d #e\n f").unwrap(), ["a", " d #e", " f"]);
    let long = "x".repeat(1_000_000);
    assert_eq!(lines(long.as_bytes()).unwrap(), [long]);
    assert!(lines(b"a\n\xff").unwrap_err().starts_with("line 2: "));
    assert!(lines(b"a\n\nb\0c\n").unwrap_err().starts_with("line 3: "));
}
