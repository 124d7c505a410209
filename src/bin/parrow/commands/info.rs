//! `parrow info`: what files hold, and what was guessed about them.

use std::fmt::Write;

use clap::Args;
use parrow::polars::prelude::DataType;
use parrow::table::{Compression, FileDescription, Header, Input, describe, dtype_name};
use serde_json::{Value, json};

use crate::args::{InputArgs, positive};
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::output;
use crate::settings::read_options;

/// Show what files hold: shape, columns, dtypes, nulls, and what was guessed
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow info data/stations.csv
  parrow info 'data/*.parquet' --json")]
pub struct Info {
    /// Files, patterns such as 'data/*.csv', or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,

    #[command(flatten)]
    input: InputArgs,

    /// The number of threads to plan for [default: every core]
    #[arg(short = 'j', long, value_name = "N", env = "PARROW_THREADS", hide_env_values = true, value_parser = positive)]
    pub threads: Option<usize>,

    /// The number of rows of a chunk to plan for [default: by the measured cost]
    #[arg(long, value_name = "N", value_parser = positive)]
    chunk_rows: Option<usize>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How the rows would be shared out.
struct Plan {
    n_cores: usize,
    n_threads: usize,
    n_rows: u64,
    chunk_rows: Option<usize>,
}

impl Info {
    pub fn run(self) -> Result<Code, Failure> {
        let inputs = Input::expand(&self.inputs)?;
        let files = describe(&inputs, &read_options(&self.input)?)?;
        let n_cores = parrow::cpu_count();
        let plan = Plan {
            n_cores,
            n_threads: self.threads.unwrap_or(n_cores),
            n_rows: files.iter().map(|file| file.n_rows).sum(),
            chunk_rows: self.chunk_rows,
        };
        let text = match self.json {
            true => format!("{:#}\n", to_json(&files, &plan)),
            false => to_text(&files, &plan),
        };
        output::print(&text)?;
        Ok(Code::Done)
    }
}

fn to_text(files: &[FileDescription], plan: &Plan) -> String {
    let mut text = String::new();
    for file in files {
        describe_file(&mut text, file);
        text.push('\n');
    }
    if files.len() > 1 {
        line(&mut text, "together", &format!("{} rows in {} files", plan.n_rows, files.len()));
    }
    line(&mut text, "cores", &plan.n_cores.to_string());
    line(&mut text, "threads", &plan.n_threads.to_string());
    line(&mut text, "chunks", &plan.to_string());
    text
}

fn describe_file(text: &mut String, file: &FileDescription) {
    let packed = match file.compression {
        Compression::None => String::new(),
        compression => format!(", packed by {compression}"),
    };
    line(text, "file", &file.input.to_string());
    line(text, "format", &format!("{}{packed}, {} bytes", file.format, file.n_bytes));
    line(text, "shape", &format!("{} rows × {} columns", file.n_rows, file.schema.len()));
    if !file.row_groups.is_empty() {
        let largest = file.row_groups.iter().map(|group| group.n_rows).max().unwrap_or_default();
        line(text, "row groups", &format!("{}, of {largest} rows at most", file.row_groups.len()));
    }
    if let Some(guess) = &file.text {
        let header = match guess.header {
            Header::First => "the first line names the columns",
            _ => "no header",
        };
        let delimiter = char::from(guess.delimiter).escape_default();
        line(text, "text", &format!("delimiter '{delimiter}', {header}"));
        line(text, "dtypes", &format!("inferred from all {} rows, unless given", guess.n_rows));
    }
    let name_width =
        file.schema.iter_names().map(|name| name.chars().count()).max().unwrap_or_default().min(40);
    let dtype_width =
        file.schema.iter_values().map(|dtype| dtype_name(dtype).len()).max().unwrap_or_default();
    for (index, (name, dtype)) in file.schema.iter().enumerate() {
        let nulls = file.null_counts.as_ref().map(|counts| match counts[index] {
            0 => String::new(),
            1 => "1 null".to_owned(),
            n_nulls => format!("{n_nulls} nulls"),
        });
        let remarks: Vec<String> =
            nulls.into_iter().chain(inference(file, index)).filter(|it| !it.is_empty()).collect();
        let row = format!("  {name:name_width$}  {:dtype_width$}  {}", dtype_name(dtype), remarks.join(", "));
        text.push_str(row.trim_end());
        text.push('\n');
    }
}

/// How the dtype of a text column came about, where that is worth a word.
fn inference(file: &FileDescription, index: usize) -> Option<String> {
    let column = file.text.as_ref()?.columns.get(index)?;
    match &column.widened_from {
        _ if column.given => Some("given".to_owned()),
        Some(first) => Some(format!("began as {}, widened by a later row", dtype_name(first))),
        None => None,
    }
}

fn line(text: &mut String, label: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{label:<12}{value}");
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.chunk_rows {
            Some(n_rows) => {
                let n_chunks = self.n_rows.div_ceil(n_rows as u64);
                write!(f, "{n_chunks}, of {n_rows} rows")
            }
            None => f.write_str("cut while running, so that each takes one to a few milliseconds"),
        }
    }
}

fn to_json(files: &[FileDescription], plan: &Plan) -> Value {
    let files: Vec<Value> = files.iter().map(file_to_json).collect();
    json!({
        "files": files,
        "rows": plan.n_rows,
        "cores": plan.n_cores,
        "threads": plan.n_threads,
        "chunk_rows": plan.chunk_rows,
    })
}

fn file_to_json(file: &FileDescription) -> Value {
    let column = |(index, (name, dtype)): (usize, (&str, &DataType))| {
        let guess = file.text.as_ref().and_then(|text| text.columns.get(index));
        json!({
            "name": name,
            "dtype": dtype_name(dtype),
            "nulls": file.null_counts.as_ref().map(|counts| counts[index]),
            "inferred": guess.map(|guess| !guess.given),
            "widened_from": guess.and_then(|guess| guess.widened_from.as_ref()).map(dtype_name),
        })
    };
    let group = |group: &parrow::table::RowGroup| json!({ "rows": group.n_rows, "bytes": group.n_bytes });
    json!({
        "input": file.input.to_string(),
        "format": file.format.to_string(),
        "compression": file.compression.to_string(),
        "bytes": file.n_bytes,
        "rows": file.n_rows,
        "columns": file.schema.iter().enumerate().map(|(index, (name, dtype))| column((index, (name.as_str(), dtype)))).collect::<Vec<_>>(),
        "row_groups": file.row_groups.iter().map(group).collect::<Vec<_>>(),
        "delimiter": file.text.as_ref().map(|text| char::from(text.delimiter).to_string()),
        "inferred_from_rows": file.text.as_ref().map(|text| text.n_rows),
    })
}
