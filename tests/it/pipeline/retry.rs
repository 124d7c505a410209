//! Rows that failed, once more: the output becomes that of a run that had gone well in the first place.

use std::path::{Path, PathBuf};

use parrow::pipeline::{Destination, Keep, Passes, Pipeline, RunRecord, RunSummary, Work};
use parrow::row::Typed;
use parrow::script::{Script, SqlPredicate};
use parrow::table::{Format, Input, Output, ReadOptions, WriteOptions, parse_dtype, write};
use parrow::{ApplyOptions, Error, OnError};
use proptest::prelude::*;

const POLICIES: [OnError; 3] = [OnError::Null, OnError::Skip, OnError::Collect];
const OUTPUTS: [&str; 7] = ["o.csv", "o.csv.gz", "o.tsv", "o.ndjson", "o.parquet", "o.arrow", "o.arrows"];

/// A run, of which everything but the function stays the same.
#[derive(Clone)]
struct Run {
    input: PathBuf,
    output: PathBuf,
    on_error: OnError,
    filter: Option<&'static str>,
    keep: Keep,
    read: ReadOptions,
    piece_bytes: usize,
}

impl Run {
    fn new(folder: &Path, text: &str, output: &str) -> Self {
        let input = folder.join("in.csv");
        std::fs::write(&input, text).unwrap();
        Self {
            input,
            output: folder.join(output),
            on_error: OnError::Collect,
            filter: None,
            keep: Keep::All,
            read: ReadOptions::default(),
            piece_bytes: 1 << 20,
        }
    }

    fn pipeline<'f>(&self, work: Work<'f>) -> Pipeline<'f> {
        let output = Destination::Output(Output::from(self.output.as_path()), WriteOptions::default());
        Pipeline::new(vec![Input::from(self.input.as_path())], work, output)
            .read(self.read.clone())
            .filter(self.filter.map(|text| SqlPredicate::parse(text).unwrap()))
            .keep(self.keep)
            .apply(ApplyOptions::builder().on_error(self.on_error).threads(2).build().unwrap())
            .piece_bytes(self.piece_bytes)
    }

    fn ledger(&self) -> PathBuf {
        self.output.with_file_name("faults.ndjson")
    }

    fn run(&self, work: Work<'_>) -> Result<RunSummary, Error> {
        self.pipeline(work).ledger(Output::from(self.ledger().as_path())).run()
    }

    fn retry(&self, work: Work<'_>) -> Result<RunSummary, Error> {
        self.pipeline(work).retry(self.ledger())
    }

    /// Output and ledger, and that nothing else was left.
    fn left(&self) -> (Vec<u8>, String) {
        let output = std::fs::read(&self.output).unwrap();
        let ledger = std::fs::read_to_string(self.ledger()).unwrap();
        let files = std::fs::read_dir(self.output.parent().unwrap()).unwrap().count();
        assert_eq!(files, 4, "input, output, ledger and record");
        (output, ledger)
    }
}

