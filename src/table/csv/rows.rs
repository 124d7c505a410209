//! Records to blocks of cells.

use polars::prelude::DataType;

use super::dialect::Dialect;
use super::scan::{After, Cell, Fault, next_cell};

/// The rows between two offsets of a file.
pub(super) struct Rows<'a> {
    /// The file, up to where the rows end.
    pub(super) bytes: &'a [u8],
    /// Where they start.
    pub(super) start: usize,
    pub(super) dialect: &'a Dialect,
}

impl<'a> Rows<'a> {
    /// Visits the cells of all rows in blocks of whole rows, one row behind the other. Returns the number of rows.
    ///
    /// Blocks are as small as the processor's nearest cache, so that the cells that were found are still there when they
    /// are read.
    pub(super) fn for_each_block(
        &self,
        max_rows: u64,
        mut visit: impl FnMut(&[Cell<'a>]),
    ) -> Result<u64, Fault> {
        const BLOCK_CELLS: usize = 2048;
        let Dialect { delimiter, .. } = *self.dialect;
        let expected = self.dialect.n_columns();
        let mut cells = Vec::with_capacity(BLOCK_CELLS.max(expected));
        let mut position = self.start;
        let mut n_rows = 0;
        while position < self.bytes.len() && n_rows < max_rows {
            if let Some(length) = self.dialect.skipped_line(self.bytes, position) {
                position += length;
                continue;
            }
            let offset = position;
            let first = cells.len();
            loop {
                let (cell, after) = next_cell(self.bytes, &mut position, delimiter)?;
                cells.push(cell);
                if after == After::Record {
                    break;
                }
            }
            let found = cells.len() - first;
            if found != expected {
                return Err(Fault::Ragged { offset, expected, found });
            }
            n_rows += 1;
            if cells.len() + expected > BLOCK_CELLS {
                visit(&cells);
                cells.clear();
            }
        }
        visit(&cells);
        Ok(n_rows)
    }
}

/// The cells of one column of a block.
#[derive(Clone, Copy)]
pub(in crate::table) struct ColumnCells<'c, 'a> {
    /// All cells of the block, row by row.
    pub(super) block: &'c [Cell<'a>],
    pub(super) column: usize,
    pub(super) n_columns: usize,
}

impl<'c, 'a> ColumnCells<'c, 'a> {
    #[inline]
    pub(super) fn iter(self) -> impl Iterator<Item = &'c Cell<'a>> {
        self.block.iter().skip(self.column).step_by(self.n_columns)
    }

    /// Where the cell of a row of the block starts in the file.
    pub(super) fn offset(self, row: usize) -> usize {
        self.block[row * self.n_columns + self.column].offset
    }
}

/// Whether a column is text, where a quoted empty cell is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::table) enum Text {
    Yes,
    No,
}

impl Text {
    /// Of a column of this dtype, or of none that is known.
    pub(super) fn of(dtype: Option<&DataType>) -> Self {
        match dtype {
            None | Some(DataType::String | DataType::Categorical(..)) => Self::Yes,
            Some(_) => Self::No,
        }
    }
}

/// The texts that stand for a missing value, beside the empty cell.
#[derive(Clone, Copy)]
pub(in crate::table) struct Nulls<'o> {
    pub(super) texts: &'o [String],
}

impl Nulls<'_> {
    /// Whether a cell of this text stands for a missing value.
    #[inline]
    pub(super) fn contain(&self, cell: &Cell, bytes: &[u8], text: Text) -> bool {
        if bytes.is_empty() && (!cell.quoted || text == Text::No) {
            return true;
        }
        !self.texts.is_empty() && self.texts.iter().any(|null| null.as_bytes() == bytes)
    }
}
