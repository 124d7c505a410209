//! A run that is broken off anywhere and gone on with gives the bytes of one that never was.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parrow::functions::Hypot;
use parrow::pipeline::{Destination, Passes, Pipeline, Resume, Work};
use parrow::script::{Script, SqlExpressions, SqlPredicate};
use parrow::table::{Input, MatrixOptions, Output, ReadOptions, WriteOptions, read};
use parrow::{ApplyOptions, CancellationToken, ErrorKind, Files, OnError, Trouble};

use super::support::{OUTPUTS, Place, rows};

/// A run over small pieces into small blocks, of which another may go on.
fn resumable<'f>(pipeline: Pipeline<'f>) -> Pipeline<'f> {
    pipeline.piece_bytes(3_000).resume(Resume::new().checkpoint_rows(150))
}

fn to(output: &Path) -> Destination {
    let options = WriteOptions::builder().block(768).build().unwrap();
    Destination::Output(Output::from(output), options)
}

fn options(on_error: OnError) -> ApplyOptions {
    ApplyOptions::builder().threads(2).on_error(on_error).build().unwrap()
}

/// Stops the machine at each call, or every `step`th, and goes on; also when the run that goes on is stopped, too.
fn broken_off(place: &Place, output: &str, step: usize, run: &dyn Fn(&Path) -> Pipeline<'static>) -> u64 {
    let path = place.path(output);
    let before = place.names();
    let _ = run(&path).run().unwrap();
    let whole = place.bytes(output).unwrap();
    let names = place.names();
    let mut n_resumed = 0;
    for nth in (1..).step_by(step) {
        assert!(nth < 2_000, "{output} is never whole");
        names.iter().filter(|name| !before.contains(name)).for_each(|name| {
            let _ = std::fs::remove_file(place.path(name));
        });
        let files = Files::with_trouble(Trouble::Halt(nth));
        let outcome = run(&path).files(files.clone()).run();
        if !files.was_hit() {
            let _ = outcome.unwrap();
            assert!(n_resumed > 0 || step > 1, "{output} was never gone on with");
            return n_resumed;
        }
        assert!(outcome.is_err());
        let found = place.bytes(output);
        assert!(found.is_none() || found.as_ref() == Some(&whole), "{output} is a part, stopped at {nth}");
        if nth % 3 == 0 {
            let files = Files::with_trouble(Trouble::Halt(1 + nth / 2));
            let _ = run(&path).files(files).run().map(|_| ());
        }
        let summary = run(&path).run().unwrap_or_else(|error| panic!("{output}, stopped at {nth}: {error}"));
        n_resumed += u64::from(summary.n_rows_resumed > 0);
        assert!(place.bytes(output).as_ref() == Some(&whole), "{output}, stopped at {nth}");
        assert_eq!(place.names(), names, "{output}, stopped at {nth}");
    }
    n_resumed
}

#[test]
fn every_format_at_every_call() {
    for output in OUTPUTS {
        let place = Place::with_rows(3_000);
        let input = place.path("in.csv");
        let n_resumed = broken_off(&place, output, 3, &|path| {
            let work = Work::rows(SqlExpressions::parse(["a + b AS total"]).unwrap());
            resumable(Pipeline::new(vec![Input::from(input.as_path())], work, to(path)))
        });
        assert!(n_resumed > 0, "{output}: {n_resumed}");
        // What is not packed by parts is the same as without; the rest holds the same.
        let plain = place.path(&format!("plain-{output}"));
        let work = Work::rows(SqlExpressions::parse(["a + b AS total"]).unwrap());
        let _ = Pipeline::new(vec![Input::from(input.as_path())], work, to(&plain)).run().unwrap();
        match output {
            "out.csv" | "out.ndjson" | "out.parquet" | "out.arrow" | "out.arrows" => {
                assert!(place.bytes(output) == std::fs::read(plain).ok(), "{output}");
            }
            _ => {
                let read = |path: PathBuf| read(&[Input::from(path)], &ReadOptions::default()).unwrap().frame;
                assert!(read(place.path(output)).equals_missing(&read(plain)), "{output}");
            }
        }
    }
}

