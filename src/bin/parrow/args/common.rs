//! The flags that commands share, by what they are about.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use parrow::pipeline::ColumnSelection;
use parrow::table::Format;

use super::given::Given;
use super::report_target::ReportTarget;
use super::values::{
    ColorChoice, DtypeOverride, OnErrorChoice, OutputFormat, ProgressChoice, bytes, delimiter, parsed,
    positive,
};

/// How inputs are read.
#[derive(Args, Debug)]
#[command(next_help_heading = "Reading")]
pub struct InputArgs {
    /// Read this format: csv, tsv, parquet, arrow, arrows, ndjson [default: by name, then by content]
    #[arg(long, value_name = "FORMAT", value_parser = parsed::<Format>)]
    pub format: Option<Format>,

    /// The character between the cells of CSV, or the word tab
    #[arg(long, value_name = "C", value_parser = delimiter)]
    pub delimiter: Option<u8>,

    /// The first line is a row; the columns are called column_1, column_2, …
    #[arg(long)]
    pub no_header: bool,

    /// A text that stands for a missing value, such as n/a (may be given several times)
    #[arg(long = "null-value", value_name = "TEXT", allow_hyphen_values = true)]
    pub null_values: Vec<String>,

    /// The dtype of a column, such as price=f64 (may be given several times)
    #[arg(long = "dtype", value_name = "COLUMN=DTYPE")]
    pub dtypes: Vec<DtypeOverride>,
}

/// Where the result goes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Writing")]
pub struct OutputArgs {
    /// Write to this file, in the format of its extension [default: a table on a terminal, else CSV]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write this format: csv, tsv, parquet, arrow, arrows, ndjson, or table for people
    #[arg(long, value_name = "FORMAT", value_parser = parsed::<OutputFormat>)]
    pub output_format: Option<OutputFormat>,

    /// Write the first N rows alone
    #[arg(long, value_name = "N")]
    pub head: Option<usize>,
}

/// Which rows and columns of the input are written beside the new columns.
#[derive(Args, Debug)]
#[command(next_help_heading = "Writing")]
pub struct KeepArgs {
    /// Write the new columns alone, without the input's
    #[arg(long)]
    pub only: bool,

    /// Keep the rows for which this SQL condition is true
    #[arg(long = "where", value_name = "CONDITION")]
    pub filter: Option<String>,
}

/// How the work is done.
#[derive(Args, Debug)]
#[command(next_help_heading = "Running")]
pub struct RunArgs {
    /// Run on N threads [default: every core]
    #[arg(short = 'j', long, value_name = "N", env = "PARROW_THREADS", hide_env_values = true, value_parser = positive)]
    pub threads: Option<usize>,

    /// Cut the rows into chunks of N [default: by the measured cost]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub chunk_rows: Option<usize>,

    /// Keep rows on their way from file to file within this much memory, such as 512MB or 2GiB [default: a quarter of what
    /// there is]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub memory_limit: Option<usize>,

    /// Write rows as they are finished, a piece of 64 to 512 KiB at a time, where their order does not matter: one slow row
    /// keeps no other piece waiting, once the dtypes of the results are declared or known from the first rows. With --resume,
    /// --head, --ledger, --rejects or --max-errors the order stays that of the input
    #[arg(long)]
    pub unordered: bool,

    /// Say what the run did with its time and what held it back: on standard error, or in a file that ends in .json or .html
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-", value_parser = ReportTarget::from_str)]
    pub report: Option<ReportTarget>,

    /// Keep what is done when the run is broken off, and go on with what one before has kept: to be given from the first run
    /// on, and again with the same flags
    #[arg(long)]
    pub resume: bool,

    /// With --resume, note what is done every N rows. What can be lost is N rows, and N more a thread; of Parquet and Arrow, which
    /// then have blocks of N rows, 2 N more; of .gz and .zst 64 KiB of text more [default: what a second has done, and 10000 rows
    /// a thread; of Parquet and Arrow two blocks more, which have 262144 rows or are those of the input, of .gz and .zst 1 MiB of text]
    #[arg(long, value_name = "N", value_parser = positive, requires = "resume")]
    pub checkpoint_rows: Option<usize>,

    /// What was typed, as far as the output hangs on it
    #[arg(skip)]
    pub given: Vec<Given>,

    /// What becomes of rows that fail. With another policy than fail, a column of CSV that a function of Luau or Python names is one of
    /// numbers where half of its values are, and its other cells are faults; --dtype COLUMN=str has it as text
    #[arg(long, value_name = "POLICY", value_enum, default_value_t, hide_possible_values = false)]
    pub on_error: OnErrorChoice,

    #[command(flatten)]
    pub console: ConsoleArgs,
}

/// What is said about a run.
#[derive(Args, Debug)]
#[command(next_help_heading = "Running")]
pub struct ConsoleArgs {
    /// When to show how far the run is
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub progress: ProgressChoice,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub color: ColorChoice,

    /// End with a summary of the run as a line of JSON on standard error
    #[arg(long)]
    pub json: bool,

    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Which columns a function looks at.
#[derive(Args, Debug)]
pub struct ColumnsArg {
    /// The columns to look at, as a,b,c or '^regex$' [default: every numeric column]
    #[arg(long, value_name = "COLUMNS", value_parser = parsed::<ColumnSelection>)]
    columns: Option<ColumnSelection>,
}

impl ColumnsArg {
    /// The columns to look at.
    pub fn selection(&self) -> ColumnSelection {
        self.columns.clone().unwrap_or_default()
    }
}

/// The name of the new column.
#[derive(Args, Debug)]
pub struct NameArg {
    /// The name of the new column
    #[arg(long, value_name = "NEW")]
    pub name: Option<String>,
}
