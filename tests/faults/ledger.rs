//! Output, ledger, rejects and record of a run and of a retry, while each call fails at the nth time, n = 1, 2, …: each is what it was
//! or whole, together they never mislead, and the same command does it in the end.

use std::path::PathBuf;
use std::time::SystemTime;

use parrow::pipeline::{Destination, Pipeline, Work};
use parrow::row::Typed;
use parrow::table::{Input, Output, ReadOptions, WriteOptions, parse_dtype};
use parrow::{ApplyOptions, Call, ErrorKind, Files, OnError, Result, Trouble};

use super::support::Place;

const CALLS: [Call; 6] = [Call::Create, Call::Lock, Call::Write, Call::Sync, Call::Rename, Call::SyncFolder];

/// One folder with a run in it, of which everything but the function stays the same.
struct Run {
    place: Place,
    output: &'static str,
    ledger: &'static str,
}

/// What lies under the names of the output, the ledger and the rejects.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Left {
    output: Option<Vec<u8>>,
    ledger: Option<Vec<u8>>,
    rejects: Option<Vec<u8>>,
}

impl Run {
    fn new(output: &'static str, ledger: &'static str) -> Self {
        let place = Place::new();
        let rows: String = (0..400)
            .map(|row| match row % 100 {
                31 => format!("{row},no\n"),
                32 => format!("{row},1,2\n"),
                _ => format!("{row},{}\n", row * 7 % 13),
            })
            .collect();
        std::fs::write(place.path("in.csv"), format!("a,b\n{rows}")).unwrap();
        Self { place, output, ledger }
    }

    /// A function that fails on some rows.
    fn pipeline(&self, is_bad: fn(i64) -> bool) -> Pipeline<'static> {
        let function = Typed::new(("a", "b"), move |a: i64, b: i64| match is_bad(a) {
            true => Err(format!("{a} is bad")),
            false => Ok(a as f64 / 2.0 + b as f64),
        });
        let output = Destination::Output(Output::from(self.place.path(self.output)), WriteOptions::default());
        let read = ReadOptions::builder().dtypes([("b".to_owned(), parse_dtype("i64").unwrap())]);
        let options = ApplyOptions::builder().threads(2).on_error(OnError::Collect).build().unwrap();
        Pipeline::new(vec![Input::from(self.place.path("in.csv"))], Work::rows(function), output)
            .read(read.build().unwrap())
            .apply(options)
            .piece_bytes(900)
    }

    fn run(&self, is_bad: fn(i64) -> bool, files: &Files) -> Result<()> {
        let pipeline = self.pipeline(is_bad).files(files.clone());
        let ledger = Output::from(self.ledger());
        pipeline.ledger(ledger).rejects(Output::from(self.place.path("bad.csv"))).run().map(drop)
    }

    fn retry(&self, is_bad: fn(i64) -> bool, files: &Files) -> Result<()> {
        self.pipeline(is_bad).files(files.clone()).retry(self.ledger()).map(drop)
    }

    fn ledger(&self) -> PathBuf {
        self.place.path(self.ledger)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.place, &[self.output, self.ledger, "bad.csv", &self.record_name()])
    }

    fn left(&self) -> Left {
        Left {
            output: self.place.bytes(self.output),
            ledger: self.place.bytes(self.ledger),
            rejects: self.place.bytes("bad.csv"),
        }
    }

    fn record_name(&self) -> String {
        format!("{}.run.json", self.ledger)
    }

    /// That no other files are there, and that a record is whole.
    #[track_caller]
    fn check_names(&self, may_be: &[&str], must_be: &[&str]) {
        let record = self.record_name();
        let names = self.place.names();
        for name in &names {
            let is_final = ["in.csv", "bad.csv", self.output, self.ledger, &record].contains(&name.as_str());
            assert!(is_final || may_be.contains(&name.as_str()), "{name} is left: {names:?}");
        }
        for name in must_be {
            assert!(names.iter().any(|there| there == name), "{name} is missing: {names:?}");
        }
        if let Some(record) = self.place.bytes(&record) {
            serde_json::from_slice::<serde_json::Value>(&record).expect("the record is a part");
        }
    }

    #[track_caller]
    fn check_all_names(&self) {
        self.check_names(&[], &["in.csv", "bad.csv", self.output, self.ledger, &self.record_name()]);
    }
}

