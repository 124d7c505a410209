//! Columns that are text because of a few cells, where numbers are wanted, in inputs that are read piece by piece.

use polars::prelude::{DataType, PlSmallStr, Schema};

use super::super::text_column::{cell_at_fault, left_out_cell, text_at_fault};
use super::sources::{Job, Sources};
use crate::apply::ApplyOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::pool::Budget;
use crate::table::pieces::{OpenInput, ReadRows};
use crate::table::{Format, TextAmongNumbers, TextSearch};

/// The error of the first text column that is left out of every numeric one though most of its values are numbers.
pub(super) fn check_left_out(sources: &Sources, schema: &Schema, apply: &ApplyOptions) -> Result<()> {
    let names: Vec<PlSmallStr> =
        schema.iter_names().filter(|name| is_guessed_text(sources, schema, name)).cloned().collect();
    let found = search(sources, &names, schema, apply)?;
    for (name, found) in names.iter().zip(found) {
        if let Some((found, place)) = found.filter(|(found, _)| found.is_rare) {
            return Err(left_out_cell(found, name, schema).placed_as(place.position()));
        }
    }
    Ok(())
}

/// What is to be said instead of an error that finds text in a column where numbers would do: the cell that made it text.
///
/// `fits` says whether the function takes columns of a schema.
pub(super) fn cell_instead(
    error: Error,
    sources: &Sources,
    schema: &Schema,
    apply: &ApplyOptions,
    fits: impl Fn(&Schema) -> bool,
) -> Error {
    let Some(name) = text_at_fault(&error) else { return error };
    if !is_guessed_text(sources, schema, &name) {
        return error;
    }
    let found = match search(sources, std::slice::from_ref(&name), schema, apply) {
        Ok(mut found) => found.remove(0),
        Err(error) => return error,
    };
    let Some((found, place)) = found else { return error };
    let mut numbers = schema.clone();
    numbers.with_column(name.clone(), found.dtype.clone());
    match fits(&numbers) {
        true => cell_at_fault(found, &name).placed_as(place.position()),
        false => error,
    }
}

/// Text columns in which there are numbers, and that the function takes when they are read as such: their other cells are then
/// faults of their rows. With their dtypes.
pub(super) fn numbers_instead(
    sources: &Sources,
    schema: &Schema,
    apply: &ApplyOptions,
    fits: impl Fn(&Schema) -> bool,
) -> Result<Vec<(PlSmallStr, DataType)>> {
    let found = mostly_numbers(sources, schema, apply)?;
    let with = |columns: &[(PlSmallStr, DataType)]| fits(&with_columns(schema, columns));
    if !with(&found) {
        return Ok(Vec::new());
    }
    // As few of them as it takes.
    let mut needed = found.clone();
    for column in found {
        let fewer: Vec<_> = needed.iter().filter(|needed| needed.0 != column.0).cloned().collect();
        if with(&fewer) {
            needed = fewer;
        }
    }
    Ok(needed)
}

/// Columns without a single value, which nothing but a guess makes text, and that the function takes as numbers.
pub(super) fn numbers_without_cells(
    sources: &Sources,
    schema: &Schema,
    fits: impl Fn(&Schema) -> bool,
) -> Vec<(PlSmallStr, DataType)> {
    let is_empty = |name: &&PlSmallStr| {
        is_guessed_text(sources, schema, name)
            && !sources.inputs.iter().any(|input| input.may_have_values(name))
    };
    let empty: Vec<PlSmallStr> = schema.iter_names().filter(is_empty).cloned().collect();
    for dtype in [DataType::Float64, DataType::Int64] {
        let all: Vec<_> = empty.iter().map(|name| (name.clone(), dtype.clone())).collect();
        if !all.is_empty() && fits(&with_columns(schema, &all)) {
            return all;
        }
        // What takes text of one column and numbers of another.
        for column in &all {
            if fits(&with_columns(schema, std::slice::from_ref(column))) {
                return vec![column.clone()];
            }
        }
    }
    Vec::new()
}

fn with_columns(schema: &Schema, columns: &[(PlSmallStr, DataType)]) -> Schema {
    let mut changed = schema.clone();
    for (name, dtype) in columns {
        changed.with_column(name.clone(), dtype.clone());
    }
    changed
}

/// Text columns most of whose values are numbers, with the dtypes of these.
pub(super) fn mostly_numbers(
    sources: &Sources,
    schema: &Schema,
    apply: &ApplyOptions,
) -> Result<Vec<(PlSmallStr, DataType)>> {
    let names: Vec<PlSmallStr> = schema.iter_names().cloned().collect();
    among(sources, schema, &names, apply, |found| found.is_rare)
}

/// The same of columns in which nobody asks for numbers: where there are codes, such as `007`, the others are taken for codes, too.
pub(super) fn surely_numbers(
    sources: &Sources,
    schema: &Schema,
    names: &[PlSmallStr],
    apply: &ApplyOptions,
) -> Result<Vec<(PlSmallStr, DataType)>> {
    among(sources, schema, names, apply, |found| found.is_rare && !found.has_padded)
}

