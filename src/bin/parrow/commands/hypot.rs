//! `parrow hypot`: the length of a vector with two coordinates.

use clap::Args;
use parrow::functions::Hypot;
use parrow::pipeline::Work;

use crate::args::{NameArg, TableArgs};
use crate::console::Console;
use crate::execute::execute;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::settings::Settings;

/// Compute sqrt(a² + b²) of two columns, without overflow on the way
///
/// A null in either column makes the result null. The new column is called hypot.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow hypot data/points.csv --a x --b y
  parrow hypot data/stations.csv --a wind_x --b wind_y --only")]
pub struct HypotCommand {
    /// Files, patterns such as 'data/*.csv', or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// The column of the first coordinate
    #[arg(long, value_name = "COLUMN")]
    a: String,

    /// The column of the second coordinate
    #[arg(long, value_name = "COLUMN")]
    b: String,

    #[command(flatten)]
    name: NameArg,

    #[command(flatten)]
    pub table: TableArgs,
}

impl HypotCommand {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        execute(Settings::table(&self.inputs, &self.table)?, self.work(), console)
    }

    /// The row function.
    pub fn work(&self) -> Work<'static> {
        let name = self.name.name.as_deref().unwrap_or(Hypot::NAME);
        Work::rows(Hypot::new(&self.a, &self.b).name(name))
    }
}
