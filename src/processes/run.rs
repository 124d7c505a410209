//! Commands, some at a time, and what came of them, in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Instant, SystemTime};

use crate::error::{Error, ErrorKind, Result};

use super::finished::{Ending, Finished};
use super::job_log::JobLog;
use super::options::{Halt, Order, ProcessOptions};
use super::supervise::{Limits, supervise};

/// How many commands there were, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// All that were given.
    pub n_commands: usize,
    /// Those that the job log had as finished, and that were not run.
    pub n_left_out: usize,
    /// Those that ended with exit code 0.
    pub n_succeeded: usize,
    /// Those that failed: another exit code, a signal, the time limit, too much output.
    pub n_failed: usize,
    /// Those that were ended because another one had failed.
    pub n_stopped: usize,
    /// Those that were not started because another one had failed.
    pub n_unstarted: usize,
}

/// Runs the commands, and gives what came of each, in the order of the commands or as they finished.
///
/// A command that fails is a value among the others ([`Finished::succeeded`]). Commands that were not started
/// ([`Halt::OnError`]) and commands that the job log has as finished are missing; no commands give no values.
///
/// # Errors
/// [`Cancelled`](crate::ErrorKind::Cancelled) when the run was cancelled before every command had ended by itself, and what
/// the job log's file says.
///
/// # Example
/// ```
/// use parrow::processes::{ProcessOptions, run};
///
/// let finished = run(["echo a", "echo b", "echo c"], &ProcessOptions::default())?;
/// let stdout: Vec<_> = finished.iter().map(|finished| finished.stdout.trim_ascii()).collect();
/// assert_eq!(stdout, [b"a", b"b", b"c"]);
/// # Ok::<(), parrow::Error>(())
/// ```
pub fn run<S: Into<String>>(
    commands: impl IntoIterator<Item = S>,
    options: &ProcessOptions,
) -> Result<Vec<Finished>> {
    let mut all = Vec::new();
    run_each(commands, options, |finished| {
        all.push(finished);
        Ok(())
    })?;
    Ok(all)
}

/// Runs the commands, and hands over what came of each as soon as it is its turn, on the calling thread.
///
/// What had been running when the run is stopped is handed over too, with what it had written until then. An error of
/// `each` stops the run, and is given back.
///
/// # Errors
/// As [`run`], and those of `each`.
///
/// # Panics
/// When `each` does; commands that are running are ended before.
pub fn run_each<S: Into<String>>(
    commands: impl IntoIterator<Item = S>,
    options: &ProcessOptions,
    mut each: impl FnMut(Finished) -> Result<()>,
) -> Result<Summary> {
    let commands: Vec<String> = commands.into_iter().map(Into::into).collect();
    let mut log = options.log().map(|log| JobLog::open(log, options.files())).transpose()?;
    let to_run: Vec<usize> = match &mut log {
        Some(log) => (0..commands.len()).filter(|index| !log.leaves_out(&commands[*index])).collect(),
        None => (0..commands.len()).collect(),
    };
    let mut summary = Summary {
        n_commands: commands.len(),
        n_left_out: commands.len() - to_run.len(),
        n_unstarted: to_run.len(),
        ..Summary::default()
    };
    let workers = Workers {
        commands: &commands,
        to_run: &to_run,
        next: AtomicUsize::new(0),
        is_stopped: AtomicBool::new(false),
        options,
    };
    if let Some(progress) = options.progress() {
        progress.begin(Some(to_run.len() as u64));
    }
    let outcome = workers.run(
        |finished| {
            summary.count(finished);
            let logged = log.as_mut().map_or(Ok(()), |log| log.append(finished));
            if let Some(progress) = options.progress() {
                progress.advance(1);
            }
            logged
        },
        &mut each,
    );
    if let Some(progress) = options.progress() {
        progress.finish();
    }
    outcome?;
    if options.is_cancelled() && summary.n_stopped + summary.n_unstarted > 0 {
        return Err(Error::new(ErrorKind::Cancelled));
    }
    Ok(summary)
}

