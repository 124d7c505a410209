//! The files of a run, and in which order they get their names.

use crate::error::{Error, Result};
use crate::files::Partial;
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
    /// Gives the files of a run their names. An output that is there has all that belongs to it beside it: what is wrong with it
    /// is told, and can be retried. Broken off before, a ledger is there whose record speaks of another output, so that its
    /// rows are not retried.
    pub(in crate::pipeline) fn appear(self) -> Result<()> {
        let all = [self.rejects, self.ledger, self.record, self.output];
        all.into_iter().flatten().try_for_each(|file| file.appear().map(drop))
    }

    /// Puts the files of a retry in the places of those of the run. At any moment the record that is there tells which output and
    /// which ledger belong together: it speaks of both the old ones and the new ones. The ledger comes last, for a row that failed
    /// again has failed before: the old one tells of all that may be wrong with the new output. Broken off between the two, what
    /// lies beside the ledger is what the next retry brings to its name first.
    pub(in crate::pipeline) fn replace(mut self) -> Result<()> {
        let (Some(record), Some(mut output), Some(mut ledger)) =
            (self.record.take(), self.output.take(), self.ledger.take())
        else {
            return Err(Error::engine("a file of the retry is missing"));
        };
        self.rejects.map_or(Ok(()), |rejects| rejects.appear().map(drop))?;
        record.appear()?;
        ledger.partial().map(Partial::keep);
        output.rename().inspect_err(|_| {
            ledger.partial().map(Partial::keep_not);
        })?;
        // From here on the ledger must come, whatever else goes wrong.
        let synced = output.sync_name();
        ledger.appear()?;
        synced
    }
}
