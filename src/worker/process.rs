//! One worker: its process, and threads that write to it and read from it, so that no one waits on a full pipe.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, plain};
use crate::processes::{Process, ending};

use super::failure::{Failure, Trouble};
use super::last_words::{LastWords, StderrSink};
use super::wait::Wait;

const PIECE_BYTES: usize = 256 * 1024;

/// Pieces of an answer that are read before somebody takes them; then the worker waits.
const N_PIECES: usize = 4;

/// The most that an answer to one chunk may hold.
const MAX_ANSWER_BYTES: usize = 256 << 20;

/// How long the pipe of a worker that has ended is waited for, where something else holds it.
const HELD_PIPE: Duration = Duration::from_millis(500);

/// How long a worker that hears that there is no more to do may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// A worker that is running.
pub(super) struct WorkerProcess {
    process: Process,
    to_write: Option<SyncSender<Vec<u8>>>,
    pieces: Receiver<Vec<u8>>,
    /// What was read and not yet taken, from `taken` on.
    bytes: Vec<u8>,
    taken: usize,
    last_words: Arc<Mutex<LastWords>>,
    stderr_end: Receiver<()>,
    /// Whether it has said what it is, where it does so.
    pub(super) is_greeted: bool,
    /// How many chunks it was given.
    pub(super) n_chunks: usize,
    /// What a protocol keeps of the answers before.
    pub(super) memory: Vec<u8>,
}

