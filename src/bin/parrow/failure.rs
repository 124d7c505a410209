//! What can end the program before its work is done, and how it is said.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::Path;
use std::sync::Mutex;

use parrow::{Error, ErrorKind};

use super::exit_code::{Code, is_closed_pipe};
use super::system;

/// Why the program ends early.
#[derive(Debug)]
pub enum Failure {
    /// The library says so.
    Error(Error),
    /// A run of another command has failed so, and has said this.
    Command(Code, String),
    /// Somebody asked the program to end, and this is what had been done by then.
    Interrupted(String),
    /// A mistake of the program itself.
    Panic(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The place and the text of the last panic of any thread.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs `work`; a panic that nobody contains becomes a failure.
///
/// No panic prints anything: those that are contained come back as errors with their message, and the rest end here.
pub fn without_panics(work: impl FnOnce() -> Result<Code, Failure>) -> Result<Code, Failure> {
    set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(format!("{text}{}", place.unwrap_or_default()));
        }
    }));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let last = LAST_PANIC.lock().ok().and_then(|mut last| last.take());
        Err(Failure::Panic(last.unwrap_or_else(|| "no message".to_owned())))
    })
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> Code {
        match self {
            Self::Error(error) => Code::of(error),
            Self::Command(code, _) => *code,
            Self::Interrupted(_) => system::code_of_interruption(),
            Self::Panic(_) => Code::Files,
        }
    }

    /// One line for a person; `None` where there is nothing to say.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Error(error) => match error.kind() {
                ErrorKind::Io { source, .. } if is_closed_pipe(source) => None,
                ErrorKind::DuplicateColumn { .. } if error.position().line.is_some() => Some(format!(
                    "{} (mend the file's first line, or read it as a row like the others with --no-header)",
                    one_line(error)
                )),
                ErrorKind::DuplicateColumn { .. } => Some(format!(
                    "{} (--name or AS gives one, --only leaves the input's columns out)",
                    one_line(error)
                )),
                ErrorKind::Row { .. } => {
                    Some(format!("{} (--on-error null, skip or collect goes on)", one_line(error)))
                }
                // An input of unknown format is read as text, so this is about the output.
                ErrorKind::UnknownFormat { known } => {
                    let path = error.position().path.as_deref().unwrap_or(Path::new("the output"));
                    let known = known.join(", ");
                    Some(format!(
                        "{}: the extension tells no format; give it with --output-format ({known})",
                        path.display()
                    ))
                }
                ErrorKind::InvalidOption { option, .. } => Some(match flag(option) {
                    Some(flag) => one_line(error).replacen(&format!("{option}: "), &format!("{flag}: "), 1),
                    None => one_line(error),
                }),
                ErrorKind::Cancelled => Some("interrupted; nothing was written".to_owned()),
                _ => Some(one_line(error)),
            },
            Self::Command(_, message) | Self::Interrupted(message) => Some(message.clone()),
            Self::Panic(message) => Some(format!(
                "a mistake in parrow itself ended the run ({}); nothing was written. Please report it with the command that you ran",
                message.lines().next().unwrap_or_default()
            )),
        }
    }
}

/// The flag that sets an option of a row function.
fn flag(option: &str) -> Option<&'static str> {
    Some(match option {
        "arg" | "argument" => "--arg",
        "as" => "--as",
        "delimiter" => "--delimiter",
        "memory-limit" => "--memory-limit",
        "no-header" => "--no-header",
        "null-value" => "--null-value",
        "output names" => "--name",
        "output dtypes" => "--output-dtype",
        "protocol" => "--protocol",
        "chunk timeout" => "--chunk-timeout",
        "max chunks per worker" => "--max-chunks-per-worker",
        _ => return None,
    })
}

fn one_line(error: &Error) -> String {
    error.to_string().lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
