//! What was measured and predicted, as a page and as a picture.

use super::forecast::Forecast;
use super::measure::Measured;
use super::table::by_rows;
use crate::page::number::{duration, grouped, times};
use crate::page::{Curve, curves, curves_picture, escape, foot, head};

/// The speed-ups of each number of rows over the run with the fewest threads.
pub fn measured_curves(measured: &[Measured]) -> Vec<Curve> {
    let blocks = by_rows(measured);
    let curve = |block: &Vec<&Measured>| {
        let first = block[0].seconds;
        let points = block.iter().map(|run| (run.n_threads, first / run.seconds)).collect();
        Curve { name: format!("{} rows", grouped(block[0].n_rows() as usize)), points }
    };
    blocks.iter().map(curve).collect()
}

fn forecast_curve(forecast: &Forecast) -> Curve {
    let first = forecast.points.first().map_or(1.0, |(_, seconds)| *seconds);
    let points = forecast.points.iter().map(|(n_cores, seconds)| (*n_cores, first / seconds)).collect();
    Curve { name: "simulated".to_owned(), points }
}

/// The curve alone, or that of the simulation where there is one.
pub fn to_svg(measured: &[Measured], forecast: Option<&Forecast>, n_cores: usize) -> String {
    match forecast {
        Some(forecast) => {
            let last = forecast.points.last().map_or(n_cores, |(n, _)| *n);
            curves_picture(&[forecast_curve(forecast)], last)
        }
        None => curves_picture(&measured_curves(measured), n_cores),
    }
}

/// All of it.
pub fn to_html(command: &str, measured: &[Measured], forecast: Option<&Forecast>, n_cores: usize) -> String {
    let mut html = head("How the command scales");
    html.push_str(&format!(
        "<header>\n<h1>How the command scales</h1>\n<p class=\"lead\"><code>parrow {}</code></p>\n</header>\n",
        escape(command)
    ));
    let chart = curves(&measured_curves(measured), n_cores);
    html.push_str(&format!(
        "<section>\n<h2>Measured</h2>\n<p>Speed-up by the number of threads, whole program, the shortest run of each. The dashed \
         line is as good as it can get on the {n_cores} cores of this machine.</p>\n<figure>\n{chart}</figure>\n</section>\n"
    ));
    html.push_str(&runs(measured));
    if let Some(forecast) = forecast {
        let last = forecast.points.last().map_or(n_cores, |(n, _)| *n);
        let chart = curves(&[forecast_curve(forecast)], last);
        html.push_str(&format!(
            "<section>\n<h2>Simulated</h2>\n<p>The same pipeline with the costs that were measured here, played through \
             on more cores. What would stop it: <b class=\"limit\">{}</b>.</p>\n<figure>\n{chart}</figure>\n</section>\n",
            escape(&forecast.stop)
        ));
    }
    html.push_str(&foot());
    html
}

fn runs(measured: &[Measured]) -> String {
    let mut html = "<section>\n<h2>Runs</h2>\n<table class=\"sections\">\n<thead><tr><th>Rows</th><th class=\"n\">Threads</th>\
                    <th class=\"n\">Time</th><th class=\"n\">Speed-up</th><th>What holds it back</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for block in by_rows(measured) {
        for run in &block {
            html.push_str(&format!(
                "<tr><th scope=\"row\">{}</th><td class=\"n\" data-label=\"Threads\">{}</td><td class=\"n\" data-label=\"Time\">{}</td>\
                 <td class=\"n\" data-label=\"Speed-up\">{}</td><td class=\"shows\">{}</td></tr>\n",
                grouped(run.n_rows() as usize),
                run.n_threads,
                duration(run.seconds),
                times(block[0].seconds / run.seconds),
                escape(run.limit())
            ));
        }
    }
    html.push_str("</tbody>\n</table>\n</section>\n");
    html
}
