//! Expressions that are refused before the first row.

use parrow::ErrorKind;
use parrow::polars::prelude::*;
use parrow::row::RowFunction;
use parrow::script::{SqlExpressions, SqlPredicate};
use parrow::{ApplyOptions, apply_function};

use super::{message, run};

#[track_caller]
fn check(texts: &[&str], expected: &str) {
    let frame = df!("width" => [1_i64, 2], "height" => [3_i64, 4], "names" => ["a", "b"]).unwrap();
    let found = message(run(&frame, texts));
    assert!(found.contains(expected), "{texts:?}: {found}");
}

#[test]
fn an_expression_that_is_too_deep_is_refused() {
    let chain = |n_terms: usize| vec!["width"; n_terms].join(" + ") + " AS total";
    check(&[&chain(100_000)], "it has 99999 operators, and 400 are the most; write IN");
    check(&[&chain(402)], "it has 401 operators");
    // The engine without optimization needs more of the stack than a thread has otherwise.
    let evaluate = move || {
        let frame = df!("width" => [1_i64, 2]).unwrap();
        let function = SqlExpressions::parse([chain(401)]).unwrap();
        apply_function(&frame, &function, &ApplyOptions::default()).unwrap().table
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(evaluate).unwrap();
    assert_eq!(thread.join().unwrap(), df!("total" => [401_i64, 802]).unwrap());
}

#[test]
fn what_is_no_expression_is_refused() {
    check(&["width +"], "it is no SQL expression");
    check(&[""], "it is no SQL expression");
    check(&["*"], "it is no SQL expression");
    check(&["width, height"], "unexpected token");
    check(&["SELECT width"], "");
    check(&["width FROM t"], "");
    check(&["sqroot(width)"], "there is no function sqroot; did you mean sqrt?");
    check(&["sqrt(width, 2)"], "");
    check(&["rank() OVER (ORDER BY width)"], "there is no function rank");
}

#[test]
fn unknown_columns_are_named_with_the_nearest() {
    check(&["heigth + 1"], "no column \"heigth\"; did you mean \"height\"?");
}

#[test]
fn dtypes_that_do_not_fit_are_refused() {
    check(&["width + names > 3"], "in \"width + names > 3\"");
    check(&["sqrt(names)"], "in \"sqrt(names)\"");
}

#[test]
fn two_outputs_need_two_names() {
    check(&["width", "width"], "two columns would be called \"width\"");
}

#[test]
fn what_looks_at_more_than_one_row_is_refused() {
    for text in [
        "sum(width)",
        "width - avg(width)",
        "count(*)",
        "max(width) > 3",
        "first(width)",
        "row_number() OVER (ORDER BY width)",
        "sum(width) OVER ()",
        "lag(width) OVER (ORDER BY height)",
    ] {
        check(&[text], "looks at more than one row");
    }
    check(&["(SELECT 1)"], "subquery");
    check(&["width IN (SELECT 1)"], "");
    check(&["EXISTS (SELECT 1)"], "");
    check(&["unnest(names)"], "");
}

#[test]
fn a_condition_is_boolean() {
    let frame = df!("a" => [1, 2]).unwrap();
    let predicate = SqlPredicate::parse("a + 1").unwrap();
    let error = predicate.bind(frame.schema()).map(drop).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Expression { .. }));
    assert!(error.to_string().contains("a condition must be true or false"), "{error}");
}
