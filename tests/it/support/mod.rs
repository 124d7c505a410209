//! Random frames, and frames compared bit by bit.

use parrow::polars::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Whether two frames are the same in names, dtypes and every bit of every value.
pub(crate) fn assert_identical(left: &DataFrame, right: &DataFrame) {
    assert_eq!(left.schema(), right.schema());
    assert_eq!(left.height(), right.height());
    for (left, right) in left.columns().iter().zip(right.columns()) {
        assert_identical_series(left.as_materialized_series(), right.as_materialized_series());
    }
}

/// Whether two series are the same in name, dtype and every bit of every value.
pub(crate) fn assert_identical_series(left: &Series, right: &Series) {
    assert_eq!((left.name(), left.dtype(), left.len()), (right.name(), right.dtype(), right.len()));
    for row in 0..left.len() {
        let (a, b) = (left.get(row).unwrap(), right.get(row).unwrap());
        assert!(identical(&a, &b), "{}, row {row}: {a:?} and {b:?}", left.name());
    }
}

fn identical(left: &AnyValue<'_>, right: &AnyValue<'_>) -> bool {
    match (left, right) {
        (AnyValue::Float64(a), AnyValue::Float64(b)) => a.to_bits() == b.to_bits(),
        (AnyValue::Float32(a), AnyValue::Float32(b)) => a.to_bits() == b.to_bits(),
        (AnyValue::List(a), AnyValue::List(b)) => {
            assert_identical_series(a, b);
            true
        }
        (a, b) => a == b,
    }
}

/// The values that arithmetic trips over, and some others.
fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(-0.0),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE / 4.0),
        -1e3..1e3,
        any::<f64>(),
    ]
}

fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(0), -10i64..10, any::<i64>()]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-cé✓]{0,3}", "[ -~]{13,20}"]
}

/// A frame of up to `max_rows` rows with a column of each kind: `i8`, `i64`, `u64`, `f32`, `f64`, `flag`, `text`, `list`,
/// `texts`, `date`, `time`, `category`, `decimal`, `nothing`; with nulls, in random pieces.
pub(crate) fn frames(max_rows: usize) -> impl Strategy<Value = DataFrame> {
    (0..=max_rows).prop_flat_map(|n_rows| {
        let numbers = (
            vec(option::of(any::<i8>()), n_rows),
            vec(option::of(integer()), n_rows),
            vec(option::of(any::<u64>()), n_rows),
            vec(option::of(float().prop_map(|v| v as f32)), n_rows),
            vec(option::of(float()), n_rows),
            vec(option::of(any::<bool>()), n_rows),
            vec(option::of(-20_000i32..20_000), n_rows),
        );
        let others = (
            vec(option::of(text()), n_rows),
            vec(option::of(vec(option::weighted(0.9, integer()), 0..4)), n_rows),
            vec(option::of(vec(text(), 0..3)), n_rows),
            vec(option::of("[xyz]"), n_rows),
            vec(0..=n_rows, 0..4),
        );
        (numbers, others).prop_map(move |(numbers, others)| {
            let (i8s, i64s, u64s, f32s, f64s, flags, days) = numbers;
            let (texts, lists, text_lists, categories, cuts) = others;
            let lists: Vec<Option<Series>> =
                lists.into_iter().map(|list| list.map(|items| Series::new("".into(), items))).collect();
            let text_lists: Vec<Option<Series>> =
                text_lists.into_iter().map(|list| list.map(|items| Series::new("".into(), items))).collect();
            let lists =
                Series::new("list".into(), lists).cast(&DataType::List(Box::new(DataType::Int64))).unwrap();
            let text_lists = Series::new("texts".into(), text_lists)
                .cast(&DataType::List(Box::new(DataType::String)))
                .unwrap();
            let days = Series::new("date".into(), days);
            let columns = vec![
                Column::new("i8".into(), i8s),
                Column::new("i64".into(), i64s.clone()),
                Column::new("u64".into(), u64s),
                Column::new("f32".into(), f32s),
                Column::new("f64".into(), f64s),
                Column::new("flag".into(), flags),
                Column::new("text".into(), texts),
                lists.into(),
                text_lists.into(),
                days.cast(&DataType::Date).unwrap().into(),
                days.with_name("time".into())
                    .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
                    .unwrap()
                    .into(),
                Series::new("category".into(), categories)
                    .cast(&DataType::from_categories(Categories::global()))
                    .unwrap()
                    .into(),
                Column::new("decimal".into(), i64s.iter().map(|v| v.map(|v| v % 1000)).collect::<Vec<_>>())
                    .cast(&DataType::Decimal(20, 2))
                    .unwrap(),
                Column::full_null("nothing".into(), n_rows, &DataType::Null),
            ];
            in_pieces(&DataFrame::new(n_rows, columns).unwrap(), cuts)
        })
    })
}

/// The same frame with chunks that end at `cuts`.
pub(crate) fn in_pieces(frame: &DataFrame, mut cuts: Vec<usize>) -> DataFrame {
    cuts.push(frame.height());
    cuts.sort_unstable();
    let mut start = 0;
    let mut pieces = frame.head(Some(0));
    for cut in cuts {
        pieces.vstack_mut(&frame.slice(start as i64, cut - start)).unwrap();
        start = cut;
    }
    pieces
}
