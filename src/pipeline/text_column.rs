//! Columns that are text because of a few cells, where numbers are wanted.
//!
//! Such a column is read as it stands. What is wrong with it is seen here, where it is used: it would be left out in silence, or
//! the function would be told of text without a word about the cell. Only in CSV and TSV is the dtype of a column a guess.

use polars::prelude::{DataFrame, DataType, IntoColumn, PlSmallStr, Schema, Series};

use crate::error::{Error, ErrorKind};
use crate::table::{Format, ReadOptions, SourceInfo, TextAmongNumbers, dtype_name, shell_word};

/// The error of the first text column that is left out of every numeric one though most of its values are numbers.
///
/// The error knows the row and the column.
pub(super) fn left_out(frame: &DataFrame, sources: &[SourceInfo], options: &ReadOptions) -> Option<Error> {
    frame.columns().iter().find_map(|column| {
        let found = guessed_text(frame, column.name(), sources, options).filter(|found| found.is_rare)?;
        Some(left_out_cell(found, column.name(), frame.schema()))
    })
}

/// The error of a text column, most of whose values are numbers, that is left out of every numeric one.
pub(super) fn left_out_cell(found: TextAmongNumbers, name: &str, schema: &Schema) -> Error {
    let as_text = shell_word(&format!("{name}=str"));
    let mut hint = format!("{}, else leave the column out with --dtype {as_text}", as_null(&found, name));
    let numeric: Vec<&str> =
        schema.iter().filter(|(_, dtype)| dtype.is_numeric()).map(|(name, _)| name.as_str()).collect();
    if (1..=MOST_NAMES).contains(&numeric.len()) {
        hint += &format!(" or choose columns, as in --columns {}", shell_word(&numeric.join(",")));
    }
    cell(found, name, hint)
}

/// How many columns are named in a hint at most.
const MOST_NAMES: usize = 8;

/// What is to be said instead of an error that finds text in a column where numbers would do: the cell that made it text.
///
/// `fits` says whether the function takes a frame. The new error knows the row in `frame` and the column.
pub(super) fn cell_instead(
    error: Error,
    frame: &DataFrame,
    sources: &[SourceInfo],
    options: &ReadOptions,
    fits: impl Fn(&DataFrame) -> bool,
) -> Error {
    let Some(name) = text_at_fault(&error) else { return error };
    let Some(found) = guessed_text(frame, &name, sources, options) else { return error };
    let mut numbers = frame.clear();
    let column = Series::new_empty(name.clone(), &found.dtype).into_column();
    if numbers.with_column(column).is_err() || !fits(&numbers) {
        return error;
    }
    cell_at_fault(found, &name)
}

/// The column that an error of a function is about, where that takes no text.
pub(super) fn text_at_fault(error: &Error) -> Option<PlSmallStr> {
    match error.kind() {
        ErrorKind::Dtype { column, .. } => Some(PlSmallStr::from_str(column)),
        ErrorKind::Expression { .. } => error.position().column.as_deref().map(PlSmallStr::from_str),
        _ => None,
    }
}

/// The error of a cell that makes a column text where numbers would do.
pub(super) fn cell_at_fault(found: TextAmongNumbers, name: &str) -> Error {
    let hint = format!("{}, else mend the cell", as_null(&found, name));
    cell(found, name, hint)
}

/// What made a column text, where nobody asked for text and a guess was to be made.
fn guessed_text(
    frame: &DataFrame,
    name: &PlSmallStr,
    sources: &[SourceInfo],
    options: &ReadOptions,
) -> Option<TextAmongNumbers> {
    let is_guess = !sources.is_empty()
        && sources.iter().all(|source| matches!(source.format, Format::Csv | Format::Tsv))
        && options.dtype_of(name).is_none();
    if !is_guess {
        return None;
    }
    let column = frame.column(name).ok()?;
    match column.dtype() {
        DataType::String => TextAmongNumbers::find(column.str().ok()?),
        _ => None,
    }
}

fn as_null(found: &TextAmongNumbers, column: &str) -> String {
    // Leading zeros and plus signs are kept as they stand, since they may mean something.
    if found.text.trim().parse::<f64>().is_ok() {
        return format!("if the column holds numbers give --dtype {}", shell_word(&format!("{column}=f64")));
    }
    format!("if it stands for a missing value give --null-value {}", shell_word(&found.text))
}

fn cell(found: TextAmongNumbers, column: &str, hint: String) -> Error {
    let dtype = dtype_name(&found.dtype);
    Error::new(ErrorKind::Cell { text: found.text, dtype, hint }).at_row(found.row).in_column(column)
}
