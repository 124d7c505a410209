//! Evaluates planned expressions on chunks, and finds the rows on which they fail.

use std::ops::ControlFlow;

use polars::prelude::{Column, DataFrame, DataType, Field, PlSmallStr, PolarsResult, Series};
use polars_expr::state::ExecutionState;

use super::message::plain_message;
use super::plan::{Planned, contained};
use crate::error::{Error, Result, RowFailure};
use crate::row::{Chunk, ChunkOutput, Kernel, RowFault};

/// Some SQL expressions over the columns that they read.
pub(super) struct SqlKernel {
    inputs: Vec<PlSmallStr>,
    fields: Vec<Field>,
    expressions: Vec<Planned>,
}

impl SqlKernel {
    pub(super) fn new(expressions: Vec<Planned>) -> Self {
        let mut inputs: Vec<PlSmallStr> = Vec::new();
        for name in expressions.iter().flat_map(|expression| &expression.inputs) {
            if !inputs.contains(name) {
                inputs.push(name.clone());
            }
        }
        let fields = expressions.iter().map(|expression| expression.field.clone()).collect();
        Self { inputs, fields, expressions }
    }

    /// The columns that a chunk must hold, each once.
    pub(super) fn inputs(&self) -> &[PlSmallStr] {
        &self.inputs
    }

    /// The output columns for all rows of `frame`, of which there is at least one, or what failed.
    fn evaluate(&self, frame: &DataFrame) -> Result<Vec<Series>, String> {
        // The engine takes a column of one row for a constant, and computes some functions of constants in another way.
        let padded = (frame.height() == 1).then(|| repeat_row(frame));
        let rows = padded.as_ref().unwrap_or(frame);
        let state = ExecutionState::new();
        self.expressions
            .iter()
            .map(|expression| {
                let outcome = contained(|| expression.evaluate(rows, &state));
                match outcome {
                    Ok(Ok(series)) => Ok(series.slice(0, frame.height())),
                    Ok(Err(error)) => Err(expression.failure(&plain_message(&error))),
                    Err(panic) => Err(expression.failure(&panic)),
                }
            })
            .collect()
    }

    /// Evaluates by halves from row `from` on, so that no row fails for another's sake.
    fn evaluate_by_halves(
        &self,
        frame: &DataFrame,
        from: usize,
        failure: String,
        pieces: &mut [Vec<Series>],
        output: &mut ChunkOutput<'_>,
    ) -> ControlFlow<()> {
        let n_rows = frame.height();
        if n_rows == 1 {
            for (pieces, field) in pieces.iter_mut().zip(&self.fields) {
                pieces.push(Series::full_null(field.name().clone(), 1, field.dtype()));
            }
            return output.fault(RowFault::new(from, failure, RowFailure::Returned));
        }
        for (offset, n_rows) in [(0, n_rows / 2), (n_rows / 2, n_rows - n_rows / 2)] {
            let half = frame.slice(offset as i64, n_rows);
            match self.evaluate(&half) {
                Ok(series) => {
                    pieces.iter_mut().zip(series).for_each(|(pieces, series)| pieces.push(series));
                }
                Err(failure) => {
                    self.evaluate_by_halves(&half, from + offset, failure, pieces, output)?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

impl Kernel for SqlKernel {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn may_run_again(&self) -> bool {
        true
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        if chunk.n_rows() == 0 {
            return Ok(());
        }
        let columns = self
            .inputs
            .iter()
            .enumerate()
            .map(|(index, name)| Column::from(chunk.series(index).clone().with_name(name.clone())))
            .collect();
        let frame = DataFrame::new(chunk.n_rows(), columns).map_err(Error::engine)?;
        let series = match self.evaluate(&frame) {
            Ok(series) => series,
            Err(failure) => {
                let mut pieces = vec![Vec::new(); self.fields.len()];
                if self.evaluate_by_halves(&frame, 0, failure, &mut pieces, output).is_break() {
                    return Ok(());
                }
                pieces.into_iter().map(join).collect::<PolarsResult<Vec<_>>>().map_err(Error::engine)?
            }
        };
        output.slots().iter_mut().zip(series).try_for_each(|(slot, series)| slot.fill(series))
    }
}

impl Planned {
    /// The expression's value for each row of `frame`, in its own dtype.
    fn evaluate(&self, frame: &DataFrame, state: &ExecutionState) -> PolarsResult<Series> {
        let column = self.expression.evaluate(frame, state)?;
        let column = match column.len() {
            1 if frame.height() != 1 => column.new_from_index(0, frame.height()),
            _ => column,
        };
        let series = column.take_materialized_series().with_name(self.field.name().clone());
        match self.field.dtype() {
            DataType::Null => {
                Ok(Series::full_null(self.field.name().clone(), frame.height(), &DataType::Null))
            }
            dtype if dtype == series.dtype() => Ok(series),
            dtype => series.strict_cast(dtype),
        }
    }

    fn failure(&self, message: &str) -> String {
        format!("in {:?}: {message}", self.text)
    }
}

fn repeat_row(frame: &DataFrame) -> DataFrame {
    let columns = frame.columns().iter().map(|column| column.new_from_index(0, 2));
    let columns = columns.map(|column| Column::from(column.take_materialized_series())).collect();
    DataFrame::new(2, columns).unwrap_or_else(|_| frame.clone())
}

fn join(pieces: Vec<Series>) -> PolarsResult<Series> {
    let mut pieces = pieces.into_iter();
    let mut joined = pieces.next().unwrap_or_default();
    for piece in pieces {
        joined.append(&piece)?;
    }
    Ok(joined.rechunk())
}
