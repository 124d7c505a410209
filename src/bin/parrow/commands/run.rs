//! `parrow run`: independent programs in parallel.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use parrow::processes::{Finished, Halt, Order, ProcessOptions, Summary, parse_commands, run_each};
use parrow::{Error, ErrorKind};
use serde_json::json;

use crate::args::{ConsoleArgs, HaltChoice, mebibytes, positive, seconds};
use crate::command_bar::CommandBar;
use crate::console::Console;
use crate::exit_code::Code;
use crate::failure::Failure;
use crate::system;

/// Run independent programs in parallel, and print what each one prints in order
///
/// Each command is run by the shell (sh, or cmd on Windows) with an empty standard input. What it writes to standard output
/// and standard error is held in memory and printed whole when the command is over and its turn has come. Ctrl-C, the time
/// limit and --halt end a command with all that it has started; a program that must live on leaves its group with setsid.
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  parrow run -j 3 'python3 a.py' 'python3 b.py' 'python3 c.py'
  parrow run --file commands.txt --timeout 60 --retries 2 --joblog jobs.csv
  parrow run --file commands.txt --joblog jobs.csv --resume
  ls *.gz | sed 's/.*/gzip -t \"&\"/' | parrow run --halt on-error")]
pub struct Run {
    /// Commands, each in quotes [default: from standard input, one a line]
    #[arg(value_name = "COMMAND")]
    commands: Vec<String>,

    /// Read commands from this file, one a line, or from standard input (-); empty lines and lines that begin with # are none
    #[arg(short, long, value_name = "FILE", conflicts_with = "commands")]
    file: Option<PathBuf>,

    #[command(flatten)]
    how: HowArgs,

    #[command(flatten)]
    pub console: ConsoleArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Running")]
struct HowArgs {
    /// Run N commands at a time [default: one a core]
    #[arg(short, long, value_name = "N", value_parser = positive)]
    jobs: Option<usize>,

    /// Print in the order of the commands; this is the default
    #[arg(long, overrides_with = "no_keep_order")]
    keep_order: bool,

    /// Print as the commands finish
    #[arg(long, visible_alias = "unordered", overrides_with = "keep_order")]
    no_keep_order: bool,

    /// End a command that takes longer; it has failed, with exit code 124
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Try a command that fails again, N times at most
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,

    /// End a command that writes more than this to one of its outputs, which are held in memory; it has failed, with exit
    /// code 141
    #[arg(long, value_name = "MIB", default_value = "256", value_parser = mebibytes)]
    max_output: usize,

    /// What a command that fails does to the others
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    halt: HaltChoice,

    /// Write what was done to this CSV file as it goes: command, start, seconds, exit code, tries
    #[arg(long, visible_alias = "job-log", value_name = "FILE")]
    joblog: Option<PathBuf>,

    /// Run only what has not finished with exit code 0 by the job log, whatever its place, and go on with the log
    #[arg(long, requires = "joblog")]
    resume: bool,
}

impl Run {
    pub fn run(self, console: &Console) -> Result<Code, Failure> {
        let commands = self.commands()?;
        if commands.is_empty() {
            let message =
                "there are none to run; give them in quotes, or one a line in --file or on standard input";
            return Err(Error::invalid_option("commands", message).into());
        }
        let bar = CommandBar::new(console);
        let options = self.how.options(&bar)?;
        let n_commands = commands.len();
        let mut n_over = 0;
        let outcome = run_each(commands, &options, |finished| {
            n_over += usize::from(!finished.is_stopped());
            bar.suspend(|| print(&finished, console))
        });
        let summary = outcome.map_err(|error| match error.kind() {
            ErrorKind::Cancelled => Failure::Interrupted(format!(
                "interrupted when {n_over} of {n_commands} commands had ended; none is left running"
            )),
            _ => error.into(),
        })?;
        report(&summary, console);
        Ok(if summary.n_failed == 0 { Code::Done } else { Code::Failed })
    }

    /// Reads the commands before anything else: until then Ctrl-C ends the program at once.
    fn commands(&self) -> Result<Vec<String>, Error> {
        let stdin = Path::new("standard input");
        let (text, name) = match &self.file {
            _ if !self.commands.is_empty() => return Ok(self.commands.clone()),
            Some(path) if path != Path::new("-") => (std::fs::read(path), path.as_path()),
            None if system::stdin_is_terminal() => return Ok(Vec::new()),
            _ => {
                let mut text = Vec::new();
                (io::stdin().lock().read_to_end(&mut text).map(|_| text), stdin)
            }
        };
        text.map_err(|error| Error::io("read", error))
            .and_then(|text| parse_commands(&text))
            .map_err(|error| error.in_file(name))
    }
}

impl HowArgs {
    fn options(&self, bar: &CommandBar) -> Result<ProcessOptions, Error> {
        let mut options = ProcessOptions::builder()
            .retries(self.retries)
            .max_output(self.max_output)
            .halt(self.halt.into())
            .order(if self.no_keep_order { Order::Finished } else { Order::Commands })
            .progress(bar.watcher())
            .cancellation(system::interrupts_of_commands());
        if let Some(n_jobs) = self.jobs {
            options = options.jobs(n_jobs);
        }
        if let Some(timeout) = self.timeout {
            options = options.timeout(timeout);
        }
        match &self.joblog {
            Some(path) if self.resume => options.resume(path),
            Some(path) => options.job_log(path),
            None => options,
        }
        .build()
    }
}

impl From<HaltChoice> for Halt {
    fn from(choice: HaltChoice) -> Self {
        match choice {
            HaltChoice::Never => Self::Never,
            HaltChoice::OnError => Self::OnError,
        }
    }
}

/// Prints what a command printed, byte by byte.
fn print(finished: &Finished, console: &Console) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(&finished.stdout).and_then(|()| stdout.flush());
    written.map_err(|error| Error::io("write", error).in_file("standard output"))?;
    // Without anybody who reads complaints there is nobody to complain to.
    let _ = io::stderr().lock().write_all(&finished.stderr);
    if !finished.succeeded() && !finished.is_stopped() {
        let tries = match finished.tries {
            1 => String::new(),
            n => format!(", {n} tries"),
        };
        let number = finished.index + 1;
        console.warn(&format!(
            "command {number} ({}): {}{tries}",
            shortened(&finished.command),
            finished.ending
        ));
    }
    Ok(())
}

/// As much of a command as tells which one it is, on one line.
fn shortened(command: &str) -> String {
    const SHOWN: usize = 60;
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut text: String = command.chars().take(SHOWN).map(plain).collect();
    if command.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}

fn report(summary: &Summary, console: &Console) {
    if summary.n_failed > 0 {
        let mut text = format!("{} of {} commands failed", summary.n_failed, summary.n_commands);
        for (n, what) in [
            (summary.n_stopped, "stopped with them"),
            (summary.n_unstarted, "not started"),
            (summary.n_left_out, "finished before"),
        ] {
            if n > 0 {
                text.push_str(&format!("; {n} {what}"));
            }
        }
        console.warn(&text);
    } else if summary.n_left_out > 0 {
        console
            .note(&format!("{} of {} commands had finished before", summary.n_left_out, summary.n_commands));
    }
    console.json_line(&json!({
        "commands": summary.n_commands,
        "succeeded": summary.n_succeeded,
        "failed": summary.n_failed,
        "stopped": summary.n_stopped,
        "not_started": summary.n_unstarted,
        "finished_before": summary.n_left_out,
    }));
}
