//! `parrow completions`: completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::output;

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow completions bash > ~/.local/share/bash-completion/completions/parrow
  parrow completions zsh > ~/.zfunc/_parrow
  parrow completions fish > ~/.config/fish/completions/parrow.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<Code, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::grammar(), "parrow", &mut script);
        output::print(&String::from_utf8_lossy(&script))?;
        Ok(Code::Done)
    }
}