/// A function that fails on the numbers of `bad`.
fn work(bad: impl Fn(i64) -> bool + Send + Sync + 'static) -> Work<'static> {
    Work::rows(Typed::new("a", move |a: i64| match bad(a) {
        true => Err(format!("{a} is bad")),
        false => Ok(a as f64 / 2.0),
    }))
}

fn rows(n_rows: i64) -> String {
    let rows: String = (0..n_rows)
        .map(|n| match n % 13 {
            7 => format!("{n},\"x\n{n}\"\r\n"),
            9 => format!("{n}\n"),
            _ => format!("{n},t{n}\n"),
        })
        .collect();
    format!("a,b\n{rows}")
}

#[test]
fn the_output_is_that_of_a_run_that_went_well() {
    for output in OUTPUTS {
        for on_error in POLICIES {
            for (filter, keep) in [(None, Keep::All), (Some("a % 3 <> 1"), Keep::All), (None, Keep::New)] {
                let folder = tempfile::tempdir().unwrap();
                let run = Run {
                    on_error,
                    filter,
                    keep,
                    piece_bytes: 60,
                    ..Run::new(folder.path(), &rows(60), output)
                };
                let _ = run.run(work(|a| a % 5 == 2)).unwrap();

                // Some are mended.
                let summary = run.retry(work(|a| a % 10 == 2)).unwrap();
                assert_eq!(summary.passes, Passes::One, "what was known of the input is known");
                let (found, ledger) = run.left();
                assert!(ledger.lines().all(|line| line.contains("\"attempt\":2")), "{ledger}");
                let again = Run { piece_bytes: 1 << 20, ..run.clone() };
                let expected = again.run(work(|a| a % 10 == 2)).unwrap();
                let (bytes, of_run) = run.left();
                assert_eq!(ledger.replace("\"attempt\":2", "\"attempt\":1"), of_run);
                assert!(found == bytes, "{output} {on_error} {filter:?} {keep:?}");
                assert_eq!(summary.faults, expected.faults);
                assert_eq!(summary.n_rows_written, expected.n_rows_written);

                // All that can be read are, from the output and the ledger of the retry.
                let _ = run.retry(work(|_| false)).unwrap();
                let (found, ledger) = run.left();
                assert!(ledger.lines().all(|line| line.contains("\"parse\"")), "{ledger}");
                let _ = again.run(work(|_| false)).unwrap();
                assert!(found == run.left().0, "{output} {on_error} {filter:?} {keep:?}");
            }
        }
    }
}

#[test]
fn rows_that_can_be_read_with_other_options() {
    for output in ["o.csv", "o.parquet"] {
        for on_error in POLICIES {
            let folder = tempfile::tempdir().unwrap();
            let text = "a,b\n1,x\nn/a,y\n3\n-,z\n5,w\n";
            let run = Run { on_error, ..Run::new(folder.path(), text, output) };
            let run = Run {
                read: ReadOptions::builder().dtypes([("a", parse_dtype("i64").unwrap())]).build().unwrap(),
                ..run
            };
            assert_eq!(run.run(work(|_| false)).unwrap().faults.n_rows(), 3);
            let read = |nulls: &[&str]| {
                let dtypes = [("a", parse_dtype("i64").unwrap())];
                ReadOptions::builder().dtypes(dtypes).null_values(nulls.iter().copied()).build().unwrap()
            };
            let run = Run { read: read(&["n/a"]), ..run };
            assert_eq!(run.retry(work(|_| false)).unwrap().faults.n_rows(), 2);
            let run = Run { read: read(&["n/a", "-"]), ..run };
            let summary = run.retry(work(|_| false)).unwrap();
            assert_eq!((summary.n_rows_retried, summary.faults.n_rows()), (Some(2), 1));
            let (found, _) = run.left();
            let _ = run.run(work(|_| false)).unwrap();
            assert!(found == run.left().0, "{output} {on_error}");
        }
    }
}

/// Columns whose dtype the rows decide: what the run has decided stays.
#[test]
fn dtypes_that_rows_decide() {
    let folder = tempfile::tempdir().unwrap();
    let script = |text: &str| Work::rows(Script::luau_body(text).output_names(["n", "t"]));
    for output in ["o.csv", "o.parquet", "o.ndjson"] {
        let run = Run { piece_bytes: 8, ..Run::new(folder.path(), "a\n1\n2\n3\n4\n5\n", output) };
        let _ = run.run(script("if a ~= 4 then error('no') end return a, 'x'")).unwrap();
        let summary = run.retry(script("if a == 2 then error('no') end return a, 'x'")).unwrap();
        assert_eq!((summary.n_rows_retried, summary.faults.n_rows()), (Some(4), 1));
        let found = run.left();
        let _ = run.run(script("if a == 2 then error('no') end return a, 'x'")).unwrap();
        assert!(found.0 == run.left().0, "{output}");

        // A value of another dtype than the run has decided is a fault still.
        let summary = run.retry(script("return 'two', 'x'")).unwrap();
        assert!(summary.first_failures[0].to_string().contains("two"), "{}", summary.first_failures[0]);

        // Nothing was decided by then.
        let _ = run.run(script("error('no') return nil, nil")).unwrap();
        let _ = run.retry(script("return 'v' .. a, a")).unwrap();
        let found = run.left();
        let _ = run.run(script("return 'v' .. a, a")).unwrap();
        assert!(found.0 == run.left().0, "{output}");
        std::fs::remove_file(folder.path().join(output)).unwrap();
    }
}

#[test]
fn what_has_changed_is_not_patched() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(folder.path(), &rows(20), "o.csv");
    let refused = |run: &Run, words: &str| {
        let before = std::fs::read(&run.output).unwrap();
        let error = run.retry(work(|_| false)).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(std::fs::read(&run.output).unwrap(), before);
    };
    let first = || assert_eq!(run.run(work(|a| a == 3)).unwrap().faults.of(parrow::RowFailure::Returned), 1);
    first();
    std::fs::write(&run.output, "a,b,result\n").unwrap();
    refused(&run, "o.csv: could not retry: the output has changed");
    first();
    std::fs::write(&run.input, rows(21)).unwrap();
    refused(&run, "in.csv: could not retry: the input has changed");
    first();
    std::fs::write(run.ledger(), "").unwrap();
    refused(&run, "the ledger is not as the run wrote it");
    first();
    std::fs::remove_file(folder.path().join("faults.ndjson.run.json")).unwrap();
    refused(&run, "could not read the record of the run");
    first();
    let error = run.retry(Work::rows(Script::luau_body("return a").output_names(["other"]))).unwrap_err();
    assert!(
        error.to_string().contains("the columns that would be written are not those of the output"),
        "{error}"
    );
    let head = run.pipeline(work(|a| a == 3)).filter(SqlPredicate::parse("a > 1").unwrap()).head(5);
    let _ = head.ledger(Output::from(run.ledger().as_path())).run().unwrap();
    refused(&run, "the run wrote the first rows alone");
}

