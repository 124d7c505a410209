//! What was measured and predicted, as tables for a terminal.

use super::forecast::Forecast;
use super::measure::Measured;
use crate::page::number::{duration, grouped, three_digits, times};

/// The runs: a block for each number of rows.
pub fn table(measured: &[Measured]) -> String {
    let mut text = String::new();
    for runs in by_rows(measured) {
        let Some(first) = runs.first() else { continue };
        text.push_str(&format!("{} rows\n", grouped(first.n_rows() as usize)));
        text.push_str(&format!(
            "{:>7}  {:>9}  {:>8}  {:>10}  limit\n",
            "threads", "time", "speed-up", "rows/s"
        ));
        for run in &runs {
            text.push_str(&format!(
                "{:>7}  {:>9}  {:>8}  {:>10}  {}\n",
                run.n_threads,
                duration(run.seconds),
                times(first.seconds / run.seconds),
                short(run.n_rows() as f64 / run.seconds),
                run.limit()
            ));
        }
        text.push('\n');
    }
    text
}

/// The runs of each number of rows, in the order of the threads.
pub fn by_rows(measured: &[Measured]) -> Vec<Vec<&Measured>> {
    let mut blocks: Vec<Vec<&Measured>> = Vec::new();
    for run in measured {
        match blocks.iter_mut().find(|block| block[0].rows == run.rows) {
            Some(block) => block.push(run),
            None => blocks.push(vec![run]),
        }
    }
    blocks.iter_mut().for_each(|block| block.sort_by_key(|run| run.n_threads));
    blocks
}

/// What is predicted, beside what was measured where it was.
pub fn forecast_table(forecast: &Forecast, runs: &[&Measured]) -> String {
    let first = forecast.points.first().map_or(1.0, |(_, seconds)| *seconds);
    let mut text = format!("simulated\n{:>7}  {:>9}  {:>8}  measured\n", "cores", "time", "speed-up");
    for (n_cores, seconds) in &forecast.points {
        let run = runs.iter().find(|run| run.n_threads == *n_cores);
        let measured = run.map_or(String::new(), |run| {
            let off = (seconds / run.seconds - 1.0) * 100.0;
            format!("{} ({off:+.0} %)", duration(run.seconds))
        });
        let (time, speed_up) = (duration(*seconds), times(first / seconds));
        text.push_str(format!("{n_cores:>7}  {time:>9}  {speed_up:>8}  {measured}").trim_end());
        text.push('\n');
    }
    text.push_str(&format!("what would stop it: {}\n", forecast.stop));
    text
}

/// `5.2 M`.
fn short(number: f64) -> String {
    match number {
        n if n >= 1e9 => format!("{} G", three_digits(n / 1e9)),
        n if n >= 1e6 => format!("{} M", three_digits(n / 1e6)),
        n if n >= 1e3 => format!("{} k", three_digits(n / 1e3)),
        n => three_digits(n),
    }
}
