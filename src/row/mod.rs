//! What a row function is: how it takes the cells of a row, what it returns, and the chunk kernel that it becomes.
//!
//! Everything here is about the rows of one [`Chunk`]. How a table is cut into chunks, which thread runs which, and what
//! happens after a fault is for the ways to run a function to say.

mod argument;
mod argument_list;
mod argument_scalar;
mod argument_temporal;
mod chunk;
mod columns;
mod drive;
mod into_row;
mod into_row_list;
mod into_row_scalar;
mod kernel;
mod output;
mod typed;

pub use argument::Argument;
#[doc(hidden)]
pub use argument::{Arguments, Cons, Nil, Prepared};
pub use chunk::Chunk;
pub use columns::ColumnNames;
pub(crate) use columns::resolve;
pub(crate) use drive::panic_message;
#[doc(hidden)]
pub use into_row::RowWriter;
pub use into_row::{FromColumns, IntoRow, RESULT_NAME};
pub use into_row_list::ListItem;
pub use kernel::{BoundFunction, Kernel, RowFunction};
pub(crate) use output::FixedBuffer;
pub use output::{AfterFault, ChunkOutput, Fixed, FixedMut, RowFault, Slot};
pub use typed::{Typed, TypedFunction};
