//! What was measured and predicted, for programs.

use serde_json::{Value, json};

use super::forecast::Forecast;
use super::measure::Measured;
use super::table::by_rows;

/// Times are seconds, and speed-ups those of the table: over the run with the fewest threads on as many rows.
pub fn to_json(measured: &[Measured], forecast: Option<&Forecast>) -> Value {
    let blocks = by_rows(measured);
    let runs = blocks.iter().flat_map(|block| block.iter().map(|run| (block[0].seconds, run))).map(
        |(first, run)| {
            json!({
                "threads": run.n_threads,
                "rows": run.n_rows(),
                "seconds": run.seconds,
                "runs": run.n_runs,
                "limit": run.limit(),
                "speed_up": first / run.seconds,
                "peak_memory": run.report["peak_memory"],
            })
        },
    );
    json!({
        "runs": runs.collect::<Vec<_>>(),
        "simulated": forecast.map(|forecast| json!({
            "points": forecast.points.iter().map(|(cores, seconds)| json!({ "cores": cores, "seconds": seconds })).collect::<Vec<_>>(),
            "stop": forecast.stop,
        })),
    })
}
