//! Constants that a row function is called with.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// A constant that a function written as text, or in another program, is called with beside the columns.
///
/// Read from text it is what the text looks like: `true` and `false` are booleans, `4` is an integer, `4.5`, `1e3`, `nan`
/// and `inf` are floats, an integer that `i64` can't hold and anything else is text.
///
/// # Example
/// ```
/// use parrow::row::Parameter;
///
/// assert_eq!("4".parse(), Ok(Parameter::Int(4)));
/// assert_eq!("4.5".parse(), Ok(Parameter::Float(4.5)));
/// assert_eq!("four".parse(), Ok(Parameter::Text("four".into())));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(String),
}

impl FromStr for Parameter {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        Ok(match text {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            _ if is_integer => match text.parse() {
                Ok(number) => Self::Int(number),
                Err(_) => Self::Text(text.into()),
            },
            _ => match text.parse() {
                Ok(number) => Self::Float(number),
                Err(_) => Self::Text(text.into()),
            },
        })
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

macro_rules! from {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for Parameter {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! { bool => Bool, i64 => Int, i32 => Int, u32 => Int, f64 => Float, f32 => Float, &str => Text, String => Text }