fn among(
    sources: &Sources,
    schema: &Schema,
    names: &[PlSmallStr],
    apply: &ApplyOptions,
    is_wanted: impl Fn(&TextAmongNumbers) -> bool,
) -> Result<Vec<(PlSmallStr, DataType)>> {
    let names: Vec<PlSmallStr> =
        names.iter().filter(|name| is_guessed_text(sources, schema, name)).cloned().collect();
    let found = search_texts(sources, &names, schema, apply)?;
    let found = names.into_iter().zip(found).filter_map(|(name, found)| {
        let found = found.filter(&is_wanted)?;
        Some((name, found.dtype))
    });
    Ok(found.collect())
}

/// Whether the first rows of what can be read once tell all that is looked for in its text columns.
pub(super) fn sample_tells(sources: &Sources, schema: &Schema) -> Result<bool> {
    let names: Vec<PlSmallStr> =
        schema.iter_names().filter(|name| is_guessed_text(sources, schema, name)).cloned().collect();
    if names.is_empty() {
        return Ok(true);
    }
    let [input] = &sources.inputs[..] else { return Ok(false) };
    let mut searches: Vec<TextSearch> = names.iter().map(|_| TextSearch::default()).collect();
    read_sample(sources, input, &names, schema, |read, job| {
        for (search, column) in searches.iter_mut().zip(read.frame.columns()) {
            search.add(column.str().map_err(Error::engine)?, job.first_row);
        }
        Ok(searches.iter().all(TextSearch::is_over))
    })
}

/// Reads some columns of the first rows of what can be read once until `take` says that it has seen enough; whether it has.
fn read_sample(
    sources: &Sources,
    input: &OpenInput,
    names: &[PlSmallStr],
    schema: &Schema,
    mut take: impl FnMut(&ReadRows, &Job) -> Result<bool>,
) -> Result<bool> {
    let mut cutter = input.cutter_of_sample(sources.sizes.piece)?;
    while let Some(piece) = cutter.next_piece().map_err(|error| error.in_file(input.label()))? {
        let first_row = piece.first_row();
        let job = Job { input: 0, piece, first_row, n_bytes: 0 };
        let read = sources.read(&job, names, schema)?;
        if take(&read, &job)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a column is text where nobody asked for text and a guess was to be made.
fn is_guessed_text(sources: &Sources, schema: &Schema, name: &PlSmallStr) -> bool {
    let is_csv = |format: Format| matches!(format, Format::Csv | Format::Tsv);
    schema.get(name) == Some(&DataType::String)
        && sources.read.dtype_of(name).is_none()
        && sources.inputs.iter().all(|input| is_csv(input.format()))
}

/// A cell's error without a place, and its place.
type Found = Option<(TextAmongNumbers, Error)>;

/// Looks for texts among numbers in some text columns of inputs that are read leniently.
fn search_texts(
    sources: &Sources,
    names: &[PlSmallStr],
    schema: &Schema,
    apply: &ApplyOptions,
) -> Result<Vec<Option<TextAmongNumbers>>> {
    let mut searches: Vec<TextSearch> = names.iter().map(|_| TextSearch::default()).collect();
    read_texts(sources, names, schema, apply, |read, job| {
        for (search, column) in searches.iter_mut().zip(read.frame.columns()) {
            search.add(column.str().map_err(Error::engine)?, job.first_row);
        }
        Ok(searches.iter().all(TextSearch::is_over))
    })?;
    Ok(searches.into_iter().map(TextSearch::found).collect())
}

/// Looks for texts among numbers in some text columns, and reads no further than it must.
fn search(
    sources: &Sources,
    names: &[PlSmallStr],
    schema: &Schema,
    apply: &ApplyOptions,
) -> Result<Vec<Found>> {
    let mut searches: Vec<(TextSearch, Option<Error>)> = names.iter().map(|_| Default::default()).collect();
    read_texts(sources, names, schema, apply, |read, job| {
        for ((search, place), column) in searches.iter_mut().zip(read.frame.columns()) {
            search.add(column.str().map_err(Error::engine)?, job.first_row);
            if place.is_none() {
                *place = search.first_text().map(|row| place_of(sources, job, row));
            }
        }
        Ok(searches.iter().all(|(search, _)| search.is_over()))
    })?;
    Ok(searches.into_iter().map(|(search, place)| Some((search.found()?, place?))).collect())
}

/// Reads some columns piece by piece until `take` says that it has seen enough.
fn read_texts(
    sources: &Sources,
    names: &[PlSmallStr],
    schema: &Schema,
    apply: &ApplyOptions,
    mut take: impl FnMut(&ReadRows, &Job) -> Result<bool>,
) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    if let [input] = &sources.inputs[..]
        && input.is_read_once()
    {
        return read_sample(sources, input, names, schema, take).map(drop);
    }
    let budget = Budget::new(sources.sizes.in_flight);
    let mut jobs = sources.jobs(apply.n_threads(), &budget, names, None);
    loop {
        apply.check_cancelled()?;
        let Some((job, _permit)) = jobs(&|| false)? else { return Ok(()) };
        let read = sources.read(&job, names, schema)?;
        if take(&read, &job)? {
            return Ok(());
        }
    }
}

fn place_of(sources: &Sources, job: &Job, row: u64) -> Error {
    sources.locate(Error::new(ErrorKind::Cancelled).at_row(row), job)
}
