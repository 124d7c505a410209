//! Frames of unusual shapes, and results whose dtype must be known all the same.

use parrow::polars::prelude::*;
use parrow::prelude::*;

use crate::support::in_pieces;

#[test]
fn dtypes_do_not_depend_on_the_rows() {
    let frame = df!("a" => [None::<f64>, None, Some(1.0)]).unwrap();
    let options = ApplyOptions::builder().threads(2).chunk_rows(1).build().unwrap();
    for n_rows in [0, 1, 3] {
        let head = frame.head(Some(n_rows));
        let table = head
            .with_options(&options)
            .parallel_apply("a", |a: f64| (a, a > 0.0, a.to_string(), vec![a as i64]))
            .unwrap()
            .table;
        assert_eq!(table.height(), n_rows);
        let list = DataType::List(Box::new(DataType::Int64));
        assert_eq!(table.dtypes(), [DataType::Float64, DataType::Boolean, DataType::String, list]);
        assert_eq!(head.parallel_apply_rows(|_| Some(1u8)).unwrap().dtype(), &DataType::UInt8);
    }
}

#[test]
fn ten_thousand_columns() {
    let columns = (0..10_000).map(|i| Column::new(format!("c{i}").into(), [i as i64, -1, 1])).collect();
    let frame = DataFrame::new(3, columns).unwrap();
    let sums = frame.parallel_apply_rows(|row| row.iter_as::<i64>().sum::<i64>()).unwrap();
    assert_eq!(sums.i64().unwrap().to_vec(), [Some(49_995_000), Some(-10_000), Some(10_000)]);
    let last = frame.parallel_apply_rows(|row| row.get::<i64>("c9999")).unwrap();
    assert_eq!(last.i64().unwrap().get(0), Some(9_999));
    let maxima = frame.parallel_apply_columns(|column| column.max::<i64>().unwrap()).unwrap();
    assert_eq!((maxima.height(), maxima.width()), (1, 10_000));
    let moved = frame.parallel_map_values(|v: i64| v + 1).unwrap();
    assert_eq!(moved.column("c7").unwrap().i64().unwrap().to_vec(), [Some(8), Some(0), Some(2)]);
}

#[test]
fn the_same_column_twice_and_twelve_arguments() {
    let frame = df!("a" => [1i64, 2, 3]).unwrap();
    let squares = frame.parallel_apply(("a", "a"), |x: i64, y: i64| x * y).unwrap();
    assert_eq!(squares.i64().unwrap().to_vec(), [Some(1), Some(4), Some(9)]);
    let twelve = frame
        .parallel_apply(
            ["a"; 12],
            |a: i8,
             b: i16,
             c: i32,
             d: i64,
             e: u8,
             f: u16,
             g: u32,
             h: u64,
             i: f64,
             j: Option<i8>,
             k: i64,
             l: i64| {
                i64::from(a)
                    + i64::from(b)
                    + i64::from(c)
                    + d
                    + i64::from(e)
                    + i64::from(f)
                    + i64::from(g)
                    + h as i64
                    + i as i64
                    + j.map_or(0, i64::from)
                    + k
                    + l
            },
        )
        .unwrap();
    assert_eq!(twelve.i64().unwrap().get(2), Some(36));
}

#[test]
fn slices_and_pieces_of_a_frame() {
    let frame = df!("a" => (0..100i64).collect::<Vec<_>>(), "s" => (0..100).map(|i| format!("{i}")).collect::<Vec<_>>());
    let frame = in_pieces(&frame.unwrap(), vec![1, 1, 40, 99]).slice(30, 60);
    let texts = frame.parallel_apply(("a", "s"), |a: i64, s: &str| format!("{a}{s}")).unwrap();
    assert_eq!(texts.str().unwrap().get(0), Some("3030"));
    assert_eq!(texts.str().unwrap().get(59), Some("8989"));
    assert_eq!(texts.n_chunks(), 1);
}

