//! Reads a command's outputs to their end, each on a thread of its own, so that whoever writes into them never waits.

use std::io::{self, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

const BUFFER_BYTES: usize = 64 * 1024;

/// A command's two outputs, as far as they have been read.
pub(super) struct Outputs {
    stdout: Drain,
    stderr: Drain,
    /// Nothing is ever sent: the last sender goes away with the last pipe.
    end: Receiver<()>,
}

impl Outputs {
    /// Reads the pipes of `child`, up to `max_bytes` of each.
    ///
    /// # Errors
    /// The system's, when there can be no thread.
    pub(super) fn of(child: &mut Child, max_bytes: usize) -> io::Result<Self> {
        let no_pipe = || io::Error::other("there is no pipe");
        let (at_end, end) = channel();
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let stdout = Drain::start(stdout, max_bytes, at_end.clone())?;
        let stderr = child.stderr.take().ok_or_else(no_pipe)?;
        let stderr = Drain::start(stderr, max_bytes, at_end)?;
        Ok(Self { stdout, stderr, end })
    }

    /// Waits until both have ended, for that long at most, and says whether they have.
    pub(super) fn end_within(&self, patience: Duration) -> bool {
        self.end.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }

    /// Whether one of them was cut, because there was more of it than is wanted.
    pub(super) fn are_too_much(&self) -> bool {
        lock(&self.stdout.0).is_too_much || lock(&self.stderr.0).is_too_much
    }

    /// What was read of standard output and of standard error. A thread that still reads ends when there is more to read,
    /// or the pipe ends.
    pub(super) fn take(self) -> (Vec<u8>, Vec<u8>) {
        (self.stdout.take(), self.stderr.take())
    }
}

/// What has been read of a pipe so far.
struct Drain(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// Nobody wants any more of it.
    is_over: bool,
    /// There was more of it than is wanted.
    is_too_much: bool,
}

impl Drain {
    /// Reads `pipe` until it ends, or is more than `max_bytes`; then drops `at_end`.
    fn start(pipe: impl Read + Send + 'static, max_bytes: usize, at_end: Sender<()>) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::Builder::new().name("parrow-pipe".to_owned()).spawn(move || {
            read_to_end(pipe, max_bytes, &shared);
            drop(at_end);
        })?;
        Ok(Self(state))
    }

    fn take(self) -> Vec<u8> {
        let mut state = lock(&self.0);
        state.is_over = true;
        std::mem::take(&mut state.bytes)
    }
}

fn read_to_end(mut pipe: impl Read, max_bytes: usize, state: &Mutex<State>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(n_bytes) => {
                let mut state = lock(state);
                if state.is_over {
                    return;
                }
                let n_wanted = n_bytes.min(max_bytes - state.bytes.len());
                state.bytes.extend_from_slice(&buffer[..n_wanted]);
                if n_wanted < n_bytes {
                    state.is_too_much = true;
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The other end is gone.
            Err(_) => return,
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
