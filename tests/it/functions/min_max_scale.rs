//! `MinMaxScale`.

use parrow::functions::MinMaxScale;
use parrow::polars::prelude::*;
use parrow::{ApplyOptions, ErrorKind, apply_function};
use proptest::prelude::*;

/// One row in, one row out.
fn scaled(row: &[Option<f64>]) -> Vec<Option<f64>> {
    let columns =
        row.iter().enumerate().map(|(index, cell)| Column::new(format!("c{index}").into(), [*cell]));
    let frame = DataFrame::new(1, columns.collect()).unwrap();
    let scale = MinMaxScale::new(frame.get_column_names_owned());
    let table = apply_function(&frame, &scale, &ApplyOptions::default()).unwrap().table;
    table.columns().iter().map(|column| column.f64().unwrap().get(0)).collect()
}

#[test]
fn rows_with_something_special() {
    const INF: f64 = f64::INFINITY;
    let check = |row: &[f64], expected: &[f64]| {
        let result: Vec<f64> =
            scaled(&row.iter().copied().map(Some).collect::<Vec<_>>()).into_iter().flatten().collect();
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        assert!(
            result.len() == expected.len() && result.iter().zip(expected).all(same),
            "{row:?} became {result:?}"
        );
    };
    check(&[1.0, 3.0, 2.0], &[0.0, 1.0, 0.5]);
    check(&[7.0, 7.0, 7.0], &[0.0, 0.0, 0.0]);
    check(&[7.0], &[0.0]);
    check(&[-0.0, 0.0], &[0.0, 0.0]);
    check(&[f64::NAN, 4.0, 2.0], &[f64::NAN, 1.0, 0.0]);
    check(&[f64::NAN, 4.0], &[f64::NAN, 0.0]);
    check(&[f64::NAN, f64::NAN], &[f64::NAN, f64::NAN]);
    check(&[-f64::MAX, 0.0, f64::MAX], &[0.0, 0.5, 1.0]);
    check(&[1.0, INF, 2.0], &[0.0, 1.0, 0.0]);
    check(&[1.0, -INF, 2.0], &[1.0, 0.0, 1.0]);
    check(&[1.0, -INF, INF, f64::NAN], &[0.5, 0.0, 1.0, f64::NAN]);
    check(&[INF, INF], &[0.0, 0.0]);
    check(&[-INF, -INF, f64::NAN], &[0.0, 0.0, f64::NAN]);
    check(&[0.0, 5e-324], &[0.0, 1.0]);
    check(&[-5e-324, 0.0, 5e-324], &[0.0, 0.5, 1.0]);
    check(&[f64::MIN_POSITIVE, f64::MAX], &[0.0, 1.0]);
}

#[test]
fn nulls_stay_and_take_no_part() {
    assert_eq!(scaled(&[Some(1.0), None, Some(5.0), Some(2.0)]), [Some(0.0), None, Some(1.0), Some(0.25)]);
    assert_eq!(scaled(&[None, None]), [None, None]);
    assert_eq!(scaled(&[None, Some(9.0)]), [None, Some(0.0)]);
}

#[test]
fn dtypes_mix_and_names_follow() {
    let decimal = Series::new("d".into(), ["2.5"]).cast(&DataType::Decimal(9, 1)).unwrap();
    let mut frame = df!("i" => [0_i8], "u" => [5_u64], "f" => [1.25_f32], "text" => ["x"]).unwrap();
    frame.with_column(decimal.into()).unwrap();
    let run = |scale: MinMaxScale| {
        apply_function(&frame, &scale, &ApplyOptions::default()).map(|applied| applied.table)
    };
    let expected = df!("i" => [0.0], "u" => [1.0], "f" => [0.25], "d" => [0.5]).unwrap();
    assert_eq!(run(MinMaxScale::new(["i", "u", "f", "d"]).suffix("")).unwrap(), expected);
    let ends = df!("low" => [i64::MIN], "middle" => [0], "high" => [i64::MAX]).unwrap();
    let table = apply_function(&ends, &MinMaxScale::new(("low", "middle", "high")), &ApplyOptions::default());
    let expected = df!("low_scaled" => [0.0], "middle_scaled" => [0.5], "high_scaled" => [1.0]).unwrap();
    assert_eq!(table.unwrap().table, expected);

    let kind = |columns: &[&str]| run(MinMaxScale::new(columns)).unwrap_err().into_kind();
    assert!(matches!(kind(&["i", "text"]), ErrorKind::Dtype { column, .. } if column == "text"));
    assert!(matches!(kind(&["i", "u", "i"]), ErrorKind::DuplicateColumn { name } if name == "i_scaled"));
}

fn cell() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        6 => (-1e3_f64..1e3).prop_map(Some),
        2 => (-3_i8..3).prop_map(|value| Some(value.into())),
        1 => Just(None),
        1 => proptest::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN]).prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// A frame of rows is scaled as each row is by itself, and lies within 0 and 1.
    #[test]
    fn any_frame_threads_and_chunks(
        columns in (1_usize..5, 0_usize..60).prop_flat_map(|(n_columns, n_rows)| {
            proptest::collection::vec(proptest::collection::vec(cell(), n_rows), n_columns)
        }),
        threads in 1_usize..4,
        chunk_rows in 1_usize..70,
    ) {
        let n_rows = columns[0].len();
        let series = columns.iter().enumerate().map(|(index, cells)| Column::new(format!("c{index}").into(), cells));
        let frame = DataFrame::new(n_rows, series.collect()).unwrap();
        let scale = MinMaxScale::new(frame.get_column_names_owned());
        let options = ApplyOptions::builder().threads(threads).chunk_rows(chunk_rows).build().unwrap();
        let table = apply_function(&frame, &scale, &options).unwrap().table;
        for row in 0..n_rows {
            let cells: Vec<Option<f64>> = columns.iter().map(|column| column[row]).collect();
            let alone = scaled(&cells);
            for ((column, expected), cell) in table.columns().iter().zip(alone).zip(cells) {
                let value = column.f64().unwrap().get(row);
                prop_assert_eq!(value.map(f64::to_bits), expected.map(f64::to_bits));
                prop_assert_eq!(value.is_none(), cell.is_none());
                if let (Some(value), Some(cell)) = (value, cell) {
                    prop_assert!((0.0..=1.0).contains(&value) || cell.is_nan(), "{cell} became {value}");
                }
            }
        }
    }
}
