//! The files that tell of rows that fail, held for a run from its beginning on.

use std::path::Path;

use super::super::destination::Destination;
use super::super::run::Pipeline;
use super::super::work::Task;
use super::ledger::LedgerFile;
use super::record::{RecordFile, RunRecord};
use crate::error::{Error, Result};
use crate::fault::OnError;
use crate::files::check_not_held;
use crate::table::{Input, Output, Sink};

/// The files that a run tells of its faults in. They are opened before any row is read and held to the end, so that another run
/// cannot write them meanwhile, and a place that cannot be written is known before any work.
#[derive(Default)]
pub(in crate::pipeline) struct ClaimedFiles {
    pub(in crate::pipeline) ledger: Option<LedgerFile>,
    /// What tells how the ledger came about; `None` beside a ledger that is no file.
    pub(in crate::pipeline) record: Option<RecordFile>,
    /// Where the rows go that cannot be read. What stands before them is known when the inputs are.
    pub(in crate::pipeline) rejects: Option<Sink>,
}

impl ClaimedFiles {
    /// Opens the files of a run.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for what makes no sense about rows that fail, and for a ledger that tells
    /// of another output; those of creating files.
    pub(in crate::pipeline) fn of(pipeline: &Pipeline<'_>, inputs: &[Input]) -> Result<Self> {
        let policy = pipeline.apply.on_error();
        if matches!(pipeline.work.0, Task::Columns(..)) && policy != OnError::Fail {
            let message = "a value of a whole column without the rows that cannot be read would look like one of all rows; take the good rows first, as in parrow apply FILE --on-error skip -o good.csv";
            return Err(Error::invalid_option("on-error", message));
        }
        let options = [
            ("ledger", pipeline.ledger.is_some()),
            ("rejects", pipeline.rejects.is_some()),
            ("max-errors", pipeline.max_errors.is_some()),
        ];
        let mut given = options.into_iter().filter(|(_, is_given)| *is_given);
        let Some((option, _)) = given.next() else { return Ok(Self::default()) };
        if policy == OnError::Fail {
            let message = "the first row that fails ends the run; give --on-error null, skip or collect too";
            return Err(Error::invalid_option(option, message));
        }
        if matches!(pipeline.work.0, Task::Columns(..)) {
            return Err(Error::invalid_option(option, "a function of whole columns has no rows that fail"));
        }
        let written = match &pipeline.destination {
            Destination::Output(output, _) => Some(output),
            Destination::Preview { .. } => None,
        };
        let read = inputs.iter().filter_map(Input::path);
        let mut taken: Vec<&Path> = written.and_then(Output::path).into_iter().chain(read).collect();
        for (option, output) in [("ledger", &pipeline.ledger), ("rejects", &pipeline.rejects)] {
            let Some(output) = output else { continue };
            let Some(path) = output.path() else {
                return Err(Error::invalid_option(option, "it is a file, and not standard output"));
            };
            if taken.iter().any(|taken| output.is_file(taken)) {
                let message = format!("{output} is an input or another output of this run");
                return Err(Error::invalid_option(option, message));
            }
            taken.push(path);
        }

        let mut claimed = Self::default();
        if let Some(output) = &pipeline.ledger {
            claimed.ledger = Some(LedgerFile::create(output, &pipeline.files)?);
            let path = output.path().filter(|path| may_have_record(path));
            if let (Some(path), None) = (path, &pipeline.retry) {
                // A run may have put its ledger there, and not its output yet.
                check_not_held(path, &pipeline.files).map_err(|error| error.in_file(path))?;
                RunRecord::check_replaceable(path, written)?;
            }
            claimed.record = path.map(|path| RecordFile::create(path, &pipeline.files)).transpose()?;
        }
        let rejects = pipeline.rejects.as_ref().map(|output| Sink::create(output, &pipeline.files));
        claimed.rejects = rejects.transpose()?;
        Ok(claimed)
    }
}

/// Whether a record can be put beside a ledger: not beside a pipe or a device.
fn may_have_record(ledger: &Path) -> bool {
    ledger.metadata().map_or(true, |there| there.is_file())
}
