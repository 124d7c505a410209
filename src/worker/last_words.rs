//! What a worker writes to standard error: handed on line by line, and its end kept for messages.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// How much of it is kept for a message.
const KEPT_BYTES: usize = 2048;

/// The longest line that is waited for.
const LINE_BYTES: usize = 64 * 1024;

/// Hears what workers write to standard error, in whole lines as far as that goes.
pub(super) type StderrSink = Option<Arc<dyn Fn(&[u8]) + Send + Sync>>;

/// The end of what was written.
#[derive(Debug, Default)]
pub(super) struct LastWords(Vec<u8>);

impl LastWords {
    /// Reads `pipe` to its end, however much comes.
    pub(super) fn drain(mut pipe: impl Read, words: &Mutex<Self>, sink: &StderrSink) {
        let mut buffer = vec![0; 16 * 1024];
        let mut line: Vec<u8> = Vec::new();
        loop {
            let n_bytes = match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(n_bytes) => n_bytes,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            words.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..n_bytes]);
            let Some(sink) = sink else { continue };
            line.extend_from_slice(&buffer[..n_bytes]);
            let whole = match line.iter().rposition(|byte| *byte == b'\n') {
                Some(at) => at + 1,
                None if line.len() >= LINE_BYTES => line.len(),
                None => continue,
            };
            sink(&line[..whole]);
            line.drain(..whole);
        }
        if let (Some(sink), false) = (sink, line.is_empty()) {
            line.push(b'\n');
            sink(&line);
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT_BYTES)..]);
        let excess = self.0.len().saturating_sub(KEPT_BYTES);
        self.0.drain(..excess);
    }

    /// The last lines as text.
    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let mut lines: Vec<&str> =
            text.lines().rev().filter(|line| !line.trim().is_empty()).take(5).collect();
        lines.reverse();
        lines.join("\n")
    }
}
