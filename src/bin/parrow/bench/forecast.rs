//! What a run would take on more cores, from what it took on those of this machine.
//!
//! How far that is off was measured on 16 cores, held to 2, 4 and 8 of them, with seven commands over CSV and Parquet of 40 to 310 MB
//! and what they took on 4, 8 and 16: by 15 % in the mean, half of it to either side; from 4 or 8 cores by 22 % at most, from 2 by 70 %
//! (a run that the one writing thread bounds).

use serde_json::Value;

use super::measure::Measured;
use super::simulation::{Appetite, Machine, Piece, play};

/// How often what goes through files is moved through memory each way: between the system and the program, read, and written.
const MOVES: f64 = 3.0;

/// The least bytes of a piece: smaller ones are not worth their start.
const SMALLEST_PIECE: f64 = 65_536.0;

/// Pieces for each worker, of small inputs.
const PIECES_PER_WORKER: usize = 4;

/// The gain from which on a part counts as what would stop the run from scaling.
const WORTH_NAMING: f64 = 1.05;

/// What may be wrong with costs that are summed up from clocks, as a factor.
const SCALES: (f64, f64) = (0.2, 4.0);

/// The powers of the number of threads that costs are taken to grow with: threads share caches, memory and the locks of the
/// system, so that the same work takes longer beside others. A single pair of runs tells no more than this.
const GROWTHS: (f64, f64) = (0.0, 0.25);

/// What a run would take.
#[derive(Debug)]
pub struct Forecast {
    /// Numbers of cores, with the seconds.
    pub points: Vec<(usize, f64)>,
    /// What would stop the run from scaling.
    pub stop: String,
}

/// The costs of a run, as measured, and how they change with the number of threads.
#[derive(Clone, Debug)]
struct Costs {
    passes: Vec<Vec<Piece>>,
    appetite: Appetite,
    /// What comes before the first pass, between them, and behind the last.
    fixed: f64,
    n_bytes_in: f64,
    /// Bytes a second of memory with the threads of the run.
    bandwidth: f64,
    /// The power of the number of threads that bandwidth grows with.
    bandwidth_growth: f64,
    /// The bytes a second that a worker moves while it works.
    moved: f64,
    /// The threads of the run, and the cores that it had.
    n_threads: usize,
    n_cores: usize,
    /// What the simulated costs are multiplied by to take as long as the run took.
    scale: f64,
    /// The power of the number of threads that the costs of the workers grow with.
    growth: f64,
}

impl Forecast {
    /// Plays the run through on 1, 2, 4, … up to `n_cores` cores, and on the numbers of `also`; on fewer cores than this machine
    /// has, as it goes with so many threads here.
    ///
    /// Of `runs`, over the same rows, the costs are those of the one with the most threads that have a core each, and what it took
    /// is what they are scaled to; how they grow with the threads is told by the one with the fewest. Without runs there is none.
    pub fn new(runs: &[&Measured], n_cores: usize, also: &[usize]) -> Option<Self> {
        let costs = Costs::of(runs)?;
        let powers = std::iter::successors(Some(1), |n: &usize| n.checked_mul(2));
        let mut counts: Vec<usize> = powers.take_while(|n| *n < n_cores).chain([n_cores]).collect();
        counts.extend(also.iter().filter(|n| **n <= n_cores));
        counts.sort_unstable();
        counts.dedup();
        let points = counts.iter().map(|n| (*n, costs.seconds(*n))).collect();
        Some(Self { points, stop: costs.stop(n_cores) })
    }
}

impl Costs {
    fn of(runs: &[&Measured]) -> Option<Self> {
        let cores_of = |run: &Measured| run.report["cores"].as_u64().map_or(1, |n| n.max(1) as usize);
        let by_threads = |run: &&&Measured| run.n_threads;
        let fewest = runs.iter().min_by_key(by_threads)?;
        let on_cores = runs.iter().filter(|run| run.n_threads <= cores_of(run)).max_by_key(by_threads);
        let most = on_cores.unwrap_or(fewest);
        let mut costs = Self::as_measured(most);
        costs.n_cores = cores_of(most);
        costs.scale =
            root(SCALES, |scale| Self { scale, ..costs.clone() }.seconds(most.n_threads) - most.seconds);
        if fewest.n_threads < most.n_threads {
            let over = |growth| Self { growth, ..costs.clone() }.seconds(fewest.n_threads) - fewest.seconds;
            costs.growth = root(GROWTHS, |growth| -over(growth));
        }
        Some(costs)
    }

