//! What a person asks for, and what is said of a run that was broken off.

use std::path::PathBuf;

use super::journal::{self, HASH, journal_of};
use crate::files::hash;
use crate::table::Output;

/// Lets a run be gone on with when it is broken off, and goes on with one that was.
///
/// While a run is under way, a journal lies beside its output, as `.NAME.journal`. From time to time what is done is brought to the disk
/// and noted there. A run that is killed, cancelled or fails keeps both; the next one with the same inputs, function and options
/// goes on behind the last note, and its output is the one of a run that was never broken off, byte for byte.
///
/// # Example
/// ```
/// use parrow::pipeline::{Destination, Pipeline, Resume, Work};
/// use parrow::script::SqlExpressions;
/// use parrow::table::{Input, Output, WriteOptions};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("points.csv");
/// # std::fs::write(&path, "x,y\n3,4\n5,12\n").unwrap();
/// # let target = folder.path().join("lengths.csv");
/// let expression = "sqrt(x*x + y*y) AS length";
/// let work = Work::rows(SqlExpressions::parse([expression])?);
/// let output = Destination::Output(Output::from(target.as_path()), WriteOptions::default());
/// let run = Pipeline::new(vec![Input::from(path.as_path())], work, output);
/// let summary = run.resume(Resume::new().same("the expression", expression)).run()?;
/// assert_eq!(summary.n_rows_resumed, 0);
/// # Ok::<_, parrow::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Resume {
    pub(super) same: Vec<(String, String)>,
    pub(in crate::pipeline) checkpoint_rows: Option<u64>,
}

impl Resume {
    /// A run that may be gone on with, whatever its function is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what must be the same for a run to be gone on with, and what messages call it: the text of an expression, the hash
    /// of a script. The inputs, the options of the pipeline and the version are looked at anyway; a function is known to nobody but the caller.
    pub fn same(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.same.push((name.into(), value.into()));
        self
    }

    /// The same of something long, such as what is in the file of a function: it is told by its hash.
    pub fn same_content(self, name: impl Into<String>, bytes: &[u8]) -> Self {
        self.same(name, format!("{HASH}{:016x}", hash(bytes)))
    }

    /// Notes what is done after this many rows at the latest, and lets a thread work on no more than that at a time: the rows
    /// behind the last note, and those that the threads are at, are what can be lost. Parquet and Arrow are then written in
    /// blocks of so many rows, which makes them larger where these are few, and packed text in parts of 64 KiB; up to two
    /// blocks, or a part, are lost beside.
    ///
    /// Not given, notes are made once a second, a thread works on 10,000 rows at a time, and blocks have 262,144 rows (those of the
    /// input where Parquet gets new columns), or a mebibyte of text.
    pub fn checkpoint_rows(mut self, n_rows: impl Into<Option<u64>>) -> Self {
        self.checkpoint_rows = n_rows.into();
        self
    }
}

/// What is left of a run that was broken off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// How many rows of the inputs are done.
    pub n_rows_read: u64,
    /// The journal. Who deletes it starts anew.
    pub journal: PathBuf,
}

/// What is left of a run to this output that could be gone on with.
pub fn unfinished(output: &Output) -> Option<Unfinished> {
    let journal = journal_of(output.path()?);
    let n_rows_read = journal::n_rows_noted(&journal)?;
    Some(Unfinished { n_rows_read, journal })
}
