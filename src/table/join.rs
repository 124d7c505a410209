//! The frames of several files as one.

use polars::prelude::*;

use crate::error::{Error, Result};

use super::cast::lossless_cast;
use super::dtype::dtype_name;
use super::format::Format;
use super::input::Input;
use super::pieces::{Integers, OpenInput};
use super::position::SourceInfo;

/// Puts frames one below the other. They must have the same columns; dtypes are brought to one that holds every value.
pub(super) fn join(frames: Vec<DataFrame>, sources: &[SourceInfo]) -> Result<DataFrame> {
    // A file without rows that has nothing else to tell its columns goes with any.
    let has_none = |frame: &DataFrame, source: &SourceInfo| {
        frame.width() == 0 && frame.height() == 0 && source.format == Format::NdJson
    };
    let (mut frames, sources): (Vec<DataFrame>, Vec<&SourceInfo>) =
        frames.into_iter().zip(sources).filter(|(frame, source)| !has_none(frame, source)).unzip();
    if frames.len() <= 1 {
        return Ok(frames.pop().unwrap_or_default());
    }
    for (index, frame) in frames.iter().enumerate().skip(1) {
        check_columns(&names(&frames[0]), &names(frame), &sources[0].input)
            .map_err(|error| error.in_file(sources[index].input.label()))?;
    }
    let names: Vec<PlSmallStr> = frames[0].get_column_names_owned();
    let mut columns = Vec::with_capacity(names.len());
    for name in &names {
        let parts: Vec<Series> = frames
            .iter()
            .map(|frame| frame.column(name).map(|column| column.as_materialized_series().clone()))
            .collect::<PolarsResult<_>>()
            .map_err(Error::engine)?;
        columns.push(join_column(parts, &sources)?.into_column());
    }
    let n_rows = frames.iter().map(DataFrame::height).sum();
    DataFrame::new(n_rows, columns).map_err(Error::engine)
}

/// The schema of the inputs one below the other, in the order of the first. The dtypes of `columns` are ones that hold the
/// values of all inputs as far as that can be told from the dtypes; other columns have that of the first input.
pub(crate) fn join_schemas(inputs: &[OpenInput], columns: &[PlSmallStr]) -> Result<Schema> {
    let Some(first) = inputs.iter().find(|input| !input.has_no_columns()) else {
        return Ok(inputs[0].schema());
    };
    let mut schema = first.schema();
    if inputs.len() == 1 {
        return Ok(schema);
    }
    let names: Vec<&PlSmallStr> = schema.iter_names().collect();
    let mut joined: Vec<Joined<'_>> = columns.iter().map(|_| Ok(None)).collect();
    // One schema at a time: thousands of inputs may have thousands of columns each.
    for input in inputs.iter().filter(|input| !input.has_no_columns()) {
        let is_first = std::ptr::eq(input, first);
        let other = if is_first { schema.clone() } else { input.schema() };
        if !is_first {
            check_schemas(&schema, &names, &other, &first.input)
                .map_err(|error| error.in_file(input.label()))?;
        }
        for (name, joined) in columns.iter().zip(&mut joined) {
            let Some(dtype) = other.get(name).filter(|_| input.may_have_values(name)) else { continue };
            let Ok(wanted) = joined else { continue };
            match wanted {
                None => *wanted = Some((dtype.clone(), &input.input)),
                Some((known, first)) => match common_dtype(known, dtype) {
                    Some(common) => *known = common,
                    None => *joined = Err(different(name, dtype, known, first, &input.input)),
                },
            }
        }
    }
    for (name, joined) in columns.iter().zip(joined) {
        if let Some((dtype, _)) = joined? {
            schema.with_column(name.clone(), dtype);
        }
    }
    Ok(schema)
}

/// The dtype of a column that holds the values of the inputs so far, and the first of these.
type Joined<'i> = Result<Option<(DataType, &'i Input)>>;

fn check_schemas(expected: &Schema, names: &[&PlSmallStr], found: &Schema, first: &Input) -> Result<()> {
    let is_same = expected.len() == found.len() && names.iter().all(|name| found.contains(name));
    if is_same {
        return Ok(());
    }
    let text = |schema: &Schema| schema.iter_names().map(|name| name.to_string()).collect::<Vec<_>>();
    check_columns(&text(expected), &text(found), first)
}

