//! How far a run is, on standard error: a bar on a terminal, lines of text elsewhere.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
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
        (_, true) => {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            Some(Arc::new(Watcher(Shown::start(Face::Bar(bar)))))
        }
        (ProgressChoice::Always, false) => Some(Arc::new(Watcher(Shown::start(Face::Lines)))),
    }
}

/// Hears of a run's progress; a thread of its own shows it now and then, also while nothing is heard.
struct Watcher(Arc<Shown>);

/// Keeps the figures, and shows them.
struct Shown {
    face: Face,
    figures: Mutex<Figures>,
    is_over: Condvar,
}

enum Face {
    Bar(ProgressBar),
    Lines,
}

struct Figures {
    start: Instant,
    is_visible: bool,
    is_over: bool,
    /// Rows that the function is done with, in whatever order.
    n_advanced: u64,
    n_rows_in_all: Option<u64>,
    status: Option<RunStatus>,
}

impl Shown {
    fn start(face: Face) -> Arc<Self> {
        let figures = Figures {
            start: Instant::now(),
            is_visible: false,
            is_over: false,
            n_advanced: 0,
            n_rows_in_all: None,
            status: None,
        };
        let shown = Arc::new(Self { face, figures: Mutex::new(figures), is_over: Condvar::new() });
        let shows = Arc::clone(&shown);
        // Without the thread, the last figures are shown.
        let _ = thread::Builder::new().name("parrow-progress".into()).spawn(move || shows.show_until_over());
        shown
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show_until_over(&self) {
        let interval = match self.face {
            Face::Bar(_) => DRAW_INTERVAL,
            Face::Lines => LINE_INTERVAL,
        };
        let mut figures = self.figures();
        let mut wait = interval.max(PATIENCE);
        loop {
            let goes_on = |figures: &mut Figures| !figures.is_over;
            let waited = self.is_over.wait_timeout_while(figures, wait, goes_on);
            figures = waited.unwrap_or_else(PoisonError::into_inner).0;
            if figures.is_over {
                return;
            }
            self.show(&mut figures);
            wait = interval;
        }
    }

    fn show(&self, figures: &mut Figures) {
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
    /// How much of the work is done, by rows or else by bytes.
    fn share(&self) -> Option<f64> {
        let of = |done: u64, all: Option<u64>| {
            all.filter(|all| *all > 0).map(|all| (done as f64 / all as f64).min(1.0))
        };
        match &self.status {
            Some(status) => of(self.n_rows(), status.n_rows_in_all)
                .or_else(|| of(self.n_bytes(), status.n_bytes_in_all.filter(|_| self.n_bytes() > 0))),
            None => of(self.n_advanced, self.n_rows_in_all),
        }
    }

    /// The rows that are done: those that are written or looked through, and those that wait for their turn to be written.
    fn n_rows(&self) -> u64 {
        match &self.status {
            Some(status) if status.is_looking || self.is_over => status.n_rows,
            Some(status) => self.n_advanced.clamp(status.n_rows, status.n_rows_taken.max(status.n_rows)),
            None => self.n_advanced,
        }
    }

    /// The bytes of the inputs that these stand for, about.
    fn n_bytes(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let n_ahead = self.n_rows() - status.n_rows;
        let (rows, bytes) = (
            status.n_rows_taken.saturating_sub(status.n_rows),
            status.n_bytes_taken.saturating_sub(status.n_bytes),
        );
        match rows {
            0 => status.n_bytes,
            rows => status.n_bytes + (u128::from(bytes) * u128::from(n_ahead) / u128::from(rows)) as u64,
        }
    }

    /// One line with all that is known.
    fn text(&self) -> String {
        let seconds = self.start.elapsed().as_secs_f64().max(1e-3);
        let n_rows = self.n_rows();
        let in_all = match &self.status {
            Some(status) => status.n_rows_in_all,
            None => self.n_rows_in_all,
        };
        let rate = HumanCount((n_rows as f64 / seconds) as u64);
        let mut text = match in_all {
            Some(in_all) => format!("{} of {} rows", HumanCount(n_rows), HumanCount(in_all)),
            None => format!("{} rows", HumanCount(n_rows)),
        };
        if let Some(status) = &self.status {
            if status.is_looking {
                text = format!("looking through the input: {text}");
            } else if !self.is_over && status.n_rows_taken > n_rows {
                text += &format!(" ({} in flight)", HumanCount(status.n_rows_taken - n_rows));
            }
            let n_bytes = self.n_bytes();
            let per_second = BinaryBytes((n_bytes as f64 / seconds) as u64);
            match status.n_bytes_in_all {
                Some(in_all) if in_all > 0 => {
                    text += &format!(", {} of {}", BinaryBytes(n_bytes), BinaryBytes(in_all));
                }
                _ if n_bytes > 0 => text += &format!(", {}", BinaryBytes(n_bytes)),
                _ => {}
            }
            text += &format!(", {rate} rows/s");
            if n_bytes > 0 {
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
        let mut figures = self.0.figures();
        figures.n_rows_in_all = n_rows;
        figures.n_advanced = 0;
        // The rate is that of the rows that are worked on, from the first one on, however long that one takes.
        figures.start = Instant::now();
    }

    fn advance(&self, n_rows: u64) {
        self.0.figures().n_advanced += n_rows;
    }

    fn status(&self, status: &RunStatus) {
        let mut figures = self.0.figures();
        // The rate is that of the pass that is told of.
        if status.is_looking && figures.status.is_some_and(|before| !before.is_looking) {
            figures.start = Instant::now();
        }
        figures.status = Some(*status);
    }

    fn finish(&self) {
        let mut figures = self.0.figures();
        if std::mem::replace(&mut figures.is_over, true) {
            return;
        }
        self.0.is_over.notify_all();
        match &self.0.face {
            Face::Bar(bar) => bar.finish_and_clear(),
            Face::Lines => eprintln!("parrow: {}", figures.text()),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.figures().is_over = true;
        self.0.is_over.notify_all();
    }
}
