//! NDJSON: a line for each row, there and back.

use std::fmt::Write;

use polars::prelude::{AnyValue, DataFrame, Field, Series};

use crate::error::Result;
use crate::row::RunsBuilder;
use crate::table::{push_quoted, push_value};

use super::failure::{Failure, Trouble};
use super::json::Json;
use super::lines::line;
use super::process::WorkerProcess;
use super::protocol::{Answer, ERROR_KEY, Head};
use super::wait::Wait;

/// An object for each row of `frame`.
pub(super) fn encode(frame: &DataFrame, head: Head) -> Result<Vec<u8>> {
    let keys: Vec<String> = frame
        .get_column_names()
        .iter()
        .map(|name| {
            let mut key = String::new();
            push_quoted(&mut key, name);
            key.push(':');
            key
        })
        .collect();
    let columns: Vec<Series> =
        frame.columns().iter().map(|column| column.as_materialized_series().rechunk()).collect();
    let mut values: Vec<_> = columns.iter().map(|series| series.iter()).collect();
    let mut text = String::new();
    if head == Head::Count {
        push(&mut text, format_args!("{}\n", frame.height()));
    }
    for _ in 0..frame.height() {
        let mut separator = '{';
        for (key, values) in keys.iter().zip(&mut values) {
            text.push(separator);
            text.push_str(key);
            push_json(&mut text, &values.next().unwrap_or(AnyValue::Null))?;
            separator = ',';
        }
        text.push_str(if keys.is_empty() { "{}\n" } else { "}\n" });
    }
    Ok(text.into_bytes())
}

fn push_json(text: &mut String, value: &AnyValue) -> Result<()> {
    match value {
        AnyValue::Null => text.push_str("null"),
        AnyValue::Float64(number) => push_float(text, *number, format_args!("{number:?}")),
        AnyValue::Float32(number) => push_float(text, f64::from(*number), format_args!("{number:?}")),
        AnyValue::List(items) => {
            let mut separator = "";
            text.push('[');
            for item in items.rechunk().iter() {
                text.push_str(separator);
                push_json(text, &item)?;
                separator = ",";
            }
            text.push(']');
        }
        AnyValue::Boolean(_) => push_value(text, value)?,
        number if number.is_integer() => push_value(text, number)?,
        other => match other.get_str() {
            Some(string) => push_quoted(text, string),
            None => {
                let mut string = String::new();
                push_value(&mut string, other)?;
                push_quoted(text, &string);
            }
        },
    }
    Ok(())
}

/// JSON has no word for these; Python's, which many programs know.
fn push_float(text: &mut String, number: f64, digits: std::fmt::Arguments<'_>) {
    match number {
        number if number.is_nan() => text.push_str("NaN"),
        f64::INFINITY => text.push_str("Infinity"),
        f64::NEG_INFINITY => text.push_str("-Infinity"),
        _ => push(text, digits),
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes every text");
}

/// Reads a line for each row: a value, or for several columns a list; or an object.
pub(super) fn answer(
    worker: &mut WorkerProcess,
    n_rows: usize,
    fields: &[Field],
    wait: &Wait<'_>,
) -> Result<Answer, Trouble> {
    let mut builders: Vec<RunsBuilder> =
        fields.iter().map(|field| RunsBuilder::new(field.name().clone(), n_rows)).collect();
    let mut faults = Vec::new();
    for row in 0..n_rows {
        let text = line(worker, row, n_rows, wait)?;
        let not_understood = |what: String| {
            let shown: String = text.chars().take(60).collect();
            Failure::wrong(format!("answered {shown:?} to row {} of {n_rows}: {what}", row + 1))
        };
        let value = Json::parse(&text).map_err(not_understood)?;
        if let Some(message) = value.get(ERROR_KEY).filter(|message| **message != Json::Null) {
            faults.push((row, message.as_text().map_or_else(|| format!("{message:?}"), str::to_owned)));
            builders.iter_mut().for_each(RunsBuilder::push_null);
            continue;
        }
        let values = values(value, fields).map_err(not_understood)?;
        for (builder, value) in builders.iter_mut().zip(values) {
            if let Err(message) = push_typed(builder, value) {
                faults.push((row, message));
                builder.push_null();
            }
        }
    }
    Ok(Answer { runs: builders.into_iter().map(RunsBuilder::finish).collect(), faults })
}

/// The value of each output column.
fn values(value: Json, fields: &[Field]) -> Result<Vec<Json>, String> {
    match value {
        Json::Object(mut members) => fields
            .iter()
            .map(|field| {
                let at = members.iter().position(|(key, _)| key == field.name().as_str());
                at.map(|at| members.swap_remove(at).1).ok_or_else(|| format!("it has no {:?}", field.name()))
            })
            .collect(),
        Json::List(values) if fields.len() > 1 && values.len() == fields.len() => Ok(values),
        Json::Null => Ok(vec![Json::Null; fields.len()]),
        value if fields.len() == 1 => Ok(vec![value]),
        _ => Err(format!("{} values are wanted", fields.len())),
    }
}

fn push_typed(builder: &mut RunsBuilder, value: Json) -> Result<(), String> {
    match value {
        Json::Null => builder.push_null(),
        Json::Bool(value) => builder.push_bool(value),
        Json::Int(value) => builder.push_int(value),
        Json::Float(value) => builder.push_float(value),
        Json::Text(value) => builder.push_text(&value),
        Json::LargeInt(digits) => {
            return Err(format!(
                "the integer {digits} is too large for 64 bits; write it with a fraction, or as text"
            ));
        }
        Json::List(items) => builder.push_list(list(items)?),
        Json::Object(_) => return Err("the value is an object, which no column holds".to_owned()),
    }
    Ok(())
}

/// The items of a list, which are of one type.
fn list(items: Vec<Json>) -> Result<Series, String> {
    let floats = items.iter().any(|item| matches!(item, Json::Float(_)));
    let mut builder = RunsBuilder::new("", items.len());
    for item in items {
        match item {
            Json::Int(value) if floats => builder.push_float(value as f64),
            item => push_typed(&mut builder, item)?,
        }
    }
    let mut runs = builder.finish();
    match runs.len() {
        0 => Ok(Series::new_null("".into(), 0)),
        1 => Ok(runs.remove(0)),
        _ => Err("the value is a list of several types; a list holds one".to_owned()),
    }
}
