//! The core property: any number of threads and any chunk size give the bytes of the serial loop.

use parrow::polars::prelude::*;
use parrow::prelude::*;
use parrow::{Applied, Result};
use proptest::prelude::*;

use crate::support::{assert_identical, frames};

/// Runs a function over a frame in one of two ways.
type Run<'f> = Box<dyn Fn(&DataFrame, &ApplyOptions) -> Result<DataFrame> + 'f>;

/// A way to run a function, its serial twin, and its name.
struct Case<'f> {
    name: &'static str,
    serial: Run<'f>,
    parallel: Run<'f>,
}

fn table(applied: Result<Applied<DataFrame>>) -> Result<DataFrame> {
    applied.map(|applied| applied.table)
}

fn series(applied: Result<Applied<Series>>) -> Result<DataFrame> {
    applied.map(|applied| applied.table.into_frame())
}

macro_rules! case {
    ($name:literal, $finish:expr, $serial:ident | $parallel:ident, ($($argument:expr),* $(,)?)) => {
        Case {
            name: $name,
            serial: Box::new(|frame, options| ($finish)(frame.with_options(options).$serial($($argument),*))),
            parallel: Box::new(|frame, options| ($finish)(frame.with_options(options).$parallel($($argument),*))),
        }
    };
}

fn cases() -> Vec<Case<'static>> {
    vec![
        case!("floats", series, apply | parallel_apply, (("i64", "f64"), |a: f64, b: f64| a.hypot(b))),
        case!(
            "options",
            series,
            apply | parallel_apply,
            (("i8", "u64"), |a: Option<i64>, b: Option<u64>| {
                a.map(|a| a as i128).or(b.map(i128::from)).map(|v| v.to_string())
            })
        ),
        case!(
            "narrow",
            series,
            apply | parallel_apply,
            (("i64", "flag"), |a: i16, flag: bool| flag.then_some(a))
        ),
        case!(
            "text",
            table,
            apply | parallel_apply,
            (("text", "category"), |text: &str, category: Option<&str>| (
                text.len(),
                category.map(str::to_owned),
                !text.is_empty()
            ),)
        ),
        case!(
            "lists",
            table,
            apply | parallel_apply,
            (("list", "texts"), |list: &[Option<i64>], texts: &[&str]| (list.to_vec(), texts.concat()),)
        ),
        case!(
            "null-free lists",
            series,
            apply | parallel_apply,
            ("list", |list: &[i64]| { list.iter().rev().copied().collect::<Vec<_>>() })
        ),
        case!(
            "faults",
            series,
            apply | parallel_apply,
            (("i8", "f32"), |a: i8, b: f32| {
                assert!(a != 77, "seventy-seven");
                if a % 5 == 3 { Err(format!("{a} is bad")) } else { Ok(b + f32::from(a)) }
            })
        ),
        case!(
            "dates",
            table,
            apply | parallel_apply,
            (("date", "time"), |date: chrono::NaiveDate, time: Option<chrono::NaiveDateTime>| (
                date.succ_opt(),
                time,
                time.map(|t| t.time())
            ),)
        ),
        case!(
            "nothing",
            series,
            apply | parallel_apply,
            (("nothing", "decimal"), |a: Option<&str>, b: f64| { a.map_or(b, |a| a.len() as f64) })
        ),
        case!(
            "rows",
            table,
            apply_rows | parallel_apply_rows,
            (|row| -> Result<(u64, Option<f64>, String)> {
                Ok((row.index(), row.get("f64")?, format!("{:?}", row.value("list")?)))
            })
        ),
        case!("row faults", series, apply_rows | parallel_apply_rows, (|row| row.get::<u8>("i64"))),
        case!(
            "values",
            table,
            map_values | parallel_map_values,
            (|value: Option<f64>| value.map(|v| v + 1.0))
        ),
        case!(
            "windows",
            series,
            apply_windows | parallel_apply_windows,
            (("f64", "i64"), 3, |a: &[f64], b: &[Option<i64>]| {
                a.iter().sum::<f64>() + b.iter().flatten().count() as f64
            })
        ),
        case!(
            "groups",
            table,
            apply_groups | parallel_apply_groups,
            (["flag", "category"], |group: &DataFrame| {
                (group.height(), group.column("f64").unwrap().sum_f64())
            })
        ),
    ]
}

