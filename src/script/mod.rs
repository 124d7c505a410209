//! Row functions written as text: [`SqlExpressions`] and, to choose rows, [`SqlPredicate`], in SQL; [`Script`] in Luau.
//!
//! A SQL text becomes a chunk kernel like any other function. What it computes is the engine's own SQL, save for two things:
//! an expression must look at one row at a time, and integer arithmetic never wraps.

mod arithmetic;
mod checked;
mod kernel;
mod luau;
mod message;
mod numbers;
mod operators;
mod plan;
mod sql;
mod ticks;

pub use luau::Script;
pub use sql::{SqlExpressions, SqlPredicate};
