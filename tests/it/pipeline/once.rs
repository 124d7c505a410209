//! Rows that go on before all have been looked at: out of pipes, into pipes, with surprises behind the first rows.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use parrow::functions::{CountInRange, Hypot, MinMaxScale, RangeBounds};
use parrow::pipeline::{ColumnSelection, Destination, Keep, Passes, Pipeline, Work};
use parrow::report::RowPath;
use parrow::row::Typed;
use parrow::script::{SqlExpressions, SqlPredicate};
use parrow::table::{Format, Input, Output, ReadOptions, WriteOptions};
use parrow::{ApplyOptions, Error};
use proptest::prelude::*;

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    /// Over every numeric column.
    Count,
    CountOf(&'static [&'static str]),
    Hypot,
    Scale,
    Sql(&'static str),
    Closure,
    Copy,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    function: Function,
    filter: Option<&'static str>,
    keep: Keep,
    format: Format,
    head: Option<usize>,
}

impl Run {
    fn of(function: Function) -> Self {
        Self { function, filter: None, keep: Keep::New, format: Format::Csv, head: None }
    }

    /// The columns that are used, where not all are.
    fn used(&self) -> Option<Vec<&'static str>> {
        let mut used = match self.function {
            _ if self.keep == Keep::All => return None,
            Function::Copy => return None,
            Function::Count => vec!["a", "b", "f"],
            Function::CountOf(names) => names.to_vec(),
            Function::Hypot | Function::Scale => vec!["a", "b"],
            Function::Sql(text) => {
                vec!["a", "b", "f"].into_iter().filter(|name| text.contains(name)).collect()
            }
            Function::Closure => vec!["f"],
        };
        used.extend(self.filter.map(|filter| &filter[..1]));
        used.sort_unstable();
        used.dedup();
        Some(used)
    }

    fn pipeline(&self, input: &Path, output: &Path) -> Pipeline<'static> {
        let bounds = RangeBounds::new(-4, 1_000_000).unwrap();
        let work = match self.function {
            Function::Count => {
                Work::rows_over(ColumnSelection::Numeric, move |names| CountInRange::new(names, bounds))
            }
            Function::CountOf(names) => Work::rows(CountInRange::new(names, bounds)),
            Function::Hypot => Work::rows(Hypot::new("a", "b")),
            Function::Scale => Work::rows(MinMaxScale::new(["a", "b"])),
            Function::Sql(text) => Work::rows(SqlExpressions::parse([text]).unwrap()),
            Function::Closure => {
                Work::rows(Typed::new("f", |f: f64| if f > 8.0 { Err("too much") } else { Ok(f) }))
            }
            Function::Copy => Work::copy(),
        };
        let write = WriteOptions::builder().format(self.format).build().unwrap();
        let destination = Destination::Output(Output::from(output), write);
        Pipeline::new(vec![Input::Path(input.to_path_buf())], work, destination)
            .read(ReadOptions::default())
            .filter(self.filter.map(|text| SqlPredicate::parse(text).unwrap()))
            .keep(self.keep)
            .head(self.head)
    }
}

/// Where the rows come from and go to, and how they are cut.
#[derive(Clone, Copy, Debug)]
struct Way {
    from_pipe: bool,
    into_pipe: bool,
    piece_bytes: usize,
    n_threads: usize,
}

