//! How many rows, or items, a chunk is to have, from what the first ones cost.
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

/// The time of a first chunk from which on it can't be the cold start alone that took so long.
const SURELY_SLOW_SECONDS: f64 = 500e-6;

/// Chunks for each worker, so that uneven ones even out.
const CHUNKS_PER_WORKER: usize = 8;

/// How many times more rows the next chunk of the measurement has.
const GROWTH: usize = 16;

/// What the chunks so far have cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    last: Option<Sample>,
    n_samples: usize,
    /// The seconds that the shortest chunk took.
    least: Option<f64>,
    /// What is known of the start of a chunk without measuring.
    known_start: f64,
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
    /// Nothing is known but what it costs to begin a chunk.
    pub(crate) fn beginning_with(start: Duration) -> Self {
        let start = start.as_secs_f64();
        Self { known_start: start, start, ..Self::default() }
    }

    /// Takes a finished chunk into account.
    pub(crate) fn add(&mut self, n_rows: usize, elapsed: Duration) {
        let sample = Sample { n_rows: n_rows as f64, seconds: elapsed.as_secs_f64() };
        match self.last {
            // Of two chunks of about as many rows the difference says nothing but how uneven the times are.
            Some(before) if sample.n_rows >= 2.0 * before.n_rows && sample.seconds > before.seconds => {
                self.row = (sample.seconds - before.seconds) / (sample.n_rows - before.n_rows);
                self.start = (sample.seconds - self.row * sample.n_rows).max(0.0);
            }
            Some(_) => self.row = (sample.seconds - self.start).max(0.0) / sample.n_rows,
            None => self.row = (sample.seconds - self.start).max(0.0),
        }
        // What a chunk costs to begin is no more than what any chunk took.
        let least = self.least.map_or(sample.seconds, |least| least.min(sample.seconds));
        self.least = Some(least);
        self.start = self.start.max(self.known_start).min(least);
        self.last = Some(sample);
        self.n_samples += 1;
    }

    /// What to do with the `remaining` rows, given this many workers.
    pub(crate) fn next_step(&self, remaining: usize, n_workers: usize) -> Step {
        let Some(last) = self.last else { return Step::Here(1) };
        let seconds = self.row * remaining as f64;
        let saved = seconds * (1.0 - 1.0 / n_workers as f64);
        let believed = self.n_samples > 1 || last.seconds >= SURELY_SLOW_SECONDS;
        // A short time may be wrong by any factor, so that it must promise more.
        let pays = match last.seconds {
            seconds if seconds >= SERIAL_CHUNK_SECONDS / 4.0 => saved > DISPATCH_SECONDS,
            seconds => seconds >= SERIAL_CHUNK_SECONDS / 16.0 && saved > 4.0 * DISPATCH_SECONDS,
        };
        if n_workers > 1 && believed && pays {
            return Step::Share;
        }
        let affordable = if self.row > 0.0 { SERIAL_CHUNK_SECONDS / self.row } else { f64::INFINITY };
        let grown = last.n_rows * GROWTH as f64;
        // One worker has nobody to wait for it: only progress and cancellation look in between.
        let limit = if n_workers == 1 { 4.0 * CHUNK_SECONDS / self.row.max(1e-12) } else { affordable };
        Step::Here((grown.min(limit).max(1.0) as usize).min(remaining))
    }

    /// Whether one worker more makes the `remaining` items end sooner, when so many are at it.
    pub(crate) fn pays_to_share(&self, remaining: usize, n_workers: usize) -> bool {
        self.last.is_none() || self.row * remaining as f64 > DISPATCH_SECONDS * n_workers as f64
    }

    /// How long so many rows take in one chunk, once that is known.
    pub(crate) fn of_chunk(&self, n_rows: usize) -> Option<Duration> {
        self.last.map(|_| Duration::from_secs_f64(self.start + self.row * n_rows as f64))
    }

    /// Whether so many rows cost no more, all together, than it costs to begin a chunk.
    pub(crate) fn is_mostly_start(&self, n_rows: usize) -> bool {
        self.last.is_some() && self.row * n_rows as f64 <= self.start
    }

    /// What an item costs, once that is known.
    pub(crate) fn of_item(&self) -> Option<Duration> {
        self.last.map(|_| Duration::from_secs_f64(self.row))
    }

    /// The items of the next chunk, where as many workers as are there take chunks from the first item on.
    pub(crate) fn chunk_items(&self, remaining: usize, n_workers: usize) -> usize {
        // While nobody knows what an item costs, each worker begins with one.
        if self.last.is_none() { 1 } else { self.chunk_rows(remaining, n_workers) }
    }

    /// The rows of the next chunk when the rest is shared out.
    pub(crate) fn chunk_rows(&self, remaining: usize, n_workers: usize) -> usize {
        let by_time = CHUNK_SECONDS / self.row.max(1e-12);
        let by_balance = remaining as f64 / (n_workers * CHUNKS_PER_WORKER) as f64;
        // A chunk must be worth its start, whatever the balance says.
        let worthwhile = 10.0 * self.start.max(2e-6) / self.row.max(1e-12);
        let timed = self.last.map_or(1.0, |last| last.n_rows) * GROWTH as f64;
        let rows = by_time.min(by_balance).max(worthwhile).min(timed);
        // Where all of them take no longer than it costs to begin a chunk, two would be done no sooner.
        let fair = match self.is_mostly_start(remaining) {
            true => remaining as f64,
            false => (remaining as f64 / n_workers as f64).ceil(),
        };
        (rows.min(fair).ceil() as usize).clamp(1, remaining.max(1))
    }

    /// The same where `page_rows` rows of the output are a large page of memory: two workers that write the same page fresh both
    /// have it cleared, so that chunks have whole pages where that is not long, until what is left is less than the workers need to
    /// be done at the same time: each is half a page ahead of the next one, or behind it, in the mean.
    pub(crate) fn chunk_rows_by_page(&self, remaining: usize, n_workers: usize, page_rows: usize) -> usize {
        let rows = self.chunk_rows(remaining, n_workers);
        let is_short = self.row * page_rows as f64 <= 2.0 * CHUNK_SECONDS;
        let are_enough = 4 * (remaining / n_workers) >= 3 * page_rows;
        if is_short && are_enough { rows.max(page_rows) } else { rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kernel that costs so many seconds a chunk and a row, and more on its first call.
    struct Machine {
        cold: f64,
        start: f64,
        row: f64,
    }

    /// The rows run on the calling thread, the seconds that took, and the first chunk shared out, if any.
    fn plan(machine: &Machine, n_rows: usize, n_workers: usize) -> (usize, f64, Option<usize>) {
        let (mut cost, mut done, mut spent) = (Cost::default(), 0, 0.0);
        while done < n_rows {
            match cost.next_step(n_rows - done, n_workers) {
                Step::Here(rows) => {
                    assert!(rows > 0 && rows <= n_rows - done);
                    let cold = if done == 0 { machine.cold } else { 0.0 };
                    let seconds = cold + machine.start + machine.row * rows as f64;
                    cost.add(rows, Duration::from_secs_f64(seconds));
                    done += rows;
                    spent += seconds;
                }
                Step::Share => return (done, spent, Some(cost.chunk_rows(n_rows - done, n_workers))),
            }
        }
        (done, spent, None)
    }

    #[test]
    fn cheap_or_tiny_work_stays_here_even_after_a_cold_start() {
        for (row, n_rows) in [(1e-9, 1_000), (1e-9, 20_000), (100e-9, 300), (10e-6, 3)] {
            for cold in [0.0, 50e-6, 400e-6] {
                let (done, _, shared) = plan(&Machine { cold, start: 1e-6, row }, n_rows, 8);
                assert_eq!((done, shared), (n_rows, None), "{row} s a row, {n_rows} rows, {cold} s cold");
            }
        }
    }

    #[test]
    fn work_that_pays_is_shared_before_much_of_it_is_done() {
        for (row, n_rows) in [(1e-9, 20_000_000), (100e-9, 1_000_000), (10e-6, 10_000), (1e-3, 100), (1.0, 4)]
        {
            for cold in [0.0, 400e-6] {
                let (_, spent, shared) = plan(&Machine { cold, start: 2e-6, row }, n_rows, 2);
                assert!(shared.is_some(), "{row} s a row, {n_rows} rows");
                let most = (row + cold + 400e-6).max(row * 2.0);
                assert!(spent <= most, "{row} s a row, {n_rows} rows: {spent} s here");
            }
        }
    }

    #[test]
    fn chunks_come_to_take_their_time_and_to_be_worth_their_start() {
        // A chunk is at most so many times the last one, so the size is found in a few steps.
        let found = |start: f64, row: f64| {
            let (mut cost, mut rows) = (Cost::default(), 1);
            for _ in 0..8 {
                cost.add(rows, Duration::from_secs_f64(start + row * rows as f64));
                rows = cost.chunk_rows(100_000_000, 2);
            }
            rows as f64
        };
        let seconds = found(2e-6, 1e-6) * 1e-6;
        assert!(seconds > CHUNK_SECONDS / 2.0 && seconds < CHUNK_SECONDS * 2.0, "{seconds}");
        assert_eq!(found(2e-6, 10e-3), 1.0);
        // Slicing ten thousand columns takes a millisecond, and each row a hundredth of that.
        assert!(found(1e-3, 10e-6) >= 900.0);
    }

    #[test]
    fn chunks_are_worth_a_start_that_is_known() {
        // To hand a chunk to another process takes long, and the first time much longer; its rows are cheap.
        let mut cost = Cost::beginning_with(Duration::from_micros(200));
        let (mut remaining, mut n_chunks, mut rows) = (6_500, 0, 1);
        while remaining > 0 {
            let cold = if n_chunks == 0 { 1e-3 } else { 0.0 };
            cost.add(rows, Duration::from_secs_f64(cold + 200e-6 + 500e-9 * rows as f64));
            remaining -= rows;
            n_chunks += 1;
            rows = cost.chunk_rows(remaining, 2);
        }
        assert!(n_chunks <= 10, "{n_chunks}");
    }

    #[test]
    fn chunks_of_thousands_of_columns_are_known_to_be_mostly_their_start() {
        let mut cost = Cost::default();
        assert!(!cost.is_mostly_start(1));
        for n_rows in [1, 9] {
            cost.add(n_rows, Duration::from_secs_f64(2e-3 + 20e-6 * n_rows as f64));
        }
        assert!(cost.is_mostly_start(21));
        assert!(!cost.is_mostly_start(1000));
    }

    #[test]
    fn one_worker_shares_nothing() {
        assert_eq!(plan(&Machine { cold: 0.0, start: 1e-6, row: 1e-4 }, 1_000, 1).2, None);
    }
}
