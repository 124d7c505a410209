//! Columns from one dtype to another without changing a value.

use polars::prelude::*;

use crate::error::{Error, ErrorKind, Result};

use super::csv::builder;
use super::dtype::dtype_name;
use super::list::parse_list_column;
use super::read_options::ReadOptions;

/// Brings the columns of a frame to the dtypes that were asked for.
pub(super) fn apply_dtypes(frame: DataFrame, options: &ReadOptions) -> Result<DataFrame> {
    if options.dtypes.is_empty() {
        return Ok(frame);
    }
    let columns = frame.columns().iter().map(|column| match options.dtype_of(column.name()) {
        Some(dtype) => Ok(to_given(column.as_materialized_series(), dtype)?.into_column()),
        None => Ok(column.clone()),
    });
    DataFrame::new(frame.height(), columns.collect::<Result<_>>()?).map_err(Error::engine)
}

/// A value that is none of the dtype that was asked for: its row, its column, and what is said of it.
pub(super) type Misfit = (usize, String, String);

/// The same of a frame some of whose rows may not fit: these get null, and are told by row, column and what is wrong.
pub(super) fn apply_dtypes_leniently(
    frame: &DataFrame,
    options: &ReadOptions,
) -> Result<(DataFrame, Vec<Misfit>)> {
    let mut misfits = Vec::new();
    let mut columns = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        let Some(dtype) = options.dtype_of(column.name()) else {
            columns.push(column.clone());
            continue;
        };
        let series = column.as_materialized_series();
        let cast = match to_given(series, dtype) {
            Ok(cast) => cast,
            Err(_) => {
                let mut fitting = Vec::with_capacity(series.len());
                for row in 0..series.len() {
                    let fits = to_given(&series.slice(row as i64, 1), dtype).is_ok();
                    fitting.push(fits.then_some(row as IdxSize));
                    if !fits {
                        let value = series.get(row).map(|value| value.to_string()).unwrap_or_default();
                        let message = format!("{value} is not {}", dtype_name(dtype));
                        misfits.push((row, series.name().to_string(), message));
                    }
                }
                let fitting = IdxCa::from_iter_options("".into(), fitting.into_iter());
                to_given(&series.take(&fitting).map_err(Error::engine)?, dtype)?
            }
        };
        columns.push(cast.into_column());
    }
    Ok((DataFrame::new(frame.height(), columns).map_err(Error::engine)?, misfits))
}

/// A column as the dtype that a person asked for: text is read, numbers may be rounded to floats, and nothing else may
/// change its value.
fn to_given(series: &Series, dtype: &DataType) -> Result<Series> {
    if series.dtype() == dtype {
        return Ok(series.clone());
    }
    match (series.dtype(), dtype) {
        (DataType::String, DataType::List(inner)) => return parse_list_column(series, inner),
        (DataType::String, dtype) if !matches!(dtype, DataType::String) => return from_text(series, dtype),
        _ => {}
    }
    let cast = match dtype.is_float() && series.dtype().is_primitive_numeric() {
        true => rounded_cast(series, dtype),
        false => lossless_cast(series, dtype),
    };
    cast.ok_or_else(|| {
        let hint = format!("{}, as --dtype asks", dtype_name(dtype));
        Error::dtype(series.name().as_str(), hint, dtype_name(series.dtype()))
    })
}

/// Reads a text column as another dtype, cell by cell.
fn from_text(series: &Series, dtype: &DataType) -> Result<Series> {
    let name = series.name();
    let mut builder = builder(dtype).ok_or_else(|| {
        Error::invalid_option("dtype", format!("text cannot be read as {}", dtype_name(dtype)))
            .in_column(name.as_str())
    })?;
    for (row, text) in series.str().map_err(Error::engine)?.iter().enumerate() {
        match text {
            None => builder.push_null(),
            Some(text) => {
                if !builder.push(text.as_bytes()) {
                    let hint = "give another dtype for the column".into();
                    let kind = ErrorKind::Cell { text: text.into(), dtype: dtype_name(dtype), hint };
                    return Err(Error::new(kind).at_row(row as u64).in_column(name.as_str()));
                }
            }
        }
    }
    builder.finish(name.clone())
}

/// A column of numbers as floats, when none of them is too large for one.
fn rounded_cast(series: &Series, dtype: &DataType) -> Option<Series> {
    let infinities = |series: &Series| {
        let floats = series.cast(&DataType::Float64).ok()?;
        Some(floats.f64().ok()?.iter().flatten().filter(|float| float.is_infinite()).count())
    };
    let cast = series.strict_cast(dtype).ok()?;
    (infinities(&cast)? == infinities(series)?).then_some(cast)
}

/// A column as another dtype, when every value comes back the same; else `None`.
pub(crate) fn lossless_cast(series: &Series, dtype: &DataType) -> Option<Series> {
    if series.dtype() == dtype {
        return Some(series.clone());
    }
    if series.null_count() == series.len() {
        return Some(Series::full_null(series.name().clone(), series.len(), dtype));
    }
    let there = series.strict_cast(dtype).ok()?;
    let back = there.strict_cast(series.dtype()).ok()?;
    // An `f64` holds 2^63 and an `i64` does not; the way back saturates, and hides it.
    let saturates =
        there.dtype().is_float() && series.dtype().is_integer() && exceeds_integers(&there, series.dtype());
    (back.equals_missing(series) && !saturates).then_some(there)
}

/// Whether a float column reaches the first value beyond a 64-bit integer dtype.
fn exceeds_integers(floats: &Series, integers: &DataType) -> bool {
    let limit = match integers {
        DataType::Int64 => 2f64.powi(63),
        DataType::UInt64 => 2f64.powi(64),
        _ => return false,
    };
    floats.max::<f64>().ok().flatten().is_some_and(|largest| largest >= limit)
}
