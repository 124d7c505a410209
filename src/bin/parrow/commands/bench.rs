//! `parrow bench`: how a command scales.

use std::path::PathBuf;

use clap::Args;

use crate::args::positive;
use crate::bench::{Forecast, Plan, Subject, chart, measure, measured_curves};
use crate::bench::{by_rows, forecast_table, table, to_html, to_json, to_svg};
use crate::console::Console;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::page::WholeFile;
use crate::{output, system};

/// Run a command over numbers of threads and rows, and show how it scales
///
/// The command is one that takes rows through a function; an input alone, or with expressions, is one for apply. Each run is a
/// process of its own; they take turns, and the shortest of each counts. What the command would write to a file goes beside it and
/// is deleted.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow bench count-range data/matrix.csv --min 4 --max 8
  parrow bench --rows 1000,20000,200000 data/matrix.csv 'sqrt(a*a + b*b) AS r'
  parrow bench --simulate 64 --html scaling.html count-range data/matrix.csv --min 4 --max 8")]
pub struct Bench {
    /// Numbers of threads, as 1,2,4 [default: 1 up to every core]
    #[arg(short = 'j', long, value_name = "N", value_delimiter = ',', value_parser = positive)]
    threads: Vec<usize>,

    /// Numbers of first rows to take, as 1000,100000 [default: all]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = positive)]
    rows: Vec<usize>,

    /// Run each N times [default: 5, or less when that takes over half a minute]
    #[arg(long, value_name = "N", value_parser = positive)]
    repeat: Option<usize>,

    /// Predict the time on up to N cores from what was measured, and say what would stop it
    #[arg(long, value_name = "N", value_parser = cores)]
    simulate: Option<usize>,

    /// Write a page with the curve and the runs to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write the curve to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// The command and its arguments, or an input
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND|INPUT"
    )]
    words: Vec<String>,
}

impl Bench {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        let interrupts = system::interrupts_of_commands();
        let subject = Subject::new(&self.words)?;
        let html = self.html.as_deref().map(WholeFile::create).transpose()?;
        let svg = self.svg.as_deref().map(WholeFile::create).transpose()?;
        let n_cores = parrow::cpu_count();
        let plan = self.plan(n_cores);
        let measured = measure(&subject, &plan, &interrupts)?;
        let largest =
            by_rows(&measured).into_iter().max_by_key(|block| block[0].n_rows()).unwrap_or_default();
        let forecast = self.simulate.and_then(|n| Forecast::new(&largest, n, &plan.threads));
        if self.json {
            output::print(&format!("{:#}\n", to_json(&measured, forecast.as_ref())))?;
        } else {
            let curves = measured_curves(&measured);
            output::print(&table(&measured))?;
            output::print(&chart(&curves, n_cores, system::stdout_width()))?;
            if let Some(forecast) = &forecast {
                output::print(&format!("\n{}", forecast_table(forecast, &largest)))?;
            }
        }
        if let Some(file) = html {
            file.finish(&to_html(&self.words.join(" "), &measured, forecast.as_ref(), n_cores))?;
        }
        if let Some(file) = svg {
            file.finish(&to_svg(&measured, forecast.as_ref(), n_cores))?;
        }
        for path in [&self.html, &self.svg].into_iter().flatten() {
            console.note(&format!("wrote {}", path.display()));
        }
        Ok(Code::Done)
    }

    fn plan(&self, n_cores: usize) -> Plan {
        let mut threads = match self.threads.is_empty() {
            true => thread_counts(n_cores),
            false => self.threads.clone(),
        };
        if self.simulate.is_some() {
            threads.push(1);
        }
        threads.sort_unstable();
        threads.dedup();
        let mut rows = self.rows.clone();
        rows.sort_unstable();
        rows.dedup();
        let rows = if rows.is_empty() { vec![None] } else { rows.into_iter().map(Some).collect() };
        Plan { threads, rows, rounds: self.repeat }
    }
}

/// The most cores that are simulated.
const MOST_CORES: usize = 1_024;

fn cores(text: &str) -> Result<usize, String> {
    match positive(text)? {
        n if n > MOST_CORES => Err(format!("at most {MOST_CORES} cores are simulated")),
        n => Ok(n),
    }
}

/// 1, 2, 3, 4 on small machines; on large ones powers of two and the number of cores.
fn thread_counts(n_cores: usize) -> Vec<usize> {
    const MOST_POINTS: usize = 6;
    let last = n_cores.max(2);
    if last <= MOST_POINTS {
        return (1..=last).collect();
    }
    let powers = std::iter::successors(Some(1), |n: &usize| n.checked_mul(2));
    powers.take_while(|n_threads| *n_threads < last).chain([last]).collect()
}
