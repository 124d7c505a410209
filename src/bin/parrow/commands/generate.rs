//! `parrow generate`: a matrix of random integers.

use clap::Args;
use parrow::pipeline::Work;
use parrow::table::MatrixOptions;

use crate::args::{OutputArgs, RunArgs};
use crate::console::Console;
use crate::execute::execute;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::settings::Settings;

/// Make a matrix of random integers, the same for the same seed on any machine
///
/// The columns are called column_1, column_2, …
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow generate --rows 200000 --cols 5 --high 10 --seed 100 -o m.parquet
  parrow generate --rows 10 --cols 3 | parrow count-range - --min 4 --max 8")]
pub struct Generate {
    /// How many rows
    #[arg(long, value_name = "N")]
    rows: usize,

    /// How many columns
    #[arg(long, value_name = "N")]
    cols: usize,

    /// The smallest number
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    low: i64,

    /// One more than the largest number
    #[arg(long, value_name = "N", default_value_t = 10, allow_hyphen_values = true)]
    high: i64,

    /// What the numbers are drawn from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    pub run: RunArgs,
}

impl Generate {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        let Self { rows, cols, low, high, seed, .. } = self;
        let matrix = MatrixOptions { rows, columns: cols, low, high, seed };
        execute(Settings::generate(matrix, &self.output, &self.run)?, Work::copy(), console)
    }
}
