//! The one thing that holds a run back, named by rules over its report.
//!
//! A run is a chain: a source, workers, a sink. The source is what workers do one at a time. Of each the load is known, the part of the time that it was at work without
//! being held up by others, and what has the highest load holds the rest back. When the workers do, it is the stage that they
//! spent most of their time in.

use std::fmt;
use std::time::Duration;

use super::flow::Flow;
use super::report::{InputKind, OutputKind, Report, RowPath, ratio};
use super::stage::Stage;
use super::text::{duration_text, grouped, rate_text};

/// Work that is done by then is not worth sharing out.
const SHORT: Duration = Duration::from_millis(10);

/// The part of the time before the first row from which on that is what takes long.
const MOST_OF_IT: f64 = 0.55;

/// The load from which on a part of the chain can be what the others wait for.
const LOADED: f64 = 0.5;

/// The part of its work that a thread of the chain is on a processor, below which it is what it reads from or writes to that it
/// waits for.
const COMPUTES: f64 = 0.6;

/// The part of the measured bandwidth from which on memory is what gives no more.
const BANDWIDTH: f64 = 0.6;

/// The part of their time that workers are ready and do not run, from which on there are not enough cores for them.
const HELD_UP: f64 = 0.3;

/// How much more than the mean the busiest worker did where the rows were shared out unevenly.
const UNEVEN: f64 = 1.6;

/// The one thing that holds a run back. [`Display`](fmt::Display) says it in a sentence, with the figures.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// There is so little to do that it is over before other threads would have begun.
    TooFewRows {
        /// How many rows there were.
        n_rows: u64,
        /// How long they took.
        wall: Duration,
    },
    /// What comes before the first row: mostly a pass over the input that settles dtypes.
    Look {
        /// How long it took.
        wall: Duration,
        /// The whole run.
        of: Duration,
        /// Whether giving the dtypes saves it.
        is_for_dtypes: bool,
    },
    /// The start of the programs and interpreters that the function needs.
    Starting {
        /// How long it took.
        wall: Duration,
        /// The whole run.
        of: Duration,
    },
    /// Reading the input whole before the function begins.
    ReadingWhole {
        /// The bytes a second.
        rate: f64,
    },
    /// Packed bytes, which one thread unpacks.
    Unpacking {
        /// The packing.
        packing: &'static str,
        /// The packed bytes a second.
        rate: f64,
    },
    /// An input that gives its bytes more slowly than they are worked on.
    Reading {
        /// Who gives them.
        from: &'static str,
        /// The bytes a second.
        rate: f64,
    },
    /// Reading and cutting the input, one worker at a time.
    Cutting {
        /// The bytes a second.
        rate: f64,
    },
    /// The limit of the memory that pieces may take up.
    MemoryLimit,
    /// The one thread that takes the result to its place.
    Writing {
        /// The bytes a second.
        rate: f64,
    },
    /// The one thread that packs the result.
    Packing {
        /// The packing.
        packing: &'static str,
        /// The packed bytes a second.
        rate: f64,
    },
    /// The one thread that puts a file of columns together.
    Encoding {
        /// The format.
        format: &'static str,
        /// The bytes a second.
        rate: f64,
    },
    /// One thread does all the work.
    OneThread {
        /// Whether there are more cores.
        has_more: bool,
    },
    /// More threads than cores, or other programs that use them.
    Cores {
        /// How many threads work.
        n_threads: usize,
        /// How many cores there are.
        n_cores: usize,
    },
    /// Other programs, which use the cores as well.
    Others {
        /// The part of their time that workers were ready and did not run.
        held_up: f64,
    },
    /// A chunk that takes much longer than the others.
    Uneven {
        /// How long it took.
        longest: Duration,
    },
    /// What memory gives.
    Bandwidth {
        /// The bytes a second that the run moved.
        used: f64,
        /// Those that can be moved.
        of: f64,
    },
    /// The row function.
    Function {
        /// What it costs a row.
        per_row: Duration,
        /// How many workers share it.
        n_workers: usize,
    },
    /// A stage of the workers other than the function.
    Work {
        /// Which one.
        stage: Stage,
        /// The bytes a second.
        rate: f64,
        /// How many workers share it.
        n_workers: usize,
    },
    /// Nothing: the parts of the run wait for each other in turn.
    Nothing,
}

