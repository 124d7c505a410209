//! The program `parrow`: row functions over files, on every core.

#![allow(unreachable_pub, reason = "nothing of a program is reachable from outside")]

mod args;
mod bench;
mod command_bar;
mod commands;
mod console;
mod execute;
mod exit_code;
mod failure;
mod output;
mod page;
mod progress_bar;
mod report;
mod settings;
mod system;
mod table_view;
mod tutorial;

use std::process::ExitCode;

use args::Arguments;

fn main() -> ExitCode {
    let arguments = match Arguments::parse() {
        Ok(arguments) => arguments,
        Err(answer) => return exit_code::of_parser(&answer),
    };
    // The engine reads its number of threads once, so it must be told before anything calls it.
    if arguments.needs_engine() {
        system::set_engine_threads(arguments.n_threads());
    }
    system::keep_memory(None);
    system::raise_open_files();
    let console = arguments.console();
    let outcome = failure::without_panics(|| arguments.run(&console));
    match outcome {
        Ok(code) => code.into(),
        Err(failure) => console.report(&failure).into(),
    }
}
