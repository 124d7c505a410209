//! A row whose columns are not known when the program is written: [`Row`].

use std::cell::Cell;
use std::collections::HashMap;

use polars::prelude::{AnyValue, Field, PlSmallStr, Schema, Series};

use super::argument::RowStates;
use super::cell::{CellColumn, FromCell, Misfit, readable};
use super::chunk::Chunk;
use super::columns::{ColumnNames, resolve};
use super::drive::{Outcome, drive};
use super::into_row::IntoRow;
use super::kernel::{BoundFunction, Kernel, RowFunction};
use super::output::{ChunkOutput, RowFault};
use crate::error::{Error, Result, RowFailure, counted};

/// One row of a frame, with cells by name or position.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::prelude::*;
///
/// let frame = df!("a" => [7, 9], "b" => [6, 1], "name" => ["x", "y"])?;
/// let texts = frame.parallel_apply_rows(|row| -> parrow::Result<String> {
///     Ok(format!("{} {}", row.get::<&str>("name")?, row.get::<i64>(0)? + row.get::<i64>("b")?))
/// })?;
/// assert_eq!(texts.str()?.get(1), Some("y 10"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Row<'r> {
    columns: &'r [CellColumn<'r>],
    names: &'r Names,
    row: usize,
    index: u64,
    stopped: &'r Cell<Option<Stopped>>,
}

/// The first cell that an iteration over the row could not give, which decides the row's result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped {
    column: usize,
    misfit: Misfit,
    wanted: &'static str,
}

impl<'r> Row<'r> {
    /// The cell of a column, by name or by position.
    ///
    /// # Errors
    /// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound); [`Dtype`](crate::ErrorKind::Dtype) when the column holds
    /// something else; [`Row`](crate::ErrorKind::Row) when the cell is null and `T` is not an `Option`, or when its
    /// value does not fit `T`.
    #[inline]
    pub fn get<T: FromCell<'r>>(&self, column: impl ColumnKey) -> Result<T> {
        let index = column.position(self)?;
        T::from_cell(&self.columns[index], self.row).map_err(|misfit| {
            Stopped { column: index, misfit, wanted: T::wanted() }.into_error(self.columns, self.row)
        })
    }

    /// The cell of a column as polars has it, lists and structs included.
    ///
    /// # Errors
    /// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound).
    pub fn value(&self, column: impl ColumnKey) -> Result<AnyValue<'r>> {
        let index = column.position(self)?;
        self.columns[index].series.get(self.row).map_err(Error::engine)
    }

    /// The cells of the row, all taken as one type.
    ///
    /// A null where `T` is not an `Option` ends the iteration and makes the row's result null, whatever the function
    /// returns, just as for an argument of a typed function. A cell of another dtype, or one whose value does not fit
    /// `T`, ends it too and is a fault of the row.
    ///
    /// # Example
    /// ```
    /// use parrow::polars::prelude::*;
    /// use parrow::prelude::*;
    ///
    /// let frame = df!("a" => [Some(7), None], "b" => [Some(9), Some(5)])?;
    /// let counts = frame.parallel_apply_rows(|row| row.iter_as::<i64>().filter(|v| (4..=8).contains(v)).count())?;
    /// assert_eq!(counts.u64()?.to_vec(), [Some(1), None]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn iter_as<T: FromCell<'r>>(&self) -> RowIter<'r, '_, T> {
        RowIter { row: self, column: 0, item: std::marker::PhantomData }
    }

    /// How many cells the row has.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &'r str> {
        self.names.list.iter().map(PlSmallStr::as_str)
    }

    /// The index of the row in the table, counted from 0.
    pub fn index(&self) -> u64 {
        self.index
    }
}

/// The cells of a row as one type: [`Row::iter_as`].
#[derive(Debug)]
pub struct RowIter<'r, 'a, T> {
    row: &'a Row<'r>,
    column: usize,
    item: std::marker::PhantomData<fn() -> T>,
}

impl<'r, T: FromCell<'r>> Iterator for RowIter<'r, '_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let column = self.row.columns.get(self.column)?;
        match T::from_cell(column, self.row.row) {
            Ok(value) => {
                self.column += 1;
                Some(value)
            }
            Err(misfit) => {
                self.row.stopped.set(Some(Stopped { column: self.column, misfit, wanted: T::wanted() }));
                self.column = usize::MAX;
                None
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.row.columns.len().saturating_sub(self.column)))
    }
}

/// A column's name or position.
pub trait ColumnKey {
    #[doc(hidden)]
    fn position(&self, row: &Row<'_>) -> Result<usize>;
}

impl ColumnKey for usize {
    #[inline]
    fn position(&self, row: &Row<'_>) -> Result<usize> {
        if *self < row.columns.len() {
            return Ok(*self);
        }
        Err(Error::shape(format!(
            "the row has {}, and column {self} is asked for",
            counted(row.columns.len(), "column")
        )))
    }
}

impl ColumnKey for &str {
    #[inline]
    fn position(&self, row: &Row<'_>) -> Result<usize> {
        row.names
            .position(self)
            .ok_or_else(|| Error::column_not_found(*self, row.names.list.iter().map(|name| name.as_str())))
    }
}

/// The names of a row's columns, found fast.
#[derive(Debug)]
struct Names {
    list: Vec<PlSmallStr>,
    /// Only where there are too many to compare with each.
    positions: HashMap<PlSmallStr, usize>,
}

impl Names {
    const FEW: usize = 8;