/// How much of the time each part of the chain was at work.
#[derive(Clone, Copy, Debug, Default)]
struct Loads {
    source: f64,
    workers: f64,
    sink: f64,
    /// The part of the workers' time that they waited for pieces.
    waiting: f64,
}

impl Loads {
    fn of(flow: &Flow) -> Self {
        let n_workers = flow.workers.len().max(1) as f64;
        let worked: Duration = flow.workers.iter().map(|used| used.worked()).sum();
        let worked = worked.saturating_sub(flow.source.worked());
        let waited: Duration = flow.workers.iter().map(|used| used.waited).sum();
        Self {
            source: ratio(flow.source.worked(), flow.wall),
            workers: ratio(worked, flow.wall) / n_workers,
            sink: ratio(flow.sink.worked(), flow.wall),
            waiting: ratio(waited, flow.wall) / n_workers,
        }
    }
}

impl Limit {
    /// What holds back a run with this report.
    pub(super) fn of(report: &Report) -> Self {
        Self::of_size(report)
            .or_else(|| Self::of_look(report))
            .or_else(|| Self::of_what_comes_first(report))
            .or_else(|| Self::of_chain(report))
            .unwrap_or_else(|| Self::of_workers(report))
    }

    fn of_size(report: &Report) -> Option<Self> {
        // A row that takes an hour can't be shared either, and is no small thing.
        let look = report.stage(Stage::Look).busy;
        // Of so few bytes the look is short, too, whatever else the machine does meanwhile.
        let looks_little = look < SHORT || report.n_bytes_read < 1 << 20;
        let is_little = looks_little && report.busy().saturating_sub(look) < SHORT;
        is_little.then_some(Self::TooFewRows { n_rows: report.n_rows_read, wall: report.wall })
    }

    fn of_look(report: &Report) -> Option<Self> {
        let look = report.stage(Stage::Look).wall;
        if ratio(look, report.wall) <= MOST_OF_IT {
            return None;
        }
        let rate = report.n_bytes_read as f64 / look.as_secs_f64();
        // What can be read once is read then, and what is packed is unpacked, as far as memory allows.
        let waits = report.processor.is_some_and(|processor| ratio(processor, report.wall) < COMPUTES);
        Some(match report.input {
            InputKind::Pipe if waits => Self::Reading { from: "the pipe", rate },
            InputKind::Packed(packing) => Self::Unpacking { packing, rate },
            _ => Self::Look { wall: look, of: report.wall, is_for_dtypes: report.looks_for_dtypes },
        })
    }

    /// What is over before the function begins, where that is most of it.
    fn of_what_comes_first(report: &Report) -> Option<Self> {
        let (start, read) = (report.stage(Stage::Start).wall, report.stage(Stage::Read).wall);
        if ratio(start, report.wall) > LOADED {
            return Some(Self::Starting { wall: start, of: report.wall });
        }
        let is_first = report.path == RowPath::Whole && ratio(read, report.wall) > LOADED;
        is_first.then(|| Self::ReadingWhole { rate: report.source_rate() })
    }

