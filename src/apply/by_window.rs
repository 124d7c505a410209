//! A function over the last rows up to each row.

use std::marker::PhantomData;

use polars::prelude::{Column, Field, PlSmallStr};

use super::applied::Applied;
use super::frame::{ConfiguredFrame, TableOf};
use super::run::{Mode, Rows, run};
use crate::error::{Error, Result, counted};
use crate::row::{
    Chunk, ChunkOutput, FromColumns, IntoRow, Kernel, TypedFunction, check_arguments, n_arguments, resolve,
    run_windows,
};

pub(super) fn apply<M, F: TypedFunction<M>>(
    this: &ConfiguredFrame<'_>,
    mode: Mode,
    names: &[PlSmallStr],
    window_rows: usize,
    function: &F,
) -> Result<Applied<TableOf<F::Output>>> {
    if window_rows == 0 {
        return Err(Error::invalid_option("window", "a window must have at least one row"));
    }
    let dtypes = resolve(names, this.frame.schema())?;
    if names.len() != n_arguments::<M, F>() {
        return Err(Error::shape(format!(
            "the function takes {}, and {} {} named",
            counted(n_arguments::<M, F>(), "argument"),
            counted(names.len(), "column"),
            if names.len() == 1 { "is" } else { "are" }
        )));
    }
    // A window of a column is to the function what a list of its values would be.
    let lists: Vec<_> =
        dtypes.iter().map(|dtype| polars::prelude::DataType::List(Box::new((*dtype).clone()))).collect();
    check_arguments::<M, F>(names.iter().map(PlSmallStr::as_str).zip(&lists))?;

    let columns = names
        .iter()
        .map(|name| this.frame.column(name).map(Column::rechunk).map_err(Error::engine))
        .collect::<Result<Vec<_>>>()?;
    let kernel = WindowKernel::<M, F> {
        function,
        columns: &columns,
        names: names.iter().map(PlSmallStr::as_str).collect(),
        window_rows,
        fields: F::Output::fields(),
        marker: PhantomData,
    };
    let n_rows = this.frame.height();
    run(&kernel, Rows { columns: &[], n_rows, first_row: 0 }, mode, this.options)?.try_map(|columns| {
        let n_rows = columns.first().map_or(n_rows, |column| column.len());
        FromColumns::from_columns(n_rows, columns)
    })
}

/// The columns are held whole, since the windows of a chunk's first rows begin before the chunk.
struct WindowKernel<'f, M, F> {
    function: &'f F,
    columns: &'f [Column],
    names: Vec<&'f str>,
    window_rows: usize,
    fields: Vec<Field>,
    marker: PhantomData<fn() -> M>,
}

impl<M, F: TypedFunction<M>> Kernel for WindowKernel<'_, M, F> {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let first = chunk.first_row() as usize;
        let lead = first.min(self.window_rows - 1);
        let rows = Chunk::slice(self.columns, first - lead, lead + chunk.n_rows(), 0);
        run_windows::<M, F>(self.function, &rows, lead, self.window_rows, &self.names, output)
    }
}
