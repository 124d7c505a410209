//! The outcome as a table for a terminal.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::python::PythonRun;
use super::section::{Outcome, Section};
use crate::page::number::{grouped, three_digits, times};

const HEADER: Style = Style::new().bold();
const DISAGREES: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();

const GAP: &str = "  ";
/// Room for `0.00000123`, `0.00123×` and `agree`.
const SECONDS: usize = 9;
const SPEED_UP: usize = 9;
const AGREE: usize = 5;

/// The least room for what a section shows.
const NARROWEST: usize = 24;

/// The table of the sections, line by line as they come.
pub struct Table {
    name: usize,
    shows: usize,
}

impl Table {
    /// Lays the table out for lines of `width` characters.
    pub fn new(sections: &[Section], width: usize) -> Self {
        let name = sections.iter().map(|section| section.name.width()).max().unwrap_or_default();
        let taken = name + SECONDS + SPEED_UP + AGREE + 4 * GAP.len();
        Self { name, shows: width.saturating_sub(taken).max(NARROWEST) }
    }

    /// The names of the columns.
    pub fn header(&self) -> String {
        let line = self.line("section", "what it shows", "seconds", "speed-up", "agree");
        format!("{HEADER}{}{HEADER:#}\n", line.trim_end())
    }

    /// The line of a section, or a few where much is shown.
    pub fn row(&self, outcome: &Outcome) -> String {
        let mut shown = wrap(&outcome.shows, self.shows).into_iter();
        let first = shown.next().unwrap_or_default();
        let timing = &outcome.timing;
        let (seconds, speed_up) = (three_digits(timing.seconds), times(timing.speed_up()));
        let mut text = match timing.agree {
            true => self.line(outcome.section.name, &first, &seconds, &speed_up, "yes"),
            false => {
                let line = self.line(outcome.section.name, &first, &seconds, &speed_up, "no");
                format!("{DISAGREES}{line}{DISAGREES:#}")
            }
        };
        text.push('\n');
        for more in shown {
            text.push_str(&format!("{:name$}{GAP}{FAINT}{more}{FAINT:#}\n", "", name = self.name));
        }
        text
    }

    fn line(&self, name: &str, shows: &str, seconds: &str, speed_up: &str, agree: &str) -> String {
        let (name_width, shows_width) = (self.name, self.shows);
        format!(
            "{name:name_width$}{GAP}{shows:shows_width$}{GAP}{seconds:>SECONDS$}{GAP}{speed_up:>SPEED_UP$}{GAP}{agree}"
        )
    }
}

/// The times of Python beside ours.
pub fn python_table(run: &PythonRun, outcomes: &[Outcome], n_rows: usize) -> String {
    let name_width = outcomes.iter().map(|outcome| outcome.section.name.width()).max().unwrap_or_default();
    let pandas =
        run.pandas.as_ref().map_or("without pandas".to_owned(), |version| format!("with pandas {version}"));
    let mut text = format!(
        "\n{HEADER}Python {} {pandas}{HEADER:#}\n{HEADER}{:name_width$}{GAP}{:>SECONDS$}{GAP}{:>13}{GAP}{:>11}{GAP}{:>14}{HEADER:#}\n",
        run.version, "section", "parrow", "python loop", "python pool", "slower per row"
    );
    let mut any_fewer = false;
    for outcome in outcomes {
        let name = outcome.section.name;
        let Some(twin) = run.twin(outcome.section.key) else {
            text.push_str(&format!(
                "{name:name_width$}{GAP}{FAINT}left out: it needs pandas, which is not there{FAINT:#}\n"
            ));
            continue;
        };
        let note =
            if twin.n_rows == n_rows { String::new() } else { format!("  on {} rows", grouped(twin.n_rows)) };
        any_fewer |= !note.is_empty();
        text.push_str(&format!(
            "{name:name_width$}{GAP}{:>SECONDS$}{GAP}{:>13}{GAP}{:>11}{GAP}{:>14}{note}\n",
            three_digits(outcome.timing.seconds),
            three_digits(twin.serial_seconds),
            three_digits(twin.seconds),
            times(twin.times_slower(outcome.timing.seconds, n_rows)),
        ));
    }
    if any_fewer {
        text.push_str("Seconds as measured, on fewer rows where Python's would take long; the last column is for a row.\n");
    }
    text
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
