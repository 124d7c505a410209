//! What every row function becomes, however it was written: [`RowFunction::bind`] checks it against a schema once and
//! gives a [`Kernel`], which maps a [`Chunk`] to output values and faults.
//!
//! A kernel never sees the whole frame and never knows its worker. Whoever runs kernels never knows how they were
//! written.

use std::time::Duration;

use polars::prelude::{Field, PlSmallStr, Schema};

use super::chunk::Chunk;
use super::output::ChunkOutput;
use crate::error::Result;
use crate::progress::CancellationToken;

/// A row function that is not yet tied to columns.
///
/// Implement it for a function of a new kind; closures and the functions of [`functions`](crate::functions) have it.
pub trait RowFunction: Send + Sync {
    /// Ties the function to the columns of `schema`.
    ///
    /// Everything that can be known before the first row is checked here: the columns exist, their dtypes fit, the
    /// names and dtypes of the output columns.
    ///
    /// # Errors
    /// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound), [`Dtype`](crate::ErrorKind::Dtype) and whatever else the
    /// function finds wrong, with the column's name.
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>>;
}

/// A row function tied to columns: what it reads, and the kernel that does the work.
#[must_use]
pub struct BoundFunction<'f> {
    /// The names of the columns that the kernel reads, in the order in which a chunk must hold them. A name may come
    /// more than once.
    pub inputs: Vec<PlSmallStr>,
    /// The kernel.
    pub kernel: Box<dyn Kernel + 'f>,
}

/// Maps a chunk of rows to output values.
///
/// A kernel is called from many threads at once, for chunks of any size in any order, and must give each row the same
/// values whatever chunk it comes in.
pub trait Kernel: Send + Sync {
    /// The names and dtypes of the output columns: the same for any rows, and for none.
    fn fields(&self) -> &[Field];

    /// Makes ready for a run: called once, before its first chunk, whose time is not yet measured.
    ///
    /// A kernel that has other programs to start, or whose rows can take for ever, learns here on how many threads it will
    /// be called and what may stop it.
    ///
    /// # Errors
    /// What keeps the run from beginning.
    fn prepare(&self, context: &RunContext) -> Result<()> {
        let _ = context;
        Ok(())
    }

    /// Hears that all chunks have been run, unless one has failed.
    ///
    /// # Errors
    /// What is wrong with the result as a whole.
    fn finish(&self) -> Result<()> {
        Ok(())
    }

    /// Whether rows may be run once more where a run has to begin anew, since all that comes of them is their values.
    ///
    /// Of what somebody else has written nobody knows that: it is run once on a row. Only what is known to change nothing may
    /// say `true`; a run over CSV can then trust the dtypes that the first rows propose, and begin anew in the rare case that
    /// a later row asks for others, instead of looking at all rows before.
    fn may_run_again(&self) -> bool {
        false
    }

    /// Whether a row gives the same, faults and all, when integers of its columns come as floats or unsigned integers of the same
    /// values.
    ///
    /// A run over CSV whose output shows itself as it grows, or whose input can be read once, can then go on where a later
    /// row makes a column of integers one of floats, instead of looking at all rows before.
    fn is_same_when_widened(&self) -> bool {
        false
    }

    /// Whether a column of 32 and 64 bit integers of a chunk may come as one of `i8` with the same values, each chunk as its values
    /// allow, though the kernel was bound to the wider dtype.
    ///
    /// A run over Parquet that has such columns by small dictionaries, or over CSV whose rows are alike and have few digits, then
    /// reads them into an eighth of the memory, where nobody else reads them.
    fn takes_narrow_integers(&self) -> bool {
        false
    }

    /// Whether it asks its output, row by row, if a chunk is to be left early.
    #[doc(hidden)]
    fn heeds_pace(&self) -> bool {
        false
    }

    /// What it is known to cost to begin a chunk, however few its rows are. It is measured, too, but the first chunks do not tell it
    /// from what a row costs.
    #[doc(hidden)]
    fn start_of_chunk(&self) -> Duration {
        Duration::ZERO
    }

    /// The input columns that the function names and takes as they come, text or numbers: nothing in it tells which are meant.
    ///
    /// Where a row that fails does not end the run, such a column of CSV in which at least half of the values are numbers is one of
    /// numbers, and its other cells are faults of their rows.
    fn untyped_inputs(&self) -> Vec<PlSmallStr> {
        Vec::new()
    }

    /// Runs on the rows of `chunk` and fills `output`, which has a slot for each field and room for
    /// [`chunk.n_rows()`](Chunk::n_rows) rows.
    ///
    /// A row that fails is noted with [`ChunkOutput::fault`]; where that answers
    /// [`Stop`](std::ops::ControlFlow::Break), the rest of the chunk need not be run.
    ///
    /// # Errors
    /// What no single row is to blame for; it ends the run.
    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {
        $(impl<K: Kernel + ?Sized> Kernel for $pointer {
            fn fields(&self) -> &[Field] {
                (**self).fields()
            }

            fn prepare(&self, context: &RunContext) -> Result<()> {
                (**self).prepare(context)
            }

            fn finish(&self) -> Result<()> {
                (**self).finish()
            }

            fn may_run_again(&self) -> bool {
                (**self).may_run_again()
            }

            fn is_same_when_widened(&self) -> bool {
                (**self).is_same_when_widened()
            }

            fn takes_narrow_integers(&self) -> bool {
                (**self).takes_narrow_integers()
            }

            fn heeds_pace(&self) -> bool {
                (**self).heeds_pace()
            }

            fn start_of_chunk(&self) -> Duration {
                (**self).start_of_chunk()
            }

            fn untyped_inputs(&self) -> Vec<PlSmallStr> {
                (**self).untyped_inputs()
            }

            fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
                (**self).run(chunk, output)
            }
        })*
    };
}

forward! { &K, Box<K> }

/// What a kernel may know of the run that it is part of. None of it changes the values of the result.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RunContext {
    /// On how many threads at once chunks may be run: at least 1.
    pub n_workers: usize,
    /// How many rows there are, of which a chunk has some.
    pub n_rows: usize,
    /// What asks the run to stop. A row that takes long should look at it.
    pub cancellation: CancellationToken,
}

impl RunContext {
    /// A run over this many rows on this many threads, which `cancellation` stops.
    pub fn new(n_workers: usize, n_rows: usize, cancellation: CancellationToken) -> Self {
        Self { n_workers, n_rows, cancellation }
    }
}
