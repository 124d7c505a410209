//! Text to value, a function a dtype. Each takes exactly the texts of its dtype and gives `None` for all others: nothing is
//! rounded to fit, wrapped, or cut off.
//!
//! Blanks around a number, a truth value or a time are not part of it.

use chrono::{Datelike, NaiveDate};
use polars::prelude::TimeUnit;

/// Days from the first day of chrono's calendar to 1970-01-01.
const EPOCH_DAYS: i32 = 719_163;
const DAY_NANOSECONDS: i64 = 86_400_000_000_000;

/// The text without the blanks around it.
#[inline(always)]
pub(in crate::table) fn trim(text: &[u8]) -> &[u8] {
    match text {
        [only] if *only > b' ' => text,
        [first, .., last] if *first > b' ' && *last > b' ' => text,
        _ => text.trim_ascii(),
    }
}

/// An integer of any size, and whether it would be written back the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    pub(super) negative: bool,
    /// The digits' value; `u128::MAX` stands for anything too large.
    pub(super) magnitude: u128,
    /// Without leading zeros, `+` or a negative zero.
    pub(super) canonical: bool,
}

/// Any integer: an optional sign, then digits alone.
pub(super) fn integer(text: &[u8]) -> Option<Integer> {
    let (sign, digits) = match text {
        [sign @ (b'-' | b'+'), digits @ ..] => (Some(*sign), digits),
        digits => (None, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut magnitude = 0u128;
    for digit in digits {
        magnitude = magnitude.saturating_mul(10).saturating_add(u128::from(digit - b'0'));
    }
    let negative = sign == Some(b'-');
    let padded = digits.len() > 1 && digits[0] == b'0';
    let canonical = !padded && sign != Some(b'+') && !(negative && magnitude == 0);
    Some(Integer { negative, magnitude, canonical })
}

/// An `i64`, leading zeros and `+` allowed.
#[inline(always)]
pub(in crate::table) fn parse_i64(text: &[u8]) -> Option<i64> {
    let text = trim(text);
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return parse_long_i64(text);
    }
    let mut value = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

#[cold]
fn parse_long_i64(text: &[u8]) -> Option<i64> {
    let Integer { negative, magnitude, .. } = integer(text)?;
    let value = i128::try_from(magnitude).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// A `u64`, leading zeros and `+` allowed.
pub(in crate::table) fn parse_u64(text: &[u8]) -> Option<u64> {
    let Integer { negative, magnitude, .. } = integer(trim(text))?;
    if negative && magnitude != 0 {
        return None;
    }
    u64::try_from(magnitude).ok()
}

/// An `i64` that would be written back the same: no leading zeros, no `+`, no `-0`.
#[inline(always)]
pub(super) fn parse_canonical_i64(text: &[u8]) -> Option<i64> {
    match trim(text) {
        [b'0'] => Some(0),
        [b'0' | b'+', ..] | [b'-', b'0', ..] => None,
        text => parse_i64(text),
    }
}

/// A `u64` that would be written back the same.
pub(super) fn parse_canonical_u64(text: &[u8]) -> Option<u64> {
    integer(trim(text))?.canonical.then(|| parse_u64(text)).flatten()
}

/// An `f64`; of integers, those that would be written back the same, and `-0`.
pub(super) fn parse_exact_f64(text: &[u8]) -> Option<f64> {
    let trimmed = trim(text);
    if trimmed == b"-0" {
        return Some(-0.0);
    }
    if trimmed.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+')) {
        let Integer { canonical, magnitude, .. } = integer(trimmed)?;
        let value = parse_f64(trimmed)?;
        return (canonical && value.abs() as u128 == magnitude).then_some(value);
    }
    parse_f64(trimmed)
}

/// An integer of a narrower dtype.
pub(in crate::table) fn parse_narrow<T: TryFrom<i64>>(text: &[u8]) -> Option<T> {
    T::try_from(parse_i64(text)?).ok()
}

/// An `f64`: decimal or scientific notation, `inf`, `infinity` and `nan` in any case.
///
/// A number that is too large is `None`, and not infinity.
#[inline]
pub(in crate::table) fn parse_f64(text: &[u8]) -> Option<f64> {
    let text = trim(text);
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (!value.is_infinite() || names_infinity(text)).then_some(value)
}

/// An `f32`, by the rules of [`parse_f64`].
pub(in crate::table) fn parse_f32(text: &[u8]) -> Option<f32> {
    let text = trim(text);
    let value: f32 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (!value.is_infinite() || names_infinity(text)).then_some(value)
}

/// Of a text that is a float: whether it is infinity by name, and not digits.
pub(super) fn names_infinity(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'i' | b'I'))
}

