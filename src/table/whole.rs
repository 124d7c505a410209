//! An output that is whole and on the disk, and has yet to get its name.

use crate::error::{Error, Result};
use crate::files::Partial;

use super::output::Output;
use super::writer::WriteSummary;

/// An output that is whole and on the disk. A file has yet to get its name; dropped before, it leaves nothing.
#[must_use = "nothing appears under the output's name before `appear`"]
pub(crate) struct Whole {
    /// `None` for what was written into directly.
    partial: Option<Partial>,
    output: Output,
    summary: WriteSummary,
}

impl Whole {
    pub(super) fn new(partial: Option<Partial>, output: Output, summary: WriteSummary) -> Self {
        Self { partial, output, summary }
    }

    /// The file that is to get its name; `None` where there is no file.
    pub(crate) fn partial(&mut self) -> Option<&mut Partial> {
        self.partial.as_mut()
    }

    /// What was written.
    pub(crate) fn summary(&self) -> &WriteSummary {
        &self.summary
    }

    /// Gives the file its name, and brings that to the disk.
    pub(crate) fn appear(mut self) -> Result<WriteSummary> {
        self.rename()?;
        self.sync_name()?;
        Ok(self.summary)
    }

    /// Gives the file its name.
    pub(crate) fn rename(&mut self) -> Result<()> {
        let renamed = self.partial.as_mut().map_or(Ok(()), Partial::rename);
        renamed.map_err(|error| self.in_file(error))
    }

    /// Brings its name to the disk.
    pub(crate) fn sync_name(&self) -> Result<()> {
        let synced = self.partial.as_ref().map_or(Ok(()), Partial::sync_name);
        synced.map_err(|error| self.in_file(error))
    }

    fn in_file(&self, error: Error) -> Error {
        error.in_file(self.output.label())
    }
}
