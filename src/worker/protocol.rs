//! How rows are written to a worker and its answers are read.

use std::fmt;
use std::str::FromStr;

use polars::prelude::{Column, DataFrame, DataType, Field, PlSmallStr, Series, TimeUnit};

use crate::error::{Error, Result};
use crate::table::check_has_text;

use super::failure::Trouble;
use super::process::WorkerProcess;
use super::wait::Wait;
use super::{arrow, column_answer, columns, csv, ndjson};

/// The key or column of an answer with the message of a row that failed.
pub(super) const ERROR_KEY: &str = "parrow_error";

/// The format in which rows go to a worker and results come back; `docs/worker-protocol.md` says it all.
///
/// # Example
/// ```
/// use parrow::worker::Protocol;
///
/// assert_eq!("ndjson".parse::<Protocol>()?, Protocol::NdJson);
/// # Ok::<(), parrow::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Streams of Arrow IPC: exact for every dtype, and by far the fastest. A Python function of rows gets the same as raw bytes
    /// of columns, which need no package to be read.
    Arrow,
    /// CSV: a line for each row, after a header.
    Csv,
    /// A JSON object for each row, a line each.
    NdJson,
}

impl Protocol {
    const ALL: [Self; 3] = [Self::Arrow, Self::Csv, Self::NdJson];

    /// The word that stands for it on a command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arrow => "arrow",
            Self::Csv => "csv",
            Self::NdJson => "ndjson",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == text).ok_or_else(|| {
            Error::invalid_option("protocol", format!("{text:?} is none of arrow, csv, ndjson"))
        })
    }
}

/// What stands on the pipes of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// Columns as raw bytes, for our own Python side.
    Columns,
    Arrow,
    Csv,
    NdJson,
}

impl Wire {
    /// What a worker of our own is told.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Arrow => "arrow",
            Self::Csv => "csv",
            Self::NdJson => "ndjson",
        }
    }

    /// That a column of this dtype can be written to a worker.
    pub(super) fn check(self, column: &str, dtype: &DataType) -> Result<()> {
        match self {
            Self::Columns | Self::Arrow => Ok(()),
            Self::Csv => check_has_text(column, dtype, "CSV"),
            Self::NdJson => check_has_text(column, dtype, "NDJSON"),
        }
    }

    /// The rows of `frame` as text or bytes, with what must stand before the first ones.
    pub(super) fn encode(self, frame: &DataFrame, place: Place, head: Head) -> Result<Vec<u8>> {
        match self {
            Self::Columns => columns::encode(frame),
            Self::Arrow => arrow::encode(&for_other_programs(frame)?, place),
            Self::Csv => csv::encode(frame, place),
            Self::NdJson => ndjson::encode(frame, head),
        }
    }

    /// Whether this is all that a worker may write behind its last answer.
    pub(super) fn is_end(self, rest: &[u8]) -> bool {
        rest.is_empty() || self == Self::Arrow && rest == arrow::END
    }

    /// Reads the worker's answer to `n_rows` rows.
    pub(super) fn answer(
        self,
        worker: &mut WorkerProcess,
        n_rows: usize,
        fields: &[Field],
        wait: &Wait<'_>,
    ) -> Result<Answer, Trouble> {
        match self {
            Self::Columns => column_answer::answer(worker, n_rows, fields, wait),
            Self::Arrow => arrow::answer(worker, n_rows, fields, wait),
            Self::Csv => csv::answer(worker, n_rows, fields, wait),
            Self::NdJson => ndjson::answer(worker, n_rows, fields, wait),
        }
    }
}

/// Whether a worker has been given rows before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Later,
}

/// What stands before the rows of each chunk of NDJSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Nothing,
    /// A line with the number of rows, for workers of our own.
    Count,
}

/// What a worker answered to a chunk.
#[derive(Debug)]
pub(super) struct Answer {
    /// The values of each output column, as runs of one dtype each.
    pub(super) runs: Vec<Vec<Series>>,
    /// The rows that failed, and what the worker says of them.
    pub(super) faults: Vec<(usize, String)>,
}

/// The columns as other programs know them: categories as text, points in time no finer than microseconds, which is what
/// most languages have.
fn for_other_programs(frame: &DataFrame) -> Result<DataFrame> {
    let columns = frame.columns().iter().map(|column| {
        let dtype = match column.dtype() {
            DataType::Categorical(..) | DataType::Enum(..) => DataType::String,
            DataType::Datetime(TimeUnit::Nanoseconds, zone) => {
                DataType::Datetime(TimeUnit::Microseconds, zone.clone())
            }
            DataType::Duration(TimeUnit::Nanoseconds) => DataType::Duration(TimeUnit::Microseconds),
            _ => return Ok(column.clone()),
        };
        column.cast(&dtype)
    });
    let columns = columns.collect::<Result<Vec<Column>, _>>().map_err(Error::engine)?;
    DataFrame::new(frame.height(), columns).map_err(Error::engine)
}

/// The place of each output column among the names of an answer.
///
/// # Errors
/// When a name is missing.
pub(super) fn places(fields: &[Field], names: &[PlSmallStr]) -> Result<Vec<usize>, String> {
    let place = |field: &Field| names.iter().position(|name| name == field.name());
    if let [field] = fields
        && let [_] = names
    {
        return Ok(vec![place(field).unwrap_or(0)]);
    }
    fields
        .iter()
        .map(|field| {
            place(field).ok_or_else(|| {
                let found: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                format!("answered with columns {}, and {:?} is wanted", found.join(", "), field.name())
            })
        })
        .collect()
}
