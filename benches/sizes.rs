//! A closure over one column for frames of many sizes and calls of several costs: the parallel form beside its serial twin,
//! which is the plain loop. The last lines say whether the parallel form is never slower, and whether work of 10 ms and more
//! fills the cores.

mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{keep, ratio, shortest};
use parrow::ApplyOptions;
use parrow::polars::prelude::*;
use parrow::prelude::*;

/// The most seconds that one run of the plain loop of a case may take.
const MOST_SECONDS: f64 = 2.0;

/// How many times as long as the plain loop the parallel form may take.
const MOST_RATIO: f64 = 1.05;

/// The part of the ideal speed-up that work of [`LONG`] and more is to reach.
const LEAST_SHARE: f64 = 0.9;

/// From which time of the plain loop on the cores are to be filled.
const LONG: Duration = Duration::from_millis(10);

/// Which rows cost more than the others.
#[derive(Clone, Copy)]
enum Shape {
    Even,
    /// One row in a thousand costs a thousand times more.
    Skewed,
}

/// A case, and what came of it.
struct Outcome {
    case: String,
    serial: Duration,
    parallel: Duration,
}

fn main() {
    let step = seconds_of_a_step();
    println!("a step takes {:.2} ns", step * 1e9);
    println!(
        "{:>10} {:>16} {:>12} {:>12} {:>8} {:>8}",
        "rows", "a row", "serial", "parallel", "ratio", "workers"
    );
    let costs = [("1 ns", 1e-9), ("100 ns", 100e-9), ("10 µs", 10e-6), ("1 ms", 1e-3)];
    let mut outcomes = Vec::new();
    for n_rows in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let frame = df!("a" => (0..n_rows).map(|row| row as f64).collect::<Vec<_>>()).unwrap();
        for (name, seconds) in costs {
            let n_steps = (seconds / step).round().max(1.0) as usize;
            if n_rows as f64 * seconds <= MOST_SECONDS {
                outcomes.push(compare(&frame, n_steps, name, Shape::Even));
            }
            // All rows together cost twice what they would without the dear ones.
            if n_rows >= 10_000 && 2.0 * n_rows as f64 * seconds <= MOST_SECONDS {
                outcomes.push(compare(&frame, n_steps, name, Shape::Skewed));
            }
        }
    }
    conclude(&outcomes);
}

/// What one step of the work takes, beside the others of the same row.
fn seconds_of_a_step() -> f64 {
    const N_STEPS: usize = 1_000_000;
    let times = (0..5).map(|_| {
        let start = Instant::now();
        black_box(work(1.0, black_box(N_STEPS)));
        start.elapsed().as_secs_f64() / N_STEPS as f64
    });
    times.fold(f64::INFINITY, f64::min)
}

fn work(a: f64, n_steps: usize) -> f64 {
    (0..n_steps).fold(a, |x, _| (x + 1.0).sqrt())
}

fn compare(frame: &DataFrame, n_steps: usize, name: &str, shape: Shape) -> Outcome {
    let function = |a: f64| {
        let is_dear = matches!(shape, Shape::Skewed) && a as usize % 1_000 == 777;
        work(a, black_box(if is_dear { n_steps * 1_000 } else { n_steps }))
    };
    let options = ApplyOptions::default();
    let parallel = || frame.with_options(&options).parallel_apply("a", function).unwrap();
    let n_rounds = match frame.height() * n_steps {
        0..100_000 => 50,
        100_000..100_000_000 => 7,
        _ => 3,
    };
    let [serial, shared] = shortest(
        n_rounds,
        [&mut || keep(frame.apply("a", function).unwrap()), &mut || keep(parallel().table)],
    );
    let name = match shape {
        Shape::Even => name.to_owned(),
        Shape::Skewed => format!("{name}, skewed"),
    };
    println!(
        "{:>10} {name:>16} {:>12} {:>12} {:>8.2} {:>8}",
        frame.height(),
        format!("{serial:.1?}"),
        format!("{shared:.1?}"),
        ratio(shared, serial),
        parallel().sharing.n_workers,
    );
    Outcome { case: format!("{} rows of {name}", frame.height()), serial, parallel: shared }
}

/// Says what is worst of all.
fn conclude(outcomes: &[Outcome]) {
    let slowdown = |outcome: &Outcome| ratio(outcome.parallel, outcome.serial);
    if let Some(worst) = outcomes.iter().max_by(|a, b| slowdown(a).total_cmp(&slowdown(b))) {
        let (ratio, lost) = (slowdown(worst), worst.parallel.saturating_sub(worst.serial));
        let verdict = if ratio <= MOST_RATIO { "holds" } else { "does not hold" };
        println!(
            "never slower than {MOST_RATIO} times the plain loop: {verdict}; the worst is {ratio:.2}, {lost:.1?} lost, with {}",
            worst.case
        );
    }
    let n_cores = parrow::cpu_count() as f64;
    let share = |outcome: &Outcome| ratio(outcome.serial, outcome.parallel) / n_cores;
    let long = outcomes.iter().filter(|outcome| outcome.serial > LONG);
    if let Some(worst) = long.min_by(|a, b| share(a).total_cmp(&share(b))) {
        let verdict = if share(worst) >= LEAST_SHARE { "holds" } else { "does not hold" };
        println!(
            "at least {LEAST_SHARE} of {n_cores} times the speed from {LONG:?} on: {verdict}; the worst is {:.2}, with {}",
            share(worst),
            worst.case
        );
    }
}
