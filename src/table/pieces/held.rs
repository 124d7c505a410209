//! The first bytes of what can be read once.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bytes::Unpacked;

/// Something that can be read once, of which anybody may look at the first bytes before.
pub(super) struct HeldBytes(Mutex<Held>);

/// What has been read of it, and the rest.
pub(super) struct Held {
    /// The first bytes, as many as somebody has looked at.
    pub(super) bytes: Arc<Vec<u8>>,
    /// How many of them are kept at most.
    most: usize,
    /// What is behind them; `None` once there is nothing more, and once it is read.
    pub(super) rest: Option<Unpacked>,
    /// Whether the bytes are all there are.
    is_whole: bool,
    /// Why no more can be read.
    failure: Option<io::Error>,
}

impl Held {
    /// The first bytes of an input and the rest of it, of which up to `most` bytes may be kept.
    #[allow(clippy::new_ret_no_self, reason = "nobody has it but behind a lock")]
    pub(super) fn new(bytes: Vec<u8>, rest: Unpacked, most: usize) -> Arc<HeldBytes> {
        let bytes = Arc::new(bytes);
        let held = Self { bytes, most, rest: Some(rest), is_whole: false, failure: None };
        Arc::new(HeldBytes(Mutex::new(held)))
    }

    /// All bytes, where they are known to be all.
    pub(super) fn whole(&self) -> Option<Arc<Vec<u8>>> {
        self.is_whole.then(|| Arc::clone(&self.bytes))
    }

    /// How many bytes are kept at most.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Reads on until so many bytes are there, as far as they are kept.
    fn reach(&mut self, n_bytes: usize) {
        let missing = n_bytes.min(self.most).saturating_sub(self.bytes.len());
        let Some(rest) = self.rest.as_mut().filter(|_| missing > 0 && self.failure.is_none()) else { return };
        match rest.take(missing as u64).read_to_end(Arc::make_mut(&mut self.bytes)) {
            Ok(n_read) if n_read < missing => {
                self.is_whole = true;
                self.rest = None;
            }
            Ok(_) => {}
            Err(failure) => self.failure = Some(failure),
        }
    }
}

impl HeldBytes {
    pub(super) fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first bytes once more, from the first on.
pub(super) struct Sample {
    pub(super) held: Arc<HeldBytes>,
    pub(super) position: usize,
}

impl Read for Sample {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut held = self.held.lock();
        if held.bytes.len() <= self.position {
            held.reach(self.position + into.len());
        }
        let behind = held.bytes.get(self.position..).unwrap_or_default();
        let n_bytes = behind.len().min(into.len());
        into[..n_bytes].copy_from_slice(&behind[..n_bytes]);
        if n_bytes == 0
            && !into.is_empty()
            && let Some(failure) = held.failure.take()
        {
            return Err(failure);
        }
        self.position += n_bytes;
        Ok(n_bytes)
    }
}

/// Bytes that are shared.
pub(super) struct SharedBytes(pub(super) Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
