//! `CountInRange` against plain counting.

use parrow::functions::{CountInRange, Number, RangeBounds};
use std::path::Path;

use parrow::polars::prelude::*;
use parrow::table::{Input, ReadOptions, read};
use parrow::{ApplyOptions, ErrorKind, apply_function};
use proptest::prelude::*;

fn counts(frame: &DataFrame, min: &str, max: &str) -> Vec<u32> {
    let names = frame.get_column_names_owned();
    let bounds = RangeBounds::new(number(min), number(max)).unwrap();
    let count = CountInRange::new(names, bounds);
    let table = apply_function(frame, &count, &ApplyOptions::default()).unwrap().table;
    assert_eq!(table.width(), 1);
    let column = table.column("count_in_range").unwrap();
    assert_eq!(column.dtype(), &DataType::UInt32);
    column.u32().unwrap().into_no_null_iter().collect()
}

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

#[test]
fn the_classic_rows() {
    let frame = df!(
        "a" => [7, 9, 7, 7, 7], "b" => [6, 9, 8, 3, 2], "c" => [9, 6, 0, 9, 4], "d" => [6, 3, 9, 9, 9], "e" => [3, 7, 8, 4, 5]
    )
    .unwrap();
    assert_eq!(counts(&frame, "4", "8"), [3, 2, 3, 2, 3]);
    assert_eq!(counts(&frame, "4.5", "8.5"), [3, 2, 3, 1, 2]);
    assert_eq!(counts(&frame, "-inf", "inf"), [5; 5]);
}

#[test]
fn the_reference_matrix_is_the_same_in_both_files() {
    let load = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
        read(&[Input::from(path.as_path())], &ReadOptions::default()).unwrap().frame
    };
    let frame = load("matrix.csv");
    assert_eq!(frame.shape(), (200_000, 5));
    assert!(frame.equals(&load("matrix.parquet")));
    let counts = counts(&frame, "4", "8");
    assert_eq!(counts[..5], [3, 2, 3, 2, 3]);
    assert_eq!(counts.iter().sum::<u32>(), 500_377);
}

