//! The result on standard output, for a person.

use std::io::Write;

use parrow::Error;
use parrow::pipeline::Preview;

use super::system;
use super::table_view::TableView;

/// Shows the first and last rows of a result, and says how to get the others.
pub fn show(preview: &Preview) -> Result<(), Error> {
    let view = TableView::new(preview, system::stdout_width());
    let mut text = view.to_string();
    let n_shown = preview.first.height() + preview.last.height();
    let (n_rows, n_columns) = (preview.n_rows, preview.first.width());
    text.push_str(&format!("{n_rows} rows × {n_columns} columns"));
    if (n_shown as u64) < n_rows || view.n_hidden_columns() > 0 {
        text.push_str("; for all of it: -o FILE, or | less");
    }
    text.push('\n');
    print(&text)
}

/// Writes text to standard output; a closed pipe is an error like others here, and no failure in the end.
pub fn print(text: &str) -> Result<(), Error> {
    let mut stdout = anstream::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Error::io("write", error).in_file("standard output"))
}
