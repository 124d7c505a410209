//! From what a column's cells look like to its dtype, or to the cell that contradicts the others.
//!
//! The first rows of a file propose a dtype. Later rows may widen it where nothing is lost; a row that contradicts it is an
//! error that names the cell and the flag that mends it, and never a null or another guess.

use polars::prelude::{DataType, TimeUnit, TimeZone};

use super::kind::{Evidence, Kind, Kinds};

/// What was settled for a column.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::table) struct Inferred {
    pub(in crate::table) dtype: DataType,
    /// What the first rows looked like, where later rows widened it.
    pub(in crate::table) widened_from: Option<DataType>,
}

/// A cell that contradicts the rest of its column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Contradiction {
    pub(super) offset: usize,
    pub(super) wanted: DataType,
    pub(super) problem: Problem,
}

/// In which way a cell contradicts its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It is a text among values.
    Text,
    /// It is a number with leading zeros or a plus among numbers.
    Padded,
    /// It is a number beyond every dtype.
    Huge,
    /// It is an integer that the column's other numbers do not leave exact.
    Inexact,
    /// It is no text at all.
    NotUtf8,
}

/// The dtype that the first rows propose: text where they are of several kinds.
pub(super) fn propose(sample: &Evidence) -> Result<DataType, Contradiction> {
    let kinds = sample.kinds;
    if let Some(offset) = sample.first_of(Kinds::of(&[Kind::NotUtf8])) {
        return Err(Contradiction { offset, wanted: DataType::String, problem: Problem::NotUtf8 });
    }
    let marker = Kinds::of(&[Kind::MissingMarker]);
    let values = kinds.without(marker);
    if values.is_empty() {
        return Ok(DataType::String);
    }
    let dtype = match family(values) {
        Some(_) => settle_family(sample, values)?,
        None => return Ok(DataType::String),
    };
    match sample.first_of(marker) {
        Some(offset) => Err(Contradiction { offset, wanted: dtype, problem: Problem::Text }),
        None => Ok(dtype),
    }
}

/// The dtype of a column of which all rows are known, where the first ones proposed `proposed`.
pub(super) fn settle(
    proposed: &DataType,
    sample_is_empty: bool,
    all: &Evidence,
) -> Result<Inferred, Contradiction> {
    if *proposed == DataType::String {
        if let Some(offset) = all.first_of(Kinds::of(&[Kind::NotUtf8])) {
            return Err(Contradiction { offset, wanted: DataType::String, problem: Problem::NotUtf8 });
        }
        let dtype = if sample_is_empty { propose(all)? } else { DataType::String };
        return Ok(Inferred { dtype, widened_from: None });
    }
    let allowed = family_of(proposed);
    let padded = Kinds::of(&[Kind::PaddedInteger]);
    if let Some(offset) = all.first_of(all.kinds.without(allowed)) {
        let problem = match () {
            () if all.first_of(Kinds::of(&[Kind::NotUtf8])) == Some(offset) => Problem::NotUtf8,
            () if allowed == Kinds::NUMBERS && all.first_of(padded) == Some(offset) => Problem::Padded,
            () => Problem::Text,
        };
        return Err(Contradiction { offset, wanted: proposed.clone(), problem });
    }
    let dtype = settle_family(all, all.kinds)?;
    let widened_from = (dtype != *proposed).then(|| proposed.clone());
    Ok(Inferred { dtype, widened_from })
}

/// The dtype of a column of which all rows are known, where cells that contradict the others are faults of their rows.
pub(super) fn settle_leniently(proposed: &DataType, sample_is_empty: bool, all: &Evidence) -> DataType {
    if *proposed == DataType::String {
        return match sample_is_empty {
            true => propose(all).unwrap_or_else(|contradiction| contradiction.wanted),
            false => DataType::String,
        };
    }
    let fitting = all.kinds.without(all.kinds.without(family_of(proposed)));
    match fitting.is_empty() {
        true => proposed.clone(),
        false => settle_family(all, fitting).unwrap_or_else(|contradiction| contradiction.wanted),
    }
}

