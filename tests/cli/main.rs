//! Tests of the program, one module a subject.

#![allow(unreachable_pub, reason = "nothing of a test binary is reachable from outside")]

mod bench;
mod browser;
mod commands;
mod determinism;
mod errors;
mod examples;
mod exit_codes;
mod faults;
mod flags;
mod formats;
mod help;
mod luau;
mod memory;
mod peers;
mod pipes;
mod report;
mod run;
#[path = "../support/signalled.rs"]
mod signalled;
mod stream;
mod support;
mod terminal;
mod tutorial;
mod tutorial_page;
mod worker;
