//! Columns whose dtype their rows decide: brings the runs of all chunks to the dtype of the lowest row that has a value.

use polars::prelude::{DataType, Field, Series};

use crate::error::{Error, Result, RowFailure};
use crate::row::{
    Conversion, Converted, RowFault, convert, decided_dtype, default_dtype, is_undeclared, may_fit,
};

/// A column in its dtype, and the rows, counted from its first, whose values do not fit it, lowest first.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) series: Series,
    pub(super) faults: Vec<RowFault>,
}

/// Joins the runs of a column, in the order of its rows, in the dtype that rows before them have decided, or else they.
pub(super) fn settle(field: &Field, decided: Option<DataType>, runs: &[Series]) -> Result<Settled> {
    let dtype = decided.unwrap_or_else(|| default_dtype(decided_dtype(runs)));
    let mut series = Series::new_empty(field.name().clone(), &dtype);
    let mut faults = Vec::new();
    for run in runs {
        let Converted { series: converted, misfits } = convert(run, &dtype, Conversion::Decided)?;
        faults.extend(misfits.into_iter().map(|misfit| {
            RowFault::new(series.len() + misfit.row, misfit.message, RowFailure::Returned)
                .in_column(field.name().as_str())
        }));
        series.append(&converted).map_err(Error::engine)?;
    }
    Ok(Settled { series: series.rechunk(), faults })
}

/// What the rows so far have decided, so that a run can end at a row that can't fit, and not only at the last one.
#[derive(Clone, Debug)]
pub(super) struct Decisions {
    /// For each output column its dtype, where that is not declared and a row has decided it; nothing where all are declared.
    dtypes: Vec<Option<DataType>>,
    /// Whether all that the rows before these decide is there, so that these decide nothing.
    is_known: bool,
}

impl Decisions {
    pub(super) fn new(fields: &[Field]) -> Self {
        let n_dtypes = if fields.iter().any(is_undeclared) { fields.len() } else { 0 };
        Self { dtypes: vec![None; n_dtypes], is_known: false }
    }

    /// What rows before have decided; where they have not, these rows may not either.
    pub(super) fn known(dtypes: &[Option<DataType>]) -> Self {
        Self { dtypes: dtypes.to_vec(), is_known: true }
    }

    pub(super) fn dtypes(&self) -> &[Option<DataType>] {
        &self.dtypes
    }

    /// Takes the runs of column `index` into account, which follow on the rows so far.
    pub(super) fn add(&mut self, index: usize, runs: &[Series]) {
        if !self.is_known {
            self.decide(index, runs);
        }
    }

    /// Lets the runs of column `index` decide, where no row before them has.
    pub(super) fn decide(&mut self, index: usize, runs: &[Series]) {
        if self.dtypes[index].is_none() {
            // Of a list without items more is to be known.
            self.dtypes[index] =
                decided_dtype(runs).filter(|dtype| default_dtype(Some(dtype.clone())) == *dtype);
        }
    }

    /// Whether these runs of column `index` have a value that can't fit.
    pub(super) fn contradict(&self, index: usize, runs: &[Series]) -> bool {
        self.dtypes[index].as_ref().is_some_and(|decided| {
            runs.iter().any(|run| run.null_count() < run.len() && !may_fit(run.dtype(), decided))
        })
    }
}
