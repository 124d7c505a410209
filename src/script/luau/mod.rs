//! Row functions as scripts in Luau: [`Script`].
//!
//! `plan.rs` finds the function and its parameters in the script's text (`lexer.rs`, `signature.rs`, `annotation.rs`,
//! `row_use.rs`, `returns.rs`) and the columns that they name; `driver.rs` writes the loop that calls it with the rows of a batch, which
//! is compiled together with the script. A worker (`state.rs`, `prelude.luau`, `host.rs`) is a Luau state that is closed
//! off. `kernel.rs` hands it batches of rows (`input.rs`), takes their results (`collect.rs`), and goes on behind a row that
//! fails. `watchdog.rs` and `interrupt.rs` stop a row that takes too long.

mod annotation;
mod collect;
mod driver;
mod host;
mod input;
mod interrupt;
mod kernel;
mod lexer;
mod message;
mod plan;
mod raw;
mod returns;
mod row_text;
mod row_use;
mod script;
mod signature;
mod state;
mod tag;
mod watchdog;

pub use script::Script;
