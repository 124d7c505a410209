//! How many rows a chunk is to have, from what the first ones cost.
//!
//! The cost of a chunk is taken to be `start + row * n`: what it costs to begin a chunk (slicing ten thousand columns is
//! not free) and what each row adds. Both come from timing the chunks, whose results are kept.
//!
//! A time may be wrong by any factor: the first call is cold, and the system may run something else meanwhile. So no time
//! is believed for longer than until the next one, and a chunk is at most [`GROWTH`] times the one that was timed.

use std::time::Duration;

/// The time that a chunk is to take: long against handing it out, short against the whole.
const CHUNK_SECONDS: f64 = 1.5e-3;

/// What it costs to wake the workers, share the chunks out and wait for the last one.
const DISPATCH_SECONDS: f64 = 40e-6;

/// The time that one more chunk on the calling thread may take while it looks as if sharing does not pay.
const SERIAL_CHUNK_SECONDS: f64 = 100e-6;

/// Chunks for each worker, so that uneven ones even out.
const CHUNKS_PER_WORKER: usize = 8;

/// How many times more rows the next chunk of the measurement has.
const GROWTH: usize = 16;

/// What the chunks so far have cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    last: Option<Sample>,
    /// The seconds that the shortest chunk took.
    least: Option<f64>,
    start: f64,
    row: f64,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    n_rows: f64,
    seconds: f64,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Run this many rows on the calling thread, and look again.
    Here(usize),
    /// Share the rest out.
    Share,
}

impl Cost {
    /// Takes a finished chunk into account.
    pub(crate) fn add(&mut self, n_rows: usize, elapsed: Duration) {
        let sample = Sample { n_rows: n_rows as f64, seconds: elapsed.as_secs_f64() };
        match self.last {
            Some(before) if sample.n_rows > before.n_rows && sample.seconds > before.seconds => {
                self.row = (sample.seconds - before.seconds) / (sample.n_rows - before.n_rows);
                self.start = (sample.seconds - self.row * sample.n_rows).max(0.0);
            }
            Some(_) => self.row = (sample.seconds - self.start).max(0.0) / sample.n_rows,
            None => (self.start, self.row) = (0.0, sample.seconds),
        }
        // What a chunk costs to begin is no more than what any chunk took.
        let least = self.least.map_or(sample.seconds, |least| least.min(sample.seconds));
        self.least = Some(least);
        self.start = self.start.min(least);
        self.last = Some(sample);
    }

    /// What to do with the `remaining` rows, given this many workers.
    pub(crate) fn next_step(&self, remaining: usize, n_workers: usize) -> Step {
        let Some(last) = self.last else { return Step::Here(1) };
        let seconds = self.row * remaining as f64;
        let saved = seconds * (1.0 - 1.0 / n_workers as f64);
        if n_workers > 1 && saved > DISPATCH_SECONDS && last.seconds >= SERIAL_CHUNK_SECONDS / 4.0 {
            return Step::Share;
        }
        let affordable = if self.row > 0.0 { SERIAL_CHUNK_SECONDS / self.row } else { f64::INFINITY };
        let grown = last.n_rows * GROWTH as f64;
        let limit = if n_workers == 1 { f64::INFINITY } else { affordable.max(1.0) };
        let limit = if n_workers == 1 { limit.min(CHUNK_SECONDS * 4.0 / self.row.max(1e-12)) } else { limit };
        Step::Here((grown.min(limit).max(1.0) as usize).min(remaining))
    }

    /// The rows of the next chunk when the rest is shared out.
    pub(crate) fn chunk_rows(&self, remaining: usize, n_workers: usize) -> usize {
        let by_time = CHUNK_SECONDS / self.row.max(1e-12);
        let by_balance = remaining as f64 / (n_workers * CHUNKS_PER_WORKER) as f64;
        // A chunk must be worth its start, whatever the balance says.
        let worthwhile = 10.0 * self.start.max(2e-6) / self.row.max(1e-12);
        let timed = self.last.map_or(1.0, |last| last.n_rows) * GROWTH as f64;
        let rows = by_time.min(by_balance).max(worthwhile).min(timed);
        let fair = (remaining as f64 / n_workers as f64).ceil();
        (rows.min(fair).ceil() as usize).clamp(1, remaining.max(1))
    }
}
