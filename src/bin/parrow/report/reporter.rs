//! Takes the report of a run to where it was asked for.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use parrow::Error;
use parrow::pipeline::RunSummary;
use parrow::report::Machine;
use parrow::table::Output;

use super::json::{is_json, to_json};
use super::page::{is_html, to_html};
use crate::args::ReportTarget;
use crate::console::Console;
use crate::page::WholeFile;
use crate::settings::Settings;

/// Takes the report of a run to where it was asked for.
pub struct Reporter {
    place: Place,
    /// The file whose speed is measured.
    input: Option<PathBuf>,
    command: String,
}

enum Place {
    Text,
    Json(WholeFile),
    Html(WholeFile),
}

impl Reporter {
    /// Makes sure that the report can be written, before there is anything to report.
    ///
    /// # Errors
    /// The file is one that the run reads or writes, holds anything but an earlier report, or cannot be written.
    pub fn new(target: &ReportTarget, settings: &Settings) -> Result<Self, Error> {
        let file = |path: &Path, is_report: fn(&str) -> bool| {
            refuse_other_files(path, settings, is_report)?;
            WholeFile::create(path)
        };
        let place = match target {
            ReportTarget::Text => Place::Text,
            ReportTarget::Json(path) => Place::Json(file(path, is_json)?),
            ReportTarget::Html(path) => Place::Html(file(path, is_html)?),
        };
        let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
        Ok(Self { place, input: settings.largest_file().map(PathBuf::from), command })
    }

    /// Measures the machine, and tells the report of the run.
    pub fn tell(self, summary: &RunSummary, console: &Console) -> Result<(), Error> {
        let mut report = summary.report().clone();
        report.machine = Some(Machine::measure(report.n_threads, self.input.as_deref()));
        match self.place {
            Place::Text => {
                console.text(&report.to_string());
                Ok(())
            }
            Place::Json(file) => file.finish(&format!("{:#}\n", to_json(&report))),
            Place::Html(file) => file.finish(&to_html(&report, &self.command)),
        }
    }
}

/// A report is larger than a few kilobytes only where there are very many threads.
const LARGEST_REPORT: u64 = 4 << 20;

/// A report replaces an earlier one and nothing else: in `--report data.json` the file may have been meant as the input.
fn refuse_other_files(path: &Path, settings: &Settings, is_report: fn(&str) -> bool) -> Result<(), Error> {
    let refused = |message: String| Err(Error::invalid_option("--report", message));
    let report = Output::from(path);
    if settings.paths().any(|other| report.is_file(other)) {
        return refused(format!("{} is an input or another output of this run", path.display()));
    }
    let Ok(there) = path.metadata() else { return Ok(()) };
    if !there.is_file() || there.len() == 0 {
        return Ok(());
    }
    let mut text = String::new();
    let is_report = there.len() <= LARGEST_REPORT
        && File::open(path).and_then(|file| file.take(LARGEST_REPORT).read_to_string(&mut text)).is_ok()
        && is_report(&text);
    if is_report {
        return Ok(());
    }
    refused(format!(
        "{0} is there and is no report, so that it is not written over; name another file, or give an input named {0} before \
         --report",
        path.display()
    ))
}
