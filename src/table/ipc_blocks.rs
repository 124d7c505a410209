//! Arrow files and streams that can be gone on with, block by block.
//!
//! Each block is encoded by itself, and what the end of a file says of the blocks is put together here. The bytes are those of
//! `IpcWriter`.

use std::io::Write;
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::datatypes::ArrowSchemaRef;
use polars_arrow::io::ipc::write::common_sync::{push_footer, push_magic};
use polars_arrow::io::ipc::write::{Block, FileWriter, StreamWriter, WriteOptions, default_ipc_fields};

use crate::error::{Error, Result};

use super::border::Border;
use super::canonical::{canonical, canonical_schema};
use super::contain::contain_write;
use super::gathered::Gathered;
use super::ipc::{FILE, arrow_schema};
use super::writer::{Encoder, write_error};

/// Writes blocks of rows.
pub(super) struct IpcBlocks<W: Write> {
    sink: W,
    arrow: ArrowSchemaRef,
    gathered: Gathered,
    blocks: Vec<Vec<u8>>,
    /// The length of what stands before the blocks, and where the next one begins.
    n_before: usize,
    offset: u64,
    is_file: bool,
}

/// What is written, and how large its blocks are.
pub(super) enum Ipc {
    File(Gathered),
    Stream(Gathered),
}

/// A writer of this schema that can be gone on with.
///
/// # Errors
/// [`InvalidOption`](crate::ErrorKind::InvalidOption) for dictionaries, which a block shares with those before it.
pub(super) fn resumable<W: Write + Send + 'static>(
    sink: W,
    schema: &Schema,
    what: Ipc,
    border: &Border,
) -> Result<Box<dyn Encoder>> {
    let written = canonical_schema(schema);
    if let Some((name, _)) = written.iter().find(|(_, dtype)| dtype.contains_categoricals()) {
        let message = format!(
            "column {name:?} is an enum, and Arrow with dictionaries cannot be gone on with; write Parquet, or give --dtype {name}=str"
        );
        return Err(Error::invalid_option("resume", message));
    }
    Ok(Box::new(IpcBlocks::new(sink, schema, what, border)?))
}

impl<W: Write + Send> IpcBlocks<W> {
    fn new(mut sink: W, schema: &Schema, what: Ipc, border: &Border) -> Result<Self> {
        let (is_file, gathered) = match what {
            Ipc::File(gathered) => (true, gathered),
            Ipc::Stream(gathered) => (false, gathered),
        };
        let n_bytes = border.n_bytes;
        let arrow = Arc::new(arrow_schema(schema));
        let before = match is_file {
            true => {
                let options = WriteOptions { compression: None };
                FileWriter::try_new(Vec::new(), Arc::clone(&arrow), None, options)
                    .map_err(write_error)?
                    .into_inner()
            }
            false => {
                let mut before = Vec::new();
                let mut writer = StreamWriter::new(&mut before, WriteOptions { compression: None });
                writer.start(&arrow, None).map_err(write_error)?;
                before
            }
        };
        if n_bytes == 0 {
            sink.write_all(&before).map_err(|error| Error::io("write", error))?;
        }
        let (n_before, blocks) = (before.len(), border.blocks.clone());
        let offset = n_bytes.max(n_before as u64);
        Ok(Self { sink, arrow, gathered, blocks, n_before, offset, is_file })
    }

    fn write(&mut self, blocks: Vec<DataFrame>) -> Result<()> {
        for block in blocks {
            let block = canonical(block)?;
            for batch in block.iter_chunks(CompatLevel::newest(), false) {
                let message = contain_write(|| {
                    let options = WriteOptions { compression: None };
                    let mut writer = FileWriter::try_new(Vec::new(), Arc::clone(&self.arrow), None, options)?;
                    writer.write(&batch, None)?;
                    Ok(writer.into_inner())
                })?;
                // The schema's message stands before it; a stream's is as long as a file's without its mark.
                let message = &message[self.file_before()..];
                let header =
                    message.get(4..8).and_then(|length| length.try_into().ok()).map(i32::from_le_bytes);
                let header = header.ok_or_else(|| Error::engine("a block without a header"))? + 8;
                let body = message.len() as i64 - i64::from(header);
                self.sink.write_all(message).map_err(|error| Error::io("write", error))?;
                let mut told = (self.offset as i64).to_le_bytes().to_vec();
                told.extend(header.to_le_bytes());
                told.extend(body.to_le_bytes());
                self.blocks.push(told);
                self.offset += message.len() as u64;
            }
        }
        Ok(())
    }

    /// How many bytes of a file stand before its first block.
    fn file_before(&self) -> usize {
        /// The mark that a file begins with, and a stream does not.
        const MARK: usize = 8;
        if self.is_file { self.n_before } else { self.n_before + MARK }
    }
}

impl<W: Write + Send> Encoder for IpcBlocks<W> {
    fn write_chunk(&mut self, frame: &DataFrame) -> Result<()> {
        let ready = self.gathered.add(frame)?;
        self.write(ready)
    }

    fn finish(&mut self) -> Result<()> {
        let rest = self.gathered.take()?;
        self.write(rest)?;
        let mut end = Vec::new();
        match self.is_file {
            true => {
                let blocks = self.blocks.iter().map(|told| block(told)).collect::<Result<_>>()?;
                let fields = default_ipc_fields(self.arrow.iter_values());
                push_footer(&mut end, &self.arrow, &fields, Vec::new(), blocks, None, None);
                push_magic(&mut end, false);
            }
            false => {
                polars_arrow::io::ipc::write::common_sync::push_continuation(&mut end, 0);
            }
        }
        end.iter().try_for_each(|part| self.sink.write_all(part)).map_err(|error| Error::io("write", error))
    }

    fn n_gathered_rows(&self) -> usize {
        self.gathered.n_rows()
    }

    fn blocks(&self) -> Option<&[Vec<u8>]> {
        Some(&self.blocks)
    }
}

fn block(told: &[u8]) -> Result<Block> {
    let part = |from: usize, to: usize| told.get(from..to);
    let wrong = || Error::malformed(FILE, "what is known of a block is torn");
    let long = |bytes: Option<&[u8]>| Some(i64::from_le_bytes(bytes?.try_into().ok()?));
    Ok(Block {
        offset: long(part(0, 8)).ok_or_else(wrong)?,
        meta_data_length: part(8, 12)
            .and_then(|bytes| bytes.try_into().ok())
            .map(i32::from_le_bytes)
            .ok_or_else(wrong)?,
        body_length: long(part(12, 20)).ok_or_else(wrong)?,
    })
}
