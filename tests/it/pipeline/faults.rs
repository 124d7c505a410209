//! Rows that cannot be read and rows whose function fails: what is written, what the ledger and the rejects hold, and when a run
//! ends.

use std::path::Path;

use parrow::pipeline::{ColumnSelection, Destination, Keep, Pipeline, Work};
use parrow::row::Dynamic;
use parrow::script::{Script, SqlExpressions};
use parrow::table::{Format, Header, Input, Output, ReadOptions, WriteOptions, parse_dtype};
use parrow::{ApplyOptions, ErrorKind, OnError, RowFailure};
use proptest::prelude::*;

use super::stream::{Case, Cut, Left, check, files, left};

const POLICIES: [OnError; 3] = [OnError::Null, OnError::Skip, OnError::Collect];

/// A case that keeps its rejects.
fn case(expressions: &[&str], format: Format, on_error: OnError) -> Case {
    Case { on_error, keeps_rejects: true, ..Case::new(expressions, format) }
}

/// What a run over one piece leaves, which runs over pieces of any size must leave too.
#[track_caller]
fn run(case: &Case, text: &[u8]) -> Left {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), &[text]);
    check(case, &inputs, folder.path(), (1..text.len() + 2).step_by(3));
    left(case, &inputs, folder.path(), Cut::Pieces(1 << 20, 2))
}

/// The faults of a ledger: row, line, column, kind, whether the row is in the output.
fn faults(left: &Left) -> Vec<(u64, u64, Option<String>, String, bool)> {
    let ledger = left.ledger.as_deref().expect("there is a ledger");
    let fault = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["attempt"], 1);
        let column = value["column"].as_str().map(str::to_owned);
        let number = |name: &str| value[name].as_u64().unwrap();
        let kind = value["kind"].as_str().unwrap().to_owned();
        (number("row"), number("line"), column, kind, value["in_output"].as_bool().unwrap())
    };
    ledger.lines().map(fault).collect()
}

fn parse(
    row: u64,
    line: u64,
    column: Option<&str>,
    is_written: bool,
) -> (u64, u64, Option<String>, String, bool) {
    (row, line, column.map(str::to_owned), "parse".to_owned(), is_written)
}

const BAD: &[u8] = b"a,b\n1,x\n2\n3,y,z\n4,\"v\" w\n\n5,\"u\n\"\n6,t";

#[test]
fn rows_that_cannot_be_aligned_are_left_out_whatever_the_policy() {
    for on_error in POLICIES {
        for format in [Format::Csv, Format::NdJson, Format::Parquet, Format::Ipc, Format::IpcStream] {
            for expressions in [&["a + 1 AS n"][..], &["upper(b) AS u"]] {
                let left = run(&case(expressions, format, on_error), BAD);
                let written = left.output.as_ref().unwrap();
                assert_eq!((written.n_rows_read, written.n_rows), (6, 3));
                assert_eq!(written.faults, ("3 parse".to_owned(), 3, 3));
                assert_eq!(
                    faults(&left),
                    [parse(1, 3, None, false), parse(2, 4, None, false), parse(3, 5, None, false)]
                );
                assert_eq!(left.rejects.as_deref(), Some("a,b\n2\n3,y,z\n4,\"v\" w\n"));
            }
        }
        let left = run(&case(&["a + 1 AS n"], Format::Csv, on_error), BAD);
        assert_eq!(left.output.unwrap().bytes, b"a,b,n\n1,x,2\n5,\"u\n\",6\n6,t,7\n");
    }
}

#[test]
fn a_cell_that_is_no_value_of_its_dtype_is_a_fault_where_its_column_is_used() {
    let text = b"a,b\n1,x\nn/a,y\n3,z\n007,v\n";
    for on_error in POLICIES {
        let left = run(&case(&["a + 1 AS n"], Format::Csv, on_error), text);
        let is_kept = on_error != OnError::Skip;
        assert_eq!(faults(&left), [parse(1, 3, Some("a"), is_kept), parse(3, 5, Some("a"), is_kept)]);
        let expected: &[u8] = match is_kept {
            true => b"a,b,n\n1,x,2\nn/a,y,\n3,z,4\n007,v,\n",
            false => b"a,b,n\n1,x,2\n3,z,4\n",
        };
        let written = left.output.unwrap();
        assert_eq!(String::from_utf8_lossy(&written.bytes), String::from_utf8_lossy(expected));
        assert_eq!(written.faults.2, if is_kept { 0 } else { 2 });
        assert_eq!(left.rejects.as_deref(), Some("a,b\nn/a,y\n007,v\n"));

        let left = run(&case(&["upper(b) AS u"], Format::Csv, on_error), text);
        assert_eq!(faults(&left), []);
        assert_eq!(left.output.unwrap().n_rows, 4);
    }
    // Written anew, the cell is null.
    let left = run(&case(&["a + 1 AS n"], Format::NdJson, OnError::Collect), text);
    assert_eq!(
        String::from_utf8_lossy(&left.output.unwrap().bytes),
        "{\"a\":1,\"b\":\"x\",\"n\":2}\n{\"a\":null,\"b\":\"y\",\"n\":null}\n{\"a\":3,\"b\":\"z\",\"n\":4}\n\
         {\"a\":null,\"b\":\"v\",\"n\":null}\n"
    );
}

