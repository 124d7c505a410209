//! Whatever the pieces and the threads, a run gives what it gives over the whole table.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parrow::functions::{CountInRange, RangeBounds};
use parrow::pipeline::{ColumnSelection, Destination, Keep, Passes, Pipeline, RunSummary, Work};
use parrow::polars::prelude::DataFrame;
use parrow::row::{Dynamic, Row, Typed};
use parrow::script::{Script, SqlExpressions, SqlPredicate};
use parrow::table::{Format, Header, Input, Output, ReadOptions, WriteOptions};
use parrow::{ApplyOptions, Error, OnError};
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use proptest::prelude::*;

/// How a run is cut up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Whole,
    Pieces(usize, usize),
}

/// A run to compare.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) read: ReadOptions,
    pub(super) expressions: Option<Vec<String>>,
    pub(super) filter: Option<&'static str>,
    pub(super) keep: Keep,
    pub(super) on_error: OnError,
    pub(super) head: Option<usize>,
    pub(super) format: Format,
    pub(super) keeps_rejects: bool,
    pub(super) max_errors: Option<u64>,
    /// Whether the run over the whole table is to leave the same: rows of CSV that get new cells stay as they stand, quotes and
    /// all, while those of a table are written anew. Of Parquet, the values are compared all the same.
    pub(super) compares_whole: bool,
}

impl Case {
    pub(super) fn new(expressions: &[&str], format: Format) -> Self {
        Self {
            read: ReadOptions::default(),
            expressions: Some(expressions.iter().map(|text| text.to_string()).collect()),
            filter: None,
            keep: Keep::All,
            on_error: OnError::Fail,
            head: None,
            format,
            keeps_rejects: false,
            max_errors: None,
            compares_whole: true,
        }
    }

    pub(super) fn copy(format: Format) -> Self {
        Self { expressions: None, ..Self::new(&[], format) }
    }

    fn run(&self, inputs: &[PathBuf], output: &Path, cut: Cut) -> Result<RunSummary, Error> {
        let work = match &self.expressions {
            Some(expressions) => Work::rows(SqlExpressions::parse(expressions)?),
            None => Work::copy(),
        };
        let write = WriteOptions::builder().format(self.format).build()?;
        let destination = Destination::Output(Output::from(output), write);
        let inputs = inputs.iter().map(|path| Input::Path(path.clone())).collect();
        let mut apply = ApplyOptions::builder().on_error(self.on_error);
        if let Cut::Pieces(_, n_threads) = cut {
            apply = apply.threads(n_threads);
        }
        let filter = self.filter.map(|text| SqlPredicate::parse(text).unwrap());
        let pipeline = Pipeline::new(inputs, work, destination)
            .read(self.read.clone())
            .filter(filter)
            .keep(self.keep)
            .head(self.head)
            .apply(apply.build()?);
        match cut {
            Cut::Whole => pipeline.read_whole().run(),
            Cut::Pieces(n_bytes, _) if self.on_error == OnError::Fail => pipeline.piece_bytes(n_bytes).run(),
            Cut::Pieces(n_bytes, _) => pipeline
                .ledger(Output::Path(output.with_file_name("ledger.ndjson")))
                .rejects(self.keeps_rejects.then(|| Output::Path(output.with_file_name("rejects"))))
                .max_errors(self.max_errors)
                .piece_bytes(n_bytes)
                .run(),
        }
    }
}

/// What a run left: its output and its faults, or its error.
#[derive(Debug, PartialEq)]
pub(super) struct Left {
    pub(super) output: Result<Written, String>,
    pub(super) ledger: Option<String>,
    pub(super) rejects: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) n_rows_read: u64,
    pub(super) n_rows: u64,
    /// The kinds of the faults, the rows that failed, and those left out.
    pub(super) faults: (String, u64, u64),
    pub(super) first: Vec<String>,
}

