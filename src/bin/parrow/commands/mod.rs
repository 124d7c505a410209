//! The commands, one a file: what each one's flags are, and the work that it asks of the pipeline.

mod apply;
mod completions;
mod count_range;
mod generate;
mod info;
mod man;

use clap::Subcommand;

use super::args::RunArgs;
use super::console::Console;
use super::exit_code::Code;
use super::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum Command {
    CountRange(count_range::CountRange),
    Apply(apply::Apply),
    Info(info::Info),
    Generate(generate::Generate),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// The flags about how to run, of the commands that have them.
    pub fn run_args(&self) -> Option<&RunArgs> {
        match self {
            Self::CountRange(command) => Some(&command.run),
            Self::Apply(command) => Some(&command.run),
            Self::Generate(command) => Some(&command.run),
            Self::Info(_) | Self::Completions(_) | Self::Man(_) => None,
        }
    }

    /// Does the command's work.
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        match self {
            Self::CountRange(command) => command.run(console),
            Self::Apply(command) => command.run(console),
            Self::Info(command) => command.run(),
            Self::Generate(command) => command.run(console),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
        }
    }
}
