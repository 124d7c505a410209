//! The commands, one a file: what each one's flags are, and the work that it asks of the pipeline.

mod apply;
mod bench;
mod columns;
mod common_items;
mod completions;
mod count_range;
mod generate;
mod hypot;
mod info;
mod man;
mod retry;
mod run;
mod scale;
mod tutorial;

use clap::Subcommand;

use super::args::{ConsoleArgs, RunArgs};
use super::console::Console;
use super::exit_code::Code;
use super::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum Command {
    CountRange(count_range::CountRange),
    Hypot(hypot::HypotCommand),
    Scale(scale::Scale),
    CommonItems(common_items::CommonItemsCommand),
    Columns(columns::Columns),
    Apply(Box<apply::Apply>),
    Retry(Box<retry::Retry>),
    Info(info::Info),
    Generate(generate::Generate),
    Run(run::Run),
    Bench(bench::Bench),
    Tutorial(tutorial::Tutorial),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// The flags about how to run, of the commands that have them.
    pub fn run_args(&self) -> Option<&RunArgs> {
        match self {
            Self::CountRange(command) => Some(&command.table.run),
            Self::Hypot(command) => Some(&command.table.run),
            Self::Scale(command) => Some(&command.table.run),
            Self::CommonItems(command) => Some(&command.table.run),
            Self::Columns(command) => Some(&command.run),
            Self::Apply(command) => Some(&command.table.run),
            Self::Generate(command) => Some(&command.run),
            Self::Retry(_)
            | Self::Run(_)
            | Self::Bench(_)
            | Self::Info(_)
            | Self::Tutorial(_)
            | Self::Completions(_)
            | Self::Man(_) => None,
        }
    }

    /// The same, to be added to.
    pub fn run_args_mut(&mut self) -> Option<&mut RunArgs> {
        match self {
            Self::CountRange(command) => Some(&mut command.table.run),
            Self::Hypot(command) => Some(&mut command.table.run),
            Self::Scale(command) => Some(&mut command.table.run),
            Self::CommonItems(command) => Some(&mut command.table.run),
            Self::Columns(command) => Some(&mut command.run),
            Self::Apply(command) => Some(&mut command.table.run),
            Self::Generate(command) => Some(&mut command.run),
            Self::Bench(_)
            | Self::Retry(_)
            | Self::Run(_)
            | Self::Info(_)
            | Self::Tutorial(_)
            | Self::Completions(_)
            | Self::Man(_) => None,
        }
    }

    /// The flags about how to speak, of the commands that have them.
    pub fn console_args(&self) -> Option<&ConsoleArgs> {
        match self {
            Self::Run(command) => Some(&command.console),
            Self::Retry(command) => Some(&command.console),
            _ => self.run_args().map(|run| &run.console),
        }
    }

    /// Whether the command looks at tables. One that runs other programs leaves them the environment as it is.
    pub fn needs_engine(&self) -> bool {
        !matches!(self, Self::Run(_) | Self::Bench(_))
    }

    /// Does the command's work.
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        match self {
            Self::CountRange(command) => command.run(console),
            Self::Hypot(command) => command.run(console),
            Self::Scale(command) => command.run(console),
            Self::CommonItems(command) => command.run(console),
            Self::Columns(command) => command.run(console),
            Self::Apply(command) => command.run(console),
            Self::Retry(command) => command.run(console),
            Self::Info(command) => command.run(),
            Self::Generate(command) => command.run(console),
            Self::Run(command) => command.run(console),
            Self::Bench(command) => command.run(console),
            Self::Tutorial(command) => command.run(console),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
        }
    }
}
