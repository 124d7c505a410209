//! A CSV file to a frame, in parallel chunks.

use std::ops::Range;

use polars::prelude::*;
use rayon::prelude::*;

use crate::error::{Error, Result};

use super::super::dtype::dtype_name;
use super::super::format::Format;
use super::super::list::parse_list_column;
use super::super::own::column_of;
use super::super::read_options::ReadOptions;
use super::build::builder;
use super::chunk::{Chunk, Wanted, build_chunk};
use super::dialect::Dialect;
use super::evidence::look_at;
use super::infer::{Inferred, propose, settle};
use super::kind::Evidence;
use super::lines::line_of_row;
use super::place;
use super::rows::{Nulls, Rows, Text};
use super::scan::{Fault, split};

/// How many of the first rows propose the dtypes.
pub(super) const SAMPLE_ROWS: u64 = 10_000;

/// A CSV file as a frame.
pub(in crate::table) struct CsvFrame {
    pub(in crate::table) frame: DataFrame,
    pub(in crate::table) dialect: Dialect,
}

/// What a CSV file holds, found by looking at every row and keeping none.
pub(in crate::table) struct CsvDescription {
    pub(in crate::table) dialect: Dialect,
    pub(in crate::table) n_rows: u64,
    /// Per column: what was settled, the rows without a value, and whether the dtype was given.
    pub(in crate::table) columns: Vec<(Inferred, u64, bool)>,
}

/// Reads the columns that the options want.
pub(in crate::table) fn read(bytes: &[u8], format: Format, options: &ReadOptions) -> Result<CsvFrame> {
    let reader = Reader::new(bytes, format, options)?;
    let selection = options.selection(&reader.dialect.names)?;
    let plans = reader.plan(&selection)?;
    let ranges = reader.ranges();
    let wanted: Vec<Wanted> = plans.iter().map(Plan::wanted).collect();
    let mut chunks = reader.build(&ranges, &wanted)?;

    let broken: Vec<usize> =
        (0..plans.len()).filter(|index| chunks.iter().any(|chunk| chunk.columns[*index].is_err())).collect();
    if !broken.is_empty() {
        let repaired = reader.repair(&ranges, &plans, &broken, &chunks)?;
        for (chunk, mut repaired) in chunks.iter_mut().zip(repaired) {
            for (index, series) in broken.iter().zip(repaired.columns.drain(..)) {
                chunk.columns[*index] = series;
            }
        }
    }
    let frame = reader.assemble(&plans, chunks)?;
    Ok(CsvFrame { frame, dialect: reader.dialect })
}

/// Looks at every row, and keeps none.
pub(in crate::table) fn describe(
    bytes: &[u8],
    format: Format,
    options: &ReadOptions,
) -> Result<CsvDescription> {
    let reader = Reader::new(bytes, format, options)?;
    let selection: Vec<usize> = (0..reader.dialect.n_columns()).collect();
    options.selection(&reader.dialect.names)?;
    let plans = reader.plan(&selection)?;
    let (all, n_rows) = reader.evidence(&reader.ranges(), &selection)?;
    let columns = plans.iter().zip(&all).map(|(plan, all)| {
        let inferred = match &plan.given {
            Some(dtype) => Inferred { dtype: dtype.clone(), widened_from: None },
            None => reader.settle(plan, all)?,
        };
        let n_nulls = match Text::of(Some(&inferred.dtype)) {
            Text::Yes => all.n_nulls,
            Text::No => all.n_nulls + all.n_empty_texts,
        };
        Ok((inferred, n_nulls, plan.given.is_some()))
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(CsvDescription { dialect: reader.dialect, n_rows, columns })
}

/// What is known about a column before its rows are read.
struct Plan<'a> {
    /// Its index in the file.
    index: usize,
    name: &'a str,
    given: Option<DataType>,
    /// What the first rows propose; `None` when they hold no value.
    proposed: Option<DataType>,
}

impl Plan<'_> {
    fn wanted(&self) -> Wanted {
        let dtype = self.given.clone().or_else(|| self.proposed.clone());
        Wanted { index: self.index, dtype, guessed: self.given.is_none() }
    }
}

