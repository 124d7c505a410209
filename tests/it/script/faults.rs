//! Rows on which an expression fails.

use parrow::polars::prelude::*;
use parrow::{ErrorKind, OnError};

use super::run_with;

fn frame() -> DataFrame {
    let texts: Vec<String> =
        (0..100).map(|row| if row % 17 == 5 { "x".to_owned() } else { row.to_string() }).collect();
    df!("t" => texts, "n" => (0..100_i64).collect::<Vec<_>>()).unwrap()
}

const FAILING: [u64; 6] = [5, 22, 39, 56, 73, 90];

#[test]
fn the_lowest_row_is_named() {
    for chunk_rows in [1, 3, 100] {
        let error = run_with(&frame(), &["CAST(t AS BIGINT) AS c"], OnError::Fail, chunk_rows).unwrap_err();
        assert_eq!(error.position().row, Some(5));
        assert!(matches!(error.kind(), ErrorKind::Row { .. }));
        assert_eq!(
            error.to_string(),
            "row 5: in \"CAST(t AS BIGINT) AS c\": \"x\" is not i64; TRY_CAST makes it null"
        );
    }
}

#[test]
fn every_policy_leaves_the_other_rows_alone() {
    let texts = ["CAST(t AS BIGINT) AS c", "n + 1 AS m"];
    for chunk_rows in [1, 2, 7, 100] {
        for on_error in [OnError::Null, OnError::Skip, OnError::Collect] {
            let applied = run_with(&frame(), &texts, on_error, chunk_rows).unwrap();
            let rows: Vec<u64> = applied.ledger.faults().iter().map(|fault| fault.row).collect();
            assert_eq!(rows, FAILING);
            let expected: Vec<Option<i64>> = (0..100)
                .map(|row| (!FAILING.contains(&(row as u64))).then_some(row))
                .filter(|row| on_error != OnError::Skip || row.is_some())
                .collect();
            let next: Vec<Option<i64>> = expected.iter().map(|row| row.map(|row| row + 1)).collect();
            assert_eq!(applied.table, df!("c" => expected, "m" => next).unwrap());
        }
    }
}
