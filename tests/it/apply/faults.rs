//! Rows that fail: which error is reported, what becomes of the row, and that the workers live on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parrow::polars::prelude::*;
use parrow::prelude::*;
use parrow::{CancellationToken, ErrorKind, Progress, RowFailure};

fn numbers(n_rows: i64) -> DataFrame {
    df!("n" => (0..n_rows).collect::<Vec<_>>()).unwrap()
}

fn options(on_error: OnError) -> ApplyOptions {
    ApplyOptions::builder().threads(4).chunk_rows(10).on_error(on_error).build().unwrap()
}

#[test]
fn the_lowest_row_wins_whatever_the_timing() {
    let frame = numbers(400);
    for _ in 0..20 {
        let error = frame
            .with_options(&options(OnError::Fail))
            .parallel_apply("n", |n: i64| {
                if n == 33 {
                    // Later rows have failed by the time that this one does.
                    std::thread::sleep(Duration::from_millis(2));
                }
                if n >= 33 { Err(format!("no {n}")) } else { Ok(n) }
            })
            .unwrap_err();
        assert_eq!(error.to_string(), "row 33: no 33");
    }
}

#[test]
fn a_panic_is_an_error_with_its_row_and_the_pool_lives_on() {
    let frame = numbers(100);
    for _ in 0..3 {
        let error = frame
            .with_options(&options(OnError::Fail))
            .parallel_apply("n", |n: i64| {
                assert!(n % 50 != 42, "bad luck at {n}");
                n
            })
            .unwrap_err();
        assert_eq!(error.position().row, Some(42));
        assert!(matches!(error.kind(), ErrorKind::Row { cause: RowFailure::Panicked, .. }));
        assert_eq!(error.to_string(), "row 42: the row function panicked: bad luck at 42");
    }
    assert_eq!(frame.parallel_apply("n", |n: i64| n + 1).unwrap().i64().unwrap().get(99), Some(100));
}

#[test]
fn an_error_whose_text_panics_is_a_fault_of_its_row_alone() {
    #[derive(Debug)]
    struct Mute;
    impl std::fmt::Display for Mute {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no words")
        }
    }
    let frame = numbers(30);
    let applied = frame
        .with_options(&options(OnError::Collect))
        .parallel_apply("n", |n: i64| if n % 10 == 3 { Err(Mute) } else { Ok(n.to_string()) })
        .unwrap();
    let expected: Vec<_> = (0..30).map(|n| (n % 10 != 3).then(|| n.to_string())).collect();
    assert_eq!(applied.table, Series::new("result".into(), expected));
    assert_eq!(applied.ledger.faults().iter().map(|fault| fault.row).collect::<Vec<_>>(), [3, 13, 23]);
}

#[test]
fn policies() {
    let frame = numbers(25);
    let odd = |n: i64| if n % 10 == 3 { Err("three") } else { Ok(n) };
    let run = |on_error| frame.with_options(&options(on_error)).parallel_apply("n", odd);

    assert_eq!(run(OnError::Fail).unwrap_err().position().row, Some(3));
    let null = run(OnError::Null).unwrap();
    assert_eq!((null.table.null_count(), null.ledger.len()), (3, 3));
    assert_eq!(null.ledger.faults()[0].message, "");
    let skip = run(OnError::Skip).unwrap();
    assert_eq!(skip.table.len(), 22);
    assert_eq!(skip.table.i64().unwrap().get(3), Some(4));
    let collect = run(OnError::Collect).unwrap();
    assert_eq!(collect.table.len(), 25);
    let expected = df!(
        "row" => [3u64, 13, 23],
        "kind" => ["error"; 3],
        "column" => [None::<&str>; 3],
        "message" => ["three"; 3],
    );
    assert!(collect.ledger.to_frame().unwrap().equals_missing(&expected.unwrap()));
}

#[test]
fn a_function_is_never_run_twice_on_a_row() {
    for n_rows in [0, 1, 17, 5_000, 200_000] {
        let calls = AtomicUsize::new(0);
        let frame = numbers(n_rows);
        let _ = frame
            .parallel_apply("n", |n: i64| {
                calls.fetch_add(1, Ordering::Relaxed);
                n
            })
            .unwrap();
        assert_eq!(calls.into_inner(), n_rows as usize);
    }
}

