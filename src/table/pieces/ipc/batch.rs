//! A record batch that is still to be decoded, and its pieces.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::array::Array;
use polars_arrow::io::ipc::IpcSchema;
use polars_arrow::io::ipc::format::ipc::{Block, MetadataVersion};
use polars_arrow::io::ipc::read::Dictionaries;
use polars_arrow::io::ipc::read::common::{read_dictionary, read_record_batch};
use polars_arrow::record_batch::RecordBatchT;

use crate::error::{Error, Result};

use super::super::super::contain::contain;
use super::super::super::own::column_of;
use super::super::bytes::{ByteSource, Seekable, changed};
use super::super::too_large;
use super::lengths::Lengths;
use super::measure::measure;
use super::message::{BatchLayout, Extent, Message, cut};
use super::slice::slice;
use super::unpack::{Packed, unpacked};

/// What the batches of an input have in common.
#[derive(PartialEq)]
pub(super) struct Common {
    pub(super) format: &'static str,
    pub(super) schema: ArrowSchema,
    pub(super) ipc_schema: IpcSchema,
    /// How many bytes of a batch may be in memory at a time.
    pub(super) largest: usize,
}

/// A batch, or a dictionary.
pub(super) struct Batch {
    common: Arc<Common>,
    message: Message,
    layout: BatchLayout,
    /// How many nodes and buffers each column has, where that is known.
    extents: Option<Vec<Extent>>,
    body: ByteSource,
    /// Where the body begins there.
    start: u64,
    dictionaries: Arc<Dictionaries>,
    /// Its number among the batches.
    index: usize,
}

/// That the columns are as long as the batch: the engine believes the batch, and would give fewer rows, or none.
fn check_lengths(common: &Common, layout: &BatchLayout, extents: Option<&[Extent]>) -> Result<()> {
    if layout.nodes.is_empty() && !common.schema.is_empty() {
        return Err(Error::malformed(
            common.format,
            "the header of a record batch says nothing of its columns",
        ));
    }
    let mut node = 0;
    let mut lengths = Lengths::new(layout);
    for ((name, field), extent) in common.schema.iter().zip(extents.into_iter().flatten()) {
        let (length, _) = layout.nodes[node];
        if length != layout.n_rows {
            let message = format!("it has {length} values in a record batch of {} rows", layout.n_rows);
            return Err(Error::malformed(common.format, message).in_column(name.as_str()));
        }
        node += extent.n_nodes;
        let checked = lengths.check(&field.dtype, length);
        checked.map_err(|message| Error::malformed(common.format, message).in_column(name.as_str()))?;
    }
    Ok(())
}

/// Some rows of a batch.
#[derive(Clone)]
pub(crate) struct BatchRows {
    pub(super) batch: Arc<Batch>,
    from: usize,
    pub(in crate::table::pieces) n_rows: usize,
    pub(in crate::table::pieces) first_row: u64,
    pub(in crate::table::pieces) n_bytes: usize,
}

/// Cuts batches into pieces.
pub(super) struct Splitter {
    target: usize,
    columns: Vec<PlSmallStr>,
    current: Option<Current>,
    row: u64,
    n_rows_left: usize,
    to_pass: usize,
    most_rows: usize,
}

/// The batch that pieces are cut off.
struct Current {
    batch: Arc<Batch>,
    /// The first row that is left.
    from: usize,
    wanted: Vec<bool>,
    row_bytes: usize,
}

impl Batch {
    pub(super) fn new(
        common: &Arc<Common>,
        message: Message,
        body: ByteSource,
        start: u64,
        dictionaries: Arc<Dictionaries>,
        index: usize,
    ) -> Result<Self> {
        let end = start.checked_add(message.body_len);
        if body.len().zip(end).is_none_or(|(len, end)| end > len) {
            return Err(cut(common.format));
        }
        let word = |place: u64| -> Result<Option<i64>> {
            let bytes = body.range(start + place..start + place + 8)?;
            Ok(bytes.as_slice().try_into().ok().map(i64::from_le_bytes))
        };
        let layout = message.layout(common.format, &word)?;
        let extents = layout.extents(common.schema.iter_values().map(|field| &field.dtype));
        check_lengths(common, &layout, extents.as_deref())?;
        Ok(Self { common: Arc::clone(common), message, layout, extents, body, start, dictionaries, index })
    }

    pub(super) fn n_rows(&self) -> usize {
        self.layout.n_rows
    }

