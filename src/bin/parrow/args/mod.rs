//! The command line, as far as it is syntax: what was typed, in types, and nothing looked up yet. `settings` makes the
//! library's options of it.

mod common;
mod styles;
mod values;

use clap::{CommandFactory, FromArgMatches, Parser};

pub use common::{ColumnsArg, InputArgs, KeepArgs, NameArg, OutputArgs, RunArgs};
pub use values::{ColorChoice, OutputFormat, ProgressChoice, dtype, parsed, positive};

use super::commands::Command;
use super::console::Console;
use super::exit_code::Code;
use super::failure::Failure;

/// Row functions over tables, in parallel, in order, on every core.
#[derive(Debug, Parser)]
#[command(
    name = "parrow",
    version,
    max_term_width = 100,
    styles = styles::STYLES,
    help_template = styles::TEMPLATE,
    before_help = EXAMPLES,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  parrow count-range data/matrix.csv --min 4 --max 8
  parrow apply data/points.csv 'sqrt(x*x + y*y) AS r' --where 'x > 0' -o r.csv
  parrow info data/stations.csv
  parrow count-range --help";

impl Arguments {
    /// What was typed, or the parser's answer to it.
    pub fn parse() -> Result<Self, clap::Error> {
        let matches = Self::grammar().try_get_matches()?;
        Self::from_arg_matches(&matches)
    }

    /// How many threads were asked for.
    pub fn n_threads(&self) -> Option<usize> {
        self.command.run_args().and_then(|run| run.threads)
    }

    /// How to speak to the person.
    pub fn console(&self) -> Console {
        let run = self.command.run_args();
        Console::set_color(run.map_or(ColorChoice::Auto, |run| run.color));
        Console {
            quiet: run.is_some_and(|run| run.quiet),
            json: run.is_some_and(|run| run.json),
            progress: run.map_or(ProgressChoice::Auto, |run| run.progress),
        }
    }

    /// Does what was asked for.
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        self.command.run(console)
    }

    /// The grammar, for completions and the manual page.
    pub fn grammar() -> clap::Command {
        Self::command().mut_subcommands(|command| command.help_template(styles::TEMPLATE))
    }
}
