//! What has been read of a file that the system's cache cannot hold, and is not read again.
//!
//! Once the memory is full, the system looks for pages to give up each time it reads others, and takes about as long for that as
//! for the reading: of 20 GB on a machine with 23 GB, two thirds of the time that the system took. Where it is told which pages
//! are not needed any more it has nothing to look for, and what other programs have in the cache stays there.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much is given up at a time.
const STEP: u64 = 64 << 20;

/// The pages of a file behind the place that is read, which the system need not keep.
#[derive(Debug, Default)]
pub(crate) struct ReadBehind {
    is_on: AtomicBool,
    /// Up to where they have been given up.
    given_up: AtomicU64,
}

impl ReadBehind {
    /// What is kept behind the place that is read: pieces that are in flight, which may be read later than they were cut.
    pub(crate) const KEPT: u64 = 256 << 20;

    /// Has pages given up from now on.
    pub(crate) fn turn_on(&self) {
        self.is_on.store(true, Ordering::Relaxed);
    }

    /// Says that a file has been read up to an offset, from front to back.
    pub(crate) fn passed(&self, file: &File, offset: u64) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        let given_up = self.given_up.load(Ordering::Relaxed);
        if let Some((from, to)) = next_step(given_up, offset) {
            give_up(file, from, to);
            self.given_up.store(to, Ordering::Relaxed);
        } else if offset < given_up {
            // It is read once more from an earlier place on.
            self.given_up.store(offset, Ordering::Relaxed);
        }
    }
}

/// What is to be given up next, when it is as much as a step.
fn next_step(given_up: u64, offset: u64) -> Option<(u64, u64)> {
    let to = offset.saturating_sub(ReadBehind::KEPT) / STEP * STEP;
    (to > given_up).then_some((given_up, to))
}

#[cfg(target_os = "linux")]
fn give_up(file: &File, from: u64, to: u64) {
    use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

    // A group of pages that reaches over the last border was kept as a whole.
    let from = from.saturating_sub(STEP / 8);
    let (Ok(start), Ok(len)) = (i64::try_from(from), i64::try_from(to - from)) else { return };
    // It is advice: where it is not taken, the pages stay, and nothing else is different.
    let _ = posix_fadvise(file, start, len, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
}

#[cfg(not(target_os = "linux"))]
fn give_up(_file: &File, _from: u64, _to: u64) {}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: u64 = ReadBehind::KEPT;

    #[test]
    fn steps_follow_one_another_at_a_distance() {
        let (mut given_up, mut steps) = (0, Vec::new());
        for offset in (0..KEPT + 4 * STEP).step_by(5 << 20) {
            if let Some((from, to)) = next_step(given_up, offset) {
                assert!(to + KEPT <= offset);
                steps.push((from, to));
                given_up = to;
            }
        }
        assert_eq!(steps, (0..3).map(|n| (n * STEP, (n + 1) * STEP)).collect::<Vec<_>>());
    }

    #[test]
    fn a_second_pass_begins_anew() {
        let file = tempfile::tempfile().unwrap();
        let behind = ReadBehind::default();
        behind.passed(&file, 2 * KEPT);
        assert_eq!(behind.given_up.load(Ordering::Relaxed), 0, "it is off");
        behind.turn_on();
        behind.passed(&file, 2 * KEPT);
        assert_eq!(behind.given_up.load(Ordering::Relaxed), KEPT);
        behind.passed(&file, STEP);
        assert_eq!(behind.given_up.load(Ordering::Relaxed), STEP);
        behind.passed(&file, KEPT + 2 * STEP);
        assert_eq!(behind.given_up.load(Ordering::Relaxed), 2 * STEP);
    }
}
