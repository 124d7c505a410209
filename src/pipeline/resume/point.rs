//! A place in inputs and output at once.

use polars::prelude::DataType;

use super::journal::Line;
use crate::error::{Error, Result, RowFailure};
use crate::fault::{Fault, RowFate};
use crate::table::pieces::Place;
use crate::table::{Border, dtype_name, parse_dtype};

/// A place behind a piece of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::pipeline) struct InputPlace {
    /// Which input.
    pub(in crate::pipeline) input: usize,
    /// How many rows the inputs before it have.
    pub(in crate::pipeline) rows_before: u64,
    /// Where in the input.
    pub(in crate::pipeline) place: Place,
}

/// What was counted up to a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::pipeline) struct Counted {
    pub(in crate::pipeline) n_rows_read: u64,
    pub(in crate::pipeline) n_rows: u64,
    /// How much output there was: bytes of text, or rows.
    pub(in crate::pipeline) n_units: u64,
}

/// Where a run can be gone on with.
///
/// The output may be ahead of the inputs, for it is cut at borders of its own: then what comes of the next rows is left out, up
/// to its border.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::pipeline) struct Point {
    pub(in crate::pipeline) at: InputPlace,
    pub(in crate::pipeline) counted: Counted,
    pub(in crate::pipeline) border: Border,
    /// The dtypes of undeclared columns that are decided.
    pub(in crate::pipeline) decided: Vec<Option<DataType>>,
}

const POINT: &[u8] = b"point";

impl Point {
    /// The line of a journal; `None` where a dtype has no name that it can be told by.
    pub(in crate::pipeline) fn to_line(&self) -> Option<Line> {
        let InputPlace { input, rows_before, place } = self.at;
        let Counted { n_rows_read, n_rows, n_units } = self.counted;
        let numbers = [
            n_rows_read,
            n_rows,
            n_units,
            input as u64,
            rows_before,
            place.offset,
            place.line,
            place.row,
            self.border.n_units,
            self.border.n_bytes,
        ];
        let mut line = vec![POINT.to_vec()];
        line.extend(numbers.iter().map(|number| number.to_string().into_bytes()));
        for dtype in &self.decided {
            let name = dtype.as_ref().map_or(String::new(), dtype_name);
            if dtype.as_ref().is_some_and(|dtype| parse_dtype(&name).ok().as_ref() != Some(dtype)) {
                return None;
            }
            line.push(name.into_bytes());
        }
        Some(line)
    }

    /// The point of a line, where it is one; its blocks stand in lines of their own.
    pub(super) fn from_line(line: &Line) -> Option<Self> {
        let (kind, rest) = line.split_first()?;
        let (numbers, dtypes) = rest.split_at_checked(10)?;
        let numbers = numbers.iter().map(|number| std::str::from_utf8(number).ok()?.parse().ok());
        let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        if kind != POINT {
            return None;
        }
        let decided = dtypes.iter().map(|name| match std::str::from_utf8(name).ok()? {
            "" => Some(None),
            name => parse_dtype(name).ok().map(Some),
        });
        Some(Self {
            counted: Counted { n_rows_read: numbers[0], n_rows: numbers[1], n_units: numbers[2] },
            at: InputPlace {
                input: numbers[3] as usize,
                rows_before: numbers[4],
                place: Place { offset: numbers[5], line: numbers[6], row: numbers[7] },
            },
            border: Border { n_units: numbers[8], n_bytes: numbers[9], blocks: Vec::new() },
            decided: decided.collect::<Option<_>>()?,
        })
    }
}

const BLOCK: &[u8] = b"block";
const FAULT: &[u8] = b"fault";
const REJECT: &[u8] = b"reject";

/// What a point needs to be gone on from, and does not say itself.
#[derive(Default)]
pub(in crate::pipeline) struct Before {
    pub(in crate::pipeline) blocks: Vec<Vec<u8>>,
    pub(in crate::pipeline) faults: Vec<Fault>,
    pub(in crate::pipeline) rejects: Vec<(u64, Vec<u8>)>,
}

/// The line of a block that is written.
pub(in crate::pipeline) fn block_line(block: &[u8]) -> Line {
    vec![BLOCK.to_vec(), block.to_vec()]
}

/// The line of a fault.
pub(in crate::pipeline) fn fault_line(fault: &Fault) -> Line {
    let text = |text: Option<String>| text.unwrap_or_default().into_bytes();
    vec![
        FAULT.to_vec(),
        fault.row.to_string().into_bytes(),
        fault.cause.as_str().into(),
        fault.message.clone().into_bytes(),
        text(fault.column.as_ref().map(|column| format!("={column}"))),
        fault.file.as_ref().map_or(Vec::new(), |file| file.as_os_str().as_encoded_bytes().to_vec()),
        text(fault.line.map(|line| line.to_string())),
        fault.attempt.to_string().into_bytes(),
        text(fault.elapsed.map(|elapsed| elapsed.as_nanos().to_string())),
        text((fault.fate == RowFate::LeftOut).then(|| "left out".to_owned())),
    ]
}

/// The line of a row that could not be read.
pub(in crate::pipeline) fn reject_line(row: u64, text: &[u8]) -> Line {
    vec![REJECT.to_vec(), row.to_string().into_bytes(), text.to_vec()]
}

impl Before {
    /// Takes a line that stands before a point.
    pub(super) fn take(&mut self, line: &Line) -> Result<()> {
        let wrong = || Error::malformed("journal", "it has a line that this version does not know");
        let number = |field: &[u8]| std::str::from_utf8(field).ok().and_then(|text| text.parse::<u64>().ok());
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        match (line.first().map(Vec::as_slice), &line[1.min(line.len())..]) {
            (Some(BLOCK), [block]) => self.blocks.push(block.clone()),
            (Some(REJECT), [row, bytes]) => {
                self.rejects.push((number(row).ok_or_else(wrong)?, bytes.clone()))
            }
            (Some(FAULT), [row, cause, message, column, file, line, attempt, elapsed, fate]) => {
                let cause = RowFailure::ALL.into_iter().find(|kind| kind.as_str().as_bytes() == cause);
                let cause = cause.ok_or_else(wrong)?;
                let mut fault = Fault::new(number(row).ok_or_else(wrong)?, cause, text(message));
                fault.column = column.strip_prefix(b"=").map(text);
                fault.file = (!file.is_empty()).then(|| text(file).into());
                fault.line = number(line);
                fault.attempt = number(attempt).unwrap_or(1) as u32;
                fault.elapsed = number(elapsed).map(std::time::Duration::from_nanos);
                fault.fate = if fate.is_empty() { RowFate::Kept } else { RowFate::LeftOut };
                self.faults.push(fault);
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }
}
