//! Columns of a chunk, laid out as a worker reads them: a batch of rows at a time.

use polars::prelude::{AnyValue, ArrayRef, DataType, Series};
use polars_arrow::array::{BooleanArray, PrimitiveArray, Utf8ViewArray};
use polars_arrow::bitmap::Bitmap;

use super::plan::{Cells, Input};
use crate::error::{Error, Result};
use crate::row::Chunk;

/// Numbers up to this are exact as a number of Luau.
const EXACT: u64 = 1 << 53;

/// Decimals of up to so many digits are told apart by the nearest numbers, which are written with the same digits.
const DECIMAL_DIGITS: u32 = 15;

/// The marks of cells in `masks`.
const NULL: u8 = 1;
const INEXACT: u8 = 2;

/// One column of a chunk.
pub(super) struct Reader {
    values: Values,
    validity: Option<Bitmap>,
    cells: Cells,
}

enum Values {
    F64(PrimitiveArray<f64>),
    /// What is counted in units of the last digit, and how many digits stand behind the point.
    Decimal(PrimitiveArray<i128>, usize),
    I64(PrimitiveArray<i64>),
    U64(PrimitiveArray<u64>),
    Boolean(BooleanArray),
    Text(Utf8ViewArray),
    List(Series),
    Null,
}

impl Reader {
    /// Brings a column into a form that can be read cell by cell.
    pub(super) fn new(series: &Series, input: &Input) -> Result<Self> {
        let wanted = match (input.cells, series.dtype()) {
            (Cells::Null, _) => None,
            (Cells::Integer, DataType::UInt64) => None,
            (Cells::Integer, _) => Some(DataType::Int64),
            (Cells::Number, DataType::UInt64) => None,
            (Cells::Decimal, _) => None,
            (Cells::Number, dtype) if dtype.is_float() => Some(DataType::Float64),
            (Cells::Number, _) => Some(DataType::Int64),
            (Cells::Text, _) => Some(DataType::String),
            (Cells::List, DataType::Array(inner, _)) => Some(DataType::List(inner.clone())),
            (Cells::Boolean | Cells::List, _) => None,
        };
        let scale = match (input.cells, series.dtype()) {
            (Cells::Decimal, DataType::Decimal(_, scale)) => Some(*scale),
            _ => None,
        };
        let physical = match series.dtype().is_temporal() || scale.is_some() {
            true => series.to_physical_repr().into_owned(),
            false => series.clone(),
        };
        let series = match wanted {
            Some(dtype) if *physical.dtype() != dtype => physical.cast(&dtype).map_err(Error::engine)?,
            _ => physical,
        };
        let series = series.rechunk();
        let array: &ArrayRef = &series.chunks()[0];
        let validity = array.validity().filter(|validity| validity.unset_bits() > 0).cloned();
        macro_rules! array {
            ($variant:ident) => {
                Values::$variant(
                    array.as_any().downcast_ref().cloned().ok_or_else(|| Error::engine(series.dtype()))?,
                )
            };
        }
        let values = match input.cells {
            Cells::Null => Values::Null,
            Cells::List => Values::List(series.clone()),
            Cells::Decimal => {
                let array = array.as_any().downcast_ref().cloned();
                Values::Decimal(
                    array.ok_or_else(|| Error::engine(series.dtype()))?,
                    scale.unwrap_or_default(),
                )
            }
            _ => match series.dtype() {
                DataType::Float64 => array!(F64),
                DataType::Int64 => array!(I64),
                DataType::UInt64 => array!(U64),
                DataType::Boolean => array!(Boolean),
                _ => array!(Text),
            },
        };
        Ok(Self { values, validity, cells: input.cells })
    }

    fn is_null(&self, row: usize) -> bool {
        self.validity.as_ref().is_some_and(|validity| !validity.get_bit(row))
    }
}

/// Opens the columns of a chunk.
pub(super) fn readers(chunk: &Chunk, inputs: &[Input]) -> Result<Vec<Reader>> {
    inputs.iter().enumerate().map(|(index, input)| Reader::new(chunk.series(index), input)).collect()
}

