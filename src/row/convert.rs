//! Brings values to the dtype of an output column, and says of each that does not fit why.

use polars::chunked_array::cast::CastOptions;
use polars::prelude::{BooleanChunked, ChunkCompareEq, ChunkFull, DataType, NamedFrom, Series};

use crate::error::{Error, Result};
use crate::table::dtype_name;

/// Who wants the dtype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// A person declared it: whatever can be brought to it without a loss is.
    Declared,
    /// A row before decided it: only integers are brought to floats, or to wider integers.
    Decided,
}

/// Values in the dtype that was asked for; those that do not fit are null.
#[derive(Debug)]
pub(crate) struct Converted {
    pub(crate) series: Series,
    /// Lowest row first.
    pub(crate) misfits: Vec<Misfit>,
}

/// A value that does not fit.
#[derive(Debug)]
pub(crate) struct Misfit {
    pub(crate) row: usize,
    pub(crate) message: String,
}

/// Brings `values` to `dtype`. Nulls stay null.
///
/// # Errors
/// None that is known; the engine's, should it refuse.
pub(crate) fn convert(values: &Series, dtype: &DataType, conversion: Conversion) -> Result<Converted> {
    let from = values.dtype();
    if from == dtype {
        return Ok(Converted { series: values.clone(), misfits: Vec::new() });
    }
    if values.null_count() == values.len() {
        let series = Series::full_null(values.name().clone(), values.len(), dtype);
        return Ok(Converted { series, misfits: Vec::new() });
    }
    let lossless = match way(from, dtype, conversion) {
        Way::None => {
            let (series, fits) = without_items(values, dtype)?;
            let misfits = misfits(values, &(&values.is_not_null() & &!fits), |text| {
                no_way(text, from, dtype, conversion)
            });
            return Ok(Converted { series, misfits });
        }
        Way::Cast => {
            let series = cast(values, dtype)?;
            let lost = &series.is_null() & &values.is_not_null();
            (series, lost)
        }
        Way::RoundTrip => {
            let series = cast(values, dtype)?;
            let back = cast(&series, from)?;
            let lost = !back.equal_missing(values).map_err(Error::engine)?;
            (series, lost)
        }
    };
    let (series, lost) = lossless;
    if !lost.any() {
        return Ok(Converted { series, misfits: Vec::new() });
    }
    let hint = match conversion {
        Conversion::Declared => "",
        Conversion::Decided => ", which an earlier row made the column: declare the output dtype",
    };
    let misfits = misfits(values, &lost, |text| format!("{text} does not fit {}{hint}", dtype_name(dtype)));
    let nulls = Series::full_null(series.name().clone(), series.len(), dtype);
    let series = nulls.zip_with(&lost, &series).map_err(Error::engine)?;
    Ok(Converted { series, misfits })
}

/// The values where none has a way to `dtype`: a list without items is one of any dtype, and everything else is null. The
/// flags say which those lists are.
fn without_items(values: &Series, dtype: &DataType) -> Result<(Series, BooleanChunked)> {
    let nulls = Series::full_null(values.name().clone(), values.len(), dtype);
    let (DataType::List(_), DataType::List(inner)) = (values.dtype(), dtype) else {
        return Ok((nulls, BooleanChunked::full(values.name().clone(), false, values.len())));
    };
    let lists = values.list().map_err(Error::engine)?;
    let are_empty: BooleanChunked =
        (0..values.len()).map(|row| lists.get_as_series(row).is_some_and(|list| list.is_empty())).collect();
    let none = Series::new_empty("".into(), inner);
    let empty = Series::new(values.name().clone(), [none]).cast(dtype).map_err(Error::engine)?;
    let empty = empty.new_from_index(0, values.len());
    Ok((empty.zip_with(&are_empty, &nulls).map_err(Error::engine)?, are_empty))
}

/// How values of one dtype become values of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    None,
    /// By a cast, which gives null for what does not fit.
    Cast,
    /// By a cast, and a value fits when the cast back gives it again.
    RoundTrip,
}

/// Whether values of dtype `from` may fit a column whose dtype an earlier row decided.
pub(crate) fn may_fit(from: &DataType, decided: &DataType) -> bool {
    from == decided || way(from, decided, Conversion::Decided) != Way::None
}

