//! How fast memory and files are here.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The bytes that are summed: more than caches hold.
const MEMORY_BYTES: usize = 128 << 20;

/// The bytes of a file that are read.
const FILE_BYTES: usize = 64 << 20;

/// The bytes that are read at a time: what fits into a cache.
const BLOCK_BYTES: usize = 256 << 10;

/// How fast memory and files are here, in bytes a second.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Machine {
    /// Summing memory that no cache holds, on all threads of a run.
    pub memory: f64,
    /// The same on one thread.
    pub memory_of_one: f64,
    /// How long it took to find out.
    pub took: Duration,
    /// Reading the first bytes of an input again, on one thread: the page cache, where it holds them.
    pub file: Option<f64>,
}

impl Machine {
    /// Measures it, with so many threads: about a tenth of a second.
    pub fn measure(n_threads: usize, file: Option<&Path>) -> Self {
        let start = Instant::now();
        let numbers: Vec<u64> = (0..(MEMORY_BYTES / size_of::<u64>()) as u64).collect();
        let memory_of_one = sum_rate(&numbers, 1);
        let memory =
            if n_threads > 1 { sum_rate(&numbers, n_threads).max(memory_of_one) } else { memory_of_one };
        let file = file.and_then(read_rate);
        Self { memory, memory_of_one, took: start.elapsed(), file }
    }
}

/// The better of two tries: the first may find the processor asleep.
fn sum_rate(numbers: &[u64], n_threads: usize) -> f64 {
    let part = numbers.len().div_ceil(n_threads).max(1);
    let seconds = (0..2).map(|_| {
        let start = Instant::now();
        let sum = thread::scope(|threads| {
            let sums = numbers.chunks(part).map(|part| {
                threads.spawn(move || part.iter().fold(0_u64, |sum, number| sum.wrapping_add(*number)))
            });
            let sums: Vec<_> = sums.collect();
            sums.into_iter().map(|sum| sum.join().unwrap_or_default()).fold(0, u64::wrapping_add)
        });
        std::hint::black_box(sum);
        start.elapsed().as_secs_f64()
    });
    size_of_val(numbers) as f64 / seconds.fold(f64::INFINITY, f64::min).max(1e-9)
}

fn read_rate(path: &Path) -> Option<f64> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut file = File::open(path).ok()?.take(FILE_BYTES as u64);
    let mut block = vec![0; BLOCK_BYTES];
    let (start, mut n_bytes) = (Instant::now(), 0);
    loop {
        match file.read(&mut block).ok()? {
            0 => break,
            n => n_bytes += n,
        }
    }
    // Of a few bytes nothing can be said.
    (n_bytes >= BLOCK_BYTES).then(|| n_bytes as f64 / start.elapsed().as_secs_f64().max(1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_faster_than_a_disk_of_rust_and_slower_than_light() {
        let machine = Machine::measure(2, None);
        assert!(machine.memory >= machine.memory_of_one);
        assert!((1e8..1e13).contains(&machine.memory_of_one), "{machine:?}");
        assert_eq!(machine.file, None);
    }
}
