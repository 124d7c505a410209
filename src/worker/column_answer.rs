//! The answers of our own Python side: columns as raw bytes. `python/writer.py` says how they lie.

use polars::prelude::*;
use polars_arrow::bitmap::Bitmap;

use super::arrow::into_runs;
use super::failure::{Failure, Trouble};
use super::json::Json;
use super::lines::line;
use super::process::WorkerProcess;
use super::protocol::Answer;
use super::wait::Wait;

/// Reads the answer to a chunk.
pub(super) fn answer(
    worker: &mut WorkerProcess,
    n_rows: usize,
    fields: &[Field],
    wait: &Wait<'_>,
) -> Result<Answer, Trouble> {
    let text = line(worker, 0, n_rows, wait)?;
    let not_understood = || {
        let shown: String = text.chars().take(60).collect();
        Failure::wrong(format!("answered {shown:?}, which is no answer to {n_rows} rows"))
    };
    let head = Json::parse(&text).map_err(|_| not_understood())?;
    let Json::List(head) = head else { return Err(not_understood().into()) };
    let [Json::List(columns), Json::List(faults)] = head.as_slice() else {
        return Err(not_understood().into());
    };
    if columns.len() != fields.len() {
        return Err(not_understood().into());
    }
    let mut reader = Reader { worker, wait };
    let mut runs = Vec::with_capacity(fields.len());
    for (column, field) in columns.iter().zip(fields) {
        let Json::List(parts) = column else { return Err(not_understood().into()) };
        let parts = parts.iter().map(|part| reader.values(part, field.name(), n_rows));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        runs.push(match parts.is_empty() {
            true => vec![Series::full_null(field.name().clone(), n_rows, &DataType::Null)],
            false => into_runs(parts),
        });
    }
    let fault = |fault: &Json| match fault {
        Json::List(parts) => match parts.as_slice() {
            [Json::Int(row), Json::Text(message)] if (0..n_rows as i64).contains(row) => {
                Some((*row as usize, message.clone()))
            }
            _ => None,
        },
        _ => None,
    };
    let faults = faults.iter().map(fault).collect::<Option<Vec<_>>>().ok_or_else(not_understood)?;
    Ok(Answer { runs, faults })
}

struct Reader<'w> {
    worker: &'w mut WorkerProcess,
    wait: &'w Wait<'w>,
}

