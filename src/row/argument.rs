//! What a typed row function may take: [`Argument`], and how several of them are read from a chunk at once.

use polars::prelude::{DataType, Series};
use polars_arrow::bitmap::{self, Bitmap};

use super::chunk::Chunk;
use super::output::RowFault;
use crate::error::{Error, Result, RowFailure};

/// One argument of a typed row function: a cell of a row as a Rust value.
///
/// | argument | columns that it reads |
/// |---|---|
/// | `bool` | boolean |
/// | `i8` … `i64`, `u8` … `u64` | integers of any width; a value that does not fit is a fault of its row |
/// | `f64` | floats, integers and decimals, rounded to the nearest `f64` where they have more digits |
/// | `f32` | `f32`, and integers of up to 16 bits |
/// | `&str` | string, categorical, enum |
/// | `NaiveDate`, `NaiveTime`, `NaiveDateTime`, `DateTime<Utc>`, `TimeDelta` of chrono | date, time, datetime without and with a time zone, duration |
/// | `&[T]`, `&[Option<T>]` of these | list and array of them; with `&[T]` a null item is a fault of its row |
/// | `Option<T>` | as `T` |
///
/// A null makes the row's result null without a call, unless the argument is an `Option`. NaN is a value like any other.
/// A column of dtype null fits every argument. Columns are brought to the argument's type once a chunk, so that the
/// loop over the rows runs over slices.
#[diagnostic::on_unimplemented(
    message = "a row function can't take `{Self}`",
    note = "it takes numbers, bool, &str, dates and times of chrono, slices of these (`&[f64]`), or an Option of one"
)]
pub trait Argument {
    /// What the function gets.
    type Item<'r>;

    #[doc(hidden)]
    type Values;

    #[doc(hidden)]
    type Reader<'p>;

    /// Whether the function is called with nulls.
    #[doc(hidden)]
    const TAKES_NULL: bool;

    /// What this argument takes, in words.
    #[doc(hidden)]
    fn expected() -> String;

    /// Whether columns of this dtype can be read as the argument.
    #[doc(hidden)]
    fn accepts(dtype: &DataType) -> bool;

    /// Brings a column to the argument's type.
    #[doc(hidden)]
    fn prepare(column: &Series) -> Result<Prepared<Self::Values>>;

    /// As `prepare`, where each row is to get a window of the column.
    #[doc(hidden)]
    fn prepare_windows(column: &Series, windows: Windows) -> Result<Prepared<Self::Values>> {
        let _ = windows;
        Err(Error::dtype(
            column.name().as_str(),
            Self::expected(),
            "windows, which are slices such as &[f64]",
        ))
    }

    #[doc(hidden)]
    fn reader<'p>(prepared: &'p Prepared<Self::Values>) -> Self::Reader<'p>;

    /// How many rows a reader surely has: what lets the compiler drop the bounds checks.
    #[doc(hidden)]
    fn n_rows(reader: &Self::Reader<'_>) -> usize;

    #[doc(hidden)]
    fn get<'r>(reader: &'r Self::Reader<'_>, row: usize) -> Self::Item<'r>;
}

/// A column brought to an argument's type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Prepared<V> {
    pub(crate) values: V,
    pub(crate) validity: Option<Bitmap>,
    /// Rows whose value is not null and yet does not fit, in order, with what is wrong.
    pub(crate) unfit: Vec<(usize, String)>,
}

/// Windows over the rows of a chunk that comes with rows before it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    /// How many rows come before the first one that gets a window.
    pub(crate) lead: usize,
    /// How many rows a window has.
    pub(crate) n_rows: usize,
}

/// Which rows of a chunk the function is called for. The others are null, or faults.
#[derive(Debug, Default)]
#[doc(hidden)]
pub struct RowStates {
    /// The rows to call, or `None` for all.
    pub(crate) called: Option<Bitmap>,
    /// The rows that an argument does not fit, in order.
    pub(crate) unfit: Vec<RowFault>,
}

impl RowStates {
    fn add<V>(&mut self, prepared: &Prepared<V>, takes_null: bool, column: &str) {
        if let (Some(validity), false) = (&prepared.validity, takes_null) {
            self.called = Some(match &self.called {
                Some(called) => bitmap::and(called, validity),
                None => validity.clone(),
            });
        }
        let fault = |(row, message): &(usize, String)| {
            RowFault::new(*row, message.clone(), RowFailure::Argument).in_column(column)
        };
        self.unfit.extend(prepared.unfit.iter().map(fault));
    }

    /// A row is at fault once, for its first argument that does not fit.
    fn settle(&mut self) {
        self.unfit.sort_by_key(|fault| fault.row);
        self.unfit.dedup_by_key(|fault| fault.row);
    }
}

/// The arguments of a row function, taken together.
#[doc(hidden)]
pub trait Arguments {
    type Item<'r>;
    type Prepared;
    type Reader<'p>;
    const LEN: usize;

