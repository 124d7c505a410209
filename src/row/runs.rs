//! Values whose dtype only the values tell: a column as runs of one dtype each.

use std::ops::ControlFlow;

use polars::prelude::{DataType, Field, IntoSeries, ListChunked, NamedFrom, PlSmallStr, Series, UnknownKind};

use super::convert::{Conversion, Converted, convert};
use super::output::{AfterFault, ChunkOutput, RowFault};
use crate::error::{Error, Result, RowFailure};

/// Collects the values of one output column whose dtype is not known before, as runs of one dtype each. A null belongs to
/// whatever run it stands in.
///
/// A function written as text, or in another program, returns what it likes. Whoever puts the chunks together takes the
/// dtype of the lowest row that has a value for the column's, whatever chunks the rows came in; for that the rows must not
/// be brought to one dtype a chunk.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::row::RunsBuilder;
///
/// let mut builder = RunsBuilder::new("value", 4);
/// builder.push_null();
/// builder.push_int(3);
/// builder.push_text("three");
/// builder.push_null();
/// let runs = builder.finish();
/// assert_eq!(runs[0], Series::new("value".into(), [None, Some(3_i64)]));
/// assert_eq!(runs[1], Series::new("value".into(), [Some("three"), None]));
/// ```
#[derive(Debug)]
pub struct RunsBuilder {
    name: PlSmallStr,
    capacity: usize,
    runs: Vec<Series>,
    current: Run,
}