/// The first rows propose integers, which holds for as long as a run that is broken off gets: the one that meets the fraction begins
/// anew, and what it notes is gone on with by what it knows then.
#[test]
fn a_late_row_that_asks_for_another_dtype() {
    let place = Place::new();
    let cell = |row: u64| if row == 12_500 { "0.5".to_owned() } else { (row % 7).to_string() };
    let text: String = (0..13_000).map(|row| format!("{row},{}\n", cell(row))).collect();
    std::fs::write(place.path("in.csv"), format!("a,b\n{text}")).unwrap();
    let input = Input::from(place.path("in.csv"));
    for output in ["out.csv", "out.parquet"] {
        let run = |path: &Path| {
            let work = Work::rows(SqlExpressions::parse(["a + b AS total"]).unwrap());
            let options = WriteOptions::builder().block(2_000).build().unwrap();
            let to = Destination::Output(Output::from(path), options);
            let run = Pipeline::new(vec![input.clone()], work, to).piece_bytes(9_000);
            run.resume(Resume::new().checkpoint_rows(1_500))
        };
        let n_resumed = broken_off(&place, output, 3, &run);
        assert!(n_resumed > 2, "{output}: {n_resumed}");
        assert_eq!(run(&place.path(output)).run().unwrap().passes, Passes::BeganAnew);
    }
}

#[test]
fn inputs_are_not_looked_through_twice() {
    let place = Place::with_rows(3_000);
    for (output, on_error, looks) in
        [("out.csv", OnError::Null, Passes::LookedBefore), ("out.parquet", OnError::Fail, Passes::One)]
    {
        for input in ["in.csv", "in.ndjson"] {
            if input == "in.ndjson" {
                let to = Destination::Output(Output::from(place.path(input)), WriteOptions::default());
                let _ =
                    Pipeline::new(vec![Input::from(place.path("in.csv"))], Work::copy(), to).run().unwrap();
            }
            let run = |files: Files| {
                let work = Work::rows(SqlExpressions::parse(["a + b AS total"]).unwrap());
                resumable(Pipeline::new(vec![Input::from(place.path(input))], work, to(&place.path(output))))
                    .apply(options(on_error))
                    .files(files)
                    .run()
            };
            let first = run(Files::new()).unwrap();
            let looks = if input == "in.ndjson" { Passes::One } else { looks };
            assert_eq!(first.passes, looks, "{output}");
            let mut n_resumed = 0;
            for nth in (5..60).step_by(5) {
                if run(Files::with_trouble(Trouble::Halt(nth))).is_err() {
                    let again = run(Files::new()).unwrap();
                    n_resumed += u64::from(again.n_rows_resumed > 0);
                    assert!(again.n_rows_resumed == 0 || again.passes == Passes::One, "{output}");
                }
            }
            assert!(n_resumed > 0, "{output}");
        }
    }
}

#[test]
fn every_kind_of_input() {
    let place = Place::with_rows(2_000);
    for input in ["in.csv.gz", "in.ndjson", "in.parquet", "in.arrow", "in.arrows"] {
        let _ = Pipeline::new(
            vec![Input::from(place.path("in.csv"))],
            Work::copy(),
            Destination::Output(
                Output::from(place.path(input)),
                WriteOptions::builder().block(512).build().unwrap(),
            ),
        )
        .resume(Resume::new())
        .run()
        .unwrap();
        let path = place.path(input);
        for output in ["out.csv", "out.parquet"] {
            broken_off(&place, output, 5, &|to_path| {
                let work = Work::rows(Hypot::new("a", "b"));
                resumable(Pipeline::new(vec![Input::from(path.as_path())], work, to(to_path)))
            });
            std::fs::remove_file(place.path(output)).unwrap();
        }
    }
    let matrix = MatrixOptions { rows: 3_000, columns: 3, low: 0, high: 1_000, seed: 3 };
    broken_off(&place, "out.csv", 3, &|path| resumable(Pipeline::generate(matrix, Work::copy(), to(path))));
}

