//! A function over each value of a frame.

use std::marker::PhantomData;

use polars::prelude::{DataFrame, Field};

use super::applied::Applied;
use super::frame::ConfiguredFrame;
use super::function::run_bound;
use super::run::Mode;
use crate::error::{Error, Result};
use crate::row::{
    BoundFunction, Chunk, ChunkOutput, IntoRow, Kernel, TypedFunction, check_arguments, n_arguments,
    run_typed,
};

pub(super) fn map<M, F>(this: &ConfiguredFrame<'_>, mode: Mode, function: &F) -> Result<Applied<DataFrame>>
where
    F: TypedFunction<M>,
    F::Output: IntoRow<Table = polars::prelude::Series>,
{
    if n_arguments::<M, F>() != 1 {
        return Err(Error::shape("a function over values takes one argument"));
    }
    let dtype = F::Output::fields().remove(0).dtype;
    let mut fields = Vec::with_capacity(this.frame.width());
    for column in this.frame.columns() {
        check_arguments::<M, F>([(column.name().as_str(), column.dtype())].into_iter())?;
        fields.push(Field::new(column.name().clone(), dtype.clone()));
    }
    let kernel = ValueKernel::<M, F> { function, fields, marker: PhantomData };
    let bound = BoundFunction { inputs: this.frame.get_column_names_owned(), kernel: Box::new(kernel) };
    run_bound(this.frame, bound, mode, this.options)
}

struct ValueKernel<'f, M, F> {
    function: &'f F,
    fields: Vec<Field>,
    marker: PhantomData<fn() -> M>,
}

impl<M, F: TypedFunction<M>> Kernel for ValueKernel<'_, M, F> {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        // A column stops at its own first fault; the lowest row of all columns is found when they are put together.
        for (index, field) in self.fields.iter().enumerate() {
            output.with_slot(index, |output| {
                run_typed::<M, F>(self.function, chunk, index, &[field.name().as_str()], output)
            })?;
        }
        Ok(())
    }
}
