//! Which columns are read, what is bound to them, and how the rows are written.

use std::sync::Arc;

use polars::prelude::{PlSmallStr, Schema};

use super::super::columns::{Keep, check_names};
use super::super::destination::Destination;
use super::super::run::{Pipeline, RowOrder};
use super::super::work::Task;
use super::sources::Sources;
use super::text_among_numbers::{
    cell_instead, check_left_out, mostly_numbers, numbers_instead, numbers_without_cells, sample_tells,
    surely_numbers,
};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::OnError;
use crate::report::Stage;
use crate::row::{BoundFunction, RowFunction};
use crate::table::pieces::{RowEncoder, Strictness, Trust};
use crate::table::{CopiedColumns, Format};

/// The row function of a run: it may be made only when the columns are known.
pub(super) enum Function<'p> {
    None,
    Given(&'p dyn RowFunction),
    Made(Box<dyn RowFunction + 'p>),
}

impl<'p> Function<'p> {
    /// The function of a task over the columns of a schema.
    pub(super) fn of(task: &'p Task<'_>, schema: &Schema) -> Result<Self> {
        Ok(match task {
            Task::Copy | Task::Columns(..) => Self::None,
            Task::Rows(function) => Self::Given(function.as_ref()),
            Task::RowsOver(columns, make) => Self::Made(make(columns.resolve(schema)?)),
        })
    }

    /// The function tied to the columns of a schema.
    pub(super) fn bind(&self, schema: &Schema, keep: Keep) -> Result<Option<BoundFunction<'_>>> {
        let bound = match self {
            Self::None => return Ok(None),
            Self::Given(function) => function.bind(schema)?,
            Self::Made(function) => function.bind(schema)?,
        };
        check_names(bound.kernel.as_ref(), schema, keep)?;
        Ok(Some(bound))
    }
}

/// How rows become output.
pub(super) enum Writing {
    /// The rows of CSV as they stand in the input, with new cells behind them; what stands before them.
    Verbatim { encoder: RowEncoder, line_end: Vec<u8> },
    /// As text.
    Text(RowEncoder),
    /// As they are.
    Frames,
}

/// Settles which columns are read: those that are used, and all where all are written anew. Looks through the inputs as far
/// as it takes for their dtypes, and says whether it has.
pub(super) fn settle_columns(
    pipeline: &Pipeline<'_>,
    sources: &mut Sources,
    writes_input: bool,
) -> Result<(Vec<PlSmallStr>, bool)> {
    let mut has_looked = false;
    let columns = choose_columns(pipeline, sources, writes_input, Rows::AreLookedAt, |sources, wanted| {
        let recorder = Arc::clone(&sources.recorder);
        let looks = recorder.time(Stage::Look, || sources.look(wanted, &pipeline.apply))?;
        has_looked |= looks;
        Ok(looks)
    });
    Ok((columns?, has_looked))
}

/// The same by what the first rows propose, for a run that begins anew, or goes on, where that does not hold. `None` where
/// nothing is only proposed, and where not all of it can be trusted.
pub(super) fn trusted_columns(
    pipeline: &Pipeline<'_>,
    sources: &mut Sources,
    writes_input: bool,
) -> Option<Vec<PlSmallStr>> {
    let columns = choose_columns(pipeline, sources, writes_input, Rows::AreTrusted, |_, _| Ok(false)).ok()?;
    (sources.trust(&columns) == Trust::Proposed).then_some(columns)
}

/// Whether the functions of a run may be called twice on a row.
pub(super) fn may_run_again(pipeline: &Pipeline<'_>, sources: &Sources, columns: &[PlSmallStr]) -> bool {
    let may = || {
        let schema = sources.schema(columns)?;
        let predicate = pipeline.filter.as_ref().map(|predicate| predicate.bind(&schema)).transpose()?;
        let function = Function::of(&pipeline.work.0, &schema)?;
        let function = function.bind(&schema, pipeline.keep)?;
        Ok::<bool, Error>(predicate.iter().chain(&function).all(|bound| bound.kernel.may_run_again()))
    };
    may().unwrap_or(false)
}

/// What is done before columns are chosen by what their cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    /// All rows may be looked at.
    AreLookedAt,
    /// None but the first ones.
    AreTrusted,
}

