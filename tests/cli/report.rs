//! `--report`: what a run did with its time, and the sentence that names what holds it back.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::browser::{framed, installed, open, report};
use super::support::{Place, data};

const COUNT: [&str; 5] = ["count-range", "--min", "4", "--max", "8"];

/// Runs a command with a report, and gives that.
#[track_caller]
fn reported(place: &Place, arguments: &[&str]) -> Value {
    place.run(&[arguments, &["--report", "report.json", "-q"]].concat()).code(0);
    serde_json::from_str(&place.read("report.json")).expect("the report is JSON")
}

fn limit(report: &Value) -> &str {
    report["limit"].as_str().expect("a sentence")
}

/// Rows of some long texts and a number, of which most is passed over.
fn wide_rows(n_rows: usize) -> String {
    let mut text = "n,t\n".to_owned();
    let mut state: u64 = 1;
    for row in 0..n_rows {
        text.push_str(&format!("{row},"));
        for _ in 0..40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!("{state:x}"));
        }
        text.push('\n');
    }
    text
}

#[test]
fn a_report_goes_to_standard_error_and_changes_nothing_else() {
    let place = Place::with_points();
    let plain = place.run(&["apply", "points.csv", "x + 1 AS z"]).code(0).stdout;
    let run = place.run(&["apply", "points.csv", "x + 1 AS z", "--report"]).code(0).stdout(&plain);
    let run = run.stderr_has("limit        too few rows to share: 3 rows took ");
    for word in [
        "rows         3 read, 3 written",
        "speed-up",
        "a row",
        "machine",
        "path",
        "chunks",
        "parse",
        "worker 1",
    ] {
        assert!(run.stderr.contains(word), "{word}\n{run}");
    }
    // The word behind the flag is the input, unless it names a file for a report.
    place.run(&["apply", "--report", "points.csv", "x + 1 AS z"]).code(0).stdout(&plain);
    place
        .run(&["apply", "points.csv", "--report=report.txt"])
        .code(2)
        .stderr_has("a report goes into a file that ends in .json or .html");
    // Quiet is about what nobody asked for.
    place.run(&["apply", "points.csv", "-q", "--report"]).code(0).stderr_has("limit ");
}

#[test]
fn every_row_command_has_one() {
    let place = Place::with_points();
    let matrix = data("matrix.csv");
    let commands: &[&[&str]] = &[
        &["count-range", &matrix, "--min", "4", "--max", "8"],
        &["hypot", "points.csv", "--a", "x", "--b", "y"],
        &["scale", "points.csv"],
        &["columns", &matrix, "sum-of-squares"],
        &["apply", &matrix, "a + b AS s", "--where", "a > b"],
        &["apply", &matrix, "--luau", "return a + b", "--name", "s"],
        &["generate", "--rows", "1000", "--cols", "5"],
    ];
    for command in commands {
        let report = reported(&place, command);
        assert!(!limit(&report).is_empty(), "{command:?}");
        assert!(report["rows_read"].as_u64().is_some_and(|n_rows| n_rows > 0), "{command:?}: {report}");
        let shares = report["stages"].as_array().expect("stages");
        let sum: f64 = shares.iter().map(|stage| stage["share"].as_f64().expect("a share")).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{command:?}: {sum}");
    }
}

#[test]
fn the_figures_of_a_run_fit_together() {
    let place = Place::new();
    let report = reported(&place, &[&COUNT[..], &[&data("matrix.csv"), "-j", "2", "-o", "out.csv"]].concat());
    assert_eq!(report["rows_read"], 200_000);
    assert_eq!(report["rows_written"], 200_000);
    assert_eq!(report["bytes_written"], place.read("out.csv").len());
    assert_eq!(report["workers"].as_array().map(Vec::len), Some(2));
    let seconds = report["seconds"].as_f64().expect("seconds");
    for stage in report["stages"].as_array().expect("stages") {
        let wall = stage["wall"].as_f64().expect("wall");
        assert!(wall <= seconds, "{stage} of {seconds}");
    }
    let last = report["passes"].as_array().and_then(|passes| passes.last()).expect("a pass");
    assert_eq!(last["pieces"], report["chunks"]["pieces"]);
    assert_eq!(last["seconds_of_pieces"].as_array().map(Vec::len).map(|n| n as u64), last["pieces"].as_u64());
    assert!(report["machine"]["memory_bytes_per_second"].as_f64().is_some_and(|rate| rate > 1e8));
    assert!(report["peak_memory"].as_u64().is_none_or(|n_bytes| n_bytes > 1 << 20));
}

#[test]
fn the_start_of_interpreters_is_told() {
    let place = Place::with_points();
    place.file("f.py", "def f(x):\n    return x\n");
    let report = reported(&place, &["apply", "points.csv", "--python", "f.py:f"]);
    let stages = report["stages"].as_array().expect("stages");
    let start = stages.iter().find(|stage| stage["stage"] == "start").expect("it takes time");
    assert!(start["wall"].as_f64().is_some_and(|wall| wall > 1e-3), "{start}");
}

