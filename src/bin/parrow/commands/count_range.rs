//! `parrow count-range`: how many numbers of each row lie between two bounds.

use clap::Args;
use parrow::functions::{CountInRange, Number, RangeBounds};
use parrow::pipeline::Work;

use crate::args::{ColumnsArg, NameArg, TableArgs, parsed};
use crate::console::Console;
use crate::execute::execute;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::settings::Settings;

/// Count the numbers of each row that lie between two bounds, both included
///
/// Nulls and NaN are never counted. The new column is called count_in_range.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow count-range data/matrix.csv --min 4 --max 8
  parrow count-range data/matrix.parquet --min 4 --max 8 --columns a,b -o n.csv
  cat data/matrix.csv | parrow count-range - --min 4 --max 8 --only")]
pub struct CountRange {
    /// Files, patterns such as 'data/*.csv', or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// The lower bound
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = parsed::<Number>)]
    min: Number,

    /// The upper bound
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = parsed::<Number>)]
    max: Number,

    #[command(flatten)]
    columns: ColumnsArg,

    #[command(flatten)]
    name: NameArg,

    #[command(flatten)]
    pub table: TableArgs,
}

impl CountRange {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        let work = self.work()?;
        execute(Settings::table(&self.inputs, &self.table)?, work, console)
    }

    /// The row function.
    pub fn work(&self) -> Result<Work<'static>, Failure> {
        let bounds = RangeBounds::new(self.min, self.max)?;
        let name = self.name.name.clone().unwrap_or_else(|| CountInRange::NAME.to_owned());
        Ok(Work::rows_over(self.columns.selection(), move |columns| {
            CountInRange::new(columns.as_slice(), bounds).name(name.as_str())
        }))
    }
}
