//! Row functions over a frame in memory: the frame in chunks on every core, the results in order.

mod applied;
mod assemble;
mod by_column;
mod by_frame;
mod by_group;
mod by_value;
mod by_window;
mod chunks;
mod frame;
mod function;
mod items;
mod options;
mod run;
mod settle;

pub use applied::{Applied, Sharing};
pub use frame::{ConfiguredFrame, ParallelApply, TableOf};
pub use function::apply_function;
pub use options::{ApplyOptions, ApplyOptionsBuilder};
pub(crate) use run::{Ran, Rows, run_piece};
