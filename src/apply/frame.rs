//! The methods that a `DataFrame` gets: [`ParallelApply`], and the same with options: [`ConfiguredFrame`].

use polars::prelude::{DataFrame, Series};

use super::applied::Applied;
use super::function::run_bound;
use super::options::ApplyOptions;
use super::run::Mode;
use super::{by_column, by_frame, by_group, by_value, by_window};
use crate::error::Result;
use crate::row::{
    ColumnNames, FromRow, IntoRow, Row, RowFunction, StructFunction, TypedFunction, bind_rows, bind_struct,
    bind_typed_function,
};

mod private {
    pub trait Sealed {}
    impl Sealed for polars::prelude::DataFrame {}
}

/// Row functions over a [`DataFrame`], on every core.
///
/// Every `parallel_` method has a serial twin, which is the reference: for any number of threads, any chunk size and any
/// chunk layout of the frame, the parallel one gives the same bytes, in the order of the rows. All of them stop at the
/// first fault, that of the lowest row; [`with_options`](Self::with_options) gives the other policies, a number of
/// threads, progress and cancellation.
///
/// A panic of the function is an error with the row's index and the panic's message; the workers live on. The function
/// may itself call these methods.
///
/// | coming from | is here |
/// |---|---|
/// | `Pool.map(f, rows)`, `df.parallel_apply(f, axis=1)` | [`parallel_apply_rows`](Self::parallel_apply_rows), [`parallel_apply`](Self::parallel_apply) |
/// | `Pool.starmap(f, zip(a, b))` | [`parallel_apply`](Self::parallel_apply) |
/// | `df.parallel_apply(f, axis=0)` | [`parallel_apply_columns`](Self::parallel_apply_columns) |
/// | `df.parallel_applymap(f)` | [`parallel_map_values`](Self::parallel_map_values) |
/// | `Pool.map(f, np.array_split(df, n))` | [`parallel_map_frames`](Self::parallel_map_frames) |
/// | `df.groupby(k).parallel_apply(f)` | [`parallel_apply_groups`](Self::parallel_apply_groups) |
/// | `df.rolling(n).parallel_apply(f)` | [`parallel_apply_windows`](Self::parallel_apply_windows) |
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::prelude::*;
///
/// let frame = df!("a" => [3.0, 5.0], "b" => [4.0, 12.0])?;
/// let hypot: Series = frame.parallel_apply(("a", "b"), |a: f64, b: f64| a.hypot(b))?;
/// assert_eq!(hypot.f64()?.to_vec(), [Some(5.0), Some(13.0)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ParallelApply: private::Sealed {
    /// The frame with options, and the same methods on it.
    fn with_options<'f>(&'f self, options: &'f ApplyOptions) -> ConfiguredFrame<'f>;

    /// Calls `function` with the cells of `columns`, row by row, on the calling thread: the reference for
    /// [`parallel_apply`](Self::parallel_apply).
    ///
    /// # Errors
    /// As [`parallel_apply`](Self::parallel_apply).
    fn apply<M, F: TypedFunction<M>>(
        &self,
        columns: impl ColumnNames,
        function: F,
    ) -> Result<TableOf<F::Output>> {
        self.with_options(&ApplyOptions::default()).apply(columns, function).map(|applied| applied.table)
    }

    /// Calls `function` with the cells of `columns`, for every row: `|a: f64, b: Option<&str>| …`, with up to twelve
    /// arguments, each an [`Argument`](crate::row::Argument).
    ///
    /// The result is a `Series` named `result`, or for a tuple or a struct with `#[derive(IntoRow)]` a `DataFrame`; see
    /// [`IntoRow`].
    ///
    /// # Errors
    /// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound), [`Dtype`](crate::ErrorKind::Dtype) and
    /// [`Shape`](crate::ErrorKind::Shape) before the first row; [`Row`](crate::ErrorKind::Row) with the lowest row on
    /// which the function returned an error or panicked, or whose values do not fit its arguments.
    fn parallel_apply<M, F: TypedFunction<M>>(
        &self,
        columns: impl ColumnNames,
        function: F,
    ) -> Result<TableOf<F::Output>> {
        self.with_options(&ApplyOptions::default())
            .parallel_apply(columns, function)
            .map(|applied| applied.table)
    }

    /// [`parallel_apply_as`](Self::parallel_apply_as) on the calling thread.
    ///
    /// # Errors
    /// As [`parallel_apply`](Self::parallel_apply).
    fn apply_as<S: FromRow, F: StructFunction<S>>(&self, function: F) -> Result<TableOf<F::Output>> {
        self.with_options(&ApplyOptions::default()).apply_as(function).map(|applied| applied.table)
    }

    /// Calls `function` with every row as a struct that is [`FromRow`]; the struct says which columns are read.
    ///
    /// # Errors
    /// As [`parallel_apply`](Self::parallel_apply).
    fn parallel_apply_as<S: FromRow, F: StructFunction<S>>(&self, function: F) -> Result<TableOf<F::Output>> {
        self.with_options(&ApplyOptions::default()).parallel_apply_as(function).map(|applied| applied.table)
    }

    /// [`parallel_apply_rows`](Self::parallel_apply_rows) on the calling thread.
    ///
    /// # Errors
    /// As [`parallel_apply_rows`](Self::parallel_apply_rows).
    fn apply_rows<R: IntoRow>(&self, function: impl Fn(&Row<'_>) -> R + Sync) -> Result<R::Table> {
        self.with_options(&ApplyOptions::default()).apply_rows(function).map(|applied| applied.table)
    }

    /// Calls `function` with every row as a [`Row`], whose cells have names and positions.
    ///
    /// # Errors
    /// [`Row`](crate::ErrorKind::Row) with the lowest row on which the function returned an error or panicked.
    fn parallel_apply_rows<R: IntoRow>(&self, function: impl Fn(&Row<'_>) -> R + Sync) -> Result<R::Table> {
        self.with_options(&ApplyOptions::default()).parallel_apply_rows(function).map(|applied| applied.table)
    }

    /// [`parallel_apply_columns`](Self::parallel_apply_columns) on the calling thread.
    ///
    /// # Errors
    /// As [`parallel_apply_columns`](Self::parallel_apply_columns).
    fn apply_columns<R: IntoRow<Table = Series>>(
        &self,
        function: impl Fn(&Series) -> R + Sync,
    ) -> Result<DataFrame> {
        self.with_options(&ApplyOptions::default()).apply_columns(function)
    }

    /// Calls `function` with every column, and gives one row: the columns' names, with what the function returned for
    /// each. A column for which it fails is null, or left out, where the policy says so.
    ///
    /// # Errors
    /// [`Row`](crate::ErrorKind::Row) with the leftmost column for which the function returned an error or panicked.
    fn parallel_apply_columns<R: IntoRow<Table = Series>>(
        &self,
        function: impl Fn(&Series) -> R + Sync,
    ) -> Result<DataFrame> {
        self.with_options(&ApplyOptions::default()).parallel_apply_columns(function)
    }

    /// [`parallel_map_values`](Self::parallel_map_values) on the calling thread.
    ///
    /// # Errors
    /// As [`parallel_map_values`](Self::parallel_map_values).
    fn map_values<M, F: TypedFunction<M>>(&self, function: F) -> Result<DataFrame>
    where
        F::Output: IntoRow<Table = Series>,
    {
        self.with_options(&ApplyOptions::default()).map_values(function).map(|applied| applied.table)
    }

    /// Calls `function`, of one [`Argument`](crate::row::Argument), with every value of every column, and gives a frame of the same shape and
    /// names.
    ///
    /// # Errors
    /// [`Dtype`](crate::ErrorKind::Dtype) when a column does not fit the argument; [`Row`](crate::ErrorKind::Row) with
    /// the lowest row, and the leftmost column in it, at fault.
    fn parallel_map_values<M, F: TypedFunction<M>>(&self, function: F) -> Result<DataFrame>
    where
        F::Output: IntoRow<Table = Series>,
    {
        self.with_options(&ApplyOptions::default()).parallel_map_values(function).map(|applied| applied.table)
    }

    /// [`parallel_map_frames`](Self::parallel_map_frames) on the calling thread.
    ///
    /// # Errors
    /// As [`parallel_map_frames`](Self::parallel_map_frames).
    fn map_frames<E: std::fmt::Display>(
        &self,
        function: impl Fn(DataFrame) -> Result<DataFrame, E> + Sync,
    ) -> Result<DataFrame> {
        self.with_options(&ApplyOptions::default()).map_frames(function)
    }

    /// Calls `function` with the frame in chunks and puts what it returns together in order. The number of rows may
    /// change; the columns must be the same for every chunk, where one that is null throughout a chunk takes the dtype
    /// that it has in the others.
    ///
    /// The chunks depend on the number of rows and on [`ApplyOptions::chunk_rows`], and not on the threads. A frame of no
    /// rows is one chunk.
    ///
    /// # Errors
    /// [`Row`](crate::ErrorKind::Row) with the first row of the first chunk for which the function returned an error or
    /// panicked; [`Shape`](crate::ErrorKind::Shape) and [`Dtype`](crate::ErrorKind::Dtype) when chunks come back with
    /// other columns than the first.
    fn parallel_map_frames<E: std::fmt::Display>(
        &self,
        function: impl Fn(DataFrame) -> Result<DataFrame, E> + Sync,
    ) -> Result<DataFrame> {
        self.with_options(&ApplyOptions::default()).parallel_map_frames(function)
    }

    /// [`parallel_apply_groups`](Self::parallel_apply_groups) on the calling thread.
    ///
    /// # Errors
    /// As [`parallel_apply_groups`](Self::parallel_apply_groups).
    fn apply_groups<R: IntoRow>(
        &self,
        keys: impl ColumnNames,
        function: impl Fn(&DataFrame) -> R + Sync,
    ) -> Result<DataFrame> {
        self.with_options(&ApplyOptions::default()).apply_groups(keys, function).map(|applied| applied.table)
    }

    /// Calls `function` with the rows of each group, in their order, and gives a row a group: the keys and what the
    /// function returned. Groups come in the order of their first row. Null is a key like any other.
    ///
    /// # Errors
    /// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound); [`DuplicateColumn`](crate::ErrorKind::DuplicateColumn) when
    /// a key is named twice or a result has the name of a key; [`Row`](crate::ErrorKind::Row) with the index of the first group at fault.
    fn parallel_apply_groups<R: IntoRow>(
        &self,
        keys: impl ColumnNames,
        function: impl Fn(&DataFrame) -> R + Sync,
    ) -> Result<DataFrame> {
        self.with_options(&ApplyOptions::default())
            .parallel_apply_groups(keys, function)
            .map(|applied| applied.table)
    }

    /// [`parallel_apply_windows`](Self::parallel_apply_windows) on the calling thread.
    ///
    /// # Errors
    /// As [`parallel_apply_windows`](Self::parallel_apply_windows).
    fn apply_windows<M, F: TypedFunction<M>>(
        &self,
        columns: impl ColumnNames,
        n_rows: usize,
        function: F,
    ) -> Result<TableOf<F::Output>> {
        self.with_options(&ApplyOptions::default())
            .apply_windows(columns, n_rows, function)
            .map(|applied| applied.table)
    }

    /// Calls `function` for each row with the last `n_rows` values of `columns` up to and including that row, as slices:
    /// `|x: &[f64], y: &[f64]| …`.
    ///
    /// The first `n_rows - 1` rows have no whole window and are null. A null in a window makes the row null, unless the
    /// argument is a slice of `Option`.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for windows of no rows; [`Dtype`](crate::ErrorKind::Dtype) when
    /// a column's values do not fit the slice's items, or an argument is not a slice; else as
    /// [`parallel_apply`](Self::parallel_apply).
    fn parallel_apply_windows<M, F: TypedFunction<M>>(
        &self,
        columns: impl ColumnNames,
        n_rows: usize,
        function: F,
    ) -> Result<TableOf<F::Output>> {
        self.with_options(&ApplyOptions::default())
            .parallel_apply_windows(columns, n_rows, function)
            .map(|applied| applied.table)
    }
}

impl ParallelApply for DataFrame {
    fn with_options<'f>(&'f self, options: &'f ApplyOptions) -> ConfiguredFrame<'f> {
        ConfiguredFrame { frame: self, options }
    }
}

/// What a function that returns `R` gives for a whole frame: a `Series` or a `DataFrame`.
pub type TableOf<R> = <R as IntoRow>::Table;

/// A frame with options: [`ParallelApply::with_options`]. Its methods are those of [`ParallelApply`], and give an
/// [`Applied`] with the rows that failed where rows can fail one by one.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub struct ConfiguredFrame<'f> {
    pub(super) frame: &'f DataFrame,
    pub(super) options: &'f ApplyOptions,
}