pub(super) fn left(case: &Case, inputs: &[PathBuf], folder: &Path, cut: Cut) -> Left {
    let output = folder.join("out");
    let outcome = case.run(inputs, &output, cut);
    let taken = |name: &str| {
        let path = folder.join(name);
        let text = String::from_utf8_lossy(&std::fs::read(&path).ok()?).into_owned();
        std::fs::remove_file(&path).unwrap();
        Some(text)
    };
    let (ledger, rejects) = (taken("ledger.ndjson"), taken("rejects"));
    let output = match outcome {
        Ok(summary) => {
            let bytes = std::fs::read(&output).unwrap();
            std::fs::remove_file(&output).unwrap();
            let faults = &summary.faults;
            Ok(Written {
                bytes,
                n_rows_read: summary.n_rows_read,
                n_rows: summary.n_rows_written,
                faults: (faults.to_string(), faults.n_rows(), faults.n_rows_left_out()),
                first: summary.first_failures.iter().map(Error::to_string).collect(),
            })
        }
        Err(error) => {
            assert!(!output.exists(), "nothing is left of a run that fails");
            Err(error.to_string())
        }
    };
    Left { output, ledger, rejects }
}

/// That a run over the whole table, one over a single piece, and those over pieces of these sizes leave the same.
///
/// Where rows that cannot be read are no error, there is no run over the whole table to compare with.
#[track_caller]
pub(super) fn check(case: &Case, inputs: &[PathBuf], folder: &Path, sizes: impl IntoIterator<Item = usize>) {
    let whole = left(case, inputs, folder, Cut::Whole);
    let single = left(case, inputs, folder, Cut::Pieces(1 << 24, 1));
    let readable = |left: &Left| match &left.output {
        Ok(written) => {
            let bytes = String::from_utf8_lossy(&written.bytes);
            format!("{bytes}\n{:?} {:?}\n{:?}", written.faults, written.first, (&left.ledger, &left.rejects))
        }
        Err(error) => error.clone(),
    };
    let is_comparable = case.on_error == OnError::Fail || whole.output.is_ok();
    if is_comparable && !case.compares_whole && case.format == Format::Parquet {
        let outcomes = (frame_of(&single), frame_of(&whole));
        assert_eq!(outcomes.0.is_ok(), outcomes.1.is_ok(), "{case:?}");
        if let (Ok(single), Ok(whole)) = outcomes {
            assert!(single.equals_missing(&whole), "one piece, {case:?}\n{single}\ninstead of\n{whole}");
        }
    }
    if is_comparable && case.compares_whole && case.max_errors.is_none() {
        let outcomes = (readable(&single), readable(&whole));
        let same = single.output.as_ref().map(of_policy(case)) == whole.output.as_ref().map(of_policy(case));
        assert!(same, "one piece, {case:?}\n{}\ninstead of\n{}", outcomes.0, outcomes.1);
    }
    for size in sizes {
        let n_threads = if size % 2 == 1 { 1 } else { 3 };
        let found = left(case, inputs, folder, Cut::Pieces(size, n_threads));
        assert!(
            found == single,
            "pieces of {size} bytes on {n_threads} threads, {case:?}\n{}\ninstead of\n{}",
            readable(&found),
            readable(&single)
        );
    }
}

/// The rows of a Parquet file that a run left.
fn frame_of(left: &Left) -> Result<DataFrame, String> {
    let written = left.output.as_ref().map_err(String::clone)?;
    let read = ParquetReader::new(std::io::Cursor::new(&written.bytes)).finish();
    Ok(read.unwrap())
}

/// What a run over the whole table and one over pieces have in common: a ledger keeps messages that `null` alone does not.
fn of_policy(case: &Case) -> impl Fn(&Written) -> (Vec<u8>, u64, u64, Vec<String>) {
    let keeps_messages = case.on_error != OnError::Null;
    move |written| {
        let first = if keeps_messages { written.first.clone() } else { Vec::new() };
        (written.bytes.clone(), written.n_rows, written.faults.1, first)
    }
}

pub(super) fn files(folder: &Path, texts: &[&[u8]]) -> Vec<PathBuf> {
    let write = |(index, text): (usize, &&[u8])| {
        let path = folder.join(format!("{index}.csv"));
        std::fs::write(&path, text).unwrap();
        path
    };
    texts.iter().enumerate().map(write).collect()
}