    /// Where it lies in a file of which the end tells of it as this block.
    pub(super) fn extent(&self, block: &Block) -> Range<u64> {
        u64::try_from(block.offset).unwrap_or_default()..self.start.saturating_add(self.message.body_len)
    }

    /// Says of every column whether it is one of some.
    fn wanted(&self, columns: &[PlSmallStr]) -> Vec<bool> {
        let columns: PlHashSet<&PlSmallStr> = columns.iter().collect();
        self.common.schema.iter_names().map(|name| columns.contains(name)).collect()
    }

    /// The bytes of some columns when they are unpacked.
    fn n_bytes(&self, wanted: &[bool]) -> u64 {
        let Some(extents) = &self.extents else { return self.layout.unpacked.iter().sum() };
        let mut buffers = self.layout.unpacked.iter();
        let of_column = |(is_wanted, extent): (&bool, &Extent)| {
            let n_bytes = buffers.by_ref().take(extent.n_buffers).sum::<u64>();
            if *is_wanted { n_bytes } else { 0 }
        };
        wanted.iter().zip(extents).map(of_column).sum()
    }

    /// The batch as one that can be read in parts, where it is packed and too large to be unpacked whole: the columns wanted
    /// are unpacked, into memory where they have few bytes.
    fn sliceable(mut self, wanted: &[bool], n_bytes: u64) -> Result<Self> {
        let (Some(packing), Some(extents)) = (self.layout.packing, &self.extents) else { return Ok(self) };
        let largest = self.common.largest as u64;
        if n_bytes <= largest / 4 || !self.common.ipc_schema.is_little_endian {
            return Ok(self);
        }
        let of_columns = wanted.iter().zip(extents);
        let is_wanted: Vec<bool> =
            of_columns.flat_map(|(wanted, extent)| std::iter::repeat_n(*wanted, extent.n_buffers)).collect();
        let unpacked = unpacked(
            Packed {
                format: self.common.format,
                packing,
                layout: &self.layout,
                body: &self.body,
                start: self.start,
            },
            &is_wanted,
            n_bytes <= largest / 2,
        )?;
        self.layout.buffers = unpacked.buffers;
        self.layout.packing = None;
        self.body = unpacked.body;
        self.start = 0;
        Ok(self)
    }

    /// Whether a part of its rows can be read without the others.
    fn can_be_sliced(&self) -> bool {
        self.layout.packing.is_none() && self.common.ipc_schema.is_little_endian && self.extents.is_some()
    }

    /// Adds the values of a dictionary to those that are known.
    pub(super) fn add_dictionary(&self, dictionaries: &mut Dictionaries) -> Result<()> {
        self.check_size(self.layout.unpacked.iter().sum(), "a dictionary")?;
        let common = &self.common;
        contain(common.format, || {
            self.message.with_dictionary(|dictionary| {
                read_dictionary(
                    dictionary,
                    &common.schema,
                    &common.ipc_schema,
                    dictionaries,
                    &mut Seekable::new(&self.body),
                    self.start,
                    &mut Vec::new(),
                    Default::default(),
                )
            })
        })
    }

    fn check_size(&self, n_bytes: u64, what: &str) -> Result<()> {
        let most = self.common.largest;
        if n_bytes > most as u64 {
            return Err(too_large(&format!("{what} has {n_bytes} bytes unpacked"), n_bytes, most as u64));
        }
        Ok(())
    }

