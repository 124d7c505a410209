//! Each way to run a function, once.

use parrow::polars::prelude::*;
use parrow::prelude::*;

fn frame() -> DataFrame {
    df!(
        "a" => [Some(3.0), Some(5.0), None, Some(8.0)],
        "b" => [4.0, 12.0, 1.0, 15.0],
        "n" => [1i64, 2, 3, 4],
        "s" => [Some("x"), None, Some("zzz"), Some("")],
    )
    .unwrap()
}

#[test]
fn typed_closures() {
    let frame = frame();
    let hypot = frame.parallel_apply(("a", "b"), |a: f64, b: f64| a.hypot(b)).unwrap();
    assert_eq!(hypot.f64().unwrap().to_vec(), [Some(5.0), Some(13.0), None, Some(17.0)]);
    let length = frame.parallel_apply("s", |s: &str| s.len()).unwrap();
    assert_eq!(length.u64().unwrap().to_vec(), [Some(1), None, Some(3), Some(0)]);
    let or = frame.parallel_apply("s", |s: Option<&str>| s.unwrap_or("none").to_owned()).unwrap();
    assert_eq!(or.str().unwrap().get(1), Some("none"));
    let table = frame.apply(("n", "b"), |n: i32, b: f64| (f64::from(n) * b, n % 2 == 0)).unwrap();
    assert_eq!(table.get_column_names(), ["result_1", "result_2"]);
}
