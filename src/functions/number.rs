//! [`Number`]: a number that a person or a program gave, kept exactly, whatever dtype it is compared with.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A number as it was given: nothing is lost before it is known what dtype it is to be compared with.
///
/// Made from any Rust number, or from text such as `4`, `-4.5`, `1e3` or `inf`. A bound of `9223372036854775807` is
/// itself beside an `i64` column, and `4.5` beside integers asks for no more than 5 and no less than 4.
///
/// - An integer is compared with integers, decimals and floats alike by its exact value.
/// - Text with a point or an exponent has its exact value beside integers and decimals, and beside floats it is the
///   `f64` that a cell with the same text is read as. So `--max 0.1` includes a cell `0.1` of either dtype.
/// - An `f64` is exact beside integers and floats, and beside decimals it is the shortest decimal number that is read
///   as that `f64`.
///
/// NaN is no bound: [`RangeBounds::new`](super::RangeBounds::new) refuses it.
///
/// # Example
/// ```
/// use parrow::functions::Number;
///
/// let limit: Number = "9223372036854775807".parse()?;
/// assert_eq!(limit, Number::from(i64::MAX));
/// assert!("4,5".parse::<Number>().is_err());
/// # Ok::<(), parrow::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(Form);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Integer(i128),
    Decimal(Decimal),
    Float(f64),
}

/// `mantissa · 10^exponent`, with no power of ten left in the mantissa.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Decimal {
    mantissa: i128,
    exponent: i32,
}

/// Integers are of 38 digits at most, as those of a decimal column are.
const MAX_DIGITS: u128 = 10_u128.pow(38);

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Number {
            fn from(value: $integer) -> Self {
                Self(Form::Integer(value as i128))
            }
        }
    )*};
}

from_integer!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self(Form::Float(value))
    }
}

impl From<f32> for Number {
    fn from(value: f32) -> Self {
        Self(Form::Float(value.into()))
    }
}

impl FromStr for Number {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        if let Some(integer) =
            trimmed.parse::<i128>().ok().filter(|integer| integer.unsigned_abs() < MAX_DIGITS)
        {
            return Ok(Self(Form::Integer(integer)));
        }
        let float: f64 = trimmed.parse().map_err(|_| {
            Error::invalid_option("number", format!("{text:?} is not a number, such as 4 or -4.5"))
        })?;
        if float.is_nan() || !trimmed.ends_with(|last: char| last.is_ascii_digit() || last == '.') {
            return Ok(Self(Form::Float(float)));
        }
        let decimal = Decimal::parse(trimmed).ok_or_else(|| {
            Error::invalid_option("number", format!("{text:?} has more than 38 digits; give it with fewer"))
        })?;
        Ok(Self(Form::Decimal(decimal)))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Form::Integer(value) => value.fmt(f),
            Form::Decimal(Decimal { mantissa, exponent: 0 }) => mantissa.fmt(f),
            Form::Decimal(Decimal { mantissa, exponent }) if (-38..0).contains(&exponent) => {
                let scale = exponent.unsigned_abs();
                let (whole, part) = (mantissa / ten_to(scale), mantissa.abs() % ten_to(scale));
                let sign = if mantissa < 0 && whole == 0 { "-" } else { "" };
                write!(f, "{sign}{whole}.{part:0width$}", width = scale as usize)
            }
            Form::Decimal(Decimal { mantissa, exponent }) => write!(f, "{mantissa}e{exponent}"),
            Form::Float(value) => value.fmt(f),
        }
    }
}

impl Number {
    /// Whether it is NaN.
    pub fn is_nan(&self) -> bool {
        matches!(self.0, Form::Float(value) if value.is_nan())
    }