/// The kinds of cells of which the first may be named as what contradicts a column.
pub(super) fn contradicting(proposed: &DataType) -> Kinds {
    match proposed {
        DataType::String => Kinds::of(&[Kind::NotUtf8]),
        DataType::Int64 | DataType::UInt64 | DataType::Float64 => Kinds::F64.all_but(),
        other => family_of(other).all_but(),
    }
}

/// Whether later rows may make another dtype of the one that the first rows propose.
pub(super) fn may_widen(proposed: &DataType) -> bool {
    matches!(proposed, DataType::Int64 | DataType::Datetime(TimeUnit::Microseconds, _))
}

/// The kinds of cells that a column may have whose first rows proposed a dtype.
fn family_of(proposed: &DataType) -> Kinds {
    match proposed {
        DataType::Int64 | DataType::UInt64 | DataType::Float64 => Kinds::NUMBERS,
        DataType::Datetime(_, None) => Kinds::of(&[Kind::Datetime, Kind::FineDatetime]),
        DataType::Datetime(_, Some(_)) => Kinds::of(&[Kind::Instant, Kind::FineInstant]),
        DataType::Boolean => Kinds::of(&[Kind::Boolean]),
        DataType::Date => Kinds::of(&[Kind::Date]),
        _ => Kinds::of(&[Kind::Time]),
    }
}

/// The kinds that one dtype can hold together, and among which these are.
fn family(kinds: Kinds) -> Option<Kinds> {
    let families = [
        Kinds::NUMBERS,
        Kinds::of(&[Kind::Boolean]),
        Kinds::of(&[Kind::Date]),
        Kinds::of(&[Kind::Datetime, Kind::FineDatetime]),
        Kinds::of(&[Kind::Instant, Kind::FineInstant]),
        Kinds::of(&[Kind::Time]),
    ];
    families.into_iter().find(|family| kinds.within(*family))
}

/// The narrowest dtype for kinds of one family.
fn settle_family(evidence: &Evidence, kinds: Kinds) -> Result<DataType, Contradiction> {
    if kinds.within(Kinds::NUMBERS) {
        return settle_number(evidence, kinds);
    }
    let fine = kinds.meets(Kinds::of(&[Kind::FineDatetime, Kind::FineInstant]));
    let unit = if fine { TimeUnit::Nanoseconds } else { TimeUnit::Microseconds };
    Ok(match () {
        () if kinds.meets(Kinds::of(&[Kind::Boolean])) => DataType::Boolean,
        () if kinds.meets(Kinds::of(&[Kind::Date])) => DataType::Date,
        () if kinds.meets(Kinds::of(&[Kind::Time])) => DataType::Time,
        () if kinds.meets(Kinds::of(&[Kind::Instant, Kind::FineInstant])) => {
            DataType::Datetime(unit, Some(TimeZone::UTC))
        }
        () => DataType::Datetime(unit, None),
    })
}

fn settle_number(evidence: &Evidence, kinds: Kinds) -> Result<DataType, Contradiction> {
    let contradiction = |kinds: Kinds, wanted: DataType, problem: Problem| {
        let offset = evidence.first_of(kinds).unwrap_or_default();
        Err(Contradiction { offset, wanted, problem })
    };
    let huge = Kinds::of(&[Kind::HugeInteger, Kind::HugeFloat]);
    let has_float = kinds.meets(Kinds::of(&[Kind::Float]));
    if kinds.meets(huge) {
        let wanted = if has_float { DataType::Float64 } else { DataType::Int64 };
        return contradiction(huge, wanted, Problem::Huge);
    }
    if has_float {
        return match kinds.within(Kinds::F64) {
            true => Ok(DataType::Float64),
            false => contradiction(Kinds::INEXACT, DataType::Float64, Problem::Inexact),
        };
    }
    let unsigned = Kinds::of(&[Kind::Unsigned]);
    match (kinds.meets(unsigned), kinds.meets(Kinds::NEGATIVE)) {
        (false, _) => Ok(DataType::Int64),
        (true, false) => Ok(DataType::UInt64),
        (true, true) => contradiction(unsigned, DataType::Int64, Problem::Huge),
    }
}
