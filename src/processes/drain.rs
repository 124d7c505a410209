//! Reads a pipe to its end on a thread of its own, so that whoever writes into it never waits.

use std::io::{self, Read};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

const BUFFER_BYTES: usize = 64 * 1024;

/// What has been read of a pipe so far.
pub(super) struct Drain(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// Nobody wants any more of it.
    is_taken: bool,
}

impl Drain {
    /// Reads `pipe` until it ends. Then `at_end` is dropped.
    ///
    /// # Errors
    /// The system's, when there can be no thread.
    pub(super) fn start(pipe: impl Read + Send + 'static, at_end: Sender<()>) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::Builder::new().name("parrow-pipe".to_owned()).spawn(move || {
            read_to_end(pipe, &shared);
            drop(at_end);
        })?;
        Ok(Self(state))
    }

    /// What was read. The thread ends when it reads more, or the pipe ends.
    pub(super) fn take(self) -> Vec<u8> {
        let mut state = lock(&self.0);
        state.is_taken = true;
        std::mem::take(&mut state.bytes)
    }
}

fn read_to_end(mut pipe: impl Read, state: &Mutex<State>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(n_bytes) => {
                let mut state = lock(state);
                if state.is_taken {
                    return;
                }
                state.bytes.extend_from_slice(&buffer[..n_bytes]);
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
