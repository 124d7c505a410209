//! Runs a command over numbers of threads and of rows.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use parrow::{CancellationToken, Error, ErrorKind};
use serde_json::Value;

use super::subject::{Subject, folder_in};
use crate::exit_code::Code;
use crate::failure::Failure;

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
///
/// Where somebody asks the program to end, the run that is going on is ended first.
pub fn measure(
    subject: &Subject,
    plan: &Plan,
    interrupts: &CancellationToken,
) -> Result<Vec<Measured>, Failure> {
    let folder = folder_in(&std::env::temp_dir())?;
    let report = folder.path().join("report.json");
    let mut all: Vec<Measured> = Vec::new();
    let start = Instant::now();
    for round in 0..plan.rounds.unwrap_or(USUAL_ROUNDS) {
        if round > 0 && plan.rounds.is_none() && start.elapsed() > PATIENCE {
            break;
        }
        for &rows in &plan.rows {
            for &n_threads in &plan.threads {
                let measured = run(subject, n_threads, rows, &report, interrupts)?;
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

fn run(
    subject: &Subject,
    n_threads: usize,
    rows: Option<usize>,
    report: &Path,
    interrupts: &CancellationToken,
) -> Result<Measured, Failure> {
    let program = std::env::current_exe().map_err(|error| Error::io("start", error).in_file("parrow"))?;
    let mut command = Command::new(program);
    let (begin, rest) = subject.words().split_at(1);
    command.args(begin).arg("--threads").arg(n_threads.to_string());
    command.arg(format!("--report={}", report.display())).args(["--quiet", "--progress", "never"]);
    if let Some(rows) = rows {
        command.arg("--head").arg(rows.to_string());
    }
    command.args(rest).env_remove("POLARS_MAX_THREADS");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let child = command.spawn().map_err(|error| Error::io("start", error).in_file("parrow"))?;
    let (status, said) = wait(child, interrupts)?;
    let with_measurement = start.elapsed().as_secs_f64();
    // Rows that fail are no reason not to time those that don't.
    if !matches!(status.code(), Some(0 | 1)) || !report.exists() {
        let said = said.lines().next().unwrap_or("the command failed").trim_start_matches("parrow: ");
        return Err(Failure::Command(code_of(status), said.to_owned()));
    }
    let failed = |error| Error::io("read", error).in_file(report);
    let text = std::fs::read_to_string(report).map_err(failed)?;
    std::fs::remove_file(report).map_err(failed)?;
    let report: Value = serde_json::from_str(&text).map_err(|error| failed(error.into()))?;
    // The program measures the machine at its end, which is no part of the command.
    let measuring = report["machine"]["seconds"].as_f64().unwrap_or_default();
    Ok(Measured { n_threads, rows, n_runs: 1, seconds: (with_measurement - measuring).max(0.0), report })
}

/// Waits for the end of a run, and gives what it said; ends it where somebody asks for that.
fn wait(mut child: Child, interrupts: &CancellationToken) -> Result<(ExitStatus, String), Error> {
    /// How long nobody looks whether the run is to end.
    const PATIENCE: Duration = Duration::from_millis(50);
    let failed = |error| Error::io("run", error).in_file("parrow");
    let (says, said) = channel();
    let stderr = child.stderr.take();
    // What a run says ends when it does.
    std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.read_to_end(&mut text);
        }
        let _ = says.send(String::from_utf8_lossy(&text).into_owned());
    });
    loop {
        match said.recv_timeout(PATIENCE) {
            Ok(text) => return Ok((child.wait().map_err(failed)?, text)),
            Err(RecvTimeoutError::Disconnected) => {
                return Ok((child.wait().map_err(failed)?, String::new()));
            }
            Err(RecvTimeoutError::Timeout) if interrupts.is_cancelled() => {
                let _ = child.kill();
                child.wait().map_err(failed)?;
                return Err(Error::new(ErrorKind::Cancelled));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// The exit code of a run that failed, which is that of the bench.
fn code_of(status: ExitStatus) -> Code {
    match status.code() {
        Some(2) => Code::Usage,
        Some(1) => Code::Failed,
        _ => Code::Files,
    }
}
