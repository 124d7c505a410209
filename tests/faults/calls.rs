//! Each call that changes a file fails at the nth time, n = 1, 2, … until none is left to fail.

use std::io::Write;

use parrow::{Call, ErrorKind, Files, Trouble};

use super::support::{OUTPUTS, Place, pipeline};

const OLD: &[u8] = b"what was there before\n";

/// Lets each call of a kind fail, and looks at what is left.
fn each(output: &str, trouble: impl Fn(u64) -> Trouble, check: impl Fn(&Place, Option<&[u8]>, &[u8])) -> u64 {
    let place = Place::with_rows(4_000);
    place.run(output, &Files::new()).unwrap();
    let whole = place.bytes(output).unwrap();
    for nth in 1.. {
        assert!(nth < 500, "{output}: {:?} is hit for ever", trouble(nth));
        let mut n_hit = 0;
        for old in [None, Some(OLD)] {
            let _ = std::fs::remove_file(place.path(output));
            if let Some(old) = old {
                std::fs::write(place.path(output), old).unwrap();
            }
            let files = Files::with_trouble(trouble(nth));
            let outcome = place.run(output, &files);
            if !files.was_hit() {
                outcome.unwrap();
                assert!(place.bytes(output).unwrap() == whole, "{output}");
                continue;
            }
            n_hit += 1;
            let error = outcome.expect_err(&format!("{output}: {:?} goes unnoticed", trouble(nth)));
            assert!(matches!(error.kind(), ErrorKind::Io { .. }), "{error}");
            assert!(error.to_string().contains(&format!("{output}: could not ")), "{error}");
            check(&place, old, &whole);
        }
        if n_hit == 0 {
            return nth - 1;
        }
    }
    0
}

/// The file is what it was, and nothing lies beside it.
fn is_untouched(place: &Place, output: &str, old: Option<&[u8]>) {
    assert_eq!(place.bytes(output).as_deref(), old, "{output}");
    let expected: &[&str] = if old.is_some() { &["in.csv", output] } else { &["in.csv"] };
    assert_eq!(place.names(), expected);
}

#[test]
fn a_call_that_fails_leaves_the_file_as_it_was() {
    for output in OUTPUTS {
        for call in [Call::Create, Call::Lock, Call::Write, Call::Sync, Call::Rename] {
            let check = |place: &Place, old: Option<&[u8]>, _: &[u8]| is_untouched(place, output, old);
            let n_once = each(output, |nth| Trouble::Once(call, nth), check);
            let n_for_good = each(output, |nth| Trouble::ForGood(call, nth), check);
            assert_eq!(n_once, n_for_good, "{output} {call:?}");
            assert!(n_once >= 1, "{output}: there is no {call:?}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_brought_to_the_disk_holds_the_whole_file() {
    for output in OUTPUTS {
        for trouble in [Trouble::Once, Trouble::ForGood] {
            let n_calls = each(
                output,
                |nth| trouble(Call::SyncFolder, nth),
                |place, _, whole| {
                    assert_eq!(place.bytes(output).as_deref(), Some(whole));
                    assert_eq!(place.names(), ["in.csv", output]);
                },
            );
            assert_eq!(n_calls, u64::from(cfg!(unix)) * n_calls);
        }
    }
}

#[test]
fn a_machine_that_stops_leaves_the_old_file_or_the_new_one_and_the_next_run_cleans_up() {
    for output in OUTPUTS {
        let check = |place: &Place, old: Option<&[u8]>, whole: &[u8]| {
            let found = place.bytes(output);
            assert!(found.as_deref() == old || found.as_deref() == Some(whole), "{output} is a part");
            place.run(output, &Files::new()).unwrap();
            assert_eq!(place.bytes(output).as_deref(), Some(whole));
            assert_eq!(place.names(), ["in.csv", output]);
        };
        assert!(each(output, Trouble::Halt, check) >= 5);
    }
}

#[test]
fn what_an_earlier_run_left_and_cannot_be_removed_is_named() {
    let place = Place::with_rows(100);
    std::fs::write(place.path(".out.csv.partial"), "half of a ro").unwrap();
    let error = place.run("out.csv", &Files::with_trouble(Trouble::Once(Call::Remove, 1))).unwrap_err();
    assert!(error.to_string().contains("out.csv: could not remove what an earlier run left"), "{error}");
    assert_eq!(place.names(), [".out.csv.partial", "in.csv"]);
    place.run("out.csv", &Files::new()).unwrap();
    assert_eq!(place.names(), ["in.csv", "out.csv"]);
}

#[test]
fn a_run_over_its_own_input_fails_without_harm() {
    let place = Place::with_rows(20_000);
    let before = place.bytes("in.csv").unwrap();
    for nth in 1.. {
        let files = Files::with_trouble(Trouble::Halt(nth));
        let path = place.path("in.csv");
        let outcome = pipeline(&path, &path).files(files.clone()).run();
        if !files.was_hit() || place.bytes("in.csv").unwrap() != before {
            let found = String::from_utf8(place.bytes("in.csv").unwrap()).unwrap();
            assert!(found.starts_with("a,b,name,total\n") && found.lines().count() == 20_001);
            assert!(nth > 3 && (outcome.is_ok() || files.was_hit()));
            return;
        }
        assert!(outcome.is_err());
    }
}

#[cfg(unix)]
#[test]
fn input_that_cannot_be_kept_is_an_error_that_names_it() {
    let place = Place::new();
    let pipe = place.path("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let text = super::support::rows(200_000);
    for nth in 1.. {
        // The first file that is made is the output's.
        let trouble =
            if nth == 1 { Trouble::Once(Call::Create, 2) } else { Trouble::ForGood(Call::Write, nth - 1) };
        let files = Files::with_trouble(trouble);
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| {
                // The reader may go away before it has read all of it.
                let _ = std::fs::File::create(&pipe).unwrap().write_all(text.as_bytes());
            });
            // So little memory that the rows do not fit, and dtypes that must be settled before the first row is done.
            let run = pipeline(&pipe, &place.path("out.parquet")).memory_limit(4 << 20);
            run.files(files.clone()).run()
        });
        if !files.was_hit() {
            assert_eq!(outcome.unwrap().n_rows_written, 200_000);
            assert!(nth > 3);
            return;
        }
        let error = outcome.unwrap_err().to_string();
        let is_named = error.contains("pipe.csv: could not keep the input in a temporary file")
            || error.contains("out.parquet: could not");
        assert!(is_named, "{error}");
        assert_eq!(place.names(), ["pipe.csv"]);
    }
}
