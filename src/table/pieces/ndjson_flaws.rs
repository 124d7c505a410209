//! Lines of NDJSON that are not what they should be, passed over one by one.

use std::ops::Range;

use polars::prelude::*;

use crate::error::{Error, Result};

use super::super::cast::apply_dtypes_leniently;
use super::super::dtype::dtype_name;
use super::super::ndjson;
use super::flaws::{Flaw, ReadRows};
use super::ndjson::NdJsonPieces;
use super::piece::TextPiece;

/// The rows of those lines that are objects. Values that are none of their column's dtype are null.
pub(super) fn read_leniently(
    pieces: &NdJsonPieces,
    piece: &TextPiece,
    columns: &[PlSmallStr],
) -> Result<ReadRows> {
    let schema = pieces.in_file(columns)?;
    let mut reader = Reader { schema: &schema, whole: None, good: Vec::new() };
    let mut flaws = Vec::new();
    let mut rows: Vec<(u64, Range<usize>)> = Vec::new();
    let mut n_rows = 0;
    for (row, (offset, line)) in (0..).zip(ndjson::lines(&piece.bytes)) {
        n_rows += 1;
        let bytes = offset..(offset + line.len() + 1).min(piece.bytes.len());
        let found = match ndjson::columns_of_line(line) {
            Ok(found) => found,
            Err(message) => {
                flaws.push(Flaw { row, column: None, message, bytes });
                continue;
            }
        };
        let mut misfits = Vec::new();
        for (name, dtype) in schema.iter() {
            let Some(message) = misfit(pieces, line, name, dtype, found.get(name))? else { continue };
            misfits.push(name.clone());
            flaws.push(Flaw { row, column: Some(name.to_string()), message, bytes: bytes.clone() });
        }
        reader.add(line, &misfits)?;
        rows.push((row, bytes));
    }
    let frame = reader.finish(rows.len())?;
    let (frame, misfits) = apply_dtypes_leniently(&frame, &pieces.options)?;
    flaws.extend(misfits.into_iter().map(|(index, column, message)| {
        let (row, bytes) = rows[index].clone();
        Flaw { row, column: Some(column), message, bytes }
    }));
    flaws.sort_by_key(|flaw| flaw.row);
    let rows = (rows.len() != n_rows).then(|| rows.into_iter().map(|(row, _)| row).collect());
    Ok(ReadRows { frame, rows, flaws })
}

/// What is wrong with the value that a line has for a column.
fn misfit(
    pieces: &NdJsonPieces,
    line: &[u8],
    name: &PlSmallStr,
    dtype: &DataType,
    found: Option<&DataType>,
) -> Result<Option<String>> {
    let Some(found) = found else { return Ok(None) };
    if !ndjson::holds(dtype, found) {
        return Ok(Some(format!("the value is {}, and {} is wanted", dtype_name(found), dtype_name(dtype))));
    }
    let Some((_, check)) = pieces.checks.iter().find(|(column, _)| column == name) else { return Ok(None) };
    let error = check.first_misfit(name, line)?;
    Ok(error.map(|error| error.into_kind().to_string()))
}

/// Lines to rows, as many at a time as there are without anything wrong between them.
struct Reader<'s> {
    schema: &'s Schema,
    whole: Option<DataFrame>,
    good: Vec<u8>,
}

impl Reader<'_> {
    /// Adds a line whose values for these columns are to be null.
    fn add(&mut self, line: &[u8], misfits: &[PlSmallStr]) -> Result<()> {
        if self.schema.is_empty() {
            return Ok(());
        }
        if misfits.is_empty() {
            self.good.extend_from_slice(line);
            self.good.push(b'\n');
            return Ok(());
        }
        self.read_good()?;
        let fitting: Schema = self
            .schema
            .iter()
            .filter(|(name, _)| !misfits.contains(name))
            .map(|(name, dtype)| (name.clone(), dtype.clone()))
            .collect();
        let frame = match fitting.is_empty() {
            true => DataFrame::default(),
            false => ndjson::parse(line, &fitting)?,
        };
        let columns = self.schema.iter().map(|(name, dtype)| match frame.column(name) {
            Ok(column) => column.clone(),
            Err(_) => Column::full_null(name.clone(), 1, dtype),
        });
        let frame = DataFrame::new(1, columns.collect()).map_err(Error::engine)?;
        self.push(frame)
    }

    fn read_good(&mut self) -> Result<()> {
        if self.good.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.good);
        self.push(ndjson::parse(&lines, self.schema)?)
    }

    fn push(&mut self, frame: DataFrame) -> Result<()> {
        match &mut self.whole {
            None => self.whole = Some(frame),
            Some(whole) => {
                whole.vstack_mut(&frame).map_err(Error::engine)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, n_rows: usize) -> Result<DataFrame> {
        self.read_good()?;
        if self.schema.is_empty() {
            return DataFrame::new(n_rows, Vec::new()).map_err(Error::engine);
        }
        let mut whole = self.whole.unwrap_or_else(|| DataFrame::empty_with_schema(self.schema));
        whole.rechunk_mut();
        if whole.height() != n_rows {
            return Err(Error::engine(format!("{n_rows} lines became {} rows", whole.height())));
        }
        Ok(whole)
    }
}
