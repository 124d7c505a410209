//! The tutorial's page in a browser: its charts are there, in any width, and the console stays silent.

use super::browser::{framed, installed, open, report};
use super::support::Place;
use super::tutorial::WITH_PAGE;

/// Writes what the browser made of the page into the page, which `--dump-dom` then prints.
const PROBE: &str = "
<script>
const seen = selector => [...document.querySelectorAll(selector)]
    .filter(shape => shape.getBoundingClientRect().height > 0 && getComputedStyle(shape).visibility === 'visible').length;
const charts = [...document.querySelectorAll('svg.chart')].map(chart => chart.getBoundingClientRect());
const fits = box => box.left >= 0 && box.right <= innerWidth && box.width > 200;
const report = [
    `width=${innerWidth}`,
    `scrolls=${document.documentElement.scrollWidth > innerWidth}`,
    `charts=${charts.filter(fits).length}`,
    `bars=${seen('rect.bar')}`,
    `points=${seen('svg.chart circle')}`,
];
document.body.setAttribute('data-report', report.join(' '));
</script>
";

#[test]
fn a_browser_shows_the_charts_without_a_word_on_the_console() {
    let Some(browser) = installed() else { return };
    let page = WITH_PAGE.place.read("page.html");
    let place = Place::new();
    place.file("loud.html", "<!doctype html><script>nowhere()</script>");
    let loud = open(browser, &place.path("loud.html"));
    assert!(!loud.console.is_empty(), "an error on the console is seen");

    for width in [390, 1200] {
        place.file("framed.html", framed(&page.replace("</body>", &format!("{PROBE}</body>")), width));
        let opened = open(browser, &place.path("framed.html"));
        assert_eq!(opened.console, Vec::<String>::new());
        let n_points = page.matches(" threads: ").count();
        assert!(n_points >= 12, "three sections with four numbers of threads or more");
        let expected = format!("width={width} scrolls=false charts=2 bars=17 points={n_points}");
        assert_eq!(report(&opened.dom), expected);
    }
}
