//! Numbers out of rows without quotation marks, in one pass over the bytes.
//!
//! Where nothing is quoted, a row is a line and a cell ends at the next delimiter, so that the digits can be read while the end
//! of the cell is looked for. Whatever is unusual, a blank, a plus, nineteen digits, makes the whole piece one for the general
//! way, which knows everything; what is read here is what is read there.

use memchr::memchr;
use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::MutableBitmap;

use super::chunk::Wanted;
use super::dialect::Dialect;
use super::scan::{QUOTE, cell_end};
use super::value::parse_exact_f64;

/// Whether there is a way here for the cells of a column.
pub(super) fn is_plain(wanted: &Wanted) -> bool {
    wanted.guessed && matches!(wanted.dtype, Some(DataType::Int64 | DataType::Float64))
}

/// What the cells of some plain columns are.
pub(super) enum Plain {
    /// Their values.
    Columns(Vec<Series>),
    /// For each column, whether there is a value.
    HaveValues(Vec<bool>),
}

/// The values of some plain columns in `n_rows` rows; `None` where the general way must find out.
pub(super) fn read_plain(bytes: &[u8], dialect: &Dialect, wanted: &[&Wanted], n_rows: u64) -> Option<Plain> {
    let columns = walk::<true>(bytes, dialect, wanted, n_rows)?;
    let name = |wanted: &Wanted| PlSmallStr::from_str(&dialect.names[wanted.index]);
    let series = columns.into_iter().zip(wanted).map(|(column, wanted)| column.into_series(name(wanted)));
    Some(Plain::Columns(series.collect()))
}

/// Whether all cells of some plain columns are numbers of their dtypes; `None` where the general way must find out.
pub(super) fn check_plain(bytes: &[u8], dialect: &Dialect, wanted: &[&Wanted], n_rows: u64) -> Option<Plain> {
    let columns = walk::<false>(bytes, dialect, wanted, n_rows)?;
    Some(Plain::HaveValues(columns.iter().map(|column| column.has_values).collect()))
}

/// The values of a column as far as they are read.
struct Numbers {
    is_float: bool,
    ints: Vec<i64>,
    floats: Vec<f64>,
    validity: Option<MutableBitmap>,
    has_values: bool,
}

impl Numbers {
    fn new(wanted: &Wanted, n_rows: usize) -> Self {
        let is_float = wanted.dtype == Some(DataType::Float64);
        let (n_ints, n_floats) = if is_float { (0, n_rows) } else { (n_rows, 0) };
        let (ints, floats) = (Vec::with_capacity(n_ints), Vec::with_capacity(n_floats));
        Self { is_float, ints, floats, validity: None, has_values: false }
    }

    #[inline(always)]
    fn push_valid(&mut self) {
        if let Some(validity) = &mut self.validity {
            validity.push(true);
        }
    }

    #[cold]
    fn push_null(&mut self) {
        let n_rows = self.ints.len() + self.floats.len();
        match self.is_float {
            true => self.floats.push(0.0),
            false => self.ints.push(0),
        }
        self.validity.get_or_insert_with(|| MutableBitmap::from_len_set(n_rows)).push(false);
    }

    fn into_series(self, name: PlSmallStr) -> Series {
        let validity = self.validity.map(Into::into);
        match self.is_float {
            true => {
                let array = PrimitiveArray::new(ArrowDataType::Float64, self.floats.into(), validity);
                Float64Chunked::with_chunk(name, array).into_series()
            }
            false => {
                let array = PrimitiveArray::new(ArrowDataType::Int64, self.ints.into(), validity);
                Int64Chunked::with_chunk(name, array).into_series()
            }
        }
    }
}

/// Reads the cells, and keeps their values or only looks at them.
fn walk<const KEEP: bool>(
    bytes: &[u8],
    dialect: &Dialect,
    wanted: &[&Wanted],
    n_rows: u64,
) -> Option<Vec<Numbers>> {
    if memchr(QUOTE, bytes).is_some() {
        return None;
    }
    let n_columns = dialect.n_columns();
    let delimiter = dialect.delimiter;
    let capacity = if KEEP { n_rows as usize } else { 0 };
    let mut columns: Vec<Numbers> = wanted.iter().map(|wanted| Numbers::new(wanted, capacity)).collect();
    let mut slots: Vec<Option<usize>> = vec![None; n_columns];
    for (slot, wanted) in wanted.iter().enumerate() {
        slots[wanted.index] = Some(slot);
    }
    let mut position = 0;
    while position < bytes.len() {
        if let Some(length) = dialect.skipped_line(bytes, position) {
            position += length;
            continue;
        }
        for (index, slot) in slots.iter().enumerate() {
            position = match slot {
                None => cell_end(bytes, position, delimiter),
                Some(slot) => {
                    let column = &mut columns[*slot];
                    match column.is_float {
                        true => float::<KEEP>(bytes, position, delimiter, column)?,
                        false => int::<KEEP>(bytes, position, delimiter, column)?,
                    }
                }
            };
            let next = bytes.get(position).copied();
            if index + 1 < n_columns {
                if next != Some(delimiter) {
                    return None;
                }
                position += 1;
                continue;
            }
            position += match (next, bytes.get(position + 1)) {
                (None, _) => 0,
                (Some(b'\n'), _) | (Some(b'\r'), None) => 1,
                (Some(b'\r'), Some(b'\n')) => 2,
                _ => return None,
            };
        }
    }
    Some(columns)
}

