//! How far a run is, on standard error: a bar on a terminal, lines of text elsewhere.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use parrow::Progress;

use super::args::ProgressChoice;
use super::console::Console;
use super::system;

/// Runs that are over by then show no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// How often a line of text is worth reading.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

const STYLE: &str = "{bar:32} {percent}%  {human_pos} of {human_len} rows  {rate} rows/s  {eta} left";
const STYLE_UNKNOWN: &str = "{spinner} {human_pos} rows  {rate} rows/s";

/// Who hears of a run's progress.
pub fn watcher(console: &Console) -> Option<Arc<dyn Progress>> {
    match (console.progress, system::stderr_is_terminal()) {
        (ProgressChoice::Never, _) | (ProgressChoice::Auto, false) => None,
        (ProgressChoice::Auto, true) if console.quiet => None,
        (_, true) => Some(Arc::new(Bar::new())),
        (ProgressChoice::Always, false) => Some(Arc::new(Lines::default())),
    }
}

struct Bar {
    bar: ProgressBar,
    start: Instant,
    shown: Mutex<bool>,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, start: Instant::now(), shown: Mutex::new(false) }
    }
}

impl Progress for Bar {
    fn begin(&self, n_rows: Option<u64>) {
        let template = match n_rows {
            Some(n_rows) => {
                self.bar.set_length(n_rows);
                STYLE
            }
            None => STYLE_UNKNOWN,
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, text: &mut dyn Write| {
                let _ = write!(text, "{}", HumanCount(state.per_sec() as u64));
            };
            self.bar.set_style(style.with_key("rate", rate));
        }
        self.bar.reset();
    }

    fn advance(&self, n_rows: u64) {
        self.bar.inc(n_rows);
        if self.start.elapsed() < PATIENCE {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if !*shown {
            *shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[derive(Default)]
struct Lines(Mutex<Option<State>>);

struct State {
    n_rows: Option<u64>,
    n_done: u64,
    start: Instant,
    last_line: Instant,
}

impl State {
    fn print(&self) {
        let seconds = self.start.elapsed().as_secs_f64().max(1e-9);
        let rate = self.n_done as f64 / seconds;
        match self.n_rows {
            Some(n_rows) => {
                let left = n_rows.saturating_sub(self.n_done) as f64 / rate.max(1e-9);
                eprintln!("parrow: {} of {n_rows} rows, {rate:.0} rows/s, {left:.0} s left", self.n_done);
            }
            None => eprintln!("parrow: {} rows, {rate:.0} rows/s", self.n_done),
        }
    }
}

impl Progress for Lines {
    fn begin(&self, n_rows: Option<u64>) {
        let now = Instant::now();
        let state = State { n_rows, n_done: 0, start: now, last_line: now };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }

    fn advance(&self, n_rows: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = state.as_mut() else { return };
        state.n_done += n_rows;
        if state.last_line.elapsed() >= LINE_INTERVAL {
            state.last_line = Instant::now();
            state.print();
        }
    }

    fn finish(&self) {
        if let Some(state) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            state.print();
        }
    }
}
