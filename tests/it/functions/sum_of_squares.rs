//! `sum_of_squares`.

use parrow::ErrorKind;
use parrow::functions::{sum_of_squares, sums_of_squares};
use parrow::polars::prelude::*;
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

#[test]
fn every_dtype() {
    let check = |column: Series, expected: AnyValue<'static>| {
        assert_eq!(sum_of_squares(&column).unwrap().value(), &expected, "{column}");
    };
    check(Series::new("".into(), [-128_i8, 127, 3]), AnyValue::UInt64(16384 + 16129 + 9));
    check(Series::new("".into(), [i32::MIN]), AnyValue::UInt64(1 << 62));
    check(Series::new("".into(), [Some(-3_i64), None, Some(4)]), AnyValue::UInt64(25));
    check(Series::new("".into(), [u64::from(u32::MAX)]), AnyValue::UInt64(u64::from(u32::MAX).pow(2)));
    check(Series::new("".into(), [1.5_f32, 2.0]), AnyValue::Float64(6.25));
    check(Series::new("".into(), [Some(0.5), None, Some(f64::INFINITY)]), AnyValue::Float64(f64::INFINITY));
    check(Series::new("".into(), ["0.5"]).cast(&DataType::Decimal(5, 1)).unwrap(), AnyValue::Float64(0.25));
    check(Series::new_empty("".into(), &DataType::Int64), AnyValue::UInt64(0));
    check(Series::new_empty("".into(), &DataType::Float32), AnyValue::Float64(0.0));
    let with_nan = sum_of_squares(&Series::new("".into(), [1.0, f64::NAN])).unwrap();
    assert!(with_nan.value().extract::<f64>().unwrap().is_nan());
}

#[test]
fn a_sum_that_does_not_fit_is_an_error() {
    for column in [
        Series::new("big".into(), [i64::MIN]),
        Series::new("big".into(), [u64::MAX; 5000]),
        Series::new("big".into(), [u64::from(u32::MAX); 2]),
        Series::new("big".into(), vec![1_i64 << 26; 4096 + 1]),
    ] {
        let result = sum_of_squares(&column);
        let wide: u128 = column.u64().map_or_else(
            |_| column.i64().unwrap().into_no_null_iter().map(|v| u128::from(v.unsigned_abs()).pow(2)).sum(),
            |values| {
                values.into_no_null_iter().fold(0_u128, |sum, v| sum.saturating_add(u128::from(v).pow(2)))
            },
        );
        assert_eq!(result.is_err(), u64::try_from(wide).is_err(), "{column}");
        if let Err(error) = result {
            assert!(matches!(error.kind(), ErrorKind::Shape { .. }), "{error}");
            assert!(error.to_string().contains("\"big\""), "{error}");
        }
    }
}

#[test]
fn a_frame_gives_one_row() {
    let frame = df!("a" => [1, 2], "b" => [0.5, 1.0], "text" => ["x", "y"]).unwrap();
    assert_eq!(sums_of_squares(&frame, ["b", "a"]).unwrap(), df!("b" => [1.25], "a" => [5_u64]).unwrap());
    let kind = |columns: &[&str]| sums_of_squares(&frame, columns).unwrap_err().into_kind();
    assert!(matches!(kind(&["a", "text"]), ErrorKind::Dtype { column, .. } if column == "text"));
    assert!(matches!(kind(&["a", "c"]), ErrorKind::ColumnNotFound { name, .. } if name == "c"));
    assert!(matches!(kind(&["a", "b", "a"]), ErrorKind::DuplicateColumn { name } if name == "a"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_same_bits_on_any_threads_and_pieces(
        values in proptest::collection::vec(proptest::option::weighted(0.9, -1e6_f64..1e6), 0..20_000),
        cut in 0_usize..20_000,
    ) {
        let whole = Series::new("".into(), &values);
        let cut = cut.min(whole.len());
        let mut pieces = whole.slice(0, cut);
        pieces.append(&whole.slice(cut as i64, whole.len())).unwrap();
        let bits = |column: &Series, n_threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let sum = pool.install(|| sum_of_squares(column)).unwrap();
            sum.value().extract::<f64>().unwrap().to_bits()
        };
        let one = bits(&whole, 1);
        let naive: f64 = values.iter().flatten().map(|value| value * value).sum();
        prop_assert!((f64::from_bits(one) - naive).abs() <= 1e-9 * naive);
        for n_threads in [1, 2, 8] {
            prop_assert_eq!(bits(&whole, n_threads), one);
            prop_assert_eq!(bits(&pieces, n_threads), one);
        }
    }

    #[test]
    fn integers_are_exact(values in proptest::collection::vec(proptest::option::weighted(0.9, any::<i32>()), 0..9_000)) {
        let exact: u128 = values.iter().flatten().map(|value| u128::from(value.unsigned_abs()).pow(2)).sum();
        let sum = sum_of_squares(&Series::new("".into(), &values)).ok().map(|sum| sum.value().extract::<u64>().unwrap());
        prop_assert_eq!(sum, u64::try_from(exact).ok());
    }
}
