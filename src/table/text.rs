//! Values as the text that [`csv::value`](super::csv::value) reads back: for text formats, whose own writers cannot say
//! lists, durations or zones.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, NaiveTime};
use polars::prelude::*;

use crate::error::{Error, Result};

use super::dtype::dtype_name;
use super::own::column_of;

/// The columns that a text format's writer cannot say, as text; all others as they are.
pub(super) fn with_text_columns(
    frame: &DataFrame,
    needs_text: impl Fn(&DataType) -> bool,
) -> Result<DataFrame> {
    let columns = frame.columns().iter().map(|column| match needs_text(column.dtype()) {
        true => Ok(column_of(to_text(column.as_materialized_series())?)),
        false => Ok(column.clone()),
    });
    DataFrame::new(frame.height(), columns.collect::<Result<_>>()?).map_err(Error::engine)
}

/// That a text format can say a dtype.
pub(crate) fn check_has_text(column: &str, dtype: &DataType, format: &str) -> Result<()> {
    let mut leaf = dtype;
    while let DataType::List(inner) = leaf {
        leaf = inner;
    }
    match leaf {
        DataType::Binary | DataType::BinaryOffset | DataType::Struct(_) | DataType::Array(..) => {
            Err(Error::not_held(column, dtype_name(dtype), format))
        }
        _ => Ok(()),
    }
}

/// That JSON can say a dtype: as [`check_has_text`], and objects and arrays of a fixed length, too.
pub(super) fn check_has_json(column: &str, dtype: &DataType, format: &str) -> Result<()> {
    match dtype {
        DataType::Struct(fields) => {
            fields.iter().try_for_each(|field| check_has_json(column, field.dtype(), format))
        }
        DataType::List(inner) | DataType::Array(inner, _) => check_has_json(column, inner, format),
        dtype => check_has_text(column, dtype, format),
    }
}

/// A column's values as text; nulls stay nulls.
fn to_text(series: &Series) -> Result<Series> {
    let mut builder = StringChunkedBuilder::new(series.name().clone(), series.len());
    let mut text = String::new();
    for value in series.rechunk().iter() {
        if value.is_null() {
            builder.append_null();
            continue;
        }
        text.clear();
        push_value(&mut text, &value)?;
        builder.append_value(&text);
    }
    Ok(builder.finish().into_series())
}

/// Adds a value; a text stands as it is.
pub(crate) fn push_value(text: &mut String, value: &AnyValue) -> Result<()> {
    match value {
        AnyValue::List(items) => {
            text.push('[');
            for (index, item) in items.rechunk().iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                push_item(text, &item)?;
            }
            text.push(']');
        }
        AnyValue::Float64(number) => push(text, format_args!("{number:?}")),
        AnyValue::Float32(number) => push(text, format_args!("{number:?}")),
        AnyValue::Date(days) => match NaiveDate::from_num_days_from_ce_opt(days.saturating_add(719_163)) {
            Some(date) => push(text, format_args!("{date}")),
            None => return Err(out_of_range("date")),
        },
        AnyValue::Time(nanoseconds) => push_time(text, *nanoseconds),
        AnyValue::Datetime(since, unit, zone) => push_moment(text, *since, *unit, zone.is_some())?,
        AnyValue::DatetimeOwned(since, unit, zone) => push_moment(text, *since, *unit, zone.is_some())?,
        AnyValue::Duration(length, unit) => push_duration(text, *length, *unit),
        AnyValue::String(value) => text.push_str(value),
        AnyValue::StringOwned(value) => text.push_str(value),
        AnyValue::Categorical(..) | AnyValue::CategoricalOwned(..) => {
            text.push_str(value.get_str().unwrap_or_default());
        }
        other => push(text, format_args!("{other}")),
    }
    Ok(())
}

/// A value within a list, where a text stands in quotes.
fn push_item(text: &mut String, value: &AnyValue) -> Result<()> {
    match value.get_str() {
        Some(string) => push_quoted(text, string),
        None if value.is_null() => text.push_str("null"),
        None => push_value(text, value)?,
    }
    Ok(())
}

/// A text as JSON has it.
pub(crate) fn push_quoted(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control < ' ' => push(text, format_args!("\\u{:04x}", control as u32)),
            plain => text.push(plain),
        }
    }
    text.push('"');
}

fn push_time(text: &mut String, nanoseconds: i64) {
    let seconds = nanoseconds.div_euclid(1_000_000_000) as u32;
    let time =
        NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanoseconds.rem_euclid(1_000_000_000) as u32);
    push(text, format_args!("{}", time.unwrap_or_default().format("%T%.f")));
}

fn push_moment(text: &mut String, since: i64, unit: TimeUnit, utc: bool) -> Result<()> {
    let per_second = per_second(unit);
    let seconds = since.div_euclid(per_second);
    let nanoseconds = since.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let moment =
        DateTime::from_timestamp(seconds, nanoseconds as u32).ok_or_else(|| out_of_range("datetime"))?;
    push(text, format_args!("{}{}", moment.format("%FT%T%.f"), if utc { "Z" } else { "" }));
    Ok(())
}

fn push_duration(text: &mut String, length: i64, unit: TimeUnit) {
    let per_second = per_second(unit).unsigned_abs();
    let magnitude = length.unsigned_abs();
    let sign = if length < 0 { "-" } else { "" };
    push(text, format_args!("{sign}PT{}", magnitude / per_second));
    let rest = magnitude % per_second;
    if rest > 0 {
        let width = per_second.ilog10() as usize;
        let fraction = format!("{rest:0width$}");
        push(text, format_args!(".{}", fraction.trim_end_matches('0')));
    }
    text.push('S');
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Nanoseconds => 1_000_000_000,
        TimeUnit::Microseconds => 1_000_000,
        TimeUnit::Milliseconds => 1_000,
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments) {
    text.write_fmt(arguments).expect("a string takes every text");
}

fn out_of_range(what: &str) -> Error {
    Error::shape(format!("a {what} is too far from today to be written as text"))
}
