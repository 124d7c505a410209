//! What is started as a worker.

use std::path::PathBuf;
use std::process::Command;

use crate::processes::{in_own_group, shell};

use super::protocol::Wire;

/// The Python side, one text for the interpreter, which is handed to it through standard input.
const DRIVER: &str = concat!(
    include_str!("python/start.py"),
    include_str!("python/faults.py"),
    include_str!("python/call.py"),
    include_str!("python/whole.py"),
    include_str!("python/values.py"),
    include_str!("python/columns.py"),
    include_str!("python/reader.py"),
    include_str!("python/writer.py"),
    include_str!("python/arrow.py"),
    include_str!("python/serve.py"),
);

/// Reads the Python side and runs it.
const BOOT: &str = "import sys; \
    exec(compile(sys.stdin.buffer.read(int(sys.argv.pop(1))), '<parrow>', 'exec'), \
    {'__name__': '__main__', '__file__': '<parrow>'})";

/// The program of a worker.
#[derive(Clone, Debug)]
pub(super) enum Program {
    /// A function of a Python file.
    Python {
        interpreter: PathBuf,
        path: PathBuf,
        function: String,
        /// What batches are made with, beside pyarrow; may be empty.
        package: &'static str,
    },
    /// A command line for the system's shell.
    Shell(String),
    /// A program and its arguments.
    Arguments(Vec<String>),
}

impl Program {
    /// How messages call it.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Python { path, function, .. } => format!("{}:{function}", path.display()),
            Self::Shell(line) => line.clone(),
            Self::Arguments(arguments) => arguments.join(" "),
        }
    }

    /// The command that starts it.
    pub(super) fn command(&self, wire: Wire) -> Command {
        match self {
            Self::Python { interpreter, path, function, package } => {
                let mut command = Command::new(interpreter);
                command.arg("-c").arg(BOOT).arg(DRIVER.len().to_string());
                command.arg(wire.as_str()).arg(path).arg(function).arg(package);
                in_own_group(command)
            }
            Self::Shell(line) => shell(line),
            Self::Arguments(arguments) => {
                let mut words = arguments.iter();
                let mut command = Command::new(words.next().map_or("", String::as_str));
                command.args(words);
                in_own_group(command)
            }
        }
    }

    /// What it reads before anything else.
    pub(super) fn first_input(&self) -> Option<&'static [u8]> {
        matches!(self, Self::Python { .. }).then_some(DRIVER.as_bytes())
    }
}
