//! What a run would take on more cores, from what it took on one.

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

/// What a run would take.
#[derive(Debug)]
pub struct Forecast {
    /// Numbers of cores, with the seconds.
    pub points: Vec<(usize, f64)>,
    /// What would stop the run from scaling.
    pub stop: String,
}

/// The costs of a run, as measured.
#[derive(Clone, Debug)]
struct Costs {
    passes: Vec<Vec<Piece>>,
    appetite: Appetite,
    /// What comes before the first pass, between them, and behind the last.
    fixed: f64,
    n_bytes_in: f64,
    bandwidth: f64,
    /// The bytes a second that a worker moves while it works.
    moved: f64,
}

impl Forecast {
    /// Plays the run through on 1, 2, 4, … up to `n_cores` cores, and on the numbers of `also`.
    pub fn new(measured: &Measured, n_cores: usize, also: &[usize]) -> Self {
        let costs = Costs::of(measured);
        let powers = std::iter::successors(Some(1), |n: &usize| n.checked_mul(2));
        let mut counts: Vec<usize> = powers.take_while(|n| *n < n_cores).chain([n_cores]).collect();
        counts.extend(also.iter().filter(|n| **n <= n_cores));
        counts.sort_unstable();
        counts.dedup();
        let points = counts.iter().map(|n| (*n, costs.seconds(*n))).collect();
        Self { points, stop: costs.stop(n_cores) }
    }
}

impl Costs {
    fn of(measured: &Measured) -> Self {
        let report = &measured.report;
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        let passes = report["passes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_passes: f64 = passes.iter().map(|pass| number(&pass["seconds"])).sum();
        let (n_bytes_in, n_bytes_out) = (number(&report["bytes_read"]), number(&report["bytes_written"]));
        let sink = Thread::of(passes, "sink");
        let work = passes.iter().flat_map(|pass| pass["workers"].as_array().into_iter().flatten());
        let mut work = Thread::sum(work);
        // Other threads and processes may do what a worker waits for, and use the cores as well.
        if let Some(processor) = report["processor_seconds"].as_f64() {
            work.processor = work.processor.max(processor - sink.processor);
        }
        let worked = work.worked().max(1e-9);
        Self {
            passes: passes.iter().map(|pass| pieces(pass, &work, &sink)).collect(),
            appetite: Appetite { worker: work.appetite(), sink: sink.appetite() },
            fixed: (measured.seconds - of_passes).max(0.0),
            n_bytes_in,
            bandwidth: number(&report["machine"]["memory_bytes_per_second"]).max(1.0),
            moved: (n_bytes_in + n_bytes_out) * MOVES / worked,
        }
    }

    fn seconds(&self, n_cores: usize) -> f64 {
        let machine = Machine { n_workers: n_cores, n_cores, bandwidth: self.bandwidth, moved: self.moved };
        let of_pass = |pieces: &Vec<Piece>| play(&self.split(pieces, n_cores), self.appetite, &machine);
        self.fixed + self.passes.iter().map(of_pass).sum::<f64>()
    }

    /// The pieces as more workers would get them: of small inputs they are smaller.
    fn split(&self, pieces: &[Piece], n_workers: usize) -> Vec<Piece> {
        let most = (self.n_bytes_in / pieces.len().max(1) as f64 / SMALLEST_PIECE).max(1.0) as usize;
        let parts = (PIECES_PER_WORKER * n_workers).div_ceil(pieces.len().max(1)).min(most);
        let part = |cost: f64| cost / parts as f64;
        let split = pieces.iter().flat_map(|piece| {
            let piece = Piece { source: part(piece.source), work: part(piece.work), sink: part(piece.sink) };
            std::iter::repeat_n(piece, parts)
        });
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

fn pieces(pass: &Value, work: &Thread, sink: &Thread) -> Vec<Piece> {
    let costs = pass["seconds_of_pieces"].as_array().map(Vec::as_slice).unwrap_or_default();
    let piece = |cost: &Value| {
        let part = |index: usize, thread: &Thread| cost[index].as_f64().unwrap_or_default() * thread.share();
        Piece { source: part(0, work), work: part(1, work), sink: part(2, sink) }
    };
    // Of very many pieces the first are told, and the others are like them.
    let n_pieces = pass["pieces"].as_u64().unwrap_or_default() as usize;
    costs.iter().cycle().take(if costs.is_empty() { 0 } else { n_pieces }).map(piece).collect()
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
            "machine": { "memory_bytes_per_second": 1e12 },
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

    #[test]
    fn work_scales_until_something_stops_it() {
        let forecast = Forecast::new(&measured([0.001, 0.1, 0.001], 0.0), 16, &[3]);
        let cores: Vec<usize> = forecast.points.iter().map(|(n, _)| *n).collect();
        assert_eq!(cores, [1, 2, 3, 4, 8, 16]);
        let speed_up = forecast.points[0].1 / forecast.points[5].1;
        assert!(speed_up > 13.0, "{speed_up}");

        let stop = |piece, fixed| Forecast::new(&measured(piece, fixed), 16, &[]).stop;
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
        let mut run = measured([0.001, 0.1, 0.001], 0.0);
        run.report["machine"]["memory_bytes_per_second"] = json!(2e8);
        assert!(Forecast::new(&run, 16, &[]).stop.starts_with("memory bandwidth; without it"));
    }
}
