//! A closure over one column for frames of many sizes and calls of several costs: the parallel form beside its serial twin,
//! which is the plain loop, beside a loop over the slice that is written by hand, and beside that loop on as many threads as there
//! are cores, each with its part of the rows, into memory that is there already: what the machine gives. The last lines say whether the parallel form is never slower,
//! and whether work of 10 ms and more fills the cores.
//!
//! Times are medians, and ratios medians of those of runs one after the other: how fast a machine is swings within seconds. Of short
//! runs as many are timed together as take 20 µs, since a look at the clock takes 25 ns and more.

mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{Kept, keep, median, ratio};
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

/// How long the runs take that are timed together.
const TIMED: Duration = Duration::from_micros(20);

/// How long all rounds of the plain loop of a case take, about.
const ROUNDS: Duration = Duration::from_millis(500);

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
    by_hand: Duration,
    /// By hand, on all cores.
    threads: Duration,
    /// How many times as long as the plain loop the parallel form takes.
    slowdown: f64,
}

fn main() {
    let step = seconds_of_a_step();
    println!("a step takes {:.2} ns", step * 1e9);
    println!(
        "{:>10} {:>16} {:>10} {:>10} {:>6} {:>10} {:>6} {:>10} {:>6} {:>8}",
        "rows", "a row", "serial", "parallel", "ratio", "by hand", "ratio", "threads", "ratio", "workers"
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

/// What someone writes who knows the engine: a vector of the results, and a series of it.
fn by_hand(frame: &DataFrame, function: impl Fn(f64) -> f64) -> Series {
    let values = frame.column("a").unwrap().f64().unwrap().cont_slice().unwrap();
    Series::new("result".into(), values.iter().map(|value| function(*value)).collect::<Vec<_>>())
}

/// The same on all cores, each with one part of the rows, into memory that is there already.
fn by_hand_on_threads(frame: &DataFrame, function: impl Fn(f64) -> f64 + Sync, results: &mut [f64]) {
    let values = frame.column("a").unwrap().f64().unwrap().cont_slice().unwrap();
    let n_rows = values.len().div_ceil(parrow::cpu_count());
    std::thread::scope(|threads| {
        for (values, results) in values.chunks(n_rows).zip(results.chunks_mut(n_rows)) {
            let function = &function;
            threads.spawn(move || {
                results.iter_mut().zip(values).for_each(|(result, value)| *result = function(*value));
            });
        }
    });
}

fn compare(frame: &DataFrame, n_steps: usize, name: &str, shape: Shape) -> Outcome {
    let function = |a: f64| {
        let is_dear = matches!(shape, Shape::Skewed) && a as usize % 1_000 == 777;
        work(a, black_box(if is_dear { n_steps * 1_000 } else { n_steps }))
    };
    let options = ApplyOptions::default();
    let parallel = || frame.with_options(&options).parallel_apply("a", function).unwrap();
    let run_serial = || frame.with_options(&options).apply("a", function).unwrap().table;
    let long = (0..2).map(|_| time(1, &mut || keep(run_serial()))).min().unwrap_or_default();
    let n_runs = (TIMED.as_nanos() / long.as_nanos().max(1)).clamp(1, 100) as usize;
    let n_rounds = (ROUNDS.as_nanos() / (n_runs as u128 * long.as_nanos()).max(1)).clamp(3, 201) as usize;
    let times = times_of(
        n_runs,
        n_rounds,
        [&mut || keep(run_serial()), &mut || keep(parallel().table), &mut || keep(by_hand(frame, function))],
    );
    let of = |index: usize| median_time(times.iter().map(|times| times[index]));
    let [serial, shared, hand] = [0, 1, 2].map(of);
    let slowdown = median(times.iter().map(|[serial, shared, _]| ratio(*shared, *serial)));
    // Apart from them: a thread that has just been started leaves the caches cold to who comes next.
    let mut results = vec![1.0; frame.height()];
    let in_place = &mut || {
        by_hand_on_threads(frame, function, &mut results);
        keep(())
    };
    let threads = median_time(times_of(1, n_rounds, [in_place]).into_iter().map(|[time]| time));
    let name = match shape {
        Shape::Even => name.to_owned(),
        Shape::Skewed => format!("{name}, skewed"),
    };
    println!(
        "{:>10} {name:>16} {:>10} {:>10} {:>6.2} {:>10} {:>6.2} {:>10} {:>6.2} {:>8}",
        frame.height(),
        format!("{serial:.1?}"),
        format!("{shared:.1?}"),
        slowdown,
        format!("{hand:.1?}"),
        ratio(shared, hand),
        format!("{threads:.1?}"),
        ratio(shared, threads),
        parallel().sharing.n_workers,
    );
    let case = format!("{} rows of {name}", frame.height());
    Outcome { case, serial, parallel: shared, by_hand: hand, threads, slowdown }
}

/// How long a run takes, of `n_runs` one after the other. What they give is dropped when the clock has stopped.
fn time(n_runs: usize, run: &mut dyn FnMut() -> Kept) -> Duration {
    let mut kept = Vec::with_capacity(n_runs);
    let start = Instant::now();
    kept.extend((0..n_runs).map(|_| run()));
    start.elapsed() / n_runs as u32
}

/// The same for each of several, in turns that change places from round to round.
fn times_of<const N: usize>(
    n_runs: usize,
    n_rounds: usize,
    mut runs: [&mut dyn FnMut() -> Kept; N],
) -> Vec<[Duration; N]> {
    let round = |round: usize| {
        let mut times = [Duration::ZERO; N];
        for place in 0..N {
            let index = (round + place) % N;
            times[index] = time(n_runs, runs[index]);
        }
        times
    };
    (0..n_rounds).map(round).collect()
}

fn median_time(times: impl Iterator<Item = Duration>) -> Duration {
    Duration::from_secs_f64(median(times.map(|time| time.as_secs_f64())))
}

/// Says what is worst of all.
fn conclude(outcomes: &[Outcome]) {
    if let Some(worst) = outcomes.iter().max_by(|a, b| a.slowdown.total_cmp(&b.slowdown)) {
        let (ratio, lost) = (worst.slowdown, worst.parallel.saturating_sub(worst.serial));
        let verdict = if ratio <= MOST_RATIO { "holds" } else { "does not hold" };
        println!(
            "never slower than {MOST_RATIO} times the plain loop: {verdict}; the worst is {ratio:.2}, {lost:.1?} lost, with {}",
            worst.case
        );
    }
    let behind = |outcome: &Outcome| outcome.parallel.saturating_sub(outcome.by_hand);
    if let Some(worst) =
        outcomes.iter().filter(|outcome| outcome.serial <= LONG).max_by_key(|outcome| behind(outcome))
    {
        println!(
            "at most {:.1?} behind the loop by hand, up to {LONG:?}; with {}",
            behind(worst),
            worst.case
        );
    }
    let n_cores = parrow::cpu_count() as f64;
    let share = |outcome: &Outcome| 1.0 / outcome.slowdown / n_cores;
    let long = outcomes.iter().filter(|outcome| outcome.serial > LONG);
    if let Some(worst) = long.min_by(|a, b| share(a).total_cmp(&share(b))) {
        let verdict = if share(worst) >= LEAST_SHARE { "holds" } else { "does not hold" };
        println!(
            "at least {LEAST_SHARE} of {n_cores} times the speed from {LONG:?} on: {verdict}; the worst is {:.2}, with {}",
            share(worst),
            worst.case
        );
        let [all, ours] = [worst.threads, worst.parallel];
        println!(
            "there the loop by hand on all cores, into memory that is there already, reaches {:.2}",
            ratio(worst.serial, all) / n_cores
        );
        println!("and the parallel form takes {:.2} times as long as that", ratio(ours, all));
    }
}
