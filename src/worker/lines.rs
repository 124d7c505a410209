//! Answers that come as lines of text.

use super::failure::{Failure, Trouble};
use super::process::WorkerProcess;
use super::wait::Wait;

/// The next line of the answer, without its end: that of row `row` of `n_rows`.
pub(super) fn line(
    worker: &mut WorkerProcess,
    row: usize,
    n_rows: usize,
    wait: &Wait<'_>,
) -> Result<String, Trouble> {
    let mut searched = 0;
    let end = loop {
        match memchr::memchr(b'\n', &worker.unread()[searched..]) {
            Some(at) => break searched + at,
            None => searched = worker.unread().len(),
        }
        worker.more(wait).map_err(|trouble| with_count(trouble, row, n_rows))?;
    };
    let mut line = worker.take(end + 1);
    line.pop();
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line)
        .map_err(|_| Failure::wrong(format!("answered row {} in no UTF-8", row + 1)).into())
}

/// A worker that is silent in the middle of an answer has perhaps a buffer that it does not empty.
pub(super) fn with_count(trouble: Trouble, row: usize, n_rows: usize) -> Trouble {
    match trouble {
        Trouble::Worker(failure @ (Failure::Silent(_) | Failure::Closed)) => {
            let hint = match (&failure, row) {
                (Failure::Silent(_), 0) => "; does it write its output at once, without a buffer?",
                _ => "",
            };
            Failure::wrong(format!("{failure}: {row} of {n_rows} rows were answered{hint}")).into()
        }
        trouble => trouble,
    }
}