fn fifo(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// Runs it that way: what is there in the end, and in how many passes.
fn run(run: &Run, text: &[u8], folder: &Path, way: Way) -> (Result<Passes, String>, Vec<u8>) {
    let input = match way.from_pipe {
        true => fifo(folder, "input"),
        false => folder.join("input"),
    };
    let output = match way.into_pipe {
        true => fifo(folder, "output"),
        false => folder.join("output"),
    };
    if !way.from_pipe {
        fs::write(&input, text).unwrap();
    }
    let options = ApplyOptions::builder().threads(way.n_threads).build().unwrap();
    let pipeline = run.pipeline(&input, &output).piece_bytes(way.piece_bytes).apply(options);
    let (outcome, written) = thread::scope(|threads| {
        if way.from_pipe {
            let path = &input;
            threads.spawn(move || {
                let mut end = File::options().write(true).open(path).unwrap();
                // The run may be over before it has read all of it.
                let _ = end.write_all(text);
            });
        }
        if !way.into_pipe {
            let outcome = pipeline.run();
            return (outcome, fs::read(&output).unwrap_or_default());
        }
        // Both ends, so that nobody waits for a run that does not open it.
        let ends = File::options().read(true).write(true).open(&output).unwrap();
        let (opened, is_open) = mpsc::channel();
        let path = &output;
        let reader = threads.spawn(move || {
            let mut end = File::open(path).unwrap();
            opened.send(()).unwrap();
            let mut written = Vec::new();
            end.read_to_end(&mut written).unwrap();
            written
        });
        is_open.recv().unwrap();
        let outcome = pipeline.run();
        drop(ends);
        (outcome, reader.join().unwrap())
    });
    fs::remove_file(&input).unwrap();
    let _ = fs::remove_file(&output);
    (outcome.map(|summary| summary.passes).map_err(|error: Error| error.to_string()), written)
}

/// What the serial run over the whole table leaves.
fn whole(run: &Run, text: &[u8], folder: &Path) -> (Result<(), String>, Vec<u8>) {
    let (input, output) = (folder.join("input"), folder.join("output"));
    fs::write(&input, text).unwrap();
    // Of the other columns, a run over pieces reads nothing.
    let read = match run.used() {
        Some(used) => ReadOptions::builder()
            .columns(used.into_iter().map(str::to_owned).collect::<Vec<_>>())
            .build()
            .unwrap(),
        None => ReadOptions::default(),
    };
    let outcome = run.pipeline(&input, &output).read(read).read_whole().run();
    let written = fs::read(&output).unwrap_or_default();
    let _ = fs::remove_file(&output);
    fs::remove_file(&input).unwrap();
    (outcome.map(drop).map_err(|error| error.to_string()), written)
}

/// That a run leaves what the one over the whole table does: the same output, or the same error, before which nothing is written
/// into a file, and into a pipe rows that are those of any other run.
#[track_caller]
fn check(case: &Run, text: &[u8], folder: &Path, way: Way) -> Option<Passes> {
    let (expected, all) = whole(case, text, folder);
    let (found, written) = run(case, text, folder, way);
    match (&expected, &found) {
        (Ok(()), Ok(passes)) => {
            assert!(written == all, "{case:?} {way:?}\n{}", String::from_utf8_lossy(&written));
            Some(*passes)
        }
        (Err(expected), Err(found)) => {
            assert_eq!(expected, found, "{case:?} {way:?}");
            assert!(way.into_pipe || written.is_empty(), "{case:?} {way:?}");
            None
        }
        _ => panic!("{case:?} {way:?}: {found:?} instead of {expected:?}"),
    }
}

/// More rows than dtypes are proposed from: integers, integers, floats, text, dates.
fn first_rows() -> String {
    let rows = (0..10_050).map(|n| format!("{},{},{}.5,x,2024-02-{:02}\n", n % 10, n % 7, n % 8, n % 28 + 1));
    format!("a,b,f,t,d\n{}", rows.collect::<String>())
}

fn more_rows() -> String {
    (0..20_000).map(|n| format!("{},{},{}.5,x,2024-02-{:02}\n", n % 10, n % 7, n % 8, n % 28 + 1)).collect()
}

const WAYS: [Way; 5] = [
    Way { from_pipe: true, into_pipe: true, piece_bytes: 3_000, n_threads: 3 },
    Way { from_pipe: true, into_pipe: false, piece_bytes: 50_000, n_threads: 1 },
    Way { from_pipe: false, into_pipe: true, piece_bytes: 3_000, n_threads: 3 },
    Way { from_pipe: false, into_pipe: true, piece_bytes: 1 << 20, n_threads: 1 },
    Way { from_pipe: false, into_pipe: false, piece_bytes: 7_000, n_threads: 2 },
];

#[test]
fn one_pass_where_nothing_that_is_written_can_be_different() {
    let folder = tempfile::tempdir().unwrap();
    let widened =
        format!("{}4.5,-8,2.5,x,2024-02-01\n1,18446744073709551615,,,\n{}", first_rows(), more_rows());
    let all = Run { keep: Keep::All, ..Run::of(Function::Count) };
    for case in
        [Run::of(Function::Count), Run::of(Function::CountOf(&["b", "a", "a"])), Run::of(Function::Hypot)]
    {
        for way in WAYS {
            // A column of negative numbers and of one beyond `i64` is an error.
            assert_eq!(check(&case, widened.as_bytes(), folder.path(), way), None);
            let widened = widened.replace("-8", "8").replace("1,18446744073709551615", "1,7");
            let passes = check(&case, widened.as_bytes(), folder.path(), way).unwrap();
            let is_one = way.from_pipe || way.into_pipe;
            assert_eq!(passes, if is_one { Passes::One } else { Passes::BeganAnew }, "{case:?} {way:?}");
        }
    }
    for way in WAYS {
        let rows = first_rows() + &more_rows();
        assert_eq!(check(&all, rows.as_bytes(), folder.path(), way), Some(Passes::One), "{way:?}");
        let of_floats = Run::of(Function::Sql("f + 1 AS g"));
        assert_eq!(check(&of_floats, rows.as_bytes(), folder.path(), way), Some(Passes::One), "{way:?}");
        // What an integer that becomes a float is written as is known when all rows are.
        let of_integers = Run::of(Function::Sql("a + 1 AS g"));
        let passes = check(&of_integers, rows.as_bytes(), folder.path(), way);
        let is_one = !way.from_pipe && !way.into_pipe;
        assert_eq!(passes, Some(if is_one { Passes::One } else { Passes::LookedBefore }), "{way:?}");
    }
}

/// A cell that may come late.
fn late_cell() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => prop::sample::select(vec!["", "0", "3", "12", "-5", "7"]),
        3 => prop::sample::select(vec!["1.5", "-0.25", "1e3", "inf", "NaN", "9007199254740993", "-9007199254740993",
            "18446744073709551615", "99999999999999999999", "1e999", "-0", " 4", "123456789012345678"]),
        1 => prop::sample::select(vec!["x", "n/a", "007", "true", "2024-02-29", "\"5\"", "\"\"", "\"a\nb\"", "\u{e9}",
            "2024-02-29T10:00:00.123456789", "1,2", "+1"]),
    ]
}