/// Reads an integer that would be written back the same, or nothing. Gives the place behind it.
#[inline(always)]
fn int<const KEEP: bool>(bytes: &[u8], start: usize, delimiter: u8, column: &mut Numbers) -> Option<usize> {
    const MOST_DIGITS: usize = 18;
    let mut position = start;
    let first = match bytes.get(position) {
        Some(b'-') => {
            position += 1;
            *bytes.get(position)?
        }
        Some(byte) => *byte,
        None => b'\n',
    };
    let negative = position > start;
    let digit = first.wrapping_sub(b'0');
    if digit > 9 {
        let is_empty = !negative && (first == delimiter || matches!(first, b'\n' | b'\r'));
        if is_empty && KEEP {
            column.push_null();
        }
        return is_empty.then_some(position);
    }
    let mut value = i64::from(digit);
    position += 1;
    if digit == 0 {
        // What follows is no digit, or the cell is no such integer.
        if negative {
            return None;
        }
    } else {
        let most = start + usize::from(negative) + MOST_DIGITS;
        while let Some(byte) = bytes.get(position) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            if position >= most {
                return None;
            }
            value = value * 10 + i64::from(digit);
            position += 1;
        }
    }
    column.has_values = true;
    if KEEP {
        column.ints.push(if negative { -value } else { value });
        column.push_valid();
    }
    Some(position)
}

/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Reads a float, or an integer that one holds exactly, or nothing. Gives the place behind it.
#[inline(always)]
fn float<const KEEP: bool>(bytes: &[u8], start: usize, delimiter: u8, column: &mut Numbers) -> Option<usize> {
    const EXACT_DIGITS: usize = 15;
    /// So many digits before the point that a number is far from the largest one.
    const SMALL_DIGITS: usize = 100;
    let mut position = start;
    let negative = bytes.get(position) == Some(&b'-');
    position += usize::from(negative);
    let whole_from = position;
    let mut value = 0u64;
    let mut digits = |position: &mut usize| {
        while let Some(digit) =
            bytes.get(*position).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit <= 9)
        {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            *position += 1;
        }
    };
    digits(&mut position);
    let n_whole = position - whole_from;
    let has_point = bytes.get(position) == Some(&b'.');
    let mut n_fraction = 0;
    if has_point {
        position += 1;
        let from = position;
        digits(&mut position);
        n_fraction = position - from;
    }
    let ends = match bytes.get(position) {
        None | Some(b'\n' | b'\r') => true,
        Some(byte) => *byte == delimiter,
    };
    if ends && position == start {
        if KEEP {
            column.push_null();
        }
        return Some(position);
    }
    let is_canonical = has_point || n_whole == 1 || bytes.get(whole_from) != Some(&b'0');
    let is_number = ends && n_whole > 0 && is_canonical && (!has_point || n_fraction > 0);
    let few = n_whole + n_fraction <= EXACT_DIGITS;
    let number = match (is_number && few, is_number && has_point && n_whole <= SMALL_DIGITS) {
        // Both are exact, so their quotient is rounded once.
        (true, _) => {
            let magnitude = value as f64 / POWERS[n_fraction];
            if negative { -magnitude } else { magnitude }
        }
        (false, true) if !KEEP => 0.0,
        _ => {
            position = cell_end(bytes, start, delimiter);
            // The CR of a line end is no part of the cell.
            position -= usize::from(position > start && bytes[position - 1] == b'\r');
            let text = &bytes[start..position];
            parse_exact_f64(text)?
        }
    };
    column.has_values = true;
    if KEEP {
        column.floats.push(number);
        column.push_valid();
    }
    Some(position)
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
                let read = read_plain(body, &dialect, &all, rows.len() as u64);
                prop_assert_eq!(read.is_some(), check_plain(body, &dialect, &all, 0).is_some());
                let Some(Plain::Columns(columns)) = read else { continue };
                let Some(expected) = expected else { panic!("the general way refuses {text:?}") };
                for (column, expected) in columns.iter().zip(&expected) {
                    prop_assert!(column.equals_missing(expected), "{text:?}: {column:?} {expected:?}");
                    prop_assert_eq!(format!("{column:?}"), format!("{expected:?}"));
                }
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
        let Some(Plain::Columns(columns)) = read_plain(text, &dialect, &all, 3) else { panic!("unusual") };
        assert_eq!(columns[0].i64().unwrap().to_vec(), [Some(1), None, Some(-3)]);
        assert_eq!(columns[1].f64().unwrap().to_vec(), [Some(2.5), None, Some(4.0)]);
    }
}
