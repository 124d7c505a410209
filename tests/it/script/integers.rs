//! Integers that leave their dtype: an error of the row, and never a wrapped number.

use parrow::polars::prelude::*;
use parrow::{ErrorKind, OnError};

use super::{message, run, run_with};

/// Row 1 of the only expression must fail for being too large, and the others must not.
#[track_caller]
fn overflows<T: NumericNative>(text: &str, a: [T; 3], b: [T; 3])
where
    Series: NamedFrom<Vec<T>, [T]>,
{
    let frame = DataFrame::new(
        3,
        vec![
            Column::from(Series::new("a".into(), a.to_vec())),
            Column::from(Series::new("b".into(), b.to_vec())),
        ],
    )
    .unwrap();
    let applied =
        run_with(&frame, &[text], OnError::Collect, 2).unwrap_or_else(|error| panic!("{text}: {error}"));
    let rows: Vec<u64> = applied.ledger.faults().iter().map(|fault| fault.row).collect();
    assert_eq!(rows, [1], "{text}: {:?}", applied.table);
    assert!(applied.ledger.faults()[0].message.contains("does not fit"), "{text}");
    assert!(applied.table.columns()[0].get(1).unwrap().is_null(), "{text}");
    assert_eq!(applied.table.columns()[0].null_count(), 1, "{text}");
}

#[test]
fn every_operator_is_checked() {
    overflows("a + b AS r", [1, i64::MAX, 2], [1, 1, 2]);
    overflows("a - b AS r", [1, i64::MIN, 2], [1, 1, 2]);
    overflows("a * b AS r", [1, i64::MAX, -2], [1, 2, 2]);
    overflows("a // b AS r", [7, i64::MIN, -2], [2, -1, 3]);
    overflows("power(a, b) AS r", [2_i64, 10, 3], [3, 19, 2]);
    overflows("abs(a) AS r", [7, i64::MIN, -2], [0, 0, 0]);
    overflows("-a AS r", [7, i64::MIN, -2], [0, 0, 0]);
    overflows("a + b AS r", [1_i8, 100, 2], [1, 100, 2]);
    overflows("a - b AS r", [3_u64, 1, 2], [1, 2, 2]);
    overflows("a * b AS r", [3_u32, 1 << 31, 2], [1, 2, 2]);
    overflows("(a + b) * 2 AS r", [1, i64::MAX / 2, 2], [1, 1, 2]);
    overflows("CASE WHEN a > 0 THEN a + b ELSE 0 END AS r", [1, i64::MAX, -2], [1, 1, 2]);
    overflows("CAST(a + b AS DOUBLE) AS r", [1, i64::MAX, -2], [1, 1, 2]);
    overflows("a + 9223372036854775807 AS r", [0_i64, 1, -2], [1, 1, 2]);
}

#[test]
fn what_lies_below_a_null_does_not_count() {
    let frame = df!("a" => [Some(i64::MAX), None], "b" => [None, Some(1_i64)]).unwrap();
    assert_eq!(run(&frame, &["a + b AS r"]).unwrap().column("r").unwrap().null_count(), 2);
}

#[test]
fn constants_are_computed_exactly() {
    let frame = df!("a" => [1_i64]).unwrap();
    let table = run(&frame, &["2000000000 + 2000000000 AS n", "a * (3000000 * 3000000) AS m"]).unwrap();
    assert_eq!(
        table.column("n").unwrap().cast(&DataType::Int64).unwrap().get(0).unwrap(),
        AnyValue::Int64(4_000_000_000)
    );
    assert_eq!(table.column("m").unwrap().get(0).unwrap(), AnyValue::Int64(9_000_000_000_000));
    let found = message(run(&frame, &["9223372036854775807 + 1 AS n"]));
    assert!(found.contains("too large"), "{found}");
}

#[test]
fn arithmetic_on_lists_of_integers_is_refused() {
    let lists = Column::new("l".into(), [Series::new("".into(), [1_i64, 2])]);
    let frame = DataFrame::new(1, vec![lists]).unwrap();
    let error = run(&frame, &["l + l AS r"]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Expression { .. }), "{error}");
}

#[test]
fn arithmetic_on_structs_of_integers_is_refused() {
    let structs = df!("x" => [i64::MAX], "y" => ["a"]).unwrap().into_struct("s".into()).into_series();
    let error = run(&DataFrame::new(1, vec![structs.into()]).unwrap(), &["s + 1 AS r"]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Expression { .. }), "{error}");
}

