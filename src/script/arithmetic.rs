//! The loops of integer arithmetic that never wraps.

use std::fmt::Display;

use polars::prelude::{
    ChunkedArray, Column, DataType, IntoColumn, NewChunkedArray, PolarsError, PolarsNumericType, PolarsResult,
};
use polars_arrow::bitmap::{self, Bitmap};

/// An operation on integers that the engine would wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    FloorDivide,
    Power,
    Negate,
    Absolute,
}

/// Computes a column, or fails when the result of a row does not fit the dtype.
pub(super) fn calculate(operation: Operation, columns: &[Column], dtype: &DataType) -> PolarsResult<Column> {
    let left = columns[0].strict_cast(dtype)?;
    let right = match operation {
        Operation::Negate | Operation::Absolute => left.clone(),
        Operation::Power => columns[1].strict_cast(&DataType::Int64)?,
        _ => columns[1].strict_cast(dtype)?,
    };
    macro_rules! by_dtype {
        ($($variant:ident $get:ident $native:ty),*) => {
            match dtype {
                $(DataType::$variant => {
                    let left = left.as_materialized_series().$get()?;
                    if operation == Operation::Power {
                        let exponent = right.as_materialized_series().i64()?;
                        return checked(left, exponent, "to the power of", |a: $native, b| {
                            u32::try_from(b).ok().and_then(|b| a.checked_pow(b)).ok_or(a)
                        });
                    }
                    let right = right.as_materialized_series().$get()?;
                    match operation {
                        Operation::Add => overflowing(left, right, "+", |a: $native, b| a.overflowing_add(b)),
                        Operation::Subtract => overflowing(left, right, "-", |a: $native, b| a.overflowing_sub(b)),
                        Operation::Multiply => overflowing(left, right, "*", |a: $native, b| a.overflowing_mul(b)),
                        Operation::FloorDivide => divide(left, right, |a: $native, b| {
                            let quotient = a.checked_div(b)?;
                            #[allow(unused_comparisons)]
                            let rounded_up = a % b != 0 && (a < 0) != (b < 0);
                            Some(if rounded_up { quotient - 1 } else { quotient })
                        }),
                        Operation::Negate => overflowing(left, right, "negated", |a: $native, _| a.overflowing_neg()),
                        _ => overflowing(left, right, "as an absolute value", |a: $native, _| {
                            #[allow(unused_comparisons)]
                            if a < 0 { a.overflowing_neg() } else { (a, false) }
                        }),
                    }
                })*
                other => Err(PolarsError::ComputeError(format!("no integers: {other}").into())),
            }
        };
    }
    by_dtype!(
        Int8 i8 i8, Int16 i16 i16, Int32 i32 i32, Int64 i64 i64,
        UInt8 u8 u8, UInt16 u16 u16, UInt32 u32 u32, UInt64 u64 u64
    )
}

/// The values of a column in one piece, or the one value that stands for every row.
struct Operand<'c, N> {
    values: &'c [N],
    validity: Option<&'c Bitmap>,
    is_constant: bool,
}

impl<'c, N: Copy + Default> Operand<'c, N> {
    fn get(&self, row: usize) -> N {
        self.values[if self.is_constant { 0 } else { row }]
    }

    /// Which of `n_rows` rows have a value.
    fn validity(&self, n_rows: usize) -> Option<Bitmap> {
        match (self.validity, self.is_constant) {
            (Some(validity), true) => Some(Bitmap::new_with_value(validity.get_bit(0), n_rows)),
            (validity, _) => validity.cloned(),
        }
    }
}

fn operand<T: PolarsNumericType>(column: &ChunkedArray<T>, n_rows: usize) -> Operand<'_, T::Native> {
    let array = column.downcast_as_array();
    let is_constant = array.len() == 1 && n_rows != 1;
    Operand { values: array.values(), validity: array.validity(), is_constant }
}

fn lengths<A: PolarsNumericType, B: PolarsNumericType>(a: &ChunkedArray<A>, b: &ChunkedArray<B>) -> usize {
    if a.len() == 1 { b.len() } else { a.len() }
}

fn both_valid(a: Option<Bitmap>, b: Option<Bitmap>) -> Option<Bitmap> {
    match (a, b) {
        (Some(a), Some(b)) => Some(bitmap::and(&a, &b)),
        (a, b) => a.or(b),
    }
}

