//! The numbers in a column that was read as text.

use polars::prelude::{DataType, StringChunked};

use super::infer::propose;
use super::kind::{Evidence, Kind, Kinds, kind};

/// How many values say what a column is: as many as there are rows from which its dtype was guessed.
const SAMPLE: u64 = 10_000;

/// A column of text in which there are numbers, and the first cell that is none.
///
/// Numbers are what would be written back the same: `007` is text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TextAmongNumbers {
    /// The row of the first cell that is no number.
    pub(crate) row: u64,
    /// Its text.
    pub(crate) text: String,
    /// What the numbers are.
    pub(crate) dtype: DataType,
    /// Whether at least half of the column's first 10,000 values are numbers.
    pub(crate) is_rare: bool,
    /// Whether some of these are numbers with leading zeros or a plus, as codes have them.
    pub(crate) has_padded: bool,
}

impl TextAmongNumbers {
    /// What keeps `column` from being one of numbers; `None` for a column without a number, or of nothing else.
    pub(crate) fn find(column: &StringChunked) -> Option<Self> {
        let mut search = TextSearch::default();
        search.add(column, 0);
        search.found()
    }
}

/// Looks for a text among numbers in a column that comes piece by piece.
#[derive(Debug, Default)]
pub(crate) struct TextSearch {
    numbers: Evidence,
    n_values: u64,
    has_padded: bool,
    first_text: Option<(u64, String)>,
}

impl TextSearch {
    /// Adds the next cells of the column, the first of which is in row `first_row`.
    pub(crate) fn add(&mut self, column: &StringChunked, first_row: u64) {
        for (row, text) in (first_row..).zip(column.iter()) {
            let Some(text) = text else { continue };
            if self.is_over() {
                return;
            }
            let kind: Kind = kind(text.as_bytes());
            let is_number = Kinds::of(&[kind]).within(Kinds::NUMBERS);
            if self.n_values < SAMPLE {
                self.n_values += 1;
                self.has_padded |= kind == Kind::PaddedInteger;
                if is_number {
                    self.numbers.add(kind, row as usize);
                }
            }
            if !is_number && self.first_text.is_none() {
                self.first_text = Some((row, text.to_owned()));
            }
        }
    }

    /// Whether more cells change nothing.
    pub(crate) fn is_over(&self) -> bool {
        self.n_values == SAMPLE && (self.numbers.n_values == 0 || self.first_text.is_some())
    }

    /// The row of the first text that is no number, where one was seen.
    pub(crate) fn first_text(&self) -> Option<u64> {
        self.first_text.as_ref().map(|(row, _)| *row)
    }

    /// What was found.
    pub(crate) fn found(self) -> Option<TextAmongNumbers> {
        let Self { numbers, n_values, has_padded, first_text } = self;
        if numbers.n_values == 0 {
            return None;
        }
        let (row, text) = first_text?;
        let dtype = propose(&numbers).unwrap_or(DataType::Float64);
        Some(TextAmongNumbers { row, text, dtype, is_rare: numbers.n_values * 2 >= n_values, has_padded })
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{NewChunkedArray, StringChunked};

    use super::*;

    #[test]
    fn texts_among_numbers() {
        let find = |cells: &[&str]| TextAmongNumbers::find(&StringChunked::from_slice("a".into(), cells));
        let check = |cells: &[&str], row: u64, dtype: DataType, is_rare: bool| {
            let text = cells[row as usize].to_owned();
            let found = find(cells).unwrap();
            assert_eq!((found.row, found.text, found.dtype, found.is_rare), (row, text, dtype, is_rare));
        };
        check(&["1", "2", "1O7"], 2, DataType::Int64, true);
        check(&["x", "2", "1.5"], 0, DataType::Float64, true);
        check(&["1", "x"], 1, DataType::Int64, true);
        check(&["1", "x", "2", "y", "z"], 1, DataType::Int64, false);
        check(&["x", "y", "-3"], 0, DataType::Int64, false);
        check(&["1", "2", "007"], 2, DataType::Int64, true);
        check(&["1", "2", "2024-02-29"], 2, DataType::Int64, true);
        for without in [&["x", "y"][..], &["007", "008"], &["1", "2"], &[]] {
            assert_eq!(find(without), None);
        }
    }

    #[test]
    fn a_text_far_behind_is_found() {
        let cells: Vec<Option<&str>> =
            (0..25_000).map(|row| if row == 24_000 { Some("x") } else { (row > 9).then_some("1") }).collect();
        let found = TextAmongNumbers::find(&StringChunked::from_slice_options("a".into(), &cells)).unwrap();
        assert_eq!((found.row, found.is_rare), (24_000, true));
    }
}