#[test]
fn integers_that_the_engine_brings_together_are_not_lost() {
    let frame = df!("u" => [0_u64, u64::MAX, 5], "i" => [-1_i64, -1, -1]).unwrap();
    for text in ["u * -1 AS r", "u > -1 AS r", "u = -1 AS r"] {
        let applied = run_with(&frame, &[text], OnError::Collect, 2).unwrap();
        let rows: Vec<_> = applied.ledger.faults().iter().map(|fault| fault.row).collect();
        assert_eq!((rows, applied.table.column("r").unwrap().null_count()), (vec![1], 1), "{text}");
    }
    let compared = run(&frame, &["u > i AS b", "u <> i AS d"]).unwrap();
    for column in compared.columns() {
        assert!(column.bool().unwrap().iter().all(|found| found == Some(true)), "{}", column.name());
    }
    let tried = run(&frame, &["TRY_CAST(u AS BIGINT) * -1 AS r"]).unwrap();
    assert_eq!(tried.column("r").unwrap().i64().unwrap().to_vec(), [Some(0), None, Some(-5)]);
}

#[test]
fn instants_and_durations_do_not_wrap() {
    let cast = |values: [i64; 3], dtype| Series::new("".into(), values).cast(&dtype).unwrap();
    let frame = df!(
        "at" => cast([0, i64::MAX, 7], DataType::Datetime(TimeUnit::Nanoseconds, None)),
        "then" => cast([0, -5, 5], DataType::Datetime(TimeUnit::Nanoseconds, None)),
        "span" => cast([1, i64::MAX / 2, 3], DataType::Duration(TimeUnit::Nanoseconds)),
        "day" => cast([0, 1, 2], DataType::Date),
        "n" => [2i64, 3, 4],
    )
    .unwrap();
    for text in ["at + span AS r", "at - then AS r", "span * n AS r", "n * span AS r"] {
        let applied = run_with(&frame, &[text], OnError::Collect, 2).unwrap();
        assert_eq!(applied.ledger.faults().iter().map(|fault| fault.row).collect::<Vec<_>>(), [1], "{text}");
        assert!(applied.ledger.faults()[0].message.contains("does not fit"), "{text}");
    }
    for (text, failed) in [
        ("at + INTERVAL '1 day' AS r", 1),
        ("day + INTERVAL '1000000000 days' AS r", 0),
        ("day - INTERVAL '1000 years 1 day' AS r", 3),
        ("at - INTERVAL '100 years 5 months' AS r", 3),
    ] {
        let applied = run_with(&frame, &[text], OnError::Collect, 2).unwrap();
        let rows: Vec<_> = applied.ledger.faults().iter().map(|fault| fault.row).collect();
        let expected: &[u64] = match failed {
            0 => &[0, 1, 2],
            1 => &[1],
            _ => &[],
        };
        assert_eq!(rows, expected, "{text}");
    }
    let fit = run(
        &frame.slice(2, 1),
        &["at - span AS a", "at - then AS b", "span * n AS c", "day - DATE '1970-01-02' AS d"],
    );
    let fit = fit.unwrap();
    let ticks = |name| {
        fit.column(name)
            .unwrap()
            .to_physical_repr()
            .cast(&DataType::Int64)
            .unwrap()
            .get(0)
            .unwrap()
            .into_static()
    };
    assert_eq!(["a", "b", "c"].map(ticks), [4, 2, 12].map(AnyValue::Int64));
    assert_eq!(fit.column("d").unwrap().get(0).unwrap().to_string(), "1d");
}

#[test]
fn results_that_fit_are_those_of_the_engine() {
    let frame = df!("a" => [7_i64, -7, 7, -7, 0], "b" => [2_i64, 2, -2, -2, 5]).unwrap();
    let table =
        run(&frame, &["a + b AS s", "a - b AS d", "a * b AS p", "a // b AS q", "a % b AS m", "abs(a) AS v"]);
    let expected = df!(
        "s" => [9_i64, -5, 5, -9, 5], "d" => [5_i64, -9, 9, -5, -5], "p" => [14_i64, -14, -14, 14, 0],
        "q" => [3_i64, -4, -4, 3, 0], "m" => [1_i64, 1, -1, -1, 0], "v" => [7_i64, 7, 7, 7, 0],
    );
    assert_eq!(table.unwrap(), expected.unwrap());
}