/// Chooses the columns that are read. `look` finds out more of them where there is more, and says whether it has.
fn choose_columns(
    pipeline: &Pipeline<'_>,
    sources: &mut Sources,
    writes_input: bool,
    rows: Rows,
    mut look: impl FnMut(&mut Sources, &[PlSmallStr]) -> Result<bool>,
) -> Result<Vec<PlSmallStr>> {
    let apply = &pipeline.apply;
    let recorder = Arc::clone(&sources.recorder);
    let mut settled = Vec::new();
    let mut has_numbered = false;
    loop {
        let schema = sources.schema(&settled)?;
        // A function that is in another program is asked there what it reads.
        let used = recorder.time(Stage::Start, || used_columns(pipeline, &schema));
        let depends_on_dtypes = |error: &Error| {
            !matches!(error.kind(), ErrorKind::ColumnNotFound { .. } | ErrorKind::DuplicateColumn { .. })
        };
        let all = || schema.iter_names().cloned().collect::<Vec<_>>();
        let wanted = match &used {
            _ if writes_input => all(),
            Ok(used) => {
                let unknown = match pipeline.work.takes_every_number() {
                    true => sources.unknown(&schema),
                    false => Vec::new(),
                };
                let is_wanted = |name: &&PlSmallStr| {
                    used.contains(name) || unknown.contains(name) || sources.read.dtype_of(name).is_some()
                };
                schema.iter_names().filter(is_wanted).cloned().collect()
            }
            Err(error) if depends_on_dtypes(error) => all(),
            Err(_) => Vec::new(),
        };
        if look(sources, &wanted)? {
            settled = wanted;
            continue;
        }
        if settled != wanted {
            settled = wanted;
            // What holds the values of several inputs is known only now.
            if sources.inputs.len() > 1 {
                continue;
            }
        }
        let fits = |schema: &Schema| used_columns(pipeline, schema).is_ok();
        let searches_text = pipeline.work.takes_every_number() || used.is_err();
        if searches_text && sources.are_read_once() && !sample_tells(sources, &schema)? {
            if rows == Rows::AreTrusted {
                return Err(Error::engine("the first rows do not tell which texts are among numbers"));
            }
            sources.make_repeatable(apply)?;
        }
        if sources.strictness == Strictness::Lenient {
            let numbers = match &used {
                Ok(_) if pipeline.work.takes_every_number() => mostly_numbers(sources, &schema, apply)?,
                Ok(_) => {
                    let untyped = untyped_columns(pipeline, &schema)?;
                    let found = surely_numbers(sources, &schema, &untyped, apply)?;
                    found.into_iter().filter(|(name, _)| settled.contains(name)).collect()
                }
                Err(error) if depends_on_dtypes(error) => numbers_instead(sources, &schema, apply, fits)?,
                _ => Vec::new(),
            };
            for (name, dtype) in &numbers {
                sources.propose_instead(name, dtype);
            }
            if !numbers.is_empty() {
                continue;
            }
        } else if pipeline.work.takes_every_number() {
            recorder.time(Stage::Look, || check_left_out(sources, &schema, apply))?;
        }
        if used.as_ref().is_err_and(depends_on_dtypes) && !has_numbered {
            has_numbered = true;
            let numbers = numbers_without_cells(sources, &schema, fits);
            if !numbers.is_empty() {
                numbers.iter().for_each(|(name, dtype)| sources.propose_instead(name, dtype));
                continue;
            }
        }
        return match used {
            Ok(_) => Ok(settled),
            Err(error) => Err(cell_instead(error, sources, &schema, apply, fits)),
        };
    }
}

/// The columns that the condition and the function read.
fn used_columns(pipeline: &Pipeline<'_>, schema: &Schema) -> Result<Vec<PlSmallStr>> {
    let mut used = match &pipeline.filter {
        Some(predicate) => predicate.bind(schema)?.inputs,
        None => Vec::new(),
    };
    let function = Function::of(&pipeline.work.0, schema)?;
    if let Some(bound) = function.bind(schema, pipeline.keep)? {
        used.extend(bound.inputs);
    }
    Ok(used)
}

/// The columns that the function takes whether they are text or numbers.
fn untyped_columns(pipeline: &Pipeline<'_>, schema: &Schema) -> Result<Vec<PlSmallStr>> {
    let function = Function::of(&pipeline.work.0, schema)?;
    let bound = function.bind(schema, pipeline.keep)?;
    Ok(bound.map_or_else(Vec::new, |bound| bound.kernel.untyped_inputs()))
}

/// Whether the rows of CSV can be written as they stand in the inputs, with new cells behind them.
///
/// They are when rows of CSV are wanted with new columns behind the old ones, with the delimiter that the inputs have, and
/// when the inputs agree on their columns and their order.
pub(super) fn is_verbatim(pipeline: &Pipeline<'_>, sources: &Sources) -> bool {
    let Destination::Output(output, options) = &pipeline.destination else { return false };
    let Ok((format, _)) = options.resolve(output) else { return false };
    if pipeline.keep != Keep::All || matches!(pipeline.work.0, Task::Copy | Task::Columns(..)) {
        return false;
    }
    if sources.read.columns().is_some() {
        return false;
    }
    let Some(first) = sources.inputs[0].csv() else { return false };
    let (names, delimiter) = first.layout();
    let written = match (options.delimiter(), format) {
        (Some(delimiter), Format::Csv | Format::Tsv) => delimiter,
        (None, Format::Tsv) => b'\t',
        (None, Format::Csv) if sources.inputs[0].format() == Format::Csv => delimiter,
        (None, Format::Csv) => b',',
        _ => return false,
    };
    let is_alike = |input: &crate::table::pieces::OpenInput| {
        input.csv().is_some_and(|csv| csv.layout() == (names, written))
    };
    sources.inputs.iter().all(is_alike)
}

/// The columns of the inputs, where all that a run does is to put new ones beside them, from Parquet to Parquet: then row groups
/// stay what they are, and nothing is decoded but what the function reads.
pub(super) fn copied_columns(pipeline: &Pipeline<'_>, sources: &Sources) -> Option<CopiedColumns> {
    let Destination::Output(output, options) = &pipeline.destination else { return None };
    // Who says how much may be lost gets blocks of that size.
    let most_lost = pipeline.resume.as_ref().and_then(|resume| resume.checkpoint_rows);
    let has_small_blocks = most_lost.is_some_and(|n_rows| options.blocks() == Some(n_rows as usize));
    let keeps_rows = pipeline.filter.is_none()
        && pipeline.head.is_none()
        && pipeline.rejects.is_none()
        && pipeline.retry.is_none()
        && !has_small_blocks
        && pipeline.order != RowOrder::Finished
        && pipeline.apply.on_error() != OnError::Skip
        && sources.read.limit().is_none();
    let adds_columns =
        pipeline.keep == Keep::All && !matches!(pipeline.work.0, Task::Copy | Task::Columns(..));
    if !keeps_rows || !adds_columns || options.resolve(output).ok()?.0 != Format::Parquet {
        return None;
    }
    let files: Option<Vec<_>> = sources.inputs.iter().map(crate::table::pieces::OpenInput::encoded).collect();
    CopiedColumns::new(files?)
}
