//! How much memory a run may use.

use std::fs;

use crate::table::pieces::GROWTH;

/// The default: a quarter of the machine's memory, or of what the cgroup may have where that is less.
pub(super) fn default_limit() -> u64 {
    const UNKNOWN: u64 = 4 << 30;
    in_all().unwrap_or(UNKNOWN) / 4
}

/// Whether so many bytes of files are more than stay in the system's cache until they are read once more.
pub(super) fn is_more_than_cached(n_bytes: u64) -> bool {
    /// So much has every machine, and it is not asked for less.
    const LEAST: u64 = 16 << 20;
    n_bytes > LEAST && in_all().is_some_and(|in_all| n_bytes > in_all / 4 * 3)
}

/// The memory that the machine has, or the cgroup where that is less.
fn in_all() -> Option<u64> {
    [machine(), cgroup()].into_iter().flatten().min()
}

/// The machine's memory, where the system tells it in `/proc`.
fn machine() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The least that the cgroup, or one around it, may have.
fn cgroup() -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").trim().to_owned();
    let mut folders: Vec<String> = Vec::new();
    let mut path = path.trim_end_matches('/');
    loop {
        folders.push(format!("/sys/fs/cgroup{path}/memory.max"));
        match path.rfind('/') {
            Some(at) => path = &path[..at],
            None => break,
        }
    }
    folders.push("/sys/fs/cgroup/memory/memory.limit_in_bytes".into());
    let limits = folders.iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
    limits.min()
}

/// The sizes that a run is cut into, from what it may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// The bytes of all pieces in flight, with what becomes of them.
    pub(super) in_flight: u64,
    /// The bytes of a piece.
    pub(super) piece: usize,
    /// The bytes that one row may have.
    pub(super) largest_row: usize,
    /// The rows that a piece may have.
    pub(super) most_rows: u64,
    /// The bytes of an input that cannot be read twice that are kept in memory.
    pub(super) kept: usize,
}

impl Sizes {
    /// The sizes for a limit and so many threads.
    pub(super) fn new(limit: u64, n_threads: usize, piece: Option<usize>) -> Self {
        // A piece and its columns stay in the cache of a core.
        const LARGEST_PIECE: u64 = 512 << 10;
        const SMALLEST_PIECE: u64 = 16 << 10;
        let in_flight = limit / 2;
        let pieces_at_once = (n_threads as u64 * 3 + 2) * GROWTH;
        let by_limit = (in_flight / pieces_at_once).clamp(SMALLEST_PIECE, LARGEST_PIECE);
        Self {
            in_flight,
            piece: piece.unwrap_or(by_limit as usize),
            largest_row: (limit / 4) as usize,
            most_rows: u64::MAX,
            kept: (limit / 8) as usize,
        }
    }

    /// The bytes of the pieces of an input of so many bytes: enough of them that all threads end at about the same time. Of a small
    /// input, what the pieces fill is memory that is fresh from the system, and costs more to touch than to fill.
    pub(super) fn piece_of(&self, n_bytes: Option<u64>, n_threads: usize, is_given: bool) -> usize {
        const WORTHWHILE: u64 = 64 << 10;
        match n_bytes {
            Some(n_bytes) if !is_given => {
                let share = n_bytes / (n_threads as u64 * 16);
                (share.max(WORTHWHILE) as usize).min(self.piece)
            }
            _ => self.piece,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_some_memory() {
        assert!(default_limit() >= 1 << 20, "{}", default_limit());
    }

    #[test]
    fn pieces_fit_their_number_into_the_limit() {
        let sizes = Sizes::new(512 << 20, 2, None);
        assert!(sizes.piece as u64 * GROWTH * 8 <= sizes.in_flight);
        assert_eq!(Sizes::new(512 << 20, 2, Some(3)).piece, 3);
        assert_eq!(sizes.piece_of(Some(4 << 20), 2, false), 128 << 10);
        assert_eq!(sizes.piece_of(Some(1), 2, false), 64 << 10);
        assert_eq!(sizes.piece_of(None, 2, false), sizes.piece);
    }
}
