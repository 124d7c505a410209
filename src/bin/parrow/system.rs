//! What is particular to the system: signals, terminals, the environment. Nothing else in the program knows of them.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use parrow::{CancellationToken, Error, Files};

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
///
/// It keeps so much for each thread: of a run that may use little, less.
pub fn keep_memory(limit: Option<usize>) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const LEAST: usize = 1 << 20;
        let share = |most: usize, parts: usize| {
            limit.map_or(most, |limit| (limit / parts).clamp(LEAST, most)) as libc::c_int
        };
        let (large, kept) = (share(16 << 20, 32), share(64 << 20, 16));
        #[allow(unsafe_code)]
        // SAFETY: two numbers of the allocator are set, which may be done at any time.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, large);
            libc::mallopt(libc::M_TRIM_THRESHOLD, kept);
        }
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = limit;
}

/// Lets the program have as many files open as the system allows it: each input of a pattern is one.
pub fn raise_open_files() {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        const MOST: u64 = 1 << 20;
        if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
            && soft < hard.min(MOST)
        {
            // Where it is refused, the first file too many says so.
            let _ = setrlimit(Resource::RLIMIT_NOFILE, hard.min(MOST), hard);
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

/// The first signal that asked the program to end; 0 as long as none has.
static ASKED_BY: AtomicI32 = AtomicI32::new(0);

/// A token that Ctrl-C, a hang-up and requests of the system to end cancel. A second one ends the program at once, and so
/// does a run that goes on for longer than a second: then the temporary files of the run are removed here.
pub fn interrupts(files: &Files) -> CancellationToken {
    let token = CancellationToken::new();
    let (to_cancel, files) = (token.clone(), files.clone());
    on_requests(move || {
        if to_cancel.is_cancelled() {
            files.abandon();
            end_now();
        }
        to_cancel.cancel();
        let files = files.clone();
        std::thread::spawn(move || {
            std::thread::sleep(GRACE);
            files.abandon();
            end_now();
        });
    });
    token
}

/// The same for a run of other programs, which takes a moment to end them. A second request changes nothing, for it would
/// leave them behind.
pub fn interrupts_of_commands() -> CancellationToken {
    let token = CancellationToken::new();
    let to_cancel = token.clone();
    on_requests(move || {
        if to_cancel.is_cancelled() {
            return;
        }
        to_cancel.cancel();
        std::thread::spawn(|| {
            std::thread::sleep(GRACE_OF_COMMANDS);
            end_now();
        });
    });
    token
}

/// The exit code of a program that was asked to end: as shells have it, 128 and the number of the signal.
pub fn code_of_interruption() -> Code {
    match ASKED_BY.load(Ordering::Relaxed) {
        HANG_UP => Code::HungUp,
        TERMINATE => Code::Terminated,
        _ => Code::Interrupted,
    }
}

fn end_now() -> ! {
    std::process::exit(code_of_interruption() as i32)
}

const HANG_UP: i32 = 1;
const INTERRUPT: i32 = 2;
const TERMINATE: i32 = 15;

/// Calls a function, on a thread of its own, each time somebody asks the program to end. Without a handler the system ends
/// it: nothing lost but the clean-up.
#[cfg(unix)]
fn on_requests(call: impl Fn() + Send + 'static) {
    // What the program's parent had it ignore (`nohup`, `&` in a script) stays so.
    let ignored = ignored_signals();
    let wanted =
        [HANG_UP, INTERRUPT, TERMINATE].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else { return };
    let waits = move || {
        for signal in signals.forever() {
            let _ = ASKED_BY.compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed);
            call();
        }
    };
    let _ = std::thread::Builder::new().name("parrow-signals".to_owned()).spawn(waits);
    // A file that would grow beyond the limit of the shell is an error of the write, and not the end of the program.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// The same where there is Ctrl-C alone.
#[cfg(not(unix))]
fn on_requests(call: impl Fn() + Send + 'static) {
    let _ = ctrlc::set_handler(move || {
        let _ = ASKED_BY.compare_exchange(0, INTERRUPT, Ordering::Relaxed, Ordering::Relaxed);
        call();
    });
}

/// The memory that the program has now, where the system tells it in `/proc`.
pub fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The signals that are ignored, a bit each from the lowest one on, where the system tells.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
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
