//! The items of lists as keys: two items are the same when their keys are equal.

use std::hash::Hash;
use std::ops::Range;

use polars::prelude::*;

use crate::error::{Error, Result};

/// What items of a dtype are compared as.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ItemKind {
    Nothing,
    Number,
    Text,
    Boolean,
    /// Dates and times are compared as what they are stored as, and only with their like.
    Temporal(DataType),
}

impl ItemKind {
    /// The kind of a dtype, or `None` when such items can't be compared.
    pub(super) fn of(dtype: &DataType) -> Option<Self> {
        Some(match dtype {
            DataType::Null => Self::Nothing,
            DataType::Boolean => Self::Boolean,
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Self::Text,
            dtype if dtype.is_primitive_numeric() => Self::Number,
            dtype if dtype.is_temporal() => Self::Temporal(dtype.clone()),
            _ => return None,
        })
    }

    pub(super) fn compares_with(&self, other: &Self) -> bool {
        self == other || *self == Self::Nothing || *other == Self::Nothing
    }
}

/// A key for each item; `None` for a null.
pub(super) enum Keys {
    Nothing,
    Number(Vec<Option<i128>>),
    Text(Vec<Option<PlSmallStr>>),
}

impl Keys {
    pub(super) fn of(items: &Series) -> Result<Self> {
        let engine = Error::engine;
        Ok(match items.dtype() {
            DataType::Null => Self::Nothing,
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) => {
                let texts = items.cast(&DataType::String).map_err(engine)?;
                Self::Text(
                    texts.str().map_err(engine)?.iter().map(|text| text.map(PlSmallStr::from_str)).collect(),
                )
            }
            dtype if dtype.is_float() => {
                let floats = items.cast(&DataType::Float64).map_err(engine)?;
                Self::Number(floats.f64().map_err(engine)?.iter().map(|value| value.map(float_key)).collect())
            }
            DataType::UInt64 => {
                Self::Number(items.u64().map_err(engine)?.iter().map(|value| value.map(i128::from)).collect())
            }
            _ => {
                let integers = items.to_physical_repr().cast(&DataType::Int64).map_err(engine)?;
                Self::Number(
                    integers.i64().map_err(engine)?.iter().map(|value| value.map(i128::from)).collect(),
                )
            }
        })
    }

    /// Adds the places of those of `range` whose keys are among `others` of `other`, each key once.
    pub(super) fn common(
        &self,
        range: Range<usize>,
        other: &Self,
        others: Range<usize>,
        taken: &mut Vec<IdxSize>,
    ) {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => common(left, range, &right[others], taken),
            (Self::Text(left), Self::Text(right)) => common(left, range, &right[others], taken),
            _ => {}
        }
    }
}

/// A float with an integer's value has the integer's key. The others lie outside of what integers of 64 bits have.
fn float_key(value: f64) -> i128 {
    const FRACTION: i128 = 1 << 100;
    if value.is_nan() {
        return FRACTION | i128::from(f64::NAN.to_bits());
    }
    if value.fract() == 0.0 && value.abs() < 2_f64.powi(65) {
        return value as i128;
    }
    FRACTION | i128::from(value.to_bits())
}

/// Lists whose lengths multiply to no more than this are searched one by one.
const SEARCHED: usize = 256;

fn common<K: Eq + Hash>(
    left: &[Option<K>],
    range: Range<usize>,
    right: &[Option<K>],
    taken: &mut Vec<IdxSize>,
) {
    let keys =
        range.clone().zip(&left[range]).filter_map(|(place, key)| Some((place as IdxSize, key.as_ref()?)));
    let first = taken.len();
    if keys.size_hint().1.unwrap_or(usize::MAX).saturating_mul(right.len()) <= SEARCHED {
        for (place, key) in keys {
            let is_taken =
                |key: &K| taken[first..].iter().any(|place| left[*place as usize].as_ref() == Some(key));
            if right.iter().flatten().any(|other| other == key) && !is_taken(key) {
                taken.push(place);
            }
        }
    } else {
        let mut others: PlHashSet<&K> = right.iter().flatten().collect();
        // What is taken is taken out, so that a repeat finds nothing.
        taken.extend(keys.filter(|(_, key)| others.remove(key)).map(|(place, _)| place));
    }
}
