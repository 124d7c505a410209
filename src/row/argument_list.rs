//! Arguments that are lists, as slices.

use polars::prelude::{DataType, Series};
use polars_arrow::array::Utf8ViewArray;
use polars_arrow::bitmap::Bitmap;

use super::argument::{Argument, Prepared, Windows};
use super::argument_scalar::usable;
use crate::error::{Error, Result};

/// The lists of a column: where each one ends, and the items of all.
#[doc(hidden)]
#[derive(Debug)]
pub struct Lists<V> {
    /// List `i` holds items `bounds[i].0..bounds[i].1`. Windows overlap.
    bounds: Vec<(usize, usize)>,
    items: Prepared<V>,
}

/// The lists of a column with items that a slice can be taken of.
#[doc(hidden)]
#[derive(Debug)]
pub struct ListReader<'p, I> {
    bounds: &'p [(usize, usize)],
    items: I,
}

/// An item of a list argument. `f64` and the like are read in place; the others are gathered once a chunk.
#[doc(hidden)]
pub trait ListElement {
    type Scalar: Argument;
    type Item<'r>: 'r;
    type Items<'p>;
    const TAKES_NULL: bool;

    fn items<'p>(prepared: &'p Prepared<<Self::Scalar as Argument>::Values>) -> Self::Items<'p>;
    fn slice<'r>(items: &'r Self::Items<'_>, from: usize, to: usize) -> &'r [Self::Item<'r>];
}

macro_rules! slice_element {
    ($($native:ty),*) => {$(
        impl ListElement for $native {
            type Scalar = $native;
            type Item<'r> = $native;
            type Items<'p> = &'p [$native];
            const TAKES_NULL: bool = false;

            fn items<'p>(prepared: &'p Prepared<<$native as Argument>::Values>) -> &'p [$native] {
                <$native>::reader(prepared)
            }

            #[inline]
            fn slice<'r>(items: &'r &[$native], from: usize, to: usize) -> &'r [$native] {
                &items[from..to]
            }
        }
    )*};
}

slice_element!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);
slice_element!(chrono::NaiveDate, chrono::NaiveTime, chrono::NaiveDateTime, chrono::TimeDelta);

macro_rules! gathered_element {
    ($($element:ty, $scalar:ty, $item:ty, $takes_null:literal, $gather:expr;)*) => {$(
        impl ListElement for $element {
            type Scalar = $scalar;
            type Item<'r> = $item;
            type Items<'p> = Vec<$item>;
            const TAKES_NULL: bool = $takes_null;

            fn items<'r>(prepared: &'r Prepared<<$scalar as Argument>::Values>) -> Vec<$item> {
                $gather(prepared)
            }

            #[inline]
            fn slice<'r>(items: &'r Vec<$item>, from: usize, to: usize) -> &'r [$item] {
                &items[from..to]
            }
        }
    )*};
}

gathered_element! {
    bool, bool, bool, false, |prepared: &Prepared<Bitmap>| prepared.values.iter().collect();
    Option<bool>, bool, Option<bool>, true, gather_options::<bool>;
    Option<i8>, i8, Option<i8>, true, gather_options::<i8>;
    Option<i16>, i16, Option<i16>, true, gather_options::<i16>;
    Option<i32>, i32, Option<i32>, true, gather_options::<i32>;
    Option<i64>, i64, Option<i64>, true, gather_options::<i64>;
    Option<u8>, u8, Option<u8>, true, gather_options::<u8>;
    Option<u16>, u16, Option<u16>, true, gather_options::<u16>;
    Option<u32>, u32, Option<u32>, true, gather_options::<u32>;
    Option<u64>, u64, Option<u64>, true, gather_options::<u64>;
    Option<f32>, f32, Option<f32>, true, gather_options::<f32>;
    Option<f64>, f64, Option<f64>, true, gather_options::<f64>;
}

/// Items that are copied, `None` for a null.
fn gather_options<T>(prepared: &Prepared<T::Values>) -> Vec<Option<T>>
where
    T: for<'r> Argument<Item<'r> = T>,
{
    let reader = T::reader(prepared);
    (0..T::n_rows(&reader))
        .map(|row| is_valid(&prepared.validity, row).then(|| T::get(&reader, row)))
        .collect()
}

impl ListElement for &str {
    type Scalar = &'static str;
    type Item<'r> = &'r str;
    type Items<'p> = Vec<&'p str>;
    const TAKES_NULL: bool = false;

    fn items<'p>(prepared: &'p Prepared<Utf8ViewArray>) -> Vec<&'p str> {
        prepared.values.values_iter().collect()
    }

    #[inline]
    fn slice<'r>(items: &'r Vec<&str>, from: usize, to: usize) -> &'r [&'r str] {
        &items[from..to]
    }
}

impl ListElement for Option<&str> {
    type Scalar = &'static str;
    type Item<'r> = Option<&'r str>;
    type Items<'p> = Vec<Option<&'p str>>;
    const TAKES_NULL: bool = true;

