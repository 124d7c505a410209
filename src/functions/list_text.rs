//! The lists of a column, whether it holds lists or text that says them.

use std::ops::Range;

use polars::prelude::*;
use polars_arrow::array::ListArray;
use polars_arrow::bitmap::{self, Bitmap};
use polars_arrow::offset::OffsetsBuffer;

use crate::error::{Error, Result};
use crate::table::parse_list_column;

/// A text that is no list.
pub(super) struct TextFault {
    pub(super) row: usize,
    pub(super) message: String,
}

/// The lists of a column: the items of all of them, and where each one's lie.
pub(super) struct Lists {
    pub(super) items: Series,
    bounds: Vec<usize>,
    valid: Option<Bitmap>,
}

impl Lists {
    /// Opens a column of lists, arrays, text or nulls. The rows whose text is no list of `item` are null, and faults.
    pub(super) fn open(column: &Series, item: &DataType) -> Result<(Self, Vec<TextFault>)> {
        let dtype = DataType::List(Box::new(item.clone()));
        let (column, faults) = match column.dtype() {
            DataType::String => parse(column, item, &dtype)?,
            _ => (column.cast(&dtype).map_err(Error::engine)?, Vec::new()),
        };
        let column = column.rechunk();
        let lists = column.list().map_err(Error::engine)?;
        let array = lists.downcast_as_array();
        let offsets = array.offsets().buffer();
        let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
        let bounds = offsets.iter().map(|offset| (offset - first) as usize).collect();
        let items = array.values().sliced(first as usize, (last - first) as usize);
        let items = Series::from_chunk_and_dtype(PlSmallStr::EMPTY, items, item).map_err(Error::engine)?;
        Ok((Self { items, bounds, valid: array.validity().cloned() }, faults))
    }

    pub(super) fn n_rows(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The places of a row's items.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        self.bounds[row]..self.bounds[row + 1]
    }

    pub(super) fn is_valid(&self, row: usize) -> bool {
        self.valid.as_ref().is_none_or(|valid| valid.get_bit(row))
    }

    /// Which rows are not null in both.
    pub(super) fn valid_with(&self, other: &Self) -> Option<Bitmap> {
        match (&self.valid, &other.valid) {
            (Some(a), Some(b)) => Some(bitmap::and(a, b)),
            (one, other) => one.as_ref().or(other.as_ref()).cloned(),
        }
    }

    /// A column of lists from the items of all, the place behind each list's last one, and which lists are not null.
    pub(super) fn collect(
        items: &Series,
        item: &DataType,
        ends: Vec<i64>,
        valid: Option<Bitmap>,
    ) -> Result<Series> {
        let dtype = DataType::List(Box::new(item.clone()));
        let array = ListArray::<i64>::new(
            dtype.to_physical().to_arrow(CompatLevel::newest()),
            OffsetsBuffer::try_from(ends).map_err(Error::engine)?,
            items.to_physical_repr().rechunk().chunks()[0].clone(),
            valid,
        );
        Series::from_chunk_and_dtype(PlSmallStr::EMPTY, array.boxed(), &dtype).map_err(Error::engine)
    }
}

/// Reads the lists of a text column, the rows that are none left out as nulls.
fn parse(column: &Series, item: &DataType, dtype: &DataType) -> Result<(Series, Vec<TextFault>)> {
    let mut lists = Series::new_empty(column.name().clone(), dtype);
    let mut faults = Vec::new();
    while lists.len() < column.len() {
        let rest = column.slice(lists.len() as i64, column.len());
        let read = match parse_list_column(&rest, item) {
            Ok(read) => read,
            Err(error) => {
                let Some(row) = error.position().row else { return Err(error) };
                faults.push(TextFault { row: lists.len() + row as usize, message: error.kind().to_string() });
                let mut read = parse_list_column(&rest.slice(0, row as usize), item)?;
                read.append(&Series::full_null(PlSmallStr::EMPTY, 1, dtype)).map_err(Error::engine)?;
                read
            }
        };
        lists.append(&read).map_err(Error::engine)?;
    }
    Ok((lists, faults))
}