struct Reader<'a> {
    /// The file, up to the last row wanted.
    bytes: &'a [u8],
    dialect: Dialect,
    options: &'a ReadOptions,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], format: Format, options: &'a ReadOptions) -> Result<Self> {
        let dialect = Dialect::find(bytes, format, options)?;
        let bytes = match options.limit {
            Some(limit) => &bytes[..dialect.end_of_rows(bytes, limit)],
            None => bytes,
        };
        Ok(Self { bytes, dialect, options })
    }

    fn ranges(&self) -> Vec<Range<usize>> {
        const SMALLEST: usize = 64 * 1024;
        const LARGEST: usize = 16 * 1024 * 1024;
        let share = (self.bytes.len() - self.dialect.body) / (rayon::current_num_threads() * 4);
        split(self.bytes, self.dialect.body, self.dialect.delimiter, share.clamp(SMALLEST, LARGEST))
    }

    fn rows(&self, range: Range<usize>) -> Rows<'_> {
        Rows { bytes: &self.bytes[..range.end], start: range.start, dialect: &self.dialect }
    }

    fn nulls(&self) -> Nulls<'_> {
        Nulls { texts: &self.options.null_values }
    }

    /// Looks at the first rows.
    fn plan(&self, selection: &[usize]) -> Result<Vec<Plan<'_>>> {
        let range = self.dialect.body..self.bytes.len();
        let guessed: Vec<usize> = selection
            .iter()
            .copied()
            .filter(|index| self.options.dtype_of(&self.dialect.names[*index]).is_none())
            .collect();
        let (sample, _) = self.look(range, &guessed, SAMPLE_ROWS).map_err(|fault| fault.error(self.bytes))?;
        let mut sample = sample.iter();
        let mut plans = Vec::with_capacity(selection.len());
        for &index in selection {
            let name = self.dialect.names[index].as_str();
            let mut plan = Plan { index, name, given: None, proposed: None };
            match self.options.dtype_of(name) {
                Some(dtype) => {
                    if !matches!(dtype, DataType::List(_)) && builder(dtype).is_none() {
                        let message = format!("a CSV cell cannot hold {}", dtype_name(dtype));
                        return Err(Error::invalid_option("dtype", message).in_column(name));
                    }
                    plan.given = Some(dtype.clone());
                }
                None => {
                    let sample = sample.next().expect("every guessed column was looked at");
                    let proposed = propose(sample)
                        .map_err(|found| place::contradiction(self.bytes, &self.dialect, name, &found))?;
                    plan.proposed = (sample.n_values > 0).then_some(proposed);
                }
            }
            plans.push(plan);
        }
        Ok(plans)
    }

    /// What all cells of some columns look like, and how many rows there are.
    fn evidence(&self, ranges: &[Range<usize>], columns: &[usize]) -> Result<(Vec<Evidence>, u64)> {
        let parts: Vec<_> =
            ranges.par_iter().map(|range| self.look(range.clone(), columns, u64::MAX)).collect();
        let mut total = vec![Evidence::default(); columns.len()];
        let mut n_rows = 0;
        for part in parts {
            let (evidence, rows) = part.map_err(|fault| fault.error(self.bytes))?;
            n_rows += rows;
            for (total, evidence) in total.iter_mut().zip(&evidence) {
                total.merge(evidence);
            }
        }
        Ok((total, n_rows))
    }

    fn look(
        &self,
        range: Range<usize>,
        columns: &[usize],
        max_rows: u64,
    ) -> std::result::Result<(Vec<Evidence>, u64), Fault> {
        look_at(&self.rows(range), columns, &self.nulls(), max_rows)
    }

    fn settle(&self, plan: &Plan, all: &Evidence) -> Result<Inferred> {
        let proposed = plan.proposed.as_ref().unwrap_or(&DataType::String);
        settle(proposed, plan.proposed.is_none(), all)
            .map_err(|found| place::contradiction(self.bytes, &self.dialect, plan.name, &found))
    }

    /// Reads the columns that broke their first dtype once more, with the dtype that all of their rows ask for.
    fn repair(
        &self,
        ranges: &[Range<usize>],
        plans: &[Plan],
        broken: &[usize],
        chunks: &[Chunk],
    ) -> Result<Vec<Chunk>> {
        let columns: Vec<usize> = broken.iter().map(|index| plans[*index].index).collect();
        let (all, _) = self.evidence(ranges, &columns)?;
        let mut wanted = Vec::with_capacity(broken.len());
        let mut first_error: Option<Error> = None;
        for (&index, all) in broken.iter().zip(&all) {
            let plan = &plans[index];
            let settled = match &plan.given {
                Some(dtype) => {
                    let offset = chunks.iter().find_map(|chunk| chunk.columns[index].as_ref().err());
                    let offset = *offset.expect("a broken column has a cell that broke it");
                    Err(place::mismatch(self.bytes, &self.dialect, plan.name, offset, dtype))
                }
                None => self.settle(plan, all),
            };
            match settled {
                Ok(inferred) => {
                    wanted.push(Wanted { index: plan.index, dtype: Some(inferred.dtype), guessed: true })
                }
                Err(error) => {
                    let earlier = first_error
                        .as_ref()
                        .is_none_or(|first| error.position().byte < first.position().byte);
                    if earlier {
                        first_error = Some(error);
                    }
                }
            }
        }
        match first_error {
            Some(error) => Err(error),
            None => self.build(ranges, &wanted),
        }
    }

    fn build(&self, ranges: &[Range<usize>], wanted: &[Wanted]) -> Result<Vec<Chunk>> {
        let parts: Vec<_> = ranges
            .par_iter()
            .map(|range| build_chunk(&self.rows(range.clone()), &self.dialect.names, wanted, &self.nulls()))
            .collect();
        // In the order of the file, so that the first fault is the one that is reported.
        parts.into_iter().collect()
    }

    fn assemble(&self, plans: &[Plan], chunks: Vec<Chunk>) -> Result<DataFrame> {
        let n_rows: u64 = chunks.iter().map(|chunk| chunk.n_rows).sum();
        if n_rows > u64::from(IdxSize::MAX) {
            return Err(Error::shape(format!(
                "{n_rows} rows are more than a frame can hold ({})",
                IdxSize::MAX
            )));
        }
        let mut columns: Vec<Option<Series>> = vec![None; plans.len()];
        for chunk in chunks {
            for (column, series) in columns.iter_mut().zip(chunk.columns) {
                let series = series
                    .map_err(|offset| Error::engine(format!("the cell at byte {offset} fits no dtype")))?;
                match column {
                    None => *column = Some(series),
                    Some(column) => {
                        column.append_owned(series).map_err(Error::engine)?;
                    }
                }
            }
        }
        let columns = plans.iter().zip(columns).map(|(plan, series)| {
            let text = plan.given.as_ref().or(plan.proposed.as_ref()).unwrap_or(&DataType::String);
            let series = series.unwrap_or_else(|| Series::new_empty(plan.name.into(), text));
            match &plan.given {
                Some(DataType::List(inner)) if *series.dtype() == DataType::String => {
                    Ok(self.to_list(&series, inner)?.into_column())
                }
                _ => Ok(column_of(series)),
            }
        });
        DataFrame::new(n_rows as usize, columns.collect::<Result<_>>()?).map_err(Error::engine)
    }

    fn to_list(&self, series: &Series, inner: &DataType) -> Result<Series> {
        parse_list_column(series, inner).map_err(|error| match error.position().row {
            Some(row) => match line_of_row(self.bytes, &self.dialect, row) {
                Some(line) => error.at_line(line),
                None => error,
            },
            None => error,
        })
    }
}
