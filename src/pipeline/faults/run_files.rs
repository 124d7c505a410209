//! The files of a run, and in which order they get their names.

use std::path::PathBuf;

use crate::error::{Error, ErrorKind, Result};
use crate::files::{Partial, folder_of};
use crate::table::Whole;

/// The files of a run: each is whole and on the disk, and has yet to get its name. Dropped before, they leave nothing.
#[derive(Default)]
pub(in crate::pipeline) struct RunFiles {
    pub(in crate::pipeline) rejects: Option<Whole>,
    pub(in crate::pipeline) ledger: Option<Whole>,
    pub(in crate::pipeline) record: Option<Whole>,
    pub(in crate::pipeline) output: Option<Whole>,
}

impl RunFiles {
    /// Gives the files of a run their names, the output last: beside one that is there lies all that belongs to it, so that what is
    /// wrong with it is told, and can be retried.
    ///
    /// When the first has its name the others follow, whatever else goes wrong. Where one cannot be renamed the error says which
    /// ones are there, and of a ledger that is there the record speaks of another output, so that its rows are not retried.
    pub(in crate::pipeline) fn appear(self) -> Result<()> {
        let mut beside: Vec<Whole> = [self.rejects, self.ledger, self.record].into_iter().flatten().collect();
        let mut named = Vec::new();
        for file in &mut beside {
            file.rename().map_err(|error| with_those_there(error, &named))?;
            named.extend(file.partial().map(|file| file.target().display().to_string()));
        }
        let synced = sync_names(&mut beside);
        let Some(mut output) = self.output else { return synced };
        output.rename().map_err(|error| with_those_there(error, &named))?;
        output.sync_name().and(synced)
    }

    /// Puts the files of a retry in the places of those of the run. At any moment the record that is there tells which output and
    /// which ledger belong together: it speaks of both the old ones and the new ones. The ledger comes last, for a row that failed
    /// again has failed before: the old one, and the old rejects, tell of all that may be wrong with the new output. Broken off
    /// between the two, what lies beside the ledger is what the next retry brings to its name first.
    pub(in crate::pipeline) fn replace(mut self) -> Result<()> {
        let (Some(mut record), Some(mut output), Some(mut ledger)) =
            (self.record.take(), self.output.take(), self.ledger.take())
        else {
            return Err(Error::engine("a file of the retry is missing"));
        };
        record.rename()?;
        // On the disk before the output that it speaks of.
        record.sync_name()?;
        ledger.partial().map(Partial::keep);
        output.rename().inspect_err(|_| {
            ledger.partial().map(Partial::keep_not);
        })?;
        // From here on the ledger must come, whatever else goes wrong.
        let synced = output.sync_name();
        let rejects = self.rejects.map_or(Ok(()), |rejects| rejects.appear().map(drop));
        ledger.appear()?;
        rejects.and(synced)
    }
}

/// Brings the names of files to the disk, of each folder once.
fn sync_names(files: &mut [Whole]) -> Result<()> {
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut outcome = Ok(());
    for file in files {
        let Some(folder) = file.partial().map(|file| folder_of(file.target()).to_owned()) else { continue };
        if !folders.contains(&folder) {
            outcome = outcome.and(file.sync_name());
            folders.push(folder);
        }
    }
    outcome
}

/// An error that says what a run has left under its final name.
fn with_those_there(error: Error, named: &[String]) -> Error {
    if named.is_empty() {
        return error;
    }
    error.with_kind(|kind| match kind {
        ErrorKind::Io { operation, source } => {
            let (files, are) = (named.join(" and "), if named.len() == 1 { "is" } else { "are" });
            let message = format!("{source}; {files} {are} of this run, and the output is not; run it again");
            ErrorKind::Io { operation, source: std::io::Error::new(source.kind(), message) }
        }
        kind => kind,
    })
}