    fn as_measured(measured: &Measured) -> Self {
        let report = &measured.report;
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        let passes = report["passes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_passes: f64 = passes.iter().map(|pass| number(&pass["seconds"])).sum();
        let n_bytes = number(&report["bytes_read"]) + number(&report["bytes_written"]);
        let sink = Thread::of(passes, "sink");
        let work =
            Thread::sum(passes.iter().flat_map(|pass| pass["workers"].as_array().into_iter().flatten()));
        // Other threads and processes do what a worker waits for, and more beside it, which is work for all cores as well.
        let others = report["processor_seconds"].as_f64().map_or(0.0, |processor| {
            let outside = (number(&report["seconds"]) - of_passes).max(0.0);
            (processor - sink.processor - work.processor - outside).max(0.0)
        });
        let beside = (others - (work.worked() - work.processor).max(0.0)).max(0.0);
        let worked = (work.worked() + beside).max(1e-9);
        let n_pieces: usize = passes.iter().map(n_pieces).sum();
        let beside = beside / n_pieces.max(1) as f64;
        let memory = &report["machine"];
        let bandwidth = number(&memory["memory_bytes_per_second"]).max(1.0);
        let of_one = number(&memory["memory_bytes_per_second_of_one_thread"]).max(1.0);
        let n_threads = measured.n_threads;
        Self {
            passes: passes.iter().map(|pass| pieces(pass, &work, &sink, beside)).collect(),
            appetite: Appetite {
                worker: ((work.processor + others) / worked).clamp(0.0, 1.0),
                sink: sink.appetite(),
            },
            fixed: (measured.seconds - of_passes).max(0.0),
            n_bytes_in: number(&report["bytes_read"]),
            bandwidth,
            // What one thread moves does not tell what several would.
            bandwidth_growth: match n_threads {
                0 | 1 => 1.0,
                n => ((bandwidth / of_one).ln() / (n as f64).ln()).clamp(0.0, 1.0),
            },
            moved: n_bytes * MOVES / worked,
            n_threads,
            n_cores: n_threads,
            scale: 1.0,
            growth: 0.0,
        }
    }

    fn seconds(&self, n_threads: usize) -> f64 {
        let more = n_threads as f64 / self.n_threads.max(1) as f64;
        let scale = self.scale * more.powf(self.growth);
        let machine = Machine {
            n_workers: n_threads,
            n_cores: n_threads.max(self.n_cores),
            bandwidth: self.bandwidth * more.powf(self.bandwidth_growth),
            moved: self.moved / scale,
        };
        let of_pass = |pieces: &Vec<Piece>| {
            let mut pieces = self.split(pieces, n_threads);
            // One thread hands on, however many work.
            for piece in &mut pieces {
                *piece = Piece { sink: piece.sink * self.scale, ..piece.times(scale) };
            }
            play(&pieces, self.appetite, &machine)
        };
        self.fixed + self.passes.iter().map(of_pass).sum::<f64>()
    }

    /// The pieces as more workers would get them: of small inputs they are smaller.
    fn split(&self, pieces: &[Piece], n_workers: usize) -> Vec<Piece> {
        let most = (self.n_bytes_in / pieces.len().max(1) as f64 / SMALLEST_PIECE).max(1.0) as usize;
        let parts = (PIECES_PER_WORKER * n_workers).div_ceil(pieces.len().max(1)).min(most);
        let split =
            pieces.iter().flat_map(|piece| std::iter::repeat_n(piece.times(1.0 / parts as f64), parts));
        split.collect()
    }

    /// What the run would gain most by, were it without it.
    fn stop(&self, n_cores: usize) -> String {
        let now = self.seconds(n_cores);
        let without = |change: fn(&mut Self)| {
            let mut costs = self.clone();
            change(&mut costs);
            now / costs.seconds(n_cores).max(1e-9)
        };
        let mut parts = [
            (
                "reading and cutting the input, one worker at a time",
                without(|costs| costs.each(|piece| piece.source = 0.0)),
            ),
            ("the one thread that writes", without(|costs| costs.each(|piece| piece.sink = 0.0))),
            (
                "what comes before the first piece and behind the last, on one thread",
                without(|costs| costs.fixed = 0.0),
            ),
            ("memory bandwidth", without(|costs| costs.moved = 0.0)),
        ];
        parts.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let (name, gain) = parts[0];
        let ideal = self.seconds(1) / now;
        match gain >= WORTH_NAMING {
            true => {
                let share = (1.0 - 1.0 / gain) * 100.0;
                format!("{name}; without it the run would take {share:.0} % less time on {n_cores} cores")
            }
            false if ideal < 0.6 * n_cores as f64 => {
                format!("nothing alone: it needs more rows to keep {n_cores} cores busy")
            }
            false => format!("nothing, up to {n_cores} cores"),
        }
    }

    fn each(&mut self, change: impl Fn(&mut Piece)) {
        self.passes.iter_mut().flatten().for_each(change);
    }
}

/// What the report says of a thread, over all passes.
#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    busy: f64,
    held_up: f64,
    processor: f64,
}

