//! Numbers out of rows without quotation marks.
//!
//! Where nothing is quoted, a row is a line and a cell ends at the next delimiter. Whatever is unusual, a blank, a plus,
//! nineteen digits, makes the whole piece one for the general way, which knows everything; what is read here is what is read
//! there.
//!
//! ```text
//! separators  where the cells of some thousand bytes end, 64 bytes at a time
//! cells       the bytes of a cell → its number, eight digits at a time
//! decimals    the same of decimals, all digits at once, where the processor can
//! columns     the cells of a column, one behind the other → its numbers
//! columns_at_once  the same of rows that are alike, some rows at a time
//! layout      rows that are alike byte by byte → their numbers, without looking for cells
//! ```

mod cells;
mod columns;
mod columns_at_once;
mod decimals;
mod layout;
mod separators;

use memchr::memchr;
use polars::prelude::*;

use crate::widest::{SideBySide, SideBySideLoop, run_side_by_side};

use super::super::pieces::{Integers, TextPiece};
use super::chunk::Wanted;
use super::dialect::Dialect;
use super::scan::QUOTE;
pub(super) use cells::n_digits_of;
pub(super) use columns::IntBits;
use columns::{Cells, Numbers};
use layout::Layout;
use separators::Bounds;

/// Whether there is a way here for the cells of a column.
pub(super) fn is_plain(wanted: &Wanted) -> bool {
    wanted.guessed && matches!(wanted.dtype, Some(DataType::Int64 | DataType::Float64))
}

/// What the cells of some plain columns are.
pub(super) enum Plain {
    /// Their values, and what integers there are among them.
    Columns(Vec<(Series, IntBits)>),
    /// For each column, whether there is a value.
    HaveValues(Vec<bool>),
}

/// The values of some plain columns; `None` where the general way must find out. On the way, notes where the rows start.
pub(super) fn read_plain(
    piece: &TextPiece,
    dialect: &Dialect,
    wanted: &[&Wanted],
    integers: Integers,
) -> Option<Plain> {
    let mut row_starts = Vec::with_capacity(piece.n_rows as usize + 1);
    let columns = walk::<true>(piece, dialect, wanted, integers, &mut row_starts)?;
    let _ = piece.row_starts.set(row_starts);
    let name = |wanted: &Wanted| PlSmallStr::from_str(&dialect.names[wanted.index]);
    let series = columns.into_iter().zip(wanted).map(|(column, wanted)| {
        let bits = column.bits();
        (column.into_series(name(wanted)), bits)
    });
    Some(Plain::Columns(series.collect()))
}

/// Whether all cells of some plain columns are numbers of their dtypes; `None` where the general way must find out.
pub(super) fn check_plain(piece: &TextPiece, dialect: &Dialect, wanted: &[&Wanted]) -> Option<Plain> {
    let columns = walk::<false>(piece, dialect, wanted, Integers::AsWide, &mut Vec::new())?;
    Some(Plain::HaveValues(columns.iter().map(Numbers::has_values).collect()))
}

