//! The command line, as far as it is syntax: what was typed, in types, and nothing looked up yet. `settings` makes the
//! library's options of it.

mod common;
mod function;
mod given;
mod report_target;
mod row_function;
mod script;
mod styles;
mod table;
mod values;
mod worker;

use clap::{CommandFactory, FromArgMatches, Parser};

pub use common::{ColumnsArg, ConsoleArgs, InputArgs, KeepArgs, NameArg, OutputArgs, RunArgs};
pub use given::Given;
pub use report_target::ReportTarget;
pub use row_function::RowFunctionArgs;
pub use table::TableArgs;
pub use values::{
    ColorChoice, DtypeOverride, HaltChoice, OutputFormat, ProgressChoice, bytes, dtype, mebibytes, parsed,
    positive, seconds,
};

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
        let mut grammar = Self::grammar();
        let matches = grammar.try_get_matches_from_mut(report_target::tie_reports(std::env::args_os()))?;
        let mut arguments = Self::from_arg_matches(&matches)?;
        if let Some(run) = arguments.command.run_args_mut()
            && run.resume
        {
            run.given = given::given(&grammar, &matches);
        }
        Ok(arguments)
    }

    /// What another command line says.
    pub fn parse_from(arguments: &[String]) -> Result<Self, clap::Error> {
        let matches = Self::grammar()
            .try_get_matches_from(report_target::tie_reports(arguments.iter().map(Into::into)))?;
        Self::from_arg_matches(&matches)
    }

    /// The command.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// How many threads were asked for.
    pub fn n_threads(&self) -> Option<usize> {
        match &self.command {
            Command::Retry(retry) => retry.threads,
            command => command.run_args().and_then(|run| run.threads),
        }
    }

    /// Whether the command looks at tables.
    pub fn needs_engine(&self) -> bool {
        self.command.needs_engine()
    }

    /// How to speak to the person.
    pub fn console(&self) -> Console {
        let console = self.command.console_args();
        Console::set_color(console.map_or(ColorChoice::Auto, |console| console.color));
        Console {
            quiet: console.is_some_and(|console| console.quiet),
            json: console.is_some_and(|console| console.json),
            progress: console.map_or(ProgressChoice::Auto, |console| console.progress),
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