/// Columns of Parquet that are copied are gone on with, too, row group by row group, over the border of two inputs.
#[test]
fn parquet_beside_columns_that_are_copied() {
    let place = Place::with_rows(2_000);
    let write = WriteOptions::builder().block(256).build().unwrap();
    let inputs = ["one.parquet", "two.parquet"].map(|name| {
        let to = Destination::Output(Output::from(place.path(name)), write.clone());
        let _ = Pipeline::new(vec![Input::from(place.path("in.csv"))], Work::copy(), to).run().unwrap();
        Input::from(place.path(name))
    });
    let run = |path: &Path| {
        let work = Work::rows(SqlExpressions::parse(["a + b AS total", "name AS same"]).unwrap());
        Pipeline::new(inputs.to_vec(), work, to(path))
    };
    let n_resumed = broken_off(&place, "out.parquet", 1, &|path| resumable(run(path)));
    assert!(n_resumed > 5, "{n_resumed}");
    let plain = place.path("plain.parquet");
    let _ = run(&plain).run().unwrap();
    assert!(place.bytes("out.parquet") == place.bytes("plain.parquet"), "it is the same without a journal");
}

#[test]
fn several_inputs_a_condition_and_a_limit() {
    let place = Place::with_rows(900);
    let mut inputs: Vec<PathBuf> = vec![place.path("in.csv")];
    for name in ["b.csv", "c.csv"] {
        std::fs::write(place.path(name), rows(700)).unwrap();
        inputs.push(place.path(name));
    }
    let inputs: Vec<Input> = inputs.into_iter().map(Input::from).collect();
    for (output, head) in [("out.csv", None), ("out.csv.gz", Some(900)), ("out.parquet", Some(1_000))] {
        broken_off(&place, output, 3, &|path| {
            let work = Work::rows(SqlExpressions::parse(["a * 2 AS twice"]).unwrap());
            resumable(Pipeline::new(inputs.clone(), work, to(path)))
                .filter(SqlPredicate::parse("b % 3 <> 0").unwrap())
                .head(head)
        });
    }
}

#[test]
fn rows_that_fail_are_noted() {
    let place = Place::new();
    let mut text = String::from("a,b\n");
    for row in 0..2_000 {
        text.push_str(&if row % 50 == 7 { format!("{row},no\n") } else { format!("{row},{}\n", row % 5) });
    }
    std::fs::write(place.path("in.csv"), text).unwrap();
    let input = Input::from(place.path("in.csv"));
    for (output, on_error) in [("out.csv", OnError::Null), ("out.parquet", OnError::Skip)] {
        let ledger = place.path("ledger.ndjson");
        let rejects = place.path("rejects.csv");
        let read = ReadOptions::builder()
            .dtypes([("b".to_owned(), parrow::polars::prelude::DataType::Int64)])
            .build()
            .unwrap();
        let run = |path: &Path| {
            let work = Work::rows(SqlExpressions::parse(["a / b AS ratio", "CAST(a AS INT) AS n"]).unwrap());
            resumable(Pipeline::new(vec![input.clone()], work, to(path)))
                .read(read.clone())
                .apply(options(on_error))
                .ledger(Some(Output::from(ledger.as_path())))
                .rejects(Some(Output::from(rejects.as_path())))
        };
        let summary = run(&place.path(output)).run().unwrap();
        assert!(summary.faults.n_rows() >= 40, "{:?}", summary.faults);
        let (expected_ledger, expected_rejects) = (place.bytes("ledger.ndjson"), place.bytes("rejects.csv"));
        broken_off(&place, output, 7, &run);
        assert_eq!(place.bytes("rejects.csv"), expected_rejects);
        let rows = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap()).unwrap().lines().count();
        assert_eq!(rows(place.bytes("ledger.ndjson")), rows(expected_ledger));
        for name in ["ledger.ndjson", "rejects.csv", output] {
            std::fs::remove_file(place.path(name)).unwrap();
        }
    }
}

#[test]
fn columns_that_the_first_values_decide() {
    let place = Place::with_rows(2_000);
    let input = Input::from(place.path("in.csv"));
    for output in ["out.csv", "out.ndjson", "out.parquet", "out.arrow"] {
        broken_off(&place, output, 4, &|path| {
            let body = "if a < 1200 then return nil end return a, `row {a}`, parrow.random()";
            let work = Work::rows(Script::luau_body(body).output_names(["n", "text", "r"]));
            resumable(Pipeline::new(vec![input.clone()], work, to(path)))
        });
    }
}

