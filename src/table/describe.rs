//! What files hold, without keeping their rows.

use polars::prelude::*;

use crate::error::{Error, Result};

use super::format::{Compression, Format};
use super::input::Input;
use super::load::{Loaded, load};
use super::read::read;
use super::read_options::{Header, ReadOptions};
use super::{csv, ipc, parquet};

/// What a file holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileDescription {
    /// The file.
    pub input: Input,
    /// Its format.
    pub format: Format,
    /// How its bytes are packed.
    pub compression: Compression,
    /// Its size in bytes, packed.
    pub n_bytes: u64,
    /// Its rows.
    pub n_rows: u64,
    /// Its columns.
    pub schema: SchemaRef,
    /// How many rows of each column have no value, where finding out needs no second look at the file.
    pub null_counts: Option<Vec<u64>>,
    /// The blocks of rows that a Parquet file is made of; empty for other formats.
    pub row_groups: Vec<RowGroup>,
    /// What was guessed about a CSV or TSV file; `None` for other formats.
    pub text: Option<TextDescription>,
}

/// A block of rows in a Parquet file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowGroup {
    /// Its rows.
    pub n_rows: u64,
    /// Its size in bytes, unpacked.
    pub n_bytes: u64,
}

/// What was guessed about a CSV or TSV file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextDescription {
    /// The byte between cells.
    pub delimiter: u8,
    /// Whether the first line names the columns.
    pub header: Header,
    /// How each column got its dtype.
    pub columns: Vec<ColumnInference>,
    /// From how many rows the dtypes were settled.
    pub n_rows: u64,
}

/// How a column of a text file got its dtype.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnInference {
    /// The column.
    pub name: String,
    /// Its dtype.
    pub dtype: DataType,
    /// Whether the options gave it, and nothing was guessed.
    pub given: bool,
    /// What the first rows looked like, where later ones widened it.
    pub widened_from: Option<DataType>,
}

/// What each input holds, and what [`read`](super::read) would make of it.
///
/// All rows of a CSV file are looked at, and none is kept. `columns` and `limit` of the options are left aside.
///
/// # Errors
/// As [`read`](super::read).
pub fn describe(inputs: &[Input], options: &ReadOptions) -> Result<Vec<FileDescription>> {
    let options = ReadOptions { columns: None, limit: None, ..options.clone() };
    inputs
        .iter()
        .map(|input| describe_one(input, &options).map_err(|error| error.in_file(input.label())))
        .collect()
}

/// The columns that [`read`](super::read) would give.
///
/// # Errors
/// As [`read`](super::read).
pub fn read_schema(inputs: &[Input], options: &ReadOptions) -> Result<SchemaRef> {
    // A dtype may be widened by any row of any file, so that only reading tells.
    Ok(read(inputs, options)?.frame.schema().clone())
}

fn describe_one(input: &Input, options: &ReadOptions) -> Result<FileDescription> {
    let Loaded { bytes, format, compression, file_size } = load(input, options.format)?;
    let mut description = FileDescription {
        input: input.clone(),
        format,
        compression,
        n_bytes: file_size,
        n_rows: 0,
        schema: SchemaRef::default(),
        null_counts: None,
        row_groups: Vec::new(),
        text: None,
    };
    match format {
        Format::Csv | Format::Tsv => describe_csv(&bytes, options, &mut description)?,
        Format::Parquet => {
            let (schema, row_groups) = parquet::describe(&bytes)?;
            description.n_rows = row_groups.iter().map(|group| group.n_rows).sum();
            description.schema = schema.into();
            description.row_groups = row_groups;
        }
        Format::Ipc => describe_frame(ipc::read_file(bytes, options)?, &mut description),
        Format::IpcStream => describe_frame(ipc::read_stream(bytes, options)?, &mut description),
        Format::NdJson => describe_frame(super::ndjson::read(&bytes, options)?, &mut description),
    }
    Ok(description)
}

fn describe_frame(frame: DataFrame, description: &mut FileDescription) {
    description.n_rows = frame.height() as u64;
    description.schema = frame.schema().clone();
    description.null_counts = Some(frame.columns().iter().map(|column| column.null_count() as u64).collect());
}

fn describe_csv(bytes: &[u8], options: &ReadOptions, description: &mut FileDescription) -> Result<()> {
    let found = csv::describe(bytes, description.format, options)?;
    let mut schema = Schema::with_capacity(found.columns.len());
    let mut columns = Vec::with_capacity(found.columns.len());
    for (name, (inferred, _, given)) in found.dialect.names.iter().zip(&found.columns) {
        schema.with_column(name.as_str().into(), inferred.dtype.clone());
        columns.push(ColumnInference {
            name: name.clone(),
            dtype: inferred.dtype.clone(),
            given: *given,
            widened_from: inferred.widened_from.clone(),
        });
    }
    if schema.len() != found.columns.len() {
        return Err(Error::engine("two columns have one name"));
    }
    description.n_rows = found.n_rows;
    description.schema = schema.into();
    description.null_counts = Some(found.columns.iter().map(|(_, n_nulls, _)| *n_nulls).collect());
    description.text = Some(TextDescription {
        delimiter: found.dialect.delimiter,
        header: found.dialect.header,
        columns,
        n_rows: found.n_rows,
    });
    Ok(())
}
