//! Which byte delimits, whether there is a header, and where the rows begin.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use memchr::memchr;

use crate::error::{Error, ErrorKind, Result};

use super::super::format::Format;
use super::super::read_options::{Header, ReadOptions};
use super::scan::{After, Fault, blank_line, line_at, next_cell, record_end};

/// How a CSV file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::table) struct Dialect {
    pub(in crate::table) delimiter: u8,
    pub(in crate::table) header: Header,
    pub(in crate::table) names: Names,
    /// Where the first row starts.
    pub(super) body: usize,
}

/// The names of the columns. Clones share them, and so may files that have the same ones.
#[derive(Clone, Debug)]
pub(in crate::table) struct Names(Arc<NamesInOrder>);

#[derive(Debug)]
struct NamesInOrder {
    names: Vec<String>,
    /// The place of each, once somebody has asked.
    places: OnceLock<HashMap<String, usize>>,
}

impl Names {
    fn new(names: Vec<String>) -> Self {
        Self(Arc::new(NamesInOrder { names, places: OnceLock::new() }))
    }

    /// The place of a column.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        let NamesInOrder { names, places } = &*self.0;
        let places = places.get_or_init(|| names.iter().cloned().zip(0..).collect());
        places.get(name).copied()
    }
}

impl Deref for Names {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0.names
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self[..] == other[..]
    }
}

impl Eq for Names {}

impl Dialect {
    /// Settles delimiter and header, by the options and else by the first lines.
    pub(super) fn find(bytes: &[u8], format: Format, options: &ReadOptions) -> Result<Self> {
        let start = text_start(bytes)?;
        let delimiter = match (options.delimiter, format) {
            (Some(delimiter), _) => delimiter,
            (None, Format::Tsv) => b'\t',
            (None, _) => likely_delimiter(bytes, start),
        };
        let mut body = start;
        let (cells, ends) = first_record(bytes, &mut body, delimiter).map_err(|fault| fault.error(bytes))?;
        let names = match options.header {
            Header::First => names(&cells).map_err(|error| error.at_line(line_at(bytes, start)))?,
            Header::None => {
                // In a file of one column the blank lines at the start are rows.
                body = if ends == 1 { after_mark(bytes) } else { start };
                (1..=ends).map(default_name).collect()
            }
        };
        Ok(Self { delimiter, header: options.header, names: Names::new(names), body })
    }

    pub(super) fn n_columns(&self) -> usize {
        self.names.len()
    }

    /// The blank line at `position` that is no row; in a file of one column a blank line is a row without a value.
    #[inline]
    pub(super) fn skipped_line(&self, bytes: &[u8], position: usize) -> Option<usize> {
        if self.n_columns() == 1 { None } else { blank_line(bytes, position) }
    }

    /// Where the first `n_rows` rows end.
    pub(super) fn end_of_rows(&self, bytes: &[u8], n_rows: usize) -> usize {
        let mut position = self.body;
        let mut rows = 0;
        while rows < n_rows && position < bytes.len() {
            match self.skipped_line(bytes, position) {
                Some(length) => position += length,
                None => {
                    position = record_end(bytes, position, self.delimiter);
                    rows += 1;
                }
            }
        }
        position
    }
}

/// The name of a column without a name: `column_1` for the first.
fn default_name(number: usize) -> String {
    format!("column_{number}")
}

/// Where the text begins, behind a byte order mark and blank lines; an error where it is no text that can be read.
fn text_start(bytes: &[u8]) -> Result<usize> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let hint = "it is UTF-16 text; convert it to UTF-8 first, as in: iconv -f UTF-16 -t UTF-8";
        return Err(Error::malformed("CSV", hint));
    }
    let mut start = after_mark(bytes);
    while let Some(length) = blank_line(bytes, start) {
        start += length;
    }
    if start == bytes.len() {
        return Err(Error::new(ErrorKind::Empty {
            message: "there is nothing in the file but blank lines".into(),
        }));
    }
    let first_line =
        &bytes[start..memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |newline| start + newline)];
    if let Some(nul) = memchr(0, first_line) {
        let message =
            "its first line holds NUL bytes, so it is no text in UTF-8; give its format with --format";
        return Err(Error::malformed("CSV", message)
            .at_line(line_at(bytes, start))
            .at_byte((start + nul) as u64));
    }
    if first_line.len() == bytes.len() - start
        && memchr(b'\r', first_line.strip_suffix(b"\r").unwrap_or(first_line)).is_some()
    {
        let message = "its lines end in CR alone, as on old Macs; convert them first, as in: tr '\\r' '\\n'";
        return Err(Error::malformed("CSV", message));
    }
    Ok(start)
}

/// Where the text begins behind a UTF-8 byte order mark.
pub(super) fn after_mark(bytes: &[u8]) -> usize {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 }
}

/// The cells of the record at `*position`, which is moved behind it, and how many they are.
fn first_record(
    bytes: &[u8],
    position: &mut usize,
    delimiter: u8,
) -> std::result::Result<(Vec<Vec<u8>>, usize), Fault> {
    let mut cells = Vec::new();
    let mut scratch = Vec::new();
    loop {
        let (cell, after) = next_cell(bytes, position, delimiter)?;
        cells.push(cell.text(&mut scratch).to_vec());
        if after == After::Record {
            let n_cells = cells.len();
            return Ok((cells, n_cells));
        }
    }
}

/// The column names that a header's cells are. A column without a name is called by its number.
fn names(cells: &[Vec<u8>]) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    let mut seen = std::collections::HashSet::with_capacity(cells.len());
    for (index, cell) in cells.iter().enumerate() {
        let name = match std::str::from_utf8(cell) {
            Ok("") => default_name(index + 1),
            Ok(name) => name.to_string(),
            Err(_) => {
                let message = format!("the name of column {} is not UTF-8 text", index + 1);
                return Err(Error::malformed("CSV", message));
            }
        };
        if !seen.insert(name.clone()) {
            return Err(Error::new(ErrorKind::DuplicateColumn { name }));
        }
        names.push(name);
    }
    Ok(names)
}

/// The comma, unless the first line has none and another delimiter cuts all of the first lines into equally many cells.
fn likely_delimiter(bytes: &[u8], start: usize) -> u8 {
    const LINES: usize = 100;
    let first = cells_in_records(bytes, start, b',', 1);
    if first.is_none_or(|cells| cells > 1) {
        return b',';
    }
    let fits =
        |delimiter: &u8| cells_in_records(bytes, start, *delimiter, LINES).is_some_and(|cells| cells > 1);
    [b';', b'\t', b'|'].into_iter().find(fits).unwrap_or(b',')
}

/// How many cells each of the first records has, where they all have equally many.
fn cells_in_records(bytes: &[u8], mut position: usize, delimiter: u8, n_records: usize) -> Option<usize> {
    let (_, n_cells) = first_record(bytes, &mut position, delimiter).ok()?;
    for _ in 1..n_records {
        while let Some(length) = blank_line(bytes, position) {
            position += length;
            if position == bytes.len() {
                break;
            }
        }
        if position == bytes.len() {
            break;
        }
        let (_, found) = first_record(bytes, &mut position, delimiter).ok()?;
        if found != n_cells {
            return None;
        }
    }
    Some(n_cells)
}
