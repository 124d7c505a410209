//! When a point is noted that another run can go on from, and which one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::resume::{Counted, InputPlace, Journal, Line, Point, block_line};
use crate::error::Result;

/// How long a run goes on without a note, where nobody says after how many rows there must be one.
const INTERVAL: Duration = Duration::from_secs(1);

/// The ends of pieces behind the last point that was noted.
pub(super) struct Checkpoints {
    journal: Journal,
    /// After how many rows a point is noted.
    every: Option<u64>,
    ends: VecDeque<End>,
    n_rows_noted: u64,
    noted: Instant,
}

/// The end of a piece.
pub(super) struct End {
    pub(super) at: InputPlace,
    pub(super) counted: Counted,
    /// What is to be noted of the piece: the rows of it that failed.
    pub(super) lines: Vec<Line>,
}

impl Checkpoints {
    /// Notes into a journal that has noted this many rows.
    pub(super) fn new(journal: Journal, every: Option<u64>, n_rows_noted: u64) -> Self {
        Self { journal, every, ends: VecDeque::new(), n_rows_noted, noted: Instant::now() }
    }

    /// A piece is written.
    pub(super) fn add(&mut self, end: End) {
        self.ends.push_back(end);
    }

    /// Whether it is time for a note.
    pub(super) fn is_due(&self) -> bool {
        let Some(last) = self.ends.back() else { return false };
        match self.every {
            Some(n_rows) => last.counted.n_rows_read - self.n_rows_noted >= n_rows,
            None => self.noted.elapsed() >= INTERVAL,
        }
    }

    /// The end of the last piece whose rows are all before a border of the output, with what is to be noted of those before it.
    pub(super) fn last_before(&mut self, n_units: u64) -> Option<End> {
        let mut lines = Vec::new();
        let mut found = None;
        while let Some(end) = self.ends.pop_front_if(|end| end.counted.n_units <= n_units) {
            lines.extend(end.lines);
            found = Some(End { lines: Vec::new(), ..end });
        }
        found.map(|end| End { lines, ..end })
    }

    /// Notes a point that is on the disk.
    pub(super) fn note(&mut self, point: &Point, mut lines: Vec<Line>) -> Result<()> {
        lines.extend(point.border.blocks.iter().map(|block| block_line(block)));
        lines.extend(point.to_line());
        self.journal.note(&lines)?;
        self.n_rows_noted = point.counted.n_rows_read;
        self.noted = Instant::now();
        Ok(())
    }

    /// The output is at its name.
    pub(super) fn finish(self) -> Result<()> {
        self.journal.finish()
    }
}