    fn columns<'b>(&'b self, extents: &[Extent], wanted: &[bool]) -> Vec<(&'b ArrowDataType, Extent, bool)> {
        let columns = self.common.schema.iter_values().zip(extents).zip(wanted);
        columns.map(|((field, extent), is_wanted)| (&field.dtype, *extent, *is_wanted)).collect()
    }

    /// The bytes in a range of the body.
    fn bytes(&self, range: std::ops::Range<u64>) -> Result<Vec<u8>> {
        let n_bytes = (range.end - range.start) as usize;
        let bytes = self.body.range(self.start + range.start..self.start + range.end)?;
        if bytes.len() < n_bytes { Err(changed()) } else { Ok(bytes) }
    }

    /// How many of the rows from `from` on, up to `n_rows`, make a piece of about `target` bytes, and the bytes that they have:
    /// rows need not be alike. An error where one alone does not fit.
    fn fitting(&self, wanted: &[bool], from: usize, n_rows: usize, target: usize) -> Result<(usize, u64)> {
        let Some(extents) = &self.extents else { return Ok((n_rows, 0)) };
        let columns = self.columns(extents, wanted);
        let bytes = |range| self.bytes(range);
        let mut n_rows = n_rows;
        loop {
            let sizes = measure(self.common.format, &self.layout, &columns, from..from + n_rows, &bytes)?;
            let n_bytes: u64 = sizes.iter().sum();
            if n_rows > 1 && n_bytes > (target as u64).saturating_mul(2) {
                let share = (n_rows as u128 * target as u128 / u128::from(n_bytes)) as usize;
                n_rows = share.clamp(1, n_rows / 2);
                continue;
            }
            let most = self.common.largest as u64;
            if n_bytes <= most {
                return Ok((n_rows, n_bytes));
            }
            let largest = sizes.iter().enumerate().max_by_key(|(_, n_bytes)| **n_bytes);
            let column = largest.and_then(|(place, _)| self.common.schema.get_at_index(place));
            let error = too_large(&format!("the row has {n_bytes} bytes"), n_bytes, most);
            return Err(match column {
                Some((name, _)) => error.in_column(name.as_str()),
                None => error,
            });
        }
    }

    /// Says which batch an error is about.
    fn place(&self, error: Error) -> Error {
        error.in_part(&part(self.index))
    }

    /// Some rows of the columns at some places, in the order of the file.
    fn decode(&self, from: usize, n_rows: usize, places: &[usize]) -> Result<RecordBatchT<Box<dyn Array>>> {
        let extents = self.extents.as_deref().filter(|_| self.can_be_sliced());
        let sliced = |extents| self.decode_slice(from, n_rows, places, extents);
        match extents {
            Some(extents) if n_rows < self.n_rows() => sliced(extents),
            // The engine refuses keys of nulls that are no keys.
            Some(extents) => self.decode_whole(from, n_rows, places).or_else(|_| sliced(extents)),
            None => self.decode_whole(from, n_rows, places),
        }
    }

    /// As [`decode`](Self::decode), and of the others nothing is read.
    fn decode_slice(
        &self,
        from: usize,
        n_rows: usize,
        places: &[usize],
        extents: &[Extent],
    ) -> Result<RecordBatchT<Box<dyn Array>>> {
        let common = &self.common;
        let projected: ArrowSchema = places
            .iter()
            .filter_map(|place| common.schema.get_at_index(*place))
            .map(|(name, field)| (name.clone(), field.clone()))
            .collect();
        let mut wanted = vec![false; common.schema.len()];
        places.iter().for_each(|place| wanted[*place] = true);
        let columns = self.columns(extents, &wanted);
        let bytes = |range| self.bytes(range);
        let sliced = slice(common.format, &self.layout, &columns, from..from + n_rows, &bytes)?;
        let fields = places.iter().filter_map(|place| common.ipc_schema.fields.get(*place).cloned());
        let ipc_schema = IpcSchema { fields: fields.collect(), is_little_endian: true };
        let message =
            Message { header: sliced.header, body_len: sliced.body.len() as u64, kind: self.message.kind };
        contain(common.format, || {
            message.with_batch(|batch| {
                read_record_batch(
                    batch,
                    &projected,
                    &ipc_schema,
                    None,
                    None,
                    &self.dictionaries,
                    MetadataVersion::V5,
                    &mut std::io::Cursor::new(&sliced.body),
                    0,
                    &mut Vec::new(),
                    Default::default(),
                )
            })
        })
    }

    /// As [`decode`](Self::decode), out of the batch as the engine reads it.
    fn decode_whole(
        &self,
        from: usize,
        n_rows: usize,
        places: &[usize],
    ) -> Result<RecordBatchT<Box<dyn Array>>> {
        let common = &self.common;
        let projection = (places.len() < common.schema.len()).then_some(places);
        let batch = contain(common.format, || {
            self.message.with_batch(|batch| {
                read_record_batch(
                    batch,
                    &common.schema,
                    &common.ipc_schema,
                    projection,
                    None,
                    &self.dictionaries,
                    self.message.version()?,
                    &mut Seekable::new(&self.body),
                    self.start,
                    &mut Vec::new(),
                    Default::default(),
                )
            })
        })?;
        if batch.len() != self.n_rows() {
            let message =
                format!("it says that it has {} rows, and {} are found", self.n_rows(), batch.len());
            return Err(Error::malformed(common.format, message));
        }
        let (schema, mut arrays) = batch.into_schema_and_arrays();
        arrays.iter_mut().for_each(|array| array.slice(from, n_rows));
        contain(common.format, || RecordBatchT::try_new(n_rows, schema, arrays))
    }
}