/// The run that is being filled.
#[derive(Debug)]
enum Run {
    Null(usize),
    Bool(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    List { inner: DataType, values: Vec<Option<Series>> },
}

macro_rules! push {
    ($($(#[$doc:meta])* $method:ident $variant:ident $value:ty;)*) => {
        $($(#[$doc])*
        pub fn $method(&mut self, value: $value) {
            match &mut self.current {
                Run::$variant(values) => values.push(Some(value.into())),
                _ => {
                    let mut values = self.begin();
                    values.push(Some(value.into()));
                    self.current = Run::$variant(values);
                }
            }
        })*
    };
}

impl RunsBuilder {
    /// A builder of a column of this name with about so many rows.
    pub fn new(name: impl Into<PlSmallStr>, capacity: usize) -> Self {
        Self { name: name.into(), capacity, runs: Vec::new(), current: Run::Null(0) }
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        match &mut self.current {
            Run::Null(n_rows) => *n_rows += 1,
            Run::Bool(values) => values.push(None),
            Run::Int(values) => values.push(None),
            Run::Float(values) => values.push(None),
            Run::Text(values) => values.push(None),
            Run::List { values, .. } => values.push(None),
        }
    }

    push! {
        /// Adds a boolean.
        push_bool Bool bool;
        /// Adds an integer.
        push_int Int i64;
        /// Adds a floating-point number.
        push_float Float f64;
        /// Adds a text.
        push_text Text &str;
    }

    /// Adds a list; one without items may have dtype `Null`.
    pub fn push_list(&mut self, list: Series) {
        match &mut self.current {
            Run::List { inner, values } if list.dtype() == inner || list.dtype() == &DataType::Null => {
                values.push(Some(list));
            }
            Run::List { inner, values } if *inner == DataType::Null => {
                *inner = list.dtype().clone();
                values.push(Some(list));
            }
            _ => {
                let mut values = self.begin();
                let inner = list.dtype().clone();
                values.push(Some(list));
                self.current = Run::List { inner, values };
            }
        }
    }

    /// Gives the runs, whose lengths add up to the rows that were pushed.
    pub fn finish(mut self) -> Vec<Series> {
        self.end_run();
        self.runs
    }

    /// Ends the run, and gives the nulls that the next one begins with.
    fn begin<T>(&mut self) -> Vec<Option<T>> {
        let n_nulls = match self.current {
            Run::Null(n_rows) => n_rows,
            _ => {
                self.end_run();
                0
            }
        };
        let mut values = Vec::with_capacity(self.capacity.max(n_nulls + 1));
        values.resize_with(n_nulls, || None);
        values
    }

    fn end_run(&mut self) {
        let name = self.name.clone();
        let run = match std::mem::replace(&mut self.current, Run::Null(0)) {
            Run::Null(0) => return,
            Run::Null(n_rows) => Series::full_null(name, n_rows, &DataType::Null),
            Run::Bool(values) => Series::new(name, values),
            Run::Int(values) => Series::new(name, values),
            Run::Float(values) => Series::new(name, values),
            Run::Text(values) => Series::new(name, values),
            Run::List { inner, values } => lists(name, &inner, values),
        };
        self.runs.push(run);
    }
}

fn lists(name: PlSmallStr, inner: &DataType, values: Vec<Option<Series>>) -> Series {
    let typed = values.into_iter().map(|list| {
        list.map(|list| if list.dtype() == inner { list } else { Series::new_empty("".into(), inner) })
    });
    let lists: ListChunked = typed.collect();
    let dtype = DataType::List(Box::new(inner.clone()));
    // With no item in any list, the engine does not know what the items would be.
    let lists = lists.into_series().with_name(name);
    lists.cast(&dtype).unwrap_or(lists)
}

/// Hands the runs of one output column of a chunk over. They must have a value for each row, or, where a row has failed and
/// the rest is not run, for each row before it.
///
/// Where the dtype of `field` is declared, the runs are converted to it: integers widen to floats that hold them exactly,
/// numbers narrow where nothing is lost, text is read as a date, time, category or decimal. Any other value makes its row a
/// fault. Where it is not declared, the runs are left to whoever puts the chunks together. Then the lowest row that has a
/// value decides, and rows of another dtype are faults, save for integers where floats are wanted.
///
/// # Errors
/// [`Engine`](crate::ErrorKind) when the runs have not as many rows as the chunk.
pub fn fill_runs(
    output: &mut ChunkOutput<'_>,
    slot: usize,
    field: &Field,
    runs: Vec<Series>,
) -> Result<ControlFlow<()>> {
    let n_rows: usize = runs.iter().map(|run| run.len()).sum();
    let stopped = output.has_faults() && output.after_fault() == AfterFault::Stop;
    if n_rows != output.n_rows() && !stopped {
        let promised = output.n_rows();
        return Err(Error::engine(format!("column {:?} has {n_rows} of {promised} values", field.name())));
    }
    if is_undeclared(field) {
        output.slots()[slot].set_runs(runs);
        return Ok(ControlFlow::Continue(()));
    }
    let mut joined = Series::new_empty(field.name().clone(), field.dtype());
    let mut from = 0;
    for run in runs {
        let Converted { series, misfits } = convert(&run, field.dtype(), Conversion::Declared)?;
        for misfit in misfits {
            let fault = RowFault::new(from + misfit.row, misfit.message, RowFailure::Returned);
            if output.fault(fault.in_column(field.name().as_str())).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        from += run.len();
        joined.append(&series).map_err(Error::engine)?;
    }
    if joined.len() == output.n_rows() {
        output.slots()[slot].fill(joined.rechunk())?;
    }
    Ok(ControlFlow::Continue(()))
}

/// Whether the dtype of an output column is that of the lowest row that has a value.
pub(crate) fn is_undeclared(field: &Field) -> bool {
    matches!(field.dtype(), DataType::Unknown(_))
}

/// The dtype that the rows of these runs decide on, lowest row first: that of the first value, and of a list without items
/// that of the first list with some. `None` when there is no value.
pub(crate) fn decided_dtype<'r>(runs: impl IntoIterator<Item = &'r Series>) -> Option<DataType> {
    let mut decided: Option<DataType> = None;
    for run in runs.into_iter().filter(|run| run.null_count() < run.len()) {
        match &decided {
            None => decided = Some(run.dtype().clone()),
            Some(dtype) if is_open(dtype) => {
                if closes(dtype, run.dtype()) {
                    decided = Some(run.dtype().clone());
                }
            }
            Some(_) => break,
        }
    }
    decided
}

/// The dtype of a column in which no row has a value to say another.
pub(crate) fn default_dtype(decided: Option<DataType>) -> DataType {
    match decided {
        None | Some(DataType::Null | DataType::Unknown(UnknownKind::Any)) => DataType::Float64,
        Some(DataType::List(inner)) => DataType::List(Box::new(default_dtype(Some(*inner)))),
        Some(dtype) => dtype,
    }
}

/// Whether it is the dtype of lists, none of which has items yet.
fn is_open(dtype: &DataType) -> bool {
    match dtype {
        DataType::List(inner) => **inner == DataType::Null || is_open(inner),
        _ => false,
    }
}

/// Whether `dtype` says more of what `open` leaves open.
fn closes(open: &DataType, dtype: &DataType) -> bool {
    match (open, dtype) {
        (DataType::Null, _) => *dtype != DataType::Null,
        (DataType::List(open), DataType::List(inner)) => closes(open, inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;

    #[test]
    fn runs_part_where_the_kind_changes_and_nowhere_else() {
        let mut builder = RunsBuilder::new("v", 0);
        builder.push_null();
        builder.push_float(1.5);
        builder.push_null();
        builder.push_float(2.5);
        builder.push_int(1);
        builder.push_bool(true);
        builder.push_bool(false);
        builder.push_null();
        let runs = builder.finish();
        assert_eq!(runs.iter().map(|run| run.len()).collect::<Vec<_>>(), [4, 1, 3]);
        assert_eq!(decided_dtype(&runs), Some(DataType::Float64));
    }

    #[test]
    fn a_list_without_items_leaves_the_items_open() {
        let mut builder = RunsBuilder::new("v", 0);
        builder.push_list(Series::new_empty("".into(), &DataType::Null));
        builder.push_list(Series::new("".into(), [1_i64, 2]));
        builder.push_list(Series::new_empty("".into(), &DataType::Null));
        let runs = builder.finish();
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].dtype(), &DataType::List(Box::new(DataType::Int64)));

        let mut builder = RunsBuilder::new("v", 0);
        builder.push_list(Series::new_empty("".into(), &DataType::Null));
        let runs = builder.finish();
        assert_eq!(default_dtype(decided_dtype(&runs)), DataType::List(Box::new(DataType::Float64)));
        let more = Series::new("v".into(), [Series::new("".into(), ["a"])]);
        assert_eq!(
            decided_dtype(runs.iter().chain([&more])),
            Some(DataType::List(Box::new(DataType::String)))
        );
    }

    #[test]
    fn no_value_decides_nothing() {
        let mut builder = RunsBuilder::new("v", 0);
        builder.push_null();
        let runs = builder.finish();
        assert_eq!(decided_dtype(&runs), None);
        assert_eq!(default_dtype(None), DataType::Float64);
    }
}
