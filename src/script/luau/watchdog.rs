//! Looks after running scripts: a row that takes too long is stopped, and so is a run that was cancelled.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mlua::{Lua, VmState};

use super::interrupt::Bell;
use crate::progress::CancellationToken;

/// What is raised in a script whose row takes too long, behind the place where it is.
pub(super) const TOO_LONG: &str = "took too long";

/// What a script may not go beyond.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Of one row, of `init` and of the script's top level.
    pub(super) row_timeout: Duration,
    /// What stops the run.
    pub(super) cancellation: Arc<Mutex<CancellationToken>>,
}

impl Limits {
    fn is_cancelled(&self) -> bool {
        self.cancellation.lock().unwrap_or_else(PoisonError::into_inner).is_cancelled()
    }
}

/// Why a script was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    TimedOut,
    Cancelled,
}

/// What is known of one worker.
#[derive(Debug)]
pub(super) struct Watched {
    limits: Limits,
    is_running: AtomicBool,
    /// Counts the calls into the worker.
    call: AtomicU64,
    /// 0, or why the script was stopped.
    stopped: AtomicU8,
    /// The row that took too long.
    stopped_in: AtomicUsize,
    bell: Mutex<Option<Bell>>,
}

impl Watched {
    /// Watches a worker; `row` says how far the call is that it is in.
    pub(super) fn new(
        lua: &Lua,
        limits: Limits,
        row: impl Fn(&Lua) -> Option<usize> + Send + 'static,
    ) -> mlua::Result<Arc<Self>> {
        let watched = Arc::new(Self {
            limits,
            is_running: AtomicBool::new(false),
            call: AtomicU64::new(0),
            stopped: AtomicU8::new(0),
            stopped_in: AtomicUsize::new(0),
            bell: Mutex::new(None),
        });
        let seen: Mutex<(u64, Option<usize>, Instant)> = Mutex::new((0, None, Instant::now()));
        let weak = Arc::downgrade(&watched);
        let bell = Bell::new(lua, move |lua| {
            let Some(watched) = weak.upgrade() else { return Ok(VmState::Continue) };
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            watched.look(&mut seen, row(lua)).map_err(|error| at_place(lua, error))
        })?;
        *watched.bell.lock().unwrap_or_else(PoisonError::into_inner) = Some(bell);
        Ok(watched)
    }

    /// Runs `call`, and says why it was stopped where it was.
    pub(super) fn run<T>(&self, call: impl FnOnce() -> T) -> (T, Option<Stopped>) {
        self.call.fetch_add(1, Ordering::Relaxed);
        self.stopped.store(0, Ordering::Relaxed);
        self.is_running.store(true, Ordering::Release);
        let returned = call();
        self.is_running.store(false, Ordering::Release);
        let stopped = match self.stopped.load(Ordering::Relaxed) {
            1 => Some(Stopped::TimedOut),
            2 => Some(Stopped::Cancelled),
            _ => None,
        };
        (returned, stopped)
    }

    /// The row in which the last call was stopped because it took too long: one that catches the error goes on all the same.
    pub(super) fn timed_out_in(&self) -> Option<usize> {
        (self.stopped.load(Ordering::Relaxed) == 1).then(|| self.stopped_in.load(Ordering::Relaxed))
    }

    /// To be called before the worker is closed.
    pub(super) fn let_go(&self) {
        self.with_bell(Bell::take_out);
    }

    fn with_bell(&self, act: impl FnOnce(&Bell)) {
        if let Some(bell) = &*self.bell.lock().unwrap_or_else(PoisonError::into_inner) {
            act(bell);
        }
    }

    fn ring(&self) {
        if self.is_running.load(Ordering::Acquire) {
            self.with_bell(Bell::ring);
        }
    }

    /// Decides whether the script may go on. `seen` is where it was the last time, and since when.
    fn look(&self, seen: &mut (u64, Option<usize>, Instant), row: Option<usize>) -> mlua::Result<VmState> {
        let call = self.call.load(Ordering::Relaxed);
        if self.limits.is_cancelled() {
            self.stopped.store(2, Ordering::Relaxed);
            return Err(mlua::Error::runtime("cancelled"));
        }
        if self.stopped.load(Ordering::Relaxed) == 0 {
            if (seen.0, seen.1) != (call, row) {
                *seen = (call, row, Instant::now());
            }
            if seen.2.elapsed() < self.limits.row_timeout {
                self.with_bell(Bell::silence);
                return Ok(VmState::Continue);
            }
            self.stopped_in.store(row.map_or(0, |done| done + 1), Ordering::Relaxed);
            self.stopped.store(1, Ordering::Relaxed);
        }
        // The bell goes on ringing, so that a script that catches this error is stopped all the same.
        Err(mlua::Error::runtime(TOO_LONG))
    }
}

/// The error, behind the script's name and the line that is being run.
fn at_place(lua: &Lua, error: mlua::Error) -> mlua::Error {
    let mlua::Error::RuntimeError(text) = &error else { return error };
    let place = (0..4).find_map(|level| {
        lua.inspect_stack(level, |frame| {
            let (line, name) = (frame.current_line()?, frame.source().short_src?.into_owned());
            (name != super::state::PRELUDE_NAME).then(|| format!("{name}:{line}"))
        })?
    });
    match place {
        Some(place) => mlua::Error::runtime(format!("{place}: {text}")),
        None => error,
    }
}

/// The thread that has the workers call back from time to time.
#[derive(Debug)]
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    limits: Limits,
}

#[derive(Debug, Default)]
struct Shared {
    workers: Mutex<(Vec<Weak<Watched>>, bool)>,
    changed: Condvar,
}

impl Watchdog {
    /// How long a worker is left alone at most.
    const PERIOD: Duration = Duration::from_millis(50);

    pub(super) fn new(limits: Limits) -> Self {
        Self { shared: Arc::default(), thread: Mutex::new(None), limits }
    }

    /// What the scripts may not go beyond.
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Looks after this worker from now on.
    pub(super) fn watch(&self, worker: &Arc<Watched>) {
        self.workers().0.push(Arc::downgrade(worker));
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let period = (self.limits.row_timeout / 8).clamp(Duration::from_millis(1), Self::PERIOD);
            let builder = std::thread::Builder::new().name("parrow-watchdog".into());
            // Without the thread nothing is stopped, and everything else is as it should be.
            *thread = builder.spawn(move || shared.patrol(period)).ok();
        }
    }

    fn workers(&self) -> std::sync::MutexGuard<'_, (Vec<Weak<Watched>>, bool)> {
        self.shared.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn patrol(&self, period: Duration) {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        while !workers.1 {
            workers.0.retain(|worker| match worker.upgrade() {
                Some(worker) => {
                    worker.ring();
                    true
                }
                None => false,
            });
            let waited = self.changed.wait_timeout(workers, period);
            workers = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.workers().1 = true;
        self.shared.changed.notify_all();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // It does nothing that panics.
            let _ = thread.join();
        }
    }
}
