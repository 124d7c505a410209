//! Some rows of a record batch, as a batch of their own: of each buffer the part that they lie in.

use std::ops::Range;

use polars::prelude::ArrowDataType;
use polars_arrow::datatypes::{IntegerType, PhysicalType};
use polars_arrow::io::ipc::format::ipc::planus::Builder;
use polars_arrow::io::ipc::format::ipc::{
    Buffer, FieldNode, Message, MessageHeader, MetadataVersion, RecordBatch,
};
use polars_arrow::types::PrimitiveType;

use crate::error::{Error, Result};

use super::message::{BatchLayout, Extent, children};

/// The bytes in a range of a body.
pub(super) type Bytes<'b> = dyn Fn(Range<u64>) -> Result<Vec<u8>> + 'b;

/// A batch of some rows: its header and its body.
pub(super) struct Sliced {
    pub(super) header: Vec<u8>,
    pub(super) body: Vec<u8>,
}

/// Takes some rows of some columns out of a batch that is not packed. `columns` says of every column whether it is wanted.
pub(super) fn slice(
    format: &'static str,
    layout: &BatchLayout,
    columns: &[(&ArrowDataType, Extent, bool)],
    rows: Range<usize>,
    bytes: &Bytes<'_>,
) -> Result<Sliced> {
    let mut slicer = Slicer {
        format,
        layout,
        bytes,
        next: Extent::default(),
        next_variadic: 0,
        body: Vec::new(),
        nodes: Vec::new(),
        buffers: Vec::new(),
        variadic: Vec::new(),
    };
    for (dtype, extent, is_wanted) in columns {
        if *is_wanted {
            slicer.array(dtype, rows.clone())?;
        } else {
            slicer.next.n_nodes += extent.n_nodes;
            slicer.next.n_buffers += extent.n_buffers;
            slicer.next_variadic += n_variadic(dtype);
        }
    }
    let batch = RecordBatch {
        length: rows.len() as i64,
        nodes: Some(slicer.nodes),
        buffers: Some(slicer.buffers),
        compression: None,
        variadic_buffer_counts: (!slicer.variadic.is_empty()).then_some(slicer.variadic),
    };
    let message = Message {
        version: MetadataVersion::V5,
        header: Some(MessageHeader::RecordBatch(Box::new(batch))),
        body_length: slicer.body.len() as i64,
        custom_metadata: None,
    };
    Ok(Sliced { header: Builder::new().finish(&message, None).to_vec(), body: slicer.body })
}

/// How many arrays of views there are in an array.
pub(super) fn n_variadic(dtype: &ArrowDataType) -> usize {
    let own = matches!(dtype.to_physical_type(), PhysicalType::BinaryView | PhysicalType::Utf8View);
    usize::from(own) + children(dtype).into_iter().map(n_variadic).sum::<usize>()
}

struct Slicer<'s> {
    format: &'static str,
    layout: &'s BatchLayout,
    bytes: &'s Bytes<'s>,
    /// How many nodes and buffers are behind us.
    next: Extent,
    next_variadic: usize,
    body: Vec<u8>,
    nodes: Vec<FieldNode>,
    buffers: Vec<Buffer>,
    variadic: Vec<i64>,
}

