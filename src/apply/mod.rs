//! Row functions over a frame in memory: the frame in chunks on every core, the results in order.

mod applied;
mod function;
mod options;
mod plan;
mod run;

pub use applied::{Applied, Sharing};
pub use function::apply_function;
pub use options::{ApplyOptions, ApplyOptionsBuilder};
