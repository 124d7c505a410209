//! The job log: what was done, written down as it goes, so that another run can do the rest.

use std::collections::HashMap;
use std::io::{ErrorKind as IoErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::error::{Error, Result};
use crate::files::{Files, OutFile};

use super::finished::Finished;
use super::options::Log;

const HEADER: [&str; 5] = ["command", "start", "seconds", "exit_code", "tries"];

const FORMAT: &str = "job log";

/// A job log that is being written.
pub(super) struct JobLog {
    file: OutFile,
    path: PathBuf,
    /// How many bytes of whole lines it has.
    n_bytes: u64,
    /// How often each command is in the log with exit code 0, less those that were left out for it.
    finished: HashMap<String, usize>,
}

impl JobLog {
    pub(super) fn open(log: &Log, files: &Files) -> Result<Self> {
        let (Log::New(path) | Log::Resumed(path)) = log;
        Self::open_at(path, matches!(log, Log::Resumed(_)), files).map_err(|error| error.in_file(path))
    }

    fn open_at(path: &Path, is_resumed: bool, files: &Files) -> Result<Self> {
        let text = content(path)?;
        let past = read(&text)?;
        let file = files.open_to_append(path).map_err(|error| Error::io("open", error))?;
        let mut log = Self { file, path: path.to_owned(), n_bytes: 0, finished: HashMap::new() };
        let mut n_kept = 0;
        if is_resumed {
            log.finished = past.finished;
            n_kept = past.n_bytes;
        }
        if n_kept < text.len() {
            log.file.set_len(n_kept as u64).map_err(|error| Error::io("write", error))?;
        }
        log.n_bytes = n_kept as u64;
        if n_kept == 0 {
            log.write(&HEADER)?;
        }
        Ok(log)
    }

    /// Whether the log has this command as finished, once for each time that it says so.
    pub(super) fn leaves_out(&mut self, command: &str) -> bool {
        match self.finished.get_mut(command) {
            Some(n_left @ 1..) => {
                *n_left -= 1;
                true
            }
            _ => false,
        }
    }

    pub(super) fn append(&mut self, finished: &Finished) -> Result<()> {
        let start = DateTime::<Utc>::from(finished.start).to_rfc3339_opts(SecondsFormat::Millis, true);
        let seconds = format!("{:.3}", finished.seconds);
        let (exit_code, tries) = (finished.exit_code().to_string(), finished.tries.to_string());
        let record = [&finished.command, &start, &seconds, &exit_code, &tries].map(String::as_str);
        self.write(&record).map_err(|error| error.in_file(&self.path))
    }

    /// Writes a line as a whole, so that at most the last one of a file can be torn; what is torn is cut off where it can be.
    fn write(&mut self, record: &[&str; 5]) -> Result<()> {
        let mut line = csv::Writer::from_writer(Vec::new());
        let written = line.write_record(record).map_err(|error| error.to_string());
        let line = written.and_then(|()| line.into_inner().map_err(|error| error.to_string()));
        let line = line.map_err(Error::engine)?;
        if let Err(error) = self.file.write_all(&line) {
            let _ = self.file.set_len(self.n_bytes);
            return Err(Error::io("write", error));
        }
        self.n_bytes += line.len() as u64;
        Ok(())
    }
}

/// What is in the file; nothing for one that is not there, or that keeps nothing (a terminal, `/dev/null`).
fn content(path: &Path) -> Result<Vec<u8>> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => std::fs::read(path).map_err(|error| Error::io("read", error)),
        Ok(_) => Ok(Vec::new()),
        Err(error) if error.kind() == IoErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::io("open", error)),
    }
}

/// What a log says, and how many of its bytes say it: a last line that is torn is left out.
#[derive(Default)]
struct Past {
    finished: HashMap<String, usize>,
    n_bytes: usize,
}

fn read(text: &[u8]) -> Result<Past> {
    let mut past = Past::default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut record = csv::ByteRecord::new();
    let mut is_header = true;
    loop {
        let line = reader.position().line();
        let malformed = |message: &str| Error::malformed(FORMAT, message).at_line(line);
        // Bytes in memory can be read, and any bytes are cells.
        let is_there = reader.read_byte_record(&mut record).map_err(|_| malformed("it is no CSV"))?;
        if !is_there {
            return Ok(past);
        }
        let end = reader.position().byte() as usize;
        let is_last = end == text.len();
        let is_torn = is_last && (record.len() != HEADER.len() || !text.ends_with(b"\n"));
        if is_header {
            let wanted = HEADER.join(",");
            // The first line of a log can be torn too; of another file it is something else.
            if !(record == *HEADER.as_slice() || is_torn && wanted.as_bytes().starts_with(text)) {
                return Err(malformed(&format!(
                    "its first line is not {wanted}; give another file, or move this one away"
                )));
            }
        }
        if is_torn {
            return Ok(past);
        }
        if !is_header {
            let exit_code =
                record.get(3).and_then(|code| std::str::from_utf8(code).ok()?.parse::<i32>().ok());
            let command = record.get(0).and_then(|command| std::str::from_utf8(command).ok());
            match (command, exit_code, record.len() == HEADER.len()) {
                (Some(command), Some(0), true) => {
                    *past.finished.entry(command.to_owned()).or_default() += 1;
                }
                (Some(_), Some(_), true) => {}
                _ => {
                    return Err(malformed("the line is not a command with its exit code; mend or remove it"));
                }
            }
        }
        is_header = false;
        past.n_bytes = end;
    }
}
