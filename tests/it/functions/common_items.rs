//! `CommonItems`.

use parrow::functions::CommonItems;
use parrow::polars::prelude::*;
use parrow::{ApplyOptions, Error, ErrorKind, OnError, apply_function};
use proptest::prelude::*;

fn lists<T>(name: &str, rows: &[Option<Vec<T>>], dtype: DataType) -> Series
where
    Series: for<'a> NamedFrom<&'a Vec<T>, [T]>,
{
    let rows =
        rows.iter().map(|row| row.as_ref().map(|items| Series::new("".into(), items).cast(&dtype).unwrap()));
    list_column(name, rows.collect(), &dtype)
}

fn list_column(name: &str, rows: Vec<Option<Series>>, dtype: &DataType) -> Series {
    Series::new(name.into(), rows).cast(&DataType::List(Box::new(dtype.clone()))).unwrap()
}

fn run(left: Series, right: Series) -> Result<Series, Error> {
    let frame = DataFrame::new(left.len(), vec![left.into(), right.into()]).unwrap();
    let common = CommonItems::new("l", "r");
    let table = apply_function(&frame, &common, &ApplyOptions::default())?.table;
    Ok(table.column("common_items").unwrap().as_materialized_series().clone())
}

fn check<T>(left: Vec<Option<Vec<T>>>, right: Series, left_dtype: DataType, expected: &[Option<Vec<T>>])
where
    Series: for<'a> NamedFrom<&'a Vec<T>, [T]>,
{
    let result = run(lists("l", &left, left_dtype.clone()), right).unwrap();
    let expected = lists("common_items", expected, left_dtype);
    assert_eq!(result.dtype(), expected.dtype());
    assert!(result.equals_missing(&expected), "{result} is not {expected}");
}

#[test]
fn order_repeats_and_nulls() {
    check(
        vec![Some(vec![4_i64, 1, 4, 2]), Some(vec![]), None, Some(vec![1]), Some(vec![3, 3])],
        lists(
            "r",
            &[Some(vec![2_i64, 4]), Some(vec![1]), Some(vec![1]), None, Some(vec![3])],
            DataType::Int64,
        ),
        DataType::Int64,
        &[Some(vec![4, 2]), Some(vec![]), None, None, Some(vec![3])],
    );
    let with_nulls = Series::new("l".into(), [Series::new("".into(), [Some(1), None, Some(2)])]);
    let result = run(with_nulls.clone(), with_nulls.with_name("r".into())).unwrap();
    assert!(result.equals(&lists("common_items", &[Some(vec![1, 2])], DataType::Int32)));
}

#[test]
fn numbers_of_any_dtype_compare_exactly() {
    let big = (1_i64 << 53) + 1;
    check(
        vec![Some(vec![big, 2, 3, i64::MAX])],
        lists("r", &[Some(vec![big as f64, 2.5, 3.0, i64::MAX as f64])], DataType::Float64),
        DataType::Int64,
        &[Some(vec![3])],
    );
    check(
        vec![Some(vec![u64::MAX, 7])],
        lists("r", &[Some(vec![-1_i64, 7])], DataType::Int64),
        DataType::UInt64,
        &[Some(vec![7])],
    );
    check(
        vec![Some(vec![f64::NAN, -0.0, 0.5, 0.1])],
        lists("r", &[Some(vec![f64::NAN, 0.0, 0.5, 0.1])], DataType::Float32),
        DataType::Float64,
        &[Some(vec![f64::NAN, -0.0, 0.5])],
    );
}

#[test]
fn text_and_booleans() {
    check(
        vec![Some(vec!["b", "a", "b"]), Some(vec!["é"])],
        lists("r", &[Some(vec!["a", "b"]), Some(vec!["e"])], DataType::String),
        DataType::String,
        &[Some(vec!["b", "a"]), Some(vec![])],
    );
    check(
        vec![Some(vec![true, false, true])],
        lists("r", &[Some(vec![true])], DataType::Boolean),
        DataType::Boolean,
        &[Some(vec![true])],
    );
}

