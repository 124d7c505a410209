//! What a row function may return: [`IntoRow`], and its shapes that hold others: `Option`, `Result` and tuples.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice::IterMut;

use polars::prelude::{Column, DataFrame, DataType, Field, PlSmallStr, Series};

use super::output::Slot;

/// The name of the column of a function that returns one value.
pub const RESULT_NAME: &str = "result";

/// A value that a row function may return: the cells of one row of the output.
///
/// | returned | column |
/// |---|---|
/// | `bool`, `i8` … `u64`, `f32`, `f64` | of that dtype; `usize` and `isize` give `u64` and `i64` |
/// | `String`, `&'static str` | string |
/// | `NaiveDate`, `NaiveTime`, `NaiveDateTime`, `TimeDelta` of chrono | date, time, datetime and duration in microseconds |
/// | `Vec<T>`, `Vec<Option<T>>` of these | list |
/// | `Option<T>` | as `T`, null for `None` |
/// | `Result<T, E>` | as `T`; an `Err` is a fault of that row |
/// | a tuple | a column for each, named `result_1`, `result_2`, …; an `Err` among them leaves the others as they are |
/// | a struct with `#[derive(IntoRow)]` | a column for each field, with the field's name |
///
/// The dtypes are those of the Rust type, known before the first row, and the same for any rows and for none.
#[diagnostic::on_unimplemented(
    message = "a row function can't return `{Self}`",
    note = "it returns a number, bool, String, date or time, a Vec, Option or Result of these, a tuple of them, or a \
            struct with #[derive(IntoRow)]"
)]
pub trait IntoRow: Sized {
    /// What comes out for a whole frame: a `Series` for one column, a `DataFrame` for several.
    type Table: FromColumns;

    #[doc(hidden)]
    type Writer<'o>: RowWriter<Self>;

    /// The names and dtypes of the output columns.
    fn fields() -> Vec<Field>;

    #[doc(hidden)]
    fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> Self::Writer<'o>;
}

/// Writes rows into the slots of one chunk, each row once, in order.
#[doc(hidden)]
pub trait RowWriter<R> {
    /// Writes one row. An answer is a fault's message; the row is null then.
    #[must_use]
    fn write(&mut self, row: usize, value: R) -> Option<String>;

    /// Makes one row null.
    fn write_null(&mut self, row: usize);

    /// How many rows can be written at most: what lets the compiler drop the bounds checks.
    #[inline]
    fn capacity(&self) -> usize {
        usize::MAX
    }

    /// Leaves in the slots what was not written in place.
    fn finish(self, slots: &mut IterMut<'_, Slot<'_>>);
}

/// A result put together from its columns: a [`Series`] or a [`DataFrame`].
pub trait FromColumns: Sized {
    #[doc(hidden)]
    fn from_columns(n_rows: usize, columns: Vec<Series>) -> crate::Result<Self>;
}

impl FromColumns for Series {
    fn from_columns(_n_rows: usize, columns: Vec<Series>) -> crate::Result<Self> {
        let mut columns = columns.into_iter();
        match (columns.next(), columns.next()) {
            (Some(series), None) => Ok(series),
            _ => unreachable!("a function whose table is a series has one output column"),
        }
    }
}

impl FromColumns for DataFrame {
    fn from_columns(n_rows: usize, columns: Vec<Series>) -> crate::Result<Self> {
        DataFrame::new(n_rows, columns.into_iter().map(Column::from).collect()).map_err(crate::Error::engine)
    }
}

impl<R: IntoRow> IntoRow for Option<R> {
    type Table = R::Table;
    type Writer<'o> = OptionWriter<R::Writer<'o>>;

    fn fields() -> Vec<Field> {
        R::fields()
    }

    fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> Self::Writer<'o> {
        OptionWriter(R::writer(slots, n_rows))
    }
}

#[doc(hidden)]
pub struct OptionWriter<W>(W);

impl<R, W: RowWriter<R>> RowWriter<Option<R>> for OptionWriter<W> {
    #[inline]
    fn write(&mut self, row: usize, value: Option<R>) -> Option<String> {
        match value {
            Some(value) => self.0.write(row, value),
            None => {
                self.0.write_null(row);
                None
            }
        }
    }