/// Texts with what there is at the borders of records.
const TEXTS: [&str; 16] = [
    "a,b\n1,2\n3,4\n",
    "a,b\r\n1,x\r\n3,\"y\r\nz\"\r\n",
    "\u{feff}a,b\n1,\"x\"\"y\"\n3,\"\"\n\n4,z\n\n",
    "a,b\n\n\n1,\"\n\n\"\n\r\n2,é中\n3,\"🦀,\"",
    "a,b\n1,\"a \"\" , \"\"\n\"\n2,5\" pipe\n3,x\"\n",
    "a,b\n1,2\n3,4\r",
    "a,b\r\n1,2\r\n\r\n3,4\r\n\r",
    "a\n1\n\n2\n\n\n3",
    "a\n\n\n\n",
    "\n\na,b\n1,2\n",
    "a,b\n",
    "a,b",
    "a,b\n1,2\n1,2,3\n",
    "a,b\n1,\"x\" y\n",
    "a,b\n1,\"x\n2,y\n",
    "a;b\n1;2,5\n3;\"4;\n\"\n",
];

#[test]
fn pieces_of_any_size_at_every_border() {
    let folder = tempfile::tempdir().unwrap();
    for text in TEXTS {
        let inputs = files(folder.path(), &[text.as_bytes()]);
        let sizes = 1..text.len() + 2;
        check(&Case::copy(Format::Csv), &inputs, folder.path(), sizes.clone().step_by(3));
        check(&Case::copy(Format::NdJson), &inputs, folder.path(), sizes.clone());
        check(&Case::new(&["a + 1 AS n"], Format::NdJson), &inputs, folder.path(), sizes.clone());
        let new = Case { keep: Keep::New, ..Case::new(&["a AS n"], Format::Csv) };
        check(&new, &inputs, folder.path(), sizes.clone().step_by(2));
        let none = ReadOptions::builder().header(Header::None).build().unwrap();
        let headless = Case { read: none, ..Case::new(&["column_1 AS n"], Format::NdJson) };
        check(&headless, &inputs, folder.path(), sizes.step_by(2));
    }
}

#[test]
fn conditions_policies_and_heads() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..60).map(|n| if n % 7 == 3 { "x\n".into() } else { format!("{n}\n") }).collect();
    let inputs = files(folder.path(), &[format!("t\n{text}").as_bytes()]);
    let text = ReadOptions::builder().dtypes([("t", polars_text())]).build().unwrap();
    for on_error in [OnError::Fail, OnError::Null, OnError::Skip, OnError::Collect] {
        for filter in [None, Some("t < '4'"), Some("CAST(t AS BIGINT) > 20")] {
            for format in [Format::Csv, Format::NdJson, Format::Parquet, Format::Ipc, Format::IpcStream] {
                let case = Case {
                    on_error,
                    filter,
                    read: text.clone(),
                    ..Case::new(&["CAST(t AS BIGINT) AS n"], format)
                };
                check(&case, &inputs, folder.path(), [3, 50, 1000]);
            }
        }
    }
    for head in [0, 1, 7, 59, 60, 61] {
        let case = Case { head: Some(head), ..Case::new(&["upper(t) AS u"], Format::Csv) };
        check(&case, &inputs, folder.path(), [3, 50, 1000]);
        let case = Case { filter: Some("t > '3'"), ..case };
        check(&case, &inputs, folder.path(), [3, 50, 1000]);
    }
}

fn polars_text() -> parrow::polars::prelude::DataType {
    parrow::table::parse_dtype("str").unwrap()
}

/// More rows than a dtype is proposed from, and then others.
#[test]
fn later_rows_widen_or_contradict() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |later: &str| {
        let first: String = (0..10_050).map(|n| format!("{n},,x\n")).collect();
        format!("a,b,c\n{first}{later}\n7,,x\n")
    };
    for later in [
        "1.5,,x",
        "18446744073709551615,,x",
        "1,2,x",
        "1,n/a,x",
        "n/a,2,x",
        "007,,x",
        "1,x,2",
        "1,2",
        "-3,,\u{e9}",
    ] {
        let inputs = files(folder.path(), &[rows(later).as_bytes()]);
        for case in [Case::new(&["a + 1 AS n"], Format::NdJson), Case::copy(Format::NdJson)] {
            check(&case, &inputs, folder.path(), [1_000, 30_000, 1 << 20]);
        }
    }
    let inputs = files(folder.path(), &[[rows("1,,").as_bytes(), b"1,,\xff\n"].concat().as_slice()]);
    check(&Case::copy(Format::NdJson), &inputs, folder.path(), [1_000, 30_000, 1 << 20]);
}

