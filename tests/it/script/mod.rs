//! Row functions written in SQL and in Luau.

mod chunks;
mod errors;
mod faults;
mod integers;
mod luau_chunks;
mod luau_limits;
mod luau_sandbox;
mod luau_values;
mod values;

use parrow::polars::prelude::*;
use parrow::script::SqlExpressions;
use parrow::{Applied, ApplyOptions, OnError, Result, apply_function};

/// Runs expressions on a frame.
fn run(frame: &DataFrame, texts: &[&str]) -> Result<DataFrame> {
    let function = SqlExpressions::parse(texts)?;
    Ok(apply_function(frame, &function, &ApplyOptions::default())?.table)
}

/// Runs expressions on a frame under a policy, in chunks of so many rows.
fn run_with(
    frame: &DataFrame,
    texts: &[&str],
    on_error: OnError,
    chunk_rows: usize,
) -> Result<Applied<DataFrame>> {
    let options = ApplyOptions::builder().threads(3).chunk_rows(chunk_rows).on_error(on_error).build()?;
    apply_function(frame, &SqlExpressions::parse(texts)?, &options)
}

/// The message of what must fail.
#[track_caller]
fn message<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("it must fail"),
        Err(error) => error.to_string(),
    }
}
