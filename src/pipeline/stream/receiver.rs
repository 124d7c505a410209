//! What is done is put together in order: text, blocks of rows, or the first and last rows.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use polars::prelude::{DataFrame, DataType, IdxCa, IdxSize, NewChunkedArray, Schema, SchemaRef};

use super::super::destination::{Delivered, Destination, Preview};
use super::super::faults::{FaultKeeper, RunFiles, refused};
use super::super::memory::Sizes;
use super::super::resume::{Before as Begun, Counted, Point, fault_line, reject_line};
use super::checkpoints::{Checkpoints, End};
use super::morsel::{ENCODED, Prepared};
use super::retry::{OldRows, patch_frame, patch_text};
use super::run::Before;
use crate::apply::{ApplyOptions, Sharing};
use crate::error::{Error, Result};
use crate::fault::OnError;
use crate::pool::Permit;
use crate::progress::RunStatus;
use crate::table::pieces::{TextOutput, end_of_rows};
use crate::table::{Beside, Border, Output, Sink, TableWriter, WriteOptions, held_bytes};

/// Takes pieces in order.
pub(super) struct Receiver {
    target: Target,
    /// How many rows are wanted still.
    n_rows_left: u64,
    /// Under a head, what becomes of the first fault before its end.
    on_error: OnError,
    pub(super) faults: FaultKeeper,
    /// The rows of the output that is patched.
    old: Option<OldRows>,
    pub(super) received: Received,
    checkpoints: Option<Checkpoints>,
    /// How much output there was: bytes of text, or rows.
    n_units: u64,
    /// How much of what comes next is in the output already.
    to_skip: u64,
}

/// All that was received, on the disk.
pub(super) struct Closed {
    /// What has yet to get its name.
    pub(super) files: RunFiles,
    /// What is removed when all files have their names.
    pub(super) checkpoints: Option<Checkpoints>,
    pub(super) delivered: Delivered,
    pub(super) received: Received,
    pub(super) faults: FaultKeeper,
}

/// What has arrived.
#[derive(Default)]
pub(super) struct Received {
    pub(super) n_rows_read: u64,
    pub(super) n_bytes_read: u64,
    pub(super) n_rows: u64,
    pub(super) n_rows_resumed: u64,
    pub(super) sharing: Sharing,
}

impl Received {
    /// How the run stands.
    pub(super) fn status(&self, n_rows_in_all: Option<u64>, n_faults: u64) -> RunStatus {
        RunStatus {
            n_rows: self.n_rows_read,
            n_rows_in_all,
            n_bytes: self.n_bytes_read,
            n_faults,
            ..RunStatus::default()
        }
    }
}

#[allow(clippy::large_enum_variant, reason = "a run has one")]
enum Target {
    Text {
        output: Box<TextOutput>,
        before: Option<Vec<u8>>,
        delimiter: u8,
    },
    Table {
        output: Output,
        /// Where the table is written, until its schema is known.
        sink: Option<Sink>,
        options: WriteOptions,
        beside: Box<Beside>,
        schema: Option<SchemaRef>,
        writer: Option<TableWriter>,
        /// Where it is gone on with, when it can be.
        border: Option<Border>,
        /// The permits of rows that are gathered for a block, and their numbers.
        held: VecDeque<(Permit, usize)>,
    },
    Preview {
        n_first: usize,
        n_last: usize,
        first: Vec<DataFrame>,
        last: Vec<DataFrame>,
        schema: Schema,
    },
}

/// What is needed to note how far a run is, and where an earlier one was.
pub(super) struct Resumed {
    pub(super) checkpoints: Checkpoints,
    pub(super) from: Option<(Point, Begun)>,
}

/// What the rows are written as.
pub(super) struct Form {
    /// What stands before the rows, where these come as text, and what separates its cells.
    pub(super) text: Option<Before>,
    /// What goes with them, where they don't.
    pub(super) beside: Beside,
    /// The columns.
    pub(super) schema: Schema,
    /// Whether their dtypes are known before the first row.
    pub(super) is_declared: bool,
}

