//! A homogeneous two-dimensional table.

use polars::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use crate::error::{Error, ErrorKind, Result};

use super::cast::lossless_cast;
use super::dtype::dtype_name;

/// A number that a [`Matrix`] holds: `i64` or `f64`.
pub trait MatrixElement: sealed::Sealed + Copy + Send + Sync + 'static {
    /// The dtype of a column of these.
    const DTYPE: DataType;

    #[doc(hidden)]
    fn into_column(name: PlSmallStr, values: Vec<Self>) -> Column;

    /// The values of a column of this dtype, with the first row that has none in the place of an error.
    #[doc(hidden)]
    fn from_series(series: &Series) -> std::result::Result<Vec<Self>, usize>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i64 {}
    impl Sealed for f64 {}
}

macro_rules! element {
    ($element:ty, $type:ty, $dtype:expr, $accessor:ident) => {
        impl MatrixElement for $element {
            const DTYPE: DataType = $dtype;

            fn into_column(name: PlSmallStr, values: Vec<Self>) -> Column {
                ChunkedArray::<$type>::from_vec(name, values).into_column()
            }

            fn from_series(series: &Series) -> std::result::Result<Vec<Self>, usize> {
                let values = series.$accessor().expect("the dtype was brought to this one");
                match values.iter().position(|value| value.is_none()) {
                    Some(row) => Err(row),
                    None => {
                        Ok(values.downcast_iter().flat_map(|chunk| chunk.values().iter().copied()).collect())
                    }
                }
            }
        }
    };
}

element!(i64, Int64Type, DataType::Int64, i64);
element!(f64, Float64Type, DataType::Float64, f64);

/// A homogeneous table of `n_rows` by `n_columns` numbers without gaps, stored column by column.
///
/// It becomes a `DataFrame` without a copy ([`into_frame`](Self::into_frame)).
///
/// # Example
/// ```
/// use parrow::table::Matrix;
///
/// let matrix = Matrix::from_rows(vec![vec![7, 6, 9, 6, 3], vec![9, 9, 6, 3, 7]])?;
/// let counts: Vec<usize> = (0..matrix.n_rows())
///     .map(|row| matrix.row(row).filter(|value| (4..=8).contains(value)).count())
///     .collect();
/// assert_eq!(counts, [3, 2]);
/// # Ok::<_, parrow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<T> {
    columns: Vec<Vec<T>>,
    /// Stored, since a matrix without columns has rows, too.
    n_rows: usize,
}

impl<T: MatrixElement> Matrix<T> {
    /// The matrix of these rows. No rows make a matrix of 0 by 0.
    ///
    /// # Errors
    /// [`Ragged`](ErrorKind::Ragged), with the row, when a row has another length than the first.
    pub fn from_rows(rows: Vec<Vec<T>>) -> Result<Self> {
        let n_columns = rows.first().map_or(0, Vec::len);
        for (index, row) in rows.iter().enumerate() {
            if row.len() != n_columns {
                let kind = ErrorKind::Ragged { expected: n_columns, found: row.len() };
                return Err(Error::new(kind).at_row(index as u64));
            }
        }
        let column = |index: usize| rows.iter().map(|row| row[index]).collect();
        Ok(Self { columns: (0..n_columns).map(column).collect(), n_rows: rows.len() })
    }

    /// The matrix of these columns, which are kept as they are. No columns make a matrix of 0 by 0.
    ///
    /// # Errors
    /// [`Shape`](ErrorKind::Shape), with the column's default name, when a column has another length than the first.
    pub fn from_columns(columns: Vec<Vec<T>>) -> Result<Self> {
        let n_rows = columns.first().map_or(0, Vec::len);
        for (index, column) in columns.iter().enumerate() {
            if column.len() != n_rows {
                let message = format!("the column has {} rows where {n_rows} are expected", column.len());
                return Err(Error::shape(message).in_column(default_name(index)));
            }
        }
        Ok(Self { columns, n_rows })
    }

