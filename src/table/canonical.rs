//! Columns whose bytes say their values and nothing else.
//!
//! Arrow leaves open what lies under a null, and in what order texts lie in memory; both tell in what pieces a column was made.
//! Formats that write memory as it is would write that, too.

use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;

use crate::error::{Error, Result};

/// The same rows, with nothing under their nulls and their texts one behind the other.
pub(super) fn canonical(block: &DataFrame) -> Result<DataFrame> {
    let columns = block
        .columns()
        .iter()
        .map(|column| Ok(canonical_series(column.as_materialized_series())?.into_column()));
    let columns = columns.collect::<PolarsResult<_>>().map_err(Error::engine)?;
    DataFrame::new(block.height(), columns).map_err(Error::engine)
}

fn canonical_series(series: &Series) -> PolarsResult<Series> {
    let name = series.name().clone();
    let has_nulls = series.null_count() > 0;
    Ok(match series.dtype() {
        DataType::String => {
            let texts = series.str()?;
            let mut builder = StringChunkedBuilder::new(name, series.len());
            texts.iter().for_each(|text| builder.append_option(text));
            builder.finish().into_series()
        }
        DataType::Boolean => BooleanChunked::from_iter_options(name, series.bool()?.iter()).into_series(),
        DataType::List(_) => series.list()?.apply_to_inner(&|inner| canonical_series(&inner))?.into_series(),
        DataType::Int8 if has_nulls => zeroed(series.i8()?),
        DataType::Int16 if has_nulls => zeroed(series.i16()?),
        DataType::Int32 if has_nulls => zeroed(series.i32()?),
        DataType::Int64 if has_nulls => zeroed(series.i64()?),
        DataType::UInt8 if has_nulls => zeroed(series.u8()?),
        DataType::UInt16 if has_nulls => zeroed(series.u16()?),
        DataType::UInt32 if has_nulls => zeroed(series.u32()?),
        DataType::UInt64 if has_nulls => zeroed(series.u64()?),
        DataType::Float32 if has_nulls => zeroed(series.f32()?),
        DataType::Float64 if has_nulls => zeroed(series.f64()?),
        DataType::Date => zeroed(series.to_physical_repr().i32()?).cast(series.dtype())?,
        dtype @ (DataType::Datetime(..) | DataType::Duration(_) | DataType::Time) if has_nulls => {
            zeroed(series.to_physical_repr().i64()?).cast(dtype)?
        }
        _ => series.clone(),
    })
}

/// The numbers, with zero under each null.
fn zeroed<T>(numbers: &ChunkedArray<T>) -> Series
where
    T: PolarsNumericType<Array = PrimitiveArray<<T as PolarsNumericType>::Native>>,
    ChunkedArray<T>: IntoSeries,
{
    let numbers = numbers.rechunk();
    let values: Vec<T::Native> = numbers.iter().map(Option::unwrap_or_default).collect();
    // Bit by bit: behind the last one of a bitmap may stand anything.
    let validity = numbers.downcast_iter().next().and_then(|array| array.validity());
    let validity = validity.map(|validity| validity.iter().collect());
    ChunkedArray::<T>::from_vec_validity(numbers.name().clone(), values, validity).into_series()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_stay() {
        let numbers = Series::new("n".into(), [Some(3i64), None, Some(-1)]);
        let texts = Series::new("t".into(), [Some("a text that is longer than a view"), None, Some("")]);
        let lists = Series::new("l".into(), [texts.clone(), texts.clear(), texts.clone()]);
        let days = numbers.cast(&DataType::Date).unwrap().with_name("d".into());
        let moments =
            numbers.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap().with_name("m".into());
        let flags = Series::new("b".into(), [Some(true), None, Some(false)]);
        let columns = [numbers, texts, lists, days, moments, flags].map(Column::from);
        let frame = DataFrame::new(3, columns.into()).unwrap();
        assert!(canonical(&frame).unwrap().equals_missing(&frame));
        assert_eq!(canonical(&frame).unwrap().schema(), frame.schema());
    }
}
