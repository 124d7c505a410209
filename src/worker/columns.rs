//! Columns as raw bytes, for our own Python side: its standard library reads them. `python/reader.py` says how they lie.

use polars::prelude::*;
use polars_arrow::array::{BinaryViewArray, BooleanArray, ListArray, PrimitiveArray, Utf8ViewArray};
use polars_arrow::types::NativeType;

use crate::error::{Error, Result};

use super::json_text::{list, text};

/// Characters that few texts have; one that none of a column's texts has stands between them.
const SEPARATORS: [char; 3] = ['\0', '\n', '\u{1f}'];

/// The rows of `frame`: a line that says what follows, and the bytes of the columns.
pub(super) fn encode(frame: &DataFrame) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(frame.estimated_size());
    let columns = frame.columns().iter().map(|column| put(column.as_materialized_series(), &mut bytes));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let mut message = format!("[{},{}]\n", frame.height(), list(columns)).into_bytes();
    message.append(&mut bytes);
    Ok(message)
}

/// Appends the bytes of some values, and gives what is to be said of them.
fn put(series: &Series, bytes: &mut Vec<u8>) -> Result<String> {
    let series = series.rechunk();
    let has_nulls = series.null_count() > 0 && series.dtype() != &DataType::Null;
    if has_nulls {
        bytes.extend(series.is_null().iter().map(|is_null| u8::from(is_null == Some(true))));
    }
    let (kind, rest) = put_values(&series, bytes)?;
    let mut parts = vec![text(kind), has_nulls.to_string()];
    parts.extend(rest);
    Ok(list(parts))
}

/// The word for a kind of values, and what is said of them beside.
type Said = (&'static str, Vec<String>);

fn put_values(series: &Series, bytes: &mut Vec<u8>) -> Result<Said> {
    let unknown =
        || Error::dtype(series.name().as_str(), "a dtype that Python has values for", series.dtype());
    Ok(match series.dtype() {
        DataType::Null => ("nothing", Vec::new()),
        DataType::Boolean => {
            let array: &BooleanArray = array(series)?;
            bytes.extend(array.values().iter().map(u8::from));
            ("bools", Vec::new())
        }
        DataType::Int8 => numbers::<i8>(series, "b", bytes)?,
        DataType::Int16 => numbers::<i16>(series, "h", bytes)?,
        DataType::Int32 => numbers::<i32>(series, "i", bytes)?,
        DataType::Int64 => numbers::<i64>(series, "q", bytes)?,
        DataType::UInt8 => numbers::<u8>(series, "B", bytes)?,
        DataType::UInt16 => numbers::<u16>(series, "H", bytes)?,
        DataType::UInt32 => numbers::<u32>(series, "I", bytes)?,
        DataType::UInt64 => numbers::<u64>(series, "Q", bytes)?,
        DataType::Float32 => numbers::<f32>(series, "f", bytes)?,
        DataType::Float64 => numbers::<f64>(series, "d", bytes)?,
        DataType::String => texts(array(series)?, bytes),
        DataType::Binary => {
            let array: &BinaryViewArray = array(series)?;
            let values = || array.iter().map(Option::unwrap_or_default);
            lengths(values().map(<[u8]>::len), bytes);
            let start = bytes.len();
            values().for_each(|value| bytes.extend_from_slice(value));
            ("binaries", vec![(bytes.len() - start).to_string()])
        }
        DataType::Decimal(..) => {
            let series = series.cast(&DataType::String).map_err(Error::engine)?;
            let start = bytes.len();
            for value in array::<Utf8ViewArray>(&series)?.iter() {
                bytes.extend_from_slice(value.unwrap_or("0").as_bytes());
                bytes.push(b'\n');
            }
            ("decimals", vec![(bytes.len() - start).to_string()])
        }
        DataType::Date => {
            numbers::<i32>(&series.to_physical_repr(), "i", bytes)?;
            ("dates", Vec::new())
        }
        // Python knows no nanoseconds.
        DataType::Time => {
            let ticks = series.to_physical_repr();
            let ticks = array::<PrimitiveArray<i64>>(&ticks)?;
            ticks.values().iter().for_each(|ticks| bytes.extend((ticks / 1000).to_le_bytes()));
            ("times", Vec::new())
        }
        DataType::Datetime(unit, zone) => {
            let zone = zone.as_ref().map_or_else(|| "null".to_owned(), |zone| text(zone));
            ticks(series, bytes)?;
            ("datetimes", vec![milliseconds(*unit), zone])
        }
        DataType::Duration(unit) => {
            ticks(series, bytes)?;
            ("durations", vec![milliseconds(*unit)])
        }
        DataType::List(inner) => {
            let list = series.list().map_err(Error::engine)?;
            let array: &ListArray<i64> = array(series)?;
            let offsets = array.offsets();
            lengths(offsets.lengths(), bytes);
            let items = list.get_inner().slice(*offsets.first(), offsets.range() as usize);
            let items = items.cast(inner).map_err(Error::engine)?;
            ("lists", vec![items.len().to_string(), put(&items, bytes)?])
        }
        DataType::Array(inner, _) => {
            let lists = series.cast(&DataType::List(inner.clone())).map_err(Error::engine)?;
            return put_values(&lists.rechunk(), bytes);
        }
        DataType::Struct(fields) => {
            let names = list(fields.iter().map(|field| text(field.name())));
            let series = series.struct_().map_err(Error::engine)?.fields_as_series();
            let fields = series.iter().map(|field| put(field, bytes)).collect::<Result<Vec<_>>>()?;
            ("records", vec![names, list(fields)])
        }
        DataType::Categorical(..) | DataType::Enum(..) => {
            return put_values(&series.cast(&DataType::String).map_err(Error::engine)?.rechunk(), bytes);
        }
        _ => return Err(unknown()),
    })
}

/// The only chunk of a series, as what it is.
fn array<A: 'static>(series: &Series) -> Result<&A> {
    series.chunks()[0].as_any().downcast_ref().ok_or_else(|| Error::engine(series.dtype()))
}