macro_rules! twins {
    ($(
        $serial:ident, $parallel:ident, [$($generics:tt)*] ($($name:ident: $kind:ty),*) -> $output:ty
        $(where [$($bounds:tt)*])?, |$frame:ident, $mode:ident| $body:expr;
    )*) => {
        impl ConfiguredFrame<'_> {$(
            #[doc = concat!("[`ParallelApply::", stringify!($serial), "`] with these options.")]
            ///
            /// # Errors
            #[doc = concat!("As [`ParallelApply::", stringify!($parallel), "`].")]
            pub fn $serial<$($generics)*>(&self, $($name: $kind),*) -> $output $(where $($bounds)*)? {
                let ($frame, $mode) = (self, Mode::Serial);
                $body
            }

            #[doc = concat!("[`ParallelApply::", stringify!($parallel), "`] with these options.")]
            ///
            /// # Errors
            #[doc = concat!("As [`ParallelApply::", stringify!($parallel), "`].")]
            pub fn $parallel<$($generics)*>(&self, $($name: $kind),*) -> $output $(where $($bounds)*)? {
                let ($frame, $mode) = (self, Mode::Parallel);
                $body
            }
        )*}
    };
}

twins! {
    apply, parallel_apply, [M, F: TypedFunction<M>]
        (columns: impl ColumnNames, function: F) -> Result<Applied<TableOf<F::Output>>>,
        |this, mode| {
            let bound = bind_typed_function(&columns.into_names(), this.frame.schema(), &function)?;
            run_bound(this.frame, bound, mode, this.options)
        };
    apply_as, parallel_apply_as, [S: FromRow, F: StructFunction<S>]
        (function: F) -> Result<Applied<TableOf<F::Output>>>,
        |this, mode| {
            run_bound(this.frame, bind_struct::<S, F>(this.frame.schema(), &function)?, mode, this.options)
        };
    apply_rows, parallel_apply_rows, [R: IntoRow]
        (function: impl Fn(&Row<'_>) -> R + Sync) -> Result<Applied<R::Table>>,
        |this, mode| {
            let bound = bind_rows(&this.frame.get_column_names_owned(), this.frame.schema(), &function)?;
            run_bound(this.frame, bound, mode, this.options)
        };
    apply_columns, parallel_apply_columns, [R: IntoRow<Table = Series>]
        (function: impl Fn(&Series) -> R + Sync) -> Result<DataFrame>,
        |this, mode| by_column::apply(this, mode, &function);
    map_values, parallel_map_values, [M, F: TypedFunction<M>]
        (function: F) -> Result<Applied<DataFrame>> where [F::Output: IntoRow<Table = Series>],
        |this, mode| by_value::map(this, mode, &function);
    map_frames, parallel_map_frames, [E: std::fmt::Display]
        (function: impl Fn(DataFrame) -> Result<DataFrame, E> + Sync) -> Result<DataFrame>,
        |this, mode| by_frame::map(this, mode, &function);
    apply_groups, parallel_apply_groups, [R: IntoRow]
        (keys: impl ColumnNames, function: impl Fn(&DataFrame) -> R + Sync) -> Result<Applied<DataFrame>>,
        |this, mode| by_group::apply(this, mode, &keys.into_names(), &function);
    apply_windows, parallel_apply_windows, [M, F: TypedFunction<M>]
        (columns: impl ColumnNames, n_rows: usize, function: F) -> Result<Applied<TableOf<F::Output>>>,
        |this, mode| by_window::apply(this, mode, &columns.into_names(), n_rows, &function);
}

impl ConfiguredFrame<'_> {
    /// Runs any [`RowFunction`] on the calling thread: the reference for
    /// [`parallel_apply_function`](Self::parallel_apply_function).
    ///
    /// # Errors
    /// As [`parallel_apply_function`](Self::parallel_apply_function).
    pub fn apply_function(&self, function: &dyn RowFunction) -> Result<Applied<DataFrame>> {
        run_bound(self.frame, function.bind(self.frame.schema())?, Mode::Serial, self.options)
    }

    /// Runs any [`RowFunction`]; the table has the function's columns alone.
    ///
    /// # Errors
    /// As [`apply_function`](crate::apply_function).
    pub fn parallel_apply_function(&self, function: &dyn RowFunction) -> Result<Applied<DataFrame>> {
        run_bound(self.frame, function.bind(self.frame.schema())?, Mode::Parallel, self.options)
    }
}
