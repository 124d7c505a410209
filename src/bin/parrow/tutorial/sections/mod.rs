//! The sections, a file for each group of them, in the order of the tutorial.

mod asynchronous;
mod exercises;
mod frames;
mod loops;
mod synchronous;

use super::section::Section;

/// Every section.
pub fn all() -> impl Iterator<Item = Section> {
    [loops::SECTIONS, synchronous::SECTIONS, asynchronous::SECTIONS, frames::SECTIONS, exercises::SECTIONS]
        .into_iter()
        .flatten()
        .copied()
}

/// The text of the files that the sections are in.
pub const SOURCES: [&str; 5] = [
    include_str!("loops.rs"),
    include_str!("synchronous.rs"),
    include_str!("asynchronous.rs"),
    include_str!("frames.rs"),
    include_str!("exercises.rs"),
];
