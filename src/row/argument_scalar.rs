//! Arguments that are numbers, booleans and strings.

use polars::prelude::{ChunkedArray, DataType, PolarsNumericType, Series};
use polars_arrow::array::{Array, Utf8ViewArray};
use polars_arrow::bitmap::Bitmap;
use polars_buffer::Buffer;

use super::argument::{Argument, Prepared};
use crate::error::{Error, Result};

/// How integers are read as an integer argument, floats as a float one.
pub(crate) fn is_integer_or_decimal(dtype: &DataType) -> bool {
    dtype.is_integer() || dtype.is_decimal()
}

/// The values and validity of a numeric column of one piece.
fn pieces<T: PolarsNumericType>(column: &ChunkedArray<T>) -> (Buffer<T::Native>, Option<Bitmap>) {
    let column = column.rechunk();
    let array = column.downcast_as_array();
    (array.values().clone(), usable(array.validity()))
}

/// A validity bitmap that says something: one without a null is as good as none, and none is faster.
pub(crate) fn usable(validity: Option<&Bitmap>) -> Option<Bitmap> {
    validity.filter(|validity| validity.unset_bits() > 0).cloned()
}

/// Casts a column, with the rows whose value has no counterpart.
pub(crate) fn cast_with_unfit(
    column: &Series,
    dtype: &DataType,
    argument: &str,
) -> Result<(Series, Vec<(usize, String)>)> {
    if column.dtype() == dtype {
        return Ok((column.clone(), Vec::new()));
    }
    let cast = column.cast(dtype).map_err(Error::engine)?.rechunk();
    if cast.null_count() == column.null_count() {
        return Ok((cast, Vec::new()));
    }
    let unfit = (0..column.len())
        .filter_map(|row| {
            let before = column.get(row).ok().filter(|value| !value.is_null())?;
            let lost = cast.get(row).ok()?.is_null();
            lost.then(|| (row, format!("{before} does not fit the function's argument of type {argument}")))
        })
        .collect();
    Ok((cast, unfit))
}

macro_rules! number_argument {
    ($($native:ty, $chunked:ident, $dtype:expr, $expected:literal, $accepts:expr;)*) => {$(
        impl Argument for $native {
            type Item<'r> = $native;
            type Values = Buffer<$native>;
            type Reader<'p> = &'p [$native];
            const TAKES_NULL: bool = false;

            fn expected() -> String {
                $expected.to_owned()
            }

            fn accepts(dtype: &DataType) -> bool {
                ($accepts)(dtype)
            }

            fn prepare(column: &Series) -> Result<Prepared<Self::Values>> {
                let (column, unfit) = cast_with_unfit(column, &$dtype, stringify!($native))?;
                let (values, validity) = pieces(column.$chunked().map_err(Error::engine)?);
                Ok(Prepared { values, validity, unfit })
            }

            fn reader<'p>(prepared: &'p Prepared<Self::Values>) -> &'p [$native] {
                &prepared.values
            }

            #[inline]
            fn n_rows(reader: &&[$native]) -> usize {
                reader.len()
            }

            #[inline]
            fn get<'r>(reader: &'r &[$native], row: usize) -> $native {
                reader[row]
            }
        }
    )*};
}

number_argument! {
    i8, i8, DataType::Int8, "an integer that fits i8", DataType::is_integer;
    i16, i16, DataType::Int16, "an integer that fits i16", DataType::is_integer;
    i32, i32, DataType::Int32, "an integer that fits i32", DataType::is_integer;
    i64, i64, DataType::Int64, "an integer that fits i64", DataType::is_integer;
    u8, u8, DataType::UInt8, "an integer that fits u8", DataType::is_integer;
    u16, u16, DataType::UInt16, "an integer that fits u16", DataType::is_integer;
    u32, u32, DataType::UInt32, "an integer that fits u32", DataType::is_integer;
    u64, u64, DataType::UInt64, "an integer that fits u64", DataType::is_integer;
    f32, f32, DataType::Float32, "f32 or an integer of up to 16 bits", |dtype: &DataType| matches!(
        dtype,
        DataType::Float32 | DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16
    );
    f64, f64, DataType::Float64, "a number", |dtype: &DataType| dtype.is_float() || is_integer_or_decimal(dtype);
}

impl Argument for bool {
    type Item<'r> = bool;
    type Values = Bitmap;
    type Reader<'p> = &'p Bitmap;
    const TAKES_NULL: bool = false;

    fn expected() -> String {
        "bool".to_owned()
    }

    fn accepts(dtype: &DataType) -> bool {
        dtype.is_bool()
    }

    fn prepare(column: &Series) -> Result<Prepared<Bitmap>> {
        let (column, unfit) = cast_with_unfit(column, &DataType::Boolean, "bool")?;
        let column = column.bool().map_err(Error::engine)?.rechunk();
        let array = column.downcast_as_array();
        Ok(Prepared { values: array.values().clone(), validity: usable(array.validity()), unfit })
    }

    fn reader<'p>(prepared: &'p Prepared<Bitmap>) -> &'p Bitmap {
        &prepared.values
    }

    #[inline]
    fn n_rows(reader: &&Bitmap) -> usize {
        reader.len()
    }

    #[inline]
    fn get<'r>(reader: &'r &Bitmap, row: usize) -> bool {
        reader.get_bit(row)
    }
}

impl<'x> Argument for &'x str {
    type Item<'r> = &'r str;
    type Values = Utf8ViewArray;
    type Reader<'p> = &'p Utf8ViewArray;
    const TAKES_NULL: bool = false;

    fn expected() -> String {
        "text".to_owned()
    }

    fn accepts(dtype: &DataType) -> bool {
        dtype.is_string() || dtype.is_categorical() || dtype.is_enum()
    }

    fn prepare(column: &Series) -> Result<Prepared<Utf8ViewArray>> {
        let (column, unfit) = cast_with_unfit(column, &DataType::String, "&str")?;
        let column = column.str().map_err(Error::engine)?.rechunk();
        let array = column.downcast_as_array();
        Ok(Prepared { values: array.clone(), validity: usable(array.validity()), unfit })
    }

    fn reader<'p>(prepared: &'p Prepared<Utf8ViewArray>) -> &'p Utf8ViewArray {
        &prepared.values
    }

    #[inline]
    fn n_rows(reader: &&Utf8ViewArray) -> usize {
        reader.len()
    }

    #[inline]
    fn get<'r>(reader: &'r &Utf8ViewArray, row: usize) -> &'r str {
        reader.value(row)
    }
}
