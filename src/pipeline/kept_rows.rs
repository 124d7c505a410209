//! Row functions over the rows that a condition has kept: each row has the index that it has in the input.

use std::time::Duration;

use polars::prelude::{Field, Schema};

use crate::error::Result;
use crate::row::{BoundFunction, Chunk, ChunkOutput, Kernel, RowFunction, RunContext};

/// A kernel that is run over some of the rows of a piece.
pub(super) struct OfKept<'r, K> {
    pub(super) kernel: K,
    /// Which rows of the piece they are.
    pub(super) rows: &'r [u64],
    /// The index in the input of the piece's first row.
    pub(super) first_row: u64,
}

impl<K: Kernel> Kernel for OfKept<'_, K> {
    fn fields(&self) -> &[Field] {
        self.kernel.fields()
    }

    fn prepare(&self, context: &RunContext) -> Result<()> {
        self.kernel.prepare(context)
    }

    fn finish(&self) -> Result<()> {
        self.kernel.finish()
    }

    fn may_run_again(&self) -> bool {
        self.kernel.may_run_again()
    }

    fn is_same_when_widened(&self) -> bool {
        self.kernel.is_same_when_widened()
    }

    fn takes_narrow_integers(&self) -> bool {
        self.kernel.takes_narrow_integers()
    }

    fn start_of_chunk(&self) -> Duration {
        self.kernel.start_of_chunk()
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let from = (chunk.first_row() - self.first_row) as usize;
        let rows = &self.rows[from..from + chunk.n_rows()];
        let chunk = chunk.clone().with_row_indices(rows.iter().map(|row| self.first_row + row).collect());
        self.kernel.run(&chunk, output)
    }
}

/// A row function that is run over some of the rows of a table.
pub(super) struct FunctionOfKept<'f> {
    pub(super) function: &'f dyn RowFunction,
    /// Which rows of the table they are.
    pub(super) rows: Vec<u64>,
}

impl RowFunction for FunctionOfKept<'_> {
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let BoundFunction { inputs, kernel } = self.function.bind(schema)?;
        let kernel = Box::new(OfKept { kernel, rows: &self.rows, first_row: 0 });
        Ok(BoundFunction { inputs, kernel })
    }
}
