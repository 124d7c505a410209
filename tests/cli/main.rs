//! Tests of the program, one module a subject.

mod commands;
mod determinism;
mod errors;
mod examples;
mod exit_codes;
mod flags;
mod formats;
mod help;
mod pipes;
mod support;
mod terminal;
