//! Row functions that return one value: numbers, booleans, strings, dates and times.

use std::slice::IterMut;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use polars::prelude::{BooleanChunked, DataType, Field, IntoSeries, PlSmallStr, Series, StringChunked};
use polars_arrow::array::{BooleanArray, MutableBinaryViewArray};
use polars_arrow::bitmap::{Bitmap, BitmapBuilder, MutableBitmap};
use polars_arrow::datatypes::ArrowDataType;

use super::into_row::{IntoRow, RESULT_NAME, RowWriter};
use super::output::{Fixed, Slot, TIME_UNIT};

/// The field of a function that returns one value.
pub(crate) fn result_field(dtype: DataType) -> Field {
    Field::new(PlSmallStr::from_static(RESULT_NAME), dtype)
}

/// Which rows of a chunk are not null; costs nothing until the first null.
#[derive(Debug)]
pub(crate) struct Validity {
    n_rows: usize,
    valid: Option<MutableBitmap>,
}

impl Validity {
    pub(crate) fn new(n_rows: usize) -> Self {
        Self { n_rows, valid: None }
    }

    #[inline]
    pub(crate) fn set_null(&mut self, row: usize) {
        let n_rows = self.n_rows;
        self.valid.get_or_insert_with(|| MutableBitmap::from_len_set(n_rows)).set(row, false);
    }

    pub(crate) fn into_bitmap(self) -> Option<Bitmap> {
        self.valid.map(Bitmap::from)
    }
}

/// Writes values of fixed width into their place in the final buffer.
#[doc(hidden)]
#[derive(Debug)]
pub struct FixedWriter<'o, T> {
    values: &'o mut [T],
    validity: Validity,
}

impl<'o, T: Fixed> FixedWriter<'o, T> {
    fn new(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> Self {
        let slot = slots.next().expect("there is a slot for each field");
        let values = slot.take_values::<T>();
        Self { values: &mut values[..n_rows], validity: Validity::new(n_rows) }
    }

    fn leave(self, slots: &mut IterMut<'_, Slot<'_>>) {
        let slot = slots.next().expect("there is a slot for each field");
        slot.set_validity(self.validity.into_bitmap());
    }
}

/// What is said of a duration that no column holds.
pub(crate) const REFUSED_DURATION: &str = "the duration does not fit 64 bits of microseconds";

/// A value that is stored as a number of fixed width.
pub(crate) trait StoreFixed: Sized {
    type Stored: Fixed;
    fn store(self) -> Option<Self::Stored>;
}

macro_rules! fixed_output {
    ($($value:ty as $stored:ty, $dtype:expr, $store:expr, $refusal:expr;)*) => {$(
        impl StoreFixed for $value {
            type Stored = $stored;
            #[inline]
            fn store(self) -> Option<$stored> {
                ($store)(self)
            }
        }

        impl IntoRow for $value {
            type Table = Series;
            type Writer<'o> = FixedWriter<'o, $stored>;

            fn fields() -> Vec<Field> {
                vec![result_field($dtype)]
            }

            #[inline]
            fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> Self::Writer<'o> {
                FixedWriter::new(slots, n_rows)
            }
        }

        impl RowWriter<$value> for FixedWriter<'_, $stored> {
            #[inline]
            fn write(&mut self, row: usize, value: $value) -> Option<String> {
                match value.store() {
                    Some(stored) => {
                        self.values[row] = stored;
                        None
                    }
                    None => {
                        self.validity.set_null(row);
                        Some($refusal.to_owned())
                    }
                }
            }

            #[inline]
            fn write_null(&mut self, row: usize) {
                self.validity.set_null(row);
            }

            #[inline]
            fn capacity(&self) -> usize {
                self.values.len()
            }

            fn finish(self, slots: &mut IterMut<'_, Slot<'_>>) {
                self.leave(slots);
            }
        }
    )*};
}

