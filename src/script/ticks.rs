//! Arithmetic of instants and durations that never wraps: they are stored as 64-bit counts of a unit of time.

use polars::prelude::{
    Column, DataType, Int64Chunked, IntoColumn, NewChunkedArray, PolarsError, PolarsResult, TimeUnit,
};

use super::arithmetic::Operation;

/// Whether an operation gives counts that may wrap, and that [`calculate_ticks`] computes.
pub(super) fn counts_ticks(operation: Operation, operands: &[DataType], dtype: &DataType) -> bool {
    let ([left, right], Some(tick)) = (operands, tick(dtype).filter(|_| !dtype.is_date())) else {
        return false;
    };
    let is_counted = |operand: &DataType| self::tick(operand).is_some_and(|other| other % tick == 0);
    match operation {
        Operation::Add | Operation::Subtract => is_counted(left) && is_counted(right),
        Operation::Multiply => (left == dtype && right.is_integer()) || (left.is_integer() && right == dtype),
        _ => false,
    }
}

/// Computes a column of `dtype`, or fails when the result of a row does not fit it.
pub(super) fn calculate_ticks(
    operation: Operation,
    columns: &[Column],
    dtype: &DataType,
) -> PolarsResult<Column> {
    let (left, right) = (Ticks::of(&columns[0], dtype)?, Ticks::of(&columns[1], dtype)?);
    let n_rows = if columns[0].len() == 1 { columns[1].len() } else { columns[0].len() };
    let mut values: Vec<Option<i64>> = Vec::with_capacity(n_rows);
    for row in 0..n_rows {
        let (Some(a), Some(b)) = (left.get(row), right.get(row)) else {
            values.push(None);
            continue;
        };
        let (value, sign) = match operation {
            Operation::Add => (a.checked_add(b), "+"),
            Operation::Subtract => (a.checked_sub(b), "-"),
            _ => (a.checked_mul(b), "*"),
        };
        match value.and_then(|value| i64::try_from(value).ok()) {
            Some(value) => values.push(Some(value)),
            None => return Err(too_large(columns, row, sign, dtype)),
        }
    }
    let counts = Int64Chunked::from_slice_options(columns[0].name().clone(), &values);
    counts.into_column().cast(dtype)
}

/// An interval by which instants are moved.
pub(super) struct Interval {
    text: String,
    /// Its length, where months have their mean one.
    nanoseconds: i128,
}

impl Interval {
    const DAY: i128 = 86_400_000_000_000;

    /// The length of 400 years of the calendar divided by their months.
    const MONTH: i128 = 2_629_746_000_000_000;

    /// No months are longer or shorter by more than this than so many mean ones, clock changes included.
    const TOLERANCE: i128 = 5 * Self::DAY;

    pub(super) fn parse(text: &str) -> Option<Self> {
        let interval = polars::time::Duration::try_parse(text).ok()?;
        let days = i128::from(interval.weeks()) * 7 + i128::from(interval.days());
        let length = i128::from(interval.months()) * Self::MONTH
            + days * Self::DAY
            + i128::from(interval.nanoseconds());
        let nanoseconds = if interval.negative() { -length } else { length };
        Some(Self { text: text.to_owned(), nanoseconds })
    }

    /// Gives `moved` back when each row of it is as far from `instant` as the interval is long.
    pub(super) fn check(&self, moved: &Column, instant: &Column) -> PolarsResult<Column> {
        let (after, before) = (Ticks::nanoseconds(moved)?, Ticks::nanoseconds(instant)?);
        for row in 0..moved.len() {
            let (Some(after), Some(before)) = (after.get(row), before.get(row)) else { continue };
            if (after - before - self.nanoseconds).abs() > Self::TOLERANCE {
                let instant = instant.get(if instant.len() == 1 { 0 } else { row })?;
                let message = format!("{instant} moved by {} does not fit {}", self.text, moved.dtype());
                return Err(PolarsError::ComputeError(message.into()));
            }
        }
        Ok(moved.clone())
    }
}

/// A column as counts of a unit of time; one value stands for every row.
struct Ticks {
    counts: Int64Chunked,
    factor: i128,
}

impl Ticks {
    fn of(column: &Column, dtype: &DataType) -> PolarsResult<Self> {
        let factor = match (tick(column.dtype()), tick(dtype)) {
            (Some(own), Some(wanted)) => own / wanted,
            _ => 1,
        };
        let counts = column.to_physical_repr().strict_cast(&DataType::Int64)?;
        Ok(Self { counts: counts.as_materialized_series().i64()?.rechunk().into_owned(), factor })
    }

    fn nanoseconds(column: &Column) -> PolarsResult<Self> {
        Self::of(column, &DataType::Duration(TimeUnit::Nanoseconds))
    }

    fn get(&self, row: usize) -> Option<i128> {
        let count = self.counts.get(if self.counts.len() == 1 { 0 } else { row })?;
        Some(i128::from(count) * self.factor)
    }
}

/// The nanoseconds that a dtype counts in.
fn tick(dtype: &DataType) -> Option<i128> {
    match dtype {
        DataType::Date => Some(86_400_000_000_000),
        DataType::Datetime(unit, _) | DataType::Duration(unit) => Some(match unit {
            TimeUnit::Nanoseconds => 1,
            TimeUnit::Microseconds => 1_000,
            TimeUnit::Milliseconds => 1_000_000,
        }),
        _ => None,
    }
}

#[cold]
fn too_large(columns: &[Column], row: usize, sign: &str, dtype: &DataType) -> PolarsError {
    let text = |column: &Column| {
        let row = if column.len() == 1 { 0 } else { row };
        column.get(row).map_or_else(|_| "?".to_owned(), |value| value.to_string())
    };
    let (a, b) = (text(&columns[0]), text(&columns[1]));
    PolarsError::ComputeError(format!("{a} {sign} {b} does not fit {dtype}").into())
}
