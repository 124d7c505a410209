//! Arrow IPC streams: one to the worker for all chunks, a record batch each; from the worker as many streams as it likes, with
//! a record batch for each that it was given.

use std::io::{self, Write};

use polars::prelude::*;
use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot;
use polars_arrow::io::ipc::format::ipc::{MessageHeaderRef, MessageRef};
use polars_arrow::io::ipc::write::{StreamWriter, WriteOptions};

use crate::error::{Error, Result};
use crate::table::{ReadOptions, read_ipc_stream};

use super::failure::{Failure, Trouble};
use super::process::WorkerProcess;
use super::protocol::{Answer, ERROR_KEY, Place, places};
use super::wait::Wait;

/// What stands before each message since the format's version 0.15.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The end of a stream.
pub(super) const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// Values of another type than those of the column `name` stand in `parrow_other_1:name`, and so on. Our own Python side
/// writes this; a program whose columns have a type each never needs it.
const OTHER_PREFIX: &str = "parrow_other_";

/// The record batch of `frame`, after the stream's schema where it is the first one.
pub(super) fn encode(frame: &DataFrame, place: Place) -> Result<Vec<u8>> {
    // What every reader of Arrow knows, old ones too.
    let level = CompatLevel::oldest();
    let arrow_field =
        |(name, dtype): (&PlSmallStr, &DataType)| (name.clone(), dtype.to_arrow_field(name.clone(), level));
    let schema: ArrowSchema = frame.schema().iter().map(arrow_field).collect();
    let n_skipped = match place {
        Place::First => 0,
        Place::Later => {
            let mut writer = StreamWriter::new(Vec::new(), WriteOptions { compression: None });
            writer.start(&schema, None).map_err(Error::engine)?;
            writer.into_inner().len()
        }
    };
    let sink = Skipping { n_skipped, bytes: Vec::with_capacity(frame.estimated_size() + 4096) };
    let mut writer = StreamWriter::new(sink, WriteOptions { compression: None });
    writer.start(&schema, None).map_err(Error::engine)?;
    for batch in frame.iter_chunks(level, false) {
        writer.write(&batch, None).map_err(Error::engine)?;
    }
    Ok(writer.into_inner().bytes)
}

/// Leaves the first bytes out.
struct Skipping {
    n_skipped: usize,
    bytes: Vec<u8>,
}

