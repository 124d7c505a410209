//! `parrow scale`: each row stretched to the range from 0 to 1.

use clap::Args;
use parrow::functions::MinMaxScale;
use parrow::pipeline::Work;

use crate::args::{ColumnsArg, TableArgs};
use crate::console::Console;
use crate::execute::execute;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::settings::Settings;

/// Scale the numbers of each row to the range from 0 to 1
///
/// The smallest number of a row becomes 0 and the largest 1. A row whose numbers are all equal becomes 0 throughout. Nulls
/// stay null and NaN stays NaN. Each column makes a new one with _scaled behind its name.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow scale data/matrix.csv
  parrow scale data/matrix.parquet --columns a,b,c --only --suffix ''")]
pub struct Scale {
    /// Files, patterns such as 'data/*.csv', or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    #[command(flatten)]
    columns: ColumnsArg,

    /// What is put behind the names of the columns
    #[arg(long, value_name = "TEXT", default_value = MinMaxScale::SUFFIX, allow_hyphen_values = true)]
    suffix: String,

    #[command(flatten)]
    pub table: TableArgs,
}

impl Scale {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        execute(Settings::table(&self.inputs, &self.table)?, self.work(), console)
    }

    /// The row function.
    pub fn work(&self) -> Work<'static> {
        let suffix = self.suffix.clone();
        Work::rows_over(self.columns.selection(), move |columns| {
            MinMaxScale::new(columns.as_slice()).suffix(&suffix)
        })
    }
}
