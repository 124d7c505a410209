//! Runs a pipeline in front of a person: progress, interrupts, and what is said at the end.

use std::path::Path;

use parrow::pipeline::{CommandLine, Pipeline, RunSummary, Work, unfinished};
use parrow::table::Output;
use parrow::{Error, ErrorKind, Files, OnError};
use serde_json::{Value, json};

use super::console::Console;
use super::exit_code::Code;
use super::failure::Failure;
use super::output;
use super::progress_bar;
use super::report::Reporter;
use super::settings::Settings;
use super::system;

/// Runs `work` with these settings and says what came of it.
pub fn execute(settings: Settings, work: Work<'_>, console: &Console) -> Result<Code, Failure> {
    let file = settings.output_file().map(ToString::to_string);
    let kept = settings.output_file().filter(|_| settings.is_resumable()).cloned();
    let on_error = settings.on_error();
    if let Some(reason) = settings.why_in_order() {
        console.note(&format!("--unordered has no effect with {reason}: rows keep the order of the input"));
    }
    let report = settings.report().map(|target| Reporter::new(target, &settings)).transpose()?;
    let folder = system::folder()?;
    let command = CommandLine { folder, arguments: system::arguments() };
    let pipeline = watched(settings.recorded_as(vec![command]), work, console)?;
    let summary = pipeline.run().inspect_err(|error| {
        // Who may not go on is told by the error how to begin anew.
        if !matches!(error.kind(), ErrorKind::InvalidOption { .. }) {
            tell_kept(kept.as_ref(), console);
        }
    })?;
    if summary.n_rows_resumed > 0 {
        console.note(&format!("went on behind row {} of an earlier run", summary.n_rows_resumed));
    }
    if let Some(preview) = &summary.preview {
        output::show(preview)?;
    }
    if let Some(file) = &file {
        let (rows, columns) =
            (count(summary.n_rows_written, "row"), count(summary.n_columns_written as u64, "column"));
        console.note(&format!("wrote {rows}, {columns} to {file}"));
    }
    if on_error == OnError::Collect {
        list_failures(&summary, console);
    }
    report_failures(&summary, console);
    if let Some(report) = report {
        report.tell(&summary, console)?;
    }
    console.json_line(&to_json(&summary));
    Ok(if summary.faults.is_empty() { Code::Done } else { Code::Failed })
}

/// Runs the rows of a ledger once more, and says what came of it.
pub fn retry(
    settings: Settings,
    work: Work<'_>,
    ledger: &Path,
    shown: &Path,
    commands: Vec<CommandLine>,
    console: &Console,
) -> Result<Code, Failure> {
    let file = settings.output_file().map(ToString::to_string).unwrap_or_default();
    let on_error = settings.on_error();
    let summary = watched(settings.recorded_as(commands), work, console)?.retry(ledger)?;
    let n_retried = summary.n_rows_retried.unwrap_or_default();
    let n_mended = n_retried - summary.faults.n_rows().min(n_retried);
    let shown = shown.display();
    console.note(&match n_retried {
        0 => format!("{shown} has no rows to retry"),
        _ => format!("mended {n_mended} of {} of {shown} in {file}", count(n_retried, "row")),
    });
    if on_error == OnError::Collect {
        list_failures(&summary, console);
    }
    report_failures(&summary, console);
    console.json_line(&to_json(&summary));
    Ok(if summary.faults.is_empty() { Code::Done } else { Code::Failed })
}

/// A pipeline that shows how far it is, and can be interrupted.
fn watched<'f>(settings: Settings, work: Work<'f>, console: &Console) -> Result<Pipeline<'f>, Failure> {
    system::keep_memory(settings.memory_limit());
    let files = Files::new();
    let pipeline = settings.pipeline(work, |options| {
        let options = options.cancellation(system::interrupts(&files));
        match progress_bar::watcher(console) {
            Some(watcher) => options.progress(watcher),
            None => options,
        }
    })?;
    Ok(pipeline.files(files))
}

/// Says what is kept of a run that ends early, for another one to go on with.
fn tell_kept(output: Option<&Output>, console: &Console) {
    if let Some(unfinished) = output.and_then(unfinished) {
        let (n_rows, journal) = (unfinished.n_rows_read, unfinished.journal.display());
        console.note(&format!(
            "{n_rows} rows are kept: the same command goes on behind them; delete {journal} to start anew"
        ));
    }
}

/// `1 row`, `2 rows`.
fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn report_failures(summary: &RunSummary, console: &Console) {
    let Some(first) = summary.first_failures.first() else { return };
    let faults = &summary.faults;
    let left_out = match faults.n_rows_left_out() {
        0 => String::new(),
        n_rows => format!(", {n_rows} left out"),
    };
    let (n_failed, total) = (faults.n_rows(), summary.n_rows_retried.unwrap_or(summary.n_rows_read));
    let first = failure_text(first);
    console.warn(&format!("{n_failed} of {total} rows failed ({faults}{left_out}); first: {first}"));
}

/// A failed row, of which there may be no message: under `null` none is kept.
fn failure_text(failure: &Error) -> String {
    match failure.kind() {
        ErrorKind::Row { message, .. } if message.is_empty() => failure.position().to_string(),
        _ => failure.to_string(),
    }
}

/// The failed rows themselves, as far as a person reads them.
fn list_failures(summary: &RunSummary, console: &Console) {
    for failure in &summary.first_failures {
        console.warn(&failure.to_string());
    }
    let n_faults: u64 = summary.faults.iter().map(|(_, count)| count).sum();
    let n_more = n_faults - summary.first_failures.len() as u64;
    if n_more > 0 {
        console.warn(&format!("and {n_more} more failed rows"));
    }
}

fn to_json(summary: &RunSummary) -> Value {
    let times = &summary.times;
    json!({
        "rows_read": summary.n_rows_read,
        "rows_written": summary.n_rows_written,
        "rows_retried": summary.n_rows_retried,
        "rows_resumed": summary.n_rows_resumed,
        "rows_failed": summary.faults.n_rows(),
        "rows_left_out": summary.faults.n_rows_left_out(),
        "faults": summary.faults.iter().map(|(kind, count)| (kind.as_str().to_owned(), count.into())).collect::<serde_json::Map<_, _>>(),
        "columns_written": summary.n_columns_written,
        "first_failure": summary.first_failures.first().map(failure_text),
        "bytes_read": summary.n_bytes_read,
        "bytes_written": summary.n_bytes_written,
        "threads": summary.n_threads,
        "threads_used": summary.sharing.n_workers,
        "chunks": summary.sharing.n_chunks,
        "largest_chunk_rows": summary.sharing.largest_chunk,
        "seconds": {
            "read": times.read.as_secs_f64(),
            "filter": times.filter.as_secs_f64(),
            "function": times.function.as_secs_f64(),
            "write": times.write.as_secs_f64(),
            "total": times.total().as_secs_f64(),
        },
    })
}