/// Files with the time of their last change, by which a record knows them.
struct Snapshot(Vec<(PathBuf, Vec<u8>, SystemTime)>);

impl Snapshot {
    fn of(place: &Place, names: &[&str]) -> Self {
        let file = |name: &&str| {
            let path = place.path(name);
            let (bytes, metadata) = (std::fs::read(&path).unwrap(), path.metadata().unwrap());
            (path, bytes, metadata.modified().unwrap())
        };
        Self(names.iter().map(file).collect())
    }

    fn put_back(&self) {
        for (path, bytes, modified) in &self.0 {
            std::fs::write(path, bytes).unwrap();
            std::fs::File::options().write(true).open(path).unwrap().set_modified(*modified).unwrap();
        }
    }
}

fn old_bad(a: i64) -> bool {
    a % 50 == 3
}

fn bad(a: i64) -> bool {
    a % 20 == 7 || a > 390
}

fn less_bad(a: i64) -> bool {
    a % 40 == 7
}

fn never(_: i64) -> bool {
    false
}

#[track_caller]
fn is_one_clear_message(error: &parrow::Error) {
    let text = error.to_string();
    assert!(matches!(error.kind(), ErrorKind::Io { .. }), "{text}");
    assert!(text.contains("could not ") && text.lines().count() == 1, "{text}");
}

/// The ledger without the number of tries, which another one adds to.
fn rows_of(ledger: &[u8]) -> String {
    let text = String::from_utf8(ledger.to_vec()).unwrap();
    (1..9).fold(text, |text, n| text.replace(&format!("\"attempt\":{n}"), "\"attempt\":0"))
}

#[test]
fn a_run_whose_calls_fail_leaves_files_that_belong_together() {
    for (output, ledger) in [("out.csv", "faults.ndjson"), ("out.parquet", "faults.parquet")] {
        let run = Run::new(output, ledger);
        run.run(never, &Files::new()).unwrap();
        let mended = run.left().output;
        run.run(old_bad, &Files::new()).unwrap();
        let before = run.snapshot();
        run.run(bad, &Files::new()).unwrap();
        let whole = run.left();
        let mut troubles: Vec<Box<dyn Fn(u64) -> Trouble>> = vec![Box::new(Trouble::Halt)];
        for call in CALLS {
            troubles.push(Box::new(move |nth| Trouble::Once(call, nth)));
            troubles.push(Box::new(move |nth| Trouble::ForGood(call, nth)));
        }
        for trouble in troubles {
            let mut n_hit = 0;
            for nth in 1.. {
                assert!(nth < 300, "{:?} is hit for ever", trouble(nth));
                // Over nothing, and over what another run has left.
                let mut was_hit = false;
                for has_old in [false, true] {
                    for name in [output, ledger, "bad.csv", &run.record_name()] {
                        let _ = std::fs::remove_file(run.place.path(name));
                    }
                    if has_old {
                        before.put_back();
                    }
                    let old = run.left();
                    let files = Files::with_trouble(trouble(nth));
                    let outcome = run.run(bad, &files);
                    if !files.was_hit() {
                        outcome.unwrap();
                        continue;
                    }
                    was_hit = true;
                    let error = outcome.expect_err("it goes unnoticed");
                    is_one_clear_message(&error);
                    let (left, what) = (run.left(), format!("{output}, {:?}", trouble(nth)));
                    match trouble(nth) {
                        Trouble::Once(Call::SyncFolder, _) | Trouble::ForGood(Call::SyncFolder, _) => {
                            assert!(left == whole, "{what}: a part of the files is there");
                        }
                        Trouble::Once(Call::Rename, _) | Trouble::ForGood(Call::Rename, _) => {
                            let tells = error.to_string().contains("of this run, and the output is not");
                            assert!(tells || left == old, "{what}: {error}");
                        }
                        Trouble::Once(..) | Trouble::ForGood(..) => {
                            assert!(left == old, "{what}: a part of the files is there");
                        }
                        _ => {}
                    }
                    assert!(left.output == old.output || left.output == whole.output, "{what}: the output");
                    assert!(left.ledger == old.ledger || left.ledger == whole.ledger, "{what}: the ledger");
                    assert!(left.rejects == old.rejects || left.rejects == whole.rejects, "{what}: rejects");
                    if left.output == whole.output {
                        assert!(left == whole, "{what}: the output is there before what belongs to it");
                    }
                    if !matches!(trouble(nth), Trouble::Halt(_)) {
                        run.check_names(&[], &["in.csv"]);
                    }
                    // Rows are retried with an output that they belong to, or not at all.
                    let belongs_together = left.ledger.is_some()
                        && [&old.ledger, &whole.ledger].contains(&&left.ledger)
                        && (left.ledger == whole.ledger) == (left.output == whole.output);
                    match run.retry(never, &Files::new()) {
                        Ok(()) => {
                            assert!(belongs_together, "{what}: rows of another output are retried");
                            assert!(run.left().output == mended, "{what}: the retry");
                        }
                        Err(error) => {
                            is_one_clear_message(&error);
                            let text = error.to_string();
                            let tells_why = [
                                "or that run was broken off",
                                "could not read the record",
                                "could not read: ",
                            ];
                            assert!(tells_why.iter().any(|why| text.contains(why)), "{what}: {text}");
                        }
                    }
                    run.run(bad, &Files::new()).unwrap();
                    assert!(run.left() == whole, "{what}: the same run once more");
                    run.check_all_names();
                    run.retry(never, &Files::new()).unwrap();
                    assert!(run.left().output == mended, "{what}");
                }
                if !was_hit {
                    break;
                }
                n_hit = nth;
            }
            assert!(n_hit >= 2, "{output}: {:?} was hit {n_hit} times", trouble(1));
        }
    }
}

