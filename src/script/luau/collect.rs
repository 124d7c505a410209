//! Gathers what the rows of a chunk return, one output column at a time.

use std::ops::ControlFlow;

use polars::prelude::{DataType, Field, Float64Chunked, IntoSeries, PlSmallStr, Series};
use polars_arrow::bitmap::{Bitmap, MutableBitmap};

use super::tag;
use crate::error::Result;
use crate::row::{ChunkOutput, RunsBuilder, Slot, fill_runs, is_undeclared};

/// The values of one output column.
pub(super) struct Collector {
    field: Field,
    capacity: usize,
    values: Collected,
}

enum Collected {
    /// Numbers and nulls alone; without nulls there is no bitmap.
    Numbers {
        values: Vec<f64>,
        validity: Option<MutableBitmap>,
    },
    Runs(RunsBuilder),
}

/// A result that no column holds: its row in the batch, and why.
pub(super) type Misfit = (usize, String);

impl Collector {
    pub(super) fn new(field: &Field, capacity: usize) -> Self {
        let values = Collected::Numbers { values: Vec::with_capacity(capacity), validity: None };
        Self { field: field.clone(), capacity, values }
    }

    /// Takes numbers, eight bytes each.
    pub(super) fn push_numbers(&mut self, bytes: &[u8]) {
        let numbers = bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
        match &mut self.values {
            Collected::Numbers { values, validity } => {
                values.extend(numbers);
                if let Some(validity) = validity {
                    validity.extend_constant(bytes.len() / 8, true);
                }
            }
            Collected::Runs(runs) => numbers.for_each(|number| runs.push_float(number)),
        }
    }

    /// Takes values of any kind: eight bytes and a tag each, and the texts and lists that they point to.
    pub(super) fn push_values(&mut self, bytes: &[u8], tags: &[u8], texts: &[u8]) -> Vec<Misfit> {
        let mut misfits = Vec::new();
        for (row, (bytes, tag)) in bytes.chunks_exact(8).zip(tags).enumerate() {
            if *tag == tag::NUMBER {
                self.push_numbers(bytes);
            } else if *tag == tag::NIL {
                self.push_null();
            } else if let Err(message) = push(self.runs(), *tag, bytes, texts) {
                self.push_null();
                misfits.push((row, message));
            }
        }
        misfits
    }

    pub(super) fn push_null(&mut self) {
        match &mut self.values {
            Collected::Numbers { values, validity } => {
                let n_rows = values.len();
                let validity = validity.get_or_insert_with(|| MutableBitmap::from_len_set(n_rows));
                validity.push(false);
                values.push(0.0);
            }
            Collected::Runs(runs) => runs.push_null(),
        }
    }

    /// The values as runs, from now on.
    fn runs(&mut self) -> &mut RunsBuilder {
        if let Collected::Numbers { values, validity } = &self.values {
            let mut runs = RunsBuilder::new(self.field.name().clone(), self.capacity);
            for (row, value) in values.iter().enumerate() {
                match validity {
                    Some(validity) if !validity.get(row) => runs.push_null(),
                    _ => runs.push_float(*value),
                }
            }
            self.values = Collected::Runs(runs);
        }
        match &mut self.values {
            Collected::Runs(runs) => runs,
            Collected::Numbers { .. } => unreachable!("they have just been made runs"),
        }
    }

    /// Puts the column into its slot.
    pub(super) fn fill(self, output: &mut ChunkOutput<'_>, slot: usize) -> Result<ControlFlow<()>> {
        let field = self.field;
        let (values, validity) = match self.values {
            Collected::Runs(runs) => return fill_runs(output, slot, &field, runs.finish()),
            Collected::Numbers { values, validity } => (values, validity.map(Bitmap::from)),
        };
        if field.dtype() == &DataType::Float64
            && values.len() == output.n_rows()
            && let place @ Slot::Fixed { .. } = &mut output.slots()[slot]
        {
            place.values_mut::<f64>().copy_from_slice(&values);
            place.set_validity(validity);
            return Ok(ControlFlow::Continue(()));
        }
        let has_values = validity.as_ref().is_none_or(|validity| validity.set_bits() > 0);
        let series = match has_values {
            true => Float64Chunked::from_vec_validity(field.name().clone(), values, validity).into_series(),
            false => Series::full_null(field.name().clone(), values.len(), &DataType::Null),
        };
        if series.is_empty() {
            return fill_runs(output, slot, &field, Vec::new());
        }
        // A number in a column of dates or times is the count that such a column is stored as.
        let stored = match field.dtype() {
            dtype if dtype.is_temporal() && !is_undeclared(&field) => {
                Field::new(field.name().clone(), dtype.to_physical())
            }
            _ => field,
        };
        fill_runs(output, slot, &stored, vec![series])
    }
}

fn number(bytes: &[u8]) -> f64 {
    let mut number = [0; 8];
    number.copy_from_slice(bytes);
    f64::from_le_bytes(number)
}

/// Adds a value that is neither a number nor nil.
fn push(runs: &mut RunsBuilder, tag: u8, bytes: &[u8], texts: &[u8]) -> Result<(), String> {
    let place = number(bytes).to_bits();
    let (start, length) = ((place & 0xFFFF_FFFF) as usize, (place >> 32) as usize);
    match tag {
        tag::FALSE => runs.push_bool(false),
        tag::TRUE => runs.push_bool(true),
        tag::INTEGER => runs.push_int(place as i64),
        tag::TEXT => runs.push_text(text(&texts[start..start + length])?),
        _ => {
            let mut reader = ListReader { bytes: &texts[start..start + length], at: 1 };
            runs.push_list(reader.list()?);
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "returned a text that is not UTF-8".to_owned())
}

/// Reads the items of a list.
struct ListReader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> ListReader<'b> {
    fn take(&mut self, n_bytes: usize) -> &'b [u8] {
        let taken = &self.bytes[self.at..self.at + n_bytes];
        self.at += n_bytes;
        taken
    }

    fn length(&mut self) -> usize {
        let mut length = [0; 4];
        length.copy_from_slice(self.take(4));
        u32::from_le_bytes(length) as usize
    }

    /// The list whose tag has been read.
    fn list(&mut self) -> Result<Series, String> {
        let n_items = self.length();
        let mut runs = RunsBuilder::new(PlSmallStr::EMPTY, n_items);
        for _ in 0..n_items {
            match self.take(1)[0] {
                tag::NUMBER => runs.push_float(number(self.take(8))),
                tag::NIL => runs.push_null(),
                tag::FALSE => runs.push_bool(false),
                tag::TRUE => runs.push_bool(true),
                tag::INTEGER => runs.push_int(number(self.take(8)).to_bits() as i64),
                tag::TEXT => {
                    let length = self.length();
                    runs.push_text(text(self.take(length))?);
                }
                _ => runs.push_list(self.list()?),
            }
        }
        let mut runs = runs.finish();
        match runs.len() {
            0 => Ok(Series::new_empty(PlSmallStr::EMPTY, &DataType::Null)),
            1 => Ok(runs.remove(0)),
            _ => Err("returned a list with items of several kinds, and a column has items of one".into()),
        }
    }
}
