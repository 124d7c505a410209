//! A closure over one column for frames of many sizes and calls of several costs: the parallel form beside its serial twin,
//! which is the plain loop.

mod common;

use std::hint::black_box;

use common::{keep, ratio, shortest};
use parrow::ApplyOptions;
use parrow::polars::prelude::*;
use parrow::prelude::*;

/// The most work that a case may be, in steps of some nanoseconds.
const MOST_STEPS: usize = 100_000_000;

fn main() {
    println!(
        "{:>10} {:>12} {:>12} {:>12} {:>8} {:>8}",
        "rows", "steps a row", "serial", "parallel", "ratio", "workers"
    );
    for n_rows in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let frame = df!("a" => (0..n_rows).map(|row| row as f64).collect::<Vec<_>>()).unwrap();
        for n_steps in [1, 60, 6_000] {
            if n_rows * n_steps <= MOST_STEPS {
                compare(&frame, n_steps);
            }
        }
    }
}

fn compare(frame: &DataFrame, n_steps: usize) {
    let function = |a: f64| (0..black_box(n_steps)).fold(a, |x, _| (x + 1.0).sqrt());
    let options = ApplyOptions::default();
    let parallel = || frame.with_options(&options).parallel_apply("a", function).unwrap();
    let n_rounds = if frame.height() * n_steps > 100_000 { 5 } else { 50 };
    let [serial, shared] = shortest(
        n_rounds,
        [&mut || keep(frame.apply("a", function).unwrap()), &mut || keep(parallel().table)],
    );
    println!(
        "{:>10} {n_steps:>12} {:>12} {:>12} {:>8.2} {:>8}",
        frame.height(),
        format!("{serial:.1?}"),
        format!("{shared:.1?}"),
        ratio(shared, serial),
        parallel().sharing.n_workers,
    );
}
