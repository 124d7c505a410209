//! What a cell looks like, and the evidence that the cells of a column make up together.

use std::ops::BitOr;

use super::plain::n_digits_of;
use super::value::{self, Integer};

/// What a cell looks like. The order is that of the bits in [`Evidence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// An integer that an `i64` and an `f64` hold exactly.
    Integer,
    /// A negative integer that an `i64` and an `f64` hold exactly.
    Negative,
    /// An integer that an `i64` holds, and an `f64` does not hold exactly.
    InexactInteger,
    /// A negative integer that an `i64` holds, and an `f64` does not hold exactly.
    InexactNegative,
    /// An integer beyond `i64` that a `u64` holds.
    Unsigned,
    /// An integer beyond every dtype.
    HugeInteger,
    /// An integer that would not be written back the same: `007`, `+49`.
    PaddedInteger,
    Float,
    /// A float beyond `f64`.
    HugeFloat,
    Boolean,
    Date,
    /// A moment that microseconds hold exactly.
    Datetime,
    /// A moment that needs nanoseconds.
    FineDatetime,
    /// A moment in UTC that microseconds hold exactly.
    Instant,
    /// A moment in UTC that needs nanoseconds.
    FineInstant,
    Time,
    /// A text that people write where a value is missing: `n/a`, `-`, `NULL`.
    MissingMarker,
    Text,
    /// Bytes that are no text.
    NotUtf8,
}

const N_KINDS: usize = Kind::NotUtf8 as usize + 1;

/// Texts, in lower case, that people write where a value is missing.
const MISSING_MARKERS: &[&str] = &[
    "na",
    "n/a",
    "#n/a",
    "n.a.",
    "null",
    "none",
    "nil",
    "-",
    "--",
    "?",
    ".",
    "missing",
    "unknown",
    "undefined",
    "(null)",
    "\\n",
    "<na>",
    "nat",
];

/// What a text looks like. The text is a cell's, its quotes taken off, and not a null.
pub(super) fn kind(text: &[u8]) -> Kind {
    usual_integer(text).unwrap_or_else(|| kind_of_any(text))
}

/// The kind of an integer of so few digits that every dtype of numbers holds it, and that would be written back the same.
fn usual_integer(text: &[u8]) -> Option<Kind> {
    const MOST_DIGITS: usize = 15;
    let (digits, kind) = match text {
        [b'-', digits @ ..] => (digits, Kind::Negative),
        digits => (digits, Kind::Integer),
    };
    let is_canonical = match digits {
        [b'0'] => kind == Kind::Integer,
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    let is_usual = is_canonical && digits.len() <= MOST_DIGITS && digits.iter().all(u8::is_ascii_digit);
    is_usual.then_some(kind)
}

/// The kind of the cell between two places, where it is a usual integer or decimal and eight bytes behind it are there: told
/// eight bytes at a time. `None` where [`kind`] must tell.
#[inline(always)]
pub(super) fn plain_kind(bytes: &[u8], start: usize, end: usize) -> Option<Kind> {
    let word_at = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let is_negative = bytes[start] == b'-';
    let from = start + usize::from(is_negative);
    let word = word_at(from)?;
    let mut n_whole = n_digits_of(word);
    if n_whole == 8 {
        n_whole += n_digits_of(word_at(from + 8)?);
    }
    let n_bytes = end - from;
    if n_whole >= n_bytes {
        const MOST_DIGITS: usize = 15;
        let is_canonical = word as u8 != b'0' || n_bytes == 1 && !is_negative;
        let is_usual = is_canonical && (1..=MOST_DIGITS).contains(&n_bytes);
        return is_usual.then_some(if is_negative { Kind::Negative } else { Kind::Integer });
    }
    let mut position = from + n_whole + 1;
    if !(1..=15).contains(&n_whole) || bytes[position - 1] != b'.' || position == end {
        return None;
    }
    while position < end {
        if n_digits_of(word_at(position)?) < (end - position).min(8) {
            return None;
        }
        position += 8;
    }
    Some(Kind::Float)
}

fn kind_of_any(text: &[u8]) -> Kind {
    let trimmed = value::trim(text);
    match trimmed.first() {
        None => return Kind::Text,
        // No integer is negative zero, and a float is.
        Some(b'-') if trimmed == b"-0" => return Kind::Float,
        Some(first) if first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.') => {
            if let Some(integer) = value::integer(trimmed) {
                return integer_kind(integer);
            }
        }
        _ => {}
    }
    if let Some(float) = std::str::from_utf8(trimmed).ok().and_then(|text| text.parse::<f64>().ok()) {
        let huge = float.is_infinite() && !value::names_infinity(trimmed);
        return if huge { Kind::HugeFloat } else { Kind::Float };
    }
    if value::parse_bool(trimmed).is_some() {
        return Kind::Boolean;
    }
    if value::parse_date(trimmed).is_some() {
        return Kind::Date;
    }
    if let Some(moment) = value::moment(trimmed) {
        use polars::prelude::TimeUnit::{Microseconds, Nanoseconds};
        let fine = moment.in_unit(Microseconds).is_none();
        return match (fine, moment.utc) {
            (true, _) if moment.in_unit(Nanoseconds).is_none() => Kind::Text,
            (false, false) => Kind::Datetime,
            (true, false) => Kind::FineDatetime,
            (false, true) => Kind::Instant,
            (true, true) => Kind::FineInstant,
        };
    }
    if value::parse_time(trimmed).is_some() {
        return Kind::Time;
    }
    match std::str::from_utf8(text) {
        Err(_) => Kind::NotUtf8,
        Ok(text) if is_missing_marker(text.trim()) => Kind::MissingMarker,
        Ok(_) => Kind::Text,
    }
}