/// The pieces behind the one that asks for other dtypes have been read by the old ones, by threads that were ahead.
#[test]
fn what_was_read_before_the_dtypes_widened_is_held_against_the_wider_ones() {
    let folder = tempfile::tempdir().unwrap();
    for (late, behind) in [("1.5", "9007199254740993"), ("18446744073709551615", "-5")] {
        for gap in [10, 40, 160] {
            let rows: String = (0..gap).map(|n| format!("{n},{},{}.5,x,\n", n % 7, n % 8)).collect();
            let text = format!("{}1,{late},2.5,x,\n{rows}1,{behind},2.5,x,\n{rows}", first_rows());
            for from_pipe in [false, true].repeat(4) {
                let way = Way { from_pipe, into_pipe: true, piece_bytes: 300, n_threads: 4 };
                let passes = check(&Run::of(Function::Count), text.as_bytes(), folder.path(), way);
                assert_eq!(passes, None, "the column holds both {late} and {behind}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_late(
        rows in prop::collection::vec((0usize..4_000, late_cell(), late_cell(), late_cell(), any::<bool>()), 1..6),
        function in prop::sample::select(vec![
            Function::Count, Function::Count, Function::CountOf(&["a"]), Function::CountOf(&["f", "b"]), Function::Hypot,
            Function::Scale, Function::Sql("f * 2 AS g"), Function::Sql("a + b AS g"), Function::Closure, Function::Copy,
        ]),
        filter in prop::sample::select(vec![None, None, None, Some("f > 3"), Some("a > 3")]),
        keep in prop::sample::select(vec![Keep::All, Keep::New]),
        format in prop::sample::select(vec![Format::Csv, Format::Csv, Format::NdJson]),
        head in prop::sample::select(vec![None, None, None, Some(11_000)]),
        (from_pipe, into_pipe) in prop::sample::select(vec![(true, true), (true, false), (false, true)]),
        piece_bytes in prop::sample::select(vec![300usize, 5_000, 60_000, 1 << 20]),
        n_threads in 1usize..4,
        rest in prop::sample::select(vec!["", "5,5", "\n\n", "1,2,3.5,\"x"]),
    ) {
        let mut text = first_rows();
        for (gap, a, b, f, is_short) in rows {
            for n in 0..gap {
                text += &format!("{},{},{}.25,x,\n", n % 10, n % 9, n % 8);
            }
            text += &format!("{a},{b},{f}");
            text += if is_short && f.len() == 3 { "\n" } else { ",x,2024-02-29\n" };
        }
        text += rest;
        // The rows of CSV that get new cells stay as they are, while those of a table are written anew.
        let keep = if format == Format::Csv && function != Function::Copy { Keep::New } else { keep };
        let case = Run { function, filter, keep, format, head };
        let folder = tempfile::tempdir().unwrap();
        let way = Way { from_pipe, into_pipe, piece_bytes, n_threads };
        check(&case, text.as_bytes(), folder.path(), way);
    }
}

#[test]
fn the_report_says_which_way_the_pieces_went() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.csv"), folder.path().join("out"));
    let path_of = |case: Run, text: &str| {
        fs::write(&input, text).unwrap();
        let summary = case.pipeline(&input, &output).piece_bytes(5_000).run().unwrap();
        summary.report().path.clone()
    };
    let n_pieces = |n_fused, n_general| n_fused > 3 && n_general == 1;
    let rows = first_rows();
    let count = Run { keep: Keep::All, ..Run::of(Function::Count) };
    assert_eq!(path_of(count, &rows), RowPath::Fused { reason: None });

    for (odd, word) in [("3,\"4\",1.5,x,\n", "quotation"), ("3, 4,1.5,x,\n", "plain numbers")] {
        let RowPath::Mixed { n_fused, n_general, reason: Some(reason) } =
            path_of(count, &(rows.clone() + odd))
        else {
            panic!("one piece is odd: {odd:?}")
        };
        assert!(
            n_pieces(n_fused, n_general) && reason.contains(word),
            "{odd:?}: {n_fused} {n_general} {reason}"
        );
    }

    let RowPath::Fused { reason: Some(reason) } = path_of(count, &(rows.clone() + "3,4.5,1.5,x,\n")) else {
        panic!("the run begins anew")
    };
    assert!(reason.contains("begun anew"), "{reason}");

    for (case, word) in [
        (Run::of(Function::Sql("upper(t) AS u")), "other dtypes"),
        (Run { format: Format::Parquet, ..Run::of(Function::Count) }, "no text"),
    ] {
        let RowPath::General { reason: Some(reason) } = path_of(case, &rows) else { panic!("{case:?}") };
        assert!(reason.contains(word), "{case:?}: {reason}");
    }
}