#[test]
fn given_dtypes_lists_and_bytes_that_are_no_text() {
    let dtypes = |dtypes: &[(&str, &str)]| {
        let dtypes = dtypes.iter().map(|(name, dtype)| (name.to_string(), parse_dtype(dtype).unwrap()));
        ReadOptions::builder().dtypes(dtypes).build().unwrap()
    };
    let text = b"a,l\n1,[1]\n300,[2]\n5,[x]\n-3,x\n";
    let read = dtypes(&[("a", "u8"), ("l", "list[i64]")]);
    for format in [Format::NdJson, Format::Parquet] {
        let left = run(&Case { read: read.clone(), ..case(&["a AS n"], format, OnError::Collect) }, text);
        assert_eq!(
            faults(&left),
            [
                parse(1, 3, Some("a"), true),
                parse(2, 4, Some("l"), true),
                parse(3, 5, Some("a"), true),
                parse(3, 5, Some("l"), true)
            ]
        );
        assert_eq!(left.output.unwrap().faults, ("4 parse".to_owned(), 3, 0));
    }
    let left = run(&case(&["upper(b) AS u"], Format::NdJson, OnError::Collect), b"a,b\n1,x\n2,\xff\n3,z\n");
    assert_eq!(faults(&left), [parse(1, 3, Some("b"), true)]);
}

#[test]
fn a_condition_decides_whether_a_bad_cell_counts() {
    let text = b"a,b,c\n1,2,k\n1,x,k\n2,y,k\nz,3,k\n1,4\n";
    for on_error in POLICIES {
        let read = ReadOptions::builder()
            .dtypes([("a", parse_dtype("i64").unwrap()), ("b", parse_dtype("i64").unwrap())])
            .build()
            .unwrap();
        let case = Case { read, filter: Some("a = 1"), ..case(&["b + 1 AS n"], Format::Csv, on_error) };
        let left = run(&case, text);
        let is_kept = on_error != OnError::Skip;
        // The condition does not hold for row 2, so that its cell does not matter; of row 3 nobody knows.
        assert_eq!(
            faults(&left),
            [parse(1, 3, Some("b"), is_kept), parse(3, 5, Some("a"), false), parse(4, 6, None, false)]
        );
        let expected = if is_kept { "a,b,c,n\n1,2,k,3\n1,x,k,\n" } else { "a,b,c,n\n1,2,k,3\n" };
        assert_eq!(String::from_utf8_lossy(&left.output.unwrap().bytes), expected);
    }
}

#[test]
fn a_quotation_mark_that_is_never_closed_ends_the_run() {
    for text in [&b"a,b\n1,x\n2,\"y\n3,z\n"[..], b"a,b\n1,x\n2,\"y\" w,\"z\n3,z\n"] {
        let left = run(&case(&["a + 1 AS n"], Format::Csv, OnError::Skip), text);
        let error = left.output.unwrap_err();
        assert!(error.contains("line 3: ") && error.contains("is never closed"), "{error}");
    }
}

#[test]
fn lines_of_ndjson() {
    let text = "{\"a\":1,\"b\":\"x\"}\n{\"a\":\n\n{\"a\":\"two\",\"b\":\"y\"}\n{\"a\":1,\"a\":2}\n{\"b\":\"z\"}\n{\"a\":3.5}\n[]\n{\"a\":9007199254740993}";
    for on_error in POLICIES {
        for format in [Format::NdJson, Format::Csv, Format::Parquet] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("in.ndjson");
            std::fs::write(&path, text).unwrap();
            let case = case(&["a + 1 AS n"], format, on_error);
            check(&case, std::slice::from_ref(&path), folder.path(), (1..text.len() + 2).step_by(7));
            let left = left(&case, &[path], folder.path(), Cut::Pieces(1 << 20, 1));
            let is_kept = on_error != OnError::Skip;
            assert_eq!(
                faults(&left),
                [
                    parse(1, 2, None, false),
                    parse(2, 4, Some("a"), is_kept),
                    parse(3, 5, None, false),
                    parse(6, 8, None, false),
                    parse(7, 9, Some("a"), is_kept)
                ]
            );
            let rejects =
                "{\"a\":\n{\"a\":\"two\",\"b\":\"y\"}\n{\"a\":1,\"a\":2}\n[]\n{\"a\":9007199254740993}\n";
            assert_eq!(left.rejects.as_deref(), Some(rejects));
            let written = left.output.unwrap();
            assert_eq!((written.n_rows_read, written.n_rows), (8, if is_kept { 5 } else { 3 }));
        }
    }
}

