//! Arrow IPC files and streams, record batch by record batch.

use std::io::{self, Read, Seek, SeekFrom};

use polars::prelude::*;
use polars_arrow::array::Array;
use polars_arrow::io::ipc::read::{
    Dictionaries, FileMetadata, StreamReader, StreamState, get_row_count_from_blocks, read_batch,
    read_file_dictionaries, read_file_metadata, read_stream_metadata,
};
use polars_arrow::record_batch::RecordBatchT;

use crate::error::{Error, Result};

use super::super::cast::apply_dtypes;
use super::super::contain::contain;
use super::super::ipc::{FILE, STREAM};
use super::super::read_options::ReadOptions;
use super::bytes::{ByteSource, Seekable, Unpacked};

/// The columns wanted of a file or stream.
struct Wanted {
    arrow: ArrowSchema,
    /// With the dtypes that were asked for.
    schema: Schema,
    options: ReadOptions,
}

/// An IPC file of which the metadata is known.
pub(super) struct IpcPieces {
    metadata: FileMetadata,
    dictionaries: Dictionaries,
    /// How many rows each record batch has.
    batches: Vec<usize>,
    wanted: Wanted,
}

/// An IPC stream of which the schema is known.
pub(super) struct StreamPieces {
    wanted: Wanted,
}

/// A record batch of a file, or the first rows of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchRows {
    batch: usize,
    pub(super) n_rows: usize,
    pub(super) first_row: u64,
    pub(super) n_bytes: usize,
}

/// Rows of a stream, which are decoded as they are read.
pub(crate) struct StreamRows {
    pub(super) frame: DataFrame,
    pub(super) first_row: u64,
}

impl Wanted {
    fn new(arrow: &ArrowSchema, format: &'static str, options: &ReadOptions) -> Result<Self> {
        let all = contain(format, || Ok(Schema::from_arrow_schema(arrow)))?;
        let names: Vec<String> = all.iter_names().map(|name| name.to_string()).collect();
        let selection = options.selection(&names)?;
        let wanted = |index: &usize| {
            let (name, dtype) = all.get_at_index(*index)?;
            Some((name.clone(), options.dtype_of(name).unwrap_or(dtype).clone()))
        };
        let schema = selection.iter().filter_map(wanted).collect();
        Ok(Self { arrow: arrow.clone(), schema, options: options.clone() })
    }

    /// The places of some columns in the file, in the order of the file; `None` for all of them.
    fn projection(&self, columns: &[PlSmallStr]) -> Option<Vec<usize>> {
        let mut places: Vec<usize> = columns.iter().filter_map(|name| self.arrow.index_of(name)).collect();
        places.sort_unstable();
        (places.len() < self.arrow.len()).then_some(places)
    }

    /// The columns of a batch that holds those of a projection.
    fn frame(
        &self,
        batch: RecordBatchT<Box<dyn Array>>,
        projection: Option<&[usize]>,
        columns: &[PlSmallStr],
        first_row: u64,
        format: &'static str,
    ) -> Result<DataFrame> {
        let n_rows = batch.len();
        let frame = contain(format, || {
            let places = match projection {
                Some(places) => places.to_vec(),
                None => (0..self.arrow.len()).collect(),
            };
            let series = places.iter().zip(batch.into_arrays()).filter_map(|(place, array)| {
                let (_, field) = self.arrow.get_at_index(*place)?;
                Some(Series::try_from((field, vec![array])))
            });
            let series: Vec<Series> = series.collect::<PolarsResult<_>>()?;
            let column = |name: &PlSmallStr| {
                let found = series.iter().find(|series| series.name() == name);
                found.map(|series| series.clone().into_column())
            };
            DataFrame::new(n_rows, columns.iter().filter_map(column).collect())
        })?;
        apply_dtypes(frame, &self.options).map_err(|error| error.moved(first_row, 0, 0))
    }
}

impl IpcPieces {
    pub(super) fn open(source: &ByteSource, options: &ReadOptions) -> Result<Self> {
        let mut reader = Seekable::new(source);
        let metadata = contain(FILE, || read_file_metadata(&mut reader))?;
        let dictionaries = contain(FILE, || {
            read_file_dictionaries(&mut reader, &metadata, &mut Vec::new(), Default::default())
        })?;
        let blocks = metadata.blocks.iter();
        let batches = blocks.map(|block| {
            let n_rows =
                contain(FILE, || get_row_count_from_blocks(&mut reader, std::slice::from_ref(block)))?;
            usize::try_from(n_rows)
                .map_err(|_| Error::malformed(FILE, "a record batch has a negative length"))
        });
        let batches = batches.collect::<Result<_>>()?;
        let wanted = Wanted::new(&metadata.schema, FILE, options)?;
        Ok(Self { metadata, dictionaries, batches, wanted })
    }

    pub(super) fn schema(&self) -> Schema {
        self.wanted.schema.clone()
    }

    pub(super) fn n_rows(&self) -> u64 {
        let n_rows: usize = self.batches.iter().sum();
        n_rows.min(self.wanted.options.limit.unwrap_or(usize::MAX)) as u64
    }