    fn items<'p>(prepared: &'p Prepared<Utf8ViewArray>) -> Vec<Option<&'p str>> {
        prepared
            .values
            .values_iter()
            .enumerate()
            .map(|(row, text)| is_valid(&prepared.validity, row).then_some(text))
            .collect()
    }

    #[inline]
    fn slice<'r>(items: &'r Vec<Option<&str>>, from: usize, to: usize) -> &'r [Option<&'r str>] {
        &items[from..to]
    }
}

fn is_valid(validity: &Option<Bitmap>, row: usize) -> bool {
    validity.as_ref().is_none_or(|validity| validity.get_bit(row))
}

impl<T: ListElement> Argument for &[T] {
    type Item<'r> = &'r [T::Item<'r>];
    type Values = Lists<<T::Scalar as Argument>::Values>;
    type Reader<'p> = ListReader<'p, T::Items<'p>>;
    const TAKES_NULL: bool = false;

    fn expected() -> String {
        format!("a list whose items are {}", T::Scalar::expected())
    }

    fn accepts(dtype: &DataType) -> bool {
        match dtype {
            DataType::List(item) | DataType::Array(item, _) => item.is_null() || T::Scalar::accepts(item),
            _ => false,
        }
    }

    fn prepare(column: &Series) -> Result<Prepared<Self::Values>> {
        let item_dtype = match column.dtype() {
            DataType::List(item) | DataType::Array(item, _) => item.as_ref().clone(),
            _ => DataType::Null,
        };
        let lists =
            column.cast(&DataType::List(Box::new(item_dtype.clone()))).map_err(Error::engine)?.rechunk();
        let lists = lists.list().map_err(Error::engine)?;
        let array = lists.downcast_as_array();
        let validity = usable(array.validity());

        let offsets = array.offsets().buffer();
        let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
        let bounds: Vec<(usize, usize)> =
            offsets.windows(2).map(|pair| ((pair[0] - first) as usize, (pair[1] - first) as usize)).collect();
        let items = array.values().sliced(first as usize, (last - first) as usize);
        let items = Series::from_chunk_and_dtype("".into(), items, &item_dtype).map_err(Error::engine)?;
        let items = T::Scalar::prepare(&items)?;

        let mut unfit: Vec<(usize, String)> = Vec::new();
        for (item, message) in &items.unfit {
            let list = bounds.partition_point(|(_, end)| end <= item);
            unfit.push((list, message.clone()));
        }
        if let (false, Some(valid_items)) = (T::TAKES_NULL, &items.validity) {
            for (row, (from, to)) in bounds.iter().enumerate() {
                if valid_items.null_count_range(*from, to - from) > 0 {
                    let message = "the list holds a null; take a slice of Option to be given it";
                    unfit.push((row, message.to_owned()));
                }
            }
        }
        // A null list may still have items under it, which nobody is to hear of.
        unfit.retain(|(row, _)| validity.as_ref().is_none_or(|validity| validity.get_bit(*row)));
        unfit.sort_by_key(|(row, _)| *row);
        Ok(Prepared { values: Lists { bounds, items }, validity, unfit })
    }

    fn prepare_windows(column: &Series, windows: Windows) -> Result<Prepared<Self::Values>> {
        let items = T::Scalar::prepare(column)?;
        let n_rows = column.len() - windows.lead;
        // Ends count from the first row there is, so a window is whole when it is long enough.
        let bounds: Vec<(usize, usize)> =
            (windows.lead + 1..=column.len()).map(|end| (end.saturating_sub(windows.n_rows), end)).collect();
        let whole = |row: usize| {
            let (from, to) = bounds[row];
            let has_null = |valid: &Bitmap| valid.null_count_range(from, to - from) > 0;
            to - from == windows.n_rows && (T::TAKES_NULL || !items.validity.as_ref().is_some_and(has_null))
        };
        let validity: Bitmap = (0..n_rows).map(whole).collect();
        let mut unfit = Vec::new();
        for (item, message) in &items.unfit {
            let first = item.saturating_sub(windows.lead);
            let last = item.saturating_add(windows.n_rows).saturating_sub(windows.lead).min(n_rows);
            unfit
                .extend((first..last).filter(|row| validity.get_bit(*row)).map(|row| (row, message.clone())));
        }
        unfit.sort_by_key(|(row, _)| *row);
        Ok(Prepared { values: Lists { bounds, items }, validity: usable(Some(&validity)), unfit })
    }

    fn reader<'p>(prepared: &'p Prepared<Self::Values>) -> Self::Reader<'p> {
        ListReader { bounds: &prepared.values.bounds, items: T::items(&prepared.values.items) }
    }

    #[inline]
    fn n_rows(reader: &Self::Reader<'_>) -> usize {
        reader.bounds.len()
    }

    #[inline]
    fn get<'r>(reader: &'r Self::Reader<'_>, row: usize) -> Self::Item<'r> {
        let (from, to) = reader.bounds[row];
        T::slice(&reader.items, from, to)
    }
}