/// The cells of some rows, as bytes; see `driver.rs` for how they lie.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) n_rows: usize,
    /// A piece of eight bytes a row for each column.
    pub(super) cells: Vec<Vec<u8>>,
    /// A byte a row for each column.
    pub(super) masks: Vec<Vec<u8>>,
    /// Whether there is anything in `masks`.
    pub(super) has_masks: bool,
    pub(super) heap: Vec<u8>,
}

impl Batch {
    /// With more texts and lists than this, a batch ends.
    const HEAP_BYTES: usize = 1 << 20;

    pub(super) fn new(n_columns: usize) -> Self {
        Self { cells: vec![Vec::new(); n_columns], masks: vec![Vec::new(); n_columns], ..Self::default() }
    }

    /// Takes the rows from `from` on, as many as there are up to `n_rows`, and less where their texts are long.
    pub(super) fn fill(&mut self, readers: &[Reader], from: usize, n_rows: usize) -> Result<()> {
        self.heap.clear();
        self.has_masks = false;
        self.n_rows = n_rows;
        for (cells, masks) in self.cells.iter_mut().zip(&mut self.masks) {
            cells.clear();
            masks.clear();
            masks.resize(n_rows, 0);
        }
        // Texts and lists first: they say how many rows there are.
        let (long, short): (Vec<usize>, Vec<usize>) = (0..readers.len())
            .partition(|column| matches!(readers[*column].values, Values::Text(_) | Values::List(_)));
        for row in 0..n_rows {
            if long.is_empty() {
                break;
            }
            for column in &long {
                let (start, length) = self.append(&readers[*column], from + row)?;
                self.cells[*column].extend(start.to_le_bytes());
                self.cells[*column].extend(length.to_le_bytes());
            }
            if self.heap.len() > Self::HEAP_BYTES {
                self.n_rows = row + 1;
                break;
            }
        }
        for column in short {
            self.fill_fixed(&readers[column], column, from);
        }
        for (column, reader) in readers.iter().enumerate() {
            let nulls = match (&reader.values, &reader.validity) {
                (Values::Null, _) => self.n_rows,
                (_, Some(validity)) => validity.clone().sliced(from, self.n_rows).unset_bits(),
                (_, None) => 0,
            };
            if nulls > 0 {
                self.has_masks = true;
                for row in 0..self.n_rows {
                    if reader.is_null(from + row) {
                        self.masks[column][row] = NULL;
                    }
                }
            }
        }
        Ok(())
    }

    fn fill_fixed(&mut self, reader: &Reader, column: usize, from: usize) {
        let rows = from..from + self.n_rows;
        let cells = &mut self.cells[column];
        cells.resize(self.n_rows * 8, 0);
        let places = cells.as_chunks_mut::<8>().0.iter_mut();
        let masks = &mut self.masks[column];
        match &reader.values {
            Values::F64(array) => {
                for (place, value) in places.zip(&array.values()[rows]) {
                    *place = value.to_le_bytes();
                }
            }
            Values::Decimal(array, scale) => {
                let values = &array.values()[rows];
                for (place, value) in places.zip(values) {
                    *place = nearest(*value, *scale).to_le_bytes();
                }
                let is_inexact = |value: &i128| value.unsigned_abs() >= 10_u128.pow(DECIMAL_DIGITS);
                if values.iter().any(is_inexact) {
                    self.has_masks = true;
                    mark(masks, values.iter().map(is_inexact));
                }
            }
            Values::I64(array) if reader.cells == Cells::Integer => {
                for (place, value) in places.zip(&array.values()[rows]) {
                    *place = value.to_le_bytes();
                }
            }
            Values::I64(array) => {
                let values = &array.values()[rows];
                let mut largest = 0;
                for (place, value) in places.zip(values) {
                    largest = largest.max(value.unsigned_abs());
                    *place = (*value as f64).to_le_bytes();
                }
                if largest > EXACT {
                    self.has_masks = true;
                    mark(masks, values.iter().map(|value| value.unsigned_abs() > EXACT));
                }
            }
            Values::U64(array) => {
                let limit = if reader.cells == Cells::Integer { i64::MAX as u64 } else { EXACT };
                let values = &array.values()[rows];
                for (place, value) in places.zip(values) {
                    let bytes = match reader.cells {
                        Cells::Integer => value.to_le_bytes(),
                        _ => (*value as f64).to_le_bytes(),
                    };
                    *place = bytes;
                }
                if values.iter().any(|value| *value > limit) {
                    self.has_masks = true;
                    mark(masks, values.iter().map(|value| *value > limit));
                }
            }
            Values::Boolean(array) => {
                for (place, row) in places.zip(rows) {
                    *place = f64::from(u8::from(array.values().get_bit(row))).to_le_bytes();
                }
            }
            Values::Text(_) | Values::List(_) | Values::Null => {}
        }
    }