    pub(super) fn pieces(&self) -> Vec<BatchRows> {
        let mut left = self.n_rows() as usize;
        let mut first_row = 0;
        let mut pieces = Vec::with_capacity(self.batches.len());
        for (batch, (n_rows, block)) in self.batches.iter().zip(&self.metadata.blocks).enumerate() {
            let n_rows = (*n_rows).min(left);
            if n_rows > 0 {
                let n_bytes = usize::try_from(block.body_length).unwrap_or_default();
                pieces.push(BatchRows { batch, n_rows, first_row, n_bytes });
            }
            left -= n_rows;
            first_row += n_rows as u64;
        }
        pieces
    }

    pub(super) fn read(
        &self,
        source: &ByteSource,
        rows: BatchRows,
        columns: &[PlSmallStr],
    ) -> Result<DataFrame> {
        if columns.is_empty() {
            return DataFrame::new(rows.n_rows, Vec::new()).map_err(Error::engine);
        }
        let projection = self.wanted.projection(columns);
        let batch = contain(FILE, || {
            read_batch(
                &mut Seekable::new(source),
                &self.dictionaries,
                &self.metadata,
                projection.as_deref(),
                None,
                rows.batch,
                false,
                &mut Vec::new(),
                &mut Vec::new(),
                Default::default(),
            )
        })?;
        let frame = self.wanted.frame(batch, projection.as_deref(), columns, rows.first_row, FILE)?;
        Ok(frame.head(Some(rows.n_rows)))
    }
}

impl StreamPieces {
    pub(super) fn open(source: &ByteSource, options: &ReadOptions) -> Result<Self> {
        let mut reader = Forward::new(source.sample()?);
        let metadata = contain(STREAM, || read_stream_metadata(&mut reader))?;
        Ok(Self { wanted: Wanted::new(&metadata.schema, STREAM, options)? })
    }

    pub(super) fn schema(&self) -> Schema {
        self.wanted.schema.clone()
    }

    /// The rows of a stream, of the columns that are to be read.
    pub(super) fn cutter(
        &self,
        source: &ByteSource,
        target: usize,
        columns: &[PlSmallStr],
    ) -> Result<StreamCutter> {
        let mut reader = Forward::new(source.stream()?);
        let metadata = contain(STREAM, || read_stream_metadata(&mut reader))?;
        let projection = self.wanted.projection(columns).filter(|places| !places.is_empty());
        Ok(StreamCutter {
            reader: StreamReader::new(reader, metadata, projection.clone()),
            projection,
            columns: columns.to_vec(),
            wanted: Wanted {
                arrow: self.wanted.arrow.clone(),
                schema: self.wanted.schema.clone(),
                options: self.wanted.options.clone(),
            },
            target,
            rest: DataFrame::empty(),
            row: 0,
            n_rows_left: self.wanted.options.limit.unwrap_or(usize::MAX),
        })
    }
}

/// Reads a stream batch by batch, and cuts large batches.
pub(crate) struct StreamCutter {
    reader: StreamReader<Forward>,
    projection: Option<Vec<usize>>,
    columns: Vec<PlSmallStr>,
    wanted: Wanted,
    target: usize,
    rest: DataFrame,
    row: u64,
    n_rows_left: usize,
}

impl StreamCutter {
    pub(super) fn next_rows(&mut self) -> Result<Option<StreamRows>> {
        while self.rest.height() == 0 {
            if self.n_rows_left == 0 {
                return Ok(None);
            }
            let Some(batch) = self.next_batch()? else { return Ok(None) };
            let projection = self.projection.as_deref();
            let frame = self.wanted.frame(batch, projection, &self.columns, self.row, STREAM)?;
            self.rest = frame.head(Some(self.n_rows_left));
            self.n_rows_left -= self.rest.height();
        }
        let row_bytes = (self.rest.estimated_size() / self.rest.height()).max(1);
        let most = (self.target / row_bytes).max(1);
        let n_rows = self.rest.height().div_ceil(self.rest.height().div_ceil(most));
        let (frame, rest) = self.rest.split_at(n_rows as i64);
        let first_row = self.row;
        self.row += n_rows as u64;
        self.rest = rest;
        Ok(Some(StreamRows { frame, first_row }))
    }

    /// The next batch; an error for a stream that ends without its end mark, since it may have been cut off.
    fn next_batch(&mut self) -> Result<Option<RecordBatchT<Box<dyn Array>>>> {
        let cut = || Error::malformed(STREAM, "it ends without its end mark; it was cut off");
        match contain(STREAM, || self.reader.next().transpose()) {
            Ok(Some(StreamState::Some(batch))) => Ok(Some(batch)),
            Ok(Some(StreamState::Waiting)) => Err(cut()),
            Ok(None) => Ok(None),
            Err(error) if error.to_string().contains("fill whole buffer") => Err(cut()),
            Err(error) => Err(error),
        }
    }
}

/// Bytes that go forward, and can pass over some.
struct Forward {
    stream: Unpacked,
    position: u64,
}

impl Forward {
    fn new(stream: Unpacked) -> Self {
        Self { stream, position: 0 }
    }
}

impl Read for Forward {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.stream.read(into)?;
        self.position += n_bytes as u64;
        Ok(n_bytes)
    }
}

impl Seek for Forward {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(_) => None,
        };
        let n_bytes = position.and_then(|position| position.checked_sub(self.position));
        let n_bytes = n_bytes.ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
        let passed = io::copy(&mut self.by_ref().take(n_bytes), &mut io::sink())?;
        match passed == n_bytes {
            true => Ok(self.position),
            false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "failed to fill whole buffer")),
        }
    }
}