#[test]
fn frames_in_chunks() {
    let frame = df!("a" => (0..10_000i64).collect::<Vec<_>>()).unwrap();
    let even = frame
        .parallel_map_frames(|chunk| {
            let even =
                chunk.column("a")?.i64()?.iter().map(|v| v.map(|v| v % 2 == 0)).collect::<BooleanChunked>();
            chunk.filter(&even)
        })
        .unwrap();
    assert_eq!(even.height(), 5_000);
    assert_eq!(even.column("a").unwrap().i64().unwrap().get(4_999), Some(9_998));

    // The first chunks of the new column are null throughout.
    let late = frame
        .parallel_map_frames(|chunk| -> PolarsResult<DataFrame> {
            let first = chunk.column("a")?.i64()?.get(0).unwrap_or_default();
            let values = match first {
                0 => Column::full_null("b".into(), chunk.height(), &DataType::Null),
                _ => Column::new("b".into(), vec![first; chunk.height()]),
            };
            DataFrame::new(chunk.height(), vec![values])
        })
        .unwrap();
    assert_eq!(late.dtypes(), [DataType::Int64]);
    assert_eq!(late.height(), 10_000);

    let error = frame
        .parallel_map_frames(|chunk| match chunk.column("a").unwrap().i64().unwrap().get(0) {
            Some(0) => Ok(chunk),
            first => Err(format!("chunk at {first:?}")),
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "row 1024: chunk at Some(1024)");
}

#[test]
fn groups_keep_their_order() {
    let frame = df!(
        "key" => [Some("b"), Some("a"), None, Some("b"), None],
        "n" => [1i64, 2, 3, 4, 5],
    )
    .unwrap();
    let sums =
        frame.parallel_apply_groups("key", |group| group.column("n").unwrap().i64().unwrap().sum()).unwrap();
    let expected = df!("key" => [Some("b"), Some("a"), None], "result" => [5i64, 2, 8]).unwrap();
    assert!(sums.equals_missing(&expected), "{sums}");
    let empty = frame.head(Some(0)).parallel_apply_groups("key", |group| group.height()).unwrap();
    assert_eq!((empty.height(), empty.dtypes()), (0, vec![DataType::String, DataType::UInt64]));
}

#[test]
fn a_key_is_named_once() {
    let frame = df!("a" => [1i64, 1]).unwrap();
    let error = frame.parallel_apply_groups(("a", "a"), |group: &DataFrame| group.height()).unwrap_err();
    assert!(matches!(error.kind(), parrow::ErrorKind::DuplicateColumn { name } if name == "a"), "{error}");
}

#[test]
fn windows() {
    let frame = df!("x" => [Some(1.0), Some(2.0), None, Some(4.0), Some(5.0), Some(6.0)]).unwrap();
    let sums = frame.parallel_apply_windows("x", 2, |x: &[f64]| x.iter().sum::<f64>()).unwrap();
    assert_eq!(sums.f64().unwrap().to_vec(), [None, Some(3.0), None, None, Some(9.0), Some(11.0)]);
    let seen = frame.parallel_apply_windows("x", 3, |x: &[Option<f64>]| x.iter().flatten().count()).unwrap();
    assert_eq!(seen.u64().unwrap().to_vec(), [None, None, Some(2), Some(2), Some(2), Some(3)]);
}

#[test]
fn columns_fail_by_name() {
    let frame = df!("a" => [1i64], "b" => ["x"]).unwrap();
    let error = frame.parallel_apply_columns(|column| column.i64().map(|c| c.get(0))).unwrap_err();
    assert!(error.to_string().starts_with("column \"b\": "), "{error}");
}

#[test]
fn a_column_that_fails_takes_no_other_ones_value() {
    let frame = df!("a" => [1i64], "b" => ["x"], "c" => [3i64]).unwrap();
    let run = |on_error, threads| {
        let options =
            ApplyOptions::builder().on_error(on_error).threads(threads).chunk_rows(1).build().unwrap();
        let first = |column: &Series| column.i64().map(|column| column.get(0));
        frame.with_options(&options).parallel_apply_columns(first).unwrap()
    };
    for threads in [1, 3] {
        assert_eq!(run(OnError::Skip, threads), df!("a" => [1i64], "c" => [3i64]).unwrap());
        let null = df!("a" => [1i64], "b" => [None::<i64>], "c" => [3i64]).unwrap();
        assert!(run(OnError::Null, threads).equals_missing(&null));
    }
}

#[test]
fn cells_as_polars_has_them() {
    let frame = df!("amount" => [150i64, 225], "size" => ["s", "m"]).unwrap();
    let columns = vec![
        frame.column("amount").unwrap().cast(&DataType::Decimal(10, 2)).unwrap(),
        frame.column("size").unwrap().cast(&DataType::from_categories(Categories::global())).unwrap(),
    ];
    let frame = DataFrame::new(2, columns).unwrap();
    let texts = frame
        .parallel_apply_rows(|row| -> parrow::Result<String> {
            let (amount, size) = (row.value("amount")?, row.value(1)?);
            assert!(matches!(size, AnyValue::Categorical(..)), "{size:?}");
            Ok(format!("{amount} {} {}", row.get::<f64>("amount")?, row.get::<&str>("size")?))
        })
        .unwrap();
    assert_eq!(texts.str().unwrap().get(0), Some("150.00 150 s"));
}

#[test]
fn lists_of_times_hold_what_a_time_by_itself_holds() {
    let frame = df!("a" => [1i64]).unwrap();
    let date = chrono::NaiveDate::from_ymd_opt(3000, 1, 1).unwrap().and_time(chrono::NaiveTime::MIN);
    let alone = frame.parallel_apply("a", |_: i64| date).unwrap();
    let list = frame.parallel_apply("a", |_: i64| vec![None, Some(date)]).unwrap();
    assert_eq!(list.dtype(), &DataType::List(Box::new(alone.dtype().clone())));
    let AnyValue::List(items) = list.get(0).unwrap() else { panic!("{list} is a list") };
    assert_eq!(items.get(1).unwrap(), alone.get(0).unwrap());

    let error = frame.parallel_apply("a", |_: i64| vec![chrono::TimeDelta::MAX]).unwrap_err();
    assert_eq!(error.to_string(), "row 0: the duration does not fit 64 bits of microseconds");
    let long = frame.parallel_apply("a", |_: i64| vec![chrono::TimeDelta::days(400_000)]).unwrap();
    assert_eq!(long.dtype(), &DataType::List(Box::new(DataType::Duration(TimeUnit::Microseconds))));
}
