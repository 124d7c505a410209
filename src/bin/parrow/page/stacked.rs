//! Bars that are put together from parts, each under its name. Positions are in percent and text in pixels, so that a chart
//! fits any width without growing its text.

use super::escape;

/// Pixels a row takes, and those that its bar is below its name.
const ROW: usize = 44;
const BAR_TOP: usize = 20;
const BAR: usize = 14;

/// Percent of the width that the longest bar takes: the rest is for its number.
const LONGEST: f64 = 80.0;

/// A bar.
pub struct Row {
    pub name: String,
    pub parts: Vec<Part>,
    /// What stands behind it.
    pub value: String,
}

/// A part of a bar.
pub struct Part {
    /// How it is filled: `faster`, `slower`, `reference`.
    pub class: &'static str,
    pub length: f64,
    /// What is said when somebody points at it.
    pub says: String,
}

/// The bars, in proportion.
pub fn chart(label: &str, rows: &[Row]) -> String {
    let length = |row: &Row| row.parts.iter().map(|part| part.length).sum::<f64>();
    let most = rows.iter().map(length).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = format!(
        "<svg class=\"chart\" width=\"100%\" height=\"{}\" role=\"img\" aria-label=\"{}\">\n",
        rows.len() * ROW,
        escape(label)
    );
    for (index, row) in rows.iter().enumerate() {
        let top = index * ROW;
        let (name_y, bar_y, value_y) = (top + 14, top + BAR_TOP, top + BAR_TOP + 12);
        svg.push_str(&format!("<text class=\"name\" x=\"0\" y=\"{name_y}\">{}</text>", escape(&row.name)));
        let mut x = 0.0;
        for part in &row.parts {
            let width = part.length / most * LONGEST;
            svg.push_str(&format!(
                "<rect class=\"bar {}\" x=\"{x:.2}%\" y=\"{bar_y}\" width=\"{width:.2}%\" height=\"{BAR}\"><title>{}</title></rect>",
                part.class,
                escape(&part.says)
            ));
            x += width;
        }
        svg.push_str(&format!(
            "<text class=\"value\" x=\"{x:.2}%\" dx=\"6\" y=\"{value_y}\">{}</text>\n",
            escape(&row.value)
        ));
    }
    svg.push_str("</svg>\n");
    svg
}
