//! Which files are read, as what, and as one table.

use parrow::polars::prelude::*;
use parrow::table::{
    Compression, Format, Input, Output, ReadOptions, WriteOptions, describe, parse_dtype, read, write,
};

use super::support::{Scratch, read_as};

fn expand(patterns: &[String]) -> Result<Vec<String>, String> {
    match Input::expand(patterns) {
        Ok(inputs) => Ok(inputs
            .iter()
            .map(|input| {
                input.path().map_or("-".into(), |path| path.file_name().unwrap().to_str().unwrap().into())
            })
            .collect()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn patterns() {
    let scratch = Scratch::new();
    for name in ["b.csv", "a.csv", "c.tsv", "[x].csv"] {
        scratch.file(name, "a\n1\n");
    }
    let pattern = |name: &str| scratch.path(name).display().to_string();
    assert_eq!(expand(&[pattern("?.csv"), "-".into()]).unwrap(), ["a.csv", "b.csv", "-"]);
    assert_eq!(expand(&[pattern("[x].csv")]).unwrap(), ["[x].csv"]);
    assert!(expand(&[pattern("*.parquet")]).unwrap_err().starts_with("no file matches"));
    assert!(
        expand(&[pattern("none.csv")])
            .unwrap_err()
            .ends_with("none.csv: could not open: no such file or directory")
    );
    assert!(expand(&[pattern("")]).unwrap_err().contains("it is a folder; name its files"));
    assert!(expand(&["-".into(), "-".into()]).is_err());
    assert!(expand(&[]).is_err());
}

#[test]
fn formats_of_names_and_contents() {
    let check = |name: &str, expected: Option<(Format, Compression)>| {
        assert_eq!(Format::from_path(name.as_ref()), expected, "{name}");
    };
    check("a.CSV", Some((Format::Csv, Compression::None)));
    check("x/a.b.tsv.gz", Some((Format::Tsv, Compression::Gzip)));
    check("a.jsonl.zst", Some((Format::NdJson, Compression::Zstd)));
    check("a.pq", Some((Format::Parquet, Compression::None)));
    check("a.gz", None);
    check("a.xlsx", None);
    for name in Format::NAMES {
        assert_eq!(name.parse::<Format>().unwrap().to_string(), name);
    }
    let error = "parqet".parse::<Format>().unwrap_err().to_string();
    assert!(error.contains("did you mean parquet?"), "{error}");
    let scratch = Scratch::new();
    let frame = df!["a" => [1i64, 2]].unwrap();
    for name in
        ["a.csv", "a.csv.gz", "a.csv.zst", "a.parquet", "a.arrow", "a.arrows", "a.ndjson", "a.ndjson.gz"]
    {
        let path = scratch.path(name);
        write(&frame, &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
        let table = read_as("no-extension", std::fs::read(path).unwrap(), &ReadOptions::default()).unwrap();
        assert!(table.frame.equals(&frame), "{name}");
    }
    // The content tells whether it is packed, whatever the name says.
    assert!(read_as("a.csv.gz", "a\n1\n2\n", &ReadOptions::default()).unwrap().frame.equals(&frame));
}

#[test]
fn several_members_of_gzip() {
    use std::io::Write;
    let member = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let bytes = [member("a\n1\n"), member("2\n")].concat();
    let table = read_as("a.csv.gz", bytes, &ReadOptions::default()).unwrap();
    assert_eq!(table.frame.height(), 2);
}

fn read_files(files: &[(&str, &str)], options: &ReadOptions) -> Result<DataFrame, String> {
    let scratch = Scratch::new();
    let inputs: Vec<Input> =
        files.iter().map(|(name, content)| Input::from(scratch.file(name, content))).collect();
    match read(&inputs, options) {
        Ok(table) => Ok(table.frame),
        Err(error) => Err(error
            .to_string()
            .replace(&format!("{}/", scratch.path("").display()), "")
            .replace(&scratch.path("").display().to_string(), "")),
    }
}

#[test]
fn files_as_one_table() {
    let check = |files: &[(&str, &str)], expected: DataFrame| {
        let frame = read_files(files, &ReadOptions::default()).unwrap();
        assert_eq!(frame.dtypes(), expected.dtypes());
        assert!(frame.equals_missing(&expected), "{frame}");
    };
    check(
        &[("a.csv", "a,b\n1,x\n"), ("b.csv", "b,a\ny,2\n")],
        df!["a" => [1i64, 2], "b" => ["x", "y"]].unwrap(),
    );
    check(&[("a.csv", "a\n1\n"), ("b.csv", "a\n1.5\n")], df!["a" => [1.0, 1.5]].unwrap());
    check(
        &[("a.csv", "a,b\n,1\n"), ("b.csv", "a,b\n7,1\n")],
        df!["a" => [None, Some(7i64)], "b" => [1i64, 1]].unwrap(),
    );
    check(&[("a.csv", "a\n1\n"), ("b.ndjson", "{\"a\": 2}\n")], df!["a" => [1i64, 2]].unwrap());
    check(&[("a.csv", "a\n"), ("b.csv", "a\n1\n")], df!["a" => [1i64]].unwrap());
    check(&[("a.csv", "a\n1\n"), ("b.csv", "a\n18446744073709551615\n")], df!["a" => [1, u64::MAX]].unwrap());
}

#[test]
fn files_that_do_not_fit_together() {
    let check = |files: &[(&str, &str)], expected: &str| {
        let error = read_files(files, &ReadOptions::default()).unwrap_err();
        assert_eq!(error, expected);
    };
    check(&[("a.csv", "a,b\n1,2\n"), ("b.csv", "a,c\n1,2\n")], "b.csv: no column \"b\" (columns: a, c)");
    check(
        &[("a.csv", "a\n1\n"), ("b.csv", "a,b\n1,2\n")],
        "b.csv, column \"b\": column \"b\" is not in a.csv; files that are read as one must have the same columns, so give this one to a run of its own",
    );
    check(
        &[("a.csv", "a\n1\n"), ("b.csv", "a\nx\n")],
        "b.csv: column \"a\" holds str, and i64 as in a.csv (--dtype a=str reads both alike) is wanted",
    );
    check(
        &[("a.csv", "a\n9007199254740993\n"), ("b.csv", "a\n1.5\n")],
        "a.csv: column \"a\" holds i64, and f64 as in b.csv (--dtype a=f64 reads both alike) is wanted",
    );
}

#[test]
fn limits_and_positions() {
    let scratch = Scratch::new();
    let first = scratch.file("a.csv", "a,b\n1,\"x\ny\"\n\n2,z\n");
    let second = scratch.file("b.ndjson", "{\"a\": 3, \"b\": \"u\"}\n\n{\"a\": 4, \"b\": \"v\"}\n");
    let inputs = [Input::from(first.as_path()), Input::from(second.as_path())];
    let table = read(&inputs, &ReadOptions::default()).unwrap();
    let lines: Vec<_> = (0..5).map(|row| (table.position(row).line, table.position(row).path)).collect();
    assert_eq!(lines[0], (Some(2), Some(first.clone())));
    assert_eq!(lines[1], (Some(5), Some(first)));
    assert_eq!(lines[2], (Some(1), Some(second.clone())));
    assert_eq!(lines[3], (Some(3), Some(second)));
    assert_eq!(lines[4], (None, None));
    let positions = table.positions(&[3, 1, 9, 1]);
    let lines: Vec<_> = positions.iter().map(|position| (position.row, position.line)).collect();
    assert_eq!(lines, [(Some(3), Some(3)), (Some(1), Some(5)), (Some(9), None), (Some(1), Some(5))]);
    for (limit, expected) in [(0, 0), (1, 1), (2, 2), (3, 3), (9, 4)] {
        let options = ReadOptions::builder().limit(limit).build().unwrap();
        assert_eq!(read(&inputs, &options).unwrap().frame.height(), expected);
    }
}

#[test]
fn projections_and_limits_in_every_format() {
    let scratch = Scratch::new();
    let frame = df!["a" => [1i64, 2, 3], "b" => ["x", "y", "z"], "c" => [0.5, 1.5, 2.5]].unwrap();
    let options =
        ReadOptions::builder().columns(Some(vec!["c".into(), "a".into()])).limit(2).build().unwrap();
    let expected = df!["c" => [0.5, 1.5], "a" => [1i64, 2]].unwrap();
    let unknown = ReadOptions::builder().columns(Some(vec!["d".into()])).build().unwrap();
    for name in ["a.csv", "a.parquet", "a.arrow", "a.arrows", "a.ndjson"] {
        let path = scratch.path(name);
        write(&frame, &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
        let table = read(&[Input::from(path.as_path())], &options).unwrap();
        assert!(table.frame.equals(&expected), "{name}: {}", table.frame);
        let error = read(&[Input::from(path.as_path())], &unknown).unwrap_err().to_string();
        assert!(error.ends_with("no column \"d\" (columns: a, b, c)"), "{name}: {error}");
        let description =
            describe(&[Input::from(path.as_path())], &ReadOptions::default()).unwrap().remove(0);
        assert_eq!((description.n_rows, &description.schema), (3, frame.schema()), "{name}");
    }
}

#[test]
fn what_was_guessed_is_described() {
    let scratch = Scratch::new();
    let numbers: String = (0..10_000).map(|row| format!("{row};x\n")).collect();
    let path = scratch.file("a.csv", format!("a;b\n{numbers}1.5;\n"));
    let options =
        ReadOptions::builder().dtypes([("b", parse_dtype("categorical").unwrap())]).build().unwrap();
    let description = describe(&[Input::from(path.as_path())], &options).unwrap().remove(0);
    let text = description.text.unwrap();
    assert_eq!((text.delimiter, text.n_rows, description.n_rows), (b';', 10_001, 10_001));
    assert_eq!(text.columns[0].dtype, DataType::Float64);
    assert_eq!(text.columns[0].widened_from, Some(DataType::Int64));
    assert!(text.columns[1].given);
    assert_eq!(description.null_counts, Some(vec![0, 1]));
    let read = read(&[Input::from(path.as_path())], &options).unwrap();
    assert_eq!(read.frame.schema(), &description.schema);
}

#[test]
fn a_quoted_empty_cell_is_a_null_of_numbers_and_a_text() {
    let scratch = Scratch::new();
    let path = scratch.file("a.csv", "text,number\n\"\",1\n,\"\"\nx,\n");
    let inputs = [Input::from(path.as_path())];
    let described = describe(&inputs, &ReadOptions::default()).unwrap().remove(0).null_counts;
    let frame = read(&inputs, &ReadOptions::default()).unwrap().frame;
    let counted = frame.columns().iter().map(|column| column.null_count() as u64).collect();
    assert_eq!((described, counted), (Some(vec![1, 2]), vec![1, 2]));
}

#[test]
fn ndjson_may_begin_with_a_byte_order_mark() {
    let table = read_as("a.ndjson", "\u{feff}{\"a\": 1}\n", &ReadOptions::default()).unwrap();
    assert_eq!(table.frame, df!["a" => [1i64]].unwrap());
}

#[test]
fn ndjson_is_never_guessed_wrong() {
    let check = |content: &str, expected: &str| {
        let error = read_as("a.ndjson", content, &ReadOptions::default()).unwrap_err().to_string();
        let error = &error[error.find("a.ndjson").unwrap()..];
        assert!(error.starts_with(expected), "{error}");
    };
    let numbers = "{\"a\": 1}\n".repeat(200);
    check(
        &format!("{numbers}{{\"a\": \"x\"}}\n"),
        "a.ndjson, line 201: column \"a\" holds str, and i64 as in the lines before (--dtype a=str reads both) is wanted",
    );
    check(&format!("{numbers}{{\"a\": \n"), "a.ndjson, line 201: not a readable NDJSON file");
    check(&format!("{numbers}[1]\n"), "a.ndjson, line 201: not a readable NDJSON file");
    let nested =
        |depth: usize| format!("{{\"a\": {}{}, \"b\": \"[[{{\"}}\n", "[".repeat(depth), "]".repeat(depth));
    for depth in [64, 700, 20_000] {
        let message = "its lists and objects are more than 64 deep within each other";
        check(
            &format!("{{\"b\": \"x\"}}\n{}", nested(depth)),
            &format!("a.ndjson, line 2: not a readable NDJSON file: {message}"),
        );
    }
    let deep = read_as("a.ndjson", nested(63), &ReadOptions::default()).unwrap().frame;
    assert_eq!((deep.height(), deep.width()), (1, 2));
    check(
        "{\"a\": 1.5}\n{\"a\": 9007199254740993}\n",
        "a.ndjson, line 2, column \"a\": \"9007199254740993\" is not exact as f64",
    );
    let late = format!("{numbers}{{\"a\": 1.5, \"b\": true}}\n");
    let frame = read_as("a.ndjson", late, &ReadOptions::default()).unwrap().frame;
    assert_eq!(frame.dtypes(), [DataType::Float64, DataType::Boolean]);
    assert_eq!(frame.column("b").unwrap().null_count(), 200);
}
