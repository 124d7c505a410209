//! What a run leaves beside its ledger, so that its rows can be retried.

use std::path::{Path, PathBuf};

use polars::prelude::DataType;
use serde_json::{Value, json};

use super::super::known::Known;
use super::identity::FileIdentity;
use crate::error::{Error, Result};
use crate::files::{Files, Left, Partial, beside};
use crate::table::pieces::TextOutput;
use crate::table::{
    Compression, Format, Input, Output, Sink, Whole, WriteOptions, dtype_name, end_of_links, parse_dtype,
};

/// What a run leaves beside its ledger, as `LEDGER.run.json`: the files that it has read and written, as they were, and what it
/// was told to do.
#[derive(Clone, Debug)]
pub struct RunRecord {
    commands: Vec<CommandLine>,
    /// The new columns; with a dtype where the rows have decided one that the function does not declare.
    pub(in crate::pipeline) columns: Vec<(String, Option<DataType>)>,
    /// The inputs; `None` for one that cannot be read again.
    pub(in crate::pipeline) inputs: Vec<Option<FileIdentity>>,
    /// The output; `None` where there is no file.
    pub(in crate::pipeline) output: Option<FileIdentity>,
    pub(in crate::pipeline) n_rows_written: u64,
    /// Whether rows behind a head were left out, which would have to come in again.
    pub(in crate::pipeline) is_cut: bool,
    pub(in crate::pipeline) ledger: FileIdentity,
    /// What was known of all rows of the inputs.
    pub(in crate::pipeline) known: Option<Known>,
    /// The record of a retry of these rows. It holds from the moment in which the output is that of the retry.
    next: Option<Box<RunRecord>>,
    /// Whether the ledger lies beside its name still.
    ledger_is_beside: bool,
    /// Whether no row has failed.
    pub(in crate::pipeline) has_no_faults: bool,
}

/// What a program was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The folder that its paths are told from.
    pub folder: PathBuf,
    /// The program's name and its arguments.
    pub arguments: Vec<String>,
}

impl CommandLine {
    fn to_json(&self) -> Value {
        json!({ "folder": self.folder, "arguments": self.arguments })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let arguments = value["arguments"].as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
        Some(Self { folder: value["folder"].as_str()?.into(), arguments: arguments.collect::<Option<_>>()? })
    }
}

impl RunRecord {
    /// The record of the run that wrote a ledger.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) when there is none, and when the ledger is not the one that the run wrote;
    /// [`Malformed`](crate::ErrorKind::Malformed) for a record that cannot be read.
    pub fn of_ledger(ledger: &Path) -> Result<Self> {
        loop {
            let now = FileIdentity::of(ledger)?;
            match Self::read(ledger)?.of_what_is_there(ledger, &now) {
                // Another retry has put its ledger there meanwhile.
                Err(_) if FileIdentity::of(ledger)? != now => {}
                outcome => return outcome,
            }
        }
    }

    /// The record of the run, or of the retry, that has left what is there.
    fn of_what_is_there(mut self, ledger: &Path, now: &FileIdentity) -> Result<Self> {
        if let Some(mut next) = self.next.take() {
            let is_there = next.output.as_ref().is_some_and(FileIdentity::is_there);
            if next.ledger.has_content_of(now) && (is_there || !self.ledger.has_content_of(now)) {
                return Ok(*next);
            }
            if is_there {
                let beside = FileIdentity::of(&beside(&end_of_links(ledger), "partial"));
                if !beside.is_ok_and(|beside| next.ledger.has_content_of(&beside)) {
                    let message = "a retry has patched the output, and its ledger is gone; run it again";
                    return Err(refused(message).in_file(ledger));
                }
                next.ledger_is_beside = true;
                return Ok(*next);
            }
        }
        match self.ledger.has_content_of(now) {
            true => Ok(self),
            false => {
                let message = "the ledger is not as the run wrote it, or that run was broken off; put it back, or run all rows \
                               again (rows cannot be taken out of it: those that are mended leave it by themselves)";
                Err(refused(message).in_file(ledger))
            }
        }
    }

