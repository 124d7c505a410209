//! The worker threads.

mod threads;

pub use threads::cpu_count;
pub(crate) use threads::workers;