/// Reads the cells, and keeps their values or only looks at them.
fn walk<const KEEP: bool>(
    piece: &TextPiece,
    dialect: &Dialect,
    wanted: &[&Wanted],
    integers: Integers,
    row_starts: &mut Vec<u32>,
) -> Option<Vec<Numbers>> {
    /// As many cells as the places of which stay in the nearest cache.
    const CELLS: usize = 2048;
    /// Rows that are alike are read as long as their bytes stay there.
    const ALIKE_BYTES: usize = 16 << 10;
    /// So often rows that are alike may end before they are no longer expected.
    const MOST_ENDS: usize = 8;

    let (text, padded) = (&piece.bytes[..], piece.bytes.padded());
    let is_small = u32::try_from(text.len() + 2).is_ok();
    if !is_small || piece.may_have_quotes && memchr(QUOTE, text).is_some() {
        return None;
    }
    let n_columns = dialect.n_columns();
    let capacity = if KEEP { piece.n_rows as usize } else { 0 };
    let mut layout = Layout::of_row(text, 0, dialect, wanted);
    let is_narrow = |slot: usize| {
        integers == Integers::MayBeNarrow && layout.as_ref().is_some_and(|layout| layout.is_narrow(slot))
    };
    let columns = wanted.iter().enumerate();
    let columns = columns.map(|(slot, wanted)| Numbers::new(wanted, capacity, is_narrow(slot)));
    let mut columns: Vec<Numbers> = columns.collect();
    let mut n_ends = 0;
    let mut bounds = Bounds::default();
    let mut position = 0;
    while position < text.len() {
        if let Some(alike) = &layout {
            let row_bytes = alike.row_bytes();
            let n_rows = alike.count(&text[position..], ALIKE_BYTES.div_ceil(row_bytes));
            let end = position + n_rows * row_bytes;
            if KEEP {
                alike.read(&text[position..end], &mut columns);
                row_starts.extend((position..end).step_by(row_bytes).map(|start| start as u32));
            } else {
                columns.iter_mut().for_each(|column| column.add_unread(n_rows));
            }
            position = end;
            if n_rows > 0 {
                continue;
            }
            n_ends += 1;
            if n_ends > MOST_ENDS {
                layout = None;
            }
        }
        let most_rows = if layout.is_some() { 32 } else { (CELLS / n_columns).max(1) };
        let mut is_usual = false;
        run_side_by_side(SomeRows::<KEEP> {
            bytes: padded,
            start: position,
            len: text.len(),
            delimiter: dialect.delimiter,
            n_columns,
            most_rows,
            wanted,
            bounds: &mut bounds,
            columns: &mut columns,
            is_usual: &mut is_usual,
        });
        if !is_usual {
            return None;
        }
        let places = bounds.places(n_columns);
        if KEEP {
            row_starts.extend(places.chunks_exact(n_columns).take(bounds.n_rows()).map(|row| row[0]));
        }
        position = places.last().map_or(text.len(), |place| (*place as usize).min(text.len()));
    }
    row_starts.push(text.len() as u32);
    Some(columns)
}

/// The loops that find the cells of some rows and read those that are wanted.
struct SomeRows<'a, const KEEP: bool> {
    bytes: &'a [u8],
    start: usize,
    len: usize,
    delimiter: u8,
    n_columns: usize,
    most_rows: usize,
    wanted: &'a [&'a Wanted],
    bounds: &'a mut Bounds,
    columns: &'a mut [Numbers],
    /// Whether there is nothing in them that the general way must find out.
    is_usual: &'a mut bool,
}

