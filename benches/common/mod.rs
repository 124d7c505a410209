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

/// The shortest of `rounds` runs of each, one after the other in each round.
pub(crate) fn shortest<const N: usize>(
    rounds: usize,
    mut runs: [&mut dyn FnMut() -> Kept; N],
) -> [Duration; N] {
    let mut shortest = [Duration::MAX; N];
    for _ in 0..rounds {
        for (run, shortest) in runs.iter_mut().zip(&mut shortest) {
            let start = Instant::now();
            let kept = run();
            *shortest = start.elapsed().min(*shortest);
            drop(kept);
        }
    }
    shortest
}

/// How many times as long `a` takes as `b`.
pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