#[test]
fn a_run_that_is_cancelled_keeps_what_is_done() {
    let place = Place::with_rows(20_000);
    let run = |token: CancellationToken| {
        let body = "local t = 0 for i = 1, 300 do t = t + math.sin(i) end return t + a";
        let work = Work::rows(Script::luau_body(body).output_names(["n"]));
        let options = ApplyOptions::builder().threads(2).cancellation(token).build().unwrap();
        resumable(Pipeline::new(vec![Input::from(place.path("in.csv"))], work, to(&place.path("out.csv"))))
            .apply(options)
    };
    let _ = run(CancellationToken::new()).run().unwrap();
    let whole = place.bytes("out.csv");
    std::fs::remove_file(place.path("out.csv")).unwrap();
    let token = CancellationToken::new();
    std::thread::scope(|scope| {
        let (to_cancel, output) = (token.clone(), Output::from(place.path("out.csv")));
        scope.spawn(move || {
            while parrow::pipeline::unfinished(&output).is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            to_cancel.cancel();
        });
        let outcome = run(token.clone()).run();
        assert!(outcome.is_err_and(|error| matches!(error.kind(), ErrorKind::Cancelled)));
    });
    assert_eq!(place.names(), [".out.csv.journal", ".out.csv.partial", "in.csv"]);
    let left = parrow::pipeline::unfinished(&Output::from(place.path("out.csv"))).unwrap();
    let summary = run(CancellationToken::new()).run().unwrap();
    assert_eq!((summary.n_rows_resumed, summary.n_rows_read), (left.n_rows_read, 20_000));
    assert!(place.bytes("out.csv") == whole);
    assert_eq!(place.names(), ["in.csv", "out.csv"]);
}

/// Kills runs that go on with one another at random moments, until so many are killed and one has come to its end.
fn killed_and_gone_on_with(
    place: &Place,
    outputs: &[&str],
    n_wanted: u32,
    arguments: &dyn Fn(&str) -> Vec<String>,
) {
    let mut state = 99_u64;
    let (mut n_kills, mut n_resumed) = (0, 0);
    let mut whole_run = Duration::ZERO;
    for output in outputs.iter().cycle() {
        let arguments = arguments(output);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let whole = format!("whole-{output}");
        if !place.names().contains(&whole) {
            let start = std::time::Instant::now();
            assert!(place.program(&arguments).status().unwrap().success());
            whole_run = start.elapsed();
            std::fs::rename(place.path(output), place.path(&whole)).unwrap();
        }
        loop {
            let mut child = place.program(&arguments).spawn().unwrap();
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            std::thread::sleep(Duration::from_micros((state >> 33) % (whole_run.as_micros() as u64 + 1)));
            // On a machine that does much else a run may come nowhere in that time: the last one is left alone.
            let was_killed = n_kills < n_wanted && child.try_wait().unwrap().is_none();
            if was_killed {
                child.kill().unwrap();
            }
            let status = child.wait().unwrap();
            let part = place.bytes(output);
            assert!(part.is_none() || part == place.bytes(&whole), "{output} is a part");
            if !was_killed || status.success() {
                assert!(status.success());
                break;
            }
            n_kills += 1;
            let noted = parrow::pipeline::unfinished(&Output::from(place.path(output)));
            n_resumed += u32::from(noted.is_some_and(|noted| noted.n_rows_read > 0));
        }
        assert!(place.bytes(output) == place.bytes(&whole), "{output}");
        std::fs::remove_file(place.path(output)).unwrap();
        assert!(!place.names().iter().any(|name| name.starts_with('.')), "{:?}", place.names());
        if n_kills >= n_wanted {
            break;
        }
    }
    assert!(n_resumed > 0, "none of {n_kills} kills left something to go on with");
}

