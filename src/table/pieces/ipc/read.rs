//! Arrow IPC files and streams, and the rows of a piece.

use std::collections::VecDeque;
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::io::ipc::format::ipc::Block;
use polars_arrow::io::ipc::read::{Dictionaries, read_file_metadata, read_stream_metadata};

use crate::error::{Error, Result};
use crate::files::Files;

use super::super::super::cast::apply_dtypes;
use super::super::super::contain::contain;
use super::super::super::file_schema::file_schema;
use super::super::super::ipc::{FILE, STREAM};
use super::super::super::read_options::ReadOptions;
use super::super::bytes::{ByteSource, Forward, Seekable};
use super::batch::{Batch, BatchRows, Common, Splitter};
use super::message::{Message, MessageKind};
use super::stream_place::StreamPlace;
use super::untold::check_all_told;

/// What a file has at least: the mark at both ends, filled up at the first, and the length of what its end says.
const SMALLEST: u64 = 18;

/// The columns wanted of a file or stream.
struct Wanted {
    /// With the dtypes of the file.
    in_file: Arc<Schema>,
    /// With the dtypes that were asked for.
    schema: Arc<Schema>,
    options: ReadOptions,
}

/// An IPC file of which the metadata is known.
pub(in crate::table) struct IpcPieces {
    common: Arc<Common>,
    dictionaries: Arc<Dictionaries>,
    /// Where each record batch lies, and how many rows it has.
    batches: Vec<(Block, usize)>,
    wanted: Wanted,
}

/// An IPC stream of which the schema is known.
pub(in crate::table) struct StreamPieces {
    common: Arc<Common>,
    wanted: Wanted,
}

impl Wanted {
    fn new(arrow: &ArrowSchema, format: &'static str, options: &ReadOptions) -> Result<Self> {
        let all = file_schema(format, arrow)?;
        let (in_file, schema) = options.wanted(&all)?;
        Ok(Self { in_file: Arc::new(in_file), schema: Arc::new(schema), options: options.clone() })
    }

    fn share(&mut self, before: &Self) {
        if self.in_file == before.in_file {
            self.in_file = Arc::clone(&before.in_file);
        }
        if self.schema == before.schema {
            self.schema = Arc::clone(&before.schema);
        }
    }

    fn read(&self, rows: &BatchRows, columns: &[PlSmallStr]) -> Result<DataFrame> {
        let frame = rows.read(columns)?;
        apply_dtypes(frame, &self.options).map_err(|error| error.moved(rows.first_row, 0, 0))
    }

    /// All pieces as one table, in the dtypes of the file.
    fn whole(&self, next: &mut dyn FnMut() -> Result<Option<BatchRows>>) -> Result<DataFrame> {
        let names: Vec<PlSmallStr> = self.in_file.iter_names().cloned().collect();
        let mut frame: Option<DataFrame> = None;
        while let Some(rows) = next()? {
            let block = rows.read(&names)?;
            match &mut frame {
                None => frame = Some(block),
                Some(frame) => {
                    frame.vstack_mut_owned(block).map_err(Error::engine)?;
                }
            }
        }
        Ok(frame.unwrap_or_else(|| DataFrame::empty_with_schema(&self.in_file)))
    }

    fn limit(&self) -> usize {
        self.options.limit.unwrap_or(usize::MAX)
    }
}

impl IpcPieces {
    /// Reads the metadata. No more than `largest` bytes of a batch may be in memory at a time.
    pub(in crate::table) fn open(source: &ByteSource, options: &ReadOptions, largest: usize) -> Result<Self> {
        if let Some(len) = source.len().filter(|len| *len < SMALLEST) {
            return Err(Error::malformed(FILE, format!("it ends after {len} bytes; it was cut off")));
        }
        let metadata = contain(FILE, || read_file_metadata(&mut Seekable::new(source)))?;
        let common = Arc::new(Common {
            format: FILE,
            schema: metadata.schema.as_ref().clone(),
            ipc_schema: metadata.ipc_schema,
            largest,
        });
        let mut dictionaries = Dictionaries::default();
        let mut told = Vec::new();
        for (index, block) in metadata.dictionaries.unwrap_or_default().iter().enumerate() {
            let batch = batch_at(&common, source, block, MessageKind::Dictionary, index, &Arc::default())?;
            batch.add_dictionary(&mut dictionaries)?;
            told.push(batch.extent(block));
        }
        let mut batches = Vec::new();
        let mut n_rows = 0_usize;
        for (index, block) in metadata.blocks.into_iter().enumerate() {
            let batch = batch_at(&common, source, &block, MessageKind::Batch, index, &Arc::default())?;
            n_rows = n_rows.checked_add(batch.n_rows()).ok_or_else(|| {
                Error::malformed(FILE, "its record batches say that they have more rows than there can be")
            })?;
            told.push(batch.extent(&block));
            batches.push((block, batch.n_rows()));
        }
        check_all_told(source, told)?;
        let wanted = Wanted::new(&common.schema, FILE, options)?;
        Ok(Self { common, dictionaries: Arc::new(dictionaries), batches, wanted })
    }

