//! What must not be in memory whole is not: row groups, record batches and packed files that are larger than the limit.

#![cfg(target_os = "linux")]

use std::fs::{File, read_to_string};
use std::process::Stdio;
use std::time::Duration;

use super::support::Place;

/// The most kilobytes that a run of the program has had.
fn peak(place: &Place, arguments: &[&str], stdin: Option<&str>) -> u64 {
    let mut command = std::process::Command::new(place.command(&[]).get_program());
    command.args(arguments).current_dir(place.path(".")).stdout(Stdio::null());
    if let Some(stdin) = stdin {
        command.stdin(File::open(place.path(stdin)).unwrap());
    }
    let mut program = command.spawn().unwrap();
    let status = format!("/proc/{}/status", program.id());
    let mut peak = 0;
    let ended = loop {
        let text = read_to_string(&status).unwrap_or_default();
        if let Some(line) = text.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
            peak = line.trim().trim_end_matches("kB").trim().parse().unwrap();
        }
        if let Some(ended) = program.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(ended.success(), "{arguments:?}");
    peak
}

#[test]
fn nothing_larger_than_the_limit_is_in_memory_whole() {
    let place = Place::new();
    // One block of 262,144 rows, 27 MB unpacked.
    let generate = |name: &str, rows: &str| {
        let command = ["generate", "--rows", rows, "--cols", "13", "--high", "1000000", "-q", "-o", name];
        place.run(&command).code(0);
    };
    let run = |name: &str, limit: &str, stdin: Option<&str>| {
        let range =
            ["count-range", name, "--min", "4", "--max", "8", "--only", "-j", "2", "--memory-limit", limit];
        peak(&place, &range, stdin)
    };
    generate("small.parquet", "10");
    let base = run("small.parquet", "8MB", None);
    // The pages of all columns that hold a row have 13 MB.
    for (name, limit, most) in [
        ("m.parquet", "32MB", 36_000),
        ("m.arrow", "8MB", 16_000),
        ("m.arrows", "8MB", 16_000),
        ("m.csv.gz", "8MB", 16_000),
    ] {
        generate(name, "262144");
        let stdins = if name == "m.arrows" { vec![None, Some(name)] } else { vec![None] };
        for stdin in stdins {
            let used = run(if stdin.is_some() { "-" } else { name }, limit, stdin).saturating_sub(base);
            assert!(
                used < most,
                "{name} takes {used} kB more than a small file (stdin: {})",
                stdin.is_some()
            );
        }
    }
}

#[test]
fn blocks_of_large_rows_are_written_within_the_limit() {
    let place = Place::new();
    let text = |rows: usize| -> String {
        let row = |index: usize| format!("{index},{}\n", "x".repeat(1_000_000));
        std::iter::once("a,b\n".to_owned()).chain((0..rows).map(row)).collect()
    };
    std::fs::write(place.path("small.csv"), text(1)).unwrap();
    std::fs::write(place.path("large.csv"), text(40)).unwrap();
    for output in ["o.arrow", "o.arrows", "o.parquet", "o.ndjson", "o.csv"] {
        // A block ends at a sixteenth of the limit, and is there some times while it is encoded.
        for (limit, most) in [("32MB", 32_000), ("128MB", 100_000)] {
            let run = |input: &str, threads: &str| {
                peak(
                    &place,
                    &["apply", input, "-o", output, "-j", threads, "-q", "--memory-limit", limit],
                    None,
                )
            };
            let base = run("small.csv", "2");
            let used = run("large.csv", "2").saturating_sub(base);
            assert!(used < most, "{output} takes {used} kB more than one row under {limit}");
        }
    }
}

#[test]
fn more_files_than_may_be_open_at_first() {
    let place = Place::new();
    for index in 0..300 {
        std::fs::write(place.path(&format!("{index:03}.csv")), format!("a\n{index}\n")).unwrap();
    }
    let program = place.command(&[]).get_program().to_owned();
    let script = "ulimit -Sn 100; exec \"$0\" apply '*.csv' 'a + 1 AS b' --only";
    let mut shell = std::process::Command::new("sh");
    let run = shell.args(["-c", script]).arg(program).current_dir(place.path(".")).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(String::from_utf8_lossy(&run.stdout).lines().count(), 301);
}

#[test]
fn hundreds_of_inputs_keep_nothing_each() {
    let place = Place::new();
    let file = |name: &str| {
        let command = ["generate", "--rows", "2", "--cols", "60", "--high", "9", "-q", "-o", name];
        place.run(&command).code(0);
    };
    for extension in ["csv", "csv.gz", "ndjson", "parquet", "arrow"] {
        let folder = extension.replace('.', "-");
        std::fs::create_dir(place.path(&folder)).unwrap();
        let first = format!("{folder}/0.{extension}");
        file(&first);
        for index in 1..600 {
            let other = place.path(&format!("{folder}/{index}.{extension}"));
            std::fs::hard_link(place.path(&first), other).unwrap();
        }
        let run = |inputs: &str| {
            let range = [
                "count-range",
                inputs,
                "--min",
                "4",
                "--max",
                "8",
                "--only",
                "-j",
                "2",
                "--memory-limit",
                "8MB",
            ];
            peak(&place, &range, None)
        };
        let used = run(&format!("{folder}/*")).saturating_sub(run(&first));
        assert!(used < 10_000, "{extension}: {used} kB above one input");
    }
}
