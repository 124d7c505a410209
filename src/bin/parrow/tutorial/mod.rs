//! The classic tutorial on parallel processing, each section in its serial and its parallel form: run, compared, timed,
//! and shown as a table, as JSON and as a page.
//!
//! The code that the page shows is the code that runs: it is cut out of the sections' own files.

mod clock;
mod code;
mod json;
mod lesson;
mod page;
mod python;
mod scaling;
mod section;
mod sections;
mod table;

pub use json::to_json;
pub use lesson::Lesson;
pub use page::Page;
pub use python::{Python, PythonRun};
pub use scaling::scaling;
pub use section::{Outcome, Section};
pub use sections::all;
pub use table::{Table, python_table};