    /// The source or the sink of the last pass, where the workers wait for them.
    fn of_chain(report: &Report) -> Option<Self> {
        let flow = report.flows.last()?;
        let loads = Loads::of(flow);
        let waited_for_memory = ratio(flow.waited_for_memory, flow.wall);
        let highest = loads.source.max(loads.sink);
        if highest < LOADED || highest < loads.workers {
            // Nobody is at work for long, and the source waits to be given memory.
            let starved = waited_for_memory > LOADED && loads.waiting > LOADED / 2.0;
            return (starved && loads.workers < LOADED).then_some(Self::MemoryLimit);
        }
        // What workers do is mostly the one thing, then, and their processor time tells of it.
        let processor: Option<Duration> = flow.workers.iter().map(|used| used.processor).sum();
        let busy: Duration = flow.workers.iter().map(|used| used.busy).sum();
        let computes = processor.is_none_or(|processor| ratio(processor, busy) >= COMPUTES);
        Some(if loads.source >= loads.sink {
            let rate = report.source_rate();
            match &report.input {
                InputKind::Packed(packing) => Self::Unpacking { packing, rate },
                InputKind::Pipe if !computes => Self::Reading { from: "the pipe", rate },
                InputKind::ArrowStream => {
                    Self::Reading { from: "an Arrow stream, whose batches come one after the other,", rate }
                }
                _ if !computes => Self::Reading { from: "the disk", rate },
                _ => Self::Cutting { rate },
            }
        } else {
            let rate = report.n_bytes_written as f64 / flow.sink.busy.as_secs_f64().max(1e-9);
            match &report.output {
                OutputKind::Packed(packing) => Self::Packing { packing, rate },
                OutputKind::Columns(format) => Self::Encoding { format, rate },
                _ => Self::Writing { rate },
            }
        })
    }

    fn of_workers(report: &Report) -> Self {
        let workers = report.workers();
        let n_workers = workers.iter().filter(|used| used.n_chunks > 0).count().max(1);
        let (busy, worked): (Duration, Duration) =
            (workers.iter().map(|used| used.busy).sum(), workers.iter().map(|used| used.worked()).sum());
        let stages = report
            .stages
            .iter()
            .filter(|used| !matches!(used.stage, Stage::Look | Stage::Start | Stage::Read | Stage::Write));
        let Some(first) = stages.max_by_key(|used| used.busy) else { return Self::Nothing };
        let load = match report.flows.last() {
            Some(flow) => Loads::of(flow).workers.max(ratio(busy, report.wall) / n_workers as f64),
            None => ratio(busy, report.wall) / n_workers as f64,
        };
        if let Some(limit) = Self::of_memory(report) {
            return limit;
        }
        if report.n_threads == 1 {
            return Self::OneThread { has_more: report.n_cores > 1 };
        }
        let held_up: Duration = workers.iter().filter_map(|used| used.held_up).sum();
        if ratio(held_up, busy) > HELD_UP && report.n_threads > report.n_cores {
            return Self::Cores { n_threads: report.n_threads, n_cores: report.n_cores };
        }
        let used =
            report.processor.map_or(1.0, |processor| ratio(processor, report.wall) / report.n_threads as f64);
        if ratio(held_up, busy) > HELD_UP && used < 1.0 - HELD_UP {
            return Self::Others { held_up: ratio(held_up, busy) };
        }
        let most = workers.iter().map(|used| used.worked()).max().unwrap_or_default();
        let mean = worked.div_f64(n_workers as f64);
        let longest = report.chunks.longest;
        if n_workers > 1 && ratio(most, mean) > UNEVEN && ratio(longest, report.wall) > LOADED {
            return Self::Uneven { longest };
        }
        if load < LOADED / 2.0 && first.stage != Stage::Function {
            return Self::Nothing;
        }
        match first.stage {
            Stage::Function => Self::Function { per_row: report.cost_per_row(), n_workers },
            stage => {
                let rate = report.n_bytes_read as f64 / first.wall.as_secs_f64().max(1e-9);
                Self::Work { stage, rate, n_workers }
            }
        }
    }

