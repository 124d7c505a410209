//! Arguments that are dates and times, as chrono's types.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use polars::prelude::{DataType, Series, TimeUnit};

use super::argument::{Argument, Prepared};
use super::argument_scalar::usable;
use crate::error::{Error, Result};

macro_rules! temporal_argument {
    ($($value:ty, $expected:literal, $accepts:expr, $physical:ident, $convert:expr;)*) => {$(
        impl Argument for $value {
            type Item<'r> = $value;
            type Values = Vec<$value>;
            type Reader<'p> = &'p [$value];
            const TAKES_NULL: bool = false;

            fn expected() -> String {
                $expected.to_owned()
            }

            fn accepts(dtype: &DataType) -> bool {
                ($accepts)(dtype)
            }

            fn prepare(column: &Series) -> Result<Prepared<Self::Values>> {
                if column.dtype().is_null() {
                    return Ok(all_null(column.len()));
                }
                let unit = unit(column.dtype());
                let physical = column.to_physical_repr().rechunk();
                let physical = physical.$physical().map_err(Error::engine)?;
                let array = physical.downcast_as_array();
                let validity = usable(array.validity());
                let mut unfit = Vec::new();
                let values = array
                    .values()
                    .iter()
                    .enumerate()
                    .map(|(row, stored)| {
                        ($convert)(*stored, unit).unwrap_or_else(|| {
                            if validity.as_ref().is_none_or(|validity| validity.get_bit(row)) {
                                let range = concat!("is out of the range of ", stringify!($value));
                                unfit.push((row, format!("{stored} {range}")));
                            }
                            <$value>::default()
                        })
                    })
                    .collect();
                Ok(Prepared { values, validity, unfit })
            }

            fn reader<'p>(prepared: &'p Prepared<Self::Values>) -> &'p [$value] {
                &prepared.values
            }

            #[inline]
            fn n_rows(reader: &&[$value]) -> usize {
                reader.len()
            }

            #[inline]
            fn get<'r>(reader: &'r &[$value], row: usize) -> $value {
                reader[row]
            }
        }
    )*};
}

temporal_argument! {
    NaiveDate, "a date", DataType::is_date, i32, |days: i32, _| NaiveDate::from_epoch_days(days);
    NaiveTime, "a time", |dtype: &DataType| *dtype == DataType::Time, i64, |nanoseconds: i64, _| time_of_day(nanoseconds);
    NaiveDateTime, "a datetime without a time zone",
        |dtype: &DataType| matches!(dtype, DataType::Datetime(_, None)), i64,
        |stored: i64, unit| instant(stored, unit).map(|time| time.naive_utc());
    DateTime<Utc>, "a datetime with a time zone",
        |dtype: &DataType| matches!(dtype, DataType::Datetime(_, Some(_))), i64, instant;
    TimeDelta, "a duration", DataType::is_duration, i64, duration;
}

fn unit(dtype: &DataType) -> TimeUnit {
    match dtype {
        DataType::Datetime(unit, _) | DataType::Duration(unit) => *unit,
        _ => TimeUnit::Nanoseconds,
    }
}

pub(crate) fn instant(stored: i64, unit: TimeUnit) -> Option<DateTime<Utc>> {
    match unit {
        TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(stored)),
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(stored),
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(stored),
    }
}

pub(crate) fn duration(stored: i64, unit: TimeUnit) -> Option<TimeDelta> {
    match unit {
        TimeUnit::Nanoseconds => Some(TimeDelta::nanoseconds(stored)),
        TimeUnit::Microseconds => Some(TimeDelta::microseconds(stored)),
        TimeUnit::Milliseconds => TimeDelta::try_milliseconds(stored),
    }
}

pub(crate) fn time_of_day(nanoseconds: i64) -> Option<NaiveTime> {
    let nanoseconds = u64::try_from(nanoseconds).ok()?;
    NaiveTime::from_num_seconds_from_midnight_opt(
        u32::try_from(nanoseconds / 1_000_000_000).ok()?,
        (nanoseconds % 1_000_000_000) as u32,
    )
}

fn all_null<T: Clone + Default>(n_rows: usize) -> Prepared<Vec<T>> {
    Prepared {
        values: vec![T::default(); n_rows],
        validity: Some(polars_arrow::bitmap::Bitmap::new_zeroed(n_rows)),
        unfit: Vec::new(),
    }
}
