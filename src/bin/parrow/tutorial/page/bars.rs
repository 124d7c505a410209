//! The bar chart of speed-ups. Positions are in percent and text in pixels, so it fits any width without growing its text.

use crate::page::escape;
use crate::page::number::times;
use crate::tutorial::section::Outcome;

/// Pixels a section takes, and those that its bar is below its name.
const ROW: usize = 44;
const BAR_TOP: usize = 20;
const BAR: usize = 14;

/// Pixels for the axis at the bottom.
const AXIS: usize = 28;

/// Percent of the width that the longest bar takes: the rest is for its number.
const LONGEST: f64 = 84.0;

/// A bar for each section.
pub fn chart(outcomes: &[Outcome]) -> String {
    let speed_ups: Vec<f64> = outcomes.iter().map(|outcome| outcome.timing.speed_up()).collect();
    let most = speed_ups.iter().copied().fold(1.0, f64::max);
    let at = |speed_up: f64| speed_up / most * LONGEST;
    let (bars_height, one) = (outcomes.len() * ROW, at(1.0));
    let mut svg = format!(
        "<svg class=\"chart\" width=\"100%\" height=\"{}\" role=\"img\" aria-label=\"Speed-up of each section over the plain loop\">\n",
        bars_height + AXIS
    );
    for tick in ticks(most) {
        let x = at(tick);
        let (class, label_y) = (if tick == 1.0 { "one" } else { "grid" }, bars_height + 20);
        let anchor = if tick == 0.0 { "start" } else { "middle" };
        svg.push_str(&format!(
            "<line class=\"{class}\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"{bars_height}\"/>\
             <text class=\"tick\" x=\"{x:.2}%\" y=\"{label_y}\" text-anchor=\"{anchor}\">{tick}×</text>\n"
        ));
    }
    for (index, (outcome, speed_up)) in outcomes.iter().zip(&speed_ups).enumerate() {
        let (top, width) = (index * ROW, at(*speed_up));
        let class = if outcome.section.key == "loop" {
            "bar reference"
        } else if width < one {
            "bar slower"
        } else {
            "bar faster"
        };
        let (name_y, bar_y, value_y) = (top + 14, top + BAR_TOP, top + BAR_TOP + 12);
        let (name, value) = (escape(outcome.section.name), times(*speed_up));
        svg.push_str(&format!(
            "<text class=\"name\" x=\"0\" y=\"{name_y}\">{name}</text>\
             <rect class=\"{class}\" x=\"0\" y=\"{bar_y}\" width=\"{width:.2}%\" height=\"{BAR}\" rx=\"2\"><title>{name}: {value}</title></rect>\
             <text class=\"value\" x=\"{width:.2}%\" dx=\"6\" y=\"{value_y}\">{value}</text>\n"
        ));
    }
    svg.push_str("</svg>\n");
    svg
}

/// From 0 on, about five steps, with 1 among them.
fn ticks(most: f64) -> Vec<f64> {
    let step =
        [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0].into_iter().find(|step| most / step <= 6.0).unwrap_or(100.0);
    let mut ticks: Vec<f64> = (0..).map(|n| f64::from(n) * step).take_while(|tick| *tick <= most).collect();
    if !ticks.contains(&1.0) {
        ticks.insert(1, 1.0);
    }
    ticks
}
