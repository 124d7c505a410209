//! How many bytes some rows of a record batch have, from the places that its offsets tell.

use std::ops::Range;

use polars::prelude::ArrowDataType;
use polars_arrow::datatypes::PhysicalType;

use crate::error::{Error, Result};

use super::message::{BatchLayout, Extent, children};
use super::slice::{Bytes, INLINE, fixed_bytes, key_width, n_variadic, width, word};

/// The bytes of some rows of a batch that is not packed, column by column; of columns that are not wanted, none.
pub(super) fn measure(
    format: &'static str,
    layout: &BatchLayout,
    columns: &[(&ArrowDataType, Extent, bool)],
    rows: Range<usize>,
    bytes: &Bytes<'_>,
) -> Result<Vec<u64>> {
    let mut measure = Measure { format, layout, bytes, next: Extent::default(), next_variadic: 0 };
    let of_column = |(dtype, extent, is_wanted): &(&ArrowDataType, Extent, bool)| {
        if *is_wanted {
            return measure.array(dtype, rows.clone());
        }
        measure.next.n_nodes += extent.n_nodes;
        measure.next.n_buffers += extent.n_buffers;
        measure.next_variadic += n_variadic(dtype);
        Ok(0)
    };
    columns.iter().map(of_column).collect()
}

struct Measure<'m> {
    format: &'static str,
    layout: &'m BatchLayout,
    bytes: &'m Bytes<'m>,
    /// How many nodes and buffers are behind us.
    next: Extent,
    next_variadic: usize,
}

impl Measure<'_> {
    fn array(&mut self, dtype: &ArrowDataType, rows: Range<usize>) -> Result<u64> {
        let n_nulls = self.layout.nodes.get(self.next.n_nodes).map_or(0, |(_, n_nulls)| *n_nulls);
        self.next.n_nodes += 1;
        let physical = dtype.to_physical_type();
        if physical == PhysicalType::Null {
            return Ok(0);
        }
        self.next.n_buffers += 1;
        let n_rows = rows.len() as u64;
        let bits = n_rows.div_ceil(8);
        let validity = if n_nulls > 0 { bits } else { 0 };
        let values = match physical {
            PhysicalType::Boolean => self.fixed(bits),
            PhysicalType::Primitive(primitive) => self.fixed(n_rows * width(primitive) as u64),
            PhysicalType::Dictionary(keys) => self.fixed(n_rows * key_width(keys) as u64),
            PhysicalType::FixedSizeBinary => match dtype.to_storage() {
                ArrowDataType::FixedSizeBinary(width) => self.fixed(n_rows * *width as u64),
                _ => self.fixed(0),
            },
            PhysicalType::Binary | PhysicalType::Utf8 => self.text(4, rows)?,
            PhysicalType::LargeBinary | PhysicalType::LargeUtf8 => self.text(8, rows)?,
            PhysicalType::BinaryView | PhysicalType::Utf8View => self.views(rows)?,
            PhysicalType::List | PhysicalType::Map | PhysicalType::LargeList => {
                let width = if physical == PhysicalType::LargeList { 8 } else { 4 };
                let within = self.ends(width, &rows)?;
                let within = within.start as usize..within.end as usize;
                n_rows * width + self.array(children(dtype)[0], within)?
            }
            PhysicalType::FixedSizeList => {
                let width = match dtype.to_storage() {
                    ArrowDataType::FixedSizeList(_, width) => *width,
                    _ => 0,
                };
                self.array(children(dtype)[0], rows.start * width..rows.end * width)?
            }
            PhysicalType::Struct => {
                let mut n_bytes = 0;
                for child in children(dtype) {
                    n_bytes += self.array(child, rows.clone())?;
                }
                n_bytes
            }
            PhysicalType::Null | PhysicalType::Union => 0,
        };
        Ok(validity + values)
    }

    fn fixed(&mut self, n_bytes: u64) -> u64 {
        self.next.n_buffers += 1;
        n_bytes
    }

    fn buffer(&mut self, needed: u64) -> Result<(u64, u64)> {
        let buffer = self.layout.buffers.get(self.next.n_buffers).copied();
        self.next.n_buffers += 1;
        match buffer {
            Some((start, length)) if needed <= length => Ok((start, length)),
            _ => Err(self.malformed("a buffer is shorter than its array")),
        }
    }

    /// The offsets at the two ends of some rows.
    fn ends(&mut self, width: u64, rows: &Range<usize>) -> Result<Range<u64>> {
        if rows.is_empty() {
            self.next.n_buffers += 1;
            return Ok(0..0);
        }
        let (start, _) = self.buffer((rows.end as u64 + 1) * width)?;
        let at = |row: usize| -> Result<i64> {
            let place = start + row as u64 * width;
            let read = (self.bytes)(place..place + width)?;
            Ok(match width {
                4 => i64::from(i32::from_le_bytes(fixed_bytes(&read))),
                _ => i64::from_le_bytes(fixed_bytes(&read)),
            })
        };
        match (u64::try_from(at(rows.start)?), u64::try_from(at(rows.end)?)) {
            (Ok(from), Ok(to)) if from <= to => Ok(from..to),
            _ => Err(self.malformed("the offsets of an array do not rise")),
        }
    }

    fn text(&mut self, width: u64, rows: Range<usize>) -> Result<u64> {
        let within = self.ends(width, &rows)?;
        self.next.n_buffers += 1;
        Ok(rows.len() as u64 * width + within.end - within.start)
    }

    fn views(&mut self, rows: Range<usize>) -> Result<u64> {
        let n_buffers = self.layout.variadic.get(self.next_variadic).copied().unwrap_or_default();
        self.next_variadic += 1;
        let (start, _) = self.buffer(rows.end as u64 * 16)?;
        self.next.n_buffers += n_buffers;
        let views = (self.bytes)(start + rows.start as u64 * 16..start + rows.end as u64 * 16)?;
        let lengths = views.chunks_exact(16).map(|view| word(view, 0)).filter(|length| *length > INLINE);
        Ok(views.len() as u64 + lengths.map(u64::from).sum::<u64>())
    }

    fn malformed(&self, message: &str) -> Error {
        Error::malformed(self.format, message)
    }
}