impl Slicer<'_> {
    fn array(&mut self, dtype: &ArrowDataType, rows: Range<usize>) -> Result<()> {
        let (length, n_nulls) = *self
            .layout
            .nodes
            .get(self.next.n_nodes)
            .ok_or_else(|| self.malformed("an array has no length".into()))?;
        self.next.n_nodes += 1;
        if rows.end > length {
            return Err(self.malformed(format!("an array has {length} values, and {} are wanted", rows.end)));
        }
        let node = self.nodes.len();
        self.nodes.push(FieldNode { length: rows.len() as i64, null_count: 0 });
        let physical = dtype.to_physical_type();
        if physical == PhysicalType::Null {
            self.nodes[node].null_count = rows.len() as i64;
            return Ok(());
        }
        let n_nulls = if n_nulls == 0 { self.no_bits() } else { self.bits(rows.clone(), length)? };
        self.nodes[node].null_count = n_nulls as i64;
        match physical {
            PhysicalType::Boolean => {
                self.bits(rows, length)?;
            }
            PhysicalType::Primitive(primitive) => self.fixed(width(primitive), rows)?,
            PhysicalType::Dictionary(keys) => {
                let bits = self.buffers.len() - 1;
                self.fixed(key_width(keys), rows)?;
                self.clear_nulls(key_width(keys), bits, n_nulls);
            }
            PhysicalType::FixedSizeBinary => match dtype.to_storage() {
                ArrowDataType::FixedSizeBinary(width) => self.fixed(*width, rows)?,
                _ => return Err(self.malformed("bytes of no known width".into())),
            },
            PhysicalType::Binary | PhysicalType::Utf8 => self.text(4, rows)?,
            PhysicalType::LargeBinary | PhysicalType::LargeUtf8 => self.text(8, rows)?,
            PhysicalType::BinaryView | PhysicalType::Utf8View => self.views(rows)?,
            PhysicalType::List | PhysicalType::Map | PhysicalType::LargeList => {
                let width = if physical == PhysicalType::LargeList { 8 } else { 4 };
                let within = self.offsets(width, rows)?;
                self.array(children(dtype)[0], within.start as usize..within.end as usize)?;
            }
            PhysicalType::FixedSizeList => {
                let ArrowDataType::FixedSizeList(_, width) = dtype.to_storage() else {
                    return Err(self.malformed("lists of no known length".into()));
                };
                self.array(children(dtype)[0], rows.start * width..rows.end * width)?;
            }
            PhysicalType::Struct => {
                for child in children(dtype) {
                    self.array(child, rows.clone())?;
                }
            }
            PhysicalType::Null | PhysicalType::Union => {
                return Err(self.malformed("values of a kind that is not known".into()));
            }
        }
        Ok(())
    }

    fn malformed(&self, message: String) -> Error {
        Error::malformed(self.format, message)
    }

    /// The place of the next buffer.
    fn next_buffer(&mut self) -> Result<(u64, u64)> {
        let buffer = self.layout.buffers.get(self.next.n_buffers).copied();
        self.next.n_buffers += 1;
        buffer.ok_or_else(|| self.malformed("an array has too few buffers".into()))
    }

    /// Some bytes of a buffer.
    fn part(&self, buffer: (u64, u64), range: Range<u64>) -> Result<Vec<u8>> {
        if range.start > range.end || range.end > buffer.1 {
            let message = format!("a buffer has {} bytes, and its array takes {}", buffer.1, range.end);
            return Err(self.malformed(message));
        }
        (self.bytes)(buffer.0 + range.start..buffer.0 + range.end)
    }

    fn push(&mut self, bytes: &[u8]) {
        self.buffers.push(Buffer { offset: self.body.len() as i64, length: bytes.len() as i64 });
        self.body.extend_from_slice(bytes);
        self.body.resize(self.body.len().next_multiple_of(64), 0);
    }

    /// A bitmap that is not there, since no value is null.
    fn no_bits(&mut self) -> usize {
        self.next.n_buffers += 1;
        self.push(&[]);
        0
    }

    /// The bits of some of an array's values, of which there are so many; gives how many are not set.
    fn bits(&mut self, rows: Range<usize>, length: usize) -> Result<usize> {
        let buffer = self.next_buffer()?;
        if (length as u64).div_ceil(8) > buffer.1 {
            return Err(self.malformed(format!("a bitmap has {} bytes for {length} values", buffer.1)));
        }
        let read = self.part(buffer, rows.start as u64 / 8..rows.end.div_ceil(8) as u64)?;
        let shift = rows.start % 8;
        let shifted = |at: usize| {
            let low = read.get(at).copied().unwrap_or(0) >> shift;
            match shift {
                0 => low,
                _ => low | (read.get(at + 1).copied().unwrap_or(0) << (8 - shift)),
            }
        };
        let mut bits: Vec<u8> = (0..rows.len().div_ceil(8)).map(shifted).collect();
        if let (Some(last), 1..) = (bits.last_mut(), rows.len() % 8) {
            *last &= (1 << (rows.len() % 8)) - 1;
        }
        self.push(&bits);
        Ok(rows.len() - bits.iter().map(|byte| byte.count_ones() as usize).sum::<usize>())
    }

    /// Makes the keys of the nulls 0 in the last buffer: the engine wants all keys to be there, and what they are for a null is
    /// not laid down. `bits` is the buffer that says which are null.
    fn clear_nulls(&mut self, width: usize, bits: usize, n_nulls: usize) {
        let (Some(bits), Some(keys)) = (self.buffers.get(bits), self.buffers.last()) else { return };
        if n_nulls == 0 {
            return;
        }
        let (before, behind) = self.body.split_at_mut(keys.offset as usize);
        let bits = &before[bits.offset as usize..];
        for (index, key) in behind[..keys.length as usize].chunks_exact_mut(width).enumerate() {
            if bits[index / 8] >> (index % 8) & 1 == 0 {
                key.fill(0);
            }
        }
    }

    fn fixed(&mut self, width: usize, rows: Range<usize>) -> Result<()> {
        let buffer = self.next_buffer()?;
        let values = self.part(buffer, (rows.start * width) as u64..(rows.end * width) as u64)?;
        self.push(&values);
        Ok(())
    }

    /// The offsets of some rows, moved so that the first one is 0; gives the range that they had.
    fn offsets(&mut self, width: usize, rows: Range<usize>) -> Result<Range<u64>> {
        let buffer = self.next_buffer()?;
        // Old writers leave the offsets of no rows away.
        if rows.is_empty() {
            self.push(&vec![0; width]);
            return Ok(0..0);
        }
        let read = self.part(buffer, (rows.start * width) as u64..((rows.end + 1) * width) as u64)?;
        let values: Vec<i64> = match width {
            4 => {
                read.chunks_exact(4).map(|bytes| i64::from(i32::from_le_bytes(fixed_bytes(bytes)))).collect()
            }
            _ => read.chunks_exact(8).map(|bytes| i64::from_le_bytes(fixed_bytes(bytes))).collect(),
        };
        let first = values.first().copied().unwrap_or_default();
        let last = values.last().copied().unwrap_or_default();
        if first < 0 || !values.is_sorted() {
            return Err(self.malformed("the offsets of an array do not rise".into()));
        }
        let moved = values.iter().map(|value| value - first);
        let moved: Vec<u8> = match width {
            4 => moved.flat_map(|value| (value as i32).to_le_bytes()).collect(),
            _ => moved.flat_map(i64::to_le_bytes).collect(),
        };
        self.push(&moved);
        Ok(first as u64..last as u64)
    }

    fn text(&mut self, width: usize, rows: Range<usize>) -> Result<()> {
        let within = self.offsets(width, rows)?;
        let buffer = self.next_buffer()?;
        let bytes = self.part(buffer, within)?;
        self.push(&bytes);
        Ok(())
    }

    /// Views, and of each buffer that they point into the part that they do.
    fn views(&mut self, rows: Range<usize>) -> Result<()> {
        let n_buffers = self.layout.variadic.get(self.next_variadic).copied().unwrap_or_default();
        self.next_variadic += 1;
        let buffer = self.next_buffer()?;
        let mut views = self.part(buffer, rows.start as u64 * 16..rows.end as u64 * 16)?;
        let mut used: Vec<Used> = vec![Used::default(); n_buffers];
        for view in views.chunks_exact(16).filter(|view| word(view, 0) > INLINE) {
            let Some(used) = used.get_mut(word(view, 8) as usize) else {
                return Err(self.malformed("a text lies in a buffer that is not there".into()));
            };
            used.add(word(view, 12), word(view, 0));
        }
        let mut parts = Vec::with_capacity(n_buffers);
        for (index, used) in used.iter().enumerate() {
            let buffer = self.next_buffer()?;
            let views = views.chunks_exact_mut(16).filter(|view| word(view, 0) > INLINE);
            let views = views.filter(|view| word(view, 8) as usize == index);
            parts.push(match used.is_scattered() {
                true => self.gathered(buffer, views)?,
                false => {
                    let start = used.range.start;
                    views.for_each(|view| set_word(view, 12, (u64::from(word(view, 12)) - start) as u32));
                    if used.n_bytes > 0 { self.part(buffer, used.range.clone())? } else { Vec::new() }
                }
            });
        }
        self.push(&views);
        parts.iter().for_each(|part| self.push(part));
        self.variadic.push(n_buffers as i64);
        Ok(())
    }

    /// The texts of some views one behind the other.
    fn gathered<'v>(&self, buffer: (u64, u64), views: impl Iterator<Item = &'v mut [u8]>) -> Result<Vec<u8>> {
        let mut gathered = Vec::new();
        for view in views {
            let start = u64::from(word(view, 12));
            let text = self.part(buffer, start..start + u64::from(word(view, 0)))?;
            set_word(view, 12, gathered.len() as u32);
            gathered.extend(text);
        }
        Ok(gathered)
    }
}