/// More rows than a dtype is proposed from: later ones may widen it, and be faults where they do not fit.
#[test]
fn the_rows_behind_the_first_ones() {
    let first: String = (0..10_050).map(|n| format!("{n},,x\n")).collect();
    let text = format!("a,b,c\n{first}1.5,2,x\nn/a,,x\n7,3\n9007199254740993,x,x\n8,4,x\n");
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), &[text.as_bytes()]);
    for (expression, expected) in [
        (
            "a * 2 AS n",
            vec![
                parse(10_051, 10_053, Some("a"), true),
                parse(10_052, 10_054, None, false),
                parse(10_053, 10_055, Some("a"), true),
            ],
        ),
        ("upper(c) AS n", vec![parse(10_052, 10_054, None, false)]),
    ] {
        let case = case(&[expression], Format::Csv, OnError::Collect);
        check(&case, &inputs, folder.path(), [1_000, 30_000, 1 << 20]);
        assert_eq!(faults(&left(&case, &inputs, folder.path(), Cut::Pieces(5_000, 2))), expected);
    }
}

#[test]
fn texts_among_numbers_are_faults_where_numbers_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), &[b"id,v,name\n1,5,a\n2,1O7,b\n3,7,c\n"]);
    let output = folder.path().join("out.csv");
    let sum = |names: Vec<_>| SqlExpressions::parse([format!("{} AS s", names.join(" + "))]).unwrap();
    let works: [Work<'_>; 2] = [
        Work::rows_over(ColumnSelection::Numeric, sum),
        Work::rows(SqlExpressions::parse(["id + v AS s"]).unwrap()),
    ];
    for work in works {
        let summary = Pipeline::new(
            inputs.iter().map(|path| Input::Path(path.clone())).collect(),
            work,
            Destination::Output(Output::from(output.as_path()), WriteOptions::default()),
        )
        .apply(ApplyOptions::builder().on_error(OnError::Collect).build().unwrap())
        .run()
        .unwrap();
        assert_eq!(summary.faults.of(RowFailure::Parse), 1);
        assert!(
            summary.first_failures[0]
                .to_string()
                .ends_with("0.csv, line 3, row 1, column \"v\": \"1O7\" is not i64")
        );
        let text = std::fs::read_to_string(&output).unwrap();
        assert_eq!(text, "id,v,name,s\n1,5,a,6\n2,1O7,b,\n3,7,c,10\n");
    }
}

#[test]
fn a_function_that_takes_anything_gets_numbers_where_most_are() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.csv");
    let run = |text: &str, script: Script, read: ReadOptions, on_error: OnError| {
        let inputs = files(folder.path(), &[text.as_bytes()]);
        let output = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
        let summary = Pipeline::new(vec![Input::Path(inputs[0].clone())], Work::rows(script), output)
            .read(read)
            .apply(ApplyOptions::builder().on_error(on_error).build().unwrap())
            .run()
            .unwrap();
        let faults = (summary.faults.of(RowFailure::Parse), summary.faults.n_rows());
        (faults, summary.first_failures.first().map(ToString::to_string).unwrap_or_default())
    };
    let kind = |body: &str| Script::luau_body(body).output_names(["kind"]);
    let plain = ReadOptions::default();
    // Wherever the bad cell stands.
    for bad in [0, 3, 99, 11_000] {
        let rows: String =
            (0..12_000).map(|row| if row == bad { "no\n".into() } else { format!("{row}\n") }).collect();
        let text = format!("v\n{rows}");
        let (faults, first) = run(&text, kind("return type(v)"), plain.clone(), OnError::Null);
        assert_eq!(faults, (1, 1), "{bad}: {first}");
        assert!(first.ends_with(&format!("row {bad}, column \"v\": \"no\" is not i64")), "{first}");
        let found = std::fs::read_to_string(&output).unwrap();
        assert!(found.contains("no,\n") && found.contains("5,number\n"));
    }
    // Columns that the function does not name, codes, what is declared, and mostly texts stay what they are.
    let same = [
        ("v\n1\nno\n3\n", kind("return type(row.v)"), plain.clone()),
        ("v\n1\n007\n3\nno\n", kind("return type(v)"), plain.clone()),
        ("v\nno\nnever\n3\n", kind("return type(v)"), plain.clone()),
        ("v\n1\nno\n3\n", Script::luau("function kind(v: string) return type(v) end"), plain.clone()),
        (
            "v\n1\nno\n3\n",
            kind("return type(v)"),
            ReadOptions::builder().dtypes([("v", parse_dtype("str").unwrap())]).build().unwrap(),
        ),
    ];
    for (text, script, read) in same {
        let (faults, first) = run(text, script, read, OnError::Null);
        assert_eq!(faults, (0, 0), "{text:?}: {first}");
        assert!(std::fs::read_to_string(&output).unwrap().contains("3,string\n"), "{text:?}");
    }
    // A run that ends at the first failure guesses nothing.
    run("v\n1\nno\n3\n", kind("return type(v)"), plain, OnError::Fail);
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "v,kind\n1,string\nno,string\n3,string\n");
}