/// What the first rows propose is trusted only where a run may begin anew, and nobody's function is called twice.
#[test]
fn a_run_begins_anew_only_where_nobody_can_tell() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.csv");
    let rows = |later: &str| {
        let first: String = (0..10_050).map(|n| format!("{},{}\n", n % 10, n % 7)).collect();
        format!("a,b\n{first}{later}3,4\n")
    };
    let run = |text: &str, work: Work<'_>, keep: Keep| {
        let inputs = files(folder.path(), &[text.as_bytes()]);
        let destination = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
        let inputs = inputs.iter().map(|path| Input::Path(path.clone())).collect();
        let summary = Pipeline::new(inputs, work, destination).keep(keep).piece_bytes(3_000).run()?;
        Ok::<_, Error>((summary, std::fs::read_to_string(&output).unwrap()))
    };
    let count = || Work::rows(CountInRange::new(["a", "b"], RangeBounds::new(4, 8).unwrap()));
    let counted = |text: &str| {
        let within = |cell: &str| cell.parse::<f64>().is_ok_and(|number| (4.0..=8.0).contains(&number));
        let count = |line: &str| line.split(',').filter(|cell| within(cell)).count();
        let lines: String = text.lines().skip(1).map(|line| format!("{line},{}\n", count(line))).collect();
        format!("a,b,count_in_range\n{lines}")
    };
    for (later, passes) in [
        ("", Passes::One),
        ("12,\n-5,100\n", Passes::One),
        ("4.5,8\n", Passes::BeganAnew),
        ("18446744073709551615,8\n", Passes::BeganAnew),
    ] {
        let text = rows(later);
        let (summary, found) = run(&text, count(), Keep::All).unwrap();
        assert_eq!((summary.passes, found), (passes, counted(&text)), "{later:?}");
        let n_calls = AtomicU64::new(0);
        let closure = Typed::new("a", |a: f64| {
            n_calls.fetch_add(1, Ordering::Relaxed);
            a
        });
        let (summary, _) = run(&text, Work::rows(closure), Keep::New).unwrap();
        assert_eq!(summary.passes, Passes::LookedBefore);
        assert_eq!(n_calls.into_inner(), summary.n_rows_read, "{later:?}");
    }
    std::fs::write(&output, "as it was").unwrap();
    let error = run(&rows("x,5\n"), count(), Keep::All).unwrap_err();
    assert_eq!((error.position().line, error.position().column.as_deref()), (Some(10_052), Some("a")));
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "as it was");
}

#[test]
fn several_files_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let texts: [&[&[u8]]; 6] = [
        &[b"a,b\n1,2\n", b"a,b\n3,4\n5,6", b"b,a\n7,8\n"],
        &[b"a\n1\n", b"a\n2.5\n"],
        &[b"a\n\n", b"a\n2.5\n", b"a\nx\n"],
        &[b"a,b\n1,2\n", b"a,c\n1,2\n"],
        &[b"a\n9007199254740993\n", b"a\n2.5\n"],
        &[b"a\n", b"a\n1\n", b"a\n"],
    ];
    for texts in texts {
        let inputs = files(folder.path(), texts);
        for case in [Case::new(&["a AS n"], Format::NdJson), Case::copy(Format::Parquet)] {
            check(&case, &inputs, folder.path(), [1, 4, 100]);
            for head in [0, 1, 2, 3] {
                let case = Case { head: Some(head), ..case.clone() };
                check(&case, &inputs, folder.path(), [1, 4, 100]);
            }
        }
    }
}

#[test]
fn every_numeric_column_and_the_cells_among_them() {
    let folder = tempfile::tempdir().unwrap();
    let run = |inputs: &[PathBuf], cut: Cut| {
        let output = folder.path().join("out.csv");
        let work = Work::rows_over(ColumnSelection::Numeric, |names| {
            SqlExpressions::parse([format!("{} + 0 AS s", names.join(" + "))]).unwrap()
        });
        let destination = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
        let inputs = inputs.iter().map(|path| Input::Path(path.clone())).collect();
        let pipeline = Pipeline::new(inputs, work, destination).keep(Keep::New);
        let outcome = match cut {
            Cut::Whole => pipeline.read_whole().run(),
            Cut::Pieces(n_bytes, _) => pipeline.piece_bytes(n_bytes).run(),
        };
        outcome.map(|_| std::fs::read(&output).unwrap()).map_err(|error| error.to_string())
    };
    let late: String = (0..12_000).map(|n| format!("{n},{}\n", if n > 11_000 { "5" } else { "" })).collect();
    let late = format!("a,b\n{late}");
    for texts in [
        &["a,b,c\n1,2,x\n3,4,y\n"][..],
        &["a,b\n1,2\n3,x\n5,6\n"],
        &["a,b\n1,2\n", "a,b\n1,y\n2,3\n"],
        &["a\nx\n"],
        &[&late],
    ] {
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        let inputs = files(folder.path(), &texts);
        let expected = run(&inputs, Cut::Whole);
        for size in [1, 7, 4_000, 1 << 20] {
            if size < 1_000 && texts[0].len() > 1_000 {
                continue;
            }
            assert_eq!(run(&inputs, Cut::Pieces(size, 2)), expected);
        }
    }
}

