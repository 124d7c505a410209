//! Independent programs in parallel. The commands are written for `sh`.

#![cfg(unix)]

mod endings;
mod job_log;
mod order;
mod outputs;

use parrow::processes::{ProcessOptions, ProcessOptionsBuilder};

fn options(with: impl FnOnce(ProcessOptionsBuilder) -> ProcessOptionsBuilder) -> ProcessOptions {
    with(ProcessOptions::builder()).build().unwrap()
}
