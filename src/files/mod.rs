//! The way to the disk: every file that a run makes, writes, brings to the disk, renames or removes goes through here.
//!
//! ```text
//! files        the calls themselves, the temporary files that are to be gone at the end, and troubles for tests
//! write_back   bytes on their way to the disk while others are written
//! read_behind  what has been read of a file that the system's cache cannot hold
//! partial      a file that is written beside its final name, under a lock, and renamed when it is whole
//! ```
//!
//! What is written and where is left to others: outputs in [`table`](crate::table).

mod files;
mod hash;
mod partial;
mod read_behind;
mod write_back;

pub(crate) use files::OutFile;
pub use files::{Call, Files, Trouble};
pub(crate) use hash::{hash, hash_on};
pub(crate) use partial::{Left, Partial, beside, check_not_held, folder_of};
pub(crate) use read_behind::ReadBehind;
