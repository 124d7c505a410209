//! The lines that rows start on, found by the `csv` crate.
//!
//! The reader next door keeps no positions, since nearly no row is ever asked for its line. Who asks pays for one more pass over
//! the file, up to the row.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use memchr::memchr_iter;

use super::super::line_index::LineIndex;
use super::dialect::{Dialect, after_mark};
use super::scan::line_at;

/// The line that row `row` of the file starts on, counted from 1.
pub(super) fn line_of_row(bytes: &[u8], dialect: &Dialect, row: u64) -> Option<u64> {
    RowLines::new(bytes, dialect).nth(usize::try_from(row).ok()?)
}

/// The line that each of these rows of the file starts on, counted from 1; rows beyond the file are missing.
pub(in crate::table) fn lines_of_rows(
    bytes: &[u8],
    dialect: &Dialect,
    rows: &BTreeSet<u64>,
) -> BTreeMap<u64, u64> {
    let mut lines = RowLines::new(bytes, dialect).zip(0..);
    let line_of = |row: &u64| lines.find(|(_, other)| other == row).map(|(line, row)| (row, line));
    rows.iter().map_while(line_of).collect()
}

/// The lines of the first `n_rows` rows.
pub(in crate::table) fn line_index(bytes: &[u8], dialect: &Dialect, n_rows: u64) -> LineIndex {
    let body = &bytes[dialect.body..];
    let cut_off = !body.is_empty() && !body.ends_with(b"\n");
    // Every row ends a line, so with as many lines as rows each row is one.
    if memchr_iter(b'\n', body).count() as u64 + u64::from(cut_off) == n_rows {
        return LineIndex::one_by_one(line_at(bytes, dialect.body));
    }
    LineIndex::new(RowLines::new(bytes, dialect).zip(0..n_rows).map(|(line, _)| line))
}

/// The line of every row, one after the other.
struct RowLines<'a> {
    bytes: &'a [u8],
    dialect: &'a Dialect,
    reader: Reader<&'a [u8]>,
    record: ByteRecord,
    /// The lines of rows that were passed and not handed out: a record, and the blank lines before it that are rows.
    passed: Range<u64>,
}

impl<'a> RowLines<'a> {
    fn new(bytes: &'a [u8], dialect: &'a Dialect) -> Self {
        // The reader starts at the first byte, so that its lines are those of the file. A CR alone ends no line.
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(1 << 16)
            .from_reader(bytes);
        Self { bytes, dialect, reader, record: ByteRecord::new(), passed: 0..0 }
    }

    /// Passes one record and the blank lines before it. False when there is none.
    fn pass_record(&mut self) -> bool {
        let position = self.reader.position().clone();
        let from = (position.byte() as usize).max(after_mark(self.bytes));
        // Reading from memory into bytes of any shape does not fail.
        let found = self.reader.read_byte_record(&mut self.record).unwrap_or(false);

        // The crate skips blank lines; in a file of one column they are rows.
        let blank = self.bytes[from..].iter().take_while(|byte| **byte == b'\n').count();
        let start = from + blank;
        let line = position.line() + blank as u64;
        let blank_are_rows = self.dialect.n_columns() == 1 && from >= self.dialect.body;
        // To the crate a line of CR LF is a record, since LF alone ends a line.
        let is_row =
            found && start >= self.dialect.body && self.dialect.skipped_line(self.bytes, start).is_none();
        let first = if blank_are_rows { position.line() } else { line };
        self.passed = first..line + u64::from(is_row);
        found
    }
}

