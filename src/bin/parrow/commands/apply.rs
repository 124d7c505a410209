//! `parrow apply`: new columns from SQL expressions and row functions in Luau, Python and other programs.

use clap::Args;
use parrow::pipeline::Work;

use crate::args::{RowFunctionArgs, TableArgs};
use crate::console::Console;
use crate::execute::execute;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::settings::Settings;

/// Compute new columns from SQL expressions, or with a row function
///
/// An expression sees one row at a time. It may use the operators, CASE, CAST, TRY_CAST and the functions of polars' SQL.
/// Columns with other characters than letters, digits and _ stand in double quotes, text in single ones. Integers never
/// wrap: a result that is too large makes the row fail. Without expressions the rows go through as they are.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow apply data/points.csv 'sqrt(x*x + y*y) AS r'
  parrow apply data/stations.csv 'upper(name) AS u' 'elevation > 1000 AS high'
  parrow apply data/sales.tsv 'price * quantity AS total' --null-value n/a
  parrow apply data/matrix.csv --where 'a > b' -o matrix.parquet
  parrow apply data/points.csv --luau 'return math.sqrt(x*x + y*y)' --name r
  parrow apply data/matrix.csv --script count.luau --arg minimum=4 --arg maximum=8
  parrow apply data/matrix.csv --python examples/functions.py:extremes --name low,high
  parrow apply data/matrix.csv --exec 'Rscript f.R' --protocol csv --name score")]
pub struct Apply {
    /// A file, a pattern such as 'data/*.csv', or - for standard input
    #[arg(value_name = "INPUT")]
    pub input_file: String,

    #[command(flatten)]
    row_function: RowFunctionArgs,

    #[command(flatten)]
    pub table: TableArgs,
}

impl Apply {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        let work = self.work()?;
        execute(Settings::table(&[self.input_file], &self.table)?, work, console)
    }

    /// The row function.
    pub fn work(&self) -> Result<Work<'static>, Failure> {
        let n_threads = self.table.run.threads.unwrap_or_else(parrow::cpu_count);
        Ok(self.row_function.work(&self.input_file, n_threads)?)
    }
}