    pub(in crate::table) fn schema(&self) -> Schema {
        self.wanted.schema.as_ref().clone()
    }

    /// Shares with the file before what is the same of both.
    pub(in crate::table) fn share(&mut self, before: &Self) {
        self.wanted.share(&before.wanted);
        if self.common == before.common {
            self.common = Arc::clone(&before.common);
        }
    }

    pub(in crate::table) fn n_rows(&self) -> u64 {
        let n_rows: usize = self.batches.iter().map(|(_, n_rows)| n_rows).sum();
        n_rows.min(self.wanted.limit()) as u64
    }

    pub(in crate::table::pieces) fn cutter(
        &self,
        source: ByteSource,
        target: usize,
        columns: &[PlSmallStr],
    ) -> FileCutter {
        FileCutter {
            common: Arc::clone(&self.common),
            dictionaries: Arc::clone(&self.dictionaries),
            source,
            blocks: self.batches.iter().map(|(block, _)| *block).collect(),
            index: 0,
            splitter: Splitter::new(target, columns, self.n_rows() as usize),
        }
    }

    pub(in crate::table::pieces) fn read(
        &self,
        rows: &BatchRows,
        columns: &[PlSmallStr],
    ) -> Result<DataFrame> {
        self.wanted.read(rows, columns)
    }

    /// The columns wanted, whole, in the dtypes of the file.
    pub(in crate::table) fn read_whole(&self, source: &ByteSource) -> Result<DataFrame> {
        let names: Vec<PlSmallStr> = self.wanted.in_file.iter_names().cloned().collect();
        let mut cutter = self.cutter(source.share()?, usize::MAX, &names);
        self.wanted.whole(&mut || cutter.next_rows())
    }
}

/// Cuts the batches of a file into pieces.
pub(crate) struct FileCutter {
    common: Arc<Common>,
    dictionaries: Arc<Dictionaries>,
    source: ByteSource,
    blocks: VecDeque<Block>,
    index: usize,
    splitter: Splitter,
}

impl FileCutter {
    /// Passes over rows, and lets pieces have so many at most.
    pub(in crate::table::pieces) fn pass(&mut self, n_rows: u64, most_rows: u64) {
        self.splitter.pass(n_rows, most_rows);
    }

    pub(in crate::table::pieces) fn next_rows(&mut self) -> Result<Option<BatchRows>> {
        loop {
            if let Some(rows) = self.splitter.next_rows()? {
                return Ok(Some(rows));
            }
            let Some(block) = self.blocks.pop_front() else { return Ok(None) };
            if self.splitter.is_done() {
                return Ok(None);
            }
            let Self { common, source, index, dictionaries, .. } = self;
            source.passed(u64::try_from(block.offset).unwrap_or_default());
            let batch = batch_at(common, source, &block, MessageKind::Batch, *index, dictionaries)?;
            *index += 1;
            self.splitter.begin(batch)?;
        }
    }
}

/// The batch or dictionary that lies at a place of a file.
fn batch_at(
    common: &Arc<Common>,
    source: &ByteSource,
    block: &Block,
    kind: MessageKind,
    index: usize,
    dictionaries: &Arc<Dictionaries>,
) -> Result<Batch> {
    let read = || {
        let offset = u64::try_from(block.offset).ok();
        let start = offset.zip(u64::try_from(block.meta_data_length).ok());
        let start = start.and_then(|(offset, length)| offset.checked_add(length));
        let (Some(offset), Some(start)) = (offset, start) else {
            return Err(Error::malformed(FILE, "its place in the file is none"));
        };
        let mut position = offset;
        let message = Message::read(FILE, &mut |n_bytes| {
            let bytes = source.range(position..position.saturating_add(n_bytes as u64))?;
            position += bytes.len() as u64;
            Ok(bytes)
        })?;
        // What the end says and what the header does must agree, or the values would be taken from another place.
        let filled = [position, position.next_multiple_of(8), position.next_multiple_of(64)];
        match message {
            Some(_) if !filled.contains(&start) => {
                let message =
                    format!("its values begin at byte {position}, and the end of the file says {start}");
                Err(Error::malformed(FILE, message))
            }
            Some(message) if message.kind == kind => {
                Batch::new(common, message, source.share()?, start, Arc::clone(dictionaries), index)
            }
            _ => Err(Error::malformed(FILE, "there is another message in its place")),
        }
    };
    let what = if kind == MessageKind::Batch { "record batch" } else { "dictionary" };
    read().map_err(|error: Error| error.in_part(&format!("{what} {index}")))
}

