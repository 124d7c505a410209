//! The chart of speed-ups over numbers of threads.

use super::{STYLE, escape};

/// The plot in percent of the width, and in pixels of the height.
const LEFT: f64 = 9.0;
const RIGHT: f64 = 97.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 268.0;
const ATTRIBUTES: &str =
    "class=\"chart\" height=\"312\" role=\"img\" aria-label=\"Speed-up by the number of threads\"";

/// The width of a picture of its own.
const WIDTH: f64 = 760.0;

/// Speed-ups by the number of threads.
pub struct Curve {
    pub name: String,
    pub points: Vec<(usize, f64)>,
}

/// The curves, and the best that so many cores allow.
pub fn chart(curves: &[Curve], n_cores: usize) -> String {
    let plot = plot(curves, n_cores);
    format!("{}<svg width=\"100%\" {ATTRIBUTES}>\n{plot}</svg>\n", legend(curves))
}

/// The same as a picture of its own, which needs no page around it.
pub fn picture(curves: &[Curve], n_cores: usize) -> String {
    let plot = plot(curves, n_cores);
    let names = curves.iter().enumerate().map(|(index, curve)| {
        let y = 24 + index * 18;
        format!(
            "<line class=\"curve c{index}\" x1=\"90\" x2=\"112\" y1=\"{y}\" y2=\"{y}\"/><text x=\"120\" y=\"{}\">{}</text>\n",
            y + 4,
            escape(&curve.name)
        )
    });
    let names: String = names.collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" {ATTRIBUTES}>\n\
         <style>\n{STYLE}svg {{ background: var(--card); }}\n</style>\n{plot}{names}</svg>\n"
    )
}

fn plot(curves: &[Curve], n_cores: usize) -> String {
    let threads: Vec<usize> =
        curves.first().map_or_else(Vec::new, |curve| curve.points.iter().map(|(n, _)| *n).collect());
    let last = threads.last().copied().unwrap_or(1).max(2);
    let best = |n_threads: usize| n_threads.min(n_cores) as f64;
    let most = curves
        .iter()
        .flat_map(|curve| &curve.points)
        .map(|(_, speed_up)| *speed_up)
        .fold(best(last), f64::max);
    let scale = Scale { last: last as f64, most: most * 1.05 };
    let mut svg = String::new();
    svg.push_str(&scale.axes(&threads, most));
    // The corner of the best line lies at the number of cores, which need not be among the points.
    let mut corners = vec![(1, best(1)), (n_cores.min(last), best(last)), (last, best(last))];
    corners.dedup();
    svg.push_str(&scale.line("best", &corners));
    for (index, curve) in curves.iter().enumerate() {
        svg.push_str(&scale.line(&format!("curve c{index}"), &curve.points));
        for (n_threads, speed_up) in &curve.points {
            let (x, y) = (scale.x(*n_threads as f64), scale.y(*speed_up));
            svg.push_str(&format!(
                "<circle class=\"c{index}\" cx=\"{x:.2}%\" cy=\"{y:.1}\" r=\"4\"><title>{}, {n_threads} threads: {speed_up:.2}×</title></circle>\n",
                escape(&curve.name)
            ));
        }
    }
    svg
}

fn legend(curves: &[Curve]) -> String {
    let items = curves.iter().enumerate().map(|(index, curve)| {
        format!("<li><svg width=\"22\" height=\"10\" aria-hidden=\"true\"><line class=\"curve c{index}\" x1=\"0\" x2=\"22\" y1=\"5\" y2=\"5\"/></svg>{}</li>", escape(&curve.name))
    });
    format!("<ul class=\"legend\">{}</ul>\n", items.collect::<String>())
}

struct Scale {
    last: f64,
    most: f64,
}

impl Scale {
    fn x(&self, n_threads: f64) -> f64 {
        LEFT + (n_threads - 1.0) / (self.last - 1.0) * (RIGHT - LEFT)
    }

    fn y(&self, speed_up: f64) -> f64 {
        BOTTOM - speed_up / self.most * (BOTTOM - TOP)
    }

    fn axes(&self, threads: &[usize], most: f64) -> String {
        let step = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
            .into_iter()
            .find(|step| most / step <= 6.0)
            .unwrap_or(100.0);
        let mut svg = String::new();
        for speed_up in (0..).map(|n| f64::from(n) * step).take_while(|speed_up| *speed_up <= most) {
            let y = self.y(speed_up);
            svg.push_str(&format!(
                "<line class=\"grid\" x1=\"{LEFT}%\" x2=\"{RIGHT}%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" x=\"{LEFT}%\" dx=\"-8\" y=\"{:.1}\" text-anchor=\"end\">{speed_up}×</text>\n",
                y + 4.0
            ));
        }
        for n_threads in threads {
            let x = self.x(*n_threads as f64);
            svg.push_str(&format!(
                "<text class=\"tick\" x=\"{x:.2}%\" y=\"{:.1}\" text-anchor=\"middle\">{n_threads}</text>\n",
                BOTTOM + 18.0
            ));
        }
        let middle = (LEFT + RIGHT) / 2.0;
        svg.push_str(&format!(
            "<text class=\"tick\" x=\"{middle}%\" y=\"{:.1}\" text-anchor=\"middle\">threads</text>\n",
            BOTTOM + 38.0
        ));
        svg
    }

    /// A line of straight pieces; `polyline` takes no percent.
    fn line(&self, class: &str, points: &[(usize, f64)]) -> String {
        let piece = |pair: &[(usize, f64)]| {
            let [x1, x2] = [pair[0].0, pair[1].0].map(|n_threads| self.x(n_threads as f64));
            let [y1, y2] = [pair[0].1, pair[1].1].map(|speed_up| self.y(speed_up));
            format!(
                "<line class=\"{class}\" x1=\"{x1:.2}%\" y1=\"{y1:.1}\" x2=\"{x2:.2}%\" y2=\"{y2:.1}\"/>\n"
            )
        };
        points.windows(2).map(piece).collect()
    }
}
