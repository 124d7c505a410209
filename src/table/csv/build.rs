//! Cells to a column chunk.

use polars::prelude::*;
use polars_arrow::array::{MutableBinaryViewArray, PrimitiveArray};
use polars_arrow::bitmap::MutableBitmap;
use polars_arrow::types::NativeType;

use crate::error::{Error, Result};

use super::rows::{ColumnCells, Nulls, Text};
use super::value;

/// Collects the cells of a column.
pub(in crate::table) trait ColumnBuilder: Send {
    /// Adds a text; `false`, and nothing added, when it is no value of the dtype.
    fn push(&mut self, text: &[u8]) -> bool;

    fn push_null(&mut self);

    /// Adds the cells of one column of a block; stops at the first that is no value of the dtype, and gives its row.
    fn push_column(
        &mut self,
        cells: ColumnCells,
        nulls: &Nulls,
        text: Text,
    ) -> std::result::Result<(), usize> {
        let mut scratch = Vec::new();
        for (row, cell) in cells.iter().enumerate() {
            let bytes = cell.text(&mut scratch);
            if nulls.contain(cell, bytes, text) {
                self.push_null();
            } else if !self.push(bytes) {
                return Err(row);
            }
        }
        Ok(())
    }

    /// The cells as a series.
    fn finish(self: Box<Self>, name: PlSmallStr) -> Result<Series>;
}

/// A builder for columns whose dtype was guessed: it takes those texts alone that the dtype gives back as they are.
pub(super) fn guess_builder(dtype: &DataType) -> Option<Box<dyn ColumnBuilder>> {
    match dtype {
        DataType::Int64 => Some(primitive::<Int64Type>(value::parse_canonical_i64)),
        DataType::UInt64 => Some(primitive::<UInt64Type>(value::parse_canonical_u64)),
        DataType::Float64 => Some(primitive::<Float64Type>(value::parse_exact_f64)),
        other => builder(other),
    }
}

/// A builder for columns of a dtype; `None` for dtypes that are made from a text column afterwards.
pub(in crate::table) fn builder(dtype: &DataType) -> Option<Box<dyn ColumnBuilder>> {
    let to_dtype = dtype.clone();
    let cast = move |series: Series| series.cast(&to_dtype);
    Some(match dtype {
        DataType::Int8 => primitive::<Int8Type>(value::parse_narrow),
        DataType::Int16 => primitive::<Int16Type>(value::parse_narrow),
        DataType::Int32 => primitive::<Int32Type>(value::parse_narrow),
        DataType::Int64 => primitive::<Int64Type>(value::parse_i64),
        DataType::UInt8 => primitive::<UInt8Type>(value::parse_narrow),
        DataType::UInt16 => primitive::<UInt16Type>(value::parse_narrow),
        DataType::UInt32 => primitive::<UInt32Type>(value::parse_narrow),
        DataType::UInt64 => primitive::<UInt64Type>(value::parse_u64),
        DataType::Float32 => primitive::<Float32Type>(value::parse_f32),
        DataType::Float64 => primitive::<Float64Type>(value::parse_f64),
        DataType::Date => logical::<Int32Type>(value::parse_date, cast),
        DataType::Time => logical::<Int64Type>(value::parse_time, cast),
        DataType::Datetime(unit, zone) => {
            let (unit, utc) = (*unit, zone.is_some());
            logical::<Int64Type>(move |text| value::parse_datetime(text, unit, utc), cast)
        }
        DataType::Duration(unit) => {
            let unit = *unit;
            logical::<Int64Type>(move |text| value::parse_duration(text, unit), cast)
        }
        DataType::Decimal(precision, scale) => {
            let (precision, scale) = (*precision, *scale);
            logical::<Int128Type>(
                move |text| value::parse_decimal(text, precision, scale),
                move |series| Ok(series.i128()?.clone().into_decimal(precision, scale)?.into_series()),
            )
        }
        DataType::Boolean => Box::new(BooleanBuilder::default()),
        DataType::String => Box::new(StringBuilder::default()),
        DataType::Categorical(..) => Box::new(CategoricalBuilder { strings: StringBuilder::default(), cast }),
        _ => return None,
    })
}