#[test]
fn every_dtype_is_counted_exactly() {
    let decimals = Series::new("".into(), ["0.10", "-0.10", "12345678901234567890.11", "0.11"])
        .cast(&DataType::Decimal(38, 2))
        .unwrap();
    let check = |column: Series, cases: &[(&str, &str, &[u32])]| {
        for (min, max, expected) in cases {
            let frame = DataFrame::new(column.len(), vec![column.clone().into()]).unwrap();
            assert_eq!(counts(&frame, min, max), *expected, "{min} to {max} of {column:?}");
        }
    };
    let big = 1_i64 << 53;
    check(
        Series::new("".into(), [i64::MIN, -1, 0, big, big + 1, i64::MAX - 1, i64::MAX]),
        &[
            ("9223372036854775807", "9223372036854775807", &[0, 0, 0, 0, 0, 0, 1]),
            ("0", "9223372036854775806", &[0, 0, 1, 1, 1, 1, 0]),
            ("9223372036854775807.5", "inf", &[0; 7]),
            ("-9223372036854775809", "-1e-30", &[1, 1, 0, 0, 0, 0, 0]),
            ("9007199254740993", "9007199254740993", &[0, 0, 0, 0, 1, 0, 0]),
            ("-1e300", "1e300", &[1; 7]),
            ("0.2", "0.8", &[0; 7]),
            ("-0.5", "0.5", &[0, 0, 1, 0, 0, 0, 0]),
            ("-1.5", "-0.5", &[0, 1, 0, 0, 0, 0, 0]),
        ],
    );
    check(
        Series::new("".into(), [0, 1, u64::MAX - 1, u64::MAX]),
        &[
            ("-5", "0", &[1, 0, 0, 0]),
            ("18446744073709551615", "18446744073709551615", &[0, 0, 0, 1]),
            ("1", "18446744073709551614", &[0, 1, 1, 0]),
            ("-7", "-1", &[0; 4]),
            ("1e30", "inf", &[0; 4]),
        ],
    );
    check(
        Series::new("".into(), [-128_i8, -1, 0, 127]),
        &[("-1000", "126.9", &[1, 1, 1, 0]), ("128", "300", &[0; 4])],
    );
    check(
        Series::new(
            "".into(),
            [0.1, -0.0, 9007199254740992.0, f64::MAX, f64::INFINITY, f64::NAN, f64::NEG_INFINITY],
        ),
        &[
            ("0.1", "0.1", &[1, 0, 0, 0, 0, 0, 0]),
            ("0", "0", &[0, 1, 0, 0, 0, 0, 0]),
            ("9007199254740993", "inf", &[0, 0, 0, 1, 1, 0, 0]),
            ("1", "9007199254740991", &[0; 7]),
            ("1", "1e400", &[0, 0, 1, 1, 0, 0, 0]),
            ("1e400", "inf", &[0, 0, 0, 0, 1, 0, 0]),
            ("-1e400", "0", &[0, 1, 0, 0, 0, 0, 0]),
            ("-inf", "-inf", &[0, 0, 0, 0, 0, 0, 1]),
            ("-inf", "inf", &[1, 1, 1, 1, 1, 0, 1]),
        ],
    );
    check(
        Series::new("".into(), [0.1_f32, 16777216.0, f32::MAX, f32::INFINITY, f32::NAN]),
        &[
            ("0.1", "0.2", &[1, 0, 0, 0, 0]),
            ("0", "0.1", &[0; 5]),
            ("16777217", "1e38", &[0; 5]),
            ("1e39", "inf", &[0, 0, 0, 1, 0]),
            ("1", "1e39", &[0, 1, 1, 0, 0]),
        ],
    );
    check(
        decimals,
        &[
            ("0.1", "0.1", &[1, 0, 0, 0]),
            ("0.101", "0.109", &[0; 4]),
            ("0.101", "0.11", &[0, 0, 0, 1]),
            ("12345678901234567890.11", "inf", &[0, 0, 1, 0]),
            ("-1e60", "0", &[0, 1, 0, 0]),
        ],
    );
    check(Series::new_null("".into(), 2), &[("-inf", "inf", &[0, 0])]);
}

#[test]
fn floats_given_as_floats_fit_decimals() {
    let decimals = Series::new("x".into(), ["0.10"]).cast(&DataType::Decimal(10, 2)).unwrap();
    let frame = DataFrame::new(1, vec![decimals.into()]).unwrap();
    let count = CountInRange::new("x", RangeBounds::new(0.1, 0.1).unwrap()).name("n");
    let table = apply_function(&frame, &count, &ApplyOptions::default()).unwrap().table;
    assert_eq!(table, df!("n" => [1_u32]).unwrap());
}

#[test]
fn columns_repeat_and_may_be_none() {
    let frame = df!("a" => [5, 9], "b" => [Some(5.0), None]).unwrap();
    let run = |columns: &[&str]| {
        let count = CountInRange::new(columns, RangeBounds::new(4, 8).unwrap());
        apply_function(&frame, &count, &ApplyOptions::default())
            .unwrap()
            .table
            .column("count_in_range")
            .unwrap()
            .clone()
    };
    assert_eq!(run(&["a", "a", "b", "a"]).u32().unwrap().to_vec(), [Some(4), Some(0)]);
    assert_eq!(run(&[]).u32().unwrap().to_vec(), [Some(0), Some(0)]);
}

#[test]
fn ten_thousand_columns_and_no_rows() {
    let columns: Vec<Column> =
        (0..10_000).map(|index| Column::new(format!("c{index}").into(), [index, index % 7, 5])).collect();
    let frame = DataFrame::new(3, columns).unwrap();
    assert_eq!(counts(&frame, "4", "6"), [3, 4284, 10_000]);
    assert_eq!(counts(&frame.clear(), "4", "6"), [0; 0]);
}

#[test]
fn columns_that_hold_no_numbers_are_named() {
    let frame = df!("a" => [1], "text" => ["x"], "flag" => [true]).unwrap();
    for name in ["text", "flag"] {
        let count = CountInRange::new(["a", name], RangeBounds::new(4, 8).unwrap());
        let error = apply_function(&frame, &count, &ApplyOptions::default()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Dtype { column, .. } if column == name), "{error}");
    }
    let error = apply_function(
        &frame,
        &CountInRange::new("txet", RangeBounds::new(4, 8).unwrap()),
        &ApplyOptions::default(),
    )
    .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ColumnNotFound { .. }), "{error}");
}

