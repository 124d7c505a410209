//! Frames to files.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::write::GzEncoder;
use polars::prelude::*;

use crate::error::{Error, Result};

use super::border::Border;
use super::csv::{CsvWriter, Threads};
use super::dtype::dtype_name;
use super::even::Even;
use super::format::{Compression, Format};
use super::gathered::Gathered;
use super::ipc::IpcWriter;
use super::ipc_blocks::{self, Ipc};
use super::members::Members;
use super::ndjson::NdJsonWriter;
use super::output::{Output, Sink};
use super::parquet::{Beside, ParquetWriter};
use super::whole::Whole;
use super::write_options::WriteOptions;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteSummary {
    /// The format.
    pub format: Format,
    /// How its bytes are packed.
    pub compression: Compression,
    /// How many rows.
    pub n_rows: u64,
    /// How many bytes, as they lie in the file.
    pub n_bytes: u64,
}

/// Writes a frame.
///
/// A file appears under its name whole or not at all: it is written beside it, brought to the disk, and renamed. What
/// exists under the name and is no regular file, such as a pipe or `/dev/null`, is written into.
///
/// What CSV cannot say is written so that [`read`](super::read) with the same dtypes gives the same values: lists as
/// `[1, 2]`, durations as `PT1.5S`, instants with `Z`, a null as nothing and an empty text as `""`, floats with as many
/// digits as they need, `NaN`, `inf`. NDJSON has no NaN: it becomes null.
/// Arrow gets the texts of categories, since its one dictionary would have to be known before the first row.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the system refuses, with [`BrokenPipe`](io::ErrorKind::BrokenPipe) when the reader of
/// a pipe is gone; [`UnknownFormat`](crate::ErrorKind::UnknownFormat) when the name tells no format;
/// [`NotHeld`](crate::ErrorKind::NotHeld) for a column that the format cannot hold.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::table::{Input, Output, ReadOptions, WriteOptions, read, write};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("squares.csv");
/// let frame = df!["n" => [1, 2, 3], "square" => [1, 4, 9]].unwrap();
/// write(&frame, &Output::from(path.as_path()), &WriteOptions::default())?;
/// let table = read(&[Input::from(path.as_path())], &ReadOptions::default())?;
/// assert_eq!(table.frame.shape(), (3, 2));
/// # Ok::<_, parrow::Error>(())
/// ```
pub fn write(frame: &DataFrame, output: &Output, options: &WriteOptions) -> Result<WriteSummary> {
    let mut writer = TableWriter::create(output, frame.schema(), options)?;
    writer.write_chunk(frame)?;
    writer.finish()
}

/// Writes a table chunk by chunk.
///
/// Dropped before [`finish`](Self::finish), it leaves nothing behind.
#[must_use = "nothing appears under the output's name before `finish`"]
pub struct TableWriter {
    output: Output,
    schema: SchemaRef,
    format: Format,
    compression: Compression,
    encoder: Box<dyn Encoder>,
    sink: SharedSink,
    n_rows: u64,
    /// How many blocks of which the end of the file tells were handed over in a border.
    n_blocks_told: usize,
}