    /// Which of two numbers is the larger one; `None` when one is NaN.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self.0, other.0) {
            (Form::Float(a), Form::Float(b)) => a.partial_cmp(&b),
            (Form::Float(a), _) if !a.is_finite() => a.partial_cmp(&0.0),
            (_, Form::Float(b)) if !b.is_finite() => 0.0.partial_cmp(&b),
            _ => Some(self.decimal()?.compare(other.decimal()?)),
        }
    }

    /// The smallest integer that is not below this number times `10^scale`; the end of `i128` when there is none.
    pub(super) fn ceil(&self, scale: u32) -> i128 {
        match self.decimal() {
            Some(decimal) => decimal.scaled(scale, Toward::Up),
            None => infinite_integer(self.float()),
        }
    }

    /// The largest integer that is not above this number times `10^scale`; the end of `i128` when there is none.
    pub(super) fn floor(&self, scale: u32) -> i128 {
        match self.decimal() {
            Some(decimal) => decimal.scaled(scale, Toward::Down),
            None => infinite_integer(self.float()),
        }
    }

    /// The smallest `f64` that counts as not below this number.
    pub(super) fn lowest_float(&self) -> f64 {
        let nearest = self.float();
        match self.0 {
            // The nearest float of an integer is an integer, too.
            Form::Integer(value) if value > nearest as i128 => nearest.next_up(),
            Form::Decimal(_) if nearest == f64::NEG_INFINITY => f64::MIN,
            _ => nearest,
        }
    }

    /// The largest `f64` that counts as not above this number.
    pub(super) fn highest_float(&self) -> f64 {
        let nearest = self.float();
        match self.0 {
            Form::Integer(value) if value < nearest as i128 => nearest.next_down(),
            Form::Decimal(_) if nearest == f64::INFINITY => f64::MAX,
            _ => nearest,
        }
    }

    /// The nearest `f64`.
    fn float(&self) -> f64 {
        match self.0 {
            Form::Integer(value) => value as f64,
            Form::Decimal(Decimal { mantissa, exponent }) => {
                format!("{mantissa}e{exponent}").parse().expect("digits and an exponent are a number")
            }
            Form::Float(value) => value,
        }
    }

    /// The number as a decimal one; `None` when it is not finite.
    fn decimal(&self) -> Option<Decimal> {
        match self.0 {
            Form::Integer(mantissa) => Some(Decimal { mantissa, exponent: 0 }.reduced()),
            Form::Decimal(decimal) => Some(decimal),
            Form::Float(value) if !value.is_finite() => None,
            // Every f64 of this size that has no fraction is an i128.
            Form::Float(value) if value.fract() == 0.0 && value.abs() < 1e38 => {
                Some(Decimal { mantissa: value as i128, exponent: 0 }.reduced())
            }
            // The shortest text lies on the same side of every integer as the value, and has at most 17 digits.
            Form::Float(value) => Decimal::parse(&format!("{value:e}")),
        }
    }
}

fn infinite_integer(value: f64) -> i128 {
    if value > 0.0 { i128::MAX } else { i128::MIN }
}

#[derive(Clone, Copy, PartialEq)]
enum Toward {
    Up,
    Down,
}

impl Decimal {
    /// Reads digits with or without a sign, a point and an exponent; `None` when they are too many for `i128`.
    fn parse(text: &str) -> Option<Self> {
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let part = part.trim_end_matches('0');
        let mantissa = match format!("{whole}{part}").as_str() {
            "" | "-" | "+" => 0,
            digits => digits.parse().ok().filter(|mantissa: &i128| mantissa.unsigned_abs() < MAX_DIGITS)?,
        };
        let exponent = i32::try_from(exponent - part.len() as i64).ok()?;
        Some(Self { mantissa, exponent }.reduced())
    }

    fn reduced(mut self) -> Self {
        if self.mantissa == 0 {
            return Self { mantissa: 0, exponent: 0 };
        }
        while self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.exponent += 1;
        }
        self
    }

    /// The end of `i128` on the number's side of zero.
    fn infinite(self) -> i128 {
        if self.mantissa > 0 { i128::MAX } else { i128::MIN }
    }

    fn compare(self, other: Self) -> Ordering {
        let lower = self.exponent.min(other.exponent);
        // Digits that do not fit once the exponents are equal make the larger size.
        let aligned = |it: Self| match power_of_ten(it.exponent.abs_diff(lower)) {
            _ if it.mantissa == 0 => 0,
            Some(power) => it.mantissa.saturating_mul(power),
            None => it.infinite(),
        };
        aligned(self).cmp(&aligned(other))
    }

    fn scaled(self, scale: u32, toward: Toward) -> i128 {
        let exponent = i64::from(self.exponent) + i64::from(scale);
        let power = u32::try_from(exponent.unsigned_abs()).ok().and_then(power_of_ten);
        if exponent >= 0 {
            return match power {
                _ if self.mantissa == 0 => 0,
                Some(power) => self.mantissa.saturating_mul(power),
                None => self.infinite(),
            };
        }
        // A fraction is left: the mantissa is no multiple of ten.
        let below = match power {
            Some(power) => self.mantissa.div_euclid(power),
            None => -i128::from(self.mantissa < 0),
        };
        if toward == Toward::Up { below + 1 } else { below }
    }
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

fn ten_to(exponent: u32) -> i128 {
    10_i128.pow(exponent)
}