#[test]
fn nothing_to_retry() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(folder.path(), "a\n1\n2\n", "o.parquet");
    let _ = run.run(work(|_| false)).unwrap();
    let before = run.left();
    let summary = run.retry(work(|_| true)).unwrap();
    assert_eq!((summary.n_rows_retried, summary.faults.is_empty()), (Some(0), true));
    assert_eq!(run.left(), before);
    assert_eq!(RunRecord::of_ledger(&run.ledger()).unwrap().columns().collect::<Vec<_>>(), ["result"]);
}

#[test]
fn other_formats_of_inputs_and_ledgers() {
    for (input, ledger) in
        [("i.parquet", "l.parquet"), ("i.arrow", "l.csv"), ("i.ndjson", "l.csv.gz"), ("i.csv", "l.tsv")]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(input);
        let frame = parrow::polars::df!("a" => (0..50i64).collect::<Vec<_>>(), "t" => ["x, ", "\"y\"", "", "é", "\\"].repeat(10));
        write(&frame.unwrap(), &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
        for format in [Format::NdJson, Format::Csv, Format::IpcStream] {
            let output = folder.path().join("out");
            let pipeline = |bad: i64| {
                let options = WriteOptions::builder().format(format).build().unwrap();
                let destination = Destination::Output(Output::from(output.as_path()), options);
                Pipeline::new(vec![Input::from(path.as_path())], work(move |a| a % 7 == bad), destination)
                    .apply(ApplyOptions::builder().on_error(OnError::Skip).build().unwrap())
                    .piece_bytes(100)
            };
            let ledger = folder.path().join(ledger);
            let with_ledger = |bad| pipeline(bad).ledger(Output::from(ledger.as_path())).run().unwrap();
            assert_eq!(with_ledger(4).faults.n_rows(), 7);
            assert!(pipeline(-1).retry(&ledger).unwrap().faults.is_empty());
            let found = std::fs::read(&output).unwrap();
            let _ = with_ledger(-1);
            assert!(found == std::fs::read(&output).unwrap(), "{input} {format}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever rows fail first and whatever then, in pieces of any size.
    #[test]
    fn any_rows_in_pieces_of_any_size(
        n_rows in 1i64..40,
        first in proptest::collection::btree_set(0i64..40, 0..20),
        then in proptest::collection::btree_set(0i64..40, 0..20),
        sizes in (1usize..80, 1usize..80),
        on_error in prop::sample::select(POLICIES.to_vec()),
        filter in prop_oneof![Just(None), Just(Some("a % 4 <> 2"))],
        output in prop::sample::select(vec!["o.csv", "o.ndjson", "o.parquet"]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let run = Run { on_error, filter, piece_bytes: sizes.0, ..Run::new(folder.path(), &rows(n_rows), output) };
        let (failed, fails) = (first.clone(), then.clone());
        let _ = run.run(work(move |a| failed.contains(&a))).unwrap();
        let run = Run { piece_bytes: sizes.1, ..run };
        let _ = run.retry(work(move |a| fails.contains(&a))).unwrap();
        let found = run.left().0;
        let _ = run.run(work(move |a| first.contains(&a) && then.contains(&a))).unwrap();
        prop_assert!(found == run.left().0);
    }
}

/// A file that is too large to be looked at whole and was only touched is told by its time, which can be put back.
#[cfg(unix)]
#[test]
fn an_input_that_was_touched() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(folder.path(), &rows(40_000), "o.csv");
    let _ = run.run(work(|a| a == 30_000)).unwrap();
    let modified = run.input.metadata().unwrap().modified().unwrap();
    let touch =
        |time| std::fs::File::options().write(true).open(&run.input).unwrap().set_modified(time).unwrap();
    touch(modified + std::time::Duration::from_secs(5));
    let error = run.retry(work(|_| false)).unwrap_err().to_string();
    let command =
        error.split("if it was only touched, ").nth(1).unwrap().split(" puts its time back").next().unwrap();
    assert!(command.starts_with("touch -d @") && error.contains("run it again"), "{error}");
    assert!(std::process::Command::new("sh").args(["-c", command]).status().unwrap().success());
    assert!(run.retry(work(|_| false)).unwrap().faults.n_rows() > 0, "rows that are too short are left");
}
