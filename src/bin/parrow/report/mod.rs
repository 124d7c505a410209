//! The report of a run, for people and programs: text, JSON, and a page.

mod json;
mod page;
mod reporter;

pub use reporter::Reporter;