#[test]
fn values_that_do_not_fit_are_faults_of_their_rows() {
    let frame = df!("n" => [Some(1i64), None, Some(300), Some(-1)]).unwrap();
    let error = frame.parallel_apply("n", |n: u8| n).unwrap_err();
    assert_eq!(error.to_string(), "row 2, column \"n\": 300 does not fit the function's argument of type u8");
    let applied = frame.with_options(&options(OnError::Collect)).parallel_apply("n", |n: u8| n).unwrap();
    assert_eq!(applied.table.u8().unwrap().to_vec(), [Some(1), None, None, None]);
    assert_eq!(applied.ledger.faults().iter().map(|fault| fault.row).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(applied.ledger.faults()[0].cause, RowFailure::Argument);
}

#[test]
fn rows_that_end_early() {
    let frame = df!("a" => [Some(1i64), None, Some(300)], "b" => [1i64, 2, 3]).unwrap();
    // A null decides the row, even when the function falls over it.
    let first =
        frame.parallel_apply_rows(|row| row.iter_as::<i64>().map(|v| v / 300).next().unwrap()).unwrap();
    assert_eq!(first.i64().unwrap().to_vec(), [Some(0), None, Some(1)]);
    let error = frame.parallel_apply_rows(|row| row.iter_as::<u8>().count()).unwrap_err();
    assert_eq!(error.to_string(), "row 2, column \"a\": 300 does not fit u8");
    let error = frame.parallel_apply_rows(|row| row.iter_as::<&str>().count()).unwrap_err();
    assert_eq!(error.to_string(), "row 0, column \"a\": the cell is not text but i64");
    let error = frame.parallel_apply_rows(|row| row.get::<i64>("a")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 1: column \"a\": the cell is null; take it as Option<i64> to be given nulls"
    );
    let error = frame.parallel_apply_rows(|row| row.get::<i64>("c")).unwrap_err();
    assert_eq!(error.to_string(), "row 0: no column \"c\" (columns: a, b)");
}

#[test]
fn what_is_wrong_before_the_first_row() {
    let frame = df!("height" => [1i64], "name" => ["x"], "ratio" => [0.5]).unwrap();
    let check = |error: parrow::Error, text: &str| assert_eq!(error.to_string(), text);
    check(
        frame.parallel_apply("heigth", |a: f64| a).unwrap_err(),
        "no column \"heigth\"; did you mean \"height\"? (columns: height, name, ratio)",
    );
    check(
        frame.parallel_apply("name", |a: f64| a).unwrap_err(),
        "column \"name\" holds str, and a number is wanted",
    );
    check(
        frame.parallel_apply("ratio", |a: i64| a).unwrap_err(),
        "column \"ratio\" holds f64, and an integer that fits i64 is wanted",
    );
    check(
        frame.parallel_apply(("height", "ratio"), |a: f64| a).unwrap_err(),
        "the function takes 1 argument, and 2 columns are named",
    );
    check(
        frame.parallel_apply_windows("ratio", 0, |a: &[f64]| a.len()).unwrap_err(),
        "window: a window must have at least one row",
    );
    check(
        frame.parallel_apply_windows("ratio", 2, |a: f64| a).unwrap_err(),
        "column \"ratio\" holds list[f64], and a number is wanted",
    );
    assert!(ApplyOptions::builder().threads(0).build().is_err());
    assert!(ApplyOptions::builder().chunk_rows(0).build().is_err());
}

#[test]
fn nested_calls_do_not_deadlock() {
    let outer = numbers(64);
    let inner = numbers(1_000);
    for threads in [1, 2, 8] {
        let options = ApplyOptions::builder().threads(threads).chunk_rows(1).build().unwrap();
        let sums = outer
            .with_options(&options)
            .parallel_apply("n", |n: i64| -> parrow::Result<i64> {
                let added = inner.with_options(&options).parallel_apply("n", |m: i64| m + n)?.table;
                Ok(added.sum::<i64>().unwrap_or_default())
            })
            .unwrap();
        assert_eq!(sums.table.i64().unwrap().get(1), Some(1_000 * 999 / 2 + 1_000));
    }
}

#[test]
fn a_cancelled_run_stops() {
    let frame = numbers(10_000);
    let token = CancellationToken::new();
    let options =
        ApplyOptions::builder().threads(2).chunk_rows(10).cancellation(token.clone()).build().unwrap();
    let calls = AtomicUsize::new(0);
    let error = frame
        .with_options(&options)
        .parallel_apply("n", |n: i64| {
            if calls.fetch_add(1, Ordering::Relaxed) == 100 {
                token.cancel();
            }
            n
        })
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled));
    assert!(calls.into_inner() < 1_000);
}

#[derive(Default)]
struct Counted {
    rows: AtomicU64,
    begun: AtomicU64,
    finished: AtomicU64,
}

impl Progress for Counted {
    fn begin(&self, n_rows: Option<u64>) {
        self.begun.fetch_add(n_rows.unwrap(), Ordering::Relaxed);
    }

    fn advance(&self, n_rows: u64) {
        self.rows.fetch_add(n_rows, Ordering::Relaxed);
    }

    fn finish(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn progress_hears_every_row_once() {
    let frame = numbers(12_345);
    let counted = Arc::new(Counted::default());
    let options =
        ApplyOptions::builder().threads(4).chunk_rows(100).progress(counted.clone()).build().unwrap();
    let _ = frame.with_options(&options).parallel_apply("n", |n: i64| n).unwrap();
    let heard = [&counted.begun, &counted.rows, &counted.finished].map(|n| n.load(Ordering::Relaxed));
    assert_eq!(heard, [12_345, 12_345, 1]);
}