impl Thread {
    fn of(passes: &[Value], name: &str) -> Self {
        Self::sum(passes.iter().map(|pass| &pass[name]))
    }

    fn sum<'v>(threads: impl Iterator<Item = &'v Value>) -> Self {
        threads.fold(Self::default(), |sum, thread| {
            let number = |name: &str| thread[name].as_f64().unwrap_or_default();
            Self {
                busy: sum.busy + number("busy"),
                held_up: sum.held_up + number("held_up"),
                processor: sum.processor + number("processor"),
            }
        })
    }

    fn worked(&self) -> f64 {
        self.busy - self.held_up
    }

    /// The part of its busy time that it would have taken with a core of its own.
    fn share(&self) -> f64 {
        if self.busy > 0.0 { self.worked() / self.busy } else { 1.0 }
    }

    fn appetite(&self) -> f64 {
        if self.worked() > 0.0 { (self.processor / self.worked()).clamp(0.0, 1.0) } else { 1.0 }
    }
}

fn n_pieces(pass: &Value) -> usize {
    pass["pieces"].as_u64().unwrap_or_default() as usize
}

/// What the pieces of a pass cost, with so much of the work that is done beside the workers for each.
fn pieces(pass: &Value, work: &Thread, sink: &Thread, beside: f64) -> Vec<Piece> {
    let costs = pass["seconds_of_pieces"].as_array().map(Vec::as_slice).unwrap_or_default();
    let piece = |cost: &Value| {
        let part = |index: usize, thread: &Thread| cost[index].as_f64().unwrap_or_default() * thread.share();
        Piece { source: part(0, work), work: part(1, work) + beside, sink: part(2, sink) }
    };
    // Of very many pieces the first are told, and the others are like them.
    costs.iter().cycle().take(if costs.is_empty() { 0 } else { n_pieces(pass) }).map(piece).collect()
}