    #[inline]
    fn write_null(&mut self, row: usize) {
        self.0.write_null(row);
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn finish(self, slots: &mut IterMut<'_, Slot<'_>>) {
        self.0.finish(slots);
    }
}

impl<R: IntoRow, E: Display> IntoRow for Result<R, E> {
    type Table = R::Table;
    type Writer<'o> = ResultWriter<R::Writer<'o>>;

    fn fields() -> Vec<Field> {
        R::fields()
    }

    fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> Self::Writer<'o> {
        ResultWriter(R::writer(slots, n_rows))
    }
}

#[doc(hidden)]
pub struct ResultWriter<W>(W);

impl<R, E: Display, W: RowWriter<R>> RowWriter<Result<R, E>> for ResultWriter<W> {
    #[inline]
    fn write(&mut self, row: usize, value: Result<R, E>) -> Option<String> {
        match value {
            Ok(value) => self.0.write(row, value),
            Err(error) => {
                // A row must not be begun twice, whatever the error's text does.
                let text = catch_unwind(AssertUnwindSafe(|| error.to_string()));
                self.0.write_null(row);
                Some(text.unwrap_or_else(|_| "an error whose text panicked".to_owned()))
            }
        }
    }

    #[inline]
    fn write_null(&mut self, row: usize) {
        self.0.write_null(row);
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn finish(self, slots: &mut IterMut<'_, Slot<'_>>) {
        self.0.finish(slots);
    }
}

/// The dtype of a value that makes one column.
pub(crate) fn single_dtype<R: IntoRow<Table = Series>>() -> DataType {
    R::fields().remove(0).dtype
}

macro_rules! tuple {
    ($($item:ident $writer:ident $index:tt $name:literal),*) => {
        impl<$($item: IntoRow<Table = Series>),*> IntoRow for ($($item,)*) {
            type Table = DataFrame;
            type Writer<'o> = ($($item::Writer<'o>,)*);

            fn fields() -> Vec<Field> {
                vec![$(Field::new(PlSmallStr::from_static($name), single_dtype::<$item>())),*]
            }

            fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> Self::Writer<'o> {
                ($($item::writer(slots, n_rows),)*)
            }
        }

        impl<$($item,)* $($writer: RowWriter<$item>),*> RowWriter<($($item,)*)> for ($($writer,)*) {
            #[inline]
            fn write(&mut self, row: usize, value: ($($item,)*)) -> Option<String> {
                let faults = [$(self.$index.write(row, value.$index)),*];
                let fault = faults.into_iter().flatten().next();
                fault
            }

            #[inline]
            fn write_null(&mut self, row: usize) {
                $(self.$index.write_null(row);)*
            }

            #[inline]
            fn capacity(&self) -> usize {
                usize::MAX$(.min(self.$index.capacity()))*
            }

            fn finish(self, slots: &mut IterMut<'_, Slot<'_>>) {
                $(self.$index.finish(slots);)*
            }
        }
    };
}

tuple!(A WA 0 "result_1");
tuple!(A WA 0 "result_1", B WB 1 "result_2");
tuple!(A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3");
tuple!(A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4");
tuple!(A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4", E WE 4 "result_5");
tuple!(
    A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4", E WE 4 "result_5",
    F WF 5 "result_6"
);
tuple!(
    A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4", E WE 4 "result_5",
    F WF 5 "result_6", G WG 6 "result_7"
);
tuple!(
    A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4", E WE 4 "result_5",
    F WF 5 "result_6", G WG 6 "result_7", H WH 7 "result_8"
);
tuple!(
    A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4", E WE 4 "result_5",
    F WF 5 "result_6", G WG 6 "result_7", H WH 7 "result_8", I WI 8 "result_9"
);
tuple!(
    A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4", E WE 4 "result_5",
    F WF 5 "result_6", G WG 6 "result_7", H WH 7 "result_8", I WI 8 "result_9", J WJ 9 "result_10"
);
tuple!(
    A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4", E WE 4 "result_5",
    F WF 5 "result_6", G WG 6 "result_7", H WH 7 "result_8", I WI 8 "result_9", J WJ 9 "result_10",
    K WK 10 "result_11"
);
tuple!(
    A WA 0 "result_1", B WB 1 "result_2", C WC 2 "result_3", D WD 3 "result_4", E WE 4 "result_5",
    F WF 5 "result_6", G WG 6 "result_7", H WH 7 "result_8", I WI 8 "result_9", J WJ 9 "result_10",
    K WK 10 "result_11", L WL 11 "result_12"
);