fixed_output! {
    i8 as i8, DataType::Int8, Some, "";
    i16 as i16, DataType::Int16, Some, "";
    i32 as i32, DataType::Int32, Some, "";
    i64 as i64, DataType::Int64, Some, "";
    u8 as u8, DataType::UInt8, Some, "";
    u16 as u16, DataType::UInt16, Some, "";
    u32 as u32, DataType::UInt32, Some, "";
    u64 as u64, DataType::UInt64, Some, "";
    f32 as f32, DataType::Float32, Some, "";
    f64 as f64, DataType::Float64, Some, "";
    usize as u64, DataType::UInt64, |value| Some(value as u64), "";
    isize as i64, DataType::Int64, |value| Some(value as i64), "";
    NaiveDate as i32, DataType::Date, |date| Some(days_since_epoch(date)), "";
    NaiveTime as i64, DataType::Time, |time| Some(nanoseconds_since_midnight(time)), "";
    NaiveDateTime as i64, DataType::Datetime(TIME_UNIT, None),
        |time: NaiveDateTime| Some(time.and_utc().timestamp_micros()), "";
    TimeDelta as i64, DataType::Duration(TIME_UNIT), |delta: TimeDelta| delta.num_microseconds(),
        REFUSED_DURATION;
}

/// The days from 1970-01-01 to `date`.
pub(crate) fn days_since_epoch(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

/// The nanoseconds from midnight to `time`; a leap second counts as the second before it.
pub(crate) fn nanoseconds_since_midnight(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1_000_000_000 + i64::from(time.nanosecond() % 1_000_000_000)
}

/// Writes booleans.
#[doc(hidden)]
pub struct BooleanWriter {
    values: BitmapBuilder,
    validity: Validity,
}

impl IntoRow for bool {
    type Table = Series;
    type Writer<'o> = BooleanWriter;

    fn fields() -> Vec<Field> {
        vec![result_field(DataType::Boolean)]
    }

    fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> BooleanWriter {
        slots.next();
        BooleanWriter { values: BitmapBuilder::with_capacity(n_rows), validity: Validity::new(n_rows) }
    }
}

impl RowWriter<bool> for BooleanWriter {
    #[inline]
    fn write(&mut self, _row: usize, value: bool) -> Option<String> {
        self.values.push(value);
        None
    }

    #[inline]
    fn write_null(&mut self, row: usize) {
        self.values.push(false);
        self.validity.set_null(row);
    }

    fn finish(mut self, slots: &mut IterMut<'_, Slot<'_>>) {
        let n_rows = self.validity.n_rows;
        self.values.extend_constant(n_rows - self.values.len(), false);
        let values =
            BooleanArray::new(ArrowDataType::Boolean, self.values.freeze(), self.validity.into_bitmap());
        leave(slots, BooleanChunked::with_chunk(PlSmallStr::EMPTY, values).into_series());
    }
}

/// Writes strings.
#[doc(hidden)]
#[derive(Debug)]
pub struct StringWriter {
    values: MutableBinaryViewArray<str>,
    n_rows: usize,
}

macro_rules! string_output {
    ($($value:ty),*) => {$(
        impl IntoRow for $value {
            type Table = Series;
            type Writer<'o> = StringWriter;

            fn fields() -> Vec<Field> {
                vec![result_field(DataType::String)]
            }

            fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> StringWriter {
                slots.next();
                StringWriter { values: MutableBinaryViewArray::with_capacity(n_rows), n_rows }
            }
        }

        impl RowWriter<$value> for StringWriter {
            #[inline]
            fn write(&mut self, _row: usize, value: $value) -> Option<String> {
                self.values.push_value_ignore_validity::<&str>(value.as_ref());
                if let Some(validity) = self.values.validity() {
                    validity.push(true);
                }
                None
            }

            #[inline]
            fn write_null(&mut self, _row: usize) {
                self.values.push_null();
            }

            fn finish(mut self, slots: &mut IterMut<'_, Slot<'_>>) {
                self.values.extend_null(self.n_rows - self.values.len());
                leave(slots, StringChunked::with_chunk(PlSmallStr::EMPTY, self.values.into()).into_series());
            }
        }
    )*};
}

string_output!(String, &'static str, std::borrow::Cow<'static, str>);

/// Leaves a series in the next slot.
pub(crate) fn leave(slots: &mut IterMut<'_, Slot<'_>>, values: Series) {
    slots.next().expect("there is a slot for each field").set_series(values);
}
