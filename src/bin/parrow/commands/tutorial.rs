//! `parrow tutorial`: the classic tutorial on parallel processing, run and timed.

use std::path::PathBuf;

use clap::Args;

use crate::args::positive;
use crate::console::Console;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::page::WholeFile;
use crate::tutorial::{Lesson, Outcome, Page, Python, PythonRun, Section, Table};
use crate::tutorial::{all, python_table, scaling, to_json};
use crate::{output, system};

/// Run the classic tutorial on parallel processing, each section in its serial and its parallel form
///
/// Every section runs over a matrix of random integers from 0 to 9 with five columns. Its two forms take turns, the shortest
/// run of each counts, and what they give is compared. The exit code is 1 when it differs.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow tutorial
  parrow tutorial --html tutorial.html
  parrow tutorial --rows 20000 --python --json")]
pub struct Tutorial {
    /// How many rows the matrix has
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = positive)]
    rows: usize,

    /// Run on N threads [default: every core]
    #[arg(short = 'j', long, value_name = "N", env = "PARROW_THREADS", hide_env_values = true, value_parser = positive)]
    pub threads: Option<usize>,

    /// Also run each section's twin with the machine's python3, and set the times side by side
    #[arg(long)]
    python: bool,

    /// Write a page with the table, charts and the code of each section to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Tutorial {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        let python = if self.python { Some(Python::find()?) } else { None };
        let file = self.html.as_deref().map(WholeFile::create).transpose()?;
        let lesson = Lesson::new(self.rows, self.threads.unwrap_or_else(parrow::cpu_count))?;
        let outcomes = self.run_sections(&lesson)?;
        let python = python.map(|python| python.run(&lesson)).transpose()?;
        if self.json {
            output::print(&format!("{:#}\n", to_json(&outcomes, self.rows, python.as_ref())))?;
        } else if let Some(python) = &python {
            output::print(&python_table(python, &outcomes, self.rows))?;
        }
        if let Some(file) = file {
            let (scaling, python) = (scaling(&lesson)?, python.as_ref());
            file.finish(&Page { outcomes: &outcomes, scaling: &scaling, python, lesson: &lesson }.to_html())?;
        }
        if let Some(path) = &self.html {
            console.note(&format!("wrote {}", path.display()));
        }
        Ok(self.verdict(&outcomes, python.as_ref(), console))
    }

    /// Runs all sections, and shows each when it is done.
    fn run_sections(&self, lesson: &Lesson) -> Result<Vec<Outcome>, Failure> {
        let sections: Vec<Section> = all().collect();
        let table = Table::new(&sections, system::stdout_width());
        let show = |text: String| if self.json { Ok(()) } else { output::print(&text) };
        show(table.header())?;
        let mut outcomes = Vec::with_capacity(sections.len());
        for section in sections {
            let outcome = section.run(lesson)?;
            show(table.row(&outcome))?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn verdict(&self, outcomes: &[Outcome], python: Option<&PythonRun>, console: &Console) -> Code {
        let mut code = Code::Done;
        for outcome in outcomes.iter().filter(|outcome| !outcome.timing.agree) {
            let name = outcome.section.name;
            console.warn(&format!("{name}: the serial and the parallel form give different results"));
            code = Code::Failed;
        }
        if python.is_some_and(|python| !python.agrees()) {
            console.warn("in Python, the serial and the parallel form of a section give different results");
            code = Code::Failed;
        }
        code
    }
}
