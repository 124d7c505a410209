//! The command that is run.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use parrow::Error;
use tempfile::TempDir;

use crate::args::Arguments;

/// A command that can be run again and again.
#[derive(Debug)]
pub struct Subject {
    words: Vec<OsString>,
    /// Where what it writes goes instead of where it was to go, and is deleted.
    _outputs: Vec<TempDir>,
}

/// The flags that name a file which the command writes: as the grammar knows them, and in all their forms.
const WRITES: [(&str, &str, Option<&str>); 3] =
    [("output", "--output", Some("-o")), ("ledger", "--ledger", None), ("rejects", "--rejects", None)];

/// Flags of the bench itself, which may be meant for it and stand too late.
const OWN_FLAGS: [&str; 5] = ["--html", "--svg", "--simulate", "--repeat", "--threads"];

impl Subject {
    /// The command of these words. Where the first one names no command, they are those of `apply`.
    pub fn new(words: &[String]) -> Result<Self, Error> {
        let invalid = |message: String| Err(Error::invalid_option("bench", message));
        let grammar = Arguments::grammar();
        let is_command = |word: &String| grammar.find_subcommand(word).is_some();
        let begin = if words.first().is_some_and(is_command) { vec![] } else { vec!["apply".to_owned()] };
        let mut words = [begin, words.to_vec()].concat();
        let takes_rows = words
            .first()
            .and_then(|name| grammar.find_subcommand(name))
            .is_some_and(|command| command.get_arguments().any(|argument| argument.get_id() == "report"));
        if !takes_rows {
            let name = &words[0];
            return invalid(format!("{name} takes no rows through a function; bench runs commands that do"));
        }
        let all = std::iter::once("parrow".to_owned()).chain(words.iter().cloned());
        let matches = match grammar.try_get_matches_from(all) {
            Ok(matches) => matches,
            Err(error) => {
                let late =
                    words.iter().find(|word| OWN_FLAGS.contains(&word.split('=').next().unwrap_or(word)));
                let message = match late {
                    Some(flag) => {
                        format!("{flag} stands behind the command; flags of bench itself stand before it")
                    }
                    None => on_one_line(&error.to_string()),
                };
                return invalid(message);
            }
        };
        let Some((_, given)) = matches.subcommand() else { return invalid("no command is given".into()) };
        let is_given = |id: &str| {
            given.try_contains_id(id).unwrap_or(false)
                && given.value_source(id) == Some(ValueSource::CommandLine)
        };
        for (id, instead) in [
            ("threads", "give bench --threads"),
            ("report", "bench itself reports"),
            ("head", "give bench --rows"),
        ] {
            if is_given(id) {
                return invalid(format!("--{id} does not go with bench: {instead}"));
            }
        }
        if words.iter().any(|word| word == "-") {
            return invalid("the command is run several times, and standard input can be read once".into());
        }
        let mut folders = Vec::new();
        for (id, long, short) in WRITES {
            let Some(path) = given.try_get_one::<PathBuf>(id).ok().flatten() else { continue };
            if path.metadata().map_or(true, |there| there.is_file()) {
                folders.push(redirect(&mut words, path, long, short)?);
            }
        }
        Ok(Self { words: words.into_iter().map(OsString::from).collect(), _outputs: folders })
    }

    /// The words that the program is started with.
    pub fn words(&self) -> &[OsString] {
        &self.words
    }
}

/// Has a file written beside where it was to go, under the same name, which nobody keeps.
fn redirect(words: &mut [String], path: &Path, long: &str, short: Option<&str>) -> Result<TempDir, Error> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder = folder_in(parent)?;
    let beside = folder.path().join(path.file_name().unwrap_or_default()).display().to_string();
    let mut is_value = false;
    for word in words.iter_mut() {
        if std::mem::take(&mut is_value) {
            *word = beside.clone();
        } else if word == long || Some(word.as_str()) == short {
            is_value = true;
        } else if word.strip_prefix(long).is_some_and(|rest| rest.starts_with('=')) {
            *word = format!("{long}={beside}");
        } else if let Some(short) = short.filter(|short| word.starts_with(short)) {
            *word = format!("{short}{beside}");
        } else if word == "--" {
            break;
        }
    }
    Ok(folder)
}

/// A folder that is deleted in the end.
pub fn folder_in(parent: &Path) -> Result<TempDir, Error> {
    let made = tempfile::Builder::new().prefix(".parrow-bench-").tempdir_in(parent);
    made.map_err(|error| {
        Error::io("create a temporary folder", io::Error::from(error.kind())).in_file(parent)
    })
}

/// What the parser says, on one line, without how the command is used.
fn on_one_line(text: &str) -> String {
    let said = text.lines().take_while(|line| !line.starts_with("Usage")).map(str::trim);
    let said: Vec<&str> = said.filter(|line| !line.is_empty()).collect();
    said.join(" ").trim_start_matches("error: ").to_owned()
}
