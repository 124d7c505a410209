//! What a row function is: how it takes the cells of a row, what it returns, and the chunk kernel that it becomes.
//!
//! Everything here is about the rows of one [`Chunk`]. How a table is cut into chunks, which thread runs which, and what
//! happens after a fault is for the ways to run a function to say.

mod argument;
mod argument_list;
mod argument_scalar;
mod argument_temporal;
mod cell;
mod chunk;
mod columns;
mod convert;
mod drive;
mod fill;
mod from_row;
mod huge_pages;
mod into_row;
mod into_row_list;
mod into_row_scalar;
mod into_row_struct;
mod kernel;
mod output;
mod output_column;
mod pace;
mod parameter;
mod row;
mod runs;
mod typed;

pub use argument::Argument;
#[doc(hidden)]
pub use argument::{Arguments, Cons, Nil, Prepared};
pub use cell::FromCell;
pub use chunk::Chunk;
pub use columns::ColumnNames;
pub use from_row::{FromRow, StructFunction};
#[doc(hidden)]
pub use into_row::RowWriter;
pub use into_row::{FromColumns, IntoRow, RESULT_NAME};
pub use into_row_list::ListItem;
#[doc(hidden)]
pub use into_row_struct::{PartsWriter, RowParts, StructRow, StructWriter};
pub use kernel::{BoundFunction, Kernel, RowFunction, RunContext};
pub(crate) use output::FixedBuffer;
pub use output::{AfterFault, ChunkOutput, Fixed, FixedMut, RowFault, Slot};
pub use output_column::OutputColumn;
pub(crate) use pace::Pace;
pub use parameter::Parameter;
pub use parrow_derive::{FromRow, IntoRow};
pub use row::{ColumnKey, Dynamic, Row, RowIter};
pub use runs::{RunsBuilder, fill_runs};
pub use typed::{Typed, TypedFunction};

pub(crate) use columns::resolve;
pub(crate) use convert::{Conversion, Converted, convert, may_fit};
pub(crate) use drive::{call_items, panic_message};
pub(crate) use from_row::bind_struct;
pub(crate) use row::bind_rows;
pub(crate) use runs::{decided_dtype, default_dtype, is_undeclared};
pub(crate) use typed::{bind_typed_function, check_arguments, n_arguments, run_typed, run_windows};