fn primitive<T>(parse: impl Fn(&[u8]) -> Option<T::Native> + Send + 'static) -> Box<dyn ColumnBuilder>
where
    T: PolarsNumericType<Array = PrimitiveArray<<T as PolarsNumericType>::Native>>,
    ChunkedArray<T>: IntoSeries,
{
    logical::<T>(parse, Ok)
}

fn logical<T>(
    parse: impl Fn(&[u8]) -> Option<T::Native> + Send + 'static,
    convert: impl FnOnce(Series) -> PolarsResult<Series> + Send + 'static,
) -> Box<dyn ColumnBuilder>
where
    T: PolarsNumericType<Array = PrimitiveArray<<T as PolarsNumericType>::Native>>,
    ChunkedArray<T>: IntoSeries,
{
    let to_series = |name, array| ChunkedArray::<T>::with_chunk(name, array).into_series();
    let convert = move |name, array| convert(to_series(name, array));
    Box::new(PrimitiveBuilder { values: Vec::new(), validity: None, parse, convert })
}

struct PrimitiveBuilder<V, P, C> {
    values: Vec<V>,
    validity: Option<MutableBitmap>,
    parse: P,
    convert: C,
}

impl<V, P, C> ColumnBuilder for PrimitiveBuilder<V, P, C>
where
    V: NativeType,
    P: Fn(&[u8]) -> Option<V> + Send,
    C: FnOnce(PlSmallStr, PrimitiveArray<V>) -> PolarsResult<Series> + Send,
{
    #[inline(always)]
    fn push(&mut self, text: &[u8]) -> bool {
        let Some(value) = (self.parse)(text) else { return false };
        self.values.push(value);
        if let Some(validity) = &mut self.validity {
            validity.push(true);
        }
        true
    }

    fn push_null(&mut self) {
        let n_rows = self.values.len();
        self.values.push(V::default());
        self.validity.get_or_insert_with(|| MutableBitmap::from_len_set(n_rows)).push(false);
    }

    fn finish(self: Box<Self>, name: PlSmallStr) -> Result<Series> {
        let validity = self.validity.map(Into::into);
        let array = PrimitiveArray::new(V::PRIMITIVE.into(), self.values.into(), validity);
        (self.convert)(name, array).map_err(Error::engine)
    }
}

#[derive(Default)]
struct BooleanBuilder {
    values: Vec<Option<bool>>,
}

impl ColumnBuilder for BooleanBuilder {
    fn push(&mut self, text: &[u8]) -> bool {
        let value = value::parse_bool(text);
        if value.is_some() {
            self.values.push(value);
        }
        value.is_some()
    }

    fn push_null(&mut self) {
        self.values.push(None);
    }

    fn finish(self: Box<Self>, name: PlSmallStr) -> Result<Series> {
        Ok(Series::new(name, self.values))
    }
}

#[derive(Default)]
struct StringBuilder {
    views: MutableBinaryViewArray<str>,
}

impl ColumnBuilder for StringBuilder {
    #[inline(always)]
    fn push(&mut self, text: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        self.views.push_value(text);
        true
    }

    fn push_null(&mut self) {
        self.views.push_null();
    }

    fn finish(self: Box<Self>, name: PlSmallStr) -> Result<Series> {
        Ok(StringChunked::with_chunk(name, self.views.freeze()).into_series())
    }
}

struct CategoricalBuilder<C> {
    strings: StringBuilder,
    cast: C,
}

impl<C: FnOnce(Series) -> PolarsResult<Series> + Send> ColumnBuilder for CategoricalBuilder<C> {
    fn push(&mut self, text: &[u8]) -> bool {
        self.strings.push(text)
    }

    fn push_null(&mut self) {
        self.strings.push_null();
    }

    fn finish(self: Box<Self>, name: PlSmallStr) -> Result<Series> {
        (self.cast)(Box::new(self.strings).finish(name)?).map_err(Error::engine)
    }
}
