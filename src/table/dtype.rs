//! The names of dtypes, as they are given on a command line and shown in messages.

use polars::prelude::{Categories, DataType, TimeUnit, TimeZone};

use crate::error::{Error, Result, nearest};

/// The names without arguments, for suggestions; the first of a dtype is the one that is shown.
const NAMES: &[&str] = &[
    "i8",
    "i16",
    "i32",
    "i64",
    "u8",
    "u16",
    "u32",
    "u64",
    "f32",
    "f64",
    "bool",
    "str",
    "date",
    "datetime",
    "time",
    "duration",
    "categorical",
    "decimal",
    "list",
    "binary",
];

/// The dtype of a name.
///
/// `i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 bool str date time categorical binary`; `datetime` and `duration`, which count
/// microseconds, or with their unit `datetime[ms]`, `duration[ns]`, and for an instant `datetime[us, UTC]`;
/// `decimal(precision, scale)`; `list[f64]`, of any dtype. The long names of Polars, Python and SQL (`int64`, `float`,
/// `string`, `boolean`, …) are understood. Upper and lower case are the same.
///
/// # Errors
/// [`InvalidOption`](crate::ErrorKind::InvalidOption) for any other name, with the nearest one.
///
/// # Example
/// ```
/// use parrow::polars::prelude::DataType;
/// use parrow::table::parse_dtype;
///
/// assert_eq!(parse_dtype("list[f64]")?, DataType::List(Box::new(DataType::Float64)));
/// assert!(parse_dtype("flaot").unwrap_err().to_string().contains("float"));
/// # Ok::<_, parrow::Error>(())
/// ```
pub fn parse_dtype(text: &str) -> Result<DataType> {
    let name = text.trim().to_lowercase();
    if let Some(dtype) = simple(&name) {
        return Ok(dtype);
    }
    let (head, arguments) = match name.split_once(['[', '(']) {
        Some((head, rest)) => (head.trim(), rest.strip_suffix([']', ')']).ok_or_else(|| unknown(text))?),
        None => return Err(unknown(text)),
    };
    match head {
        "list" => Ok(DataType::List(Box::new(parse_dtype(arguments)?))),
        "decimal" => decimal(arguments).ok_or_else(|| {
            let wanted =
                "write decimal(precision, scale), with a precision from 1 to 38 and a scale up to it";
            Error::invalid_option("dtype", format!("{text:?}: {wanted}"))
        }),
        "datetime" => {
            let (unit, zone) = match arguments.split_once(',') {
                Some((unit, zone)) => (unit, Some(zone.trim())),
                None => (arguments, None),
            };
            let zone = match zone {
                None => None,
                Some("utc") => Some(TimeZone::UTC),
                Some(_) => {
                    return Err(Error::invalid_option(
                        "dtype",
                        format!("{text:?}: the zone can only be UTC"),
                    ));
                }
            };
            Ok(DataType::Datetime(time_unit(unit).ok_or_else(|| unknown(text))?, zone))
        }
        "duration" => Ok(DataType::Duration(time_unit(arguments).ok_or_else(|| unknown(text))?)),
        _ => Err(unknown(text)),
    }
}

/// The name of a dtype, which [`parse_dtype`] takes back for every dtype that has one there.
///
/// # Example
/// ```
/// use parrow::polars::prelude::DataType;
///
/// assert_eq!(parrow::table::dtype_name(&DataType::Int64), "i64");
/// ```
pub fn dtype_name(dtype: &DataType) -> String {
    match dtype {
        DataType::Decimal(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::Datetime(unit, None) => format!("datetime[{}]", unit_name(*unit)),
        DataType::Datetime(unit, Some(zone)) => format!("datetime[{}, {zone}]", unit_name(*unit)),
        DataType::Duration(unit) => format!("duration[{}]", unit_name(*unit)),
        DataType::List(inner) => format!("list[{}]", dtype_name(inner)),
        DataType::Categorical(..) => "categorical".into(),
        DataType::String => "str".into(),
        DataType::Boolean => "bool".into(),
        other => other.to_string(),
    }
}

fn simple(name: &str) -> Option<DataType> {
    Some(match name {
        "i8" | "int8" => DataType::Int8,
        "i16" | "int16" => DataType::Int16,
        "i32" | "int32" => DataType::Int32,
        "i64" | "int64" | "int" | "integer" => DataType::Int64,
        "u8" | "uint8" => DataType::UInt8,
        "u16" | "uint16" => DataType::UInt16,
        "u32" | "uint32" => DataType::UInt32,
        "u64" | "uint64" => DataType::UInt64,
        "f32" | "float32" => DataType::Float32,
        "f64" | "float64" | "float" | "double" => DataType::Float64,
        "bool" | "boolean" => DataType::Boolean,
        "str" | "string" | "text" | "utf8" | "varchar" => DataType::String,
        "date" => DataType::Date,
        "datetime" | "timestamp" => DataType::Datetime(TimeUnit::Microseconds, None),
        "time" => DataType::Time,
        "duration" => DataType::Duration(TimeUnit::Microseconds),
        "categorical" | "category" => DataType::from_categories(Categories::global()),
        "binary" => DataType::Binary,
        _ => return None,
    })
}

fn decimal(arguments: &str) -> Option<DataType> {
    let (precision, scale) = arguments.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    ((1..=38).contains(&precision) && scale <= precision).then_some(DataType::Decimal(precision, scale))
}

fn time_unit(text: &str) -> Option<TimeUnit> {
    match text.trim() {
        "ms" => Some(TimeUnit::Milliseconds),
        "us" | "μs" | "µs" => Some(TimeUnit::Microseconds),
        "ns" => Some(TimeUnit::Nanoseconds),
        _ => None,
    }
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Milliseconds => "ms",
        TimeUnit::Microseconds => "us",
        TimeUnit::Nanoseconds => "ns",
    }
}

fn unknown(text: &str) -> Error {
    let mut candidates: Vec<String> = NAMES.iter().map(|name| name.to_string()).collect();
    candidates.extend(["int", "float", "double", "string", "text", "boolean", "category"].map(String::from));
    let suggestion = match nearest(text, &candidates) {
        Some(near) => format!("did you mean {near}? "),
        None => String::new(),
    };
    let message = format!(
        "no dtype {text:?}; {suggestion}(dtypes: i8 … i64, u8 … u64, f32, f64, bool, str, date, datetime, time, duration, \
         categorical, decimal(p, s), list[…])"
    );
    Error::invalid_option("dtype", message)
}
