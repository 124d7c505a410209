//! Keeps a decoder's panic inside: corrupt files make the engine's readers panic in many ways.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::PolarsError;

use crate::error::{Error, Result};

use super::writer::write_error;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// How many contained calls are running in the process, on whatever thread.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Whether a panic of the current thread, now, will be turned into an [`Error`](crate::Error) by the reader that called
/// what panicked.
///
/// For a program's panic hook: such a panic has its message in the error, and needs no second one on stderr. The library
/// itself never installs a hook. On the engine's own worker threads the answer is yes while any contained call runs.
///
/// # Example
/// ```
/// let default_hook = std::panic::take_hook();
/// std::panic::set_hook(Box::new(move |panic| {
///     if !parrow::table::is_contained() {
///         default_hook(panic);
///     }
/// }));
/// ```
pub fn is_contained() -> bool {
    DEPTH.with(|depth| depth.get() > 0)
        || RUNNING.load(Ordering::Relaxed) > 0
            && std::thread::current().name().is_some_and(|name| name.starts_with("polars"))
}

/// Calls a decoder, and turns both its error and its panic into an error about a malformed file.
pub(super) fn contain<T>(
    format: &'static str,
    decode: impl FnOnce() -> std::result::Result<T, PolarsError>,
) -> Result<T> {
    match caught(decode) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(polars_error(format, error)),
        Err(panic) => Err(Error::malformed(format, format!("it is corrupt ({panic})"))),
    }
}

/// Calls an encoder, and turns both its error and its panic into an error: values far outside a calendar, for one, make the
/// engine's text writers panic.
pub(super) fn contain_write<T>(encode: impl FnOnce() -> std::result::Result<T, PolarsError>) -> Result<T> {
    match caught(encode) {
        Ok(outcome) => outcome.map_err(write_error),
        Err(panic) => Err(Error::engine(format!("a value cannot be written ({panic})"))),
    }
}

/// What a call returns, or the message of its panic.
fn caught<T>(call: impl FnOnce() -> T) -> std::result::Result<T, String> {
    let guard = Running::enter();
    let outcome = catch_unwind(AssertUnwindSafe(call));
    drop(guard);
    outcome.map_err(|panic| panic_message(panic.as_ref()))
}

/// The engine's error about a file, as ours.
pub(super) fn polars_error(format: &'static str, error: PolarsError) -> Error {
    match error {
        PolarsError::IO { error, .. } if error.raw_os_error().is_some() => {
            let source = std::io::Error::new(error.kind(), error.to_string());
            Error::io("read", source)
        }
        error => Error::malformed(format, first_line(&error.to_string())),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "a panic without a message",
    };
    first_line(text).to_string()
}

/// Engine messages go on with advice for its own callers; the first line says what is wrong.
fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or(text).trim()
}

struct Running;

impl Running {
    fn enter() -> Self {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        RUNNING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}