    fn read(ledger: &Path) -> Result<Self> {
        let path = path_of(ledger);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::io("read the record of the run", error).in_file(&path))?;
        let malformed = |message: String| Error::malformed("run record", message).in_file(&path);
        let value: Value = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        let version = value["parrow"].as_str().unwrap_or("an unknown version");
        if version != VERSION {
            return Err(malformed(format!("it was written by parrow {version}, and this is {VERSION}")));
        }
        Self::from_json(&value).ok_or_else(|| malformed("a part of it is missing".into()))
    }

    /// The command lines that led to the ledger: of the run, and of each retry. Empty where no program said what they are.
    pub fn commands(&self) -> &[CommandLine] {
        &self.commands
    }

    /// The names of the new columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// The record of a run that is done.
    pub(in crate::pipeline) fn new(
        commands: Vec<CommandLine>,
        columns: Vec<(String, Option<DataType>)>,
        inputs: &[Input],
        output: Option<FileIdentity>,
        ledger: FileIdentity,
    ) -> Result<Self> {
        let of_input = |input: &Input| match input.path() {
            Some(path) if path.is_file() => FileIdentity::of(path).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            commands,
            columns,
            inputs: inputs.iter().map(of_input).collect::<Result<_>>()?,
            output,
            n_rows_written: 0,
            is_cut: false,
            ledger,
            known: None,
            next: None,
            ledger_is_beside: false,
            has_no_faults: false,
        })
    }

    /// The record of both a run and a retry of its rows.
    pub(in crate::pipeline) fn followed_by(&self, retry: Self) -> Self {
        Self { next: Some(Box::new(retry)), ..self.clone() }
    }

    /// The record of the run that wrote a ledger. Where that was a retry which was broken off when its output was there, the ledger
    /// is brought to its name.
    pub(in crate::pipeline) fn with_ledger_of(ledger: &Path, files: &Files) -> Result<Self> {
        let record = Self::of_ledger(ledger)?;
        if !record.ledger_is_beside {
            return Ok(record);
        }
        let claimed = Partial::claim(&end_of_links(ledger), Left::Taken, files);
        let mut partial = claimed.map_err(|error| error.in_file(ledger))?;
        // That retry may have been about to do so.
        let record = Self::of_ledger(ledger)?;
        if record.ledger_is_beside {
            partial.keep();
            let brought = partial.rename().and_then(|()| partial.sync_name());
            brought.map_err(|error| error.in_file(ledger))?;
        }
        Ok(record)
    }

    /// That a ledger which is there may be written over: the faults of another output that is as its run has left it are told
    /// by nothing else.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) with that output.
    pub(in crate::pipeline) fn check_replaceable(ledger: &Path, output: Option<&Output>) -> Result<()> {
        let Ok(record) = Self::of_ledger(ledger) else { return Ok(()) };
        let Some(other) = record.output.filter(FileIdentity::is_there) else { return Ok(()) };
        if record.has_no_faults || output.is_some_and(|output| output.is_file(&other.path)) {
            return Ok(());
        }
        let message = format!(
            "{} tells of the rows that failed for {}; name another one, or remove it first",
            ledger.display(),
            other.path.display()
        );
        Err(Error::invalid_option("ledger", message))
    }

    /// That everything is as the run has left it.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) with what has changed since.
    pub(in crate::pipeline) fn check(&self, inputs: &[Input], output: Option<&Path>) -> Result<()> {
        if self.is_cut {
            return Err(refused("the run wrote the first rows alone; run it again"));
        }
        if self.inputs.len() != inputs.len() {
            return Err(refused("the inputs are not those of the run"));
        }
        for (then, input) in self.inputs.iter().zip(inputs) {
            let (Some(then), Some(path)) = (then, input.path()) else {
                return Err(refused("an input of the run was no file, and cannot be read again")
                    .in_file(input.label()));
            };
            let now = FileIdentity::of(path)?;
            if !then.is_unchanged(&now) {
                let message =
                    format!("the input has changed since the run ({}); run it again", then.difference(&now));
                return Err(refused(&message).in_file(path));
            }
        }
        let (Some(then), Some(path)) = (&self.output, output) else {
            return Err(refused("the run wrote no file that could be patched"));
        };
        if !path.exists() {
            let message = "the output of the run is not there, or that run was broken off; run it again";
            return Err(refused(message).in_file(path));
        }
        let now = FileIdentity::of(path)?;
        match then.is_unchanged(&now) {
            true => Ok(()),
            false => {
                let difference = then.difference(&now);
                let message = format!(
                    "the output has changed since the run that wrote it ({difference}), or that run was broken off; run it again"
                );
                Err(refused(&message).in_file(path))
            }
        }
    }

    fn to_json(&self) -> Value {
        let columns = self.columns.iter().map(|(name, dtype)| json!([name, dtype.as_ref().map(dtype_name)]));
        json!({
            "parrow": VERSION,
            "commands": self.commands.iter().map(CommandLine::to_json).collect::<Value>(),
            "columns": columns.collect::<Value>(),
            "inputs": self.inputs.iter().map(|input| input.as_ref().map(FileIdentity::to_json)).collect::<Value>(),
            "output": self.output.as_ref().map(FileIdentity::to_json),
            "rows_written": self.n_rows_written,
            "cut": self.is_cut,
            "whole": self.has_no_faults,
            "ledger": self.ledger.to_json(),
            "known": self.known.as_ref().map(Known::to_json),
            "retry": self.next.as_ref().map(|next| next.to_json()),
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let identity = |value: &Value| match value {
            Value::Null => Some(None),
            value => FileIdentity::from_json(value).map(Some),
        };
        let column = |value: &Value| {
            let dtype = value[1].as_str().and_then(|name| parse_dtype(name).ok());
            Some((value[0].as_str()?.to_owned(), dtype))
        };
        Some(Self {
            commands: value["commands"]
                .as_array()?
                .iter()
                .map(CommandLine::from_json)
                .collect::<Option<_>>()?,
            columns: value["columns"].as_array()?.iter().map(column).collect::<Option<_>>()?,
            inputs: value["inputs"].as_array()?.iter().map(identity).collect::<Option<_>>()?,
            output: identity(&value["output"])?,
            n_rows_written: value["rows_written"].as_u64()?,
            is_cut: value["cut"].as_bool()?,
            ledger: FileIdentity::from_json(&value["ledger"])?,
            known: Known::from_json(&value["known"]),
            next: match &value["retry"] {
                Value::Null => None,
                value => Some(Box::new(Self::from_json(value)?)),
            },
            ledger_is_beside: false,
            has_no_faults: value["whole"].as_bool().unwrap_or_default(),
        })
    }
}

/// The record of a run, on its way to its place beside the ledger. It is opened with the ledger, so that a place that cannot be
/// written is known before any work.
pub(in crate::pipeline) struct RecordFile {
    sink: Sink,
    output: Output,
}

impl RecordFile {
    pub(in crate::pipeline) fn create(ledger: &Path, files: &Files) -> Result<Self> {
        let output = Output::Path(path_of(ledger));
        Ok(Self { sink: Sink::create(&output, files)?, output })
    }

    /// Brings it to the disk.
    pub(in crate::pipeline) fn close(self, record: &RunRecord) -> Result<Whole> {
        let options =
            WriteOptions::builder().format(Format::NdJson).compression(Compression::None).build()?;
        let mut output = TextOutput::over(self.sink, &self.output, &options)?;
        output.write(format!("{:#}\n", record.to_json()).as_bytes(), 0)?;
        output.close()
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn path_of(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".run.json");
    name.into()
}

/// Why the rows of a ledger are not retried.
pub(in crate::pipeline) fn refused(reason: &str) -> Error {
    Error::io("retry", std::io::Error::other(reason.to_owned()))
}