#[test]
fn a_retry_whose_calls_fail_can_be_repeated() {
    for output in ["out.csv", "out.parquet", "out.csv.gz"] {
        let run = Run::new(output, "faults.ndjson");
        run.run(less_bad, &Files::new()).unwrap();
        let mended = run.left();
        run.run(bad, &Files::new()).unwrap();
        let before = run.snapshot();
        let mut troubles: Vec<Box<dyn Fn(u64) -> Trouble>> = vec![Box::new(Trouble::Halt)];
        for call in CALLS {
            troubles.push(Box::new(move |nth| Trouble::Once(call, nth)));
            troubles.push(Box::new(move |nth| Trouble::ForGood(call, nth)));
        }
        let mut n_between = 0;
        for trouble in troubles {
            for nth in 1.. {
                assert!(nth < 300, "{:?} is hit for ever", trouble(nth));
                before.put_back();
                let old = run.left();
                let files = Files::with_trouble(trouble(nth));
                let outcome = run.retry(less_bad, &files);
                if !files.was_hit() {
                    outcome.unwrap();
                    assert!(run.left().output == mended.output);
                    assert!(nth > 2, "{output}: there is no {:?}", trouble(nth));
                    break;
                }
                let what = format!("{output}, {:?}", trouble(nth));
                is_one_clear_message(&outcome.expect_err("it goes unnoticed"));
                let left = run.left();
                let ledger = |ledger: &Option<Vec<u8>>| rows_of(ledger.as_ref().unwrap());
                let has_new_output = left.output == mended.output;
                let has_new_ledger = ledger(&left.ledger) == ledger(&mended.ledger);
                assert!(has_new_output || left.output == old.output, "{what}: the output is a part");
                assert!(has_new_ledger || left.ledger == old.ledger, "{what}: the ledger is a part");
                assert!(has_new_output || !has_new_ledger, "{what}: a ledger that tells of too little");
                let is_between = has_new_output && !has_new_ledger;
                n_between += u32::from(is_between);
                if is_between {
                    // What the next retry begins with.
                    run.check_names(&[".faults.ndjson.partial"], &[".faults.ndjson.partial"]);
                } else if !matches!(trouble(nth), Trouble::Halt(_)) {
                    run.check_names(&[], &["in.csv"]);
                }
                // That one may be broken off, too.
                let files = Files::with_trouble(Trouble::Halt(nth % 7 + 1));
                let _ = run.retry(less_bad, &files);
                run.retry(less_bad, &Files::new()).unwrap_or_else(|error| panic!("{what}: {error}"));
                let left = run.left();
                assert!(left.output == mended.output, "{what}: the retry once more");
                assert_eq!(ledger(&left.ledger), ledger(&mended.ledger), "{what}");
                run.check_all_names();
            }
        }
        assert!(n_between >= 3, "{output}: {n_between}");
    }
}

