//! What is particular to the system: signals, terminals, the environment. Nothing else in the program knows of them.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parrow::{CancellationToken, Error};

use super::exit_code::Code;

/// How long a run that is asked to stop may take to clean up.
const GRACE: Duration = Duration::from_secs(1);

/// How long a run of other programs may take to end them: they have a second themselves. What takes longer than this can
/// only be a reader of our output who doesn't read.
const GRACE_OF_COMMANDS: Duration = Duration::from_secs(5);

/// The width that is taken for a terminal's where it doesn't say.
const USUAL_WIDTH: usize = 100;

/// Makes the engine use this many threads, in step with ours.
///
/// Must be called before anything else runs: it changes the environment, which other threads may not read at that time.
pub fn set_engine_threads(n_threads: Option<usize>) {
    const VARIABLE: &str = "POLARS_MAX_THREADS";
    if n_threads.is_none() && std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let n_threads = n_threads.unwrap_or_else(parrow::cpu_count);
    #[allow(unsafe_code)]
    // SAFETY: the program has this one thread so far, since nothing but the arguments has been looked at.
    unsafe {
        std::env::set_var(VARIABLE, n_threads.to_string());
    }
}

/// Makes the allocator keep what is given back to it: the pieces of a run come and go by the thousand, and memory that is
/// fresh from the system costs more to touch than to fill. Measured with `count-range --only` over 200 MB of CSV on two
/// cores: 0.23 s instead of 0.45.
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const LARGE: libc::c_int = 16 << 20;
        const KEPT: libc::c_int = 64 << 20;
        #[allow(unsafe_code)]
        // SAFETY: two numbers of the allocator are set, which may be done at any time.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        }
    }
}

/// The folder that paths are told from.
pub fn folder() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|error| Error::io("find the current folder", error))
}

/// Lets paths be told from another folder.
pub fn enter(folder: &Path) -> Result<(), Error> {
    std::env::set_current_dir(folder)
        .map_err(|error| Error::io("enter the folder of the run", error).in_file(folder))
}

/// What the program was started with.
pub fn arguments() -> Vec<String> {
    std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// A token that Ctrl-C and the system's requests to end cancel. A second request ends the program at once, and so does a
/// run that goes on for longer than a second.
pub fn interrupts() -> CancellationToken {
    let token = CancellationToken::new();
    let to_cancel = token.clone();
    // Without a handler the system ends the program: nothing lost but the clean-up.
    let _ = ctrlc::set_handler(move || {
        if to_cancel.is_cancelled() {
            std::process::exit(Code::Interrupted as i32);
        }
        to_cancel.cancel();
        exit_after(GRACE);
    });
    token
}

/// A token that Ctrl-C and the system's requests to end cancel, for a run of other programs, which takes a moment to end
/// them. A second request changes nothing, for it would leave them behind.
pub fn interrupts_of_commands() -> CancellationToken {
    let token = CancellationToken::new();
    let to_cancel = token.clone();
    // Without a handler the system ends the program, and the commands go on.
    let _ = ctrlc::set_handler(move || {
        if to_cancel.is_cancelled() {
            return;
        }
        to_cancel.cancel();
        exit_after(GRACE_OF_COMMANDS);
    });
    token
}

/// Ends the program when that time is over, unless it has ended by itself.
fn exit_after(grace: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(grace);
        std::process::exit(Code::Interrupted as i32);
    });
}

/// The memory that the program has now, where the system tells it in `/proc`.
pub fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Whether a person types what comes from standard input.
pub fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether a person reads what goes to standard output.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether a person reads what goes to standard error.
pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// How many characters fit on a line of standard output.
pub fn stdout_width() -> usize {
    match stdout_is_terminal() {
        true => terminal_size::terminal_size_of(std::io::stdout())
            .map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0)),
        false => USUAL_WIDTH,
    }
}