impl Reader<'_> {
    /// Values as they are said in the head: `[kind, whether some are null, …]`.
    fn values(&mut self, said: &Json, name: &PlSmallStr, n_values: usize) -> Result<Series, Trouble> {
        let broken = || Failure::wrong(format!("answered {said:?}, which is no column"));
        let Json::List(said) = said else { return Err(broken().into()) };
        let [Json::Text(kind), Json::Bool(has_nulls), rest @ ..] = said.as_slice() else {
            return Err(broken().into());
        };
        let validity = match has_nulls {
            true => Some(self.bytes(n_values)?.iter().map(|is_null| *is_null == 0).collect::<Bitmap>()),
            false => None,
        };
        let name = name.clone();
        let int = |place: usize| match rest.get(place) {
            Some(Json::Int(value)) => usize::try_from(*value).map_err(|_| broken()),
            _ => Err(broken()),
        };
        let ticks = |values: Vec<i64>, dtype: DataType| {
            let series =
                Int64Chunked::from_vec_validity(name.clone(), values, validity.clone()).into_series();
            series.cast(&dtype).map_err(|error| Failure::wrong(error.to_string()))
        };
        let is_valid = |row: usize| validity.as_ref().is_none_or(|validity| validity.get_bit(row));
        Ok(match kind.as_str() {
            "int" => {
                Int64Chunked::from_vec_validity(name, self.numbers(n_values, i64::from_le_bytes)?, validity)
                    .into_series()
            }
            "uint" => {
                UInt64Chunked::from_vec_validity(name, self.numbers(n_values, u64::from_le_bytes)?, validity)
                    .into_series()
            }
            "float" => {
                Float64Chunked::from_vec_validity(name, self.numbers(n_values, f64::from_le_bytes)?, validity)
                    .into_series()
            }
            "bool" => {
                let bytes = self.bytes(n_values)?;
                let values = (0..n_values).map(|row| is_valid(row).then(|| bytes[row] != 0));
                BooleanChunked::from_iter_options(name, values).into_series()
            }
            "str" => {
                let (lengths, whole) = (self.numbers(n_values, i64::from_le_bytes)?, self.bytes(int(0)?)?);
                let pieces = pieces(&lengths, &whole).ok_or_else(broken)?;
                let texts = pieces.into_iter().map(std::str::from_utf8).collect::<Result<Vec<_>, _>>();
                let texts = texts.map_err(|_| broken())?;
                let values = texts.into_iter().enumerate().map(|(row, text)| is_valid(row).then_some(text));
                StringChunked::from_iter_options(name, values).into_series()
            }
            "bytes" => {
                let (lengths, whole) = (self.numbers(n_values, i64::from_le_bytes)?, self.bytes(int(0)?)?);
                let pieces = pieces(&lengths, &whole).ok_or_else(broken)?;
                let values =
                    pieces.into_iter().enumerate().map(|(row, value)| is_valid(row).then_some(value));
                BinaryChunked::from_iter_options(name, values).into_series()
            }
            "decimal" => {
                let (whole, scale) = (self.bytes(int(0)?)?, int(1)?);
                let texts = std::str::from_utf8(&whole).map_err(|_| broken())?;
                let values = texts.split('\n').enumerate().map(|(row, text)| is_valid(row).then_some(text));
                let texts = StringChunked::from_iter_options(name, values.take(n_values)).into_series();
                let dtype = DataType::Decimal(38, scale);
                texts.strict_cast(&dtype).map_err(|error| Failure::wrong(error.to_string()))?
            }
            "date" => ticks(self.numbers(n_values, i64::from_le_bytes)?, DataType::Date)?,
            "time" => {
                let ticks_of_time =
                    self.numbers(n_values, i64::from_le_bytes)?.into_iter().map(|ticks| ticks * 1000);
                ticks(ticks_of_time.collect(), DataType::Time)?
            }
            "datetime" => ticks(
                self.numbers(n_values, i64::from_le_bytes)?,
                DataType::Datetime(TimeUnit::Microseconds, None),
            )?,
            "timedelta" => ticks(
                self.numbers(n_values, i64::from_le_bytes)?,
                DataType::Duration(TimeUnit::Microseconds),
            )?,
            "list" => {
                let lengths = self.numbers(n_values, i64::from_le_bytes)?;
                let items = self.values(rest.get(1).ok_or_else(broken)?, &PlSmallStr::EMPTY, int(0)?)?;
                let mut from = 0;
                let mut lists = Vec::with_capacity(n_values);
                for (row, length) in lengths.into_iter().enumerate() {
                    let length = usize::try_from(length).map_err(|_| broken())?;
                    if from + length > items.len() {
                        return Err(broken().into());
                    }
                    lists.push(is_valid(row).then(|| items.slice(from as i64, length)));
                    from += length;
                }
                let lists: ListChunked = lists.into_iter().collect();
                let dtype = DataType::List(Box::new(items.dtype().clone()));
                let lists = lists.into_series().with_name(name);
                // With no item in any list, the engine does not know what the items would be.
                lists.cast(&dtype).unwrap_or(lists)
            }
            "null" => Series::full_null(name, n_values, &DataType::Null),
            _ => return Err(broken().into()),
        })
    }

    fn bytes(&mut self, n_bytes: usize) -> Result<Vec<u8>, Trouble> {
        self.worker.need(n_bytes, self.wait)?;
        Ok(self.worker.take(n_bytes))
    }

    fn numbers<T>(&mut self, n_values: usize, read: impl Fn([u8; 8]) -> T) -> Result<Vec<T>, Trouble> {
        let bytes = self.bytes(n_values.saturating_mul(8))?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| read(*bytes)).collect())
    }
}

/// Pieces of so many bytes each.
fn pieces<'b>(lengths: &[i64], whole: &'b [u8]) -> Option<Vec<&'b [u8]>> {
    let mut rest = whole;
    let piece = |length: &i64| {
        let (piece, behind) = rest.split_at_checked(usize::try_from(*length).ok()?)?;
        rest = behind;
        Some(piece)
    };
    lengths.iter().map(piece).collect()
}
