//! How a command scales: run over numbers of threads and rows, in turns, and shown as a table, a chart and a page; and
//! predicted for more cores than there are.
//!
//! ```text
//! subject     the command that is run, checked before the first run
//! measure     its runs, each a process of its own, whose report says what it took
//! simulation  the same pipeline, played through with the measured costs on any number of cores
//! forecast    what that predicts, and what would stop the command from scaling
//! chart       the curve as plain text
//! page        all of it as a page
//! ```

mod chart;
mod forecast;
mod json;
mod measure;
mod page;
mod simulation;
mod subject;
mod table;

pub use chart::chart;
pub use forecast::Forecast;
pub use json::to_json;
pub use measure::{Plan, measure};
pub use page::{measured_curves, to_html, to_svg};
pub use subject::Subject;
pub use table::{by_rows, forecast_table, table};