/// An operation that says of every row whether its result wrapped. The loop has no branch, so that it vectorizes.
fn overflowing<T>(
    left: &ChunkedArray<T>,
    right: &ChunkedArray<T>,
    sign: &str,
    calculate: impl Fn(T::Native, T::Native) -> (T::Native, bool),
) -> PolarsResult<Column>
where
    T: PolarsNumericType,
    T::Native: Display,
    ChunkedArray<T>: IntoColumn,
{
    let (left, right) = (left.rechunk(), right.rechunk());
    let n_rows = lengths(&left, &right);
    let name = left.name().clone();
    let (a, b) = (operand(&left, n_rows), operand(&right, n_rows));
    let validity = both_valid(a.validity(n_rows), b.validity(n_rows));
    let mut any_wrapped = false;
    let mut step = |a, b| {
        let (value, wrapped) = calculate(a, b);
        any_wrapped |= wrapped;
        value
    };
    let values: Vec<T::Native> = match (a.is_constant, b.is_constant) {
        (false, false) => a.values.iter().zip(b.values).map(|(a, b)| step(*a, *b)).collect(),
        (false, true) => a.values.iter().map(|value| step(*value, b.get(0))).collect(),
        (true, _) => b.values.iter().map(|value| step(a.get(0), *value)).collect(),
    };
    if any_wrapped {
        // What lies below a null may wrap as it likes.
        let is_valid = |row: &usize| validity.as_ref().is_none_or(|validity| validity.get_bit(*row));
        let wrapped = (0..n_rows).filter(is_valid).find(|row| calculate(a.get(*row), b.get(*row)).1);
        if let Some(row) = wrapped {
            return Err(too_large::<T>(a.get(row), sign, b.get(row)));
        }
    }
    Ok(ChunkedArray::<T>::from_vec_validity(name, values, validity).into_column())
}

/// An operation between two dtypes that may fail on a row.
fn checked<A, B>(
    left: &ChunkedArray<A>,
    right: &ChunkedArray<B>,
    sign: &str,
    calculate: impl Fn(A::Native, B::Native) -> Result<A::Native, A::Native>,
) -> PolarsResult<Column>
where
    A: PolarsNumericType,
    B: PolarsNumericType,
    A::Native: Display,
    B::Native: Display,
    ChunkedArray<A>: IntoColumn,
{
    let (left, right) = (left.rechunk(), right.rechunk());
    let n_rows = lengths(&left, &right);
    let name = left.name().clone();
    let (a, b) = (operand(&left, n_rows), operand(&right, n_rows));
    let validity = both_valid(a.validity(n_rows), b.validity(n_rows));
    let mut values = Vec::with_capacity(n_rows);
    for row in 0..n_rows {
        if validity.as_ref().is_some_and(|validity| !validity.get_bit(row)) {
            values.push(A::Native::default());
            continue;
        }
        match calculate(a.get(row), b.get(row)) {
            Ok(value) => values.push(value),
            Err(value) => return Err(too_large::<A>(value, sign, b.get(row))),
        }
    }
    Ok(ChunkedArray::<A>::from_vec_validity(name, values, validity).into_column())
}

/// Division to the next lower integer; by zero it is null.
fn divide<T>(
    left: &ChunkedArray<T>,
    right: &ChunkedArray<T>,
    calculate: impl Fn(T::Native, T::Native) -> Option<T::Native>,
) -> PolarsResult<Column>
where
    T: PolarsNumericType,
    T::Native: Display + Default + PartialEq,
    ChunkedArray<T>: IntoColumn,
{
    let (left, right) = (left.rechunk(), right.rechunk());
    let n_rows = lengths(&left, &right);
    let name = left.name().clone();
    let (a, b) = (operand(&left, n_rows), operand(&right, n_rows));
    let validity = both_valid(a.validity(n_rows), b.validity(n_rows));
    let mut values: Vec<Option<T::Native>> = Vec::with_capacity(n_rows);
    for row in 0..n_rows {
        let is_valid = validity.as_ref().is_none_or(|validity| validity.get_bit(row));
        if !is_valid || b.get(row) == T::Native::default() {
            values.push(None);
            continue;
        }
        match calculate(a.get(row), b.get(row)) {
            Some(value) => values.push(Some(value)),
            None => return Err(too_large::<T>(a.get(row), "//", b.get(row))),
        }
    }
    Ok(ChunkedArray::<T>::from_slice_options(name, &values).into_column())
}

fn too_large<T: PolarsNumericType>(a: impl Display, sign: &str, b: impl Display) -> PolarsError {
    let dtype = T::get_static_dtype();
    let problem = match sign {
        "negated" | "as an absolute value" => format!("{a} {sign}"),
        _ => format!("{a} {sign} {b}"),
    };
    let mend = match dtype {
        DataType::Int64 | DataType::UInt64 => "compute with CAST(… AS DOUBLE) where digits may be lost",
        _ => "compute with CAST(… AS BIGINT)",
    };
    PolarsError::ComputeError(format!("{problem} does not fit {dtype}; {mend}").into())
}
