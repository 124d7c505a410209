//! The stages of a run, and how long each was at work.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a run does with its rows, in the order in which it does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Looking at the inputs before the first row: opening them, and a pass that settles dtypes.
    Look,
    /// Tying the function to the columns, and starting what it needs before its first row: other programs, interpreters.
    Start,
    /// Bringing bytes in, unpacking them, and cutting them into pieces.
    Read,
    /// Making values of bytes: cells of text, pages of Parquet.
    Parse,
    /// Finding the rows that a condition holds for.
    Filter,
    /// The row function.
    Function,
    /// Putting what chunks left together, and making text of it where text is written.
    Concatenate,
    /// Handing the result to its place.
    Write,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Look,
        Self::Start,
        Self::Read,
        Self::Parse,
        Self::Filter,
        Self::Function,
        Self::Concatenate,
        Self::Write,
    ];

    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Start => "start",
            Self::Read => "read",
            Self::Parse => "parse",
            Self::Filter => "filter",
            Self::Function => "function",
            Self::Concatenate => "concatenate",
            Self::Write => "write",
        }
    }

    /// What is done in it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Look => "opening, and what must be known before the first row",
            Self::Start => "the function made ready, its programs started",
            Self::Read => "bytes in, unpacked, cut into pieces",
            Self::Parse => "bytes to values",
            Self::Filter => "the condition",
            Self::Function => "the row function",
            Self::Concatenate => "results put together, and made into text",
            Self::Write => "the result to its place",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How long a stage was at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageUse {
    /// Which one.
    pub stage: Stage,
    /// The time that threads spent in it, all of them together.
    pub busy: Duration,
    /// The time during which at least one thread was in it.
    pub wall: Duration,
}

impl StageUse {
    pub(crate) fn new(stage: Stage, busy: Duration, wall: Duration) -> Self {
        Self { stage, busy, wall }
    }
}

/// Times stages that any thread may be in.
#[derive(Debug, Default)]
pub(crate) struct StageClock {
    stages: [Mutex<Running>; Stage::ALL.len()],
}

#[derive(Debug, Default)]
struct Running {
    n_inside: usize,
    since: Option<Instant>,
    busy: Duration,
    wall: Duration,
}

impl StageClock {
    /// Does something that is part of a stage.
    pub(crate) fn time<T>(&self, stage: Stage, call: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        self.enter(stage, start);
        let inside = Inside { clock: self, stage, start };
        let result = call();
        drop(inside);
        result
    }

    /// Adds work of other threads on behalf of one that is in a stage.
    pub(crate) fn add(&self, stage: Stage, busy: Duration) {
        self.of(stage).busy += busy;
    }

    /// How long each stage was at work, of those that were.
    pub(crate) fn uses(&self) -> Vec<StageUse> {
        let all = Stage::ALL.iter().map(|&stage| {
            let running = self.of(stage);
            StageUse { stage, busy: running.busy, wall: running.wall }
        });
        all.filter(|found| found.busy > Duration::ZERO).collect()
    }

    fn enter(&self, stage: Stage, now: Instant) {
        let mut running = self.of(stage);
        if running.n_inside == 0 {
            running.since = Some(now);
        }
        running.n_inside += 1;
    }

    fn leave(&self, stage: Stage, start: Instant) {
        let now = Instant::now();
        let mut running = self.of(stage);
        running.n_inside -= 1;
        running.busy += now.saturating_duration_since(start);
        if running.n_inside == 0
            && let Some(since) = running.since.take()
        {
            running.wall += now.saturating_duration_since(since);
        }
    }

    fn of(&self, stage: Stage) -> MutexGuard<'_, Running> {
        self.stages[stage as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves the stage however what is done in it ends.
struct Inside<'c> {
    clock: &'c StageClock,
    stage: Stage,
    start: Instant,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.clock.leave(self.stage, self.start);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn two_threads_at_once_are_busy_twice_and_count_once() {
        let clock = StageClock::default();
        let together = Barrier::new(2);
        thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    clock.time(Stage::Function, || {
                        together.wait();
                        thread::sleep(Duration::from_millis(30));
                        together.wait();
                    });
                });
            }
        });
        let [function] = clock.uses()[..] else { panic!("one stage was at work") };
        assert_eq!(function.stage, Stage::Function);
        assert!(function.busy >= function.wall, "{function:?}");
        assert!(function.busy.as_secs_f64() > 1.5 * function.wall.as_secs_f64(), "{function:?}");
    }

    #[test]
    fn a_panic_leaves_the_stage() {
        let clock = StageClock::default();
        let panics = std::panic::AssertUnwindSafe(|| clock.time(Stage::Parse, || panic!("no")));
        assert!(std::panic::catch_unwind(panics).is_err());
        assert_eq!(clock.of(Stage::Parse).n_inside, 0);
    }
}
