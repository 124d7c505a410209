//! The numbers in a column that was read as text.

use polars::prelude::{DataType, StringChunked};

use super::infer::propose;
use super::kind::{Evidence, Kind, Kinds, kind};

/// How many values say what a column is: as many as there are rows from which its dtype was guessed.
const SAMPLE: usize = 10_000;

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
}

impl TextAmongNumbers {
    /// What keeps `column` from being one of numbers; `None` for a column without a number, or of nothing else.
    pub(crate) fn find(column: &StringChunked) -> Option<Self> {
        let values = || (0..).zip(column.iter()).filter_map(|(row, text)| Some((row, text?)));
        let is_number = |text: &str| Kinds::of(&[kind(text.as_bytes())]).within(Kinds::NUMBERS);
        let mut numbers = Evidence::default();
        let mut n_values = 0;
        for (row, text) in values().take(SAMPLE) {
            n_values += 1;
            let kind: Kind = kind(text.as_bytes());
            if Kinds::of(&[kind]).within(Kinds::NUMBERS) {
                numbers.add(kind, row);
            }
        }
        if numbers.n_values == 0 {
            return None;
        }
        let (row, text) = values().find(|(_, text)| !is_number(text))?;
        Some(Self {
            row: row as u64,
            text: text.to_owned(),
            dtype: propose(&numbers).unwrap_or(DataType::Float64),
            is_rare: numbers.n_values * 2 >= n_values,
        })
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
            assert_eq!(find(cells), Some(TextAmongNumbers { row, text, dtype, is_rare }));
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