    /// The matrix that a frame of numbers is. The columns' names are left behind.
    ///
    /// # Errors
    /// [`Dtype`](ErrorKind::Dtype) for a column whose values are not all exactly of the element's dtype;
    /// [`Shape`](ErrorKind::Shape), with row and column, for a null.
    pub fn from_frame(frame: &DataFrame) -> Result<Self> {
        let columns = frame.columns().iter().map(|column| {
            let series = column.as_materialized_series();
            let not_this_dtype =
                || Error::dtype(column.name().as_str(), dtype_name(&T::DTYPE), dtype_name(column.dtype()));
            if !column.dtype().is_primitive_numeric() {
                return Err(not_this_dtype());
            }
            let series = lossless_cast(series, &T::DTYPE).ok_or_else(not_this_dtype)?;
            T::from_series(&series).map_err(|row| {
                Error::shape("there is no value, and a matrix has no gaps")
                    .at_row(row as u64)
                    .in_column(column.name().as_str())
            })
        });
        Ok(Self { columns: columns.collect::<Result<_>>()?, n_rows: frame.height() })
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The number of columns.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The number at a row and a column, both counted from 0; `None` outside the matrix.
    pub fn get(&self, row: usize, column: usize) -> Option<T> {
        self.columns.get(column)?.get(row).copied()
    }

    /// The numbers of a row, from the first column to the last.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, row: usize) -> impl ExactSizeIterator<Item = T> + '_ {
        assert!(row < self.n_rows, "row {row} of a matrix of {} rows", self.n_rows);
        self.columns.iter().map(move |column| column[row])
    }

    /// The numbers of a column; `None` when there is no such column.
    pub fn column(&self, column: usize) -> Option<&[T]> {
        self.columns.get(column).map(Vec::as_slice)
    }

    /// The matrix as a frame whose columns are called `column_1`, `column_2`, …. The numbers are copied.
    pub fn to_frame(&self) -> DataFrame {
        self.clone().into_frame()
    }

    /// The matrix as a frame whose columns are called `column_1`, `column_2`, …. Nothing is copied.
    pub fn into_frame(self) -> DataFrame {
        let names: Vec<String> = (0..self.n_columns()).map(default_name).collect();
        self.into_frame_named(names).expect("default names differ")
    }

    /// The matrix as a frame with these column names. Nothing is copied.
    ///
    /// # Errors
    /// [`Shape`](ErrorKind::Shape) when the names are not as many as the columns;
    /// [`DuplicateColumn`](ErrorKind::DuplicateColumn) when two are the same.
    pub fn into_frame_named<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Result<DataFrame> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.len() != self.n_columns() {
            let message = format!("{} names are given for {} columns", names.len(), self.n_columns());
            return Err(Error::shape(message));
        }
        let mut seen = std::collections::HashSet::with_capacity(names.len());
        if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(Error::new(ErrorKind::DuplicateColumn { name: name.clone() }));
        }
        let columns =
            names.iter().zip(self.columns).map(|(name, values)| T::into_column(name.as_str().into(), values));
        DataFrame::new(self.n_rows, columns.collect()).map_err(Error::engine)
    }
}

/// What [`Matrix::generate`] makes.
///
/// # Example
/// ```
/// use parrow::table::{Matrix, MatrixOptions};
///
/// let options = MatrixOptions { rows: 3, columns: 2, low: 0, high: 10, seed: 100 };
/// let matrix = Matrix::generate(&options)?;
/// assert_eq!((matrix.n_rows(), matrix.n_columns()), (3, 2));
/// assert_eq!(matrix, Matrix::generate(&options)?);
/// # Ok::<_, parrow::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixOptions {
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// The smallest integer.
    pub low: i64,
    /// One more than the largest integer.
    pub high: i64,
    /// What the numbers are drawn from: the same seed gives the same matrix, and a larger matrix of the same seed holds it.
    pub seed: u64,
}