impl BatchRows {
    /// The columns of these names, in the dtypes of the file.
    pub(super) fn read(&self, columns: &[PlSmallStr]) -> Result<DataFrame> {
        let batch = &self.batch;
        let common = &batch.common;
        if columns.is_empty() {
            return DataFrame::new(self.n_rows, Vec::new()).map_err(Error::engine);
        }
        let of_columns: Vec<usize> = columns.iter().filter_map(|name| common.schema.index_of(name)).collect();
        let mut places = of_columns.clone();
        places.sort_unstable();
        let read = || {
            let arrays = batch.decode(self.from, self.n_rows, &places)?.into_arrays();
            contain(common.format, || {
                let mut read = vec![None; common.schema.len()];
                for (place, array) in places.iter().zip(arrays) {
                    let Some((_, field)) = common.schema.get_at_index(*place) else { continue };
                    read[*place] = Some(column_of(Series::try_from((field, vec![array]))?));
                }
                DataFrame::new(
                    self.n_rows,
                    of_columns.iter().filter_map(|place| read[*place].take()).collect(),
                )
            })
        };
        read().map_err(|error| batch.place(error))
    }
}

impl Splitter {
    pub(super) fn new(target: usize, columns: &[PlSmallStr], n_rows: usize) -> Self {
        Self {
            target,
            columns: columns.to_vec(),
            current: None,
            row: 0,
            n_rows_left: n_rows,
            to_pass: 0,
            most_rows: usize::MAX,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.n_rows_left == 0
    }

    /// Passes over the first rows, and lets pieces have so many at most.
    pub(super) fn pass(&mut self, n_rows: u64, most_rows: u64) {
        self.to_pass = usize::try_from(n_rows).unwrap_or(usize::MAX).min(self.n_rows_left);
        self.most_rows = usize::try_from(most_rows).unwrap_or(usize::MAX);
    }

    /// Goes on with the next batch.
    pub(super) fn begin(&mut self, batch: Batch) -> Result<()> {
        let index = batch.index;
        let placed = |error: Error| error.in_part(&part(index));
        let wanted = batch.wanted(&self.columns);
        let n_bytes = batch.n_bytes(&wanted);
        let batch = batch.sliceable(&wanted, n_bytes).map_err(placed)?;
        if !batch.can_be_sliced() {
            batch.check_size(n_bytes, "it").map_err(placed)?;
        }
        let row_bytes = (n_bytes / batch.n_rows().max(1) as u64).max(1) as usize;
        self.current = Some(Current { batch: Arc::new(batch), from: 0, wanted, row_bytes });
        Ok(())
    }

    /// The next piece of the batch; `None` behind its last row.
    pub(super) fn next_rows(&mut self) -> Result<Option<BatchRows>> {
        let Some(Current { batch, from, wanted, row_bytes }) = self.current.as_mut() else { return Ok(None) };
        let n_passed = self.to_pass.min(batch.n_rows() - *from);
        *from += n_passed;
        self.row += n_passed as u64;
        self.n_rows_left -= n_passed;
        self.to_pass -= n_passed;
        let start = *from;
        let left = batch.n_rows() - start;
        if left == 0 || self.n_rows_left == 0 {
            self.current = None;
            return Ok(None);
        }
        let (n_rows, n_bytes) = match batch.can_be_sliced() {
            true => {
                let alike =
                    left.div_ceil(left.div_ceil((self.target / *row_bytes).max(1).min(self.most_rows)));
                let fitting = batch.fitting(wanted, start, alike.min(self.n_rows_left), self.target);
                fitting.map_err(|error| batch.place(error.at_row(self.row)))?
            }
            false => (left.min(self.n_rows_left), 0),
        };
        let n_bytes = n_rows.saturating_mul(*row_bytes).max(n_bytes as usize);
        let batch = Arc::clone(batch);
        let rows = BatchRows { batch, from: start, n_rows, first_row: self.row, n_bytes };
        *from += n_rows;
        self.row += n_rows as u64;
        self.n_rows_left -= n_rows;
        Ok(Some(rows))
    }
}

fn part(index: usize) -> String {
    format!("record batch {index}")
}
