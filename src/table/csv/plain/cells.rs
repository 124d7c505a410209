//! The bytes of a cell to its number, eight digits at a time.
//!
//! Bytes behind the cell are read along and cut off: they must be there.

use super::super::value::parse_exact_f64;

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Found<T> {
    Number(T),
    Null,
    /// The general way must say what it is.
    Unusual,
}

/// Eight zeros in text.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The highest bits of eight bytes.
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The number that eight digits are, where the first `8 - n` are left out; they must be digits all.
#[inline(always)]
fn digits(bytes: &[u8], start: usize, n: usize) -> Option<u64> {
    let word = bytes.get(start..start + 8)?.try_into().ok()?;
    digits_of(u64::from_le_bytes(word), n)
}

/// The same of bytes that have been loaded.
#[inline(always)]
fn digits_of(word: u64, n: usize) -> Option<u64> {
    // What is no digit is 10 or more once the bits of `0` are flipped; the cell's digits move to the end of the word, so that
    // zeros stand before them.
    let word = (word ^ ZEROS) << (64 - 8 * n);
    if (word.wrapping_add(HIGHS - 10 * (HIGHS >> 7)) | word) & HIGHS != 0 {
        return None;
    }
    let pairs = (word.wrapping_mul(10).wrapping_add(word >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

/// An integer that would be written back the same.
#[inline(always)]
pub(super) fn int(bytes: &[u8], start: usize, end: usize) -> Found<i64> {
    let Some(Ok(word)) = bytes.get(start..start + 8).map(TryInto::try_into) else { return Found::Unusual };
    let word = u64::from_le_bytes(word);
    let is_negative = word as u8 == b'-';
    let n_digits = end.wrapping_sub(start + usize::from(is_negative));
    if !(1..=8 - usize::from(is_negative)).contains(&n_digits) {
        return long_int(bytes, start, end);
    }
    let word = word >> (8 * u32::from(is_negative));
    let is_padded = word as u8 == b'0' && (n_digits > 1 || is_negative);
    match digits_of(word, n_digits) {
        Some(magnitude) if !is_padded => {
            let magnitude = magnitude as i64;
            Found::Number(if is_negative { -magnitude } else { magnitude })
        }
        _ => Found::Unusual,
    }
}

/// An integer of more digits, or nothing.
#[inline(never)]
fn long_int(bytes: &[u8], start: usize, end: usize) -> Found<i64> {
    if start == end {
        return Found::Null;
    }
    let is_negative = bytes[start] == b'-';
    let from = start + usize::from(is_negative);
    let n_digits = end - from;
    if n_digits > 18 || n_digits == 0 || bytes[from] == b'0' {
        return Found::Unusual;
    }
    let mut magnitude = 0;
    match all_digits(bytes, from, n_digits, &mut magnitude) {
        Some(()) => {
            let magnitude = magnitude as i64;
            Found::Number(if is_negative { -magnitude } else { magnitude })
        }
        None => Found::Unusual,
    }
}

/// Puts `n` more digits behind those of a number.
#[inline(always)]
fn all_digits(bytes: &[u8], mut start: usize, mut n: usize, number: &mut u64) -> Option<()> {
    while n >= 8 {
        *number = number.wrapping_mul(100_000_000).wrapping_add(digits(bytes, start, 8)?);
        start += 8;
        n -= 8;
    }
    if n > 0 {
        *number = number.wrapping_mul(TENS[n]).wrapping_add(digits(bytes, start, n)?);
    }
    Some(())
}

/// So many digits are a `u64`, whatever they are.
const MOST_DIGITS: usize = 19;

/// Powers of ten.
const TENS: [u64; 20] = {
    let mut tens = [1; 20];
    let mut power = 1;
    while power < 20 {
        tens[power] = tens[power - 1] * 10;
        power += 1;
    }
    tens
};

/// The same as an `f64`, which holds them exactly.
const POWERS: [f64; 20] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
];

/// A float, or an integer that one holds exactly.
#[inline(always)]
pub(super) fn float(bytes: &[u8], start: usize, end: usize) -> Found<f64> {
    if start == end {
        return Found::Null;
    }
    let is_negative = bytes[start] == b'-';
    let from = start + usize::from(is_negative);
    let Some((number, n_fraction)) = digits_with_point(bytes, from, end) else {
        return long_float(bytes, start, end);
    };
    let magnitude = from_digits(number, n_fraction);
    Found::Number(if is_negative { -magnitude } else { magnitude })
}

/// The nearest `f64` to a number of which the last `n_fraction` digits, up to 19, stand behind the point.
#[inline(always)]
pub(super) fn from_digits(number: u64, n_fraction: usize) -> f64 {
    match nearest_quotient(number, n_fraction) {
        Some(magnitude) => magnitude,
        None => quotient_of_any(number, n_fraction),
    }
}

/// The digits of a number of up to seven digits, a point, and one to sixteen digits, as one integer, and how many of them stand
/// behind the point. Nothing is looked at digit by digit: how many there are is hard to foresee.
#[inline(always)]
fn digits_with_point(bytes: &[u8], from: usize, end: usize) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(bytes.get(from..from + 8)?.try_into().ok()?);
    let n_whole = n_digits_of(word);
    let point = from + n_whole;
    if !(1..=7).contains(&n_whole) || point >= end || bytes[point] != b'.' {
        return None;
    }
    let whole = digits_of(word, n_whole)?;
    let (n_fraction, start) = (end - point - 1, point + 1);
    let fraction = match n_fraction {
        1..=8 => digits(bytes, start, n_fraction)?,
        9..=16 => {
            let (high, low) = (digits(bytes, start, 8)?, digits(bytes, start + 8, n_fraction - 8)?);
            high * TENS[n_fraction - 8] + low
        }
        _ => return None,
    };
    (n_whole + n_fraction <= MOST_DIGITS).then(|| (whole * TENS[n_fraction] + fraction, n_fraction))
}

/// How many of the first bytes of a word are digits.
#[inline(always)]
pub(in super::super) fn n_digits_of(word: u64) -> usize {
    let flipped = word ^ ZEROS;
    // A byte that is no digit may disturb those behind it, and none before.
    let others = (flipped.wrapping_add(HIGHS - 10 * (HIGHS >> 7)) | flipped) & HIGHS;
    (others.trailing_zeros() / 8) as usize
}

/// Floats that are longer or have no point, digit by digit.
#[inline(never)]
fn long_float(bytes: &[u8], start: usize, end: usize) -> Found<f64> {
    const EXACT: u64 = 1 << 53;
    let is_negative = bytes[start] == b'-';
    let from = start + usize::from(is_negative);
    let mut number = 0u64;
    let mut position = from;
    while position < end && position < from + MOST_DIGITS {
        let digit = bytes[position].wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + u64::from(digit);
        position += 1;
    }
    let n_whole = position - from;
    let has_point = position < end && bytes[position] == b'.';
    let n_fraction = if has_point { end - position - 1 } else { 0 };
    let is_usual = n_whole > 0
        && n_whole + n_fraction <= MOST_DIGITS
        && (if has_point {
            n_fraction > 0
        } else {
            position == end && (n_whole == 1 || bytes[from] != b'0')
        });
    if !is_usual || all_digits(bytes, position + 1, n_fraction, &mut number).is_none() {
        return other_float(&bytes[start..end]);
    }
    let magnitude = match number <= EXACT {
        true => quotient_of_any(number, n_fraction),
        // Of integers, only those are taken that are not rounded.
        false if !has_point => return other_float(&bytes[start..end]),
        false => quotient(number, n_fraction),
    };
    Found::Number(if is_negative { -magnitude } else { magnitude })
}

/// `number / 10^power` by one multiplication; `None` where that does not tell how to round, and for zero.
///
/// The reciprocal is cut off behind 64 bits, so that the highest 64 bits of the product are those of the quotient or one less.
/// That is of no account but where they stand just before or at a half of what an `f64` rounds to, which is once in 500 times.
#[inline(always)]
fn nearest_quotient(number: u64, power: usize) -> Option<f64> {
    /// Of each power of ten, with its highest bit in front, 2^127 divided by it.
    const RECIPROCALS: [u64; 20] = {
        let mut reciprocals = [u64::MAX; 20];
        let mut power = 1;
        while power < 20 {
            let ten = TENS[power] << TENS[power].leading_zeros();
            reciprocals[power] = ((1 << 127) / ten as u128) as u64;
            power += 1;
        }
        reciprocals
    };
    if number == 0 || power == 0 {
        return None;
    }
    let product = u128::from(number << number.leading_zeros()) * u128::from(RECIPROCALS[power]);
    let high = (product >> 64) as u64;
    // There are 63 or 64 bits, of which 53 stay.
    let n_dropped = 10 + (high >> 63) as u32;
    let half = 1 << (n_dropped - 1);
    let dropped = high & (2 * half - 1);
    if dropped == half || dropped == half - 1 {
        return None;
    }
    let rounded = ((high >> n_dropped) + u64::from(dropped > half)) as f64;
    let moved = i64::from(TENS[power].leading_zeros()) - i64::from(number.leading_zeros());
    Some(rounded * power_of_two(moved + i64::from(n_dropped) - 63))
}

/// The nearest `f64` to `number / 10^power`.
#[inline(never)]
fn quotient_of_any(number: u64, power: usize) -> f64 {
    const EXACT: u64 = 1 << 53;
    match number <= EXACT {
        // Both are exact, so their quotient is rounded once.
        true => number as f64 / POWERS[power],
        false => quotient(number, power),
    }
}

/// A float that is written in another way.
#[inline(never)]
fn other_float(text: &[u8]) -> Found<f64> {
    parse_exact_f64(text).map_or(Found::Unusual, Found::Number)
}

/// The nearest `f64` to `number / 10^power`, for a number that is not zero and a power of at most 19.
///
/// The quotient of integers has 63 bits or more, ten more than an `f64`, and what is left over by the division is told by its
/// last bit: so it is rounded once, and as the exact quotient would be.
#[inline(always)]
fn quotient(number: u64, power: usize) -> f64 {
    let ten = TENS[power];
    let divisor = u128::from(ten << ten.leading_zeros());
    let dividend = u128::from(number << number.leading_zeros()) << 63;
    // Both have their highest bits where the quotient fits into 64 bits. One division costs as much as all else here.
    let whole = (dividend / divisor) as u64;
    let rest = dividend - u128::from(whole) * divisor;
    let rounded = (whole | u64::from(rest != 0)) as f64;
    rounded * power_of_two(i64::from(ten.leading_zeros()) - i64::from(number.leading_zeros()) - 63)
}

/// A power of two of a moderate size: no result here is near the ends of what an `f64` holds.
#[inline(always)]
fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn padded(text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len() + 64, b'7');
        bytes
    }

    #[test]
    fn integers_are_read_that_would_be_written_back_the_same() {
        let int = |text: &str| int(&padded(text), 0, text.len());
        for number in [
            0,
            7,
            -7,
            10,
            -10,
            1234567,
            -1234567,
            12345678,
            -12345678,
            123456789,
            999999999999999999,
            -999999999999999999,
        ] {
            assert_eq!(int(&number.to_string()), Found::Number(number));
        }
        assert_eq!(int(""), Found::Null);
        for text in [
            "-",
            "-0",
            "00",
            "-01",
            "007",
            "+1",
            "1 ",
            " 1",
            "1x",
            "x",
            "1-",
            "--1",
            "1.",
            "1234567890123456789",
            "0123456789",
            "12345678x",
            "/",
            ":",
        ] {
            assert_eq!(int(text), Found::Unusual, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn floats_are_rounded_as_others_round_them(whole in any::<u64>(), n_whole in 1u32..20, fraction in any::<u64>(), n in 0usize..20) {
            let fraction = format!("{fraction:020}");
            let whole = whole % 10u64.saturating_pow(n_whole);
            let text = match n {
                0 => whole.to_string(),
                _ => format!("{whole}.{}", &fraction[20 - n..]),
            };
            let expected: f64 = text.parse().unwrap();
            match float(&padded(&text), 0, text.len()) {
                Found::Number(found) => prop_assert_eq!(found.to_bits(), expected.to_bits(), "{}", text),
                // An integer that is rounded.
                other => prop_assert!(n == 0 && expected as u64 != whole, "{}: {:?}", text, other),
            }
        }

        #[test]
        fn short_floats_are_rounded_as_others_round_them(whole in 0u64..10_000_000, fraction in any::<u64>(), n in 1usize..17) {
            let fraction = format!("{fraction:020}");
            let text = format!("{whole}.{}", &fraction[20 - n..]);
            let expected: f64 = text.parse().unwrap();
            prop_assert_eq!(float(&padded(&text), 0, text.len()), Found::Number(expected));
            let negative = format!("-{text}");
            prop_assert_eq!(float(&padded(&negative), 0, negative.len()), Found::Number(-expected));
        }

        #[test]
        fn floats_are_read_as_they_are_written(bits in any::<u64>(), exponent in 1010u64..1046) {
            let float_of = f64::from_bits(bits >> 12 | exponent << 52);
            let text = float_of.to_string();
            prop_assert_eq!(float(&padded(&text), 0, text.len()), Found::Number(float_of), "{}", text);
        }

        #[test]
        fn halves_go_to_the_even_one(bits in any::<u64>()) {
            // A number of 53 bits and one half: no quotient is nearer to a border.
            let text = format!("{}.5", bits >> 11 | 1 << 52);
            let expected: f64 = text.parse().unwrap();
            prop_assert_eq!(float(&padded(&text), 0, text.len()), Found::Number(expected));
        }
    }
}
