//! `parrow man`: the manual page.

use clap::Args;
use clap_mangen::Man as Page;
use parrow::Error;

use crate::args::Arguments;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::output;

/// Print the manual page
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow man | man -l -
  parrow man > ~/.local/share/man/man1/parrow.1")]
pub struct Man {}

impl Man {
    pub fn run(self) -> Result<Code, Failure> {
        let mut grammar = Arguments::grammar();
        grammar.build();
        let mut page = Vec::new();
        let rendered = Page::new(grammar.clone()).render(&mut page).and_then(|()| {
            grammar.get_subcommands().try_for_each(|command| Page::new(command.clone()).render(&mut page))
        });
        rendered.map_err(|error| Error::io("write", error))?;
        output::print(&String::from_utf8_lossy(&page))?;
        Ok(Code::Done)
    }
}
