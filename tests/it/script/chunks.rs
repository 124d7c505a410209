//! A row's values do not depend on the chunk that it comes in, nor on the number of threads.

use parrow::polars::prelude::*;
use parrow::script::SqlExpressions;
use parrow::{ApplyOptions, OnError, apply_function};
use proptest::prelude::*;

const TEXTS: &[&str] = &[
    "power(x, y) AS power",
    "power(x, 3) AS cube",
    "a + b AS sum",
    "a * b - 3 AS product",
    "a // b AS quotient",
    "CASE WHEN a > b THEN x ELSE y END AS choice",
    "CAST(t AS BIGINT) AS parsed",
    "concat(t, '-', t) AS twice",
    "coalesce(t, 'none') AS filled",
    "a > 0 AND x < y AS flag",
    "sin(x) + log(y, 2) AS wave",
    "7 AS constant",
];

fn frame() -> impl Strategy<Value = DataFrame> {
    let number = prop_oneof![Just(f64::NAN), Just(-0.0), Just(f64::INFINITY), -4.0..4.0];
    let integer = prop_oneof![Just(i64::MAX), Just(i64::MIN), -9..9_i64, -9..9_i64];
    let text = prop_oneof!["[0-9]{1,3}", "[a-z]"];
    let row = (
        proptest::option::weighted(0.9, number.clone()),
        proptest::option::weighted(0.9, number),
        proptest::option::weighted(0.9, integer.clone()),
        proptest::option::weighted(0.9, integer),
        proptest::option::weighted(0.9, text),
    );
    proptest::collection::vec(row, 0..40).prop_map(|rows| {
        let mut whole = DataFrame::empty();
        // Two pieces, so that chunks lie across their border.
        for rows in [&rows[..rows.len() / 3], &rows[rows.len() / 3..]] {
            let piece = df!(
                "x" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
                "y" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
                "a" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
                "b" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
                "t" => rows.iter().map(|row| row.4.clone()).collect::<Vec<_>>(),
            );
            let piece = piece.expect("columns of one length");
            whole = if whole.width() == 0 { piece } else { whole.vstack(&piece).expect("one schema") };
        }
        whole
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn chunks_and_threads_change_nothing(frame in frame(), chunk_rows in 1_usize..12, threads in 1_usize..5) {
        let function = SqlExpressions::parse(TEXTS).unwrap();
        let run = |chunk_rows: usize, threads: usize| {
            let options = ApplyOptions::builder()
                .chunk_rows(chunk_rows).threads(threads).on_error(OnError::Collect).build().unwrap();
            apply_function(&frame, &function, &options).unwrap()
        };
        let whole = run(1000, 1);
        let cut = run(chunk_rows, threads);
        prop_assert_eq!(whole.ledger.faults(), cut.ledger.faults());
        prop_assert_eq!(whole.table.schema(), cut.table.schema());
        for (a, b) in whole.table.columns().iter().zip(cut.table.columns()) {
            for row in 0..a.len() {
                // Bit by bit: the text of a float tells -0.0 from 0.0 and is the shortest that is exact.
                prop_assert_eq!(format!("{:?}", a.get(row)), format!("{:?}", b.get(row)), "{} row {}", a.name(), row);
            }
        }
    }
}