    fn check<'c>(columns: impl Iterator<Item = (&'c str, &'c DataType)>) -> Result<()>;
    fn prepare(chunk: &Chunk, first_column: usize) -> Result<Self::Prepared>;
    fn prepare_windows(chunk: &Chunk, first_column: usize, windows: Windows) -> Result<Self::Prepared>;
    fn add_states(prepared: &Self::Prepared, names: &[impl AsRef<str>], states: &mut RowStates);
    fn reader<'p>(prepared: &'p Self::Prepared) -> Self::Reader<'p>;
    fn n_rows(reader: &Self::Reader<'_>) -> usize;
    fn get<'r>(reader: &'r Self::Reader<'_>, row: usize) -> Self::Item<'r>;
}

/// One argument and the ones after it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Cons<A, B>(pub A, pub B);

/// No further argument.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Nil;

impl Arguments for Nil {
    type Item<'r> = Nil;
    type Prepared = Nil;
    type Reader<'p> = Nil;
    const LEN: usize = 0;

    fn check<'c>(_columns: impl Iterator<Item = (&'c str, &'c DataType)>) -> Result<()> {
        Ok(())
    }

    fn prepare(_chunk: &Chunk, _first_column: usize) -> Result<Nil> {
        Ok(Nil)
    }

    fn prepare_windows(_chunk: &Chunk, _first_column: usize, _windows: Windows) -> Result<Nil> {
        Ok(Nil)
    }

    fn add_states(_prepared: &Nil, _names: &[impl AsRef<str>], states: &mut RowStates) {
        states.settle();
    }

    fn reader<'p>(_prepared: &'p Nil) -> Nil {
        Nil
    }

    #[inline]
    fn n_rows(_reader: &Nil) -> usize {
        usize::MAX
    }

    #[inline]
    fn get<'r>(_reader: &'r Nil, _row: usize) -> Nil {
        Nil
    }
}

impl<A: Argument, B: Arguments> Arguments for Cons<A, B> {
    type Item<'r> = Cons<A::Item<'r>, B::Item<'r>>;
    type Prepared = Cons<Prepared<A::Values>, B::Prepared>;
    type Reader<'p> = Cons<A::Reader<'p>, B::Reader<'p>>;
    const LEN: usize = 1 + B::LEN;

    fn check<'c>(mut columns: impl Iterator<Item = (&'c str, &'c DataType)>) -> Result<()> {
        let Some((name, dtype)) = columns.next() else {
            return Err(Error::shape(format!("the function takes {} more columns", Self::LEN)));
        };
        if *dtype != DataType::Null && !A::accepts(dtype) {
            return Err(Error::dtype(name, A::expected(), dtype));
        }
        // The iterator goes on as a trait object, so that its type does not grow with every argument.
        B::check(&mut columns as &mut dyn Iterator<Item = (&'c str, &'c DataType)>)
    }

    fn prepare(chunk: &Chunk, first_column: usize) -> Result<Self::Prepared> {
        Ok(Cons(A::prepare(chunk.series(first_column))?, B::prepare(chunk, first_column + 1)?))
    }

    fn prepare_windows(chunk: &Chunk, first_column: usize, windows: Windows) -> Result<Self::Prepared> {
        Ok(Cons(
            A::prepare_windows(chunk.series(first_column), windows)?,
            B::prepare_windows(chunk, first_column + 1, windows)?,
        ))
    }

    fn add_states(prepared: &Self::Prepared, names: &[impl AsRef<str>], states: &mut RowStates) {
        states.add(&prepared.0, A::TAKES_NULL, names.first().map_or("", AsRef::as_ref));
        B::add_states(&prepared.1, names.get(1..).unwrap_or_default(), states);
    }

    fn reader<'p>(prepared: &'p Self::Prepared) -> Self::Reader<'p> {
        Cons(A::reader(&prepared.0), B::reader(&prepared.1))
    }

    #[inline]
    fn n_rows(reader: &Self::Reader<'_>) -> usize {
        A::n_rows(&reader.0).min(B::n_rows(&reader.1))
    }

    #[inline]
    fn get<'r>(reader: &'r Self::Reader<'_>, row: usize) -> Self::Item<'r> {
        Cons(A::get(&reader.0, row), B::get(&reader.1, row))
    }
}

impl<A: Argument> Argument for Option<A> {
    type Item<'r> = Option<A::Item<'r>>;
    type Values = A::Values;
    type Reader<'p> = (A::Reader<'p>, Option<&'p Bitmap>);
    const TAKES_NULL: bool = true;

    fn expected() -> String {
        A::expected()
    }

    fn accepts(dtype: &DataType) -> bool {
        A::accepts(dtype)
    }

    fn prepare(column: &Series) -> Result<Prepared<Self::Values>> {
        A::prepare(column)
    }

    fn reader<'p>(prepared: &'p Prepared<Self::Values>) -> Self::Reader<'p> {
        (A::reader(prepared), prepared.validity.as_ref())
    }

    #[inline]
    fn n_rows(reader: &Self::Reader<'_>) -> usize {
        A::n_rows(&reader.0)
    }

    #[inline]
    fn get<'r>(reader: &'r Self::Reader<'_>, row: usize) -> Self::Item<'r> {
        match reader.1 {
            Some(validity) if !validity.get_bit(row) => None,
            _ => Some(A::get(&reader.0, row)),
        }
    }
}