    /// Puts a text or a list on the heap, and gives its offset and length.
    fn append(&mut self, reader: &Reader, row: usize) -> Result<(u32, u32)> {
        let start = self.heap.len();
        if !reader.is_null(row) {
            match &reader.values {
                Values::Text(array) => self.heap.extend(array.value(row).as_bytes()),
                Values::List(series) => {
                    encode(&series.get(row).map_err(Error::engine)?, &mut self.heap)?;
                }
                _ => {}
            }
        }
        let short = |length: usize| {
            u32::try_from(length)
                .map_err(|_| Error::shape("a cell of more than 4 GiB is too large for a script"))
        };
        Ok((short(start)?, short(self.heap.len() - start)?))
    }
}

/// The number that is nearest to a decimal.
fn nearest(value: i128, scale: usize) -> f64 {
    // Powers of ten up to this are numbers, and a quotient of two numbers is rounded once.
    const EXACT_POWER: usize = 22;
    match scale <= EXACT_POWER {
        true => value as f64 / 10_f64.powi(scale as i32),
        false => format!("{value}e-{scale}").parse().unwrap_or(f64::NAN),
    }
}

fn mark(masks: &mut [u8], are_inexact: impl Iterator<Item = bool>) {
    for (mask, is_inexact) in masks.iter_mut().zip(are_inexact) {
        if is_inexact {
            *mask = INEXACT;
        }
    }
}

/// Writes an item of a list: a tag, and what it says.
fn encode(value: &AnyValue<'_>, heap: &mut Vec<u8>) -> Result<()> {
    use super::tag;
    let mut number = |value: f64| {
        heap.push(tag::NUMBER);
        heap.extend(value.to_le_bytes());
    };
    match value {
        AnyValue::Null => heap.push(tag::NIL),
        AnyValue::Boolean(value) => heap.push(if *value { tag::TRUE } else { tag::FALSE }),
        AnyValue::Float64(value) => number(*value),
        AnyValue::Float32(value) => number(f64::from(*value)),
        AnyValue::String(text) => encode_text(text, heap),
        AnyValue::StringOwned(text) => encode_text(text, heap),
        AnyValue::Categorical(..)
        | AnyValue::CategoricalOwned(..)
        | AnyValue::Enum(..)
        | AnyValue::EnumOwned(..) => encode_text(&value.str_value(), heap),
        AnyValue::List(items) => {
            heap.push(tag::LIST);
            heap.extend((items.len() as u32).to_le_bytes());
            for item in items.iter() {
                encode(&item, heap)?;
            }
        }
        AnyValue::Decimal(value, _, scale) => match value.unsigned_abs() < 10_u128.pow(DECIMAL_DIGITS) {
            true => number(nearest(*value, *scale)),
            false => heap.push(tag::INEXACT),
        },
        other => {
            let exact = match other {
                AnyValue::Time(ticks) | AnyValue::Datetime(ticks, ..) | AnyValue::Duration(ticks, _) => {
                    i128::from(*ticks)
                }
                AnyValue::DatetimeOwned(ticks, ..) => i128::from(*ticks),
                AnyValue::Date(days) => i128::from(*days),
                other => other.try_extract::<i128>().map_err(Error::engine)?,
            };
            match exact.unsigned_abs() > u128::from(EXACT) {
                true => heap.push(tag::INEXACT),
                false => number(exact as f64),
            }
        }
    }
    Ok(())
}

fn encode_text(text: &str, heap: &mut Vec<u8>) {
    heap.push(super::tag::TEXT);
    heap.extend((text.len() as u32).to_le_bytes());
    heap.extend(text.as_bytes());
}
