//! Errors about a cell, with its line, its column and the flag that mends it.

use polars::prelude::DataType;

use crate::error::{Error, ErrorKind};

use super::super::dtype::dtype_name;
use super::dialect::Dialect;
use super::infer::{Contradiction, Problem};
use super::scan::{line_at, next_cell};

/// The error of a cell that contradicts the dtype guessed for its column.
pub(super) fn contradiction(bytes: &[u8], dialect: &Dialect, column: &str, found: &Contradiction) -> Error {
    let text = text_at(bytes, dialect, found.offset);
    let wanted = dtype_name(&found.wanted);
    let as_text = format!("--dtype {}", shell_word(&format!("{column}=str")));
    let as_dtype = |dtype: &str| format!("--dtype {}", shell_word(&format!("{column}={dtype}")));
    let (dtype, hint) = match found.problem {
        Problem::Text => {
            let null = format!("--null-value {}", shell_word(&text));
            (
                wanted,
                format!(
                    "if it stands for a missing value give {null}, else read the column as text with {as_text}"
                ),
            )
        }
        Problem::Padded => {
            let number = as_dtype(&wanted);
            let hint = format!(
                "read the column as text with {as_text}, or as numbers, without what leads them, with {number}"
            );
            (format!("{wanted} as written"), hint)
        }
        Problem::Huge => {
            (wanted, format!("read the column rounded with {}, or as text with {as_text}", as_dtype("f64")))
        }
        Problem::Inexact => {
            let hint = format!("read the column rounded with {}, or as text with {as_text}", as_dtype("f64"));
            ("exact as f64, which the column's fractions ask for".into(), hint)
        }
        Problem::NotUtf8 => return not_utf8(bytes, found.offset, column),
    };
    at(bytes, found.offset, column, ErrorKind::Cell { text, dtype, hint })
}

/// The error of a cell that is no value of the dtype that was given for its column.
pub(super) fn mismatch(
    bytes: &[u8],
    dialect: &Dialect,
    column: &str,
    offset: usize,
    dtype: &DataType,
) -> Error {
    let text = text_at(bytes, dialect, offset);
    if text.contains('\u{fffd}') && *dtype == DataType::String {
        return not_utf8(bytes, offset, column);
    }
    let null = format!("--null-value {}", shell_word(&text));
    let other = format!("--dtype {}", shell_word(&format!("{column}=str")));
    let hint =
        format!("if it stands for a missing value give {null}, else give another dtype, as in {other}");
    at(bytes, offset, column, ErrorKind::Cell { text, dtype: dtype_name(dtype), hint })
}

fn not_utf8(bytes: &[u8], offset: usize, column: &str) -> Error {
    let message =
        "the cell's bytes are not UTF-8 text; convert the file first, as in: iconv -f LATIN1 -t UTF-8";
    at(bytes, offset, column, ErrorKind::Malformed { format: "CSV", message: message.into() })
}

fn at(bytes: &[u8], offset: usize, column: &str, kind: ErrorKind) -> Error {
    Error::new(kind).at_line(line_at(bytes, offset)).at_byte(offset as u64).in_column(column)
}

fn text_at(bytes: &[u8], dialect: &Dialect, offset: usize) -> String {
    let mut scratch = Vec::new();
    match next_cell(bytes, &mut { offset }, dialect.delimiter) {
        Ok((cell, _)) => String::from_utf8_lossy(cell.text(&mut scratch)).into_owned(),
        Err(_) => String::new(),
    }
}

/// A text as a shell takes it for one word.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-+=./,:%@".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
