//! What expressions compute.

use parrow::polars::prelude::*;
use parrow::row::RowFunction;
use parrow::script::SqlExpressions;

use super::run;

fn frame() -> DataFrame {
    df!(
        "a" => [Some(3_i64), Some(-5), None, Some(0)],
        "b" => [Some(4.0), Some(12.0), Some(f64::NAN), None],
        "name" => [Some("Ann"), Some("bob"), None, Some("Zoë")],
        "odd name" => [1_i8, 2, 3, 4],
    )
    .unwrap()
}

#[track_caller]
fn check(text: &str, expected: Column) {
    let table = run(&frame(), &[text]).unwrap_or_else(|error| panic!("{text}: {error}"));
    let column = &table.columns()[0];
    assert_eq!(column.name(), expected.name(), "{text}");
    assert_eq!(column.dtype(), expected.dtype(), "{text}");
    assert!(column.equals_missing(&expected), "{text}: {column:?} is not {expected:?}");
}

#[test]
fn expressions_compute_what_sql_says() {
    check("sqrt(b) AS r", Column::new("r".into(), [Some(2.0), Some(12_f64.sqrt()), Some(f64::NAN), None]));
    check("a + 1 AS n", Column::new("n".into(), [Some(4_i64), Some(-4), None, Some(1)]));
    check("a", Column::new("a".into(), [Some(3_i64), Some(-5), None, Some(0)]));
    check(
        "CASE WHEN a > 0 THEN 'up' ELSE 'down' END AS d",
        Column::new("d".into(), ["up", "down", "down", "down"]),
    );
    check("upper(name) AS u", Column::new("u".into(), [Some("ANN"), Some("BOB"), None, Some("ZOË")]));
    check("name LIKE '%b' AS l", Column::new("l".into(), [Some(false), Some(true), None, Some(false)]));
    check("a IN (3, 0) AS i", Column::new("i".into(), [Some(true), Some(false), None, Some(true)]));
    check("a BETWEEN -5 AND 0 AS i", Column::new("i".into(), [Some(false), Some(true), None, Some(true)]));
    check("coalesce(a, 7) AS c", Column::new("c".into(), [3_i64, -5, 7, 0]));
    check("\"odd name\" * 2 AS t", Column::new("t".into(), [2_i8, 4, 6, 8]));
    check("CAST(a AS VARCHAR) AS t", Column::new("t".into(), [Some("3"), Some("-5"), None, Some("0")]));
    check("TRY_CAST(name AS BIGINT) AS t", Column::new("t".into(), [None::<i64>; 4]));
}

#[test]
fn division_by_zero_is_defined() {
    check(
        "a / 0 AS d",
        Column::new("d".into(), [Some(f64::INFINITY), Some(f64::NEG_INFINITY), None, Some(f64::NAN)]),
    );
    check("a // 0 AS d", Column::new("d".into(), [None::<i64>; 4]));
    check("a % 0 AS d", Column::new("d".into(), [None::<i64>; 4]));
    check("a // 2 AS d", Column::new("d".into(), [Some(1_i64), Some(-3), None, Some(0)]));
}

#[test]
fn constants_stand_in_every_row() {
    let table = run(&frame(), &["1 AS one", "'x' AS x", "NULL AS n", "1 + 2 * 3 AS seven"]).unwrap();
    assert_eq!(table.height(), 4);
    assert_eq!(table.column("x").unwrap(), &Column::new("x".into(), ["x"; 4]));
    assert_eq!(table.column("n").unwrap().null_count(), 4);
    assert_eq!(
        table.column("seven").unwrap().cast(&DataType::Int64).unwrap(),
        Column::new("seven".into(), [7_i64; 4])
    );
}

#[test]
fn dtypes_are_the_same_for_no_rows() {
    let texts = ["1 AS one", "NULL AS n", "a + b AS s", "name || 'x' AS t", "a > 0 AS p", "sqrt(a) AS r"];
    let full = run(&frame(), &texts).unwrap();
    let empty = run(&frame().clear(), &texts).unwrap();
    assert_eq!(empty.height(), 0);
    assert_eq!(empty.schema(), full.schema());
}

#[test]
fn only_the_columns_in_use_are_read() {
    let function = SqlExpressions::parse(["a + b AS s", "a AS t", "1 AS one"]).unwrap();
    let frame = frame();
    assert_eq!(function.bind(frame.schema()).unwrap().inputs, ["a", "b"]);
}