fn numbers<T: NativeType>(series: &Series, code: &str, bytes: &mut Vec<u8>) -> Result<Said> {
    let array: &PrimitiveArray<T> = array(series)?;
    for value in array.values().iter() {
        bytes.extend_from_slice(value.to_le_bytes().as_ref());
    }
    Ok(("numbers", vec![text(code)]))
}

/// Points in time or durations, as microseconds or, where they are that, as milliseconds.
fn ticks(series: &Series, bytes: &mut Vec<u8>) -> Result<()> {
    let is_fine = matches!(
        series.dtype(),
        DataType::Datetime(TimeUnit::Nanoseconds, _) | DataType::Duration(TimeUnit::Nanoseconds)
    );
    let ticks = series.to_physical_repr();
    let ticks = array::<PrimitiveArray<i64>>(&ticks)?;
    for ticks in ticks.values().iter() {
        let ticks = if is_fine { ticks.div_euclid(1000) } else { *ticks };
        bytes.extend(ticks.to_le_bytes());
    }
    Ok(())
}

/// How many of Python's milliseconds and microseconds a tick is.
fn milliseconds(unit: TimeUnit) -> String {
    match unit {
        TimeUnit::Milliseconds => "[0,1]",
        TimeUnit::Microseconds | TimeUnit::Nanoseconds => "[1,0]",
    }
    .to_owned()
}

fn lengths(lengths: impl Iterator<Item = usize>, bytes: &mut Vec<u8>) {
    lengths.for_each(|length| bytes.extend((length as i64).to_le_bytes()));
}

/// Texts with a separator between them or, where they have all of those, behind the count of characters of each.
fn texts(array: &Utf8ViewArray, bytes: &mut Vec<u8>) -> Said {
    let values = || array.iter().map(Option::unwrap_or_default);
    let start = bytes.len();
    for separator in SEPARATORS {
        let byte = separator as u8;
        let mut is_free = true;
        for value in values() {
            if memchr::memchr(byte, value.as_bytes()).is_some() {
                is_free = false;
                break;
            }
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(byte);
        }
        if is_free {
            // It stands between them alone.
            bytes.truncate(bytes.len().saturating_sub(1).max(start));
            return ("texts", vec![(bytes.len() - start).to_string(), text(&separator.to_string())]);
        }
        bytes.truncate(start);
    }
    lengths(values().map(|value| value.chars().count()), bytes);
    let start = bytes.len();
    values().for_each(|value| bytes.extend_from_slice(value.as_bytes()));
    ("texts", vec![(bytes.len() - start).to_string(), "null".to_owned()])
}
