//! The outcome as JSON.

use serde_json::{Value, json};

use super::python::PythonRun;
use super::section::Outcome;

/// All sections, and what Python took where it was asked.
pub fn to_json(outcomes: &[Outcome], n_rows: usize, python: Option<&PythonRun>) -> Value {
    let sections: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "name": outcome.section.name,
                "shows": outcome.shows,
                "seconds": outcome.timing.seconds,
                "serial_seconds": outcome.timing.serial_seconds,
                "speed_up": outcome.timing.speed_up(),
                "agree": outcome.timing.agree,
            })
        })
        .collect();
    let mut all = json!({ "sections": sections, "cores": parrow::cpu_count(), "rows": n_rows });
    if let Some(python) = python {
        all["python"] = python.to_json(outcomes);
    }
    all
}
