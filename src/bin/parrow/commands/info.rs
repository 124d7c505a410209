//! `parrow info`.

use clap::Args;

use crate::exit_code::Code;
use crate::failure::Failure;

/// Show what files hold
#[derive(Args, Debug)]
pub struct Info {}

impl Info {
    pub fn run(self) -> Result<Code, Failure> {
        Ok(Code::Done)
    }
}
