//! How the threads of a run spent their time.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::system;

thread_local! {
    /// How long this thread has waited for others of the run amid its work, since its clock was last read.
    static WAITED_AMID: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Does something that is a wait for other threads of the run, amid the work of this one: the clock of this thread, if there is
/// one, counts it as such.
pub(crate) fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = wait();
    WAITED_AMID.set(WAITED_AMID.get() + start.elapsed());
    result
}

/// How many pieces are told one by one; of those behind them the sums are kept.
const MOST_PIECES: usize = 1 << 16;

/// Pieces on their way from a source, through workers, to a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flow {
    /// From its start to its end.
    pub wall: Duration,
    /// The work of cutting pieces off the input, which workers do by turns, one at a time; part of what they did.
    pub source: ThreadUse,
    /// How long workers that were to cut waited for memory: part of what they waited.
    pub waited_for_memory: Duration,
    /// The threads that cut pieces and work on them. They wait for their turn, and for memory.
    pub workers: Vec<ThreadUse>,
    /// The thread that takes what is done, in order. It waits for the next piece.
    pub sink: ThreadUse,
    /// How many pieces there were.
    pub n_pieces: usize,
    /// What each piece cost, in order; of very many, the first ones.
    pub pieces: Vec<PieceCost>,
}

/// How a thread spent its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThreadUse {
    /// How many pieces or chunks it worked on.
    pub n_chunks: usize,
    /// How long it worked, by the clock.
    pub busy: Duration,
    /// How long it waited for others of the run.
    pub waited: Duration,
    /// How long a processor ran it; `None` where the system does not tell.
    pub processor: Option<Duration>,
    /// How long it was ready to run and did not, since others had the processors; `None` where the system does not tell.
    pub held_up: Option<Duration>,
}

/// What a piece cost, by the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PieceCost {
    /// Cutting it off, without waiting for memory.
    pub source: Duration,
    /// Working on it.
    pub work: Duration,
    /// Handing it on.
    pub sink: Duration,
}

impl Flow {
    /// How long its threads worked, all of them together.
    pub fn busy(&self) -> Duration {
        self.workers.iter().chain([&self.sink]).map(|used| used.busy).sum()
    }
}

impl ThreadUse {
    /// How long it worked, without the time in which it was held up.
    pub fn worked(&self) -> Duration {
        self.busy.saturating_sub(self.held_up.unwrap_or_default())
    }

    /// It worked on a chunk for so long.
    pub(crate) fn ran(&mut self, elapsed: Duration) {
        self.busy += elapsed;
        self.n_chunks += 1;
    }

    /// Adds what a thread of another flow did.
    pub(crate) fn add(&mut self, other: &Self) {
        self.n_chunks += other.n_chunks;
        self.busy += other.busy;
        self.waited += other.waited;
        self.processor = self.processor.zip(other.processor).map(|(one, other)| one + other);
        self.held_up = self.held_up.zip(other.held_up).map(|(one, other)| one + other);
    }
}

/// Times the work and the waits of the thread that it is made on.
#[derive(Debug)]
pub(crate) struct ThreadClock {
    last: Instant,
    at_start: Option<(Duration, Duration)>,
    used: ThreadUse,
    cut: Duration,
}

impl ThreadClock {
    pub(crate) fn start() -> Self {
        WAITED_AMID.set(Duration::ZERO);
        Self {
            at_start: system::of_thread(),
            last: Instant::now(),
            used: ThreadUse::default(),
            cut: Duration::ZERO,
        }
    }

    /// The time until now was a wait.
    pub(crate) fn waited(&mut self) -> Duration {
        let elapsed = self.lap();
        self.used.waited += elapsed;
        elapsed
    }

    /// The time until now was spent on cutting a piece off the input, save for so much of it that was a wait.
    pub(crate) fn cut(&mut self, but_for: Duration) -> Duration {
        let elapsed = self.lap();
        let worked = elapsed.saturating_sub(but_for);
        self.used.busy += worked;
        self.used.waited += elapsed - worked;
        self.cut += worked;
        worked
    }

    /// The time until now was work on a piece, save for what was [a wait](waiting) amid it.
    pub(crate) fn worked(&mut self) -> Duration {
        let elapsed = self.lap();
        let waited = WAITED_AMID.take().min(elapsed);
        self.used.waited += waited;
        self.used.ran(elapsed - waited);
        elapsed - waited
    }

    /// What the thread did, as far as this clock ran, and how much of that was cutting.
    pub(crate) fn stop(mut self) -> (ThreadUse, Duration) {
        let counted = self.at_start.zip(system::of_thread());
        self.used.processor = counted.map(|(start, end)| end.0.saturating_sub(start.0));
        // It may have been held up in a wait as well, which is nobody's loss.
        self.used.held_up = counted.map(|(start, end)| {
            let off = self.used.busy.saturating_sub(end.0.saturating_sub(start.0));
            end.1.saturating_sub(start.1).min(off)
        });
        (self.used, self.cut)
    }

    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.last);
        self.last = now;
        elapsed
    }
}

/// Times the calling thread of a flow, the sink, and gathers what the others tell.
#[derive(Debug)]
pub(crate) struct FlowClock {
    begun: Instant,
    flow: Flow,
}

impl FlowClock {
    pub(crate) fn start() -> Self {
        Self { begun: Instant::now(), flow: Flow::default() }
    }

    /// Notes what a piece cost.
    pub(crate) fn piece(&mut self, cost: PieceCost, waited_for_memory: Duration) {
        self.flow.waited_for_memory += waited_for_memory;
        self.flow.n_pieces += 1;
        if self.flow.pieces.len() < MOST_PIECES {
            self.flow.pieces.push(cost);
        }
    }

    /// The flow, when all its threads have ended: of each worker what it did, and how much of that was cutting.
    pub(crate) fn stop(
        mut self,
        workers: impl Iterator<Item = (ThreadUse, Duration)>,
        sink: ThreadUse,
    ) -> Flow {
        let flow = &mut self.flow;
        flow.wall = self.begun.elapsed();
        flow.sink = sink;
        let source = &mut flow.source;
        for (used, cut) in workers {
            source.busy += cut;
            // Nobody counts what a thread does in between: it is taken to be held up alike in all it does.
            let part = |time: Option<Duration>| {
                Some(time?.mul_f64(cut.as_secs_f64() / used.busy.as_secs_f64().max(1e-9)))
            };
            source.held_up =
                source.held_up.or(Some(Duration::ZERO)).zip(part(used.held_up)).map(|(all, one)| all + one);
            flow.workers.push(used);
        }
        source.n_chunks = flow.n_pieces;
        self.flow
    }
}