impl Iterator for RowLines<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        while self.passed.is_empty() {
            if !self.pass_record() {
                break;
            }
        }
        self.passed.next()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::format::Format;
    use super::super::super::read_options::{Header, ReadOptions};
    use super::super::rows::Rows;
    use super::*;

    fn lines(text: &str, options: &ReadOptions) -> Vec<u64> {
        let dialect = Dialect::find(text.as_bytes(), Format::Csv, options).unwrap();
        RowLines::new(text.as_bytes(), &dialect).collect()
    }

    #[test]
    fn blank_lines_marks_and_quotes() {
        let header = ReadOptions::default();
        let none = ReadOptions { header: Header::None, ..ReadOptions::default() };
        assert_eq!(lines("a,b\n1,2\n3,4\n", &header), [2, 3]);
        assert_eq!(lines("\n\r\na,b\r\n1,2\r\n\r\n3,4", &header), [4, 6]);
        assert_eq!(lines("\u{feff}a,b\n1,\"x\n\ny\"\n3,4\n", &header), [2, 5]);
        assert_eq!(lines("\u{feff}\n1,2\n\n3,4\n", &none), [2, 4]);
        assert_eq!(lines("a\n\n1\n\r\n\n", &header), [2, 3, 4, 5]);
        assert_eq!(lines("\u{feff}\n1\n\n", &none), [1, 2, 3]);
        assert_eq!(lines("\n\na\n\n\"1\n\"\n2", &header), [4, 5, 7]);
        assert_eq!(lines("a\n\u{feff}\n\u{feff}", &header), [2, 3]);
        assert_eq!(lines("a,b\n", &header), [0; 0]);
        assert_eq!(lines("a\r\n\r", &header), [2]);
    }

    /// Rows of equally many cells, and blank lines, with any line ends.
    fn csv_text() -> impl Strategy<Value = Vec<u8>> {
        let cell = prop_oneof![
            Just("a"),
            Just(""),
            Just("\"x\""),
            Just("\"x\n\""),
            Just("\"\""),
            Just("\"\r\n,;\""),
            Just("\"\"\"\n\""),
            Just("é"),
            Just("\u{feff}"),
            Just("5\"\""),
            Just("a\rb"),
            Just("\r"),
        ];
        let line_end = || prop_oneof![Just("\n"), Just("\r\n")];
        let line = (any::<bool>(), proptest::collection::vec(cell, 3), line_end());
        let mark = prop_oneof![3 => Just(""), 1 => Just("\u{feff}")];
        let last = prop_oneof![Just("\n"), Just("\r\n"), Just(""), Just("\r")];
        (mark, 1..=3usize, proptest::collection::vec(line, 0..12), last).prop_map(
            |(mark, n_cells, lines, last)| {
                let mut text = mark.to_owned();
                for (is_blank, cells, line_end) in lines {
                    if !is_blank {
                        text += &cells[..n_cells].join(",");
                    }
                    text += line_end;
                }
                let ended = text.trim_end_matches(['\r', '\n']).len();
                text.truncate(ended);
                (text + last).into_bytes()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the reader takes for rows, the `csv` crate finds on the same lines.
        #[test]
        fn the_lines_are_those_of_the_rows_that_are_read(
            bytes in csv_text(),
            header in prop_oneof![Just(Header::First), Just(Header::None)],
            delimiter in prop_oneof![4 => Just(b','), 1 => Just(b';')],
        ) {
            let options = ReadOptions { header, delimiter: Some(delimiter), ..ReadOptions::default() };
            let Ok(dialect) = Dialect::find(&bytes, Format::Csv, &options) else { return Ok(()) };
            let mut read = Vec::new();
            let rows = Rows { bytes: &bytes, start: dialect.body, dialect: &dialect };
            let outcome = rows.for_each_block(u64::MAX, |cells| {
                let starts = cells.iter().step_by(dialect.n_columns());
                read.extend(starts.map(|cell| line_at(&bytes, cell.offset)));
            });
            if outcome.is_err() {
                return Ok(());
            }
            let found: Vec<u64> = RowLines::new(&bytes, &dialect).collect();
            prop_assert_eq!(&found, &read);

            let index = line_index(&bytes, &dialect, read.len() as u64);
            let indexed: Vec<u64> = (0..read.len() as u64).filter_map(|row| index.line_of(row)).collect();
            prop_assert_eq!(&indexed, &read);
            let every_third: BTreeSet<u64> = (0..read.len() as u64 + 5).step_by(3).collect();
            let expected: BTreeMap<u64, u64> = (0..).zip(read).filter(|(row, _)| row % 3 == 0).collect();
            prop_assert_eq!(lines_of_rows(&bytes, &dialect, &every_third), expected);
        }
    }
}
