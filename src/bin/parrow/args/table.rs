//! The flags of commands that take rows from tables through a row function to a table.

use std::path::PathBuf;

use clap::Args;

use super::common::{InputArgs, KeepArgs, OutputArgs, RunArgs};
use super::values::count;

/// What a command from tables to a table takes beside its own flags.
#[derive(Args, Debug)]
pub struct TableArgs {
    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub keep: KeepArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub run: RunArgs,

    #[command(flatten)]
    pub faults: FaultArgs,
}

/// What is kept of rows that fail, and how many may.
#[derive(Args, Debug)]
#[command(next_help_heading = "Rows that fail (with --on-error null, skip or collect)")]
pub struct FaultArgs {
    /// End the run when more than N rows have failed, and write no output
    #[arg(long, value_name = "N", value_parser = count)]
    pub max_errors: Option<u64>,

    /// Write every row that fails into this file (.csv, .parquet, .ndjson): file (empty for standard input), row (from 0 over
    /// all inputs), line (from 1 within the file), column, kind, message, attempt, elapsed (seconds, where it is known: of rows
    /// that were stopped at a time limit, or whose worker failed), in_output. FILE.run.json beside it is what parrow retry goes by
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,

    /// Keep the lines of CSV and NDJSON that cannot be read in this file, as they stand
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}
