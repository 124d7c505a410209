//! [`sum_of_squares`]: one number for a column.

use polars::prelude::*;
use polars_arrow::array::{Array, PrimitiveArray};
use polars_arrow::types::NativeType;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::row::{ColumnNames, resolve};
use crate::widest::{Loop, run_widest};

/// The values that are added up in one go. Part of the result's definition: floats add up in another way otherwise.
const BLOCK_ROWS: usize = 4096;

/// The sum of the squares of a column's values.
///
/// | column | result |
/// |---|---|
/// | integers | `u64`, exact |
/// | `f32`, `f64` | `f64`; `f32` values are squared as `f64`s |
/// | decimals | `f64`, of the values rounded to `f64` |
///
/// Nulls are left out, and the sum of no values is 0. NaN makes the sum NaN, and an infinity makes it infinity. Floats are
/// added up in blocks of 4,096 rows and the blocks in pairs, so that the result is the same to the last bit on any number
/// of threads and for any chunks, and its error grows with the logarithm of the length.
///
/// Long columns are shared out on the rayon pool that this is called in.
///
/// # Errors
/// [`Dtype`](crate::ErrorKind::Dtype) for a column that holds no numbers; [`Shape`](crate::ErrorKind::Shape) when the sum
/// of integers does not fit `u64`: it never wraps.
///
/// # Example
/// ```
/// use parrow::functions::sum_of_squares;
/// use parrow::polars::prelude::*;
///
/// let column = Series::new("x".into(), [Some(3), None, Some(-4)]);
/// assert_eq!(sum_of_squares(&column)?.value(), &AnyValue::UInt64(25));
/// # Ok::<(), parrow::Error>(())
/// ```
pub fn sum_of_squares(column: &Series) -> Result<Scalar> {
    let exact = |sum: Option<u64>| {
        sum.map(Scalar::from).ok_or_else(|| {
            Error::shape("the sum of the squares does not fit u64; cast the column to f64 for an inexact one")
                .in_column(column.name().as_str())
        })
    };
    let engine = Error::engine;
    match column.dtype() {
        DataType::Int8 => exact(sum_integers(column.i8().map_err(engine)?, |v| i64::from(v).unsigned_abs())),
        DataType::Int16 => {
            exact(sum_integers(column.i16().map_err(engine)?, |v| i64::from(v).unsigned_abs()))
        }
        DataType::Int32 => {
            exact(sum_integers(column.i32().map_err(engine)?, |v| i64::from(v).unsigned_abs()))
        }
        DataType::Int64 => exact(sum_integers(column.i64().map_err(engine)?, i64::unsigned_abs)),
        DataType::UInt8 => exact(sum_integers(column.u8().map_err(engine)?, u64::from)),
        DataType::UInt16 => exact(sum_integers(column.u16().map_err(engine)?, u64::from)),
        DataType::UInt32 => exact(sum_integers(column.u32().map_err(engine)?, u64::from)),
        DataType::UInt64 => exact(sum_integers(column.u64().map_err(engine)?, |v| v)),
        DataType::Float32 => Ok(sum_floats(column.f32().map_err(engine)?, f64::from).into()),
        DataType::Float64 => Ok(sum_floats(column.f64().map_err(engine)?, |v| v).into()),
        DataType::Decimal(..) => {
            let floats = column.cast(&DataType::Float64).map_err(engine)?;
            Ok(sum_floats(floats.f64().map_err(engine)?, |v| v).into())
        }
        other => Err(Error::dtype(column.name().as_str(), "a number", other)),
    }
}

/// One row with the [`sum_of_squares`] of each of these columns, under the columns' names, all of them at once on the rayon
/// pool that this is called in.
///
/// # Errors
/// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound), [`DuplicateColumn`](crate::ErrorKind::DuplicateColumn) for a
/// column that is named twice, and those of [`sum_of_squares`], of the first column that has one.
///
/// # Example
/// ```
/// use parrow::functions::sums_of_squares;
/// use parrow::polars::prelude::*;
///
/// let frame = df!("a" => [1, 2, 3], "b" => [0.5, 0.5, 0.0])?;
/// assert_eq!(sums_of_squares(&frame, ("a", "b"))?, df!("a" => [14_u64], "b" => [0.5])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sums_of_squares(frame: &DataFrame, columns: impl ColumnNames) -> Result<DataFrame> {
    let names = columns.into_names();
    resolve(&names, frame.schema())?;
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(Error::new(crate::ErrorKind::DuplicateColumn { name: name.to_string() }));
        }
    }
    let sums: Vec<Result<Column>> = names
        .par_iter()
        .map(|name| {
            let column = frame.column(name).map_err(Error::engine)?.as_materialized_series();
            Ok(Column::new_scalar(name.clone(), sum_of_squares(column)?, 1))
        })
        .collect();
    DataFrame::new(1, sums.into_iter().collect::<Result<_>>()?).map_err(Error::engine)
}