#[cfg(unix)]
#[test]
fn kill_9_at_50_random_moments() {
    let place = Place::with_rows(20_000);
    let body = "local t = 0 for i = 1, 300 do t = t + math.sin(i) end return t + a, parrow.random()";
    let outputs = ["out.csv", "out.csv.gz", "out.ndjson", "out.arrows", "out.parquet"];
    killed_and_gone_on_with(&place, &outputs, 50, &|output| {
        let function = ["apply", "in.csv", "--luau", body, "--name", "n,r", "-o", output];
        [&function[..], &["--resume", "--checkpoint-rows", "400"]]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect()
    });
}

#[cfg(target_os = "linux")]
#[test]
fn kill_9_of_runs_with_python_workers() {
    let has_python = std::process::Command::new("python3").arg("--version").output();
    if has_python.is_err() {
        assert!(std::env::var_os("CI").is_none(), "python3 should be here");
        return eprintln!("skipped: there is no python3");
    }
    let place = Place::with_rows(6_000);
    let text = "def f(a, b):\n    total = 0\n    for i in range(1500):\n        total += i & a\n    return total, a + b\n";
    std::fs::write(place.path("f.py"), text).unwrap();
    let function = format!("{}:f", place.path("f.py").display());
    killed_and_gone_on_with(&place, &["out.csv", "out.parquet"], 12, &|output| {
        let function = ["apply", "in.csv", "--python", &function, "--name", "n,s", "-o", output];
        [&function[..], &["--resume", "--checkpoint-rows", "300"]]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect()
    });
    // The guard of the workers needs a moment.
    let start = std::time::Instant::now();
    loop {
        let listed = std::process::Command::new("ps").args(["-eo", "args"]).output().unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let folder = place.folder().display().to_string();
        let left: Vec<&str> = listed.lines().filter(|line| line.contains(&folder)).collect();
        if left.is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn as_much_is_kept_as_was_asked_for() {
    // What can be lost on one thread is a note's rows and a piece, and two blocks of a table.
    let place = Place::with_rows(2_000);
    for output in OUTPUTS {
        let halted = |nth| {
            let files = Files::with_trouble(Trouble::Halt(nth));
            let work = Work::rows(SqlExpressions::parse(["a + b AS total"]).unwrap());
            let run = Pipeline::new(
                vec![Input::from(place.path("in.csv"))],
                work,
                Destination::Output(Output::from(place.path(output)), WriteOptions::default()),
            );
            let options = ApplyOptions::builder().threads(1).build().unwrap();
            let run = run.apply(options).resume(Resume::new().checkpoint_rows(100)).files(files.clone());
            (run.run().is_ok(), files.was_hit())
        };
        let mut most = 0;
        for nth in 1.. {
            let (is_done, was_hit) = halted(nth);
            if !was_hit {
                assert!(is_done);
                break;
            }
            let noted = parrow::pipeline::unfinished(&Output::from(place.path(output)));
            most = most.max(noted.map_or(0, |noted| noted.n_rows_read));
            for name in place.names().iter().filter(|name| *name != "in.csv") {
                std::fs::remove_file(place.path(name)).unwrap();
            }
        }
        let is_packed = output.ends_with(".gz") || output.ends_with(".zst");
        // 2,000 rows are less than a part of packed text.
        let is_table = ["out.parquet", "out.arrow", "out.arrows"].contains(&output);
        let least = if is_table { 1_600 } else { 1_800 };
        assert!(is_packed || most >= least, "{output}: {most} of 2000 rows were kept at the end");
    }
}

#[test]
fn categories_go_into_arrow_as_texts() {
    use parrow::polars::prelude::*;
    let place = Place::new();
    let column = Series::new("c".into(), ["x", "y", "x"]);
    let column = column.cast(&DataType::from_categories(Categories::global())).unwrap();
    let frame = DataFrame::new(3, vec![column.into()]).unwrap();
    parrow::table::write(&frame, &Output::from(place.path("in.parquet")), &WriteOptions::default()).unwrap();
    for output in ["out.arrow", "out.arrows", "out.parquet", "out.csv"] {
        let arguments = ["apply", "in.parquet", "1 AS one", "--resume", "-o", output];
        let run = place.program(&arguments).output().unwrap();
        assert_eq!(run.status.code(), Some(0), "{output}: {}", String::from_utf8_lossy(&run.stderr));
    }
}
