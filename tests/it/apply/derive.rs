//! Rows as structs, in and out.

use parrow::polars::prelude::*;
use parrow::prelude::*;

#[derive(FromRow)]
struct Order<'r> {
    #[parrow(rename = "Item")]
    item: &'r str,
    price: f64,
    discount: Option<f64>,
    tags: &'r [&'r str],
    r#type: Option<i8>,
}

#[derive(IntoRow)]
struct Line {
    #[parrow(rename = "Label")]
    label: String,
    net: Option<f64>,
    n_tags: usize,
}

fn orders() -> DataFrame {
    let tags = Series::new(
        "tags".into(),
        [
            Series::new("".into(), ["hot", "new"]),
            Series::new("".into(), ["old"]),
            Series::new("".into(), [""; 0]),
        ],
    );
    df!(
        "Item" => ["tea", "rice", "salt"],
        "price" => [Some(4.0), Some(2.0), None],
        "discount" => [Some(0.5), None, None],
        "tags" => tags,
        "type" => [Some(1i64), None, Some(3)],
    )
    .unwrap()
}

#[test]
fn a_struct_in_and_a_struct_out() {
    let lines = orders()
        .parallel_apply_as(|order: Order<'_>| Line {
            label: format!("{}:{}", order.item, order.r#type.unwrap_or_default()),
            net: order.discount.map(|discount| order.price - discount),
            n_tags: order.tags.len(),
        })
        .unwrap();
    let expected = df!(
        "Label" => [Some("tea:1"), Some("rice:0"), None],
        "net" => [Some(3.5), None, None],
        "n_tags" => [Some(2u64), Some(1), None],
    )
    .unwrap();
    assert!(lines.equals_missing(&expected), "{lines}");
}

#[test]
fn a_missing_column_is_named() {
    let error =
        orders().drop("price").unwrap().parallel_apply_as(|order: Order<'_>| order.price).unwrap_err();
    assert_eq!(error.to_string(), "no column \"price\" (columns: Item, discount, tags, type)");
}

#[test]
fn the_dtypes_of_a_struct_are_known_without_rows() {
    let empty = orders().head(Some(0));
    let lines =
        empty.parallel_apply_as(|_: Order<'_>| Line { label: String::new(), net: None, n_tags: 0 }).unwrap();
    assert_eq!(lines.height(), 0);
    assert_eq!(lines.dtypes(), [DataType::String, DataType::Float64, DataType::UInt64]);
}