impl Receiver {
    /// A receiver for a destination, whose output is open.
    pub(super) fn new(
        destination: &Destination,
        sink: Option<Sink>,
        Form { text, beside, schema, is_declared }: Form,
        head: Option<usize>,
        on_error: OnError,
        mut faults: FaultKeeper,
        resumed: Option<Resumed>,
    ) -> Result<Self> {
        let (checkpoints, point) = match resumed {
            Some(Resumed { checkpoints, from }) => {
                let (point, before) = from.unwrap_or_default();
                faults.take(before.faults, before.rejects)?;
                (Some(checkpoints), point)
            }
            None => (None, Point::default()),
        };
        let border = checkpoints.is_some().then(|| point.border.clone());
        let target = match (destination, text) {
            (Destination::Output(output, options), Some((before, delimiter))) => {
                let sink = sink.ok_or_else(not_open)?;
                let output = match &border {
                    Some(border) => TextOutput::resumable(sink, output, options, border)?,
                    None => TextOutput::over(sink, output, options)?,
                };
                let before = (point.counted.n_units == 0).then_some(before);
                Target::Text { output: Box::new(output), before, delimiter }
            }
            (Destination::Output(output, options), None) => Target::Table {
                output: output.clone(),
                sink: Some(sink.ok_or_else(not_open)?),
                options: options.clone(),
                beside: Box::new(beside),
                schema: is_declared.then(|| Arc::new(schema.clone())),
                writer: None,
                border,
                held: VecDeque::new(),
            },
            (Destination::Preview { n_first, n_last }, _) => Target::Preview {
                n_first: *n_first,
                n_last: *n_last,
                first: Vec::new(),
                last: Vec::new(),
                schema: schema.clone(),
            },
        };
        let mut receiver = Self {
            target,
            n_rows_left: head.map_or(u64::MAX, |head| head as u64).saturating_sub(point.counted.n_rows),
            on_error,
            faults,
            old: None,
            received: Received {
                n_rows_read: point.counted.n_rows_read,
                n_rows: point.counted.n_rows,
                n_rows_resumed: point.counted.n_rows_read,
                ..Received::default()
            },
            checkpoints,
            n_units: point.counted.n_units,
            to_skip: point.border.n_units.saturating_sub(point.counted.n_units),
        };
        receiver.begin()?;
        Ok(receiver)
    }

    /// Patches the output instead of writing it anew.
    pub(super) fn patches(&mut self, written: &Schema, sizes: Sizes, apply: &ApplyOptions) -> Result<()> {
        self.old = match &self.target {
            Target::Text { output, before, delimiter } => {
                let before = before.as_deref().unwrap_or_default();
                Some(OldRows::text(output.output(), output.format(), before, *delimiter)?)
            }
            Target::Table { output, options, .. } => {
                let (format, _) = options.resolve(output)?;
                Some(OldRows::frames(output, format, written, sizes, apply)?)
            }
            Target::Preview { .. } => None,
        };
        Ok(())
    }

    /// Finds out before the first row whether a table of this schema can be written.
    fn begin(&mut self) -> Result<()> {
        if let Target::Table { output, sink, options, beside, schema: Some(schema), writer, border, .. } =
            &mut self.target
        {
            let beside = std::mem::take(&mut **beside);
            let sink = sink.take().ok_or_else(not_open)?;
            *writer = Some(TableWriter::over(sink, output, schema, options, beside, border.as_ref())?);
        }
        Ok(())
    }