/// Small numbers and the ends of `i64`, as what any dtype can be made of.
fn cell() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![1 => Just(None), 8 => (-20_i64..20).prop_map(Some), 1 => Just(Some(i64::MAX)), 1 => Just(Some(i64::MIN))]
}

fn column(n_rows: usize) -> impl Strategy<Value = Series> {
    let cells = proptest::collection::vec(cell(), n_rows);
    (cells, 0_usize..12, any::<bool>()).prop_map(|(cells, dtype, without_nulls)| {
        let cells: Vec<Option<i64>> =
            if without_nulls { cells.iter().map(|cell| Some(cell.unwrap_or(5))).collect() } else { cells };
        let cells = Series::new("".into(), cells);
        let dtype = match dtype {
            0 => DataType::Int8,
            1 => DataType::Int16,
            2 => DataType::Int32,
            3 => DataType::UInt8,
            4 => DataType::UInt16,
            5 => DataType::UInt32,
            6 => DataType::UInt64,
            7 => DataType::Float32,
            8 => DataType::Float64,
            9 => DataType::Decimal(30, 3),
            10 => {
                let floats =
                    cells.i64().unwrap().iter().map(|cell| {
                        cell.map(|value| if value % 7 == 3 { f64::NAN } else { value as f64 / 4.0 })
                    });
                return Series::new("".into(), floats.collect::<Vec<_>>());
            }
            _ => DataType::Int64,
        };
        cells.cast(&dtype).unwrap()
    })
}

/// A frame whose columns are in pieces, and may be a slice of longer ones.
fn frame() -> impl Strategy<Value = DataFrame> {
    (0_usize..20, 0_usize..150).prop_flat_map(|(n_columns, n_rows)| {
        (proptest::collection::vec(column(n_rows), n_columns), 0..=n_rows, 0..=n_rows, any::<bool>())
            .prop_map(move |(columns, cut, start, sliced)| {
                let columns = columns
                    .into_iter()
                    .enumerate()
                    .map(|(index, column)| {
                        let mut pieces = column.slice(0, cut);
                        pieces.append(&column.slice(cut as i64, n_rows)).unwrap();
                        pieces.with_name(format!("c{index}").into()).into()
                    })
                    .collect();
                let frame = DataFrame::new(n_rows, columns).unwrap();
                if sliced { frame.slice(start as i64, n_rows) } else { frame }
            })
    })
}

/// A row's count, cell by cell. Numbers of this size are exact as `f64`, but for the ends of `i64`, which are as far out
/// as what they are rounded to.
fn plain_count(frame: &DataFrame, row: usize, min: f64, max: f64) -> u32 {
    let within = |column: &&Column| {
        let value = column.get(row).unwrap();
        let value = match value {
            AnyValue::Decimal(value, _, scale) => Some(value as f64 / 10_f64.powi(scale as i32)),
            other => other.extract::<f64>(),
        };
        value.is_some_and(|value| min <= value && value <= max)
    };
    frame.columns().iter().filter(within).count() as u32
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_frame_threads_and_chunks(
        frame in frame(),
        (min, max) in (-25_i32..25, 0_i32..30).prop_map(|(min, width)| (f64::from(min) / 2.0, f64::from(min + width) / 2.0)),
        threads in 1_usize..4,
        chunk_rows in 1_usize..200,
    ) {
        let count = CountInRange::new(frame.get_column_names_owned(), RangeBounds::new(min, max).unwrap());
        let options = ApplyOptions::builder().threads(threads).chunk_rows(chunk_rows).build().unwrap();
        let table = apply_function(&frame, &count, &options).unwrap().table;
        let expected: Vec<u32> = (0..frame.height()).map(|row| plain_count(&frame, row, min, max)).collect();
        prop_assert_eq!(table, df!("count_in_range" => expected).unwrap());
    }
}
