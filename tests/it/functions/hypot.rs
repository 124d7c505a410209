//! `Hypot`.

use parrow::functions::Hypot;
use parrow::polars::prelude::*;
use parrow::{ApplyOptions, ErrorKind, apply_function};

#[test]
fn lengths_do_not_overflow_and_nulls_stay() {
    let x = [Some(3.0), Some(1e300), Some(5e-324), Some(f64::INFINITY), Some(f64::NAN), None, Some(-0.0)];
    let y = [4.0, 1e300, 0.0, f64::NAN, 1.0, 1.0, -0.0];
    let frame = df!("x" => x, "y" => y).unwrap();
    let table = apply_function(&frame, &Hypot::new("x", "y"), &ApplyOptions::default()).unwrap().table;
    let expected = [
        Some(5.0),
        Some(1e300_f64.hypot(1e300)),
        Some(5e-324),
        Some(f64::INFINITY),
        Some(f64::NAN),
        None,
        Some(0.0),
    ];
    assert!(table.equals_missing(&df!("hypot" => expected).unwrap()), "{table}");
}

#[test]
fn any_numbers_and_no_text() {
    let frame = df!("x" => [3_u8], "y" => [-4_i64], "text" => ["x"]).unwrap();
    let run = |x, y| apply_function(&frame, &Hypot::new(x, y).name("length"), &ApplyOptions::default());
    assert_eq!(run("x", "y").unwrap().table, df!("length" => [5.0]).unwrap());
    assert!(
        matches!(run("x", "text").unwrap_err().kind(), ErrorKind::Dtype { column, .. } if column == "text")
    );
}
