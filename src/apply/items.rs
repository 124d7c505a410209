//! A function over things that are counted and not rows of a frame: columns, groups.

use polars::prelude::{Field, Series};

use super::applied::Applied;
use super::options::ApplyOptions;
use super::run::{Mode, Rows, run};
use crate::error::Result;
use crate::row::{Chunk, ChunkOutput, IntoRow, Kernel, call_items};

/// Calls `function` with 0, 1, … `n_items - 1`.
///
/// # Errors
/// As [`run`], where the row is the item.
pub(super) fn run_items<R: IntoRow>(
    n_items: usize,
    mode: Mode,
    options: &ApplyOptions,
    function: &(impl Fn(usize) -> R + Sync),
) -> Result<Applied<Vec<Series>>> {
    let kernel = ItemKernel { function, fields: R::fields() };
    run(&kernel, Rows { columns: &[], n_rows: n_items, first_row: 0 }, mode, options)
}

struct ItemKernel<'f, F> {
    function: &'f F,
    fields: Vec<Field>,
}

impl<R: IntoRow, F: Fn(usize) -> R + Sync> Kernel for ItemKernel<'_, F> {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn heeds_pace(&self) -> bool {
        true
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let first = chunk.first_row() as usize;
        call_items(chunk.n_rows(), output, |item| (self.function)(first + item));
        Ok(())
    }
}
