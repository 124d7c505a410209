//! `parrow columns`: functions of whole columns.

use clap::{Args, ValueEnum};
use parrow::functions::sum_of_squares;
use parrow::pipeline::Work;

use crate::args::{ColumnsArg, InputArgs, KeepArgs, OutputArgs, RunArgs};
use crate::console::Console;
use crate::execute::execute;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::settings::Settings;

/// Compute one value for each column as a whole
///
/// The result has one row, and a column for each column that is looked at. A row that cannot be read ends the run: no value
/// stands for fewer rows than the files have.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow columns data/matrix.csv sum-of-squares
  parrow columns data/stations.csv sum-of-squares --columns wind_x,wind_y")]
pub struct Columns {
    /// A file, a pattern such as 'data/*.csv', or - for standard input
    #[arg(value_name = "INPUT")]
    input_file: String,

    /// What to compute
    #[arg(value_enum)]
    function: ColumnFunction,

    #[command(flatten)]
    columns: ColumnsArg,

    #[command(flatten)]
    input: InputArgs,

    /// Look at the rows for which this SQL condition is true
    #[arg(long = "where", value_name = "CONDITION", help_heading = "Reading")]
    filter: Option<String>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ColumnFunction {
    /// The sum of the squares of the values; exact for integers, and nulls are left out
    SumOfSquares,
}

impl Columns {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        let keep = KeepArgs { only: false, filter: self.filter };
        let settings = Settings::resolve(&[self.input_file], &self.input, &keep, &self.output, &self.run)?;
        let work = match self.function {
            ColumnFunction::SumOfSquares => Work::columns(self.columns.selection(), sum_of_squares),
        };
        execute(settings, work, console)
    }
}
