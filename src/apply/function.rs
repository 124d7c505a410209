//! Any [`RowFunction`] over a frame.

use polars::prelude::{Column, DataFrame, Series};

use super::applied::Applied;
use super::options::ApplyOptions;
use super::run::{Mode, Rows, run};
use crate::error::{Error, Result};
use crate::row::{BoundFunction, FromColumns, RowFunction};

/// Runs `function` over the rows of `frame` on the threads of `options`. The table has the function's columns alone, in
/// the order of the frame's rows.
///
/// # Errors
/// What [`RowFunction::bind`] finds wrong; the fault of the lowest row under [`OnError::Fail`](crate::OnError::Fail);
/// [`Cancelled`](crate::ErrorKind::Cancelled).
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::{ApplyOptions, apply_function, row::Typed};
///
/// let frame = df!("a" => [3.0, 5.0], "b" => [4.0, 12.0])?;
/// let hypot = Typed::new(("a", "b"), |a: f64, b: f64| a.hypot(b));
/// let applied = apply_function(&frame, &hypot, &ApplyOptions::default())?;
/// assert_eq!(applied.table, df!("result" => [5.0, 13.0])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn apply_function(
    frame: &DataFrame,
    function: &dyn RowFunction,
    options: &ApplyOptions,
) -> Result<Applied<DataFrame>> {
    run_bound(frame, function.bind(frame.schema())?, Mode::Parallel, options)
}

/// Runs a function that is bound to the columns of `frame`.
pub(crate) fn run_bound<T: FromColumns>(
    frame: &DataFrame,
    bound: BoundFunction<'_>,
    mode: Mode,
    options: &ApplyOptions,
) -> Result<Applied<T>> {
    let columns = bound
        .inputs
        .iter()
        .map(|name| frame.column(name).cloned().map_err(Error::engine))
        .collect::<Result<Vec<Column>>>()?;
    let rows = Rows { columns: &columns, n_rows: frame.height(), first_row: 0 };
    run(bound.kernel.as_ref(), rows, mode, options)?.try_map(|columns: Vec<Series>| {
        let n_rows = columns.first().map_or(frame.height(), |column| column.len());
        T::from_columns(n_rows, columns)
    })
}
