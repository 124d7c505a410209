//! [`Section`]: a part of the tutorial; [`Outcome`]: what came of it.

use parrow::Result;

use super::clock::Timing;
use super::lesson::Lesson;

/// A part of the tutorial.
#[derive(Clone, Copy)]
pub struct Section {
    /// What its code is marked with, in Rust and in Python.
    pub key: &'static str,
    pub name: &'static str,
    /// What it shows, in a sentence.
    pub shows: fn(&Lesson, &Timing) -> String,
    /// Times its two forms and compares what they give.
    pub run: fn(&Lesson) -> Result<Timing>,
}

/// What came of a section.
pub struct Outcome {
    pub section: Section,
    pub shows: String,
    pub timing: Timing,
}

impl Section {
    /// Runs both forms.
    pub fn run(self, lesson: &Lesson) -> Result<Outcome> {
        let timing = (self.run)(lesson)?;
        Ok(Outcome { section: self, shows: (self.shows)(lesson, &timing), timing })
    }
}