impl TableWriter {
    /// Opens the output for a table of this schema.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn create(output: &Output, schema: &SchemaRef, options: &WriteOptions) -> Result<Self> {
        options.resolve(output)?;
        Self::over(Sink::create(output, &options.files)?, output, schema, options, Beside::default(), None)
    }

    /// Writes into an output that is open already. Where another run may go on with it, `border` is what it is gone on behind.
    pub(crate) fn over(
        sink: Sink,
        output: &Output,
        schema: &SchemaRef,
        options: &WriteOptions,
        beside: Beside,
        border: Option<&Border>,
    ) -> Result<Self> {
        let (format, compression) = options.resolve(output)?;
        let packer = match border {
            Some(_) => Packer::Plain(sink),
            None => Packer::new(sink, compression)?,
        };
        let sink = SharedSink::new(packer);
        let encoder = encoder(format, sink.clone(), schema, options, beside, border);
        let encoder = encoder.map_err(|error| error.in_file(output.label()))?;
        let (output, schema) = (output.clone(), schema.clone());
        let (n_rows, n_blocks_told) = border.map_or((0, 0), |border| (border.n_units, border.blocks.len()));
        Ok(Self { output, schema, format, compression, encoder, sink, n_rows, n_blocks_told })
    }

    /// How many rows are written so that another run could go on behind them.
    pub(crate) fn n_done(&self) -> Option<u64> {
        self.encoder.blocks().map(|_| self.n_rows - self.encoder.n_gathered_rows() as u64)
    }

    /// Brings what is done to the disk. Of the blocks, those are given that were not before.
    pub(crate) fn border(&mut self) -> Result<Border> {
        let n_units = self.n_done().unwrap_or_default();
        let n_bytes = self.sink.sync().map_err(|error| error.in_file(self.output.label()))?;
        let blocks = self.encoder.blocks().unwrap_or_default();
        let blocks = blocks.get(self.n_blocks_told..).unwrap_or_default().to_vec();
        self.n_blocks_told += blocks.len();
        Ok(Border { n_units, n_bytes, blocks })
    }

    /// Adds rows. Their columns are those of the schema, in its order.
    ///
    /// # Errors
    /// As [`write()`], and [`Shape`](crate::ErrorKind::Shape) for other columns than the schema's.
    pub fn write_chunk(&mut self, frame: &DataFrame) -> Result<()> {
        self.check(frame)?;
        self.n_rows += frame.height() as u64;
        if frame.height() == 0 {
            return Ok(());
        }
        let written = self.encoder.write_chunk(frame);
        written.map_err(|error| self.sink.error().unwrap_or(error).in_file(self.output.label()))
    }

    /// Ends a block of the formats that have blocks: rows of later chunks are not gathered with those that are there.
    pub(crate) fn end_block(&mut self) -> Result<()> {
        self.encoder.end_block().map_err(|error| error.in_file(self.output.label()))
    }

    /// How many rows are kept until there are enough of them for a block.
    pub(crate) fn n_gathered_rows(&self) -> usize {
        self.encoder.n_gathered_rows()
    }

    /// Writes the end, brings all of it to the disk and the file to its name.
    ///
    /// # Errors
    /// As [`write()`]; then nothing is left behind.
    pub fn finish(self) -> Result<WriteSummary> {
        self.close()?.appear()
    }

    /// Writes the end and brings all of it to the disk, for a file that is to get its name together with others.
    pub(crate) fn close(self) -> Result<Whole> {
        let Self { output, format, compression, mut encoder, sink, n_rows, .. } = self;
        let in_file = |error: Error| error.in_file(output.label());
        encoder.finish().map_err(|error| in_file(sink.error().unwrap_or(error)))?;
        drop(encoder);
        let closed = sink.take().and_then(Packer::finish).and_then(Sink::close);
        let (partial, n_bytes) = closed.map_err(in_file)?;
        Ok(Whole::new(partial, output, WriteSummary { format, compression, n_rows, n_bytes }))
    }

    fn check(&self, frame: &DataFrame) -> Result<()> {
        if frame.width() != self.schema.len() {
            let message = format!(
                "{} columns are to be written where the file has {}",
                frame.width(),
                self.schema.len()
            );
            return Err(Error::shape(message).in_file(self.output.label()));
        }
        for (column, (name, dtype)) in frame.columns().iter().zip(self.schema.iter()) {
            if column.name() != name {
                let message =
                    format!("column {:?} is to be written where the file has {name:?}", column.name());
                return Err(Error::shape(message).in_file(self.output.label()));
            }
            if column.dtype() != dtype {
                let error = Error::dtype(name.as_str(), dtype_name(dtype), dtype_name(column.dtype()));
                return Err(error.in_file(self.output.label()));
            }
        }
        Ok(())
    }
}

/// The encoder of a format. Where another run may go on with what it writes, `border` is what it goes on behind.
fn encoder(
    format: Format,
    sink: SharedSink,
    schema: &SchemaRef,
    options: &WriteOptions,
    beside: Beside,
    border: Option<&Border>,
) -> Result<Box<dyn Encoder>> {
    if beside.copied.is_some() && format != Format::Parquet {
        return Err(Error::engine("columns of Parquet can be copied only into Parquet"));
    }
    let gathered = || Gathered::new(options.block, options.block_bytes);
    Ok(match (format, border) {
        (Format::Parquet, border) => Box::new(ParquetWriter::new(sink, schema, gathered(), beside, border)?),
        (Format::Ipc, Some(border)) => ipc_blocks::resumable(sink, schema, Ipc::File(gathered()), border)?,
        (Format::Ipc, None) => Box::new(IpcWriter::file(sink, schema, gathered())?),
        (Format::IpcStream, Some(border)) => {
            ipc_blocks::resumable(sink, schema, Ipc::Stream(gathered()), border)?
        }
        (Format::IpcStream, None) => Box::new(IpcWriter::stream(sink, schema, gathered())?),
        (Format::Csv | Format::Tsv | Format::NdJson, Some(_)) => {
            return Err(Error::engine("rows of text are not written as a table"));
        }
        (Format::Csv | Format::Tsv, None) => {
            Box::new(CsvWriter::new(sink, schema, format, options, Threads::Engine)?)
        }
        (Format::NdJson, None) => Box::new(NdJsonWriter::new(sink, schema)?),
    })
}

