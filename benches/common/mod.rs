//! Data from a fixed seed, and times that are taken in turns so that what else the machine does falls on all alike.

#![allow(dead_code, reason = "each bench uses a part")]

use std::any::Any;
use std::hint::black_box;
use std::time::{Duration, Instant};

use parrow::polars::prelude::{Column, DataFrame};

/// Random numbers, the same on every machine (xorshift64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1 << 40)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A float from 0 to 1.
    pub(crate) fn float(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The columns of [`matrix`].
pub(crate) const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Five columns of single-digit integers.
pub(crate) fn matrix(n_rows: usize) -> DataFrame {
    let mut random = Random::new(100);
    let columns = NAMES.map(|name| {
        let values: Vec<i64> = (0..n_rows).map(|_| (random.next() % 10) as i64).collect();
        Column::new(name.into(), values)
    });
    DataFrame::new(n_rows, columns.into()).unwrap()
}

/// What a run gave, to be dropped when the clock has stopped.
pub(crate) type Kept = Box<dyn Any>;

/// Keeps what a run gave.
pub(crate) fn keep<T: 'static>(value: T) -> Kept {
    Box::new(black_box(value))
}

/// The times of `rounds` runs of each, one after the other in each round.
pub(crate) fn times<const N: usize>(
    rounds: usize,
    mut runs: [&mut dyn FnMut() -> Kept; N],
) -> Vec<[Duration; N]> {
    let mut time = |run: &mut &mut dyn FnMut() -> Kept| {
        let start = Instant::now();
        let kept = run();
        let elapsed = start.elapsed();
        drop(kept);
        elapsed
    };
    (0..rounds).map(|_| runs.each_mut().map(&mut time)).collect()
}

/// The shortest of `rounds` runs of each, one after the other in each round.
pub(crate) fn shortest<const N: usize>(rounds: usize, runs: [&mut dyn FnMut() -> Kept; N]) -> [Duration; N] {
    let times = times(rounds, runs);
    std::array::from_fn(|index| times.iter().map(|times| times[index]).min().unwrap_or(Duration::MAX))
}

/// The value in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How many times as long `a` takes as `b`.
pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
