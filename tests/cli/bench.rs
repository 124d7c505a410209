//! `parrow bench`: how a command scales.

use serde_json::Value;

use super::browser::{framed, installed, open, report};
use super::support::{Place, data};

#[test]
fn a_command_is_run_over_threads_and_rows_and_shown_as_a_curve() {
    let place = Place::new();
    let matrix = data("matrix.csv");
    let bench = ["bench", "-j", "1,2", "--rows", "1000,20000", "--repeat", "1"];
    let run =
        place.run(&[&bench[..], &["count-range", &matrix, "--min", "4", "--max", "8"]].concat()).code(0);
    run.stdout_has("1,000 rows\nthreads ").stdout_has("20,000 rows\nthreads ").stdout_has(" the best on ");
    assert!(place.files().is_empty());
}

#[test]
fn an_input_is_one_for_apply_and_its_output_is_nobodys() {
    let place = Place::with_points();
    place.file("out.csv", "mine");
    let words = ["points.csv", "x + 1 AS z", "-o", "out.csv"];
    let run = place.run(&[&["bench", "--repeat", "2", "-j", "1", "--json"], &words[..]].concat()).code(0);
    let told: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(told["runs"][0]["rows"], 3);
    assert_eq!(told["runs"][0]["runs"], 2);
    assert_eq!(place.read("out.csv"), "mine");
    assert_eq!(place.files(), ["out.csv", "points.csv"]);
}

#[test]
fn more_cores_are_simulated() {
    let place = Place::new();
    let words = ["count-range", &data("matrix.csv"), "--min", "4", "--max", "8", "--only"];
    let bench = [
        "bench",
        "--repeat",
        "1",
        "-j",
        "1,2",
        "--simulate",
        "16",
        "--html",
        "page.html",
        "--svg",
        "curve.svg",
    ];
    let run = place.run(&[&bench[..], &words].concat()).code(0);
    let run = run.stdout_has("\nsimulated\n").stdout_has("what would stop it: ");
    let of_simulation = run.stdout.split("simulated\n").nth(1).expect("the table");
    let cores: Vec<&str> = of_simulation.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(cores, ["cores", "1", "2", "4", "8", "16", "what"], "{run}");
    assert!(place.read("curve.svg").starts_with("<svg xmlns="));
    let page = place.read("page.html");
    assert!(page.contains("<h2>Simulated</h2>"));
    let Some(browser) = installed() else { return };
    for width in [390, 1200] {
        place.file("framed.html", framed(&page.replace("</body>", &format!("{PROBE}</body>")), width));
        let opened = open(browser, &place.path("framed.html"));
        assert_eq!(opened.console, Vec::<String>::new());
        assert_eq!(report(&opened.dom), format!("width={width} scrolls=false charts=2 points=7"));
    }
}

const PROBE: &str = "
<script>
const charts = [...document.querySelectorAll('svg.chart')].map(chart => chart.getBoundingClientRect());
const fits = box => box.left >= 0 && box.right <= innerWidth && box.width > 200;
const report = [
    `width=${innerWidth}`,
    `scrolls=${document.documentElement.scrollWidth > innerWidth}`,
    `charts=${charts.filter(fits).length}`,
    `points=${document.querySelectorAll('svg.chart circle').length}`,
];
document.body.setAttribute('data-report', report.join(' '));
</script>
";

#[test]
fn what_cannot_be_run_again_and_again_is_refused() {
    let place = Place::with_points();
    let refused = |words: &[&str], message: &str| {
        place
            .run(&[&["bench", "--repeat", "1"], words].concat())
            .code(2)
            .one_clear_line()
            .stderr_has(message);
    };
    refused(&["info", "points.csv"], "info takes no rows through a function");
    refused(&["apply", "-", "x AS y"], "standard input can be read once");
    refused(&["apply", "points.csv", "-j", "3"], "give bench --threads");
    refused(&["apply", "points.csv", "--head", "3"], "give bench --rows");
    refused(&["apply", "points.csv", "--report"], "bench itself reports");
    refused(&["apply", "points.csv", "--html", "a.html"], "flags of bench itself stand before it");
    refused(&["count-range", "points.csv"], "--min");
    place.run(&["bench"]).code(2);
    assert_eq!(place.files(), ["points.csv"]);
}

#[test]
fn a_run_that_fails_ends_the_bench_as_it_would_end_by_itself() {
    let place = Place::with_points();
    for words in [&["apply", "nope.csv"][..], &["apply", "points.csv", "nope + 1 AS z"]] {
        let alone = place.run(words);
        let code = alone.code.expect("a code");
        let benched = place.run(&[&["bench", "--repeat", "1", "-j", "1"], words].concat()).code(code);
        assert_eq!(benched.one_clear_line().stderr, alone.stderr);
    }
    assert_eq!(place.files(), ["points.csv"]);
}

#[test]
fn ledger_and_rejects_are_nobodys_either() {
    let place = Place::new();
    place.file("in.csv", "a,b\n1,2\n3\n5,6\n");
    for name in ["ledger.csv", "rejects.csv", "out.csv"] {
        place.file(name, "mine");
    }
    let words = ["in.csv", "a + b AS c", "-o", "out.csv", "--on-error", "collect"];
    let kept = ["--ledger", "ledger.csv", "--rejects=rejects.csv"];
    place.run(&[&["bench", "--repeat", "1", "-j", "1"], &words[..], &kept].concat()).code(0);
    for name in ["ledger.csv", "rejects.csv", "out.csv"] {
        assert_eq!(place.read(name), "mine", "{name}");
    }
    assert_eq!(place.files(), ["in.csv", "ledger.csv", "out.csv", "rejects.csv"]);
}
