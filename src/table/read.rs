//! Files to a table.

use polars::prelude::*;

use crate::error::{Error, ErrorKind, Result};

use super::cast::apply_dtypes;
use super::format::Format;
use super::input::Input;
use super::join::join;
use super::line_index::LineIndex;
use super::load::{Loaded, load};
use super::position::{SourceInfo, Table};
use super::read_options::ReadOptions;
use super::{csv, ipc, ndjson, parquet};

/// Reads one or many inputs as one table: the rows of the first, then those of the second, and so on.
///
/// Every input's format is that of the options, or of its name, or of its content. All inputs must have the same columns, in
/// whatever order; the first one's order counts. Columns whose dtypes differ are brought to one that holds every value
/// exactly.
///
/// A CSV column gets the dtype that its first 10,000 rows look like; what comes later may widen it (integers that go on as
/// fractions become `f64`), and what contradicts it is an error that names the line and the flag that mends it. Texts such
/// as `007` stay text.
///
/// # Errors
/// [`Io`](ErrorKind::Io), [`Empty`](ErrorKind::Empty), [`Malformed`](ErrorKind::Malformed), [`Ragged`](ErrorKind::Ragged),
/// [`Cell`](ErrorKind::Cell) and [`DuplicateColumn`](ErrorKind::DuplicateColumn) about a file, with the place in it;
/// [`ColumnNotFound`](ErrorKind::ColumnNotFound) for a column that the options name and a file does not have;
/// [`Dtype`](ErrorKind::Dtype) and [`Shape`](ErrorKind::Shape) for files that do not fit together.
///
/// # Example
/// ```no_run
/// use parrow::table::{Input, ReadOptions, read};
///
/// let inputs = Input::expand(&["rides-*.csv.gz".to_string()])?;
/// let table = read(&inputs, &ReadOptions::default())?;
/// println!("{} rows from {} files", table.frame.height(), table.sources.len());
/// # Ok::<_, parrow::Error>(())
/// ```
pub fn read(inputs: &[Input], options: &ReadOptions) -> Result<Table> {
    let mut frames = Vec::with_capacity(inputs.len());
    let mut sources = Vec::with_capacity(inputs.len());
    let mut n_rows = 0;
    for input in inputs {
        let mut options = options.clone();
        if let Some(limit) = &mut options.limit {
            *limit -= n_rows;
            if *limit == 0 && !frames.is_empty() {
                break;
            }
        }
        let (frame, mut source) = read_one(input, &options).map_err(|error| error.in_file(input.label()))?;
        source.first_row = n_rows as u64;
        n_rows += frame.height();
        frames.push(frame);
        sources.push(source);
    }
    if frames.is_empty() {
        return Err(Error::new(ErrorKind::Empty { message: "no input is given".into() }));
    }
    if n_rows > IdxSize::MAX as usize {
        return Err(Error::shape(format!("{n_rows} rows are more than a frame can hold ({})", IdxSize::MAX)));
    }
    Ok(Table { frame: join(frames, &sources)?, sources })
}

fn read_one(input: &Input, options: &ReadOptions) -> Result<(DataFrame, SourceInfo)> {
    let Loaded { bytes, format, compression, file_size } = load(input, options.format)?;
    // A file is read again when a line is asked for; standard input cannot be.
    let keep_lines = *input == Input::Stdin;
    let (mut dialect, mut lines) = (None, None);
    let frame = match format {
        Format::Csv | Format::Tsv => {
            let read = csv::read(&bytes, format, options)?;
            lines = keep_lines.then(|| csv::line_index(&bytes, &read.dialect, read.frame.height() as u64));
            dialect = Some(read.dialect);
            read.frame
        }
        Format::Parquet => apply_dtypes(parquet::read(bytes, options)?, options)?,
        Format::Ipc => apply_dtypes(ipc::read_file(bytes, options)?, options)?,
        Format::IpcStream => apply_dtypes(ipc::read_stream(bytes, options)?, options)?,
        Format::NdJson => {
            lines = keep_lines.then(|| LineIndex::new(ndjson::row_lines(&bytes)));
            apply_dtypes(ndjson::read(&bytes, options)?, options)?
        }
    };
    let n_rows = frame.height() as u64;
    let source = SourceInfo {
        input: input.clone(),
        format,
        compression,
        n_bytes: file_size,
        first_row: 0,
        n_rows,
        dialect,
        lines,
    };
    Ok((frame, source))
}