#[test]
fn lists_as_text() {
    let frame = df!("l" => [Some("[3, 1, 3]"), None, Some("[]")], "r" => ["[1,2,3]", "[1]", "[ ]"]).unwrap();
    let table = apply_function(&frame, &CommonItems::new("l", "r").name("both"), &ApplyOptions::default())
        .unwrap()
        .table;
    let expected = lists("both", &[Some(vec![3_i64, 1]), None, Some(vec![])], DataType::Int64);
    assert!(table.column("both").unwrap().as_materialized_series().equals_missing(&expected), "{table}");

    let frame = df!("l" => [r#"["a, b", "c"]"#], "r" => ["[c, d]"]).unwrap();
    let common = CommonItems::new("l", "r").text_items(DataType::String);
    let table = apply_function(&frame, &common, &ApplyOptions::default()).unwrap().table;
    let expected = lists("common_items", &[Some(vec!["c"])], DataType::String);
    assert!(table.column("common_items").unwrap().as_materialized_series().equals(&expected));
}

#[test]
fn text_that_is_no_list_is_a_fault_of_its_row() {
    let frame = df!(
        "l" => ["[1]", "[1, x]", "[2]", "1, 2", "[5]"], "r" => ["[1]", "[1", "[2]", "[2]", "[5]]"]
    )
    .unwrap();
    let common = CommonItems::new("l", "r");
    let error = apply_function(&frame, &common, &ApplyOptions::default()).unwrap_err();
    assert_eq!((error.position().row, error.position().column.as_deref()), (Some(1), Some("l")), "{error}");
    for chunk_rows in 1..6 {
        let options =
            ApplyOptions::builder().on_error(OnError::Collect).chunk_rows(chunk_rows).build().unwrap();
        let applied = apply_function(&frame, &common, &options).unwrap();
        let expected =
            lists("common_items", &[Some(vec![1_i64]), None, Some(vec![2]), None, None], DataType::Int64);
        let column = applied.table.column("common_items").unwrap().as_materialized_series().clone();
        assert!(column.equals_missing(&expected), "{column}");
        let rows: Vec<u64> = applied.ledger.faults().iter().map(|fault| fault.row).collect();
        assert_eq!(rows, [1, 3, 4]);
    }
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let numbers = |name| lists(name, &[Some(vec![1_i64])], DataType::Int64);
    let texts = |name| lists(name, &[Some(vec!["a"])], DataType::String);
    let plain = |name: &str| Series::new(name.into(), [1]);
    for (left, right, at_fault) in
        [(numbers("l"), texts("r"), "r"), (plain("l"), numbers("r"), "l"), (numbers("l"), plain("r"), "r")]
    {
        let error = run(left, right).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Dtype { column, .. } if column == at_fault), "{error}");
    }
    let nulls = Series::new_null("r".into(), 1);
    assert_eq!(run(numbers("l"), nulls).unwrap().null_count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_lists_threads_and_chunks(
        rows in proptest::collection::vec(
            (
                proptest::option::weighted(0.9, proptest::collection::vec(0_i64..40, 0..60)),
                proptest::option::weighted(0.9, proptest::collection::vec(0_i64..40, 0..30)),
            ),
            1..40,
        ),
        threads in 1_usize..4,
        chunk_rows in 1_usize..50,
        start in 0_usize..10,
    ) {
        let (left, right): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
        let columns = vec![
            lists("l", &left, DataType::Int64).into(),
            lists("r", &right, DataType::Int64).into(),
        ];
        let start = start.min(rows.len() - 1);
        let frame = DataFrame::new(rows.len(), columns).unwrap().slice(start as i64, rows.len());
        let expected: Vec<Option<Vec<i64>>> = rows[start..]
            .iter()
            .map(|(left, right)| {
                let (left, right) = (left.as_ref()?, right.as_ref()?);
                let mut common = Vec::new();
                for item in left {
                    if right.contains(item) && !common.contains(item) {
                        common.push(*item);
                    }
                }
                Some(common)
            })
            .collect();
        let options = ApplyOptions::builder().threads(threads).chunk_rows(chunk_rows).build().unwrap();
        let table = apply_function(&frame, &CommonItems::new("l", "r"), &options).unwrap().table;
        let expected = lists("common_items", &expected, DataType::Int64);
        prop_assert!(table.column("common_items").unwrap().as_materialized_series().equals_missing(&expected));
    }
}
