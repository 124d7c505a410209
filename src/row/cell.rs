//! The cells of a chunk, read one at a time in the dtype that they have.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use polars::prelude::{DataType, Series};
use polars_arrow::array::{Array, Utf8ViewArray};
use polars_arrow::bitmap::Bitmap;

use super::argument_scalar::usable;
use super::argument_temporal::{duration, instant, time_of_day};
use crate::error::{Error, Result};

/// A type that a cell can be taken as: `bool`, the integers, `f64`, `f32`, `&str`, `String`, the dates and times of
/// chrono, and `Option` of these, which is `None` for a null.
///
/// An integer fits any integer type that holds its value, and `f64`, rounded to the nearest where it has more digits. A
/// float is not taken as an integer, and text not as a number.
#[diagnostic::on_unimplemented(message = "a cell can't be taken as `{Self}`")]
pub trait FromCell<'r>: Sized {
    #[doc(hidden)]
    fn from_cell(column: &CellColumn<'r>, row: usize) -> Result<Self, Misfit>;

    #[doc(hidden)]
    fn wanted() -> &'static str;
}

/// Why a cell can't be taken as what was asked for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    Null,
    Dtype,
    Range,
}

/// One column of a chunk, ready to be read cell by cell.
#[doc(hidden)]
#[derive(Debug)]
pub struct CellColumn<'c> {
    cells: Cells<'c>,
    validity: Option<Bitmap>,
    pub(crate) series: &'c Series,
}

