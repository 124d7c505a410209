//! What other CSV readers do in silence. `src/table/csv/README.md` lists them.

use std::io::Cursor;

use parrow::polars::prelude::*;
use parrow::table::ReadOptions;
use polars_io::csv::read::CsvReadOptions;
use proptest::prelude::*;

use super::support::{csv_error, read_as, read_csv};

/// What the engine's reader makes of a text.
fn engine(content: &[u8]) -> PolarsResult<DataFrame> {
    CsvReadOptions::default().into_reader_with_file_handle(Cursor::new(content.to_vec())).finish()
}

#[test]
fn rows_that_are_too_long_for_the_columns_read() {
    let options = ReadOptions::builder().columns(Some(vec!["a".into()])).build().unwrap();
    let error = csv_error("a,b\n1,2\n3,4,5\n", &options);
    assert!(error.starts_with("a.csv, line 3: the row has 3 cells where 2 are expected"), "{error}");
    let error = csv_error("a,b\n1,2\n3\n", &options);
    assert!(error.starts_with("a.csv, line 3: the row has 1 cell where 2 are expected"), "{error}");
    // The habit itself, so that this page is true.
    assert_eq!(engine(b"a,b\n1,2\n3\n").unwrap().height(), 2);
}

#[test]
fn a_quotation_mark_within_a_cell_joins_no_lines() {
    let rows: String = (0..2_000).map(|row| format!("{row},5\" pipe\n")).collect();
    let frame = read_csv(format!("n,what\n{rows}")).unwrap();
    assert_eq!(frame.height(), 2_000);
    assert_eq!(frame.column("what").unwrap().str().unwrap().get(1_999), Some("5\" pipe"));
}

#[test]
fn blank_lines() {
    assert_eq!(read_csv("a,b\n\n1,2\n\r\n3,4\n\n").unwrap().height(), 2);
    assert_eq!(
        read_csv("a\n\n1\n\n").unwrap().column("a").unwrap().i64().unwrap().to_vec(),
        [None, Some(1), None]
    );
    let error = csv_error("a,b\n1,2\n  \n", &ReadOptions::default());
    assert!(error.starts_with("a.csv, line 3: the row has 1 cell"), "{error}");
}

#[test]
fn names_that_are_no_text() {
    let error = csv_error(b"a,\xff\n1,2\n", &ReadOptions::default());
    assert!(
        error.starts_with("a.csv, line 1: not a readable CSV file: the name of column 2 is not UTF-8"),
        "{error}"
    );
}

#[test]
fn very_long_cells_and_lines() {
    let long = "x".repeat(3_000_000);
    let frame = read_csv(format!("a,b\n1,{long}\n2,\"{long}\n{long}\"\n")).unwrap();
    let lengths: Vec<_> =
        frame.column("b").unwrap().str().unwrap().iter().map(|text| text.unwrap().len()).collect();
    assert_eq!(lengths, [3_000_000, 6_000_001]);
}

#[test]
fn where_the_file_is_cut_into_chunks_changes_nothing() {
    // Quoted line ends everywhere, and far more bytes than a chunk.
    let rows: String = (0..60_000).map(|row| format!("\"{row}\n,\"\"\",{row}\r\n")).collect();
    let content = format!("a,b\n{rows}");
    let read = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| read_csv(&content).unwrap())
    };
    let expected = read(1);
    assert_eq!(expected.height(), 60_000);
    assert_eq!(expected.column("a").unwrap().str().unwrap().get(59_999), Some("59999\n,\""));
    assert!(read(2).equals(&expected));
    assert!(read(9).equals(&expected));
}

fn csv_text() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => Just(b','), 2 => Just(b'"'), 3 => Just(b'\n'), 1 => Just(b'\r'), 3 => Just(b'a'), 3 => Just(b'7'), 1 => Just(b' '),
    ];
    proptest::collection::vec(byte, 0..40)
}

/// The cells by the `csv` crate, where it and the rules here agree on what a record is.
fn cells_by_csv_crate(content: &[u8]) -> Option<Vec<Vec<String>>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(content);
    let records = reader.records().map(|record| Some(record.ok()?.iter().map(String::from).collect()));
    records.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(content in csv_text()) {
        // Two text columns, so that no blank line is a row.
        let dtypes = [("x", DataType::String), ("y", DataType::String)];
        let options = ReadOptions::builder().delimiter(b',').dtypes(dtypes).build().unwrap();
        let content = [b"x,y\n".as_slice(), &content].concat();
        if let Ok(table) = read_as("a.csv", &content, &options) {
            // A CR alone ends a line for the `csv` crate, and is a character here.
            let plain = String::from_utf8(content.clone()).unwrap().replace("\r\n", "\n");
            prop_assume!(!plain.contains('\r'));
            let expected = cells_by_csv_crate(&content).unwrap();
            let frame = table.frame;
            prop_assert_eq!(frame.height() + 1, expected.len());
            for (row, cells) in expected[1..].iter().enumerate() {
                for (column, cell) in frame.columns().iter().zip(cells) {
                    let found = column.str().unwrap().get(row).unwrap_or("");
                    prop_assert_eq!(found.replace("\r\n", "\n"), cell.replace("\r\n", "\n"));
                }
            }
        }
    }
}

/// That the README's list is true of the engine that is built in.
#[test]
fn the_engine_has_these_habits() {
    let check = |content: &[u8], expected: DataFrame| {
        let frame = engine(content).unwrap();
        assert!(frame.equals_missing(&expected), "{:?}\n{frame}", String::from_utf8_lossy(content));
    };
    check(b"a,b\n1,2\n3\n", df!["a" => [1i64, 3], "b" => [Some(2i64), None]].unwrap());
    check(b"a,b\n1,2\n\n", df!["a" => [Some(1i64), None], "b" => [Some(2i64), None]].unwrap());
    check(b"a\n007\n08\n", df!["a" => [7i64, 8]].unwrap());
    check(b"a,a\n1,2\n", df!["a" => [1i64], "a_duplicated_0" => [2i64]].unwrap());
    check(b"a\n1.5\n1e999\n", df!["a" => [1.5, f64::INFINITY]].unwrap());
    check(b"a\n1.5\n9007199254740993\n", df!["a" => [1.5, 9007199254740992.0]].unwrap());
    check(b"a,\xff\n1,2\n", df!["a" => [1i64], "\u{fffd}" => [2i64]].unwrap());
    for refused in [
        &b"n,w\n1,5\" pipe\n2,5\" pipe\n3,4\n4,5\" pipe\n"[..],
        b"a,b\n1,\"2\n3,4\n",
        b"a\n18446744073709551615\n",
    ] {
        let message = engine(refused).unwrap_err().to_string();
        assert!(message.contains("offset"), "{message}");
    }
}
