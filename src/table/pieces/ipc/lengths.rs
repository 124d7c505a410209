//! Whether the buffers of a batch have the bytes that its arrays take.

use polars_arrow::datatypes::{ArrowDataType, PhysicalType};

use super::message::{BatchLayout, children};
use super::slice::{key_width, width};

/// Walks over the arrays of a batch, of which nodes and buffers are known to be as many as the dtypes want.
pub(super) struct Lengths<'l> {
    layout: &'l BatchLayout,
    next_node: usize,
    next_buffer: usize,
    next_variadic: usize,
}

impl<'l> Lengths<'l> {
    pub(super) fn new(layout: &'l BatchLayout) -> Self {
        Self { layout, next_node: 0, next_buffer: 0, next_variadic: 0 }
    }

    /// Checks the next array, which has so many values at least; an error says what is too short.
    pub(super) fn check(&mut self, dtype: &ArrowDataType, least: usize) -> Result<(), String> {
        let Some(&(length, n_nulls)) = self.layout.nodes.get(self.next_node) else { return Ok(()) };
        self.next_node += 1;
        if length < least {
            return Err(format!("an array has {length} values where {least} are wanted"));
        }
        let physical = dtype.to_physical_type();
        if physical == PhysicalType::Null {
            return Ok(());
        }
        let bits = |length: usize| length.div_ceil(8) as u64;
        let of_width = |n_values: usize, width: usize| (n_values as u64).saturating_mul(width as u64);
        // Old writers leave the offsets of no rows away.
        let offsets = |width| if length == 0 { 0 } else { of_width(length.saturating_add(1), width) };
        self.buffer(if n_nulls == 0 { 0 } else { bits(length) })?;
        match physical {
            PhysicalType::Boolean => self.buffer(bits(length))?,
            PhysicalType::Primitive(primitive) => self.buffer(of_width(length, width(primitive)))?,
            PhysicalType::Dictionary(keys) => self.buffer(of_width(length, key_width(keys)))?,
            PhysicalType::FixedSizeBinary => match dtype.to_storage() {
                ArrowDataType::FixedSizeBinary(width) => self.buffer(of_width(length, *width))?,
                _ => self.buffer(0)?,
            },
            PhysicalType::Binary | PhysicalType::Utf8 => self.text(offsets(4))?,
            PhysicalType::LargeBinary | PhysicalType::LargeUtf8 => self.text(offsets(8))?,
            PhysicalType::BinaryView | PhysicalType::Utf8View => {
                self.buffer(of_width(length, 16))?;
                self.next_buffer += self.layout.variadic.get(self.next_variadic).copied().unwrap_or_default();
                self.next_variadic += 1;
            }
            PhysicalType::List | PhysicalType::Map => self.buffer(offsets(4))?,
            PhysicalType::LargeList => self.buffer(offsets(8))?,
            PhysicalType::FixedSizeList | PhysicalType::Struct | PhysicalType::Null | PhysicalType::Union => {
            }
        }
        let of_children = match (physical, dtype.to_storage()) {
            (PhysicalType::FixedSizeList, ArrowDataType::FixedSizeList(_, width)) => {
                length.saturating_mul(*width)
            }
            (PhysicalType::Struct, _) => length,
            _ => 0,
        };
        children(dtype).into_iter().try_for_each(|child| self.check(child, of_children))
    }

    /// Offsets, and the bytes that they are of.
    fn text(&mut self, n_bytes: u64) -> Result<(), String> {
        self.buffer(n_bytes)?;
        self.buffer(0)
    }

    fn buffer(&mut self, n_bytes: u64) -> Result<(), String> {
        let there = self.layout.unpacked.get(self.next_buffer).copied().unwrap_or_default();
        self.next_buffer += 1;
        match there < n_bytes {
            true => Err(format!("a buffer has {there} bytes, and its array takes {n_bytes}")),
            false => Ok(()),
        }
    }
}
