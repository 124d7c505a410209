//! CSV: a line for each row, after one with the names of the columns; back a line for each row, without names.

use polars::prelude::{DataFrame, DataType, Field};

use crate::error::{Result, counted};
use crate::row::RunsBuilder;
use crate::table::{Header, to_csv};

use super::failure::{Failure, Trouble};
use super::lines::with_count;
use super::process::WorkerProcess;
use super::protocol::{Answer, Place};
use super::wait::Wait;

/// The rows of `frame`, after the names of the columns where they are the first ones.
pub(super) fn encode(frame: &DataFrame, place: Place) -> Result<Vec<u8>> {
    match place {
        Place::First => to_csv(frame, Header::First),
        Place::Later => to_csv(frame, Header::None),
    }
}

/// Reads a record for each row. One with a cell more than there are columns has failed, unless that cell is empty.
pub(super) fn answer(
    worker: &mut WorkerProcess,
    n_rows: usize,
    fields: &[Field],
    wait: &Wait<'_>,
) -> Result<Answer, Trouble> {
    let mut builders: Vec<RunsBuilder> =
        fields.iter().map(|field| RunsBuilder::new(field.name().clone(), n_rows)).collect();
    let mut faults = Vec::new();
    for row in 0..n_rows {
        let mut cells = record(worker, wait).map_err(|trouble| with_count(trouble, row, n_rows))?;
        if cells.len() == fields.len() + 1
            && let Some(message) = cells.pop()
            && !message.text.is_empty()
        {
            faults.push((row, message.text));
            builders.iter_mut().for_each(RunsBuilder::push_null);
            continue;
        }
        if cells.len() != fields.len() {
            let (found, wanted) = (cells.len(), fields.len());
            let message = format!(
                "answered {} to row {} of {n_rows}, and {wanted} are wanted",
                counted(found, "cell"),
                row + 1
            );
            return Err(Failure::wrong(message).into());
        }
        for ((builder, cell), field) in builders.iter_mut().zip(cells).zip(fields) {
            push(builder, &cell, field.dtype());
        }
    }
    Ok(Answer { runs: builders.into_iter().map(RunsBuilder::finish).collect(), faults })
}

/// A cell is what it looks like, unless it is in quotes or text is wanted; one without anything is null.
fn push(builder: &mut RunsBuilder, cell: &Cell, dtype: &DataType) {
    let text = cell.text.as_str();
    if !cell.is_quoted && text.is_empty() {
        return builder.push_null();
    }
    let is_text = cell.is_quoted
        || matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Decimal(..));
    if is_text {
        return builder.push_text(text);
    }
    match text {
        "true" => builder.push_bool(true),
        "false" => builder.push_bool(false),
        _ if !text.bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'.') => {
            builder.push_text(text);
        }
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => builder.push_int(number),
            (_, Ok(number)) => builder.push_float(number),
            _ => builder.push_text(text),
        },
    }
}

#[derive(Debug, Default, PartialEq)]
struct Cell {
    text: String,
    is_quoted: bool,
}

/// Waits for a whole record: a line, where a cell in quotes may hold line ends.
fn record(worker: &mut WorkerProcess, wait: &Wait<'_>) -> Result<Vec<Cell>, Trouble> {
    let mut scan = Scan::default();
    let end = loop {
        if let Some(end) = scan.end(worker.unread()) {
            break end;
        }
        worker.more(wait)?;
    };
    let bytes = worker.take(end + 1);
    let text = std::str::from_utf8(&bytes[..end]);
    let text = text.map_err(|_| Failure::wrong("answered in no UTF-8"))?;
    Ok(cells(text.strip_suffix('\r').unwrap_or(text)))
}

/// How far a record has been looked at.
#[derive(Debug, Default)]
struct Scan {
    at: usize,
    in_quotes: bool,
    /// Whether a cell began where it has come to.
    in_cell: bool,
}

impl Scan {
    /// Where the record ends, if that has come.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' if self.in_quotes || !self.in_cell => {
                    self.in_quotes = !self.in_quotes;
                    // A second quotation mark right behind begins the quotes anew.
                    self.in_cell = self.in_quotes;
                }
                b'\n' if !self.in_quotes => return Some(self.at),
                b',' if !self.in_quotes => self.in_cell = false,
                _ => self.in_cell = true,
            }
            self.at += 1;
        }
        None
    }
}

/// The cells of a record.
fn cells(record: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut rest = record;
    loop {
        let mut cell = Cell::default();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            cell.is_quoted = true;
            while let Some(at) = quoted.find('"') {
                cell.text.push_str(&quoted[..at]);
                quoted = &quoted[at + 1..];
                match quoted.strip_prefix('"') {
                    Some(after) => {
                        cell.text.push('"');
                        quoted = after;
                    }
                    None => break,
                }
            }
            rest = quoted;
        }
        let end = rest.find(',');
        cell.text.push_str(&rest[..end.unwrap_or(rest.len())]);
        cells.push(cell);
        match end {
            Some(at) => rest = &rest[at + 1..],
            None => return cells,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_ends_at_a_line_end_outside_of_quotes() {
        for (text, end) in [
            ("a,b\nc", Some(3)),
            ("\"a\nb\",c\n", Some(7)),
            ("\"a\"\"\nb\"\n", Some(7)),
            ("5\" pipe\nx", Some(7)),
            ("\"a\n", None),
            ("\n", Some(0)),
        ] {
            assert_eq!(Scan::default().end(text.as_bytes()), end, "{text:?}");
            let mut slowly = Scan::default();
            let found = (0..=text.len()).find_map(|length| slowly.end(&text.as_bytes()[..length]));
            assert_eq!(found, end, "{text:?}");
        }
    }

    #[test]
    fn cells_are_told_apart() {
        let texts = |record| cells(record).into_iter().map(|cell| cell.text).collect::<Vec<_>>();
        assert_eq!(texts("a,\"b,\"\"c\",,"), ["a", "b,\"c", "", ""]);
        assert_eq!(texts(""), [""]);
        assert!(cells("\"\"")[0].is_quoted);
    }
}
