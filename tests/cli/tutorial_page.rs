//! The tutorial's page in a browser: its charts are there, in any width, and the console stays silent.

use std::path::Path;
use std::process::Command;

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

struct Opened {
    dom: String,
    console: Vec<String>,
}

/// The browser, or why there is none.
fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let runs = |name: &&str| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    names.into_iter().find(runs)
}

fn open(browser: &str, page: &Path) -> Opened {
    let profile = tempfile::tempdir().expect("a folder can be made");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
        ])
        .args(["--disable-dev-shm-usage", "--no-first-run", "--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--window-size=1400,1000")
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser starts");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    Opened {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: log.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect(),
    }
}

#[test]
fn a_browser_shows_the_charts_without_a_word_on_the_console() {
    let Some(browser) = browser() else {
        assert!(std::env::var_os("CI").is_none(), "there is no chromium to open the page in");
        eprintln!("skipped: there is no chromium to open the page in");
        return;
    };
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

/// A page that shows another one in so many pixels, narrower than the browser's own window can be, and takes over what its
/// probe reports.
fn framed(page: &str, width: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    let take_over = "document.body.setAttribute('data-report', this.contentDocument.body.dataset.report)";
    format!(
        "<!doctype html>\n<link rel=\"icon\" href=\"data:,\">\n<body>\n\
         <iframe width=\"{width}\" height=\"900\" frameborder=\"0\" onload=\"{take_over}\" srcdoc=\"{page}\"></iframe>\n"
    )
}

/// What the probe wrote.
fn report(dom: &str) -> &str {
    // That of the outer page comes first.
    dom.split_once("<body data-report=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or("no report")
}