fn is_missing_marker(text: &str) -> bool {
    text.len() <= 9 && MISSING_MARKERS.iter().any(|marker| marker.eq_ignore_ascii_case(text))
}

fn integer_kind(integer: Integer) -> Kind {
    const EXACT: u128 = 1 << 53;
    let Integer { negative, magnitude, canonical } = integer;
    let fits = if negative { magnitude <= 1 << 63 } else { magnitude < 1 << 63 };
    let exact = magnitude <= EXACT || fits && (magnitude as f64) as u128 == magnitude;
    match (canonical, fits, exact, negative) {
        (false, ..) => Kind::PaddedInteger,
        (true, true, true, false) => Kind::Integer,
        (true, true, true, true) => Kind::Negative,
        (true, true, false, false) => Kind::InexactInteger,
        (true, true, false, true) => Kind::InexactNegative,
        (true, false, _, false) if magnitude <= u128::from(u64::MAX) => Kind::Unsigned,
        (true, false, ..) => Kind::HugeInteger,
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(u32);

impl Kinds {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NEGATIVE: Self = Self::of(&[Kind::Negative, Kind::InexactNegative]);
    pub(super) const INEXACT: Self = Self::of(&[Kind::InexactInteger, Kind::InexactNegative, Kind::Unsigned]);
    pub(super) const F64: Self = Self::of(&[Kind::Integer, Kind::Negative, Kind::Float]);
    /// Numbers, of any size.
    pub(super) const NUMBERS: Self = Self::of(&[
        Kind::Integer,
        Kind::Negative,
        Kind::InexactInteger,
        Kind::InexactNegative,
        Kind::Unsigned,
        Kind::HugeInteger,
        Kind::Float,
        Kind::HugeFloat,
    ]);

    pub(super) const fn of(kinds: &[Kind]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < kinds.len() {
            bits |= 1 << kinds[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// Every kind but these.
    pub(super) const fn all_but(self) -> Self {
        Self(!self.0 & ((1 << N_KINDS) - 1))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of these kinds are among `others`.
    pub(super) fn within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    pub(super) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(super) fn meets(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

impl BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The kinds that a column's cells have, and where each was seen first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Evidence {
    pub(super) kinds: Kinds,
    first: [usize; N_KINDS],
    /// How many cells hold a value.
    pub(super) n_values: u64,
    pub(super) n_nulls: u64,
    /// How many cells are quoted and empty: values of a text column, and nulls of any other.
    pub(super) n_empty_texts: u64,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { kinds: Kinds::NONE, first: [usize::MAX; N_KINDS], n_values: 0, n_nulls: 0, n_empty_texts: 0 }
    }
}

impl Evidence {
    /// That of so many cells, some of them null, whose kinds are to be noted.
    pub(super) fn of_values(n_cells: u64, n_nulls: u64) -> Self {
        Self { n_values: n_cells - n_nulls, n_nulls, ..Self::default() }
    }

    pub(super) fn add(&mut self, kind: Kind, offset: usize) {
        self.kinds = self.kinds | Kinds::of(&[kind]);
        let first = &mut self.first[kind as usize];
        *first = offset.min(*first);
        self.n_values += 1;
    }

    /// The same of cells that stand so many bytes further behind.
    pub(super) fn moved(mut self, n_bytes: usize) -> Self {
        for first in self.first.iter_mut().filter(|first| **first != usize::MAX) {
            *first += n_bytes;
        }
        self
    }

    /// Adds the evidence of other cells of the column.
    pub(super) fn merge(&mut self, other: &Self) {
        self.kinds = self.kinds | other.kinds;
        for (mine, theirs) in self.first.iter_mut().zip(other.first) {
            *mine = theirs.min(*mine);
        }
        self.n_values += other.n_values;
        self.n_nulls += other.n_nulls;
        self.n_empty_texts += other.n_empty_texts;
    }

    /// Notes that there is a cell of a kind, wherever it is.
    pub(super) fn note(&mut self, kind: Kind) {
        self.kinds = self.kinds | Kinds::of(&[kind]);
    }

    /// Where the first cell of any of these kinds starts.
    pub(super) fn first_of(&self, kinds: Kinds) -> Option<usize> {
        self.firsts_of(kinds).min()
    }

    /// Where the first cell of each of these kinds starts, of those that there are.
    pub(super) fn firsts_of(&self, kinds: Kinds) -> impl Iterator<Item = usize> {
        let offsets = (0..N_KINDS).filter(move |kind| kinds.0 & 1 << kind != 0).map(|kind| self.first[kind]);
        offsets.filter(|offset| *offset != usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn eight_bytes_at_a_time_tell_the_same(text in "-?[0-9]{0,18}\\.?[0-9]{0,18}[,x\n\r]?[0-9]{0,9}", end in 1usize..40) {
            let end = end.min(text.len());
            let bytes = [text.as_bytes(), &[b'7'; 24]].concat();
            for behind in [b"7", b",", b"."] {
                let bytes = [&bytes[..end], behind, &bytes[end..]].concat();
                if end > 0 && let Some(found) = plain_kind(&bytes, 0, end) {
                    prop_assert_eq!(found, kind_of_any(&bytes[..end]), "{:?}", &text[..end]);
                }
            }
        }

        #[test]
        fn the_short_way_tells_what_the_long_one_does(text in "[-+ ]?[0-9]{0,18}[.x ]?", number in any::<i64>(), n in 0u32..60) {
            for text in [text, (number >> n).to_string()] {
                if let Some(kind) = usual_integer(text.as_bytes()) {
                    prop_assert_eq!(kind, kind_of_any(text.as_bytes()), "{:?}", text);
                }
            }
        }
    }

    #[test]
    fn usual_integers_take_the_short_way() {
        for (text, kind) in [
            ("0", Kind::Integer),
            ("7", Kind::Integer),
            ("-12", Kind::Negative),
            ("999999999999999", Kind::Integer),
        ] {
            assert_eq!(usual_integer(text.as_bytes()), Some(kind));
        }
        for text in ["", "-", "-0", "00", "007", "+1", " 1", "1 ", "1.0", "1234567890123456"] {
            assert_eq!(usual_integer(text.as_bytes()), None, "{text:?}");
        }
    }
}
