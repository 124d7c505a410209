//! The lines of all rows in little memory, for an input that cannot be read again.

/// The line that each row starts on.
///
/// ```text
/// rows    0  1  2   3  4        row 2 goes on over four lines
/// lines   2  3  4   8  9
/// breaks  (0, 2)    (3, 8)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineIndex {
    /// A row and its line, wherever this is not the line behind that of the row before.
    breaks: Vec<(u64, u64)>,
}

impl LineIndex {
    /// The index of rows that start on these lines, counted from 1.
    pub(super) fn new(lines: impl Iterator<Item = u64>) -> Self {
        let mut breaks = Vec::new();
        let mut expected = None;
        for (row, line) in (0..).zip(lines) {
            if expected != Some(line) {
                breaks.push((row, line));
            }
            expected = Some(line + 1);
        }
        Self { breaks }
    }

    /// The index of rows that are a line each, the first of them on line `first`.
    pub(super) fn one_by_one(first: u64) -> Self {
        Self { breaks: vec![(0, first)] }
    }

    /// The line of a row.
    pub(super) fn line_of(&self, row: u64) -> Option<u64> {
        let behind = self.breaks.partition_point(|(first, _)| *first <= row);
        let (first, line) = self.breaks[behind.checked_sub(1)?];
        Some(line + (row - first))
    }
}
