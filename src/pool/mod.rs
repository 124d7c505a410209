//! [`Pool`]: a fixed number of workers that call functions, one by one or over the items of an iterator, while the caller
//! waits or not.
//!
//! ```
//! use parrow::Pool;
//!
//! let pool = Pool::new(parrow::cpu_count())?;
//! assert_eq!(pool.map(0..4, |x| x * x)?, [0, 1, 4, 9]);
//! let sum = pool.apply_async(|| (1..=100).sum::<u32>())?;
//! assert_eq!(sum.get()?, 5050);
//! # Ok::<(), parrow::Error>(())
//! ```
//!
//! # From Python's `multiprocessing`
//! | Python | here |
//! |---|---|
//! | `cpu_count()` | [`cpu_count`], within the limits of the cgroup |
//! | `Pool(4)` | [`Pool::new(4)`](Pool::new) |
//! | `Pool(4, initializer, initargs)` and globals | [`Pool::builder`], [`initializer`](PoolBuilder::initializer), [`Pool::with_state`] |
//! | `pool.apply(f, args)` | [`pool.apply(\|\| f(args))`](Pool::apply) |
//! | `pool.map(f, items)` | [`pool.map(items, f)`](Pool::map), or [`try_map`](Pool::try_map) when `f` returns a `Result` |
//! | `pool.map(f, items, chunksize=20)` | [`pool.chunk_size(20)`](Pool::chunk_size)`.map(items, f)` |
//! | `pool.starmap(f, tuples)` | [`pool.starmap(tuples, f)`](Pool::starmap) |
//! | `pool.imap(f, items)` | [`pool.imap(items, f)`](Pool::imap), never more than its [look-ahead](Pool::look_ahead) |
//! | `pool.imap_unordered(f, items)` | [`pool.imap_unordered(items, f)`](Pool::imap_unordered) |
//! | `pool.apply_async(f, args)` | [`pool.apply_async(move \|\| f(args))`](Pool::apply_async) |
//! | `pool.map_async`, `starmap_async` | [`map_async`](Pool::map_async), [`starmap_async`](Pool::starmap_async) |
//! | `callback=g`, `error_callback=h` | [`.on_success(g)`](AsyncResult::on_success), [`.on_error(h)`](AsyncResult::on_error) |
//! | `result.get()`, `get(timeout)` | [`get`](AsyncResult::get), [`get_timeout`](AsyncResult::get_timeout) |
//! | `wait()`, `ready()`, `successful()` | [`wait`](AsyncResult::wait), [`ready`](AsyncResult::ready), [`successful`](AsyncResult::successful); and `.await` |
//! | `close()`, `join()`, `terminate()` | [`close`](Pool::close), [`join`](Pool::join), [`terminate`](Pool::terminate) |
//! | an exception | [`PoolError`], with the item's index; all of them with [`map_all`](Pool::map_all) |
//! | `multiprocessing.TimeoutError` | [`PoolError::TimedOut`] |
//!
//! What differs:
//! - **Workers are threads.** Arguments and results are not copied, and closures borrow. The calls that do not wait,
//!   `*_async` and `imap`, borrow nothing, or live in a [`Pool::scope`].
//! - **A chunk's size follows the cost of the calls** where none is given. Few calls begin all at once, on the workers. Thousands
//!   begin in the plain loop, on the thread that waits for them, and are shared out once that pays: cheap ones never leave it. A single [`apply`](Pool::apply) costs a hand-over of some
//!   microseconds to a worker and back, and pays for calls that take longer than that.
//! - **Nothing hangs.** A panic of a call, of an iterator of items, of an initializer or of a callback is an error for whoever
//!   waits. Calls may call the pool again. A pool that is dropped comes to its end by itself.
//! - **Faults are told in order.** `map` fails with the lowest item that does, whatever the timing.
//!
//! What a pool leaves to others: rows of data frames ([`ParallelApply`](crate::ParallelApply)), and other processes.

mod async_result;
mod asynchronous;
mod budget;
mod builder;
mod calls;
mod collect;
mod error;
mod gate;
mod handle;
mod imap;
mod lazy;
mod map;
mod ordered;
mod plan;
mod run;
mod scope;
mod shared;
mod star;
mod state;
mod threads;
mod wait;

pub use async_result::AsyncResult;
pub(crate) use budget::{Budget, Permit};
pub use builder::PoolBuilder;
pub use error::{Panic, PoolError};
pub use handle::Pool;
pub use imap::Imap;
pub(crate) use ordered::{Order, run_ordered};
pub(crate) use plan::{Cost, Step};
pub use scope::PoolScope;
pub use star::StarFunction;
pub use threads::cpu_count;
pub(crate) use threads::workers;
