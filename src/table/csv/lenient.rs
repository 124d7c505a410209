//! Rows that are not what they should be, passed over one by one.
//!
//! The other ways of reading end at the first row that is wrong. This one is for runs that go on: it is taken for a piece in which
//! one of them has found something, and says what is wrong with which rows. What it reads of the others is what they read.

use std::ops::Range;

use memchr::{memchr, memchr2};
use polars::prelude::{DataType, NamedFrom, Series};

use crate::error::{Error, ErrorKind, Result};

use super::super::dtype::dtype_name;
use super::super::list::parse_list_column;
use super::super::pieces::Flaw;
use super::chunk::Wanted;
use super::cut::complete_record_end;
use super::dialect::Dialect;
use super::kind::{Evidence, Kind, kind};
use super::rows::{Nulls, Rows, Text};
use super::scan::{After, Cell, Fault, QUOTE, next_cell};

/// The columns of the rows that have as many cells as there are columns.
pub(super) struct LenientChunk {
    /// Which rows they are, counted from the first one; `None` for all.
    pub(super) rows: Option<Vec<u64>>,
    pub(super) n_rows: usize,
    pub(super) columns: Vec<Series>,
    /// For each column, whether all cells fit its dtype.
    pub(super) fits: Vec<bool>,
    pub(super) flaws: Vec<Flaw>,
}

/// Builds the wanted columns. A cell that does not fit is null.
///
/// # Errors
/// A quotation mark that is never closed: nobody knows which rows it has swallowed.
pub(super) fn build_leniently(
    rows: &Rows,
    names: &[String],
    wanted: &[&Wanted],
    nulls: &Nulls,
) -> Result<LenientChunk> {
    let mut builders: Vec<_> = wanted.iter().map(|wanted| wanted.builder()).collect();
    let mut flaws = Vec::new();
    let mut fits = vec![true; wanted.len()];
    let mut good: Vec<(u64, Range<usize>)> = Vec::new();
    let mut scratch = Vec::new();
    // In the order of the file, so that the flaws of a row are.
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|slot| wanted[*slot].index);
    let n_all = each_row(rows, u64::MAX, |row, range, cells| {
        let cells = match cells {
            Ok(cells) => cells,
            Err(fault) => {
                flaws.push(Flaw { row, column: None, message: reason(fault, rows.bytes), bytes: range });
                return;
            }
        };
        for slot in &order {
            let (builder, wanted) = (&mut builders[*slot], wanted[*slot]);
            let cell = &cells[wanted.index];
            let text = cell.text(&mut scratch);
            if nulls.contain(cell, text, wanted.text()) {
                builder.push_null();
            } else if !builder.push(text) {
                fits[*slot] = false;
                let column = Some(names[wanted.index].clone());
                let message = misfit(text, wanted.dtype.as_ref());
                flaws.push(Flaw { row, column, message, bytes: range.clone() });
                builder.push_null();
            }
        }
        good.push((row, range));
    })?;
    let columns = builders.into_iter().zip(wanted);
    let columns = columns.map(|(builder, wanted)| builder.finish(names[wanted.index].as_str().into()));
    let mut columns: Vec<Series> = columns.collect::<Result<_>>()?;
    for (slot, wanted) in wanted.iter().enumerate() {
        if let (Some(DataType::List(inner)), DataType::String) = (&wanted.dtype, columns[slot].dtype()) {
            let (series, misfits) = lists(&columns[slot], inner)?;
            columns[slot] = series;
            fits[slot] &= misfits.is_empty();
            flaws.extend(misfits.into_iter().map(|(index, message)| {
                let (row, bytes) = good[index].clone();
                Flaw { row, column: Some(names[wanted.index].clone()), message, bytes }
            }));
        }
    }
    flaws.sort_by_key(|flaw| flaw.row);
    let n_rows = good.len();
    let rows = (good.len() as u64 != n_all).then(|| good.into_iter().map(|(row, _)| row).collect());
    Ok(LenientChunk { rows, n_rows, columns, fits, flaws })
}

/// What the cells of some columns look like, in the rows that have as many cells as there are columns.
pub(super) fn look_leniently(rows: &Rows, columns: &[usize], nulls: &Nulls) -> Result<Vec<Evidence>> {
    let mut evidence = vec![Evidence::default(); columns.len()];
    let mut scratch = Vec::new();
    each_row(rows, u64::MAX, |_, _, cells| {
        let Ok(cells) = cells else { return };
        for (evidence, column) in evidence.iter_mut().zip(columns) {
            let cell = &cells[*column];
            let text = cell.text(&mut scratch);
            match nulls.contain(cell, text, Text::No) {
                true if nulls.contain(cell, text, Text::Yes) => evidence.n_nulls += 1,
                true => evidence.n_empty_texts += 1,
                false => evidence.add(kind(text), cell.offset),
            }
        }
    })?;
    Ok(evidence)
}

