//! In which order results come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parrow::Progress;
use parrow::processes::{Order, run};

use super::options;

#[test]
fn results_come_in_the_order_of_the_commands() {
    // Later commands are over sooner.
    let commands: Vec<String> = (0..8).map(|index| format!("sleep 0.{}; echo {index}", 8 - index)).collect();
    for n_jobs in [1, 3, 8, 100] {
        let commands = if n_jobs < 8 { &commands[5..] } else { &commands[..] };
        let finished = run(commands, &options(|options| options.jobs(n_jobs))).unwrap();
        assert_eq!(finished.len(), commands.len());
        for (index, (finished, command)) in finished.iter().zip(commands).enumerate() {
            assert_eq!((finished.index, &finished.command), (index, command));
            assert_eq!(
                finished.stdout,
                format!("{}\n", command.split(' ').next_back().unwrap()).into_bytes()
            );
        }
    }
}

#[test]
fn results_come_as_they_finish_where_that_is_asked_for() {
    let unordered = options(|options| options.jobs(2).order(Order::Finished));
    let finished = run(["sleep 1", "true", "true"], &unordered).unwrap();
    assert_eq!(finished.iter().map(|finished| finished.index).collect::<Vec<_>>(), [1, 2, 0]);
}

#[derive(Default)]
struct Counted {
    expected: AtomicU64,
    done: AtomicU64,
    finished: AtomicU64,
}

impl Progress for Counted {
    fn begin(&self, n_rows: Option<u64>) {
        self.expected.store(n_rows.unwrap(), Ordering::Relaxed);
    }

    fn advance(&self, n_rows: u64) {
        self.done.fetch_add(n_rows, Ordering::Relaxed);
    }

    fn finish(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn progress_counts_commands() {
    let counted = Arc::new(Counted::default());
    run(["true", "false", "true"], &options(|options| options.progress(counted.clone()))).unwrap();
    let counts =
        [&counted.expected, &counted.done, &counted.finished].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counts, [3, 3, 1]);
}