impl StreamPieces {
    /// Reads the schema. No more than `largest` bytes of a batch may be in memory at a time.
    pub(in crate::table) fn open(source: &ByteSource, options: &ReadOptions, largest: usize) -> Result<Self> {
        let mut reader = Forward::new(source.sample()?);
        let metadata = contain(STREAM, || read_stream_metadata(&mut reader))?;
        let wanted = Wanted::new(&metadata.schema, STREAM, options)?;
        let common =
            Common { format: STREAM, schema: metadata.schema, ipc_schema: metadata.ipc_schema, largest };
        Ok(Self { common: Arc::new(common), wanted })
    }

    pub(in crate::table) fn schema(&self) -> Schema {
        self.wanted.schema.as_ref().clone()
    }

    /// The rows of a stream.
    pub(in crate::table::pieces) fn cutter(
        &self,
        source: &ByteSource,
        target: usize,
        columns: &[PlSmallStr],
    ) -> Result<StreamCutter> {
        let place = match source.len() {
            Some(len) => StreamPlace::Positions { source: source.share()?, next: 0, len },
            None => StreamPlace::Forward { stream: Box::new(source.stream()?), next: 0 },
        };
        Ok(StreamCutter {
            common: Arc::clone(&self.common),
            place,
            files: self.wanted.options.files.clone(),
            dictionaries: Arc::default(),
            index: 0,
            is_over: false,
            splitter: Splitter::new(target, columns, self.wanted.limit()),
        })
    }

    pub(in crate::table::pieces) fn read(
        &self,
        rows: &BatchRows,
        columns: &[PlSmallStr],
    ) -> Result<DataFrame> {
        self.wanted.read(rows, columns)
    }

    /// The columns wanted, whole, in the dtypes of the stream.
    pub(in crate::table) fn read_whole(&self, source: &ByteSource) -> Result<DataFrame> {
        let names: Vec<PlSmallStr> = self.wanted.in_file.iter_names().cloned().collect();
        let mut cutter = self.cutter(source, usize::MAX, &names)?;
        self.wanted.whole(&mut || cutter.next_rows())
    }
}

/// Cuts the batches of a stream into pieces.
pub(crate) struct StreamCutter {
    common: Arc<Common>,
    place: StreamPlace,
    /// Where a body is kept that is too large for memory.
    files: Files,
    dictionaries: Arc<Dictionaries>,
    index: usize,
    is_over: bool,
    splitter: Splitter,
}

impl StreamCutter {
    /// Passes over rows, and lets pieces have so many at most.
    pub(in crate::table::pieces) fn pass(&mut self, n_rows: u64, most_rows: u64) {
        self.splitter.pass(n_rows, most_rows);
    }

    pub(in crate::table::pieces) fn next_rows(&mut self) -> Result<Option<BatchRows>> {
        loop {
            if let Some(rows) = self.splitter.next_rows()? {
                return Ok(Some(rows));
            }
            if self.is_over || self.splitter.is_done() {
                return Ok(None);
            }
            let part = format!("record batch {}", self.index);
            let place = &mut self.place;
            let Some(message) = Message::read(STREAM, &mut |n_bytes| place.take(n_bytes))? else {
                self.is_over = true;
                place.check_end()?;
                continue;
            };
            let (body, start) = self.place.body(message.body_len, self.common.largest, &self.files)?;
            let kind = message.kind;
            if kind == MessageKind::Schema {
                continue;
            }
            if kind == MessageKind::Other {
                let message = "a message is neither a record batch nor a dictionary";
                return Err(Error::malformed(STREAM, message).in_part(&part));
            }
            let dictionaries = Arc::clone(&self.dictionaries);
            let batch = Batch::new(&self.common, message, body, start, dictionaries, self.index)
                .map_err(|error| error.in_part(&part))?;
            match kind {
                MessageKind::Dictionary => {
                    let mut dictionaries = self.dictionaries.as_ref().clone();
                    batch.add_dictionary(&mut dictionaries)?;
                    self.dictionaries = Arc::new(dictionaries);
                }
                _ => {
                    self.index += 1;
                    self.splitter.begin(batch)?;
                }
            }
        }
    }
}