/// Where a function that grows is zero, or the nearest end of the range.
fn root((mut low, mut high): (f64, f64), function: impl Fn(f64) -> f64) -> f64 {
    const N_STEPS: usize = 16;
    if function(low) >= 0.0 {
        return low;
    }
    for _ in 0..N_STEPS {
        let middle = (low + high) / 2.0;
        match function(middle) < 0.0 {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A run of 100 pieces on one thread.
    fn measured(piece: [f64; 3], fixed: f64) -> Measured {
        let sum = |index: usize| piece[index] * 100.0;
        let thread = |busy: f64| json!({ "busy": busy, "held_up": 0.0, "processor": busy });
        let seconds = (sum(0) + sum(1)).max(sum(2));
        let report = json!({
            "bytes_read": 1e8,
            "bytes_written": 1e8,
            "cores": 2,
            "processor_seconds": sum(0) + sum(1) + sum(2),
            "seconds": seconds + fixed,
            "machine": { "memory_bytes_per_second": 1e12, "memory_bytes_per_second_of_one_thread": 1e12 },
            "passes": [{
                "seconds": seconds,
                "pieces": 100,
                "seconds_of_pieces": vec![piece; 100],
                "source": thread(sum(0)),
                "workers": [thread(sum(0) + sum(1))],
                "sink": thread(sum(2)),
            }],
        });
        Measured { n_threads: 1, rows: None, n_runs: 1, seconds: seconds + fixed, report }
    }

    fn forecast_of(runs: &[&Measured], n_cores: usize, also: &[usize]) -> Forecast {
        Forecast::new(runs, n_cores, also).expect("a forecast")
    }

    /// The same on two threads, which take so long.
    fn on_two(piece: [f64; 3], seconds: f64) -> Measured {
        Measured { n_threads: 2, seconds, ..measured(piece, 0.0) }
    }

    #[test]
    fn work_scales_until_something_stops_it() {
        let forecast = forecast_of(&[&measured([0.001, 0.1, 0.001], 0.0)], 16, &[3]);
        let cores: Vec<usize> = forecast.points.iter().map(|(n, _)| *n).collect();
        assert_eq!(cores, [1, 2, 3, 4, 8, 16]);
        let speed_up = forecast.points[0].1 / forecast.points[5].1;
        assert!(speed_up > 13.0, "{speed_up}");

        let stop = |piece, fixed| forecast_of(&[&measured(piece, fixed)], 16, &[]).stop;
        assert!(
            stop([0.02, 0.1, 0.001], 0.0)
                .starts_with("reading and cutting the input, one worker at a time; without it")
        );
        assert!(stop([0.001, 0.1, 0.03], 0.0).starts_with("the one thread that writes; without it"));
        assert!(stop([0.001, 0.1, 0.001], 2.0).starts_with("what comes before the first piece"));
        assert_eq!(stop([0.0, 0.1, 0.0], 0.0), "nothing, up to 16 cores");
    }

    #[test]
    fn memory_is_shared() {
        let piece = [0.001, 0.1, 0.001];
        let mut two = on_two(piece, 5.2);
        two.report["machine"] =
            json!({ "memory_bytes_per_second": 2e8, "memory_bytes_per_second_of_one_thread": 2e8 });
        let forecast = forecast_of(&[&measured(piece, 0.0), &two], 16, &[]);
        assert!(forecast.stop.starts_with("memory bandwidth; without it"), "{}", forecast.stop);
    }

    #[test]
    fn what_was_measured_is_what_is_simulated() {
        let piece = [0.0, 0.1, 0.0];
        let seconds = |of_two: f64| {
            let forecast = forecast_of(&[&measured(piece, 0.0), &on_two(piece, of_two)], 16, &[]);
            forecast.points.into_iter().map(|(_, seconds)| seconds).collect::<Vec<f64>>()
        };
        let close = |one: f64, other: f64| assert!((one / other - 1.0).abs() < 0.01, "{one} and {other}");
        // Two threads as fast as can be: so are four.
        let ideal = seconds(5.0);
        close(ideal[0], 10.0);
        close(ideal[1], 5.0);
        close(ideal[2], 10.0 / 4.0);
        // The work of each takes a tenth longer beside another: so it does with each doubling.
        let slowed = seconds(5.5);
        close(slowed[0], 10.0);
        close(slowed[1], 5.5);
        close(slowed[2], 10.0 / 4.0 * 1.1 * 1.1);
    }

    #[test]
    fn what_is_done_beside_the_workers_is_work_for_all() {
        let mut run = on_two([0.0, 0.1, 0.0], 10.0);
        run.report["processor_seconds"] = json!(20.0);
        let forecast = forecast_of(&[&run], 4, &[]);
        assert!((forecast.points[2].1 - 5.0).abs() < 0.1, "{:?}", forecast.points);
    }
}
