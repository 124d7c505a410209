//! Takes the report of a run to where it was asked for.

use std::path::PathBuf;

use parrow::Error;
use parrow::pipeline::RunSummary;
use parrow::report::Machine;

use super::json::to_json;
use super::page::to_html;
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
    pub fn new(target: &ReportTarget, settings: &Settings) -> Result<Self, Error> {
        let place = match target {
            ReportTarget::Text => Place::Text,
            ReportTarget::Json(path) => Place::Json(WholeFile::create(path)?),
            ReportTarget::Html(path) => Place::Html(WholeFile::create(path)?),
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