/// Turns frames into a format's bytes.
pub(super) trait Encoder: Send {
    /// Adds at least one row.
    fn write_chunk(&mut self, frame: &DataFrame) -> Result<()>;

    /// Writes what has been gathered for a block.
    fn end_block(&mut self) -> Result<()> {
        Ok(())
    }

    /// How many rows are kept for a block.
    fn n_gathered_rows(&self) -> usize {
        0
    }

    /// Writes what belongs at the end.
    fn finish(&mut self) -> Result<()>;

    /// What the end of the file will say of each block that is written, where another run can go on behind the last of them;
    /// the rows that are kept for blocks are not in the file then.
    fn blocks(&self) -> Option<&[Vec<u8>]> {
        None
    }
}

/// The engine's error while writing, as ours; what the system said is kept.
pub(super) fn write_error(error: PolarsError) -> Error {
    match error {
        PolarsError::IO { error, .. } => {
            let source = match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(error.kind(), error.to_string()),
            };
            Error::io("write", source)
        }
        error => Error::engine(error),
    }
}

/// Packs bytes on their way to the sink.
pub(super) enum Packer {
    Plain(Sink),
    Gzip(Even<GzEncoder<Sink>>),
    Zstd(zstd::Encoder<'static, Sink>),
    Members(Members),
}

impl Packer {
    pub(super) fn new(sink: Sink, compression: Compression) -> Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(sink),
            Compression::Gzip => Self::Gzip(Even::new(GzEncoder::new(sink, flate2::Compression::default()))),
            Compression::Zstd => {
                let encoder = zstd::Encoder::new(sink, zstd::DEFAULT_COMPRESSION_LEVEL);
                Self::Zstd(encoder.map_err(|error| Error::io("write", error))?)
            }
        })
    }

    /// One that can be gone on with, behind so many bytes of text.
    pub(super) fn resumable(
        sink: Sink,
        compression: Compression,
        member_bytes: Option<usize>,
        n_done: u64,
    ) -> Self {
        match compression {
            Compression::None => Self::Plain(sink),
            packed => Self::Members(Members::new(sink, packed, member_bytes, n_done)),
        }
    }

    /// How many bytes of text are written so that another run could go on behind them, of `n_bytes` that were given;
    /// `None` where none can.
    pub(super) fn n_done(&self, n_bytes: u64) -> Option<u64> {
        match self {
            Self::Plain(_) => Some(n_bytes),
            Self::Members(members) => Some(members.n_done()),
            Self::Gzip(_) | Self::Zstd(_) => None,
        }
    }

    /// Brings what has left it to the disk, and says how many bytes that are.
    pub(super) fn sync(&mut self) -> Result<u64> {
        match self {
            Self::Plain(sink) => sink.sync(),
            Self::Members(members) => members.sink().sync(),
            Self::Gzip(_) | Self::Zstd(_) => Err(Error::engine("it cannot be gone on with")),
        }
    }

    pub(super) fn finish(self) -> Result<Sink> {
        match self {
            Self::Plain(sink) => Ok(sink),
            Self::Gzip(even) => even.into_inner().and_then(GzEncoder::finish),
            Self::Zstd(encoder) => encoder.finish(),
            Self::Members(members) => members.finish(),
        }
        .map_err(|error| Error::io("write", error))
    }
}

impl Write for Packer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
            Self::Members(members) => members.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The way to the output, shared with the engine's writers, which do not give back what they write into.
#[derive(Clone)]
struct SharedSink(Arc<Mutex<Way>>);

struct Way {
    packer: Option<Packer>,
    /// What went wrong: some of the engine's writers make a text of it.
    error: Option<io::Error>,
}

impl SharedSink {
    fn new(packer: Packer) -> Self {
        Self(Arc::new(Mutex::new(Way { packer: Some(packer), error: None })))
    }

    fn sync(&self) -> Result<u64> {
        match &mut self.lock().packer {
            Some(packer) => packer.sync(),
            None => Err(Error::engine("the output is finished already")),
        }
    }

    fn take(&self) -> Result<Packer> {
        self.lock().packer.take().ok_or_else(|| Error::engine("the output is finished already"))
    }

    /// What went wrong while the engine wrote.
    fn error(&self) -> Option<Error> {
        self.lock().error.take().map(|error| Error::io("write", error))
    }

    fn lock(&self) -> MutexGuard<'_, Way> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for SharedSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut way = self.lock();
        let Some(packer) = &mut way.packer else {
            return Err(io::Error::other("the output is finished already"));
        };
        packer.write(bytes).inspect_err(|error| {
            way.error = Some(match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(error.kind(), error.to_string()),
            });
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
