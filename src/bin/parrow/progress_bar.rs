//! How far a run is, on standard error: a bar on a terminal, lines of text elsewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{BinaryBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use parrow::{Progress, RunStatus};

use super::args::ProgressChoice;
use super::console::Console;
use super::system;

/// Runs that are over by then show no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// How often a bar is drawn.
const DRAW_INTERVAL: Duration = Duration::from_millis(100);

/// How often a line of text is worth reading.
const LINE_INTERVAL: Duration = Duration::from_secs(2);

const STYLE: &str = "{bar:24} {percent}%  {msg}";
const STYLE_UNKNOWN: &str = "{spinner} {msg}";

/// Who hears of a run's progress.
pub fn watcher(console: &Console) -> Option<Arc<dyn Progress>> {
    match (console.progress, system::stderr_is_terminal()) {
        (ProgressChoice::Never, _) | (ProgressChoice::Auto, false) => None,
        (ProgressChoice::Auto, true) if console.quiet => None,
        (_, true) => Some(Arc::new(Watcher::new(Face::Bar(ProgressBar::with_draw_target(
            None,
            ProgressDrawTarget::hidden(),
        ))))),
        (ProgressChoice::Always, false) => Some(Arc::new(Watcher::new(Face::Lines))),
    }
}

/// Keeps the figures, and shows them now and then.
struct Watcher {
    face: Face,
    figures: Mutex<Figures>,
}

enum Face {
    Bar(ProgressBar),
    Lines,
}

struct Figures {
    start: Instant,
    shown: Instant,
    is_visible: bool,
    /// Rows that were worked on, where nothing better is told.
    n_advanced: u64,
    n_rows_in_all: Option<u64>,
    status: Option<RunStatus>,
}

impl Watcher {
    fn new(face: Face) -> Self {
        let now = Instant::now();
        let figures = Figures {
            start: now,
            shown: now,
            is_visible: false,
            n_advanced: 0,
            n_rows_in_all: None,
            status: None,
        };
        Self { face, figures: Mutex::new(figures) }
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, figures: &mut Figures) {
        let interval = match self.face {
            Face::Bar(_) => DRAW_INTERVAL,
            Face::Lines => LINE_INTERVAL,
        };
        if figures.shown.elapsed() < interval || figures.start.elapsed() < PATIENCE {
            return;
        }
        figures.shown = Instant::now();
        match &self.face {
            Face::Lines => eprintln!("parrow: {}", figures.text()),
            Face::Bar(bar) => {
                let share = figures.share();
                let template = if share.is_some() { STYLE } else { STYLE_UNKNOWN };
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_length(PER_MILLE);
                bar.set_position((share.unwrap_or_default() * PER_MILLE as f64) as u64);
                bar.set_message(figures.text());
                if !std::mem::replace(&mut figures.is_visible, true) {
                    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
                }
                bar.tick();
            }
        }
    }
}

const PER_MILLE: u64 = 1_000;

impl Figures {
    /// How much of the work is done, by bytes or else by rows.
    fn share(&self) -> Option<f64> {
        let of = |done: u64, all: Option<u64>| {
            all.filter(|all| *all > 0).map(|all| (done as f64 / all as f64).min(1.0))
        };
        match &self.status {
            Some(status) => of(status.n_bytes, status.n_bytes_in_all.filter(|_| status.n_bytes > 0))
                .or_else(|| of(status.n_rows, status.n_rows_in_all)),
            None => of(self.n_advanced, self.n_rows_in_all),
        }
    }

    /// One line with all that is known.
    fn text(&self) -> String {
        let seconds = self.start.elapsed().as_secs_f64().max(1e-3);
        let (n_rows, in_all) = match &self.status {
            Some(status) => (status.n_rows, status.n_rows_in_all),
            None => (self.n_advanced, self.n_rows_in_all),
        };
        let rate = HumanCount((n_rows as f64 / seconds) as u64);
        let mut text = match in_all {
            Some(in_all) => format!("{} of {} rows", HumanCount(n_rows), HumanCount(in_all)),
            None => format!("{} rows", HumanCount(n_rows)),
        };
        if let Some(status) = &self.status {
            if status.is_looking {
                text = format!("looking through the input: {text}");
            }
            let per_second = BinaryBytes((status.n_bytes as f64 / seconds) as u64);
            match status.n_bytes_in_all {
                Some(in_all) if in_all > 0 => {
                    text += &format!(", {} of {}", BinaryBytes(status.n_bytes), BinaryBytes(in_all));
                }
                _ if status.n_bytes > 0 => text += &format!(", {}", BinaryBytes(status.n_bytes)),
                _ => {}
            }
            text += &format!(", {rate} rows/s");
            if status.n_bytes > 0 {
                text += &format!(", {per_second}/s");
            }
        } else {
            text += &format!(", {rate} rows/s");
        }
        if let Some(share) = self.share().filter(|share| (1e-6..1.0).contains(share)) {
            let left = Duration::from_secs_f64((seconds * (1.0 - share) / share).min(1e9));
            text += &format!(", {} left", HumanDuration(left));
        }
        if let Some(status) = &self.status
            && status.n_faults > 0
        {
            text += &format!(", {} failed", HumanCount(status.n_faults));
        }
        if let Some(n_bytes) = system::resident_bytes() {
            text += &format!(", {} of memory", BinaryBytes(n_bytes));
        }
        text
    }
}

impl Progress for Watcher {
    fn begin(&self, n_rows: Option<u64>) {
        let mut figures = self.figures();
        figures.n_rows_in_all = n_rows;
        // The rate is that of the rows that are worked on, from the first one on, however long that one takes.
        figures.start = Instant::now();
    }

    fn advance(&self, n_rows: u64) {
        let mut figures = self.figures();
        figures.n_advanced += n_rows;
        if figures.status.is_none() {
            self.show(&mut figures);
        }
    }

    fn status(&self, status: &RunStatus) {
        let mut figures = self.figures();
        // The rate is that of the pass that is told of.
        if status.is_looking && figures.status.is_some_and(|before| !before.is_looking) {
            figures.start = Instant::now();
        }
        figures.status = Some(*status);
        self.show(&mut figures);
    }

    fn finish(&self) {
        match &self.face {
            Face::Bar(bar) => bar.finish_and_clear(),
            Face::Lines => eprintln!("parrow: {}", self.figures().text()),
        }
    }
}