#[test]
fn few_rows_are_too_few_and_one_thread_is_one() {
    let place = Place::with_points();
    assert!(
        limit(&reported(&place, &["scale", "points.csv"])).starts_with("too few rows to share: 3 rows took ")
    );
    let report =
        reported(&place, &["generate", "--rows", "300000", "--cols", "5", "-o", "out.csv", "-j", "1"]);
    assert_eq!(limit(&report), "one thread: the run was given no more");
}

#[test]
fn a_packed_input_is_one_core() {
    let place = Place::new();
    place.file("wide.csv", wide_rows(30_000));
    place.run(&["apply", "wide.csv", "-o", "wide.csv.gz", "-q"]).code(0);
    let report = reported(
        &place,
        &["apply", "wide.csv.gz", "n + 1 AS m", "--dtype", "n=i64", "--only", "-o", "out.csv"],
    );
    assert!(limit(&report).starts_with("one core: the input is a gzip stream, which gives "), "{report:#}");
}

#[test]
fn a_function_that_sleeps_is_the_limit() {
    let place = Place::with_points();
    place.file("slow.sh", "read -r names\nwhile IFS=, read -r x; do sleep 0.05; echo \"$x\"; done\n");
    let worker =
        ["apply", "points.csv", "--exec", "sh slow.sh", "--protocol", "csv", "--columns", "x", "--name", "z"];
    let report = reported(&place, &worker);
    assert!(limit(&report).starts_with("the function: "), "{report:#}");
    assert!(report["seconds_per_row"].as_f64().is_some_and(|seconds| seconds > 0.045), "{report:#}");
}

#[test]
fn a_slow_pipe_is_the_limit() {
    let place = Place::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_parrow"))
        .args(["count-range", "-", "--min", "4", "--max", "8", "--report", "report.json", "-o", "out.csv"])
        .current_dir(place.path(""))
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = thread::spawn(move || {
        stdin.write_all(b"a,b\n").expect("the program reads");
        for _ in 0..40 {
            stdin.write_all("1,2\n".repeat(2_000).as_bytes()).expect("the program reads");
            thread::sleep(Duration::from_millis(15));
        }
    });
    assert!(child.wait().expect("the program ends").success());
    writer.join().expect("all was written");
    let report: Value = serde_json::from_str(&place.read("report.json")).expect("JSON");
    assert!(limit(&report).starts_with("reading: the pipe gives "), "{report:#}");
}

#[test]
fn a_run_that_fails_leaves_no_report() {
    let place = Place::with_points();
    place.run(&["apply", "points.csv", "CAST(name AS BIGINT) AS n", "--report", "report.html"]).code(1);
    assert_eq!(place.files(), ["points.csv"]);
    place.run(&["apply", "points.csv", "--report", "no/report.html"]).code(3).one_clear_line();
}

const PROBE: &str = "
<script>
const charts = [...document.querySelectorAll('svg.chart')].map(chart => chart.getBoundingClientRect());
const bars = [...document.querySelectorAll('rect.bar')].filter(bar => bar.getBoundingClientRect().width > 0);
const fits = box => box.left >= 0 && box.right <= innerWidth && box.width > 200;
const report = [
    `width=${innerWidth}`,
    `scrolls=${document.documentElement.scrollWidth > innerWidth}`,
    `charts=${charts.filter(fits).length}`,
    `bars=${bars.length >= 6}`,
    `limit=${document.querySelector('.limit').textContent.length > 10}`,
];
document.body.setAttribute('data-report', report.join(' '));
</script>
";

#[test]
fn a_browser_shows_the_page() {
    let place = Place::new();
    place
        .run(&[&COUNT[..], &[&data("matrix.csv"), "--report", "report.html", "-o", "out.csv", "-q"]].concat())
        .code(0);
    let page = place.read("report.html");
    assert!(page.contains("What holds it back"));
    let Some(browser) = installed() else { return };
    for width in [390, 1200] {
        place.file("framed.html", framed(&page.replace("</body>", &format!("{PROBE}</body>")), width));
        let opened = open(browser, &place.path("framed.html"));
        assert_eq!(opened.console, Vec::<String>::new());
        assert_eq!(report(&opened.dom), format!("width={width} scrolls=false charts=2 bars=true limit=true"));
    }
}

#[test]
fn a_report_replaces_nothing_but_a_report() {
    let place = Place::with_points();
    let rows = "{\"x\":1}\n";
    place.file("in.json", rows);
    let refused = |arguments: &[&str], what: &str| {
        place.run(&[&["apply", "--format", "ndjson"], arguments].concat()).code(2).stderr_has(what);
        assert_eq!(place.read("in.json"), rows);
    };
    refused(
        &["in.json", "x + 1 AS z", "--report=in.json"],
        "in.json is an input or another output of this run",
    );
    refused(
        &["in.json", "x + 1 AS z", "-o", "r.json", "--report", "r.json"],
        "r.json is an input or another output",
    );
    refused(
        &["in.json", "x + 1 AS z", "-o", "r.json", "--report", "./r.json"],
        "r.json is an input or another output",
    );
    // The file behind the flag may have been meant as the input.
    place.file("other.json", rows);
    refused(&["--report", "in.json", "other.json", "x + 1 AS z"], "in.json is there and is no report");
    for name in ["r.json", "r.html"] {
        for _ in 0..2 {
            place.run(&["apply", "points.csv", "x + 1 AS z", "--report", name]).code(0);
        }
    }
}
