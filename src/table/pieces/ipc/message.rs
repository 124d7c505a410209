//! The header of a record batch or dictionary: what it says, and whether that can be true of the bytes behind it.

use polars::prelude::{ArrowDataType, PolarsResult, polars_err};
use polars_arrow::datatypes::PhysicalType;
use polars_arrow::io::ipc::format::ipc::{self, planus::ReadAsRoot};
use polars_arrow::io::ipc::format::ipc::{
    CompressionType, DictionaryBatchRef, MessageHeaderRef, MessageRef, MetadataVersion, RecordBatchRef,
};

use crate::error::{Error, Result};

use super::super::super::contain::contain;

/// A message without its body.
pub(super) struct Message {
    pub(super) header: Vec<u8>,
    pub(super) body_len: u64,
    pub(super) kind: MessageKind,
}

/// What a message brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageKind {
    Batch,
    Dictionary,
    /// The columns, which stand at the beginning and have no body.
    Schema,
    Other,
}

/// What the header of a batch says of its columns.
pub(super) struct BatchLayout {
    pub(super) n_rows: usize,
    /// The length and the number of nulls of each array.
    pub(super) nodes: Vec<(usize, usize)>,
    /// Where each buffer begins in the body, and its length there.
    pub(super) buffers: Vec<(u64, u64)>,
    /// How many buffers of bytes the arrays of views have.
    pub(super) variadic: Vec<usize>,
    pub(super) packing: Option<Packing>,
    /// How many bytes each buffer has when it is unpacked.
    pub(super) unpacked: Vec<u64>,
}

/// How the buffers of a batch are packed, each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Lz4,
    Zstd,
}

/// How many nodes and buffers an array has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) n_nodes: usize,
    pub(super) n_buffers: usize,
}

/// No header is larger: that of a million columns is not.
const LARGEST_HEADER: usize = 64 << 20;

/// Gives up to so many of the next bytes.
pub(super) type Take<'t> = dyn FnMut(usize) -> Result<Vec<u8>> + 't;

impl Message {
    /// Reads a header; `None` at the mark that ends a stream.
    pub(super) fn read(format: &'static str, take: &mut Take<'_>) -> Result<Option<Self>> {
        let mut word = || -> Result<u32> {
            let bytes = take(4)?;
            let bytes: [u8; 4] = bytes.as_slice().try_into().map_err(|_| cut(format))?;
            Ok(u32::from_le_bytes(bytes))
        };
        let mut length = word()?;
        if length == u32::MAX {
            length = word()?;
        }
        if length == 0 {
            return Ok(None);
        }
        let length = length as usize;
        if length > LARGEST_HEADER {
            let message = format!("the header of a message says that it has {length} bytes");
            return Err(Error::malformed(format, message));
        }
        let header = take(length)?;
        if header.len() < length {
            return Err(cut(format));
        }
        let (header, body_len, kind) = contain(format, || {
            let header = match packing_told_beside(&header)? {
                Some(codec) => with_packing(&header, codec)?,
                None => header,
            };
            let message = MessageRef::read_as_root(&header).map_err(corrupt)?;
            let body_len = message.body_length().map_err(corrupt)?;
            let body_len = u64::try_from(body_len)
                .map_err(|_| polars_err!(ComputeError: "a message says that it has {body_len} bytes"))?;
            let kind = match message.header().map_err(corrupt)? {
                Some(MessageHeaderRef::RecordBatch(_)) => MessageKind::Batch,
                Some(MessageHeaderRef::DictionaryBatch(_)) => MessageKind::Dictionary,
                Some(MessageHeaderRef::Schema(_)) if body_len == 0 => MessageKind::Schema,
                _ => MessageKind::Other,
            };
            Ok((header, body_len, kind))
        })?;
        Ok(Some(Self { header, body_len, kind }))
    }

    /// What the header says, checked against the length of the body. `word` gives the eight bytes at a place in the body.
    pub(super) fn layout(
        &self,
        format: &'static str,
        word: &dyn Fn(u64) -> Result<Option<i64>>,
    ) -> Result<BatchLayout> {
        let mut layout = contain(format, || self.with_batch(|batch| layout_of(batch, self.body_len)))?;
        for (place, length) in &layout.buffers {
            let unpacked = match layout.packing.is_some() && *length >= 8 {
                true => match word(*place)? {
                    None => return Err(cut(format)),
                    Some(-1) => length - 8,
                    Some(unpacked) => believable(unpacked, length - 8).ok_or_else(|| {
                        let message =
                            format!("a buffer of {length} bytes says that {unpacked} are packed in it");
                        Error::malformed(format, message)
                    })?,
                },
                false => *length,
            };
            layout.unpacked.push(unpacked);
        }
        Ok(layout)
    }