/// The sum of a column.
trait Sum {
    fn sum_f64(&self) -> Option<f64>;
}

impl Sum for Column {
    fn sum_f64(&self) -> Option<f64> {
        self.f64().unwrap().sum()
    }
}

fn options(threads: usize, chunk_rows: Option<usize>, on_error: OnError) -> ApplyOptions {
    let builder = ApplyOptions::builder().threads(threads).on_error(on_error);
    match chunk_rows {
        Some(rows) => builder.chunk_rows(rows).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

/// The frame that a case takes: all columns, or the numbers.
fn input(case: &Case<'_>, frame: &DataFrame) -> DataFrame {
    match case.name {
        "values" => frame.select(["i8", "i64", "u64", "f32", "f64", "decimal", "nothing"]).unwrap(),
        _ => frame.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn parallel_gives_the_bytes_of_serial(
        frame in frames(40),
        chunk_rows in prop_oneof![Just(None), (1usize..12).prop_map(Some)],
        on_error in prop_oneof![Just(OnError::Fail), Just(OnError::Null), Just(OnError::Skip), Just(OnError::Collect)],
    ) {
        for case in cases() {
            let frame = input(&case, &frame);
            let serial = (case.serial)(&frame, &options(1, None, on_error));
            for threads in [1, 2, 8] {
                let parallel = (case.parallel)(&frame, &options(threads, chunk_rows, on_error));
                match (&serial, parallel) {
                    (Ok(serial), Ok(parallel)) => assert_identical(serial, &parallel),
                    (Err(serial), Err(parallel)) => {
                        assert_eq!(serial.to_string(), parallel.to_string(), "{}", case.name);
                        assert_eq!(serial.position(), parallel.position());
                    }
                    (serial, parallel) => panic!("{}: serial {serial:?}, parallel {parallel:?}", case.name),
                }
            }
        }
    }

    #[test]
    fn ledgers_are_the_same_too(frame in frames(40), chunk_rows in 1usize..12) {
        let function = |a: i8, b: f32| if a % 5 == 3 { Err(format!("{a}: {b}")) } else { Ok(b) };
        let reference = frame.with_options(&options(1, None, OnError::Collect)).apply(("i8", "f32"), function).unwrap();
        let parallel =
            frame.with_options(&options(8, Some(chunk_rows), OnError::Collect)).parallel_apply(("i8", "f32"), function).unwrap();
        assert_eq!(reference.ledger.faults(), parallel.ledger.faults());
        let failed = reference.table.len() - frame.with_options(&options(2, None, OnError::Skip))
            .parallel_apply(("i8", "f32"), function).unwrap().table.len();
        assert_eq!(failed, reference.ledger.len());
    }
}

#[test]
fn long_frames_that_are_really_shared_out() {
    let n_rows = 300_000i64;
    let frame = df!(
        "i8" => (0..n_rows).map(|i| (i % 100) as i8).collect::<Vec<_>>(),
        "f64" => (0..n_rows).map(|i| i as f64 / 7.0).collect::<Vec<_>>(),
    )
    .unwrap();
    let slow = |a: i8, b: f64| (0..i64::from(a) % 7).fold(b, |sum, i| (sum + i as f64).sqrt());
    let serial = frame.apply(("i8", "f64"), slow).unwrap();
    for threads in [1, 2, 8] {
        let options = options(threads, None, OnError::Fail);
        let applied = frame.with_options(&options).parallel_apply(("i8", "f64"), slow).unwrap();
        assert_identical(&serial.clone().into_frame(), &applied.table.into_frame());
        assert_eq!(applied.sharing.n_workers, threads);
    }
}