impl WorkerProcess {
    /// Starts the command.
    ///
    /// # Errors
    /// [`Worker`](crate::ErrorKind::Worker) when the system does not start it.
    pub(super) fn start(mut command: Command, label: &str, stderr: StderrSink) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let refused = |error: std::io::Error| {
            Error::worker(label, format!("could not start {program}: {}", plain(&error)))
        };
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut process = Process::of(child.map_err(refused)?);
        let pipes = (process.child.stdin.take(), process.child.stdout.take(), process.child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr_pipe)) = pipes else {
            process.kill();
            return Err(Error::worker(label, format!("could not start {program}: there are no pipes")));
        };
        let (to_write, to_be_written) = sync_channel(1);
        let (read, pieces) = sync_channel(N_PIECES);
        let (at_end, stderr_end) = sync_channel(1);
        let last_words = Arc::new(Mutex::new(LastWords::default()));
        let words = Arc::clone(&last_words);
        let started = spawn(move || write_all(stdin, &to_be_written))
            .and_then(|()| spawn(move || read_all(stdout, &read)))
            .and_then(|()| {
                spawn(move || {
                    LastWords::drain(stderr_pipe, &words, &stderr);
                    drop(at_end);
                })
            });
        if let Err(error) = started {
            process.kill();
            return Err(refused(error));
        }
        Ok(Self {
            process,
            to_write: Some(to_write),
            pieces,
            bytes: Vec::new(),
            taken: 0,
            last_words,
            stderr_end,
            is_greeted: false,
            n_chunks: 0,
            memory: Vec::new(),
        })
    }

    /// The number of its process, which is that of its group.
    pub(super) fn id(&self) -> u32 {
        self.process.child.id()
    }

    /// Has this written to the worker's standard input, some time.
    pub(super) fn send(&mut self, bytes: Vec<u8>) -> Result<(), Trouble> {
        match self.to_write.as_ref().map(|to_write| to_write.try_send(bytes)) {
            Some(Err(TrySendError::Full(_))) => {
                Err(Failure::wrong("answered before it had read the rows that it was given").into())
            }
            // Whoever waits for the answer finds out how it ended.
            _ => Ok(()),
        }
    }

    /// What has come of the answer and is not yet taken.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Takes so many bytes.
    pub(super) fn take(&mut self, n_bytes: usize) -> Vec<u8> {
        let taken = self.bytes[self.taken..self.taken + n_bytes].to_vec();
        self.skip(n_bytes);
        taken
    }

    /// Passes over so many bytes.
    pub(super) fn skip(&mut self, n_bytes: usize) {
        self.taken += n_bytes;
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        }
    }

    /// Whether it has written more than was asked for.
    pub(super) fn has_more(&mut self) -> bool {
        if let Ok(piece) = self.pieces.try_recv() {
            self.bytes.extend_from_slice(&piece);
        }
        !self.unread().is_empty()
    }

    /// Waits until there are so many bytes.
    pub(super) fn need(&mut self, n_bytes: usize, wait: &Wait<'_>) -> Result<(), Trouble> {
        if n_bytes > MAX_ANSWER_BYTES {
            return Err(too_much());
        }
        while self.unread().len() < n_bytes {
            self.more(wait)?;
        }
        Ok(())
    }

    /// Waits for more of the answer.
    pub(super) fn more(&mut self, wait: &Wait<'_>) -> Result<(), Trouble> {
        if self.unread().len() >= MAX_ANSWER_BYTES {
            return Err(too_much());
        }
        let mut gone_since = None;
        loop {
            match self.pieces.recv_timeout(wait.next()?) {
                Ok(piece) => {
                    self.bytes.drain(..self.taken);
                    self.taken = 0;
                    match self.bytes.is_empty() {
                        true => self.bytes = piece,
                        false => self.bytes.extend_from_slice(&piece),
                    }
                    return Ok(());
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.end_of_output(wait)?.into()),
                Err(RecvTimeoutError::Timeout) => {
                    if matches!(self.process.child.try_wait(), Ok(Some(_))) {
                        let since: &mut Instant = gone_since.get_or_insert_with(Instant::now);
                        if since.elapsed() >= HELD_PIPE {
                            return Err(self.end_of_output(wait)?.into());
                        }
                    }
                }
            }
        }
    }

    /// Why there is no more output: the worker has ended or, when it goes on for a moment longer, closed the pipe.
    fn end_of_output(&mut self, wait: &Wait<'_>) -> Result<Failure, Trouble> {
        let deadline = Instant::now() + HELD_PIPE;
        loop {
            if let Ok(Some(status)) = self.process.child.try_wait() {
                let _ = self.stderr_end.recv_timeout(HELD_PIPE);
                let last_words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).text();
                return Ok(Failure::Ended { ending: ending(status), last_words });
            }
            if Instant::now() >= deadline {
                return Ok(Failure::Closed);
            }
            wait.next()?;
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether it has ended without being asked to, within so long.
    pub(super) fn ends_within(
        &mut self,
        patience: Duration,
        wait: &Wait<'_>,
    ) -> Result<Option<Failure>, Trouble> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if matches!(self.process.child.try_wait(), Ok(Some(_))) {
                return self.end_of_output(wait).map(Some);
            }
            thread::sleep(wait.next()?.min(Duration::from_millis(2)));
        }
        Ok(None)
    }

    /// Tells the worker that there is no more to do: its standard input ends.
    pub(super) fn close(&mut self) {
        self.to_write = None;
    }

    /// Waits until the closed worker has ended, ends it when it takes too long, and gives what it has written that nobody
    /// has asked for, or the beginning of it.
    pub(super) fn end(mut self) -> Vec<u8> {
        const KEPT_BYTES: usize = 64;
        self.close();
        let mut rest = self.unread().to_vec();
        let deadline = Instant::now() + GRACE;
        let mut pause = Duration::from_micros(200);
        loop {
            let is_there = self.process.is_there();
            while let Ok(piece) = self.pieces.try_recv() {
                rest.extend(piece.iter().take(KEPT_BYTES.saturating_sub(rest.len())));
            }
            if !is_there {
                break;
            }
            if Instant::now() >= deadline {
                self.process.end();
                break;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
        // Its last words may still be on their way through the pipe.
        while let Ok(piece) = self.pieces.recv_timeout(HELD_PIPE) {
            rest.extend(piece.iter().take(KEPT_BYTES.saturating_sub(rest.len())));
        }
        rest
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        if self.process.is_there() {
            self.process.kill();
        }
    }
}

fn too_much() -> Trouble {
    Failure::wrong(format!("answered more than {} MiB to one chunk", MAX_ANSWER_BYTES >> 20)).into()
}

fn spawn(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    thread::Builder::new().name("parrow-worker".to_owned()).spawn(work).map(drop)
}

/// Ends with the pipe, or when there is nothing more to come; then the pipe is closed.
fn write_all(mut pipe: impl Write, pieces: &Receiver<Vec<u8>>) {
    while let Ok(piece) = pieces.recv() {
        if pipe.write_all(&piece).and_then(|()| pipe.flush()).is_err() {
            return;
        }
    }
}

/// Ends with the pipe, or when nobody wants any more of it.
fn read_all(mut pipe: impl Read, pieces: &SyncSender<Vec<u8>>) {
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(n_bytes) => {
                if pieces.send(buffer[..n_bytes].to_vec()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
