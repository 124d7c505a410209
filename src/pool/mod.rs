//! The worker threads, and how work is shared out among them.

mod plan;
mod threads;

pub(crate) use plan::{Cost, Step};
pub use threads::cpu_count;
pub(crate) use threads::workers;
