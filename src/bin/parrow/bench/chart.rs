//! The scaling curve as plain text, for terminals of any width and for files.

use unicode_width::UnicodeWidthStr;

use crate::page::Curve;

/// The lines that a chart has.
const HEIGHT: usize = 12;

/// The columns for the numbers at the left, and the narrowest and widest plot.
const LABEL: usize = 6;
const NARROWEST: usize = 12;
const WIDEST: usize = 64;

/// What each curve's points look like.
const MARKS: [char; 6] = ['o', 'x', '+', '#', '%', '@'];

/// What the best that the cores allow looks like.
const BEST: char = '.';

/// Speed-up over numbers of threads.
pub fn chart(curves: &[Curve], n_cores: usize, width: usize) -> String {
    let threads: Vec<usize> =
        curves.first().map_or_else(Vec::new, |curve| curve.points.iter().map(|(n, _)| *n).collect());
    let (Some(&first), Some(&last)) = (threads.first(), threads.last()) else { return String::new() };
    let plot_width = width.saturating_sub(LABEL + 2).clamp(NARROWEST, WIDEST);
    let best = |n_threads: f64| n_threads.min(n_cores as f64);
    let points = curves.iter().flat_map(|curve| &curve.points).map(|(_, speed_up)| *speed_up);
    let most = points.fold(best(last as f64), f64::max).max(1.0);
    let column = |n_threads: f64| match last > first {
        true => {
            ((n_threads - first as f64) / (last - first) as f64 * (plot_width - 1) as f64).round() as usize
        }
        false => 0,
    };
    let line = |speed_up: f64| HEIGHT - 1 - (speed_up / most * (HEIGHT - 1) as f64).round() as usize;
    let mut cells = vec![vec![' '; plot_width]; HEIGHT];
    let step = (last - first) as f64 / (plot_width - 1) as f64;
    let along: Vec<f64> = (0..plot_width).map(|index| first as f64 + step * index as f64).collect();
    for (index, n_threads) in along.into_iter().enumerate() {
        cells[line(best(n_threads))][index] = BEST;
    }
    for (index, curve) in curves.iter().enumerate() {
        for (n_threads, speed_up) in &curve.points {
            cells[line(*speed_up)][column(*n_threads as f64)] = MARKS[index % MARKS.len()];
        }
    }
    let mut text = String::new();
    for (index, row) in cells.iter().enumerate() {
        let label = match index % 3 == 2 || index == 0 {
            true => format!("{:.1}x", most * (HEIGHT - 1 - index) as f64 / (HEIGHT - 1) as f64),
            false => String::new(),
        };
        let row: String = row.iter().collect();
        text.push_str(format!("{label:>LABEL$} |{}", row.trim_end()).trim_end());
        text.push('\n');
    }
    text.push_str(&format!("{:>LABEL$} +{}\n", "", "-".repeat(plot_width)));
    text.push_str(&axis(&threads, column, plot_width));
    for (index, curve) in curves.iter().enumerate() {
        text.push_str(&format!("{:>LABEL$}  {} {}\n", "", MARKS[index % MARKS.len()], curve.name));
    }
    text.push_str(&format!(
        "{:>LABEL$}  {BEST} the best on {n_cores} {}\n",
        "",
        if n_cores == 1 { "core" } else { "cores" }
    ));
    text
}

/// The numbers of threads below their columns, as many as there is room for.
fn axis(threads: &[usize], column: impl Fn(f64) -> usize, plot_width: usize) -> String {
    let name = " threads";
    let mut line = String::new();
    for n_threads in threads {
        let label = n_threads.to_string();
        let at = column(*n_threads as f64).min(plot_width.saturating_sub(label.width()));
        if at > line.width() || line.is_empty() {
            line.push_str(&" ".repeat(at - line.width()));
            line.push_str(&label);
        }
    }
    format!("{:>LABEL$}  {line}{name}\n", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_fits_its_width_and_shows_every_point() {
        let curves = [
            Curve { name: "all rows".into(), points: vec![(1, 1.0), (2, 1.9), (4, 2.5), (8, 2.6)] },
            Curve { name: "1,000 rows".into(), points: vec![(1, 1.0), (2, 0.9), (4, 0.8), (8, 0.7)] },
        ];
        for width in [0, 24, 80, 400] {
            let text = chart(&curves, 4, width);
            let widest = text.lines().take(HEIGHT + 1).map(str::len).max().unwrap_or_default();
            assert!(widest <= width.clamp(LABEL + 2 + NARROWEST, LABEL + 2 + WIDEST), "{text}");
            assert!(text.lines().count() == HEIGHT + 5, "{text}");
            assert!(text.contains("x 1,000 rows") && text.contains(". the best on 4 cores"), "{text}");
        }
        let text = chart(&curves, 4, 80);
        let plot: String =
            text.lines().take(HEIGHT).filter_map(|line| line.split_once('|')).map(|(_, plot)| plot).collect();
        assert_eq!(plot.matches('x').count(), 4, "{text}");
        // Where two curves meet, the later one is seen.
        assert_eq!(plot.matches('o').count(), 3, "{text}");
    }

    #[test]
    fn one_point_is_a_chart_and_none_is_nothing() {
        assert_eq!(chart(&[], 2, 80), "");
        let one = [Curve { name: "n".into(), points: vec![(1, 1.0)] }];
        assert!(chart(&one, 2, 80).contains('o'));
    }
}