fn way(from: &DataType, to: &DataType, conversion: Conversion) -> Way {
    use DataType::*;
    let declared = conversion == Conversion::Declared;
    match (from, to) {
        (Null, _) => Way::Cast,
        (List(from), List(to)) if from == to => Way::Cast,
        (List(from), List(to)) => match way(from, to, conversion) {
            // A list whose items were lost would be a list with nulls, and not null.
            Way::Cast if **from != Null => Way::None,
            way => way,
        },
        _ if from.is_integer() && to.is_integer() => Way::RoundTrip,
        _ if from.is_integer() && to.is_float() => Way::RoundTrip,
        _ if from.is_float() && to.is_integer() && declared => Way::RoundTrip,
        // Rounding to the nearest is what a narrower float is for.
        _ if from.is_float() && to.is_float() => Way::Cast,
        (String, Date | Datetime(..) | Time | Categorical(..) | Decimal(..)) if declared => Way::Cast,
        (Categorical(..), String) | (Date, Datetime(..)) if declared => Way::Cast,
        (Datetime(_, from), Datetime(_, to)) if from == to => Way::RoundTrip,
        (Duration(_), Duration(_)) => Way::RoundTrip,
        _ if from.is_integer() && matches!(to, Decimal(..)) && declared => Way::Cast,
        (Decimal(..), Decimal(..)) => Way::RoundTrip,
        _ => Way::None,
    }
}

fn cast(values: &Series, dtype: &DataType) -> Result<Series> {
    values.cast_with_options(dtype, CastOptions::NonStrict).map_err(Error::engine)
}

fn misfits(values: &Series, lost: &BooleanChunked, message: impl Fn(String) -> String) -> Vec<Misfit> {
    let lost = lost.iter().enumerate().filter(|(_, lost)| *lost == Some(true));
    lost.map(|(row, _)| {
        let text = values.get(row).map_or_else(|_| String::new(), |value| value.to_string());
        Misfit { row, message: message(text) }
    })
    .collect()
}

fn no_way(text: String, from: &DataType, to: &DataType, conversion: Conversion) -> String {
    match conversion {
        Conversion::Declared => {
            format!("returned {text}, which is {}; the output dtype is {}", kind_name(from), dtype_name(to))
        }
        Conversion::Decided => format!(
            "returned {text}, which is {}, where an earlier row made the column {}: declare the output dtype",
            kind_name(from),
            kind_name(to)
        ),
    }
}

/// The name of a dtype, without the items of a list: what the items of an empty one are taken for depends on the lists
/// beside it, and a run that ends early does not see them all.
fn kind_name(dtype: &DataType) -> String {
    match dtype {
        DataType::List(_) => "list".to_owned(),
        _ => dtype_name(dtype),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;

    fn converted<const N: usize>(values: Series, dtype: DataType) -> (Series, [usize; N]) {
        let Converted { series, misfits } = convert(&values, &dtype, Conversion::Declared).unwrap();
        assert_eq!(series.dtype(), &dtype);
        let rows: Vec<usize> = misfits.iter().map(|misfit| misfit.row).collect();
        (series, rows.try_into().unwrap())
    }

    #[test]
    fn integers_widen_to_floats_that_hold_them() {
        let values = Series::new("v".into(), [Some(3), None, Some((1_i64 << 53) + 1), Some(i64::MAX)]);
        let (series, misfits) = converted(values, DataType::Float64);
        assert_eq!(misfits, [2, 3]);
        assert_eq!(series, Series::new("v".into(), [Some(3.0), None, None, None]));
    }

    #[test]
    fn floats_narrow_to_integers_that_hold_them() {
        let values = Series::new("v".into(), [3.0, 2.5, f64::NAN, 300.0, -1.0, -0.0]);
        let (series, misfits) = converted(values, DataType::UInt8);
        assert_eq!(misfits, [1, 2, 3, 4]);
        assert_eq!(series, Series::new("v".into(), [Some(3_u8), None, None, None, None, Some(0)]));
    }

    #[test]
    fn text_is_read_as_a_date_and_not_as_a_number() {
        let values = Series::new("v".into(), ["2024-02-29", "2023-02-29"]);
        assert_eq!(converted(values.clone(), DataType::Date).1, [1]);
        assert_eq!(converted(values, DataType::Int64).1, [0, 1]);
    }

    #[test]
    fn lists_are_converted_by_their_items() {
        let list = |items: &[i64]| Series::new("".into(), items);
        let values = Series::new("v".into(), [list(&[1, 2]), list(&[]), list(&[i64::MAX])]);
        assert_eq!(converted(values, DataType::List(Box::new(DataType::Float64))).1, [2]);
        let texts = Series::new("v".into(), [Series::new("".into(), ["2024-02-29"])]);
        assert_eq!(converted(texts, DataType::List(Box::new(DataType::Date))).1, [0]);
    }

    #[test]
    fn what_a_row_decided_is_held() {
        let misfits = |values: Series, dtype: &DataType| {
            convert(&values, dtype, Conversion::Decided).unwrap().misfits.len()
        };
        assert_eq!(misfits(Series::new("v".into(), [2.0]), &DataType::Int64), 1);
        assert_eq!(misfits(Series::new("v".into(), [2_i64]), &DataType::Float64), 0);
        assert_eq!(misfits(Series::new("v".into(), ["2024-02-29"]), &DataType::Date), 1);
        assert!(!may_fit(&DataType::Boolean, &DataType::Int64));
    }
}
