//! A report as a page.

use std::time::Duration;

use parrow::report::{Report, ThreadUse, bytes_text, duration_text, rate_text};

use crate::page::number::grouped;
use crate::page::{Part, Row, escape, fact, foot, head, stacked};

const TITLE: &str = "What the run did with its time";

/// Whether a text is a page that was made by [`to_html`].
pub fn is_html(text: &str) -> bool {
    text.starts_with("<!doctype html>") && text.contains(&format!("<title>{TITLE}</title>"))
}

/// The page of a report on a run that was begun with a command.
pub fn to_html(report: &Report, command: &str) -> String {
    let facts = [
        fact(&duration_text(report.wall), "in all"),
        fact(&grouped(report.n_rows_read as usize), "rows read"),
        fact(&format!("{:.2}×", report.speed_up()), &format!("over one thread, with {}", report.n_threads)),
        fact(&duration_text(report.cost_per_row()), "of the function a row"),
        fact(&rate_text(report.read_rate()), "read"),
        report.peak_memory.map_or(String::new(), |peak| fact(&bytes_text(peak), "of memory at most")),
    ];
    [
        head(TITLE),
        format!(
            "<header>\n<h1>{TITLE}</h1>\n<p class=\"lead\">What holds it back: <b class=\"limit\">{}</b></p>\n\
             <p><code>parrow {}</code></p>\n<dl class=\"facts\">\n{}</dl>\n</header>\n",
            escape(&report.limit().to_string()),
            escape(command),
            facts.concat()
        ),
        stages(report),
        threads(report),
        details(report),
        foot(),
    ]
    .concat()
}

fn stages(report: &Report) -> String {
    let rows = report.stages.iter().map(|used| {
        let share = format!("{:.0} %", report.share(used.stage) * 100.0);
        Row {
            name: format!("{}: {}", used.stage, used.stage.says()),
            parts: vec![Part {
                class: "faster",
                length: used.busy.as_secs_f64(),
                says: format!("{} of work in {}", duration_text(used.busy), duration_text(used.wall)),
            }],
            value: format!("{share}, {}", duration_text(used.busy)),
        }
    });
    let chart = stacked("Time by stage", &rows.collect::<Vec<_>>());
    format!(
        "<section>\n<h2>Stages</h2>\n<p>The time that threads were at work in each stage, all of them together. Stages \
         overlap.</p>\n<figure>\n{chart}</figure>\n</section>\n"
    )
}

fn threads(report: &Report) -> String {
    let mut rows = Vec::new();
    for (index, flow) in report.flows.iter().enumerate() {
        let of_pass = match report.flows.len() {
            1 => String::new(),
            n => format!("pass {} of {n}, ", index + 1),
        };
        rows.push(row(format!("{of_pass}cutting, by workers one at a time"), &flow.source));
        let workers = flow.workers.iter().enumerate();
        rows.extend(workers.map(|(index, used)| row(format!("{of_pass}worker {}", index + 1), used)));
        rows.push(row(format!("{of_pass}sink"), &flow.sink));
    }
    if report.flows.is_empty() {
        let workers = report.workers.iter().enumerate();
        rows.extend(workers.map(|(index, used)| row(format!("worker {}", index + 1), used)));
    }
    if rows.is_empty() {
        return String::new();
    }
    let chart = stacked("Time by thread", &rows);
    format!(
        "<section>\n<h2>Threads</h2>\n<p>Blue is work, orange the part of it in which a thread was ready and others had the \
         processors, grey what it waited for the others of the run.</p>\n<figure>\n{chart}</figure>\n</section>\n"
    )
}

fn row(name: String, used: &ThreadUse) -> Row {
    let part = |class, time: Duration, what: &str| Part {
        class,
        length: time.as_secs_f64(),
        says: format!("{} {what}", duration_text(time)),
    };
    Row {
        name,
        parts: vec![
            part("faster", used.worked(), "of work"),
            part("slower", used.held_up.unwrap_or_default(), "held up"),
            part("reference", used.waited, "waited"),
        ],
        value: format!("{} of work", duration_text(used.worked())),
    }
}

fn details(report: &Report) -> String {
    let chunks = &report.chunks;
    let mut lines = vec![
        ("path", report.path.to_string()),
        (
            "chunks",
            format!(
                "{} pieces of the input, {} chunks of {} rows at most",
                grouped(chunks.n_pieces),
                grouped(chunks.n_chunks),
                grouped(chunks.largest_chunk)
            ),
        ),
        ("read", format!("{}, {}", bytes_text(report.n_bytes_read), rate_text(report.read_rate()))),
        ("written", format!("{}, {}", bytes_text(report.n_bytes_written), rate_text(report.write_rate()))),
        ("cores", report.n_cores.to_string()),
    ];
    if let Some(processor) = report.processor {
        lines.push(("processor time", duration_text(processor)));
    }
    if let Some(machine) = &report.machine {
        let of = format!("{}; on one thread {}", rate_text(machine.memory), rate_text(machine.memory_of_one));
        lines.push(("memory gives", of));
        if let Some(file) = machine.file {
            lines.push(("the input's file gives", rate_text(file)));
        }
    }
    let rows: String = lines
        .iter()
        .map(|(name, text)| format!("<tr><th scope=\"row\">{name}</th><td>{}</td></tr>\n", escape(text)))
        .collect();
    format!("<section>\n<h2>Details</h2>\n<table>\n<tbody>\n{rows}</tbody>\n</table>\n</section>\n")
}