#[test]
fn a_place_for_the_record_that_cannot_be_written_is_told_before_any_work() {
    let run = Run::new("out.csv", "faults.csv");
    std::fs::create_dir(run.place.path("faults.csv.run.json")).unwrap();
    let error = run.run(bad, &Files::new()).unwrap_err();
    assert!(error.to_string().contains("faults.csv.run.json"), "{error}");
    assert_eq!(run.place.names(), ["faults.csv.run.json", "in.csv"]);
}

#[test]
fn two_retries_at_once_are_one_after_the_other_or_one_is_told() {
    let run = Run::new("out.csv", "faults.ndjson");
    run.run(less_bad, &Files::new()).unwrap();
    let mended = run.left();
    for _ in 0..10 {
        run.run(bad, &Files::new()).unwrap();
        let outcomes: Vec<Result<()>> = std::thread::scope(|scope| {
            let retries: Vec<_> =
                (0..3).map(|_| scope.spawn(|| run.retry(less_bad, &Files::new()))).collect();
            retries.into_iter().map(|retry| retry.join().unwrap()).collect()
        });
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert!(error.to_string().contains("another run is writing it"), "{error}");
        }
        assert!(run.left().output == mended.output);
        run.check_all_names();
    }
}

#[cfg(unix)]
#[test]
fn kill_9_at_random_moments_of_a_retry() {
    let place = Place::new();
    let rows: String = (0..10_000).map(|row| format!("{row},{}\n", row % 11)).collect();
    std::fs::write(place.path("in.csv"), format!("a,b\n{rows}")).unwrap();
    let body = |bad: &str| format!("if a % {bad} == 0 then error('no') end return a + b");
    let output = ["--name", "c", "-o", "out.csv"];
    let faults = ["--on-error", "collect", "--ledger", "faults.ndjson", "--quiet"];
    let run = |bad: &str| {
        let body = body(bad);
        let arguments = [&["apply", "in.csv", "--luau", &body], &output[..], &faults[..]].concat();
        assert_eq!(place.program(&arguments).status().unwrap().code(), Some(1));
    };
    run("8");
    let (mended, mended_ledger) =
        (place.bytes("out.csv").unwrap(), rows_of(&place.bytes("faults.ndjson").unwrap()));
    run("2");
    let before = Snapshot::of(&place, &["out.csv", "faults.ndjson", "faults.ndjson.run.json"]);
    let (first, first_ledger) = (place.bytes("out.csv").unwrap(), place.bytes("faults.ndjson").unwrap());
    let body = body("8");
    let retry = ["retry", "faults.ndjson", "--luau", &body, "--name", "c", "--quiet"];
    let mut state = 5_u64;
    let (mut n_kills, mut whole) = (0, None);
    while n_kills < 25 {
        before.put_back();
        let start = std::time::Instant::now();
        let mut child = place.program(&retry).spawn().unwrap();
        if let Some(whole) = whole {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            std::thread::sleep(std::time::Duration::from_micros((state >> 33) % whole));
            n_kills += 1;
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        whole = whole.or(Some(start.elapsed().as_micros() as u64));
        let (out, ledger) = (place.bytes("out.csv").unwrap(), place.bytes("faults.ndjson").unwrap());
        assert!(out == first || out == mended, "the output is a part");
        assert!(ledger == first_ledger || rows_of(&ledger) == mended_ledger, "the ledger is a part");
        assert!(out == mended || ledger == first_ledger, "the ledger tells of too little");
        if status.code() != Some(1) {
            let again = place.program(&retry).output().unwrap();
            assert_eq!(again.status.code(), Some(1), "{}", String::from_utf8_lossy(&again.stderr));
        }
        assert!(place.bytes("out.csv").as_ref() == Some(&mended));
        assert_eq!(rows_of(&place.bytes("faults.ndjson").unwrap()), mended_ledger);
        assert_eq!(place.names(), ["faults.ndjson", "faults.ndjson.run.json", "in.csv", "out.csv"]);
    }
}
