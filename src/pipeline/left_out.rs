//! Columns of numbers that a few cells made text, and that nobody would miss in a result.

use polars::prelude::StringChunked;

use crate::error::{Error, ErrorKind};
use crate::table::Table;

/// How many values of a column are looked at.
const SAMPLE: usize = 1000;

/// The first cell that is no number, of each text column most of whose first values are numbers.
pub(super) fn nearly_numbers(table: &Table) -> Vec<Error> {
    let texts = table.frame.columns().iter().filter_map(|column| column.str().ok());
    texts.filter_map(|column| first_text(column, table)).collect()
}

fn first_text(column: &StringChunked, table: &Table) -> Option<Error> {
    let values = || (0..).zip(column.iter()).filter_map(|(row, text)| Some((row, text?)));
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
    let n_values = values().take(SAMPLE).count();
    let n_numbers = values().take(SAMPLE).filter(|(_, text)| is_number(text)).count();
    // Codes such as 007 are text on purpose, and all of them look like numbers.
    if n_numbers == n_values || n_numbers * 10 < n_values * 8 {
        return None;
    }
    let (row, text) = values().find(|(_, text)| !is_number(text))?;
    let name = column.name().as_str();
    let hint = format!(
        "the column is text for it and is left out; --null-value {text} makes such cells missing, --dtype {name}=f64 \
         names every one"
    );
    let error = Error::new(ErrorKind::Cell { text: text.to_owned(), dtype: "a number".to_owned(), hint });
    let position = table.position(row);
    let error = match position.path {
        Some(path) => error.in_file(path),
        None => error,
    };
    let error = match position.line {
        Some(line) => error.at_line(line),
        None => error.at_row(row),
    };
    Some(error.in_column(name))
}