    /// Calls a function with the batch, that of a dictionary included.
    pub(super) fn with_batch<T>(
        &self,
        call: impl FnOnce(RecordBatchRef<'_>) -> PolarsResult<T>,
    ) -> PolarsResult<T> {
        let message = MessageRef::read_as_root(&self.header).map_err(corrupt)?;
        match message.header().map_err(corrupt)? {
            Some(MessageHeaderRef::RecordBatch(batch)) => call(batch),
            Some(MessageHeaderRef::DictionaryBatch(dictionary)) => {
                match dictionary.data().map_err(corrupt)? {
                    Some(batch) => call(batch),
                    None => Err(polars_err!(ComputeError: "a dictionary has no values")),
                }
            }
            _ => Err(polars_err!(ComputeError: "a message is no record batch")),
        }
    }

    /// Calls a function with the dictionary.
    pub(super) fn with_dictionary<T>(
        &self,
        call: impl FnOnce(DictionaryBatchRef<'_>) -> PolarsResult<T>,
    ) -> PolarsResult<T> {
        let message = MessageRef::read_as_root(&self.header).map_err(corrupt)?;
        match message.header().map_err(corrupt)? {
            Some(MessageHeaderRef::DictionaryBatch(dictionary)) => call(dictionary),
            _ => Err(polars_err!(ComputeError: "a message is no dictionary")),
        }
    }

    pub(super) fn version(&self) -> PolarsResult<MetadataVersion> {
        MessageRef::read_as_root(&self.header).and_then(|message| message.version()).map_err(corrupt)
    }
}

/// How the buffers are packed where the header says it in a text beside: Arrow 0.17 did, which had no field for it.
fn packing_told_beside(header: &[u8]) -> PolarsResult<Option<CompressionType>> {
    const KEY: &str = "ARROW:experimental_compression";
    let message = MessageRef::read_as_root(header).map_err(corrupt)?;
    for told in message.custom_metadata().map_err(corrupt)?.into_iter().flatten() {
        let told = told.map_err(corrupt)?;
        if told.key().map_err(corrupt)? != Some(KEY) {
            continue;
        }
        let name = told.value().map_err(corrupt)?.unwrap_or_default();
        return match name.to_ascii_lowercase().as_str() {
            "lz4" | "lz4_frame" => Ok(Some(CompressionType::Lz4Frame)),
            "zstd" => Ok(Some(CompressionType::Zstd)),
            _ => Err(polars_err!(ComputeError: "its buffers are packed as {name:?}, which is not known")),
        };
    }
    Ok(None)
}

/// The header with that said where it is said today.
fn with_packing(header: &[u8], codec: CompressionType) -> PolarsResult<Vec<u8>> {
    let mut message = MessageRef::read_as_root(header).and_then(ipc::Message::try_from).map_err(corrupt)?;
    let batch = match &mut message.header {
        Some(ipc::MessageHeader::RecordBatch(batch)) => Some(batch),
        Some(ipc::MessageHeader::DictionaryBatch(dictionary)) => dictionary.data.as_mut(),
        _ => None,
    };
    if let Some(batch) = batch {
        let method = ipc::BodyCompressionMethod::Buffer;
        batch.compression.get_or_insert_with(|| Box::new(ipc::BodyCompression { codec, method }));
    }
    Ok(ipc::planus::Builder::new().finish(&message, None).to_vec())
}

/// How many bytes a buffer says it has unpacked, if so many can be packed in those that it has: a block of zstd of 4 bytes, 3 of
/// them its header, is one byte 128 KiB times (RFC 8878, 3.1.1.2), and LZ4 makes less of as many.
fn believable(unpacked: i64, packed: u64) -> Option<u64> {
    const MOST_A_BYTE: u64 = (128 << 10) / 4;
    u64::try_from(unpacked).ok().filter(|unpacked| unpacked / MOST_A_BYTE <= packed)
}

/// What is said of something that ends before its end.
pub(super) fn cut(format: &'static str) -> Error {
    let message = match format == super::super::super::ipc::STREAM {
        true => "it ends without its end mark; it was cut off",
        false => "a message lies behind the end of the file",
    };
    Error::malformed(format, message)
}

fn corrupt(error: polars_arrow::io::ipc::format::ipc::planus::Error) -> polars::prelude::PolarsError {
    polars_err!(ComputeError: "a message's header is corrupt: {error}")
}

fn layout_of(batch: RecordBatchRef<'_>, body_len: u64) -> PolarsResult<BatchLayout> {
    let count = |n: i64, what: &str| {
        usize::try_from(n)
            .map_err(|_| polars_err!(ComputeError: "a record batch says that it has {n} {what}"))
    };
    let mut nodes = Vec::new();
    for node in batch.nodes().map_err(corrupt)?.into_iter().flatten() {
        let (length, n_nulls) = (count(node.length(), "values")?, count(node.null_count(), "nulls")?);
        if n_nulls > length {
            return Err(
                polars_err!(ComputeError: "an array says that {n_nulls} of its {length} values are null"),
            );
        }
        nodes.push((length, n_nulls));
    }
    let mut buffers = Vec::new();
    for buffer in batch.buffers().map_err(corrupt)?.into_iter().flatten() {
        let (place, length) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length()));
        match (place, length) {
            (Ok(place), Ok(length)) if place.checked_add(length).is_some_and(|end| end <= body_len) => {
                buffers.push((place, length));
            }
            _ => {
                return Err(polars_err!(ComputeError:
                    "a buffer of {} bytes at byte {} is not within the {body_len} bytes of its record batch",
                    buffer.length(), buffer.offset()));
            }
        }
    }
    let mut variadic = Vec::new();
    for n_buffers in batch.variadic_buffer_counts().map_err(corrupt)?.into_iter().flatten() {
        let n_buffers = count(n_buffers, "buffers")?;
        if n_buffers > buffers.len() {
            return Err(polars_err!(ComputeError: "an array says that it has {n_buffers} buffers"));
        }
        variadic.push(n_buffers);
    }
    let packing = match batch.compression().map_err(corrupt)? {
        Some(packing) => Some(match packing.codec().map_err(corrupt)? {
            CompressionType::Lz4Frame => Packing::Lz4,
            CompressionType::Zstd => Packing::Zstd,
        }),
        None => None,
    };
    Ok(BatchLayout {
        n_rows: count(batch.length().map_err(corrupt)?, "rows")?,
        nodes,
        buffers,
        variadic,
        packing,
        unpacked: Vec::new(),
    })
}

