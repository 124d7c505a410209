//! What the engine says, as a person wants to read it.

use polars::prelude::PolarsError;

use crate::error::nearest;

/// The first sentence of the innermost error, without advice for the engine's own callers.
pub(super) fn plain_message(error: &PolarsError) -> String {
    match error {
        PolarsError::Context { error, .. } => plain_message(error),
        error => {
            let text = error.to_string();
            let first = text.split("\n\n").find(|part| !part.trim().is_empty()).unwrap_or(&text);
            let line = first.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            failed_cast(&line).unwrap_or(line)
        }
    }
}

/// What the SQL parser says about a text.
pub(super) fn parser_message(error: &PolarsError) -> String {
    let message = plain_message(error);
    if message.starts_with("unable to parse") {
        return "it is no SQL expression; write one like a + b AS total".to_owned();
    }
    if let Some(literal) = message.strip_prefix("cannot parse literal: ") {
        return format!(
            "the number {literal} is not understood: one with an exponent is written as CAST('1e5' AS DOUBLE), and an \
             integer has 19 digits at most"
        );
    }
    if message.contains("unexpected subquery") || message.starts_with("relation ") {
        return "it holds a subquery, and a row function sees one row at a time".to_owned();
    }
    let unknown = message.strip_prefix("unsupported function '").and_then(|rest| rest.split('\'').next());
    if let Some(name) = unknown {
        return match similar_function(name) {
            Some(near) => format!("there is no function {name}; did you mean {near}?"),
            None => format!("there is no function {name}"),
        };
    }
    message
}

/// The nearest function that there is. The parser knows the names of more functions than were built in.
fn similar_function(name: &str) -> Option<String> {
    let mut known: Vec<String> =
        polars::sql::keywords::all_functions().iter().map(ToString::to_string).collect();
    loop {
        let near = nearest(name, &known)?.to_owned();
        let call = polars::sql::sql_expr(format!("{near}()"));
        if !call.is_err_and(|error| error.to_string().contains("unsupported function")) {
            return Some(near);
        }
        known.retain(|known| *known != near);
    }
}

/// "conversion from `str` to `i64` failed in column 'x' for 1 out of 1 values: ["abc"]", for one row.
fn failed_cast(line: &str) -> Option<String> {
    let (dtypes, values) = line.strip_prefix("conversion from ")?.split_once(" failed in column ")?;
    let value = values.split_once(": [")?.1.strip_suffix(']')?;
    // The row may have been given twice.
    let half = value.len().checked_sub(2)? / 2;
    let value = match (value.get(..half), value.get(half + 2..)) {
        (Some(first), Some(second)) if first == second => first,
        _ => value,
    };
    let dtype = dtypes.split_once(" to ")?.1.trim_matches('`');
    Some(format!("{value} is not {dtype}; TRY_CAST makes it null"))
}
