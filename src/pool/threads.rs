//! The rayon pools that chunks run on: one for each number of threads, made when first asked for and kept.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// How many threads can run at once here: the processors that this process may use, within the limits of its cgroup, as they
/// were when it was first asked.
///
/// # Example
/// ```
/// assert!(parrow::cpu_count() >= 1);
/// ```
pub fn cpu_count() -> usize {
    /// To ask the system takes as long as a hundred cheap rows.
    static CPUS: LazyLock<usize> = LazyLock::new(|| num_cpus::get().max(1));
    *CPUS
}

static POOLS: LazyLock<Mutex<HashMap<usize, Arc<ThreadPool>>>> = LazyLock::new(Mutex::default);

/// The pool of `n_threads` workers.
pub(crate) fn workers(n_threads: usize) -> Result<Arc<ThreadPool>> {
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pools.get(&n_threads) {
        return Ok(Arc::clone(pool));
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .thread_name(|index| format!("parrow-{index}"))
        .build()
        .map_err(|error| {
            Error::invalid_option("threads", format!("could not start {n_threads} threads: {error}"))
        })?;
    let pool = Arc::new(pool);
    pools.insert(n_threads, Arc::clone(&pool));
    Ok(pool)
}
