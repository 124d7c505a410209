//! What the engine says, as a person wants to read it.

use polars::prelude::PolarsError;

/// The first sentence of the innermost error, without advice for the engine's own callers.
pub(super) fn plain_message(error: &PolarsError) -> String {
    match error {
        PolarsError::Context { error, .. } => plain_message(error),
        error => {
            let text = error.to_string();
            let first = text.split("\n\n").find(|part| !part.trim().is_empty()).unwrap_or(&text);
            let line = first.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            ["SQL interface error: ", "SQL syntax error: ", "SQLInterface error: ", "sql parser error: "]
                .iter()
                .fold(line.trim(), |line, prefix| line.strip_prefix(prefix).unwrap_or(line))
                .to_owned()
        }
    }
}
