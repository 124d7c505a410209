//! Runs a command over numbers of threads and of rows.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use parrow::Error;
use serde_json::Value;

use super::subject::Subject;

/// How long all runs may take before no new round begins, where nobody said how many there are to be.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many rounds there are when they take little time.
const USUAL_ROUNDS: usize = 5;

/// What is to be run.
#[derive(Debug)]
pub struct Plan {
    pub threads: Vec<usize>,
    /// Numbers of rows; `None` for all there are.
    pub rows: Vec<Option<usize>>,
    pub rounds: Option<usize>,
}

/// The shortest run with so many threads over so many rows.
#[derive(Clone, Debug)]
pub struct Measured {
    pub n_threads: usize,
    pub rows: Option<usize>,
    pub n_runs: usize,
    /// From the start of the program to its end.
    pub seconds: f64,
    /// The report of that run, as JSON.
    pub report: Value,
}

impl Measured {
    /// How many rows were read.
    pub fn n_rows(&self) -> u64 {
        self.report["rows_read"].as_u64().unwrap_or_default()
    }

    /// What held the run back.
    pub fn limit(&self) -> &str {
        self.report["limit"].as_str().unwrap_or_default()
    }
}

/// Runs the command with every number of threads over every number of rows, round by round, so that whatever else the machine
/// does strikes all of them alike; the shortest run of each counts.
pub fn measure(subject: &Subject, plan: &Plan) -> Result<Vec<Measured>, Error> {
    let folder = tempfile::tempdir().map_err(|error| Error::io("create", error))?;
    let report = folder.path().join("report.json");
    let mut all: Vec<Measured> = Vec::new();
    let start = Instant::now();
    for round in 0..plan.rounds.unwrap_or(USUAL_ROUNDS) {
        if round > 0 && plan.rounds.is_none() && start.elapsed() > PATIENCE {
            break;
        }
        for &rows in &plan.rows {
            for &n_threads in &plan.threads {
                let measured = run(subject, n_threads, rows, &report)?;
                let same = |one: &&mut Measured| one.n_threads == n_threads && one.rows == rows;
                match all.iter_mut().find(same) {
                    Some(best) => {
                        let n_runs = best.n_runs + 1;
                        if measured.seconds < best.seconds {
                            *best = measured;
                        }
                        best.n_runs = n_runs;
                    }
                    None => all.push(measured),
                }
            }
        }
    }
    Ok(all)
}

fn run(subject: &Subject, n_threads: usize, rows: Option<usize>, report: &Path) -> Result<Measured, Error> {
    let program = std::env::current_exe().map_err(|error| Error::io("start", error).in_file("parrow"))?;
    let mut command = Command::new(program);
    let (begin, rest) = subject.words().split_at(1);
    command.args(begin).arg("--threads").arg(n_threads.to_string());
    command.arg(format!("--report={}", report.display())).args(["--quiet", "--progress", "never"]);
    if let Some(rows) = rows {
        command.arg("--head").arg(rows.to_string());
    }
    command.args(rest).env_remove("POLARS_MAX_THREADS").stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let outcome = command.output().map_err(|error| Error::io("start", error).in_file("parrow"))?;
    let with_measurement = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&outcome.stderr);
    // Rows that fail are no reason not to time those that don't.
    if !matches!(outcome.status.code(), Some(0 | 1)) || !report.exists() {
        let said = said.lines().next().unwrap_or("the command failed").trim_start_matches("parrow: ");
        return Err(Error::invalid_option("bench", said.to_owned()));
    }
    let failed = |error| Error::io("read", error).in_file(report);
    let text = std::fs::read_to_string(report).map_err(failed)?;
    std::fs::remove_file(report).map_err(failed)?;
    let report: Value = serde_json::from_str(&text).map_err(|error| failed(error.into()))?;
    // The program measures the machine at its end, which is no part of the command.
    let measuring = report["machine"]["seconds"].as_f64().unwrap_or_default();
    Ok(Measured { n_threads, rows, n_runs: 1, seconds: (with_measurement - measuring).max(0.0), report })
}