#[test]
fn the_run_ends_at_the_row_that_is_one_too_many() {
    let text: String =
        (0..40).map(|n| if n % 4 == 3 { format!("{n}\n") } else { format!("{n},{n}\n") }).collect();
    let text = format!("a,b\n{text}");
    for (max_errors, n_faults) in [(0, 1), (3, 4), (9, 10), (10, 10)] {
        for on_error in POLICIES {
            let case = Case { max_errors: Some(max_errors), ..case(&["a AS n"], Format::Csv, on_error) };
            let left = run(&case, text.as_bytes());
            assert_eq!(faults(&left).len(), n_faults);
            assert_eq!(left.rejects.unwrap().lines().count(), n_faults + 1);
            match left.output {
                Ok(written) => assert_eq!((max_errors, written.n_rows), (10, 30)),
                Err(error) => {
                    let row = max_errors * 4 + 3;
                    let place = format!("line {}, row {row}: more than {max_errors} row", row + 2);
                    assert!(error.contains(&place), "{error}");
                }
            }
        }
    }
}

#[test]
fn what_makes_no_sense_is_said_before_the_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.csv");
    std::fs::write(&input, "a\n1\n").unwrap();
    let output = folder.path().join("out.csv");
    let pipeline = |on_error| {
        let work = Work::rows(SqlExpressions::parse(["a AS n"]).unwrap());
        let destination = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
        Pipeline::new(vec![Input::from(input.as_path())], work, destination)
            .apply(ApplyOptions::builder().on_error(on_error).build().unwrap())
    };
    let path = |name: &str| Output::Path(folder.path().join(name));
    let refused = |pipeline: Pipeline<'_>, words: &str| {
        let error = pipeline.run().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidOption { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(pipeline(OnError::Fail).ledger(path("l.csv")), "ledger: the first row that fails ends the run");
    refused(pipeline(OnError::Fail).max_errors(3), "max-errors");
    refused(pipeline(OnError::Skip).ledger(path("out.csv")), "another output");
    refused(pipeline(OnError::Skip).rejects(path("in.csv")), "is an input");
    refused(pipeline(OnError::Skip).ledger(path("l.csv")).rejects(path("l.csv")), "another output");
    refused(pipeline(OnError::Skip).ledger(path("ledger")), "tells no format");
    refused(pipeline(OnError::Skip).ledger(Output::Stdout), "standard output");
    let error = pipeline(OnError::Skip).ledger(path("nowhere/l.csv")).run().unwrap_err();
    assert!(error.to_string().contains("there is no folder"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn rejects_want_lines_of_one_kind() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), &[b"a,b\n1\n", b"b,a\n1\n"]);
    let case = Case { keep: Keep::New, ..case(&["a AS n"], Format::Csv, OnError::Skip) };
    let left = left(&case, &inputs, folder.path(), Cut::Pieces(100, 1));
    assert!(left.output.unwrap_err().contains("make no one file"));
    let none = ReadOptions::builder().header(Header::None).build().unwrap();
    let case = Case { read: none, keeps_rejects: true, ..Case::copy(Format::NdJson) };
    let left = run(&Case { on_error: OnError::Null, ..case }, b"1,2\n3\n4,5,6");
    assert_eq!(left.rejects.as_deref(), Some("3\n4,5,6\n"));
}