#[derive(Debug)]
enum Cells<'c> {
    I8(&'c [i8]),
    I16(&'c [i16]),
    I32(&'c [i32]),
    I64(&'c [i64]),
    U8(&'c [u8]),
    U16(&'c [u16]),
    U32(&'c [u32]),
    U64(&'c [u64]),
    F32(&'c [f32]),
    F64(&'c [f64]),
    Boolean(&'c Bitmap),
    Text(&'c Utf8ViewArray),
    Date(&'c [i32]),
    /// Times, datetimes and durations; the series says which and in what unit.
    Ticks(&'c [i64]),
    Other,
}

/// Brings a column into a form whose cells can be read in place.
pub(crate) fn readable(series: &Series) -> Result<Series> {
    let dtype = series.dtype();
    if dtype.is_categorical() || dtype.is_enum() {
        return series.cast(&DataType::String).map_err(Error::engine).map(|series| series.rechunk());
    }
    if dtype.is_decimal() {
        return series.cast(&DataType::Float64).map_err(Error::engine).map(|series| series.rechunk());
    }
    Ok(series.rechunk())
}

impl<'c> CellColumn<'c> {
    /// The cells of `series`, read from what [`readable`] made of it.
    pub(crate) fn new(series: &'c Series, readable: &'c Series) -> Result<Self> {
        macro_rules! values {
            ($accessor:ident, $variant:ident) => {{
                let array = readable.$accessor().map_err(Error::engine)?.downcast_as_array();
                (Cells::$variant(array.values()), usable(array.validity()))
            }};
            ($accessor:ident phys, $variant:ident) => {{
                let array = readable.$accessor().map_err(Error::engine)?.physical().downcast_as_array();
                (Cells::$variant(array.values()), usable(array.validity()))
            }};
        }
        let (cells, validity) = match readable.dtype() {
            DataType::Int8 => values!(i8, I8),
            DataType::Int16 => values!(i16, I16),
            DataType::Int32 => values!(i32, I32),
            DataType::Int64 => values!(i64, I64),
            DataType::UInt8 => values!(u8, U8),
            DataType::UInt16 => values!(u16, U16),
            DataType::UInt32 => values!(u32, U32),
            DataType::UInt64 => values!(u64, U64),
            DataType::Float32 => values!(f32, F32),
            DataType::Float64 => values!(f64, F64),
            DataType::Boolean => values!(bool, Boolean),
            DataType::Date => values!(date phys, Date),
            DataType::Time => values!(time phys, Ticks),
            DataType::Datetime(..) => values!(datetime phys, Ticks),
            DataType::Duration(_) => values!(duration phys, Ticks),
            DataType::String => {
                let array = readable.str().map_err(Error::engine)?.downcast_as_array();
                (Cells::Text(array), usable(array.validity()))
            }
            _ => (Cells::Other, None),
        };
        Ok(Self { cells, validity, series })
    }

    #[inline]
    fn is_null(&self, row: usize) -> bool {
        self.validity.as_ref().is_some_and(|validity| !validity.get_bit(row))
    }

    /// What a cell that is of no other kind is: null, or of a dtype that cells are not taken from.
    #[cold]
    fn other(&self, row: usize) -> Misfit {
        match self.series.get(row) {
            Ok(value) if value.is_null() => Misfit::Null,
            _ => Misfit::Dtype,
        }
    }
}

macro_rules! integer_from_cell {
    ($($native:ty),*) => {$(
        impl<'r> FromCell<'r> for $native {
            #[inline]
            fn from_cell(column: &CellColumn<'r>, row: usize) -> Result<Self, Misfit> {
                if column.is_null(row) {
                    return Err(Misfit::Null);
                }
                let fitted = match column.cells {
                    Cells::I64(cells) => cells[row].try_into().ok(),
                    Cells::I32(cells) => cells[row].try_into().ok(),
                    Cells::U32(cells) => cells[row].try_into().ok(),
                    Cells::U64(cells) => cells[row].try_into().ok(),
                    Cells::I8(cells) => cells[row].try_into().ok(),
                    Cells::I16(cells) => cells[row].try_into().ok(),
                    Cells::U8(cells) => cells[row].try_into().ok(),
                    Cells::U16(cells) => cells[row].try_into().ok(),
                    Cells::Other => return Err(column.other(row)),
                    _ => return Err(Misfit::Dtype),
                };
                fitted.ok_or(Misfit::Range)
            }

            fn wanted() -> &'static str {
                stringify!($native)
            }
        }
    )*};
}

integer_from_cell!(i8, i16, i32, i64, u8, u16, u32, u64, i128, usize);

impl<'r> FromCell<'r> for f64 {
    #[inline]
    fn from_cell(column: &CellColumn<'r>, row: usize) -> Result<Self, Misfit> {
        if column.is_null(row) {
            return Err(Misfit::Null);
        }
        Ok(match column.cells {
            Cells::F64(cells) => cells[row],
            Cells::I64(cells) => cells[row] as f64,
            Cells::F32(cells) => cells[row].into(),
            Cells::I32(cells) => cells[row].into(),
            Cells::U32(cells) => cells[row].into(),
            Cells::U64(cells) => cells[row] as f64,
            Cells::I8(cells) => cells[row].into(),
            Cells::I16(cells) => cells[row].into(),
            Cells::U8(cells) => cells[row].into(),
            Cells::U16(cells) => cells[row].into(),
            Cells::Other => return Err(column.other(row)),
            _ => return Err(Misfit::Dtype),
        })
    }

    fn wanted() -> &'static str {
        "f64"
    }
}

macro_rules! from_cell {
    ($($value:ty, $wanted:literal, |$column:ident, $row:ident| $($pattern:pat => $take:expr),+;)*) => {$(
        impl<'r> FromCell<'r> for $value {
            #[inline]
            fn from_cell($column: &CellColumn<'r>, $row: usize) -> Result<Self, Misfit> {
                if $column.is_null($row) {
                    return Err(Misfit::Null);
                }
                match &$column.cells {
                    $($pattern => $take,)+
                    Cells::Other => Err($column.other($row)),
                    _ => Err(Misfit::Dtype),
                }
            }

            fn wanted() -> &'static str {
                $wanted
            }
        }
    )*};
}

from_cell! {
    f32, "f32", |column, row|
        Cells::F32(cells) => Ok(cells[row]),
        Cells::I8(cells) => Ok(cells[row].into()),
        Cells::I16(cells) => Ok(cells[row].into()),
        Cells::U8(cells) => Ok(cells[row].into()),
        Cells::U16(cells) => Ok(cells[row].into());
    bool, "bool", |column, row| Cells::Boolean(cells) => Ok(cells.get_bit(row));
    &'r str, "text", |column, row| Cells::Text(cells) => Ok(cells.value(row));
    String, "text", |column, row| Cells::Text(cells) => Ok(cells.value(row).to_owned());
    NaiveDate, "a date", |column, row|
        Cells::Date(cells) => NaiveDate::from_epoch_days(cells[row]).ok_or(Misfit::Range);
    NaiveTime, "a time", |column, row| Cells::Ticks(cells) => match column.series.dtype() {
        DataType::Time => time_of_day(cells[row]).ok_or(Misfit::Range),
        _ => Err(Misfit::Dtype),
    };
    NaiveDateTime, "a datetime without a time zone", |column, row| Cells::Ticks(cells) => match column.series.dtype() {
        DataType::Datetime(unit, None) => {
            instant(cells[row], *unit).map(|time| time.naive_utc()).ok_or(Misfit::Range)
        }
        _ => Err(Misfit::Dtype),
    };
    DateTime<Utc>, "a datetime with a time zone", |column, row| Cells::Ticks(cells) => match column.series.dtype() {
        DataType::Datetime(unit, Some(_)) => instant(cells[row], *unit).ok_or(Misfit::Range),
        _ => Err(Misfit::Dtype),
    };
    TimeDelta, "a duration", |column, row| Cells::Ticks(cells) => match column.series.dtype() {
        DataType::Duration(unit) => duration(cells[row], *unit).ok_or(Misfit::Range),
        _ => Err(Misfit::Dtype),
    };
}

impl<'r, T: FromCell<'r>> FromCell<'r> for Option<T> {
    #[inline]
    fn from_cell(column: &CellColumn<'r>, row: usize) -> Result<Self, Misfit> {
        match T::from_cell(column, row) {
            Ok(value) => Ok(Some(value)),
            Err(Misfit::Null) => Ok(None),
            Err(misfit) => Err(misfit),
        }
    }

    fn wanted() -> &'static str {
        T::wanted()
    }
}
