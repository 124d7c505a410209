//! `parrow generate`.

use clap::Args;

use crate::console::Console;
use crate::exit_code::Code;
use crate::failure::Failure;

/// Make a matrix
#[derive(Args, Debug)]
pub struct Generate {}

impl Generate {
    pub fn run(self, _: &Console) -> Result<Code, Failure> {
        Ok(Code::Done)
    }
}
