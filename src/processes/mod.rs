//! Independent programs in parallel: command lines, run by the system's shell, some at a time.
//!
//! [`run`] gives what came of each command as a value, [`run_each`] hands each one over as soon as it is its turn;
//! [`ProcessOptions`] says how many run at a time, and what becomes of those that take too long or fail. A job log keeps
//! what was done, so that a later run does only the rest.
//!
//! ```
//! use parrow::processes::{ProcessOptions, run};
//!
//! let options = ProcessOptions::builder().jobs(2).build()?;
//! let finished = run(["echo one", "exit 3"], &options)?;
//! assert_eq!(finished[0].stdout.trim_ascii(), b"one");
//! assert_eq!(finished[1].exit_code(), 3);
//! # Ok::<(), parrow::Error>(())
//! ```
//!
//! # What it promises
//! - **No child is left behind.** On Unix each command is a process group of its own. When the command is over (by itself,
//!   at its time limit, when the run is stopped), whatever is left of the group is asked to end (SIGTERM), and killed
//!   (SIGKILL) if it goes on for another second; what still writes to the outputs of a command that ended by itself has half
//!   a second for it first. A program that must outlive its command leaves the group: `setsid server &`.
//!   On Windows a command that is stopped is ended with its descendants; what a command leaves behind when it ends by
//!   itself goes on.
//! - **Nothing hangs on a pipe.** Each command's outputs are read all the time by threads of their own. A program that has
//!   left the group and still holds the pipes is waited for half a second, and what it writes afterwards is lost.
//! - **Outputs whole.** Standard output and standard error of a command are kept apart, byte by byte as they were written.
//!
//! # Memory
//! Outputs are held in memory: those of the commands that are running, and those that wait for a command that stands before
//! theirs ([`Order::Commands`]); a buffer that grows may take twice what it holds. [`run`] holds those of every command. A
//! command that writes more than [`max_output`](ProcessOptions::max_output), 256 MiB to one of its outputs, is ended: it
//! should write to a file (`command > file`).
//!
//! # What it leaves to others
//! Commands read nothing: their standard input is empty. They get the environment and the working folder of the caller. When
//! the calling process itself is killed (SIGKILL), nobody is left to end them.

mod commands;
mod finished;
mod job_log;
mod options;
mod outputs;
mod run;
mod supervise;
mod system;

pub use commands::parse_commands;
pub use finished::{Ending, Finished};
pub use options::{Halt, Order, ProcessOptions, ProcessOptionsBuilder};
pub use run::{Summary, run, run_each};
pub(crate) use supervise::Process;
pub(crate) use system::{ending, in_own_group, shell};
