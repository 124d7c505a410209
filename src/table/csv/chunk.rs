//! A range of the file to its columns.

use std::borrow::Borrow;

use polars::prelude::{DataType, PlSmallStr, Series};

use crate::error::Result;

use super::build::{ColumnBuilder, builder, guess_builder};
use super::rows::{ColumnCells, Nulls, Rows, Text};

/// A column to build; without a dtype, one that is expected to hold no value.
pub(crate) struct Wanted {
    pub(super) index: usize,
    pub(super) dtype: Option<DataType>,
    pub(super) guessed: bool,
}

impl Wanted {
    pub(super) fn builder(&self) -> Box<dyn ColumnBuilder> {
        let builder = match &self.dtype {
            None => return Box::new(NoValues(0)),
            Some(dtype) if self.guessed => guess_builder(dtype),
            Some(dtype) => builder(dtype),
        };
        // Lists are read as text first.
        builder.or_else(|| super::build::builder(&DataType::String)).expect("text has a builder")
    }

    pub(super) fn text(&self) -> Text {
        Text::of(self.dtype.as_ref())
    }
}

/// The columns of some rows; in the place of a column that does not fit its dtype, where its first such cell starts.
pub(super) struct Chunk {
    pub(super) n_rows: u64,
    pub(super) columns: Vec<std::result::Result<Series, usize>>,
}

/// Builds the wanted columns of some rows.
pub(super) fn build_chunk<W: Borrow<Wanted>>(
    rows: &Rows,
    names: &[String],
    wanted: &[W],
    nulls: &Nulls,
) -> Result<Chunk> {
    let n_columns = names.len();
    let mut builders: Vec<std::result::Result<Box<dyn ColumnBuilder>, usize>> =
        wanted.iter().map(|wanted| Ok(wanted.borrow().builder())).collect();
    let build = |block: &[_]| {
        for (slot, wanted) in builders.iter_mut().zip(wanted) {
            let wanted = wanted.borrow();
            let Ok(builder) = slot else { continue };
            let cells = ColumnCells { block, column: wanted.index, n_columns };
            if let Err(row) = builder.push_column(cells, nulls, wanted.text()) {
                *slot = Err(cells.offset(row));
            }
        }
    };
    let n_rows = rows.for_each_block(u64::MAX, build).map_err(|fault| fault.error(rows.bytes))?;
    let columns = builders.into_iter().zip(wanted).map(|(builder, wanted)| match builder {
        Err(offset) => Ok(Err(offset)),
        Ok(builder) => Ok(Ok(builder.finish(names[wanted.borrow().index].as_str().into())?)),
    });
    Ok(Chunk { n_rows, columns: columns.collect::<Result<_>>()? })
}

/// Stands in for the builder of a column whose first rows hold no value: it takes nulls alone.
struct NoValues(usize);

impl ColumnBuilder for NoValues {
    fn push(&mut self, _: &[u8]) -> bool {
        false
    }

    fn push_null(&mut self) {
        self.0 += 1;
    }

    fn finish(self: Box<Self>, name: PlSmallStr) -> Result<Series> {
        Ok(Series::full_null(name, self.0, &DataType::String))
    }
}
