//! The first rows of a frame are timed within one chunk, which is left when it pays to share the rest out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parrow::polars::prelude::*;
use parrow::prelude::*;

/// What a row gives: a column of each way to the result, nulls in them.
type Values = (Option<i64>, bool, Option<String>, Option<Vec<i64>>);

fn values(a: i64) -> Values {
    let is_there = a % 7 != 3;
    (
        is_there.then_some(a * 2),
        a % 2 == 0,
        is_there.then(|| format!("row {a}")),
        (a % 5 != 0).then(|| vec![a, a + 1]),
    )
}

/// Rows from `dear_from` on take so long that the chunk is left in their midst.
fn check(n_rows: usize, dear_from: i64, on_error: OnError) {
    let frame = df!("a" => (0..n_rows as i64).collect::<Vec<_>>()).unwrap();
    let n_calls = AtomicUsize::new(0);
    let function = |a: i64| {
        n_calls.fetch_add(1, Ordering::Relaxed);
        if a >= dear_from && a < dear_from + 40 {
            std::thread::sleep(Duration::from_micros(500));
        }
        if a % 50 == 21 { Err("no") } else { Ok(values(a)) }
    };
    let options = ApplyOptions::builder().threads(3).on_error(on_error).build().unwrap();
    let with = frame.with_options(&options);
    let serial = with.apply("a", function).unwrap();
    assert_eq!(n_calls.swap(0, Ordering::Relaxed), n_rows);
    let parallel = with.parallel_apply("a", function).unwrap();
    assert_eq!(n_calls.into_inner(), n_rows, "each row is called once");
    assert!(parallel.table.equals_missing(&serial.table), "{n_rows} rows, dear from {dear_from}");
    assert_eq!(parallel.ledger.faults(), serial.ledger.faults(), "{n_rows} rows, dear from {dear_from}");
}

#[test]
fn a_chunk_that_is_left_gives_what_the_plain_loop_gives() {
    for n_rows in [1, 2, 17, 18, 300, 5_000] {
        for dear_from in [0, 1, 16, 20, 280, 4_000, 9_999] {
            check(n_rows, dear_from, OnError::Null);
        }
        check(n_rows, 10, OnError::Skip);
        check(n_rows, 10, OnError::Collect);
    }
}

#[test]
fn rows_that_cost_nothing_are_one_chunk() {
    let frame = df!("a" => (0..1_000).collect::<Vec<i64>>()).unwrap();
    let options = ApplyOptions::default();
    let applied = frame.with_options(&options).parallel_apply("a", |a: i64| a + 1).unwrap();
    assert_eq!((applied.sharing.n_workers, applied.table.len()), (1, 1_000));
}

#[test]
fn the_lowest_row_that_fails_is_told_wherever_the_chunk_is_left() {
    let frame = df!("a" => (0..3_000).collect::<Vec<i64>>()).unwrap();
    for fails_at in [0, 1, 5, 16, 17, 40, 272, 273, 2_999] {
        let function = |a: i64| {
            if a > 2 && a < 30 {
                std::thread::sleep(Duration::from_micros(300));
            }
            assert!(a < fails_at, "it fails at {a}");
            a
        };
        let error = frame.parallel_apply("a", function).unwrap_err();
        assert_eq!(error.position().row, Some(fails_at as u64), "{error}");
    }
}
