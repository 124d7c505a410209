//! A run, played through with measured costs: workers that cut pieces off the input by turns and work on them, and a sink that
//! takes them in order, on so many cores that share so much memory bandwidth.
//!
//! Whoever is at work goes on as fast as the cores allow: with more threads at work than cores, all of them slow down alike. From
//! one moment at which somebody ends to the next, all speeds stay the same, so that the time goes from moment to moment.

use std::collections::BTreeSet;

/// What a piece costs each part, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    pub source: f64,
    pub work: f64,
    pub sink: f64,
}

impl Piece {
    pub fn times(self, factor: f64) -> Self {
        Self { source: self.source * factor, work: self.work * factor, sink: self.sink * factor }
    }
}

/// How much of a core a thread uses while it is at work; the rest it waits for something outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Appetite {
    pub worker: f64,
    pub sink: f64,
}

/// What there is to share.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    pub n_workers: usize,
    pub n_cores: usize,
    /// Bytes a second of memory, and how many of them a worker moves at full speed.
    pub bandwidth: f64,
    pub moved: f64,
}

/// What is so small that it is done.
const DONE: f64 = 1e-12;

/// The seconds that the pieces take.
pub fn play(pieces: &[Piece], appetite: Appetite, machine: &Machine) -> f64 {
    let mut state = State::default();
    let mut time = 0.0;
    loop {
        state.begin(pieces, machine);
        let speed = state.speed(appetite, machine);
        let Some(left) = state.shortest() else { return time };
        time += left / speed;
        state.advance(left);
    }
}

#[derive(Debug, Default)]
struct State {
    /// How many pieces are cut, or are being cut.
    n_begun: usize,
    /// What is left to do of the piece that a worker cuts, whose turn it is.
    source: Option<f64>,
    /// The pieces that workers work on, with what is left to do.
    working: Vec<(usize, f64)>,
    done: BTreeSet<usize>,
    n_written: usize,
    sink: Option<f64>,
}

impl State {
    /// Lets everybody begin who can, and ends what has nothing left.
    fn begin(&mut self, pieces: &[Piece], machine: &Machine) {
        loop {
            if self.source.is_none() && self.n_begun < pieces.len() && self.working.len() < machine.n_workers
            {
                self.source = Some(pieces[self.n_begun].source);
                self.n_begun += 1;
            } else if self.sink.is_none() && self.done.remove(&self.n_written) {
                self.sink = Some(pieces[self.n_written].sink);
            } else if !self.finish(pieces) {
                return;
            }
        }
    }

    /// Ends what has nothing left; `false` when nothing has.
    fn finish(&mut self, pieces: &[Piece]) -> bool {
        let mut has_ended = false;
        if self.source.take_if(|left| *left <= DONE).is_some() {
            let index = self.n_begun - 1;
            self.working.push((index, pieces[index].work));
            has_ended = true;
        }
        if self.sink.take_if(|left| *left <= DONE).is_some() {
            self.n_written += 1;
            has_ended = true;
        }
        let before = self.working.len();
        let done = &mut self.done;
        self.working.retain(|(index, left)| {
            let goes_on = *left > DONE;
            if !goes_on {
                done.insert(*index);
            }
            goes_on
        });
        has_ended || self.working.len() < before
    }

    /// How fast all go on who are at work, from 0 to 1.
    fn speed(&self, appetite: Appetite, machine: &Machine) -> f64 {
        let n_workers = self.working.len() as f64 + if self.source.is_some() { 1.0 } else { 0.0 };
        let sink = if self.sink.is_some() { appetite.sink } else { 0.0 };
        let wanted = n_workers * appetite.worker + sink;
        let by_cores = if wanted > 0.0 { machine.n_cores as f64 / wanted } else { 1.0 };
        let moved = n_workers * machine.moved;
        let by_memory = if moved > 0.0 { machine.bandwidth / moved } else { 1.0 };
        by_cores.min(by_memory).min(1.0)
    }

    /// The least that anybody at work has left.
    fn shortest(&self) -> Option<f64> {
        let working = self.working.iter().map(|(_, left)| *left);
        working.chain(self.source).chain(self.sink).min_by(f64::total_cmp)
    }

    fn advance(&mut self, done: f64) {
        let parts =
            self.working.iter_mut().map(|(_, left)| left).chain(&mut self.source).chain(&mut self.sink);
        parts.for_each(|left| *left -= done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Appetite = Appetite { worker: 1.0, sink: 1.0 };

    fn seconds(piece: Piece, n_pieces: usize, n_workers: usize, n_cores: usize) -> f64 {
        let machine = Machine { n_workers, n_cores, bandwidth: 1.0, moved: 0.0 };
        play(&vec![piece; n_pieces], WHOLE, &machine)
    }

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < expected * 0.02, "{found} where {expected} is expected");
    }

    #[test]
    fn work_alone_is_shared_by_the_workers() {
        let work = Piece { source: 0.0, work: 1.0, sink: 0.0 };
        close(seconds(work, 100, 1, 8), 100.0);
        close(seconds(work, 100, 4, 8), 25.0);
        // More workers than cores, and more than pieces.
        close(seconds(work, 100, 8, 4), 25.0);
        close(seconds(work, 3, 8, 8), 1.0);
        assert_eq!(seconds(work, 0, 2, 2), 0.0);
    }

    #[test]
    fn one_thread_that_reads_or_writes_is_the_least_that_it_takes() {
        close(seconds(Piece { source: 1.0, work: 1.0, sink: 0.1 }, 100, 16, 32), 102.0);
        close(seconds(Piece { source: 0.1, work: 1.0, sink: 1.0 }, 100, 16, 32), 101.0);
        // On one core nothing overlaps.
        close(seconds(Piece { source: 1.0, work: 1.0, sink: 1.0 }, 100, 1, 1), 300.0);
    }

    #[test]
    fn who_waits_outside_needs_no_core() {
        let machine = Machine { n_workers: 4, n_cores: 1, bandwidth: 1.0, moved: 0.0 };
        let pieces = vec![Piece { source: 0.0, work: 1.0, sink: 0.0 }; 100];
        close(play(&pieces, Appetite { worker: 0.0, ..WHOLE }, &machine), 25.0);
    }

    #[test]
    fn memory_bounds_all_workers_together() {
        let machine = Machine { n_workers: 8, n_cores: 8, bandwidth: 2.0, moved: 1.0 };
        let pieces = vec![Piece { source: 0.0, work: 1.0, sink: 0.0 }; 80];
        close(play(&pieces, WHOLE, &machine), 40.0);
    }
}