/// Where the rows stand that are in some bytes, well-formed or not.
pub(super) fn records<'b>(bytes: &'b [u8], dialect: &'b Dialect) -> impl Iterator<Item = Range<usize>> + 'b {
    let mut position = 0;
    std::iter::from_fn(move || {
        while let Some(length) = dialect.skipped_line(bytes, position) {
            position += length;
        }
        let start = position;
        if start >= bytes.len() {
            return None;
        }
        position = complete_record_end(bytes, start, dialect.delimiter).unwrap_or(bytes.len());
        Some(start..position)
    })
}

/// Visits all rows, each with its number, where it stands, and its cells or what is wrong with it. Gives how many there are.
fn each_row<'a>(
    rows: &Rows<'a>,
    max_rows: u64,
    mut visit: impl FnMut(u64, Range<usize>, Result<&[Cell<'a>], Fault>),
) -> Result<u64> {
    let Rows { bytes, start, dialect } = *rows;
    let expected = dialect.n_columns();
    let mut cells = Vec::with_capacity(expected);
    let mut n_rows = 0;
    for range in records(&bytes[start..], dialect) {
        if n_rows == max_rows {
            break;
        }
        let range = start + range.start..start + range.end;
        if range.end == bytes.len()
            && let Some(offset) = open_quote(&bytes[range.clone()], dialect.delimiter)
        {
            return Err(Fault::NeverClosed(range.start + offset).error(bytes));
        }
        let whole = cells_of(&bytes[..range.end], range.start, dialect, &mut cells);
        let whole = match whole {
            Ok(()) if cells.len() == expected => Ok(cells.as_slice()),
            Ok(()) => Err(Fault::Ragged { offset: range.start, expected, found: cells.len() }),
            Err(fault) => Err(fault),
        };
        visit(n_rows, range, whole);
        n_rows += 1;
    }
    Ok(n_rows)
}

fn cells_of<'a>(
    bytes: &'a [u8],
    mut position: usize,
    dialect: &Dialect,
    cells: &mut Vec<Cell<'a>>,
) -> Result<(), Fault> {
    cells.clear();
    loop {
        let (cell, after) = next_cell(bytes, &mut position, dialect.delimiter)?;
        cells.push(cell);
        if after == After::Record {
            return Ok(());
        }
    }
}

/// Where the quotation mark stands that opens a cell in the last record of a file and is never closed.
fn open_quote(record: &[u8], delimiter: u8) -> Option<usize> {
    let mut position = 0;
    let mut may_open = true;
    loop {
        let at = position + memchr2(QUOTE, b'\n', &record[position..])?;
        let opens = record[at] == QUOTE && ((at == 0 && may_open) || (at > 0 && record[at - 1] == delimiter));
        position = at + 1;
        if opens {
            loop {
                let Some(quote) = memchr(QUOTE, &record[position..]) else { return Some(at) };
                position += quote + 1;
                if record.get(position) != Some(&QUOTE) {
                    break;
                }
                position += 1;
            }
            may_open = false;
        }
    }
}

/// A text column as lists, and what is wrong with which of its rows.
fn lists(texts: &Series, inner: &DataType) -> Result<(Series, Vec<(usize, String)>)> {
    let Err(_) = parse_list_column(texts, inner) else {
        return Ok((parse_list_column(texts, inner)?, Vec::new()));
    };
    let mut misfits = Vec::new();
    for row in 0..texts.len() {
        if let Err(error) = parse_list_column(&texts.slice(row as i64, 1), inner) {
            misfits.push((row, without_hint(error.into_kind()).to_string()));
        }
    }
    let mut wrong = misfits.iter().map(|(row, _)| *row).peekable();
    let kept = texts.str().map_err(Error::engine)?.iter().enumerate();
    let kept = kept.map(|(row, text)| if wrong.next_if_eq(&row).is_some() { None } else { text });
    let kept: Vec<Option<&str>> = kept.collect();
    Ok((parse_list_column(&Series::new(texts.name().clone(), kept), inner)?, misfits))
}

/// What is wrong with a row as a whole.
fn reason(fault: Fault, bytes: &[u8]) -> String {
    match fault.kind(bytes) {
        ErrorKind::Malformed { message, .. } => message,
        kind => kind.to_string(),
    }
}

/// What is wrong with a cell.
fn misfit(text: &[u8], dtype: Option<&DataType>) -> String {
    let Ok(shown) = std::str::from_utf8(text) else {
        return "the cell's bytes are not UTF-8 text".to_owned();
    };
    let name = dtype_name(dtype.unwrap_or(&DataType::String));
    let dtype = match (kind(text), dtype) {
        (Kind::PaddedInteger, Some(dtype)) if dtype.is_primitive_numeric() => format!("{name} as written"),
        (Kind::InexactInteger | Kind::InexactNegative, Some(DataType::Float64)) => format!("exact as {name}"),
        _ => name,
    };
    ErrorKind::Cell { text: shown.to_owned(), dtype, hint: String::new() }.to_string()
}

/// What is wrong with one row of many is said without what would mend all of them.
fn without_hint(kind: ErrorKind) -> ErrorKind {
    match kind {
        ErrorKind::Cell { text, dtype, .. } => ErrorKind::Cell { text, dtype, hint: String::new() },
        kind => kind,
    }
}
