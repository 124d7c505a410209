//! A report as text for people.

use std::fmt;
use std::time::Duration;

use super::flow::{Flow, ThreadUse};
use super::report::{Report, RowPath, ratio};

/// A time with its unit, three digits: `12.3 µs`.
pub fn duration_text(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (number, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    format!("{} {unit}", three_digits(number))
}

/// A number of bytes with its unit: `83.2 MB`.
pub fn bytes_text(n_bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if n_bytes < 1_000 {
        return format!("{n_bytes} B");
    }
    let mut number = n_bytes as f64 / 1e3;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while number >= 999.5
        && let Some(next) = units.next()
    {
        number /= 1e3;
        unit = Some(next);
    }
    format!("{} {}", three_digits(number), unit.unwrap_or(&"TB"))
}

/// Bytes a second with their unit: `0.9 GB/s`.
pub fn rate_text(rate: f64) -> String {
    format!("{}/s", bytes_text(rate.max(0.0) as u64))
}

/// A number with a comma every three digits: `20,000,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn three_digits(number: f64) -> String {
    match number {
        n if n >= 99.95 => format!("{n:.0}"),
        n if n >= 9.995 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "limit        {}", self.limit())?;
        self.fmt_totals(f)?;
        writeln!(f, "\n{:<12} {:>9}  {:>9}  {:>6}", "stage", "wall", "busy", "share")?;
        for used in &self.stages {
            let (wall, busy) = (duration_text(used.wall), duration_text(used.busy));
            let share = percent(self.share(used.stage));
            writeln!(f, "{:<12} {wall:>9}  {busy:>9}  {share:>6}  {}", used.stage, used.stage.says())?;
        }
        self.fmt_threads(f)
    }
}

impl Report {
    fn fmt_totals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, text: String| writeln!(f, "{name:<12} {text}");
        let (read, written) = (grouped(self.n_rows_read), grouped(self.n_rows_written));
        line(f, "rows", format!("{read} read, {written} written"))?;
        let processor = match self.processor {
            Some(time) => format!(", {} of processors", duration_text(time)),
            None => String::new(),
        };
        line(f, "time", format!("{}{processor}", duration_text(self.wall)))?;
        let n_threads = match self.n_threads {
            1 => "1 thread".to_owned(),
            n => format!("{n} threads"),
        };
        line(
            f,
            "speed-up",
            format!("{:.2} over one thread, with {n_threads} on {} cores", self.speed_up(), self.n_cores),
        )?;
        line(f, "a row", format!("{} of the function", duration_text(self.cost_per_row())))?;
        line(
            f,
            "bytes",
            format!(
                "{} read, {}; {} written, {}",
                bytes_text(self.n_bytes_read),
                rate_text(self.read_rate()),
                bytes_text(self.n_bytes_written),
                rate_text(self.write_rate())
            ),
        )?;
        if let Some(machine) = &self.machine {
            let file =
                machine.file.map_or(String::new(), |rate| format!("; the input's file {}", rate_text(rate)));
            let (all, one) = (rate_text(machine.memory), rate_text(machine.memory_of_one));
            line(f, "machine", format!("memory {all} on {n_threads}, {one} on one{file}"))?;
        }
        if let Some(peak) = self.peak_memory {
            line(f, "memory", format!("{} at most", bytes_text(peak)))?;
        }
        line(f, "path", self.path.to_string())?;
        line(f, "chunks", self.chunk_text())
    }

    fn chunk_text(&self) -> String {
        let chunks = &self.chunks;
        let of_pieces = match chunks.n_pieces {
            0 => String::new(),
            1 => "1 piece of the input, ".to_owned(),
            n => format!("{} pieces of the input, ", grouped(n as u64)),
        };
        let n_chunks = match chunks.n_chunks {
            1 => "1 chunk".to_owned(),
            n => format!("{} chunks", grouped(n as u64)),
        };
        format!("{of_pieces}{n_chunks} of {} rows at most", grouped(chunks.largest_chunk as u64))
    }

    fn fmt_threads(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workers = self.workers();
        if workers.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n{:<12} {:>9}  {:>9}  {:>9}  {:>7}", "thread", "busy", "waited", "held up", "chunks")?;
        let mut line = |name: &str, used: &ThreadUse, note: &str| {
            let (busy, waited) = (duration_text(used.busy), duration_text(used.waited));
            let held_up = used.held_up.map_or("-".to_owned(), duration_text);
            let n_chunks = grouped(used.n_chunks as u64);
            writeln!(f, "{name:<12} {busy:>9}  {waited:>9}  {held_up:>9}  {n_chunks:>7}{note}")
        };
        for (index, used) in workers.iter().enumerate() {
            line(&format!("worker {}", index + 1), used, "")?;
        }
        let sum = |of: fn(&Flow) -> ThreadUse| {
            let mut flows = self.flows.iter().map(of);
            let first = flows.next()?;
            Some(flows.fold(first, |mut all, used| {
                all.add(&used);
                all
            }))
        };
        if let Some(source) = sum(|flow| flow.source) {
            let memory: Duration = self.flows.iter().map(|flow| flow.waited_for_memory).sum();
            let waits = match ratio(memory, self.wall) > 0.01 {
                true => format!("; {} waited for memory", duration_text(memory)),
                false => String::new(),
            };
            line("cutting", &source, &format!("  by workers, one at a time{waits}"))?;
        }
        match sum(|flow| flow.sink) {
            Some(sink) => line("sink", &sink, ""),
            None => Ok(()),
        }
    }
}

impl fmt::Display for RowPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = |f: &mut fmt::Formatter<'_>, reason: &Option<String>| match reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        };
        match self {
            Self::Memory => f.write_str("columns in memory"),
            Self::Fused { reason } => {
                f.write_str("fused: each piece from bytes to numbers to text at one go")?;
                because(f, reason)
            }
            Self::General { reason } => {
                f.write_str("general: piece by piece through columns")?;
                because(f, reason)
            }
            Self::Mixed { n_fused, n_general, reason } => {
                write!(f, "fused for {n_fused} pieces, general for {n_general}")?;
                because(f, reason)
            }
            Self::Whole => f.write_str("whole: all rows were read before the first was worked on"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_their_unit() {
        let text = |nanos| duration_text(Duration::from_nanos(nanos));
        assert_eq!(
            [text(0), text(12), text(12_340), text(999_000)],
            ["0.00 ns", "12.0 ns", "12.3 µs", "999 µs"]
        );
        assert_eq!(duration_text(Duration::from_secs(75)), "75.0 s");
        assert_eq!(bytes_text(999), "999 B");
        assert_eq!(
            [bytes_text(1_000), bytes_text(999_700), bytes_text(83_240_000)],
            ["1.00 kB", "1.00 MB", "83.2 MB"]
        );
        assert_eq!(bytes_text(u64::MAX), "18446744 TB");
        assert_eq!(rate_text(0.9e9), "900 MB/s");
        assert_eq!([grouped(0), grouped(999), grouped(20_000_000)], ["0", "999", "20,000,000"]);
    }
}
