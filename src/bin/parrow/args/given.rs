//! What was typed, as far as the output hangs on it: a run goes on only with one that was given the same.

use std::path::Path;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// Flags that change nothing in the output, and places of files, which are looked at as such.
const WITHOUT_EFFECT: [&str; 16] = [
    "checkpoint_rows",
    "chunk_rows",
    "chunk_timeout",
    "color",
    "input_file",
    "inputs",
    "json",
    "max_chunks_per_worker",
    "memory_limit",
    "output",
    "progress",
    "quiet",
    "report",
    "resume",
    "retries",
    "threads",
];

/// Files that a function is in.
const FILES: [&str; 2] = ["script", "python"];

/// Something that the output hangs on, with what messages call it.
#[derive(Clone, Debug)]
pub enum Given {
    Flag(String, String),
    /// What is in a file.
    Content(String, Vec<u8>),
}

/// The command, what it was given, and what is in the files of its function.
pub(super) fn given(grammar: &Command, matches: &ArgMatches) -> Vec<Given> {
    let Some((name, matches)) = matches.subcommand() else { return Vec::new() };
    let mut given = vec![Given::Flag("the command".to_owned(), name.to_owned())];
    let Some(command) = grammar.find_subcommand(name) else { return given };
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        if WITHOUT_EFFECT.contains(&id) || matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let Ok(Some(values)) = matches.try_get_raw(id) else { continue };
        let values: Vec<String> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        if FILES.contains(&id) {
            given.extend(values.iter().map(|value| content(value)));
        }
        let name = match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => id.to_owned(),
        };
        given.push(Given::Flag(name, values.join(", ")));
    }
    given
}

/// What is in a file, or in that of `file:function`.
fn content(value: &str) -> Given {
    let path = Path::new(value);
    let path = match value.rsplit_once(':') {
        Some((file, _)) if !path.exists() => Path::new(file),
        _ => path,
    };
    // A file that is not there is told by who wants to read it.
    Given::Content(format!("the file {}", path.display()), std::fs::read(path).unwrap_or_default())
}
