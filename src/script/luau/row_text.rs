//! How the row stands in the text that is compiled: the table that it is handed over in, and the places that read it.

use std::fmt::Write;
use std::ops::Range;

use super::driver::{Call, ROW, text_literal};
use super::row_use::{LENGTH, Place, Read, RowUse};

/// What stands before the script, on its first line, for the row: the table that it is handed over in, where it is one for all
/// rows, and what finds the cells that such a table does not have.
pub(super) fn row_table(call: &Call<'_>) -> String {
    let Some(row) = call.row else { return String::new() };
    let names: Vec<String> = call.schema.iter_names().map(|name| text_literal(name)).collect();
    let names = names.join(", ");
    let mut text = String::from("local __parrow_place = __parrow.place; ");
    if row.is_handed_on {
        let _ = write!(
            text,
            "local __parrow_create, __parrow_seal = table.create, __parrow.seal; \
             local __parrow_row_meta, __parrow_checked_row = __parrow.new_rows({{{names}}}); "
        );
        return text;
    }
    let n_positions = if has_positions(row) { call.schema.len() } else { 0 };
    let _ = write!(text, "local __parrow_row: any = table.create({n_positions}); ");
    if row.needs_all() {
        let _ = write!(text, "local __parrow_absent = __parrow.new_absent({{{names}}}, __parrow_row); ");
    }
    if row.values {
        let n_columns = call.schema.len();
        let _ = write!(
            text,
            "local __parrow_create, __parrow_seal_values = table.create, __parrow.new_seal_values({n_columns}); \
             local __parrow_values = table.create({n_columns}); __parrow_row.values = __parrow_values; "
        );
    }
    text
}

/// Whether the table that is one for all rows has the cells by their positions.
pub(super) fn has_positions(row: &RowUse) -> bool {
    row.needs_all() && (row.others || !row.positions.is_empty())
}

/// A range of a script, and what stands there instead.
pub(super) type Change = (Range<usize>, String);

/// How the script reads a row whose table is one for all rows. Such a table has no metatable, for a read of a table with one
/// leaves the compiled code: the length is a constant, and what finds no cell asks for it by a call.
pub(super) fn reads(row: &RowUse, n_columns: usize) -> Vec<Change> {
    if row.is_handed_on {
        return Vec::new();
    }
    let change = |Place { range, read }: &Place| {
        let text = match read {
            Read::Length => format!(" ({n_columns})"),
            Read::Cell(_) | Read::Unknown if !row.needs_all() => return None,
            Read::Cell(key) => {
                let key = key.replace(LENGTH, &n_columns.to_string());
                format!("({ROW}[{key}] or __parrow_absent({key}))")
            }
            Read::Unknown => return None,
            Read::Unpacked => format!(", 1, {n_columns}"),
        };
        Some((range.clone(), text))
    };
    row.places.iter().filter_map(change).collect()
}

/// A text with some changes, none of which reaches into another one unless it lies within it.
pub(super) fn changed(text: &str, mut changes: Vec<Change>) -> String {
    changes.sort_by_key(|(range, _)| range.start);
    let mut changed = String::with_capacity(text.len());
    let mut from = 0;
    for (range, instead) in changes {
        // One within another is a part of it.
        if range.start >= from {
            changed += &text[from..range.start];
            changed += &instead;
            from = range.end;
        }
    }
    changed + &text[from..]
}