    /// Whether the run moves as many bytes as memory gives. What goes through files is moved three times each way: between the
    /// system and the program, read, and written.
    fn of_memory(report: &Report) -> Option<Self> {
        let times = if report.path == RowPath::Memory { 1.0 } else { 3.0 };
        let used = (report.read_rate() + report.write_rate()) * times;
        let machine = report.machine.as_ref()?;
        let of = if report.n_threads == 1 { machine.memory_of_one } else { machine.memory };
        (used > BANDWIDTH * of).then_some(Self::Bandwidth { used, of })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewRows { n_rows, wall } => {
                let rows = if *n_rows == 1 { "row" } else { "rows" };
                write!(
                    f,
                    "too few rows to share: {} {rows} took {} in all",
                    grouped(*n_rows),
                    duration_text(*wall)
                )
            }
            Self::Look { wall, of, is_for_dtypes } => write!(
                f,
                "the look at the input before the first row, {} of {}{}",
                duration_text(*wall),
                duration_text(*of),
                if *is_for_dtypes { ": where it settles dtypes, giving them saves it" } else { "" }
            ),
            Self::Starting { wall, of } => write!(
                f,
                "the start of the programs that the function needs, {} of {}: more rows make it worth while",
                duration_text(*wall),
                duration_text(*of)
            ),
            Self::ReadingWhole { rate } => {
                write!(
                    f,
                    "reading: the input is read whole before the function begins, at {}",
                    rate_text(*rate)
                )
            }
            Self::Unpacking { packing, rate } => {
                write!(f, "one core: the input is a {packing} stream, which gives {}", rate_text(*rate))
            }
            Self::Reading { from, rate } => write!(f, "reading: {from} gives {}", rate_text(*rate)),
            Self::Cutting { rate } => {
                write!(f, "reading: one worker at a time reads and cuts the input, at {}", rate_text(*rate))
            }
            Self::MemoryLimit => {
                f.write_str("the memory limit: workers wait until pieces before theirs are written")
            }
            Self::Writing { rate } => write!(f, "writing: the output takes {}", rate_text(*rate)),
            Self::Packing { packing, rate } => {
                write!(f, "one core: the output is packed as {packing}, at {}", rate_text(*rate))
            }
            Self::Encoding { format, rate } => {
                write!(f, "writing: one thread puts the {format} file together, at {}", rate_text(*rate))
            }
            Self::OneThread { has_more: true } => f.write_str("one thread: the run was given no more"),
            Self::OneThread { has_more: false } => f.write_str("one core: the machine gives no more"),
            Self::Cores { n_threads, n_cores } => {
                let cores = if *n_cores == 1 { "core" } else { "cores" };
                write!(f, "the cores: {n_threads} threads take turns on {n_cores} {cores}")
            }
            Self::Others { held_up } => {
                let percent = held_up * 100.0;
                write!(
                    f,
                    "other programs: workers were ready and did not run for {percent:.0} % of their time"
                )
            }
            Self::Uneven { longest } => {
                write!(f, "uneven rows: one chunk alone took {}", duration_text(*longest))
            }
            Self::Bandwidth { used, of } => {
                write!(f, "memory bandwidth: {} of the {} there are", rate_text(*used), rate_text(*of))
            }
            Self::Function { per_row, n_workers } => {
                write!(f, "the function: {} a row, {}", duration_text(*per_row), shared(*n_workers))
            }
            Self::Work { stage, rate, n_workers } => {
                let what = match stage {
                    Stage::Parse => "parsing",
                    Stage::Filter => "the condition",
                    Stage::Concatenate => "putting the result together",
                    stage => stage.name(),
                };
                write!(f, "{what}: {} of input, {}", rate_text(*rate), shared(*n_workers))
            }
            Self::Nothing => f.write_str("no part alone: they wait for each other in turn"),
        }
    }
}

fn shared(n_workers: usize) -> String {
    match n_workers {
        1 => "on one worker".to_owned(),
        n_workers => format!("shared by {n_workers} workers"),
    }
}

#[cfg(test)]
mod tests;
