//! `parrow common-items`: the items that two lists share.

use clap::Args;
use parrow::functions::CommonItems;
use parrow::pipeline::Work;
use parrow::polars::prelude::DataType;

use crate::args::{NameArg, TableArgs, dtype};
use crate::console::Console;
use crate::execute::execute;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::settings::Settings;

/// List the items that two list columns share, in the first one's order and without repeats
///
/// In CSV a list is text such as [1, 2, 3]. A null list makes the result null. The new column is called common_items.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow common-items data/lists.csv --left list_a --right list_b
  parrow common-items data/lists.parquet --left list_a --right list_b --only")]
pub struct CommonItemsCommand {
    /// Files, patterns such as 'data/*.csv', or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// The column of lists that gives the order
    #[arg(long, value_name = "COLUMN")]
    left: String,

    /// The column of lists to compare with
    #[arg(long, value_name = "COLUMN")]
    right: String,

    /// The dtype of the items of lists that are text [default: that of the other list, or i64]
    #[arg(long, value_name = "DTYPE", value_parser = dtype)]
    items: Option<DataType>,

    #[command(flatten)]
    name: NameArg,

    #[command(flatten)]
    pub table: TableArgs,
}

impl CommonItemsCommand {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        execute(Settings::table(&self.inputs, &self.table)?, self.work(), console)
    }

    /// The row function.
    pub fn work(&self) -> Work<'static> {
        let name = self.name.name.as_deref().unwrap_or(CommonItems::NAME);
        let mut function = CommonItems::new(&self.left, &self.right).name(name);
        if let Some(dtype) = &self.items {
            function = function.text_items(dtype.clone());
        }
        Work::rows(function)
    }
}