impl Matrix<i64> {
    /// A matrix of integers drawn evenly from `low` up to, and without, `high`.
    ///
    /// It is the same for the same options on every machine and for any number of threads: the integer at (row, column)
    /// comes from words `2 row` and `2 row + 1` of stream `column` of ChaCha8, seeded by `seed`, by Lemire's multiplication;
    /// where that must draw again to stay unbiased, its `n`-th draw uses stream `n 2^40 + column`.
    ///
    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption) when `high` is not greater than `low`, or when the matrix is larger than
    /// memory can be.
    pub fn generate(options: &MatrixOptions) -> Result<Self> {
        const BLOCK_ROWS: usize = 1 << 16;
        let MatrixOptions { rows, columns, .. } = *options;
        options.check_range()?;
        check_size(rows, columns)?;
        let mut matrix = Vec::with_capacity(columns);
        for _ in 0..columns {
            let mut column = Vec::new();
            column.try_reserve_exact(rows).map_err(|_| too_large(rows, columns))?;
            column.resize(rows, 0);
            matrix.push(column);
        }
        matrix.par_iter_mut().enumerate().for_each(|(index, column)| {
            column.par_chunks_mut(BLOCK_ROWS).enumerate().for_each(|(block, values)| {
                options.fill(index, block * BLOCK_ROWS, values);
            });
        });
        Ok(Self { columns: matrix, n_rows: rows })
    }
}

impl MatrixOptions {
    /// That there are integers to draw from.
    pub(crate) fn check_range(&self) -> Result<()> {
        let Self { low, high, .. } = self;
        if high <= low {
            let message = format!("it must be greater than low; {high} is not greater than {low}");
            return Err(Error::invalid_option("high", message));
        }
        Ok(())
    }

    /// The names and dtypes of the columns.
    pub(crate) fn schema(&self) -> Schema {
        (0..self.columns).map(|index| (default_name(index).into(), DataType::Int64)).collect()
    }

    /// The rows from `first_row` on of some columns.
    pub(crate) fn rows_of(
        &self,
        columns: &[PlSmallStr],
        first_row: usize,
        n_rows: usize,
    ) -> Result<DataFrame> {
        let schema = self.schema();
        let columns = columns.iter().map(|name| {
            let index = schema.index_of(name).ok_or_else(|| Error::engine("a column of no matrix"))?;
            let mut values = vec![0; n_rows];
            self.fill(index, first_row, &mut values);
            Ok(Int64Chunked::from_vec(name.clone(), values).into_column())
        });
        DataFrame::new(n_rows, columns.collect::<Result<_>>()?).map_err(Error::engine)
    }

    /// Draws the integers of a column for the rows from `first_row` on.
    fn fill(&self, column: usize, first_row: usize, values: &mut [i64]) {
        let range = self.high.wrapping_sub(self.low) as u64;
        Cells { seed: self.seed, column: column as u64, range }.fill(first_row, values);
        values.iter_mut().for_each(|value| *value = self.low.wrapping_add(*value));
    }
}

/// The draws of a column.
struct Cells {
    seed: u64,
    column: u64,
    range: u64,
}

impl Cells {
    /// Draws the integers below `range` for the rows from `first_row` on.
    fn fill(&self, first_row: usize, values: &mut [i64]) {
        // Below this, an integer would be drawn once more often than the others.
        let threshold = self.range.wrapping_neg() % self.range;
        let mut words = self.stream(0, first_row);
        for (index, value) in values.iter_mut().enumerate() {
            let mut product = u128::from(words.next_u64()) * u128::from(self.range);
            let mut attempt = 0;
            while (product as u64) < threshold {
                attempt += 1;
                let word = self.stream(attempt, first_row + index).next_u64();
                product = u128::from(word) * u128::from(self.range);
            }
            *value = (product >> 64) as u64 as i64;
        }
    }

    fn stream(&self, attempt: u64, row: usize) -> ChaCha8Rng {
        let mut words = ChaCha8Rng::seed_from_u64(self.seed);
        words.set_stream(attempt << 40 | self.column);
        words.set_word_pos(2 * row as u128);
        words
    }
}

fn check_size(rows: usize, columns: usize) -> Result<()> {
    let bytes = rows.checked_mul(columns).and_then(|cells| cells.checked_mul(size_of::<i64>()));
    let fits = bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok());
    if !fits || rows > IdxSize::MAX as usize || columns >= 1 << 40 {
        return Err(too_large(rows, columns));
    }
    Ok(())
}

fn too_large(rows: usize, columns: usize) -> Error {
    Error::invalid_option("rows", format!("a matrix of {rows} by {columns} does not fit into memory"))
}

fn default_name(index: usize) -> String {
    format!("column_{}", index + 1)
}