    /// Takes a piece; breaks when no more rows are wanted.
    pub(super) fn receive(&mut self, mut prepared: Prepared, mut permit: Permit) -> Result<ControlFlow<()>> {
        let is_last = prepared.n_rows >= self.n_rows_left;
        if is_last {
            self.cut(&mut prepared);
        }
        if let (OnError::Fail, Some(fault)) = (self.on_error, prepared.faults.first()) {
            return Err(fault.to_error());
        }
        let mut lines = Vec::new();
        if self.checkpoints.is_some() {
            lines.extend(prepared.faults.iter().map(fault_line));
            lines.extend(prepared.rejects.iter().map(|(row, text)| reject_line(*row, text)));
        }
        let (faults, rejects) = (std::mem::take(&mut prepared.faults), std::mem::take(&mut prepared.rejects));
        self.faults.take(faults, rejects)?;
        let received = &mut self.received;
        received.n_rows_read += prepared.n_rows_read;
        received.n_bytes_read += prepared.n_bytes_read;
        received.n_rows += prepared.n_rows;
        received.sharing.n_chunks += prepared.sharing.n_chunks;
        received.sharing.largest_chunk = received.sharing.largest_chunk.max(prepared.sharing.largest_chunk);
        received.sharing.n_workers = received.sharing.n_workers.max(prepared.sharing.n_workers);
        self.n_rows_left -= prepared.n_rows;

        match &mut self.target {
            Target::Text { output, before, delimiter } => {
                // Not before the first rows: a run that fails by then has written nothing.
                let before = before.take().unwrap_or_default();
                let text = prepared.text.unwrap_or_default();
                self.n_units += (before.len() + text.len()) as u64;
                output.write(&before, 0)?;
                let n_skipped = skipped(&mut self.to_skip, text.len());
                match (&mut self.old, &prepared.ops) {
                    (Some(OldRows::Text(old)), Some(ops)) => {
                        patch_text(ops, old, &text, *delimiter, |text, n_rows| output.write(text, n_rows))?;
                    }
                    _ => output.write(&text[n_skipped..], prepared.n_rows)?,
                }
            }
            Target::Table { output, sink, options, beside, writer, held, border, .. } => {
                let frame = prepared.frame.unwrap_or_default();
                self.n_units += frame.height() as u64;
                let frame = match skipped(&mut self.to_skip, frame.height()) {
                    0 => frame,
                    n_skipped => frame.split_at(n_skipped as i64).1,
                };
                let writer = match writer {
                    Some(writer) => writer,
                    None => {
                        let (schema, beside) = (frame.schema(), std::mem::take(&mut **beside));
                        writer.insert(TableWriter::over(
                            sink.take().ok_or_else(not_open)?,
                            output,
                            schema,
                            options,
                            beside,
                            border.as_ref(),
                        )?)
                    }
                };
                match (&mut self.old, &prepared.ops) {
                    (Some(OldRows::Frames(old)), Some(ops)) => {
                        patch_frame(ops, old, &frame, |frame| writer.write_chunk(frame))?;
                    }
                    _ => writer.write_chunk(&frame)?,
                }
                // What is gathered counts until it is written; nobody works on it, so that nobody waits for it.
                permit.resize((held_bytes(&frame) * ENCODED) as u64);
                permit.park();
                held.push_back((permit, frame.height()));
                let mut n_held: usize = held.iter().map(|(_, n_rows)| n_rows).sum();
                while held.front().is_some_and(|(_, n_rows)| n_held - n_rows >= writer.n_gathered_rows()) {
                    n_held -= held.pop_front().map_or(0, |(_, n_rows)| n_rows);
                }
            }
            Target::Preview { n_first, n_last, first, last, .. } => {
                let frame = prepared.frame.unwrap_or_default();
                keep_first(first, &frame, *n_first + *n_last);
                keep_last(last, frame, *n_last);
            }
        }
        if let Some(checkpoints) = &mut self.checkpoints {
            let Received { n_rows_read, n_rows, .. } = self.received;
            let counted = Counted { n_rows_read, n_rows, n_units: self.n_units };
            checkpoints.add(End { at: prepared.end, counted, lines });
        }
        Ok(if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Notes how far the run is, when it is time to.
    pub(super) fn note(&mut self, decided: impl FnOnce() -> Vec<Option<DataType>>) -> Result<()> {
        let Some(checkpoints) = self.checkpoints.as_mut().filter(|points| points.is_due()) else {
            return Ok(());
        };
        let n_done = match &self.target {
            Target::Text { output, .. } => output.n_done(),
            Target::Table { writer, .. } => writer.as_ref().and_then(TableWriter::n_done),
            Target::Preview { .. } => None,
        };
        let Some(end) = n_done.and_then(|n_units| checkpoints.last_before(n_units)) else { return Ok(()) };
        let border = match &mut self.target {
            Target::Text { output, .. } => output.border()?,
            Target::Table { writer: Some(writer), .. } => writer.border()?,
            Target::Table { writer: None, .. } | Target::Preview { .. } => return Ok(()),
        };
        let point = Point { at: end.at, counted: end.counted, border, decided: decided() };
        checkpoints.note(&point, end.lines)
    }

    /// Leaves out what is behind the last row that is wanted, faults and all.
    fn cut(&self, prepared: &mut Prepared) {
        let n_rows = self.n_rows_left as usize;
        let Some(rows) = &prepared.rows else { return };
        let n_read = match n_rows {
            0 => 0,
            _ => rows.get(n_rows - 1).map_or(u64::MAX, |row| row + 1),
        };
        prepared.faults.retain(|fault| fault.row < n_read);
        prepared.rejects.retain(|(row, _)| *row < n_read);
        prepared.n_rows_read = n_read.saturating_sub(self.received.n_rows_read).min(prepared.n_rows_read);
        prepared.n_rows = n_rows as u64;
        if let (Some(text), Target::Text { delimiter, .. }) = (&mut prepared.text, &self.target) {
            let end = end_of_rows(text, *delimiter, n_rows);
            text.truncate(end);
        }
        prepared.frame = prepared.frame.take().map(|frame| frame.head(Some(n_rows)));
    }

    /// Brings the output to its end, and all files to the disk.
    pub(super) fn close(mut self, schema: &Schema) -> Result<Closed> {
        if let Some(old) = &mut self.old
            && !old.is_at_end()?
        {
            return Err(refused("the output has more rows than the run wrote"));
        }
        let mut preview = None;
        let output = match self.target {
            Target::Text { mut output, before, .. } => {
                output.write(&before.unwrap_or_default(), 0)?;
                Some(output.close()?)
            }
            Target::Table { output, sink, options, beside, writer, border, .. } => {
                let writer = match writer {
                    Some(writer) => writer,
                    None => {
                        let schema = Arc::new(schema.clone());
                        let sink = sink.ok_or_else(not_open)?;
                        TableWriter::over(sink, &output, &schema, &options, *beside, border.as_ref())?
                    }
                };
                Some(writer.close()?)
            }
            Target::Preview { n_first, n_last, first, last, schema } => {
                let n_rows = self.received.n_rows;
                let is_whole = n_rows <= (n_first + n_last) as u64;
                let first = joined(first, &schema)?;
                let (first, last) = match is_whole {
                    true => (first.clone(), first.head(Some(0))),
                    false => (first.head(Some(n_first)), joined(last, &schema)?.tail(Some(n_last))),
                };
                preview = Some(Preview { first, last, n_rows });
                None
            }
        };
        let delivered =
            Delivered { n_bytes: output.as_ref().map_or(0, |output| output.summary().n_bytes), preview };
        let files = RunFiles { output, ..self.faults.close()? };
        let Self { received, faults, checkpoints, .. } = self;
        Ok(Closed { files, checkpoints, delivered, received, faults })
    }
}

/// How much of so much is to be left out, of what is to be left out still.
fn skipped(to_skip: &mut u64, of: usize) -> usize {
    let n_skipped = (*to_skip).min(of as u64);
    *to_skip -= n_skipped;
    n_skipped as usize
}

fn not_open() -> Error {
    Error::engine("the output is not open")
}

fn keep_first(first: &mut Vec<DataFrame>, frame: &DataFrame, n_rows: usize) {
    let n_kept: usize = first.iter().map(DataFrame::height).sum();
    // The first piece tells the dtypes, also where it has no rows.
    if n_kept < n_rows || first.is_empty() {
        first.push(own(frame.head(Some(n_rows - n_kept))));
    }
}

fn keep_last(last: &mut Vec<DataFrame>, frame: DataFrame, n_rows: usize) {
    last.push(own(frame.tail(Some(n_rows))));
    while last.iter().skip(1).map(DataFrame::height).sum::<usize>() >= n_rows && last.len() > 1 {
        last.remove(0);
    }
}

/// The same rows without the others of their piece, which would be kept in memory with them.
fn own(frame: DataFrame) -> DataFrame {
    let rows = IdxCa::from_iter_values("".into(), 0..frame.height() as IdxSize);
    frame.take(&rows).unwrap_or(frame)
}

fn joined(frames: Vec<DataFrame>, schema: &Schema) -> Result<DataFrame> {
    let mut frames = frames.into_iter();
    let Some(mut joined) = frames.next() else { return Ok(DataFrame::empty_with_schema(schema)) };
    for frame in frames {
        joined.vstack_mut(&frame).map_err(Error::engine)?;
    }
    Ok(joined)
}
