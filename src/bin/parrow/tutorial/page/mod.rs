//! The outcome as a page: one file that needs nothing else, on paper or a screen of any width.

mod bars;

use super::code::{in_python, in_rust};
use super::lesson::Lesson;
use super::python::PythonRun;
use super::section::Outcome;
use crate::page::number::{duration, grouped, times};
use crate::page::{Curve, curves, escape, fact, foot, head};

/// What the page shows.
pub struct Page<'a> {
    pub outcomes: &'a [Outcome],
    pub scaling: &'a [Curve],
    pub python: Option<&'a PythonRun>,
    pub lesson: &'a Lesson,
}

impl Page<'_> {
    /// The whole page.
    pub fn to_html(&self) -> String {
        let parts = [
            head("Parallel processing, section by section"),
            self.summary(),
            self.table(),
            self.python(),
            self.speed_ups(),
            self.curve(),
            self.code(),
            foot(),
        ];
        parts.concat()
    }

    fn summary(&self) -> String {
        let n_agree = self.outcomes.iter().filter(|outcome| outcome.timing.agree).count();
        let agreement = match self.outcomes.len() {
            n if n == n_agree => "all agree".to_owned(),
            n => format!("{} of {n} disagree", n - n_agree),
        };
        let fastest = self.outcomes.iter().map(|outcome| outcome.timing.speed_up()).fold(0.0, f64::max);
        [
            "<header>\n<h1>Parallel processing, section by section</h1>\n".to_owned(),
            "<p class=\"lead\">Each section of the classic tutorial in its serial and its parallel form, over the same \
             matrix of random integers. The two forms take turns, the shortest run of each counts, and whole results are \
             compared.</p>\n<dl class=\"facts\">\n"
                .to_owned(),
            fact(&grouped(self.lesson.n_rows()), "rows of 5 integers"),
            fact(&self.lesson.pool.n_threads().to_string(), &format!("threads on {} cores", parrow::cpu_count())),
            fact(&times(fastest), "the most that was won"),
            fact(&agreement, &format!("of {} sections", self.outcomes.len())),
            "</dl>\n</header>\n".to_owned(),
        ]
        .concat()
    }

    fn table(&self) -> String {
        let mut html =
            "<section>\n<h2>Sections</h2>\n<table class=\"sections\">\n<thead><tr><th>Section</th>\
                        <th>What it shows</th><th class=\"n\">Time</th><th class=\"n\">Plain loop</th>\
                        <th class=\"n\">Speed-up</th><th>Agree</th></tr></thead>\n<tbody>\n"
                .to_owned();
        for outcome in self.outcomes {
            let (section, timing) = (&outcome.section, &outcome.timing);
            let agree = if timing.agree {
                "<td data-label=\"Agree\">yes</td>"
            } else {
                "<td data-label=\"Agree\" class=\"bad\">no</td>"
            };
            html.push_str(&format!(
                "<tr><th scope=\"row\"><a href=\"#{}\">{}</a></th><td class=\"shows\">{}</td>\
                 <td class=\"n\" data-label=\"Time\">{}</td><td class=\"n\" data-label=\"Plain loop\">{}</td>\
                 <td class=\"n\" data-label=\"Speed-up\"><b>{}</b></td>{agree}</tr>\n",
                section.key,
                escape(section.name),
                escape(&outcome.shows),
                duration(timing.seconds),
                duration(timing.serial_seconds),
                times(timing.speed_up()),
            ));
        }
        html.push_str("</tbody>\n</table>\n</section>\n");
        html
    }

    fn python(&self) -> String {
        let Some(run) = self.python else { return String::new() };
        let pandas =
            run.pandas.as_ref().map_or("without pandas".to_owned(), |version| format!("pandas {version}"));
        let n_rows = self.lesson.n_rows();
        let mut html = format!(
            "<section>\n<h2>Beside Python</h2>\n<p>Python {}, {}, with as many workers, on the same rows. Where a call for each \
             row would take long, Python was timed on fewer rows, as noted; its times are as measured, and the last column \
             is for a row.</p>\n<table class=\"sections\">\n<thead><tr><th>Section</th><th class=\"n\">parrow</th>\
             <th class=\"n\">Python loop</th><th class=\"n\">Python pool</th><th class=\"n\">Slower, per row</th></tr></thead>\n<tbody>\n",
            escape(&run.version),
            escape(&pandas),
        );
        for outcome in self.outcomes {
            let name = format!("<tr><th scope=\"row\">{}</th>", escape(outcome.section.name));
            let parrow = duration(outcome.timing.seconds);
            let row = match run.twin(outcome.section.key) {
                None => format!(
                    "{name}<td class=\"n\" data-label=\"parrow\">{parrow}</td>\
                     <td class=\"shows\" colspan=\"3\">left out: it needs pandas, which is not there</td></tr>\n"
                ),
                Some(twin) => {
                    let note = match twin.n_rows == n_rows {
                        true => String::new(),
                        false => format!("<small>on {} rows</small>", grouped(twin.n_rows)),
                    };
                    format!(
                        "{name}<td class=\"n\" data-label=\"parrow\">{parrow}</td>\
                         <td class=\"n\" data-label=\"Python loop\">{}{note}</td>\
                         <td class=\"n\" data-label=\"Python pool\">{}{note}</td>\
                         <td class=\"n\" data-label=\"Slower, per row\"><b>{}</b></td></tr>\n",
                        duration(twin.serial_seconds),
                        duration(twin.seconds),
                        times(twin.times_slower(outcome.timing.seconds, n_rows)),
                    )
                }
            };
            html.push_str(&row);
        }
        html.push_str("</tbody>\n</table>\n</section>\n");
        html
    }

    fn speed_ups(&self) -> String {
        let chart = bars::chart(self.outcomes);
        format!(
            "<section>\n<h2>Speed-up over the plain loop</h2>\n<p>How many times as fast as the serial form of the same \
             work. The dashed line is the plain loop: what ends left of it is slower.</p>\n<figure>\n{chart}</figure>\n</section>\n"
        )
    }

    fn curve(&self) -> String {
        let chart = curves(self.scaling, parrow::cpu_count());
        format!(
            "<section>\n<h2>Scaling</h2>\n<p>Speed-up by the number of threads. The dashed line is as good as it can get on \
             the {} cores of this machine.</p>\n<figure>\n{chart}</figure>\n</section>\n",
            parrow::cpu_count()
        )
    }

    fn code(&self) -> String {
        let mut html = "<section>\n<h2>Code</h2>\n<p>The code that ran, in Rust, beside its twin in Python.</p>\n</section>\n".to_owned();
        html.push_str(&code_of(
            "function",
            "The function",
            "how many numbers of a row lie between two bounds",
        ));
        for outcome in self.outcomes {
            html.push_str(&code_of(outcome.section.key, outcome.section.name, &outcome.shows));
        }
        html
    }
}

fn code_of(key: &str, name: &str, shows: &str) -> String {
    let block = |language: &str, code: Option<String>| {
        let code = escape(&code.unwrap_or_default());
        format!("<div><h4>{language}</h4>\n<pre><code>{code}</code></pre></div>\n")
    };
    format!(
        "<section class=\"code\" id=\"{key}\">\n<h3>{}</h3>\n<p>{}</p>\n<div class=\"twins\">\n{}{}</div>\n</section>\n",
        escape(name),
        escape(shows),
        block("Rust", in_rust(key)),
        block("Python", in_python(key)),
    )
}