    fn new(list: Vec<PlSmallStr>) -> Self {
        let mut positions = HashMap::new();
        if list.len() > Self::FEW {
            for (position, name) in list.iter().enumerate() {
                positions.entry(name.clone()).or_insert(position);
            }
        }
        Self { list, positions }
    }

    #[inline]
    fn position(&self, name: &str) -> Option<usize> {
        if self.list.len() > Self::FEW {
            return self.positions.get(name).copied();
        }
        self.list.iter().position(|candidate| candidate.as_str() == name)
    }
}

impl Stopped {
    #[cold]
    fn into_error(self, columns: &[CellColumn<'_>], row: usize) -> Error {
        let series = columns[self.column].series;
        let name = series.name().as_str();
        match self.misfit {
            Misfit::Dtype => Error::dtype(name, self.wanted, series.dtype()),
            misfit => {
                Error::row(message(misfit, series, row, self.wanted), RowFailure::Argument).in_column(name)
            }
        }
    }

    #[cold]
    fn into_outcome<R>(self, columns: &[CellColumn<'_>], row: usize) -> Outcome<R> {
        if self.misfit == Misfit::Null {
            return Outcome::Null;
        }
        let series = columns[self.column].series;
        let message = message(self.misfit, series, row, self.wanted);
        let fault = RowFault::new(row, message, RowFailure::Argument);
        Outcome::Fault(fault.in_column(series.name().as_str()))
    }
}

fn message(misfit: Misfit, series: &Series, row: usize, wanted: &str) -> String {
    match misfit {
        Misfit::Null => format!("the cell is null; take it as Option<{wanted}> to be given nulls"),
        Misfit::Dtype => format!("the cell is not {wanted} but {}", series.dtype()),
        Misfit::Range => match series.get(row) {
            Ok(value) => format!("{value} does not fit {wanted}"),
            Err(_) => format!("the cell does not fit {wanted}"),
        },
    }
}

/// A closure over a [`Row`]: a [`RowFunction`] over chosen columns.
#[must_use]
#[derive(Clone, Debug)]
pub struct Dynamic<F> {
    columns: Vec<PlSmallStr>,
    function: F,
}

impl<F> Dynamic<F> {
    /// `function`, called with rows of these columns.
    pub fn new<R: IntoRow>(columns: impl ColumnNames, function: F) -> Self
    where
        F: Fn(&Row<'_>) -> R + Send + Sync,
    {
        Self { columns: columns.into_names(), function }
    }
}

impl<R, F> RowFunction for Dynamic<F>
where
    R: IntoRow,
    F: Fn(&Row<'_>) -> R + Send + Sync,
{
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        bind_rows(&self.columns, schema, &self.function)
    }
}

/// Ties a function over rows to columns.
pub(crate) fn bind_rows<'f, R: IntoRow>(
    columns: &[PlSmallStr],
    schema: &Schema,
    function: &'f (impl Fn(&Row<'_>) -> R + Sync),
) -> Result<BoundFunction<'f>> {
    resolve(columns, schema)?;
    let kernel = DynamicKernel { function, names: Names::new(columns.to_vec()), fields: R::fields() };
    Ok(BoundFunction { inputs: columns.to_vec(), kernel: Box::new(kernel) })
}

struct DynamicKernel<'f, F> {
    function: &'f F,
    names: Names,
    fields: Vec<Field>,
}

impl<R, F> Kernel for DynamicKernel<'_, F>
where
    R: IntoRow,
    F: Fn(&Row<'_>) -> R + Sync,
{
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn heeds_pace(&self) -> bool {
        true
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let given: Vec<&Series> = (0..chunk.columns().len()).map(|index| chunk.series(index)).collect();
        let made = given.iter().map(|series| readable(series)).collect::<Result<Vec<_>>>()?;
        let columns = given
            .iter()
            .zip(&made)
            .map(|(series, readable)| CellColumn::new(series, readable))
            .collect::<Result<Vec<_>>>()?;
        let stopped = Cell::new(None);
        let call = |row| {
            stopped.set(None);
            let value = (self.function)(&Row {
                columns: &columns,
                names: &self.names,
                row,
                index: chunk.row_index(row),
                stopped: &stopped,
            });
            match stopped.get() {
                None => Outcome::Value(value),
                Some(stopped) => stopped.into_outcome(&columns, row),
            }
        };
        // A function that panics because its row ended early is not to blame.
        let after_panic = |row| stopped.get().map(|stopped| stopped.into_outcome(&columns, row));
        drive::<R>(chunk.n_rows(), RowStates::default(), output, call, after_panic);
        Ok(())
    }
}