impl BatchLayout {
    /// The extent of each of some columns; `None` where they do not fit what the header says, or are of a kind that is not
    /// known here.
    pub(super) fn extents<'d>(&self, dtypes: impl Iterator<Item = &'d ArrowDataType>) -> Option<Vec<Extent>> {
        let mut variadic = self.variadic.iter().copied();
        let extents: Vec<Extent> = dtypes.map(|dtype| extent(dtype, &mut variadic)).collect::<Option<_>>()?;
        let n_nodes: usize = extents.iter().map(|extent| extent.n_nodes).sum();
        let n_buffers: usize = extents.iter().map(|extent| extent.n_buffers).sum();
        (n_nodes == self.nodes.len() && n_buffers == self.buffers.len()).then_some(extents)
    }
}

fn extent(dtype: &ArrowDataType, variadic: &mut impl Iterator<Item = usize>) -> Option<Extent> {
    let n_buffers = match dtype.to_physical_type() {
        PhysicalType::Null => 0,
        PhysicalType::Boolean
        | PhysicalType::Primitive(_)
        | PhysicalType::FixedSizeBinary
        | PhysicalType::Dictionary(_) => 2,
        PhysicalType::Binary | PhysicalType::LargeBinary | PhysicalType::Utf8 | PhysicalType::LargeUtf8 => 3,
        PhysicalType::BinaryView | PhysicalType::Utf8View => 2 + variadic.next()?,
        PhysicalType::List | PhysicalType::LargeList | PhysicalType::Map => 2,
        PhysicalType::FixedSizeList | PhysicalType::Struct => 1,
        PhysicalType::Union => return None,
    };
    let mut all = Extent { n_nodes: 1, n_buffers };
    for child in children(dtype) {
        let child = extent(child, variadic)?;
        all.n_nodes += child.n_nodes;
        all.n_buffers += child.n_buffers;
    }
    Some(all)
}

/// The dtypes within a nested one.
pub(super) fn children(dtype: &ArrowDataType) -> Vec<&ArrowDataType> {
    match dtype.to_storage() {
        ArrowDataType::List(field)
        | ArrowDataType::LargeList(field)
        | ArrowDataType::FixedSizeList(field, _)
        | ArrowDataType::Map(field, _) => vec![&field.dtype],
        ArrowDataType::Struct(fields) => fields.iter().map(|field| &field.dtype).collect(),
        _ => Vec::new(),
    }
}