/// A truth value: `true` or `false`, `True`, `TRUE` and so on.
pub(in crate::table) fn parse_bool(text: &[u8]) -> Option<bool> {
    match trim(text) {
        b"true" | b"True" | b"TRUE" => Some(true),
        b"false" | b"False" | b"FALSE" => Some(false),
        _ => None,
    }
}

/// A date, `2024-02-29`, as days since 1970-01-01. Years have four digits, or a sign and more.
pub(in crate::table) fn parse_date(text: &[u8]) -> Option<i32> {
    let text = trim(text);
    let (year, month_day) = match text {
        [b'+' | b'-', ..] => {
            let dash = 1 + text[1..].iter().position(|byte| *byte == b'-')?;
            if !(5..=7).contains(&dash) || !text[1..dash].iter().all(u8::is_ascii_digit) {
                return None;
            }
            (parse_i64(&text[..dash])?, &text[dash..])
        }
        _ if text.len() == 10 => (digits(&text[..4])?, &text[4..]),
        _ => return None,
    };
    let [b'-', m1, m2, b'-', d1, d2] = month_day else { return None };
    let (month, day) = (digits(&[*m1, *m2])?, digits(&[*d1, *d2])?);
    let date = NaiveDate::from_ymd_opt(year.try_into().ok()?, month as u32, day as u32)?;
    Some(date.num_days_from_ce() - EPOCH_DAYS)
}

/// A time of day, `23:59:59` with up to nine digits of a second, as nanoseconds since midnight.
pub(in crate::table) fn parse_time(text: &[u8]) -> Option<i64> {
    let nanoseconds = clock(trim(text))?;
    (trim(text).len() >= 8).then_some(nanoseconds)
}

/// A moment: its day since 1970-01-01, the nanoseconds since that midnight, and whether it is in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) days: i32,
    pub(super) nanoseconds: i64,
    pub(super) utc: bool,
}

impl Moment {
    /// The moment in a unit; `None` where the unit is too coarse or its range too small.
    pub(super) fn in_unit(self, unit: TimeUnit) -> Option<i64> {
        let per_unit = match unit {
            TimeUnit::Nanoseconds => 1,
            TimeUnit::Microseconds => 1_000,
            TimeUnit::Milliseconds => 1_000_000,
        };
        if self.nanoseconds % per_unit != 0 {
            return None;
        }
        i64::from(self.days).checked_mul(DAY_NANOSECONDS / per_unit)?.checked_add(self.nanoseconds / per_unit)
    }
}

/// A moment, `2024-02-29T23:59:59`: `T` or a blank between date and time, seconds and up to nine digits of one as wanted,
/// `Z` or `+00:00` at the end for UTC. Other offsets are `None`, since they could not be written back.
pub(super) fn moment(text: &[u8]) -> Option<Moment> {
    let text = trim(text);
    let separator = text.iter().position(|byte| matches!(byte, b'T' | b' '))?;
    let days = parse_date(&text[..separator])?;
    let (time, utc) = match text[separator + 1..].strip_suffix(b"Z") {
        Some(time) => (time, true),
        None => match text[separator + 1..].strip_suffix(b"+00:00") {
            Some(time) => (time, true),
            None => (&text[separator + 1..], false),
        },
    };
    let nanoseconds = clock(time)?;
    Some(Moment { days, nanoseconds, utc })
}

