//! `parrow retry`: the rows that have failed, once more.

use std::path::{Path, PathBuf};

use clap::Args;
use parrow::pipeline::{CommandLine, RunRecord, Work};
use parrow::{Error, ErrorKind};

use super::Command;
use crate::args::{Arguments, ConsoleArgs, DtypeOverride, RowFunctionArgs, TableArgs, bytes, positive};
use crate::console::Console;
use crate::execute;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::system;

/// Run the rows of a ledger once more, and patch the output
///
/// LEDGER was written by --ledger. Its rows alone are run, as the run was told to, or with another function; where the function
/// gives a result now, the row of the output is replaced, or put in its place. The ledger becomes that of the rows that have
/// failed again. Refused when an input or the output has changed since the run.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow retry faults.csv
  parrow retry faults.csv 'TRY_CAST(amount AS DOUBLE) AS amount_eur'
  parrow retry faults.csv --python mended.py:price
  parrow retry faults.csv --null-value n/a")]
pub struct Retry {
    /// The ledger that the run has written
    #[arg(value_name = "LEDGER")]
    pub ledger: PathBuf,

    #[command(flatten)]
    row_function: RowFunctionArgs,

    /// Another text that stands for a missing value (may be given several times)
    #[arg(long = "null-value", value_name = "TEXT", allow_hyphen_values = true, help_heading = "Reading")]
    null_values: Vec<String>,

    /// Another dtype of a column, such as price=f64 (may be given several times)
    #[arg(long = "dtype", value_name = "COLUMN=DTYPE", help_heading = "Reading")]
    dtypes: Vec<DtypeOverride>,

    /// Run on N threads [default: as the run]
    #[arg(short = 'j', long, value_name = "N", value_parser = positive, help_heading = "Running")]
    pub threads: Option<usize>,

    /// Keep rows on their way within this much memory, such as 512MB [default: as the run]
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Running")]
    memory_limit: Option<usize>,

    #[command(flatten)]
    pub console: ConsoleArgs,
}

impl Retry {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        let here = system::folder()?;
        let ledger = here.join(&self.ledger);
        let record = RunRecord::of_ledger(&ledger).map_err(|error| without_record(error, &self.ledger))?;
        let mut commands = record.commands().iter();
        let Some(first) = commands.next() else {
            let message =
                "its run was none of this program's; use Pipeline::retry in the program that made it";
            return Err(Error::invalid_option("LEDGER", message).into());
        };
        let mut run = Self::parse(first)?;
        let mut retries = Vec::new();
        for earlier in commands {
            match Self::parse(earlier)? {
                Command::Retry(retry) => retries.push((earlier.folder.clone(), *retry)),
                _ => return Err(unreadable().into()),
            }
        }
        let shown = self.ledger.clone();
        retries.push((here.clone(), self));

        // The run's paths are told from the folder that it was started in.
        system::enter(&first.folder)?;
        let mut function: Option<RowFunctionArgs> = None;
        let Some((inputs, table)) = run.table_mut() else { return Err(unreadable().into()) };
        let mut has_other_cells = false;
        for (folder, retry) in retries {
            let Self { mut row_function, null_values, dtypes, threads, memory_limit, .. } = retry;
            if row_function.is_given() {
                row_function.in_folder(&folder);
                row_function.name_if_unnamed(record.columns());
                function = Some(row_function);
            }
            has_other_cells |= !null_values.is_empty() || !dtypes.is_empty();
            table.input.null_values.extend(null_values);
            table.input.dtypes.extend(dtypes);
            table.run.threads = threads.or(table.run.threads);
            table.run.memory_limit = memory_limit.or(table.run.memory_limit);
        }
        if has_other_cells && table.keep.filter.is_some() {
            let message =
                "the run has a condition, which other values would change for other rows; run it again";
            return Err(Error::invalid_option("--null-value, --dtype", message).into());
        }
        // Lines that were mended by hand in the meantime are not written over.
        table.faults.rejects = None;
        table.faults.max_errors = None;
        let settings = Settings::table(&inputs, table)?;
        let n_threads = table.run.threads.unwrap_or_else(parrow::cpu_count);
        let work: Work<'static> = match function {
            Some(function) => function.work(&inputs[0], n_threads)?,
            None => run.work()?,
        };
        let mut commands: Vec<CommandLine> = record.commands().to_vec();
        commands.push(CommandLine { folder: here, arguments: system::arguments() });
        execute::retry(settings, work, &ledger, &shown, commands, console)
    }

    fn parse(line: &CommandLine) -> Result<Command, Error> {
        Arguments::parse_from(&line.arguments).map(Arguments::into_command).map_err(|_| unreadable())
    }
}

fn unreadable() -> Error {
    Error::invalid_option("LEDGER", "the record beside it holds a command that cannot be run again")
}

/// What is said of a ledger without a record.
fn without_record(error: Error, ledger: &Path) -> Error {
    let is_missing = matches!(error.kind(), ErrorKind::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
        && error
            .position()
            .path
            .as_ref()
            .is_some_and(|path| path.extension().is_some_and(|end| end == "json"));
    match is_missing {
        true => {
            let name = ledger.file_name().unwrap_or_default().display();
            let message = format!(
                "beside it there is no {name}.run.json, which tells how it came about; they are moved together, and a run that \
                 ends early leaves none"
            );
            Error::invalid_option("LEDGER", message).in_file(ledger)
        }
        false => error,
    }
}

impl Command {
    /// The inputs and the shared flags of a command from tables to a table.
    fn table_mut(&mut self) -> Option<(Vec<String>, &mut TableArgs)> {
        Some(match self {
            Self::CountRange(command) => (command.inputs.clone(), &mut command.table),
            Self::Hypot(command) => (command.inputs.clone(), &mut command.table),
            Self::Scale(command) => (command.inputs.clone(), &mut command.table),
            Self::CommonItems(command) => (command.inputs.clone(), &mut command.table),
            Self::Apply(command) => (vec![command.input_file.clone()], &mut command.table),
            _ => return None,
        })
    }

    /// The work of a command from tables to a table.
    fn work(&self) -> Result<Work<'static>, Failure> {
        match self {
            Self::CountRange(command) => command.work(),
            Self::Hypot(command) => Ok(command.work()),
            Self::Scale(command) => Ok(command.work()),
            Self::CommonItems(command) => Ok(command.work()),
            Self::Apply(command) => command.work(),
            _ => Err(unreadable().into()),
        }
    }
}