/// The exact sum, or `None` when it does not fit.
fn sum_integers<T: PolarsNumericType>(
    column: &ChunkedArray<T>,
    size: impl Fn(T::Native) -> u64 + Copy + Sync,
) -> Option<u64> {
    let of_block = |block: &Block<'_, T::Native>| {
        let mut small = None;
        if block.is_whole() {
            run_widest(SmallSquares { values: block.rows, size, sum: &mut small });
        }
        if small.is_some() {
            return small;
        }
        let square = |value| u128::from(size(value)).pow(2);
        let sum = block.values().try_fold(0_u128, |sum, value| sum.checked_add(square(value)))?;
        u64::try_from(sum).ok()
    };
    let arrays: Vec<_> = column.downcast_iter().collect();
    arrays
        .par_iter()
        .flat_map(|array| {
            (0..array.len().div_ceil(BLOCK_ROWS))
                .into_par_iter()
                .map(|block| Block::of(array, block * BLOCK_ROWS))
        })
        .map(|block| of_block(&block))
        .try_reduce(|| 0, u64::checked_add)
}

/// Adds the squares of a block of values that are so small that their sum fits for sure; leaves `None` for others.
struct SmallSquares<'a, T, F> {
    values: &'a [T],
    size: F,
    sum: &'a mut Option<u64>,
}

impl<T: Copy, F: Fn(T) -> u64> Loop for SmallSquares<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        /// The squares of 4,096 values below this add up to less than 2^64.
        const SMALL: u64 = 1 << 26;
        let sizes = || self.values.iter().map(|value| (self.size)(*value));
        if sizes().fold(0, |bits, size| bits | size) < SMALL {
            *self.sum = Some(sizes().fold(0, |sum, size| sum + size * size));
        }
    }
}

/// The sum of blocks that lie where they lie, whatever pieces the column is in.
fn sum_floats<T: PolarsNumericType>(
    column: &ChunkedArray<T>,
    float: impl Fn(T::Native) -> f64 + Copy + Sync,
) -> f64 {
    let column = column.rechunk();
    let array = column.downcast_as_array();
    let mut sums: Vec<f64> = (0..array.len().div_ceil(BLOCK_ROWS))
        .into_par_iter()
        .map(|block| sum_block(&Block::of(array, block * BLOCK_ROWS), float))
        .collect();
    while sums.len() > 1 {
        sums = sums.chunks(2).map(|pair| pair.iter().sum()).collect();
    }
    sums.first().copied().unwrap_or(0.0)
}

/// How many sums of a block are added up at the same time, in vector instructions.
const LANES: usize = 8;

/// Adds each value to that of the lanes whose turn it is.
fn sum_block<T: NativeType>(block: &Block<'_, T>, float: impl Fn(T) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    if block.is_whole() {
        run_widest(Squares { values: block.rows, float, lanes: &mut lanes });
    } else {
        for (index, value) in block.rows.iter().enumerate() {
            let value = if block.is_valid(index) { float(*value) } else { 0.0 };
            lanes[index % LANES] += value * value;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

struct Squares<'a, T, F> {
    values: &'a [T],
    float: F,
    lanes: &'a mut [f64; LANES],
}

impl<T: Copy, F: Fn(T) -> f64> Loop for Squares<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        let (sets, rest) = self.values.as_chunks::<LANES>();
        let mut lanes = *self.lanes;
        for set in sets {
            for (lane, value) in lanes.iter_mut().zip(set) {
                let value = (self.float)(*value);
                *lane += value * value;
            }
        }
        for (lane, value) in lanes.iter_mut().zip(rest) {
            let value = (self.float)(*value);
            *lane += value * value;
        }
        *self.lanes = lanes;
    }
}

/// Some rows of a column.
struct Block<'a, T> {
    rows: &'a [T],
    array: &'a dyn Array,
    first_row: usize,
}

impl<'a, T: NativeType> Block<'a, T> {
    fn of(array: &'a PrimitiveArray<T>, first_row: usize) -> Self {
        let end = array.len().min(first_row + BLOCK_ROWS);
        Self { rows: &array.values().as_slice()[first_row..end], array, first_row }
    }

    /// Whether no row of the column is null.
    fn is_whole(&self) -> bool {
        self.array.null_count() == 0
    }

    fn is_valid(&self, index: usize) -> bool {
        self.array.validity().is_none_or(|valid| valid.get_bit(self.first_row + index))
    }

    fn values(&self) -> impl Iterator<Item = T> {
        self.rows.iter().enumerate().filter(|(index, _)| self.is_valid(*index)).map(|(_, value)| *value)
    }
}
