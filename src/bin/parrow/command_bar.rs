//! How many commands are done: a bar on a terminal, which makes way for what the commands print, lines of text elsewhere.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parrow::Progress;

use super::args::ProgressChoice;
use super::console::Console;
use super::system;

const STYLE: &str = "{bar:32} {pos} of {len} commands  {elapsed}";

/// Runs that are over by then show no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// How often the time is drawn anew while no command ends.
const TICK: Duration = Duration::from_millis(500);

/// Shows how many commands are done.
#[derive(Clone)]
pub struct CommandBar(Shown);

#[derive(Clone)]
enum Shown {
    Nowhere,
    Bar(ProgressBar),
    Lines(ProgressBar),
}

impl CommandBar {
    /// A bar where it is wanted, and where there is a terminal for it.
    pub fn new(console: &Console) -> Self {
        let hidden = || ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self(match (console.progress, system::stderr_is_terminal()) {
            (ProgressChoice::Never, _) | (ProgressChoice::Auto, false) => Shown::Nowhere,
            (ProgressChoice::Auto, true) if console.quiet => Shown::Nowhere,
            (_, true) => Shown::Bar(hidden()),
            (ProgressChoice::Always, false) => Shown::Lines(hidden()),
        })
    }

    /// The bar as a run wants it.
    pub fn watcher(&self) -> Arc<dyn Progress> {
        Arc::new(self.clone())
    }

    /// Prints without the bar in the way.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Shown::Bar(bar) => bar.suspend(print),
            Shown::Nowhere | Shown::Lines(_) => print(),
        }
    }
}

impl Progress for CommandBar {
    fn begin(&self, n_commands: Option<u64>) {
        let (Shown::Bar(bar) | Shown::Lines(bar)) = &self.0 else { return };
        bar.set_length(n_commands.unwrap_or_default());
        bar.reset();
        if let Shown::Bar(bar) = &self.0 {
            if let Ok(style) = ProgressStyle::with_template(STYLE) {
                bar.set_style(style);
            }
            let bar = bar.clone();
            thread::spawn(move || {
                thread::sleep(PATIENCE);
                if !bar.is_finished() {
                    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
                    bar.enable_steady_tick(TICK);
                }
            });
        }
    }

    fn advance(&self, n_commands: u64) {
        match &self.0 {
            Shown::Nowhere => {}
            Shown::Bar(bar) => bar.inc(n_commands),
            Shown::Lines(bar) => {
                bar.inc(n_commands);
                let n_all = bar.length().unwrap_or_default();
                eprintln!(
                    "parrow: {} of {n_all} commands, {:.1} s",
                    bar.position(),
                    bar.elapsed().as_secs_f64()
                );
            }
        }
    }

    fn finish(&self) {
        if let Shown::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