/// A moment in a unit, with a zone or without.
pub(in crate::table) fn parse_datetime(text: &[u8], unit: TimeUnit, utc: bool) -> Option<i64> {
    let moment = moment(text)?;
    (moment.utc == utc).then_some(())?;
    moment.in_unit(unit)
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction` as nanoseconds.
fn clock(text: &[u8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, rest @ ..] = text else { return None };
    let (hour, minute) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    let (second, fraction) = match rest {
        [] => (0, &[][..]),
        [b':', s1, s2] => (digits(&[*s1, *s2])?, &[][..]),
        [b':', s1, s2, b'.', fraction @ ..] if !fraction.is_empty() => (digits(&[*s1, *s2])?, fraction),
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanoseconds = fraction_nanoseconds(fraction)?;
    Some(((hour * 60 + minute) * 60 + second) * 1_000_000_000 + nanoseconds)
}

fn fraction_nanoseconds(fraction: &[u8]) -> Option<i64> {
    if fraction.is_empty() {
        return Some(0);
    }
    if fraction.len() > 9 {
        return None;
    }
    Some(digits(fraction)? * 10i64.pow(9 - fraction.len() as u32))
}

/// A duration as ISO 8601 has it, `P1DT2H3M4.5S`, `-PT0.25S`, in a unit.
pub(in crate::table) fn parse_duration(text: &[u8], unit: TimeUnit) -> Option<i64> {
    let text = trim(text);
    let (negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        text => (false, text),
    };
    let mut rest = text.strip_prefix(b"P")?;
    let mut total = 0i128;
    let mut in_time = false;
    let mut parts = 0;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix(b"T") {
            if in_time || time.is_empty() {
                return None;
            }
            in_time = true;
            rest = time;
            continue;
        }
        let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        let whole = i128::from(parse_u64(&rest[..end])?);
        let (fraction, unit_at) = match rest[end] {
            b'.' => {
                let length = rest[end + 1..].iter().position(|byte| !byte.is_ascii_digit())?;
                (&rest[end + 1..end + 1 + length], end + 1 + length)
            }
            _ => (&[][..], end),
        };
        let seconds = match (rest[unit_at], in_time) {
            (b'D', false) => 86_400,
            (b'H', true) => 3_600,
            (b'M', true) => 60,
            (b'S', true) => 1,
            _ => return None,
        };
        if !fraction.is_empty() && seconds != 1 {
            return None;
        }
        total += whole * seconds * 1_000_000_000 + i128::from(fraction_nanoseconds(fraction)?);
        parts += 1;
        rest = &rest[unit_at + 1..];
    }
    let per_unit = match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
    };
    if parts == 0 || total % per_unit != 0 {
        return None;
    }
    let total = total / per_unit;
    i64::try_from(if negative { -total } else { total }).ok()
}

/// A decimal number with at most `scale` digits behind the point and `precision` in all, as a multiple of 10^-scale.
pub(in crate::table) fn parse_decimal(text: &[u8], precision: usize, scale: usize) -> Option<i128> {
    let text = trim(text);
    let (negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        [b'+', text @ ..] => (false, text),
        text => (false, text),
    };
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let (whole, fraction) = (&text[..point], text.get(point + 1..).unwrap_or_default());
    let kept = fraction.trim_ascii_end();
    let significant = kept.len() - kept.iter().rev().take_while(|byte| **byte == b'0').count();
    if significant > scale || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0i128;
    for byte in whole.iter().chain(fraction) {
        if !byte.is_ascii_digit() {
            return None;
        }
    }
    let padding = std::iter::repeat_n(&b'0', scale.saturating_sub(fraction.len()));
    for byte in whole.iter().chain(fraction.iter().take(scale)).chain(padding) {
        value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
    }
    if value >= 10i128.checked_pow(precision as u32).unwrap_or(i128::MAX) {
        return None;
    }
    Some(if negative { -value } else { value })
}

/// A number of at most 18 digits and nothing else.
fn digits(text: &[u8]) -> Option<i64> {
    let mut value = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(value)
}
