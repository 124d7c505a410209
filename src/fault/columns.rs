//! Faults as the rows of a ledger file.

use polars::prelude::{Column, DataFrame, DataType, Field, Schema};

use super::ledger::{Fault, RowFate};
use crate::error::{Error, Result};

/// The columns of a ledger file.
pub(crate) fn ledger_schema() -> Schema {
    let field = |name: &str, dtype: DataType| Field::new(name.into(), dtype);
    Schema::from_iter([
        field("file", DataType::String),
        field("row", DataType::UInt64),
        field("line", DataType::UInt64),
        field("column", DataType::String),
        field("kind", DataType::String),
        field("message", DataType::String),
        field("attempt", DataType::UInt32),
        field("elapsed", DataType::Float64),
        field("in_output", DataType::Boolean),
    ])
}

/// Faults as rows of a ledger file.
pub(crate) fn ledger_rows(faults: &[Fault]) -> Result<DataFrame> {
    let text = |name: &str, value: fn(&Fault) -> Option<String>| {
        Column::new(name.into(), faults.iter().map(value).collect::<Vec<_>>())
    };
    let columns = vec![
        text("file", |fault| Some(fault.file.as_ref()?.display().to_string())),
        Column::new("row".into(), faults.iter().map(|fault| fault.row).collect::<Vec<_>>()),
        Column::new("line".into(), faults.iter().map(|fault| fault.line).collect::<Vec<_>>()),
        text("column", |fault| fault.column.clone()),
        text("kind", |fault| Some(fault.cause.as_str().to_owned())),
        text("message", |fault| Some(fault.message.clone())),
        Column::new("attempt".into(), faults.iter().map(|fault| fault.attempt).collect::<Vec<_>>()),
        Column::new(
            "elapsed".into(),
            faults.iter().map(|fault| Some(fault.elapsed?.as_secs_f64())).collect::<Vec<_>>(),
        ),
        Column::new(
            "in_output".into(),
            faults.iter().map(|fault| fault.fate == RowFate::Kept).collect::<Vec<_>>(),
        ),
    ];
    DataFrame::new(faults.len(), columns).map_err(Error::engine)
}