impl Write for Skipping {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_left_out = self.n_skipped.min(bytes.len());
        self.n_skipped -= n_left_out;
        self.bytes.extend_from_slice(&bytes[n_left_out..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads one record batch.
pub(super) fn answer(
    worker: &mut WorkerProcess,
    n_rows: usize,
    fields: &[Field],
    wait: &Wait<'_>,
) -> Result<Answer, Trouble> {
    let mut stream = loop {
        let message = message(worker, wait)?;
        match message.kind {
            Kind::End => worker.memory.clear(),
            Kind::Schema => worker.memory = message.bytes,
            Kind::Dictionary => worker.memory.extend_from_slice(&message.bytes),
            Kind::Batch => {
                let mut stream = worker.memory.clone();
                stream.extend_from_slice(&message.bytes);
                break stream;
            }
        }
    };
    stream.extend_from_slice(&END);
    let frame = read_ipc_stream(stream, &ReadOptions::default())
        .map_err(|error| Failure::wrong(format!("wrote a record batch that cannot be read: {error}")))?;
    if frame.height() != n_rows {
        let found = frame.height();
        return Err(Failure::wrong(format!("answered {found} rows to {n_rows}")).into());
    }
    from_frame(&frame, fields).map_err(|message| Failure::wrong(message).into())
}

/// A message of a stream, with what stands before it and its body.
struct Message {
    kind: Kind,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Schema,
    Dictionary,
    Batch,
    End,
}

fn message(worker: &mut WorkerProcess, wait: &Wait<'_>) -> Result<Message, Trouble> {
    worker.need(CONTINUATION.len(), wait)?;
    if !worker.unread().starts_with(&CONTINUATION) {
        let text = String::from_utf8_lossy(&worker.unread()[..worker.unread().len().min(40)]).into_owned();
        let message = format!(
            "wrote {text:?} to standard output, where an Arrow stream is wanted; what it has to say goes to standard error"
        );
        return Err(Failure::wrong(message).into());
    }
    worker.need(8, wait)?;
    let word = worker.unread()[4..8].try_into().map(u32::from_le_bytes).unwrap_or_default();
    let head = 8 + word as usize;
    if word == 0 {
        return Ok(Message { kind: Kind::End, bytes: worker.take(head) });
    }
    worker.need(head, wait)?;
    let (kind, body) = header(&worker.unread()[8..head])
        .ok_or_else(|| Failure::wrong("wrote an Arrow message whose header is corrupt"))?;
    let whole = head.saturating_add(body);
    worker.need(whole, wait)?;
    Ok(Message { kind, bytes: worker.take(whole) })
}

/// What a message is, and the length of its body.
fn header(bytes: &[u8]) -> Option<(Kind, usize)> {
    let message = MessageRef::read_as_root(bytes).ok()?;
    let kind = match message.header().ok()?? {
        MessageHeaderRef::Schema(_) => Kind::Schema,
        MessageHeaderRef::DictionaryBatch(_) => Kind::Dictionary,
        MessageHeaderRef::RecordBatch(_) => Kind::Batch,
        _ => return None,
    };
    Some((kind, usize::try_from(message.body_length().ok()?).ok()?))
}

fn from_frame(frame: &DataFrame, fields: &[Field]) -> Result<Answer, String> {
    let is_own = |name: &PlSmallStr| name != ERROR_KEY && !name.starts_with(OTHER_PREFIX);
    let names: Vec<PlSmallStr> = frame.get_column_names_owned().into_iter().filter(is_own).collect();
    let places = places(fields, &names)?;
    let series = |name: &str| frame.column(name).map(|column| column.as_materialized_series().rechunk());
    let mut runs = Vec::with_capacity(fields.len());
    for place in places {
        let name = &names[place];
        let mut kinds = vec![series(name).map_err(|error| error.to_string())?];
        for index in 1.. {
            match series(&format!("{OTHER_PREFIX}{index}:{name}")) {
                Ok(other) => kinds.push(other),
                Err(_) => break,
            }
        }
        runs.push(into_runs(kinds));
    }
    let mut faults = Vec::new();
    if let Ok(column) = frame.column(ERROR_KEY) {
        let messages =
            column.str().map_err(|_| format!("answered with a column {ERROR_KEY} that is no text"))?;
        faults.extend(messages.iter().enumerate().filter_map(|(row, text)| Some((row, text?.to_owned()))));
    }
    Ok(Answer { runs, faults })
}

/// The values of columns of which one at most has a value in a row, as runs of one dtype each.
pub(super) fn into_runs(kinds: Vec<Series>) -> Vec<Series> {
    if kinds.len() == 1 {
        return kinds;
    }
    let valid: Vec<BooleanChunked> = kinds.iter().map(|kind| kind.is_not_null()).collect();
    let mut runs = Vec::new();
    let (mut from, mut current): (usize, Option<usize>) = (0, None);
    let n_rows = kinds[0].len();
    for row in 0..n_rows {
        let kind = valid.iter().position(|valid| valid.get(row) == Some(true));
        match (kind, current) {
            (Some(kind), Some(before)) if kind != before => {
                runs.push(kinds[before].slice(from as i64, row - from));
                (from, current) = (row, Some(kind));
            }
            (Some(kind), None) => current = Some(kind),
            _ => {}
        }
    }
    runs.push(kinds[current.unwrap_or_default()].slice(from as i64, n_rows - from));
    runs
}
