//! Rows to a Parquet file, row group by row group.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::thread::JoinHandle;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::report::waiting;

use super::super::border::Border;
use super::super::gathered::Gathered;
use super::super::own::held_bytes;
use super::super::writer::Encoder;
use super::copied::CopiedColumns;
use super::encoded::{ColumnEncoder, EncodedGroup};
use super::group_file::{GroupFile, byte_range, put};

/// Writes Parquet, in row groups of a size that readers like, or beside the row groups that are copied.
///
/// Row groups are encoded on threads of their own, some at a time, and written in their order. The bytes are the same whether
/// another run may go on with the file or not.
pub(in super::super) struct ParquetWriter<W: Write> {
    file: GroupFile<W>,
    encoder: Arc<ColumnEncoder>,
    copied: Option<CopiedColumns>,
    /// Rows of a row group that is not full.
    gathered: Gathered,
    ahead: EncodeAhead,
    waiting: VecDeque<Waiting>,
    /// Whether another run may go on behind each row group that is written.
    is_resumable: bool,
}

/// What goes with the rows of a table.
#[derive(Default)]
pub(crate) struct Beside {
    /// The columns before those that are written: these go behind them, into Parquet.
    pub(crate) copied: Option<CopiedColumns>,
    /// How far rows are encoded ahead, for Parquet.
    pub(crate) ahead: EncodeAhead,
}

/// How many row groups are encoded at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodeAhead {
    /// On how many threads.
    pub(crate) n_threads: usize,
    /// Of how many bytes in all, unless there is only one.
    pub(crate) n_bytes: usize,
}

/// A row group that is being encoded, and how many rows and bytes of values it has.
struct Waiting {
    encoded: JoinHandle<Result<EncodedGroup>>,
    n_rows: usize,
    n_bytes: usize,
}

impl Default for EncodeAhead {
    fn default() -> Self {
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { n_threads, n_bytes: 256 << 20 }
    }
}

impl<W: Write + Send> ParquetWriter<W> {
    /// A writer for the columns of a schema, behind those that are copied. Where another run may go on with the file, `border` is
    /// what it is gone on behind.
    pub(in super::super) fn new(
        sink: W,
        schema: &Schema,
        gathered: Gathered,
        Beside { mut copied, ahead }: Beside,
        border: Option<&Border>,
    ) -> Result<Self> {
        let encoder = ColumnEncoder::new(schema)?;
        let mut metadata = encoder.empty()?;
        if let Some(copied) = &copied {
            metadata = copied.metadata(encoder.arrow(), metadata)?;
        }
        let mut file = GroupFile::new(sink, metadata);
        if let Some(border) = border {
            file.go_on(&border.blocks, border.n_bytes)?;
            copied.as_mut().map_or(Ok(()), |copied| copied.pass(border.n_units))?;
        }
        let (encoder, waiting, is_resumable) = (Arc::new(encoder), VecDeque::new(), border.is_some());
        Ok(Self { file, encoder, copied, gathered, ahead, waiting, is_resumable })
    }

    /// The row groups that are full.
    fn full(&mut self, frame: &DataFrame) -> Result<Vec<DataFrame>> {
        let Some(copied) = &self.copied else { return self.gathered.add(frame) };
        self.gathered.keep(frame)?;
        let mut full = Vec::new();
        while self.gathered.n_rows() > 0 {
            let n_rows = copied.nth_rows(self.waiting.len() + full.len());
            let n_rows = n_rows.ok_or_else(|| Error::engine("more rows than the input has"))?;
            match self.gathered.take_rows(n_rows) {
                Some(group) => full.push(group),
                None => break,
            }
        }
        Ok(full)
    }

    fn encode(&mut self, frame: DataFrame) -> Result<()> {
        let (n_rows, n_bytes) = (frame.height(), held_bytes(&frame));
        let in_flight =
            |waiting: &VecDeque<Waiting>| waiting.iter().map(|group| group.n_bytes).sum::<usize>();
        while self.waiting.len() >= self.ahead.n_threads
            || !self.waiting.is_empty() && in_flight(&self.waiting) + n_bytes > self.ahead.n_bytes
        {
            self.write_next()?;
        }
        // Who waits for a large one reads nothing meanwhile.
        if self.ahead.n_threads < 2 || n_bytes > self.ahead.n_bytes {
            return self.encoder.encode(frame).and_then(|group| self.write(group));
        }
        let encoder = Arc::clone(&self.encoder);
        let thread = std::thread::Builder::new().name("parrow-encode".to_owned());
        let encoded =
            thread.spawn(move || encoder.encode(frame)).map_err(|error| Error::io("encode", error))?;
        self.waiting.push_back(Waiting { encoded, n_rows, n_bytes });
        Ok(())
    }

    fn write_next(&mut self) -> Result<()> {
        let Some(next) = self.waiting.pop_front() else { return Ok(()) };
        let joined = waiting(|| next.encoded.join());
        let group = joined.map_err(|_| Error::engine("a row group could not be encoded"))??;
        self.write(group)
    }

    fn write(&mut self, group: EncodedGroup) -> Result<()> {
        let EncodedGroup { n_rows, bytes, chunks } = group;
        match &mut self.copied {
            Some(copied) => copied.write_next(&mut self.file)?,
            None => self.file.begin_group(n_rows, None),
        }
        for chunk in chunks {
            let (from, to) = byte_range(&chunk.column).unwrap_or_default();
            let pages = bytes.get(from as usize..to as usize);
            let pages = pages.ok_or_else(|| Error::engine("a column was encoded to no place"))?;
            self.file.column(chunk, |sink| put(sink, pages))?;
        }
        self.file.end_group()
    }
}

impl<W: Write + Send> Encoder for ParquetWriter<W> {
    fn write_chunk(&mut self, frame: &DataFrame) -> Result<()> {
        self.full(frame)?.into_iter().try_for_each(|group| self.encode(group))
    }

    fn end_block(&mut self) -> Result<()> {
        if self.copied.is_none() {
            self.gathered.take()?.into_iter().try_for_each(|group| self.encode(group))?;
        }
        while !self.waiting.is_empty() {
            self.write_next()?;
        }
        Ok(())
    }

    fn n_gathered_rows(&self) -> usize {
        self.gathered.n_rows() + self.waiting.iter().map(|group| group.n_rows).sum::<usize>()
    }

    fn blocks(&self) -> Option<&[Vec<u8>]> {
        self.is_resumable.then(|| self.file.told())
    }

    fn finish(&mut self) -> Result<()> {
        self.end_block()?;
        let is_short = |copied: &CopiedColumns| copied.nth_rows(0).is_some();
        if self.copied.as_ref().is_some_and(is_short) || self.gathered.n_rows() > 0 {
            return Err(Error::engine("fewer rows than the input has"));
        }
        self.file.finish()
    }
}