/// The bytes of the input are those of the output, with new cells behind each row.
#[test]
fn rows_stay_as_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let verbatim = |text: &str, case: &Case, expected: &str| {
        let inputs = files(folder.path(), &[text.as_bytes()]);
        for size in 1..text.len() + 2 {
            let found = left(case, &inputs, folder.path(), Cut::Pieces(size, 2)).output.unwrap();
            assert_eq!(String::from_utf8_lossy(&found.bytes), expected, "pieces of {size} bytes of {text:?}");
        }
    };
    let text = |expressions: &[&str]| Case::new(expressions, Format::Csv);
    verbatim("a,b\n1.50,x\n007,\"y\"\n", &text(&["b AS c"]), "a,b,c\n1.50,x,x\n007,\"y\",y\n");
    verbatim(
        "a,b\r\n 1 ,\"x\r\ny\"\r\n2,\r\n",
        &text(&["a + 1 AS n"]),
        "a,b,n\r\n 1 ,\"x\r\ny\",2\r\n2,,3\r\n",
    );
    verbatim("\u{feff}a;b\n1e3;2\n\n+4;5", &text(&["b * 2 AS n"]), "\u{feff}a;b;n\n1e3;2;4\n+4;5;10\n");
    verbatim(
        "a\n1\n\n2",
        &text(&["a AS n", "'x,\"' AS t"]),
        "a,n,t\n1,1,\"x,\"\"\"\n,,\"x,\"\"\"\n2,2,\"x,\"\"\"\n",
    );
    verbatim(
        "a,b\n1,x\n2,y\n3,z\n",
        &Case { filter: Some("a <> 2"), ..text(&["a AS n"]) },
        "a,b,n\n1,x,1\n3,z,3\n",
    );
    let skip = Case { on_error: OnError::Skip, ..text(&["CAST(b AS BIGINT) AS n"]) };
    verbatim("a,b\n1,x\n2, 2\n3,03\n", &skip, "a,b,n\n3,03,3\n");
    let head = Case { head: Some(1), filter: Some("a > 1"), ..text(&["b || chr(10) AS n"]) };
    verbatim(
        "a,b\n1,x\n2,\"y\n\"\n3,z\n",
        &Case { expressions: Some(vec!["b AS n".into()]), ..head },
        "a,b,n\n2,\"y\n\",\"y\n\"\n",
    );
    let none = ReadOptions::builder().header(Header::None).build().unwrap();
    verbatim(
        "01,x\n2,y",
        &Case { read: none, ..text(&["column_2 AS n"]) },
        "column_1,column_2,n\n01,x,x\n2,y,y\n",
    );
}

#[test]
fn columns_that_are_not_used_may_hold_anything() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), &[b"a,b,c\n1,n/a,\xff\n2,3,x\n3,99999999999999999999999,y\n"]);
    let case = Case::new(&["a + 1 AS n"], Format::Csv);
    let written = left(&case, &inputs, folder.path(), Cut::Pieces(5, 2)).output.unwrap();
    assert_eq!(written.bytes, b"a,b,c,n\n1,n/a,\xff,2\n2,3,x,3\n3,99999999999999999999999,y,4\n");
}

#[test]
fn a_row_that_does_not_fit_is_an_error_and_a_large_one_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let large = "x".repeat(900_000);
    let inputs = files(folder.path(), &[format!("a,b\n1,\"{large}\"\n2,y\n").as_bytes()]);
    let run = |limit: u64| {
        let output = folder.path().join("out.csv");
        let destination = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
        let work = Work::rows(Typed::new("a", |a: i64| a * 2));
        let inputs = inputs.iter().map(|path| Input::Path(path.clone())).collect();
        Pipeline::new(inputs, work, destination).memory_limit(limit).run()
    };
    assert_eq!(run(16 << 20).unwrap().n_rows_written, 2);
    let error = run(1 << 20).unwrap_err();
    assert_eq!(error.position().line, Some(2));
    assert!(error.to_string().contains("--memory-limit"), "{error}");
}

