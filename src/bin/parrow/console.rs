//! What the program says on standard error, and whether in colour.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::args::{ColorChoice, ProgressChoice};
use super::exit_code::Code;
use super::failure::Failure;

/// How much is said, and how.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// Says nothing but errors.
    pub quiet: bool,
    /// Ends with a line of JSON.
    pub json: bool,
    /// When to show how far the run is.
    pub progress: ProgressChoice,
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

impl Console {
    /// Settles colours for the whole program: `auto` colours on a terminal, unless `NO_COLOR` is set.
    pub fn set_color(choice: ColorChoice) {
        match choice {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::AlwaysAnsi,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }

    /// Says what ended the run.
    pub fn report(&self, failure: &Failure) -> Code {
        let code = failure.code();
        if let Some(message) = failure.message() {
            anstream::eprintln!("{ERROR}parrow:{ERROR:#} {message}");
            self.json_line(&json!({ "error": message, "exit_code": code as u8 }));
        }
        code
    }

    /// Says something that a person should know, though the run goes on.
    pub fn warn(&self, message: &str) {
        if !self.quiet {
            anstream::eprintln!("{WARNING}parrow:{WARNING:#} {message}");
        }
    }

    /// Says what was done.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            anstream::eprintln!("parrow: {message}");
        }
    }

    /// Says what was asked for in so many words.
    pub fn text(&self, text: &str) {
        anstream::eprint!("{text}");
    }

    /// The last line, where it was asked for.
    pub fn json_line(&self, value: &Value) {
        if self.json {
            eprintln!("{value}");
        }
    }
}
