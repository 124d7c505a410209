//! What a run did with its time, and what follows from it.

use std::time::Duration;

use super::flow::{Flow, ThreadUse};
use super::limit::Limit;
use super::machine::Machine;
use super::stage::{Stage, StageUse};

/// What a run did with its time: stages, threads, chunks, memory, and [what holds it back](Self::limit).
///
/// [`Display`](std::fmt::Display) gives all of it as text for people.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::{ApplyOptions, ParallelApply};
///
/// let frame = df!("x" => (0..100_000).collect::<Vec<i64>>())?;
/// let applied = frame.with_options(&ApplyOptions::default()).parallel_apply("x", |x: i64| x * 2)?;
/// let report = applied.report();
/// assert_eq!(report.n_rows_read, 100_000);
/// println!("{}: {}", report.cost_per_row().as_secs_f64(), report.limit());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many rows were read.
    pub n_rows_read: u64,
    /// How many rows were written.
    pub n_rows_written: u64,
    /// The size of the inputs in bytes; of a frame in memory, of the columns that were read.
    pub n_bytes_read: u64,
    /// The size of the result in bytes.
    pub n_bytes_written: u64,
    /// From the start of the run to its end.
    pub wall: Duration,
    /// The time that processors ran it, its children included; `None` where the system does not tell.
    pub processor: Option<Duration>,
    /// The most memory that the process had at a time, in bytes, since it began; `None` where the system does not tell.
    pub peak_memory: Option<u64>,
    /// How many threads the run could use.
    pub n_threads: usize,
    /// How many threads can run at once here.
    pub n_cores: usize,
    /// How long each stage was at work, in the order of the stages.
    pub stages: Vec<StageUse>,
    /// The passes over the inputs, the last of which took the rows to the output. None where all was in memory.
    pub flows: Vec<Flow>,
    /// The threads that ran chunks of a table in memory.
    pub workers: Vec<ThreadUse>,
    /// How the rows were cut.
    pub chunks: ChunkPlan,
    /// Which way the rows took.
    pub path: RowPath,
    /// Whether what is looked for before the first row are dtypes, which somebody could give.
    pub looks_for_dtypes: bool,
    /// What the rows came out of.
    pub input: InputKind,
    /// Where they went.
    pub output: OutputKind,
    /// How fast this machine is, where somebody has [measured](Machine::measure) it.
    pub machine: Option<Machine>,
}

/// How the rows were cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkPlan {
    /// How many pieces of the input there were.
    pub n_pieces: usize,
    /// How many chunks the function was given.
    pub n_chunks: usize,
    /// The most rows that a chunk had.
    pub largest_chunk: usize,
    /// How many threads ran chunks of pieces, or could run those of a table in memory: 1 when it did not pay to share them out.
    pub n_workers: usize,
    /// The longest that a chunk took, of a table in memory.
    pub longest: Duration,
}

/// Which way the rows took from the input to the output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowPath {
    /// They were in memory as columns.
    #[default]
    Memory,
    /// Each piece of CSV at one go: numbers straight out of its bytes, and the numbers of the result straight into text, while
    /// all of it is in the cache of one core.
    Fused {
        /// Why all of it was done twice, where it was.
        reason: Option<String>,
    },
    /// Through cells and columns, one stage after the other.
    General {
        /// Why there was no shorter one, where there could have been.
        reason: Option<String>,
    },
    /// Some pieces one way, some the other.
    Mixed {
        /// How many pieces went at one go.
        n_fused: usize,
        /// How many went through cells and columns.
        n_general: usize,
        /// Why the first of these did.
        reason: Option<String>,
    },
    /// The inputs were read whole before anything else.
    Whole,
}

/// What the rows came out of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputKind {
    /// Columns in memory.
    #[default]
    Memory,
    /// Files that are read where they lie.
    File,
    /// Packed bytes, which one thread unpacks; the name of the packing.
    Packed(&'static str),
    /// A pipe, or something else that can be read once.
    Pipe,
    /// A stream of Arrow batches, which one thread reads.
    ArrowStream,
    /// Rows that are made as they are read.
    Generated,
}

/// Where the rows went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputKind {
    /// Columns in memory.
    #[default]
    Memory,
    /// Text, as it is.
    Text,
    /// Text that one thread packs; the name of the packing.
    Packed(&'static str),
    /// A file of a format that one thread puts together; the name of the format.
    Columns(&'static str),
}

impl Report {
    /// How long a stage was at work.
    pub fn stage(&self, stage: Stage) -> StageUse {
        let found = self.stages.iter().find(|used| used.stage == stage).copied();
        found.unwrap_or(StageUse::new(stage, Duration::ZERO, Duration::ZERO))
    }

    /// The time that threads were at work, all of them together, without the time in which they were held up by others.
    pub fn busy(&self) -> Duration {
        let all: Duration = self.stages.iter().map(|used| used.busy).sum();
        let held_up: Duration = self.threads().filter_map(|used| used.held_up).sum();
        all.saturating_sub(held_up)
    }

    /// The part of the work that a stage was, from 0 to 1.
    pub fn share(&self, stage: Stage) -> f64 {
        let all: Duration = self.stages.iter().map(|used| used.busy).sum();
        ratio(self.stage(stage).busy, all)
    }

    /// How many times as fast as one thread that does all of it: the work divided by the time, so that nothing is run twice.
    pub fn speed_up(&self) -> f64 {
        ratio(self.busy(), self.wall)
    }

    /// What the function costs a row on one thread.
    pub fn cost_per_row(&self) -> Duration {
        self.stage(Stage::Function).busy.div_f64(self.n_rows_read.max(1) as f64)
    }

    /// The bytes a second that came in, by the time of the run.
    pub fn read_rate(&self) -> f64 {
        self.n_bytes_read as f64 / self.wall.as_secs_f64().max(1e-9)
    }

    /// The bytes a second that went out, by the time of the run.
    pub fn write_rate(&self) -> f64 {
        self.n_bytes_written as f64 / self.wall.as_secs_f64().max(1e-9)
    }

    /// The bytes a second that the source brought in while it was at work: what the disk, the page cache or the pipe gave.
    pub fn source_rate(&self) -> f64 {
        self.n_bytes_read as f64 / self.stage(Stage::Read).wall.as_secs_f64().max(1e-9)
    }

    /// The threads that worked on pieces or chunks, each over all passes.
    pub fn workers(&self) -> Vec<ThreadUse> {
        let mut workers = self.workers.clone();
        for flow in &self.flows {
            for (index, used) in flow.workers.iter().enumerate() {
                match workers.get_mut(index) {
                    Some(worker) => worker.add(used),
                    None => workers.push(*used),
                }
            }
        }
        workers
    }

    /// What holds the run back: one thing.
    pub fn limit(&self) -> Limit {
        Limit::of(self)
    }

    /// All threads of the run, once a pass.
    fn threads(&self) -> impl Iterator<Item = &ThreadUse> {
        let flows = self.flows.iter().flat_map(|flow| flow.workers.iter().chain([&flow.sink]));
        self.workers.iter().chain(flows)
    }
}

/// One time in terms of another.
pub(super) fn ratio(part: Duration, whole: Duration) -> f64 {
    part.as_secs_f64() / whole.as_secs_f64().max(1e-9)
}
