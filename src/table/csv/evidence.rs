//! What the cells of some columns look like.

use super::kind::{Evidence, kind};
use super::rows::{Nulls, Rows, Text};
use super::scan::Fault;

/// Looks at the cells of `columns` in the first `max_rows` rows; also says how many rows there were.
pub(super) fn look_at(
    rows: &Rows,
    columns: &[usize],
    nulls: &Nulls,
    max_rows: u64,
) -> Result<(Vec<Evidence>, u64), Fault> {
    let mut slots = vec![None; rows.dialect.n_columns()];
    for (slot, column) in columns.iter().enumerate() {
        slots[*column] = Some(slot);
    }
    let mut evidence = vec![Evidence::default(); columns.len()];
    let mut scratch = Vec::new();
    let n_rows = rows.for_each_block(max_rows, |cells| {
        for (slot, cell) in slots.iter().cycle().zip(cells) {
            let Some(slot) = slot else { continue };
            let text = cell.text(&mut scratch);
            let evidence = &mut evidence[*slot];
            match nulls.contain(cell, text, Text::No) {
                true if nulls.contain(cell, text, Text::Yes) => evidence.n_nulls += 1,
                true => evidence.n_empty_texts += 1,
                false => evidence.add(kind(text), cell.offset),
            }
        }
    })?;
    Ok((evidence, n_rows))
}
