//! Row functions that return a list.

use std::slice::IterMut;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use polars::prelude::{CompatLevel, DataType, Field, NamedFrom, PlSmallStr, Series};
use polars_arrow::array::ListArray;
use polars_arrow::offset::OffsetsBuffer;

use super::into_row::{IntoRow, RowWriter, single_dtype};
use super::into_row_scalar::{REFUSED_DURATION, StoreFixed, Validity, leave, result_field};
use super::output::{Slot, TIME_UNIT};

/// An item of a list that a row function returns: what makes one column by itself, or an `Option` of it.
pub trait ListItem: IntoRow<Table = Series> {
    #[doc(hidden)]
    fn series(items: Vec<Self>) -> Series;

    /// What is wrong with an item that a column can't hold.
    #[doc(hidden)]
    fn refusal(&self) -> Option<&'static str> {
        None
    }
}

macro_rules! list_item {
    ($($item:ty),*) => {$(
        impl ListItem for $item {
            fn series(items: Vec<Self>) -> Series {
                Series::new(PlSmallStr::EMPTY, items)
            }
        }

        impl ListItem for Option<$item> {
            fn series(items: Vec<Self>) -> Series {
                Series::new(PlSmallStr::EMPTY, items)
            }
        }
    )*};
}

list_item!(bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, String, &'static str);
list_item!(NaiveDate, NaiveTime);

/// Items that are stored as a value by itself is, in microseconds: polars' own conversion takes nanoseconds, and panics
/// where these do not fit.
macro_rules! stored_list_item {
    ($($item:ty, $refusal:expr;)*) => {$(
        impl ListItem for $item {
            fn series(items: Vec<Self>) -> Series {
                stored_series(items.into_iter().map(StoreFixed::store), &single_dtype::<$item>())
            }

            fn refusal(&self) -> Option<&'static str> {
                self.store().is_none().then_some($refusal)
            }
        }

        impl ListItem for Option<$item> {
            fn series(items: Vec<Self>) -> Series {
                stored_series(items.into_iter().map(|item| item?.store()), &single_dtype::<$item>())
            }

            fn refusal(&self) -> Option<&'static str> {
                self.as_ref().and_then(ListItem::refusal)
            }
        }
    )*};
}

stored_list_item! {
    NaiveDateTime, "the datetime does not fit 64 bits of microseconds";
    TimeDelta, REFUSED_DURATION;
}

fn stored_series(items: impl Iterator<Item = Option<i64>>, dtype: &DataType) -> Series {
    let stored = Series::new(PlSmallStr::EMPTY, items.collect::<Vec<_>>());
    match dtype {
        DataType::Duration(unit) => stored.into_duration(*unit),
        _ => stored.into_datetime(TIME_UNIT, None),
    }
}

/// Writes lists.
#[doc(hidden)]
#[derive(Debug)]
pub struct ListWriter<T> {
    items: Vec<T>,
    ends: Vec<i64>,
    validity: Validity,
    n_rows: usize,
}

impl<T: ListItem> IntoRow for Vec<T> {
    type Table = Series;
    type Writer<'o> = ListWriter<T>;

    fn fields() -> Vec<Field> {
        vec![result_field(DataType::List(Box::new(single_dtype::<T>())))]
    }

    fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> ListWriter<T> {
        slots.next();
        let mut ends = Vec::with_capacity(n_rows + 1);
        ends.push(0);
        ListWriter { items: Vec::new(), ends, validity: Validity::new(n_rows), n_rows }
    }
}

impl<T: ListItem> RowWriter<Vec<T>> for ListWriter<T> {
    #[inline]
    fn write(&mut self, row: usize, value: Vec<T>) -> Option<String> {
        if let Some(refusal) = value.iter().find_map(T::refusal) {
            self.write_null(row);
            return Some(refusal.to_owned());
        }
        self.items.extend(value);
        self.ends.push(self.items.len() as i64);
        None
    }

    #[inline]
    fn write_null(&mut self, row: usize) {
        self.ends.push(self.items.len() as i64);
        self.validity.set_null(row);
    }

    fn finish(mut self, slots: &mut IterMut<'_, Slot<'_>>) {
        self.ends.resize(self.n_rows + 1, self.items.len() as i64);
        let item_dtype = single_dtype::<T>();
        let items = T::series(self.items).cast(&item_dtype).expect("items have their own dtype");
        let values = items.to_physical_repr().rechunk().chunks()[0].clone();
        let dtype = DataType::List(Box::new(item_dtype));
        let array = ListArray::<i64>::new(
            dtype.to_physical().to_arrow(CompatLevel::newest()),
            OffsetsBuffer::try_from(self.ends).expect("the ends of lists only grow"),
            values,
            self.validity.into_bitmap(),
        );
        let series = Series::from_chunk_and_dtype(PlSmallStr::EMPTY, array.boxed(), &dtype)
            .expect("the list has the dtype that it was made with");
        leave(slots, series);
    }
}