/// The columns of a piece of one of several inputs in the dtypes that hold the values of all.
pub(crate) fn cast_to_joined(
    frame: DataFrame,
    wanted: &Schema,
    integers: Integers,
    inputs: &[OpenInput],
    input: usize,
) -> Result<DataFrame> {
    let fits = |column: &Column| {
        let fits = |dtype: &DataType| dtype == column.dtype() || integers.may_be(column.dtype(), dtype);
        wanted.get(column.name()).is_none_or(fits)
    };
    if frame.columns().iter().all(fits) {
        return Ok(frame);
    }
    let columns = frame.columns().iter().map(|column| {
        let Some(dtype) = wanted.get(column.name()).filter(|_| !fits(column)) else {
            return Ok(column.clone());
        };
        let cast = lossless_cast(column.as_materialized_series(), dtype).ok_or_else(|| {
            let other = inputs.iter().find(|other| other.schema().get(column.name()) != Some(column.dtype()));
            let other = other.map_or(&inputs[0].input, |other| &other.input);
            different(column.name(), column.dtype(), dtype, other, &inputs[input].input)
        })?;
        Ok(cast.into_column())
    });
    DataFrame::new(frame.height(), columns.collect::<Result<_>>()?).map_err(Error::engine)
}

fn names(frame: &DataFrame) -> Vec<String> {
    frame.get_column_names().into_iter().map(|name| name.to_string()).collect()
}

fn check_columns(expected: &[String], found: &[String], first: &Input) -> Result<()> {
    if let Some(missing) = expected.iter().find(|name| !found.contains(name)) {
        return Err(Error::column_not_found(missing, found));
    }
    if let Some(extra) = found.iter().find(|name| !expected.contains(name)) {
        let message = format!(
            "column {extra:?} is not in {first}; files that are read as one must have the same columns, so give this one to a run \
             of its own"
        );
        return Err(Error::shape(message).in_column(extra));
    }
    Ok(())
}

fn join_column(parts: Vec<Series>, sources: &[&SourceInfo]) -> Result<Series> {
    let mut dtype: Option<(&DataType, usize)> = None;
    let mut wanted: Option<DataType> = None;
    for (index, part) in parts.iter().enumerate() {
        if part.null_count() == part.len() {
            continue;
        }
        let Some(known) = &wanted else {
            wanted = Some(part.dtype().clone());
            dtype = Some((part.dtype(), index));
            continue;
        };
        wanted = match common_dtype(known, part.dtype()) {
            Some(common) => Some(common),
            None => {
                let first = dtype.map_or(0, |(_, index)| index);
                let (first, other) = (&sources[first].input, &sources[index].input);
                return Err(different(part.name(), part.dtype(), known, first, other));
            }
        };
    }
    let wanted = wanted.unwrap_or_else(|| parts[0].dtype().clone());
    let mut whole: Option<Series> = None;
    for (index, part) in parts.iter().enumerate() {
        let part = lossless_cast(part, &wanted).ok_or_else(|| {
            let other = parts.iter().position(|other| other.dtype() != part.dtype()).unwrap_or_default();
            different(part.name(), part.dtype(), &wanted, &sources[other].input, &sources[index].input)
        })?;
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => {
                whole.append_owned(part).map_err(Error::engine)?;
            }
        }
    }
    whole.ok_or_else(|| Error::engine("a column of no files"))
}

/// The dtype that may hold the values of both; whether it does is seen when they are cast.
fn common_dtype(one: &DataType, other: &DataType) -> Option<DataType> {
    match (one, other) {
        (one, other) if one == other => Some(one.clone()),
        (DataType::Categorical(..), DataType::Categorical(..)) => Some(one.clone()),
        (one, other) if one.is_primitive_numeric() && other.is_primitive_numeric() => {
            match (one.is_float(), other.is_float()) {
                (true, true) | (true, false) | (false, true) => Some(DataType::Float64),
                (false, false) => Some(common_integer(one, other)),
            }
        }
        (DataType::Datetime(one, zone), DataType::Datetime(other, other_zone)) if zone == other_zone => {
            Some(DataType::Datetime(finer(*one, *other), zone.clone()))
        }
        (DataType::Duration(one), DataType::Duration(other)) => Some(DataType::Duration(finer(*one, *other))),
        _ => None,
    }
}

fn common_integer(one: &DataType, other: &DataType) -> DataType {
    match (one.is_unsigned_integer(), other.is_unsigned_integer()) {
        (true, true) => DataType::UInt64,
        (false, true) if *other == DataType::UInt64 => DataType::UInt64,
        (true, false) if *one == DataType::UInt64 => DataType::UInt64,
        _ => DataType::Int64,
    }
}

fn finer(one: TimeUnit, other: TimeUnit) -> TimeUnit {
    match (one, other) {
        (TimeUnit::Nanoseconds, _) | (_, TimeUnit::Nanoseconds) => TimeUnit::Nanoseconds,
        (TimeUnit::Microseconds, _) | (_, TimeUnit::Microseconds) => TimeUnit::Microseconds,
        _ => TimeUnit::Milliseconds,
    }
}

fn different(name: &str, dtype: &DataType, wanted: &DataType, first: &Input, input: &Input) -> Error {
    let flag = if wanted.is_primitive_numeric() && dtype.is_primitive_numeric() { "f64" } else { "str" };
    let expected = format!("{} as in {first} (--dtype {name}={flag} reads both alike)", dtype_name(wanted));
    Error::dtype(name, expected, dtype_name(dtype)).in_file(input.label())
}