#[test]
fn a_panic_and_a_row_that_cannot_be_read_stand_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), &[b"a\n1\nx\n3\n4\n"]);
    let run = |ledger: &Path| {
        let work = Work::rows(Dynamic::new(["a"], |row: &parrow::row::Row| {
            let value = row.get::<i64>(0).unwrap();
            if value == 3 { panic!("three") } else { value }
        }));
        let output = folder.path().join("out.csv");
        Pipeline::new(
            inputs.iter().map(|path| Input::Path(path.clone())).collect(),
            work,
            Destination::Output(Output::from(output.as_path()), WriteOptions::default()),
        )
        .read(ReadOptions::builder().dtypes([("a", parse_dtype("i64").unwrap())]).build().unwrap())
        .apply(ApplyOptions::builder().on_error(OnError::Null).build().unwrap())
        .ledger(Output::from(ledger))
        .run()
        .unwrap()
    };
    for name in ["l.csv", "l.parquet", "l.ndjson", "l.csv.gz"] {
        let ledger = folder.path().join(name);
        let summary = run(&ledger);
        assert_eq!(summary.faults.to_string(), "1 parse, 1 panic");
        let table = parrow::table::read(&[Input::from(ledger.as_path())], &ReadOptions::default()).unwrap();
        assert_eq!(table.frame.height(), 2);
        let texts = |column: &str| -> Vec<String> {
            let column = table.frame.column(column).unwrap().str().unwrap();
            column.iter().map(|text| text.unwrap().to_owned()).collect()
        };
        assert_eq!(texts("kind"), ["parse", "panic"]);
        assert_eq!(texts("message"), ["\"x\" is not i64", "three"]);
    }
}

/// Any cells, well-formed or not, in rows of any length.
fn rough_text() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop::sample::select(vec![
        &b"1"[..],
        b"1",
        b"-20",
        b"2.5",
        b"",
        b"x",
        b"n/a",
        b"\"x\"",
        b"\"x\n,\"",
        b"\"\"\"\r\n\"",
        b"\xff",
        b"\"7\"",
        b"5\"",
        b"\"x\" y",
        b"\r",
        b"007",
    ]);
    let n_cells = prop::sample::select(vec![1, 2, 2, 2, 2, 3]);
    let line_end = prop::sample::select(vec![&b"\n"[..], b"\n", b"\n", b"\r\n"]);
    let line = (prop::bool::weighted(0.1), n_cells, proptest::collection::vec(cell, 3), line_end);
    let last = prop::sample::select(vec![&b"\n"[..], b"\r\n", b"", b"\r"]);
    (proptest::collection::vec(line, 0..14), last).prop_map(|(lines, last)| {
        let mut text = b"a,b\n".to_vec();
        for (is_blank, n_cells, cells, line_end) in lines {
            if !is_blank {
                text.extend(cells[..n_cells].join(&b','));
            }
            text.extend(line_end);
        }
        while text.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            text.pop();
        }
        text.extend(last);
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the pieces and the threads: the same output, ledger and rejects; and no row is lost without a word.
    #[test]
    fn rough_text_in_pieces_of_any_size(
        text in rough_text(),
        size in 1usize..60,
        on_error in prop::sample::select(POLICIES.to_vec()),
        filter in prop_oneof![Just(None), Just(Some("a IS NOT NULL")), Just(Some("b = 'x'"))],
        max_errors in prop_oneof![3 => Just(None), 1 => (0u64..4).prop_map(Some)],
        format in prop::sample::select(vec![Format::Csv, Format::NdJson, Format::Parquet]),
        numbers in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let inputs = files(folder.path(), &[&text]);
        let mut case = Case { filter, max_errors, ..case(&["b || 'y' AS n", "CAST(b AS DOUBLE) * 2 AS m"], format, on_error) };
        let dtypes = [("a", parse_dtype("i64").unwrap()), ("b", parse_dtype("str").unwrap())];
        case.compares_whole = format != Format::Csv;
        case.read = ReadOptions::builder().dtypes(dtypes.into_iter().skip(usize::from(!numbers))).build().unwrap();
        check(&case, &inputs, folder.path(), [size]);
        let left = left(&case, &inputs, folder.path(), Cut::Pieces(size, 2));
        if let Ok(written) = &left.output {
            let n_left_out = written.faults.2;
            if filter.is_none() {
                prop_assert_eq!(written.n_rows_read, written.n_rows + n_left_out);
            }
            let rows: std::collections::BTreeSet<u64> = faults(&left).iter().map(|fault| fault.0).collect();
            prop_assert_eq!(rows.len() as u64, written.faults.1);
        }
    }
}