/// What some views use of a buffer.
#[derive(Clone)]
struct Used {
    range: Range<u64>,
    n_bytes: u64,
}

impl Default for Used {
    fn default() -> Self {
        Self { range: Range { start: u64::MAX, end: 0 }, n_bytes: 0 }
    }
}

impl Used {
    fn add(&mut self, start: u32, length: u32) {
        let (start, length) = (u64::from(start), u64::from(length));
        self.range = self.range.start.min(start)..self.range.end.max(start + length);
        self.n_bytes += length;
    }

    /// Whether most of the bytes between the first text and the last one belong to other rows.
    fn is_scattered(&self) -> bool {
        const WORTHWHILE: u64 = 64 << 10;
        self.n_bytes > 0 && self.range.end - self.range.start > 4 * self.n_bytes + WORTHWHILE
    }
}

/// A text of no more bytes stands in its view.
pub(super) const INLINE: u32 = 12;

pub(super) fn word(view: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(fixed_bytes(&view[at..at + 4]))
}

fn set_word(view: &mut [u8], at: usize, word: u32) {
    view[at..at + 4].copy_from_slice(&word.to_le_bytes());
}

/// The bytes of a chunk of exactly so many.
pub(super) fn fixed_bytes<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut fixed = [0; N];
    fixed.copy_from_slice(bytes);
    fixed
}

/// The bytes of a value.
pub(in crate::table) fn width(primitive: PrimitiveType) -> usize {
    match primitive {
        PrimitiveType::Int8 | PrimitiveType::UInt8 => 1,
        PrimitiveType::Int16 | PrimitiveType::UInt16 | PrimitiveType::Float16 => 2,
        PrimitiveType::Int32 | PrimitiveType::UInt32 | PrimitiveType::Float32 => 4,
        PrimitiveType::Int64 | PrimitiveType::UInt64 | PrimitiveType::Float64 | PrimitiveType::DaysMs => 8,
        PrimitiveType::Int128 | PrimitiveType::UInt128 | PrimitiveType::MonthDayNano => 16,
        PrimitiveType::Int256 => 32,
        _ => 12,
    }
}

pub(super) fn key_width(keys: IntegerType) -> usize {
    match keys {
        IntegerType::Int8 | IntegerType::UInt8 => 1,
        IntegerType::Int16 | IntegerType::UInt16 => 2,
        IntegerType::Int32 | IntegerType::UInt32 => 4,
        IntegerType::Int64 | IntegerType::UInt64 => 8,
        IntegerType::Int128 | IntegerType::UInt128 => 16,
    }
}