#[test]
fn a_line_of_more_values_than_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.ndjson");
    std::fs::write(&path, format!("{{\"l\":[1]}}\n\n{{\"l\":[0{}]}}\n", ",1".repeat(100_000))).unwrap();
    let run = |limit: u64| {
        let output = Output::from(folder.path().join("out.arrow"));
        let destination = Destination::Output(output, WriteOptions::default());
        Pipeline::new(vec![Input::Path(path.clone())], Work::copy(), destination).memory_limit(limit).run()
    };
    assert_eq!(run(32 << 20).unwrap().n_rows_written, 2);
    let error = run(8 << 20).unwrap_err();
    assert_eq!((error.position().line, error.position().row), (Some(3), Some(1)));
    assert!(error.to_string().contains("--memory-limit"), "{error}");
}

/// Any cells, quoted or not, in rows that may be blank or ragged.
fn csv_text() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop::sample::select(vec![
        "1",
        "1",
        "1",
        "-20",
        "2.5",
        "",
        "",
        "x",
        "\"\"",
        "\"x\"",
        "\"x\n,\"",
        "\"\"\"\r\n\"",
        "é",
        "\"7\"",
        "5\"",
        "\r",
        " 3 ",
    ]);
    let line_end = prop_oneof![3 => Just("\n"), 1 => Just("\r\n")];
    let line = (prop::bool::weighted(0.1), proptest::collection::vec(cell, 2), line_end);
    let last = prop_oneof![Just("\n"), Just("\r\n"), Just(""), Just("\r")];
    (any::<bool>(), proptest::collection::vec(line, 0..14), last).prop_map(|(mark, lines, last)| {
        let mut text = String::from(if mark { "\u{feff}a,b\n" } else { "a,b\n" });
        for (is_blank, cells, line_end) in lines {
            if !is_blank {
                text += &cells.join(",");
            }
            text += line_end;
        }
        let ended = text.trim_end_matches(['\r', '\n']).len();
        text.truncate(ended);
        (text + last).into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_pieces_of_any_size(text in csv_text(), size in 1usize..60, filters in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let inputs = files(folder.path(), &[&text]);
        let mut case = Case::copy(Format::NdJson);
        case.filter = filters.then_some("a IS NOT NULL");
        check(&case, &inputs, folder.path(), [size]);
        let case = Case { expressions: Some(vec!["CAST(a AS DOUBLE) * 2 AS n".into()]), on_error: OnError::Collect, ..case };
        check(&case, &inputs, folder.path(), [size]);
        check(&Case { keep: Keep::New, ..case }, &inputs, folder.path(), [size]);
    }
}

#[test]
fn a_row_keeps_its_index_behind_a_condition() {
    let folder = tempfile::tempdir().unwrap();
    let (input, target) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
    let lines: String = (0..2000).map(|row| format!("{},{row}\n", row * 7 % 10)).collect();
    std::fs::write(&input, format!("a,row\n{lines}")).unwrap();
    let rows: String = (0..2000).filter(|row| row * 7 % 10 > 4).map(|row| format!("{row}.0\n")).collect();
    let expected = format!("result\n{rows}");
    for piece_bytes in [20, 300, 1 << 20] {
        let script = Work::rows(Script::luau_body("return parrow.row_index"));
        let closure = Work::rows(Dynamic::new(["a"], |row: &Row| row.index() as f64));
        for work in [script, closure] {
            let output = Destination::Output(Output::from(target.as_path()), WriteOptions::default());
            let pipeline = Pipeline::new(vec![Input::from(input.as_path())], work, output)
                .filter(SqlPredicate::parse("a > 4").unwrap())
                .keep(Keep::New)
                .piece_bytes(piece_bytes);
            assert_eq!(pipeline.run().unwrap().n_rows_read, 2000);
            let written = std::fs::read_to_string(&target).unwrap();
            assert_eq!(written, expected, "{piece_bytes}");
        }
    }
}
