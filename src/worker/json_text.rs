//! A few values as JSON text.

use crate::row::Parameter;
use crate::table::push_quoted;

/// A text in quotes.
pub(super) fn text(value: &str) -> String {
    let mut quoted = String::new();
    push_quoted(&mut quoted, value);
    quoted
}

/// A list of values that are JSON already.
pub(super) fn list(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

/// A constant; NaN and the infinities as Python has them.
pub(super) fn parameter(value: &Parameter) -> String {
    match value {
        Parameter::Bool(value) => value.to_string(),
        Parameter::Int(value) => value.to_string(),
        Parameter::Float(value) if value.is_nan() => "NaN".to_owned(),
        Parameter::Float(value) if value.is_infinite() && *value > 0.0 => "Infinity".to_owned(),
        Parameter::Float(value) if value.is_infinite() => "-Infinity".to_owned(),
        Parameter::Float(value) => format!("{value:?}"),
        Parameter::Text(value) => text(value),
    }
}