impl<const KEEP: bool> SideBySideLoop for SomeRows<'_, KEEP> {
    #[inline(always)]
    fn run(self, has: Option<SideBySide>) {
        let Self { bytes, start, len, delimiter, n_columns, most_rows, wanted, bounds, columns, is_usual } =
            self;
        if bounds.find(bytes, start..len, delimiter, n_columns, most_rows, has).is_none() {
            return;
        }
        let places = bounds.places(n_columns);
        for (column, wanted) in columns.iter_mut().zip(wanted) {
            let cells = Cells { bytes, places, n_columns, column: wanted.index };
            if column.add::<KEEP>(cells, has).is_none() {
                return;
            }
        }
        *is_usual = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::format::Format;
    use super::super::super::read_options::ReadOptions;
    use super::super::chunk::build_chunk;
    use super::super::rows::{Nulls, Rows};
    use super::*;

    /// What the general way reads, where every cell fits its dtype.
    fn general(bytes: &[u8], dialect: &Dialect, wanted: &[Wanted]) -> Option<Vec<Series>> {
        let rows = Rows { bytes, start: dialect.body, dialect };
        let chunk = build_chunk(&rows, &dialect.names, wanted, &Nulls { texts: &[] }).ok()?;
        chunk.columns.into_iter().map(Result::ok).collect()
    }

    fn piece(text: &[u8]) -> TextPiece {
        TextPiece::new(text.to_vec().into(), 0, 1, 0, 0)
    }

    fn cell() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            "",
            "0",
            "-0",
            "00",
            "-",
            ".",
            "1.",
            ".5",
            "-.5",
            "1e5",
            "1E-3",
            "inf",
            "NaN",
            " 1",
            "1 ",
            "+1",
            "0.5",
            "00.5",
            "-007",
            "9007199254740993",
            "123456789012345678",
            "1234567890123456789",
            "99999999999999999999.5",
            "0.1234567890123456789",
            "x",
            "1.5x",
            "2.50",
            "-1.0",
            "\r",
        ]);
        prop_oneof![
            4 => any::<i64>().prop_map(|number| number.to_string()),
            4 => (-999i64..999).prop_map(|number| number.to_string()),
            4 => any::<f64>().prop_map(|number| number.to_string()),
            4 => (-1e6..1e6).prop_map(|number: f64| format!("{number:.3}")),
            2 => odd.prop_map(str::to_owned),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_read_here_is_what_is_read_there(
            rows in proptest::collection::vec((cell(), cell(), prop::sample::select(vec!["\n", "\r\n", "\n\n"])), 1..4),
            last_cut in any::<bool>(),
        ) {
            let mut text = String::from("a,b\n");
            for (a, b, line_end) in &rows {
                text += &format!("{a},{b}{line_end}");
            }
            if last_cut {
                text.pop();
            }
            let Ok(dialect) = Dialect::find(text.as_bytes(), Format::Csv, &ReadOptions::default()) else { return Ok(()) };
            let body = &text.as_bytes()[dialect.body..];
            for dtypes in [[DataType::Int64, DataType::Float64], [DataType::Float64, DataType::Int64]] {
                let wanted: Vec<Wanted> = (0..)
                    .zip(dtypes)
                    .map(|(index, dtype)| Wanted { index, dtype: Some(dtype), guessed: true })
                    .collect();
                let all: Vec<&Wanted> = wanted.iter().collect();
                let expected = general(text.as_bytes(), &dialect, &wanted);
                let piece = piece(body);
                let read = read_plain(&piece, &dialect, &all, Integers::AsWide);
                prop_assert_eq!(read.is_some(), check_plain(&piece, &dialect, &all).is_some());
                let Some(Plain::Columns(columns)) = read else { continue };
                let Some(expected) = expected else { panic!("the general way refuses {text:?}") };
                for ((column, bits), expected) in columns.iter().zip(&expected) {
                    if let Ok(ints) = column.i64() {
                        let all = IntBits::of_all(ints.iter().flatten());
                        prop_assert_eq!(all.has_negative(), bits.has_negative());
                        prop_assert_eq!(all.may_be_inexact(), bits.may_be_inexact());
                    }
                    prop_assert!(column.equals_missing(expected), "{text:?}: {column:?} {expected:?}");
                    prop_assert_eq!(format!("{column:?}"), format!("{expected:?}"));
                }
            }
        }
    }

    #[test]
    fn rows_that_are_alike_and_others_among_them() {
        let dialect = Dialect::find(b"a,b\n1,1", Format::Csv, &ReadOptions::default()).unwrap();
        let wanted = Wanted { index: 1, dtype: Some(DataType::Int64), guessed: true };
        let all = [&wanted];
        for n in [1, 63, 64, 65, 200, 3000] {
            for odd in ["5,12\n", "12,3\n", "x,-4\n", "1,\n", ""] {
                let lines: String = (0..n).map(|row| format!("{},{}\n", row % 7, row % 10)).collect();
                let text = format!("{lines}{odd}{lines}");
                let cell = |line: &str| line.split_once(',').unwrap().1.parse::<i64>().ok();
                let expected: Vec<Option<i64>> = text.lines().map(cell).collect();
                let piece = piece(text.as_bytes());
                let Some(Plain::Columns(columns)) = read_plain(&piece, &dialect, &all, Integers::AsWide)
                else {
                    panic!("unusual")
                };
                assert_eq!(columns[0].0.i64().unwrap().to_vec(), expected, "{n} rows, {odd:?}");
                let again = TextPiece::new(text.as_bytes().to_vec().into(), 0, 1, 0, 0);
                let Some(Plain::Columns(narrow)) = read_plain(&again, &dialect, &all, Integers::MayBeNarrow)
                else {
                    panic!("unusual")
                };
                let is_narrow = *narrow[0].0.dtype() == DataType::Int8;
                assert_eq!(is_narrow, odd.is_empty(), "{n} rows, {odd:?}");
                let wide = narrow[0].0.cast(&DataType::Int64).unwrap();
                assert_eq!(wide.i64().unwrap().to_vec(), expected, "{n} rows, {odd:?}");
                let starts = piece.row_starts.get().unwrap();
                let ends: Vec<u32> = (0..)
                    .zip(text.bytes())
                    .filter(|(_, byte)| *byte == b'\n')
                    .map(|(at, _)| at + 1)
                    .collect();
                assert_eq!(starts[0], 0);
                assert_eq!(starts[1..], ends);
            }
        }
        let leading = "1,10\n".to_owned() + &"1,02\n".repeat(70);
        assert!(
            read_plain(&piece(leading.as_bytes()), &dialect, &all, Integers::AsWide).is_none(),
            "a leading zero is no number"
        );
    }

    #[test]
    fn rows_that_are_alike_of_any_length() {
        for n_columns in 2..64 {
            let row = |row: usize| (0..n_columns).map(move |column| (row * 7 + column) % 10);
            let line = |n: usize| row(n).map(|digit| digit.to_string()).collect::<Vec<_>>().join(",") + "\n";
            let text: String = (0..150).map(line).collect();
            let names = (0..n_columns).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
            let head = format!("{names}\n{text}");
            let dialect = Dialect::find(head.as_bytes(), Format::Csv, &ReadOptions::default()).unwrap();
            let wanted = [0, n_columns - 1];
            let wanted = wanted.map(|index| Wanted { index, dtype: Some(DataType::Int64), guessed: true });
            let all: Vec<&Wanted> = wanted.iter().collect();
            for integers in [Integers::AsWide, Integers::MayBeNarrow] {
                let Some(Plain::Columns(columns)) =
                    read_plain(&piece(text.as_bytes()), &dialect, &all, integers)
                else {
                    panic!("unusual")
                };
                for ((column, _), wanted) in columns.iter().zip(&wanted) {
                    let found = column.cast(&DataType::Int64).unwrap();
                    let expected: Vec<i64> =
                        (0..150).map(|n| row(n).nth(wanted.index).unwrap() as i64).collect();
                    let found: Vec<i64> = found.i64().unwrap().into_no_null_iter().collect();
                    assert_eq!(found, expected, "{n_columns} columns");
                }
            }
        }
    }

    #[test]
    fn a_file_of_one_column_has_rows_without_a_value() {
        let dialect = Dialect::find(b"a\n1", Format::Csv, &ReadOptions::default()).unwrap();
        for dtype in [DataType::Int64, DataType::Float64] {
            let wanted = Wanted { index: 0, dtype: Some(dtype), guessed: true };
            for (text, expected) in [("\n", vec![None]), ("1\n\n\n2", vec![Some(1.0), None, None, Some(2.0)])]
            {
                let Some(Plain::Columns(columns)) =
                    read_plain(&piece(text.as_bytes()), &dialect, &[&wanted], Integers::AsWide)
                else {
                    panic!("unusual")
                };
                let floats = columns[0].0.cast(&DataType::Float64).unwrap();
                assert_eq!(floats.f64().unwrap().to_vec(), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn usual_rows_are_read_here() {
        let text = b"1,2.5,x\r\n,,y\n-3,4,\n";
        let dialect = Dialect::find(b"a,b,c\n1,1,1", Format::Csv, &ReadOptions::default()).unwrap();
        let wanted = [(0, DataType::Int64), (1, DataType::Float64)];
        let wanted = wanted.map(|(index, dtype)| Wanted { index, dtype: Some(dtype), guessed: true });
        let all: Vec<&Wanted> = wanted.iter().collect();
        let Some(Plain::Columns(columns)) = read_plain(&piece(text), &dialect, &all, Integers::AsWide) else {
            panic!("unusual")
        };
        assert_eq!(columns[0].0.i64().unwrap().to_vec(), [Some(1), None, Some(-3)]);
        assert_eq!(columns[1].0.f64().unwrap().to_vec(), [Some(2.5), None, Some(4.0)]);
    }
}
