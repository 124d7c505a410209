//! The types of flags' values.

use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use parrow::polars::prelude::DataType;
use parrow::table::{Format, parse_dtype};
use parrow::{ErrorKind, OnError};

/// When to do what a terminal is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// When to show how far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressChoice {
    /// On a terminal, for runs that take a moment
    #[default]
    Auto,
    /// Always; as lines of text where there is no terminal
    Always,
    /// Never
    Never,
}

/// What becomes of rows that fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnErrorChoice {
    /// End the run, and write nothing
    #[default]
    Fail,
    /// Leave the new cells of the row empty
    Null,
    /// Leave the row out
    Skip,
    /// As null, and list the failed rows
    Collect,
}

impl From<OnErrorChoice> for OnError {
    fn from(choice: OnErrorChoice) -> Self {
        match choice {
            OnErrorChoice::Fail => Self::Fail,
            OnErrorChoice::Null => Self::Null,
            OnErrorChoice::Skip => Self::Skip,
            OnErrorChoice::Collect => Self::Collect,
        }
    }
}

/// What a command that fails does to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum HaltChoice {
    /// Nothing: they are run
    #[default]
    Never,
    /// Those that are running are ended, and no other is started
    OnError,
}

/// A file format, or a table for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    Format(Format),
    Table,
}

impl FromStr for OutputFormat {
    type Err = parrow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "table" => Ok(Self::Table),
            name => name.parse().map(Self::Format),
        }
    }
}

/// `column=dtype`.
#[derive(Clone, Debug)]
pub struct DtypeOverride {
    pub column: String,
    pub dtype: DataType,
}

impl FromStr for DtypeOverride {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, dtype) =
            text.rsplit_once('=').ok_or("write it as column=dtype, for example price=f64")?;
        let dtype = self::dtype(dtype)?;
        Ok(Self { column: column.to_owned(), dtype })
    }
}

/// A value of the library, whose complaint is said without the option's name: the parser says that itself.
pub fn parsed<T: FromStr<Err = parrow::Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: parrow::Error| match error.kind() {
        ErrorKind::InvalidOption { message, .. } => message.clone(),
        _ => error.to_string(),
    })
}

/// A dtype by its name.
pub fn dtype(name: &str) -> Result<DataType, String> {
    parse_dtype(name).map_err(|error| match error.kind() {
        ErrorKind::InvalidOption { message, .. } => message.clone(),
        _ => error.to_string(),
    })
}

/// A delimiter: one character, or a word for one that is hard to type.
pub fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        "space" => Ok(b' '),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() => Ok(*byte),
            _ => Err("it must be a single ASCII character, or the word tab".to_owned()),
        },
    }
}

/// A number of at least one.
pub fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("it must be a whole number of at least 1".to_owned()),
    }
}

/// A number of at least nothing.
pub fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "it must be a whole number".to_owned())
}

/// A time of more than nothing, in seconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let duration = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match duration {
        Some(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it must be a number of seconds above 0, such as 90 or 0.5".to_owned()),
    }
}

/// A number of mebibytes of at least one, in bytes.
pub fn mebibytes(text: &str) -> Result<usize, String> {
    positive(text)?.checked_mul(1 << 20).ok_or_else(|| "it is more than any memory holds".to_owned())
}

/// A size in bytes: `256MB` is 256 million bytes, `256MiB` so many of 1,048,576, and `256` so many bytes.
pub fn bytes(text: &str) -> Result<usize, String> {
    let digits = text.len() - text.trim_start_matches(|character: char| character.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err("write it as a number with a unit, such as 64MB, 64MiB or 1GB".to_owned()),
    };
    positive(number)?.checked_mul(factor).ok_or_else(|| "it is more than any memory holds".to_owned())
}
