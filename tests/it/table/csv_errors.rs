//! What is wrong with a CSV file is said with its place, and what mends it.

use parrow::table::{ReadOptions, parse_dtype};

use super::support::csv_error;

fn check(content: impl AsRef<[u8]>, expected: &str) {
    let error = csv_error(content.as_ref(), &ReadOptions::default());
    assert!(
        error.starts_with(expected),
        "{:?}\n  said   {error}\n  wanted {expected}",
        String::from_utf8_lossy(content.as_ref())
    );
}

#[test]
fn structure() {
    check("", "a.csv: the file is empty");
    check("\n\n", "a.csv: there is nothing in the file but blank lines");
    check("a,b\n1,2\n3\n", "a.csv, line 3: the row has 1 cell where 2 are expected");
    check("a,b\n1,2\n3,4,5\n", "a.csv, line 3: the row has 3 cells where 2 are expected");
    check(
        "a,b\n1,\"2\n3,4\n",
        "a.csv, line 2: not a readable CSV file: the quotation mark that opens a cell here is never closed",
    );
    check("a,b\n1,\"2\"x\n", "a.csv, line 2: not a readable CSV file: a quoted cell goes on with 'x'");
    check("a,a\n1,2\n", "a.csv, line 1: two columns would be called \"a\"");
    check(b"\xff\xfea\0\n\0", "a.csv: not a readable CSV file: it is UTF-16 text");
    check(b"a\0,\0b\0\n", "a.csv, line 1: not a readable CSV file: its first line holds NUL bytes");
    check("a,b\r1,2\r", "a.csv: not a readable CSV file: its lines end in CR alone");
    check(
        b"a,b\n1,2\n3,caf\xe9\n",
        "a.csv, line 3, column \"b\": not a readable CSV file: the cell's bytes are not UTF-8",
    );
    check(
        b"a\n1\n\xe9\n",
        "a.csv, line 3, column \"a\": not a readable CSV file: the cell's bytes are not UTF-8",
    );
}

#[test]
fn cells() {
    check(
        "a,b\n1,2\n1,n/a\n",
        "a.csv, line 3, column \"b\": \"n/a\" is not i64; if it stands for a missing value give --null-value n/a, else read the column as text with --dtype b=str",
    );
    check(
        "a\n1\n99999999999999999999\n",
        "a.csv, line 3, column \"a\": \"99999999999999999999\" is not i64; read the column rounded with --dtype a=f64, or as text with --dtype a=str",
    );
    check(
        "a\n-1\n18446744073709551615\n",
        "a.csv, line 3, column \"a\": \"18446744073709551615\" is not i64",
    );
    check(
        "a\n1.5\n9007199254740993\n",
        "a.csv, line 3, column \"a\": \"9007199254740993\" is not exact as f64",
    );
    check("a\n1.5\n1e999\n", "a.csv, line 3, column \"a\": \"1e999\" is not f64");
}

#[test]
fn cells_far_behind_the_first_rows() {
    let numbers: String = (0..15_000).map(|row| format!("{row},\"two\nlines\"\n")).collect();
    let far = |cell: &str| format!("x y,b\n{numbers}{cell},z\n");
    check(
        far("n/a"),
        "a.csv, line 30002, column \"x y\": \"n/a\" is not i64; if it stands for a missing value give --null-value n/a, else read the column as text with --dtype 'x y=str'",
    );
    check(far("oops"), "a.csv, line 30002, column \"x y\": \"oops\" is not i64");
    check(
        far("007"),
        "a.csv, line 30002, column \"x y\": \"007\" is not i64 as written; read the column as text",
    );
    check(
        far("99999999999999999999"),
        "a.csv, line 30002, column \"x y\": \"99999999999999999999\" is not i64",
    );
    check(far("1,2"), "a.csv, line 30002: the row has 3 cells where 2 are expected");
    let dates: String = (0..15_000).map(|_| "2024-01-01\n").collect();
    check(format!("d\n{dates}soon\n"), "a.csv, line 15002, column \"d\": \"soon\" is not date");
}

#[test]
fn given_dtypes() {
    let check = |dtype: &str, cell: &str, expected: &str| {
        let options = ReadOptions::builder().dtypes([("a", parse_dtype(dtype).unwrap())]).build().unwrap();
        let error = csv_error(format!("a\n{cell}\n"), &options);
        assert!(error.starts_with(expected), "said   {error}\nwanted {expected}");
    };
    check("u8", "256", "a.csv, line 2, column \"a\": \"256\" is not u8; if it stands for");
    check("u64", "-1", "a.csv, line 2, column \"a\": \"-1\" is not u64");
    check("i64", "1.0", "a.csv, line 2, column \"a\": \"1.0\" is not i64");
    check("date", "1/2/2024", "a.csv, line 2, column \"a\": \"1/2/2024\" is not date");
    check("bool", "yes", "a.csv, line 2, column \"a\": \"yes\" is not bool");
    check("decimal(4, 2)", "1.555", "a.csv, line 2, column \"a\": \"1.555\" is not decimal(4, 2)");
    check("decimal(4, 2)", "100", "a.csv, line 2, column \"a\": \"100\" is not decimal(4, 2)");
    check(
        "list[i64]",
        "\"[1, x]\"",
        "a.csv, line 2, row 0, column \"a\": \"[1, x]\" is not list[i64]; its item \"x\" is not i64",
    );
    check(
        "list[i64]",
        "\"[1, 2\"",
        "a.csv, line 2, row 0, column \"a\": \"[1, 2\" is not list[i64]; a comma or ] is missing",
    );
    check("binary", "x", "a.csv, column \"a\": dtype: a CSV cell cannot hold binary");
}

#[test]
fn columns() {
    let options = ReadOptions::builder().columns(Some(vec!["wdith".into()])).build().unwrap();
    let error = csv_error("width,height\n1,2\n", &options);
    assert_eq!(error, "a.csv: no column \"wdith\"; did you mean \"width\"? (columns: width, height)");
    let options = ReadOptions::builder().dtypes([("c", parse_dtype("str").unwrap())]).build().unwrap();
    assert_eq!(csv_error("a,b\n1,2\n", &options), "a.csv: no column \"c\" (columns: a, b)");
}