impl Summary {
    fn count(&mut self, finished: &Finished) {
        self.n_unstarted -= 1;
        match finished.ending {
            Ending::Exited(0) => self.n_succeeded += 1,
            Ending::Stopped => self.n_stopped += 1,
            _ => self.n_failed += 1,
        }
    }
}

/// What the workers share.
struct Workers<'a> {
    commands: &'a [String],
    /// The indices of the commands to run.
    to_run: &'a [usize],
    /// How many of them have been taken.
    next: AtomicUsize,
    /// Set when another command is not to be started, and those that are running are to be ended.
    is_stopped: AtomicBool,
    options: &'a ProcessOptions,
}

impl Workers<'_> {
    /// Runs the commands. `note` hears of each as soon as it has finished, `each` when it is its turn.
    fn run(
        &self,
        mut note: impl FnMut(&Finished) -> Result<()>,
        each: &mut dyn FnMut(Finished) -> Result<()>,
    ) -> Result<()> {
        let n_workers = self.options.n_jobs().min(self.to_run.len());
        let mut turns = Turns { waiting: BTreeMap::new(), order: self.to_run.iter(), each };
        let mut outcome = Ok(());
        thread::scope(|scope| {
            // However this ends, the workers end too.
            let _stop = StopOnDrop(&self.is_stopped);
            let (results, finished) = channel();
            for _ in 0..n_workers {
                let results = results.clone();
                let worker = thread::Builder::new().name("parrow-job".to_owned());
                if let Err(error) = worker.spawn_scoped(scope, move || self.work(&results)) {
                    outcome = Err(Error::io("start a thread", error));
                    self.stop();
                    break;
                }
            }
            drop(results);
            for finished in finished {
                let mut step = note(&finished);
                if outcome.is_ok() && step.is_ok() {
                    step = match self.options.order() {
                        Order::Commands => turns.hand_over(finished),
                        Order::Finished => (turns.each)(finished),
                    };
                }
                if let Err(error) = step
                    && outcome.is_ok()
                {
                    outcome = Err(error);
                    self.stop();
                }
            }
            if outcome.is_ok() {
                outcome = turns.hand_over_rest();
            }
        });
        outcome
    }

    fn work(&self, results: &Sender<Finished>) {
        while !self.is_stopped() {
            let Some(index) = self.to_run.get(self.next.fetch_add(1, Ordering::Relaxed)) else { return };
            let finished = self.run_command(*index);
            if self.options.halt() == Halt::OnError && !finished.succeeded() {
                self.stop();
            }
            if results.send(finished).is_err() {
                return;
            }
        }
    }

    /// Runs a command until it succeeds, or has been tried often enough.
    fn run_command(&self, index: usize) -> Finished {
        let (start, clock) = (SystemTime::now(), Instant::now());
        let command = &self.commands[index];
        let limits = Limits { time: self.options.timeout(), output: self.options.max_output() };
        let mut tries = 0;
        loop {
            let last = supervise(command, &limits, || self.is_stopped());
            tries += 1;
            let is_over = matches!(last.ending, Ending::Exited(0) | Ending::Stopped);
            if is_over || tries > self.options.retries() || self.is_stopped() {
                return Finished {
                    index,
                    command: command.clone(),
                    start,
                    seconds: clock.elapsed().as_secs_f64(),
                    ending: last.ending,
                    tries,
                    stdout: last.stdout,
                    stderr: last.stderr,
                };
            }
        }
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed) || self.options.is_cancelled()
    }
}

/// Hands results over in the order of the commands.
struct Turns<'a> {
    waiting: BTreeMap<usize, Finished>,
    /// The indices of the commands whose turn has not come.
    order: std::slice::Iter<'a, usize>,
    each: &'a mut dyn FnMut(Finished) -> Result<()>,
}

impl Turns<'_> {
    fn hand_over(&mut self, finished: Finished) -> Result<()> {
        self.waiting.insert(finished.index, finished);
        while let Some(next) = self.order.as_slice().first().and_then(|index| self.waiting.remove(index)) {
            self.order.next();
            (self.each)(next)?;
        }
        Ok(())
    }

    /// Those behind a command that was not run.
    fn hand_over_rest(&mut self) -> Result<()> {
        std::mem::take(&mut self.waiting).into_values().try_for_each(&mut *self.each)
    }
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
