//! What a run notes on its way.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::flow::Flow;
use super::report::{Report, RowPath};
use super::stage::{Stage, StageClock};
use super::system::{ProcessorTime, peak_memory};

/// What a run notes on its way. Any of its threads may.
#[derive(Debug)]
pub(crate) struct Recorder {
    begun: Instant,
    processor: Option<ProcessorTime>,
    clock: StageClock,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    looks: Vec<Flow>,
    flows: Vec<Flow>,
    n_fused: usize,
    n_general: usize,
    reason: Option<String>,
}

impl Recorder {
    pub(crate) fn start() -> Self {
        Self {
            begun: Instant::now(),
            processor: ProcessorTime::now(),
            clock: StageClock::default(),
            noted: Mutex::default(),
        }
    }

    /// Does something that is part of a stage.
    pub(crate) fn time<T>(&self, stage: Stage, call: impl FnOnce() -> T) -> T {
        self.clock.time(stage, call)
    }

    /// Adds work of other threads on behalf of one that is in a stage.
    pub(crate) fn add(&self, stage: Stage, busy: Duration) {
        self.clock.add(stage, busy);
    }

    /// Notes that pieces have flowed in a look at the inputs, before the first row.
    pub(crate) fn looked(&self, flow: Flow) {
        self.noted().looks.push(flow);
    }

    /// Notes that pieces have flowed to the output.
    pub(crate) fn flowed(&self, flow: Flow) {
        self.noted().flows.push(flow);
    }

    /// Notes that the rows of a piece went from bytes to text at one go.
    pub(crate) fn took_fused(&self) {
        self.noted().n_fused += 1;
    }

    /// Notes that all that was done so far was in vain.
    pub(crate) fn begins_anew(&self, reason: &str) {
        let mut noted = self.noted();
        (noted.n_fused, noted.n_general) = (0, 0);
        noted.reason = Some(reason.to_owned());
    }

    /// Notes that the rows of a piece went the general way; the first reason given is told.
    pub(crate) fn took_general(&self, reason: Option<&str>) {
        let mut noted = self.noted();
        noted.n_general += 1;
        if noted.reason.is_none() {
            noted.reason = reason.map(str::to_owned);
        }
    }

    /// The report as far as it is known here.
    pub(crate) fn report(&self) -> Report {
        let mut noted = self.noted();
        let reason = noted.reason.take();
        let mut stages = self.clock.uses();
        if let Some(look) = stages.iter_mut().find(|used| used.stage == Stage::Look) {
            // The thread that looks waits while others flow.
            let flowed: Duration = noted.looks.iter().map(|flow| flow.wall).sum();
            let busy: Duration = noted.looks.iter().map(Flow::busy).sum();
            look.busy = look.wall.saturating_sub(flowed) + busy;
        }
        let mut flows = std::mem::take(&mut noted.looks);
        flows.append(&mut noted.flows);
        Report {
            wall: self.begun.elapsed(),
            processor: ProcessorTime::since(self.processor),
            peak_memory: peak_memory(),
            stages,
            flows,
            n_cores: num_cpus::get().max(1),
            path: match (noted.n_fused, noted.n_general) {
                (0, _) => RowPath::General { reason },
                (_, 0) => RowPath::Fused { reason },
                (n_fused, n_general) => RowPath::Mixed { n_fused, n_general, reason },
            },
            ..Report::default()
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
