//! What was measured and predicted, for programs.

use serde_json::{Value, json};

use super::forecast::Forecast;
use super::measure::Measured;

/// Times are seconds.
pub fn to_json(measured: &[Measured], forecast: Option<&Forecast>) -> Value {
    let runs = measured.iter().map(|run| {
        json!({
            "threads": run.n_threads,
            "rows": run.n_rows(),
            "seconds": run.seconds,
            "runs": run.n_runs,
            "limit": run.limit(),
            "speed_up": run.report["speed_up"],
            "peak_memory": run.report["peak_memory"],
        })
    });
    json!({
        "runs": runs.collect::<Vec<_>>(),
        "simulated": forecast.map(|forecast| json!({
            "points": forecast.points.iter().map(|(cores, seconds)| json!({ "cores": cores, "seconds": seconds })).collect::<Vec<_>>(),
            "stop": forecast.stop,
        })),
    })
}
