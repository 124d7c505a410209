//! `parrow tutorial`: every section runs and agrees, and what is said about it has the promised shape.

use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use super::support::{Place, Run};

/// The sections, in their order.
const SECTIONS: [&str; 17] = [
    "Number of processors",
    "Plain loop",
    "Pool::apply per row",
    "Pool::map",
    "Pool::starmap",
    "Pool::imap",
    "Pool::apply_async with callback",
    "Pool::apply_async",
    "Pool::starmap_async",
    "Pool::map_async",
    "Data frame by row: range count",
    "Data frame by row: hypotenuse",
    "Data frame by column: squares",
    "Data frame whole, in chunks",
    "Exercise 1: common items",
    "Exercise 2: three scripts",
    "Exercise 3: rows scaled to 0..1",
];

/// A run that several tests look at.
pub struct Shared {
    pub place: Place,
    pub run: Run,
}

pub static WITH_PAGE: LazyLock<Shared> = LazyLock::new(|| {
    let place = Place::new();
    let run = place.run(&["tutorial", "--rows", "2000", "--json", "--html", "page.html"]).code(0);
    Shared { place, run }
});

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn json_has_every_section_and_all_agree() {
    let json = json(&WITH_PAGE.run);
    assert_eq!(keys(&json), ["cores", "rows", "sections"]);
    assert_eq!(json["rows"], 2000);
    assert_eq!(json["cores"], parrow::cpu_count());
    let sections = json["sections"].as_array().expect("a list");
    let names: Vec<&str> = sections.iter().filter_map(|section| section["name"].as_str()).collect();
    assert_eq!(names, SECTIONS);
    for section in sections {
        assert_eq!(keys(section), ["agree", "name", "seconds", "serial_seconds", "shows", "speed_up"]);
        assert_eq!(section["agree"], true, "{section}");
        assert!(section["shows"].as_str().is_some_and(|shows| shows.len() > 20), "{section}");
        let [seconds, serial_seconds, speed_up] =
            ["seconds", "serial_seconds", "speed_up"].map(|key| section[key].as_f64().unwrap_or_default());
        assert!(seconds > 0.0 && serial_seconds > 0.0, "{section}");
        assert!((speed_up * seconds / serial_seconds - 1.0).abs() < 1e-9, "{section}");
    }
    assert_eq!(sections[1]["speed_up"], 1.0, "the plain loop is what the others are measured by");
}

#[test]
fn the_table_has_a_line_for_every_section() {
    let run = Place::new().run(&["tutorial", "--rows", "300", "-j", "3"]).code(0).stderr("");
    for word in ["section", "what it shows", "seconds", "speed-up", "agree"] {
        assert!(run.stdout.lines().next().is_some_and(|header| header.contains(word)), "{word}\n{run}");
    }
    for name in SECTIONS {
        let line = run.stdout.lines().find(|line| line.starts_with(name));
        assert!(line.is_some_and(|line| line.trim_end().ends_with("yes")), "{name}\n{run}");
    }
}

#[test]
fn the_page_has_the_table_the_charts_and_the_code_that_runs() {
    let page = WITH_PAGE.place.read("page.html");
    assert_eq!(WITH_PAGE.place.files(), ["page.html"], "nothing is left beside the page");
    for foreign in ["http://", "https://", "<script", "@import", "url("] {
        assert!(!page.contains(foreign), "the page needs nothing from elsewhere, and has {foreign}");
    }
    for wanted in ["width=device-width", "prefers-color-scheme: dark", "@media print"] {
        assert!(page.contains(wanted), "{wanted}");
    }
    for name in SECTIONS {
        // In the table, the bars (name and title) and above the code.
        assert!(page.matches(name).count() >= 4, "{name}");
    }
    let code = [
        "Ok(pool.map(rows, |row| count_in_range(row, 4, 8))?)",
        "parallel_apply(columns, |a: f64, b: f64| a.hypot(b))",
        "return pool.map(count_from_4_to_8, rows)",
        "return [pool.apply(common_items, args=(a, b)) for a, b in pairs]",
    ];
    for line in code {
        assert!(page.contains(line), "{line}");
    }
}

#[test]
fn python_stands_beside() {
    if !Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "there is no python3");
        eprintln!("skipped: there is no python3");
        return;
    }
    let place = Place::new();
    let json = json(&place.run(&["tutorial", "--rows", "300", "--json", "--python"]).code(0));
    let python = &json["python"];
    let names: Vec<&str> = ["sections", "missing"]
        .iter()
        .flat_map(|key| python[key].as_array().into_iter().flatten())
        .filter_map(|section| section["name"].as_str().or(section.as_str()))
        .collect();
    assert_eq!(names.len(), SECTIONS.len(), "{python}");
    assert_eq!(
        python["missing"].as_array().map(Vec::len),
        Some(if python["pandas"].is_null() { 4 } else { 0 })
    );
    for twin in python["sections"].as_array().expect("a list") {
        assert_eq!(twin["agree"], true, "{twin}");
        assert!(twin["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{twin}");
    }
}

#[test]
fn what_is_missing_is_said_before_anything_runs() {
    let place = Place::new();
    let no_python = place.run_with(&["tutorial", "--rows", "300", "--python"], "", &[("PATH", "")]);
    no_python.code(2).stdout("").stderr_has("there is no python3").one_clear_line();
    place.run(&["tutorial", "--rows", "0"]).code(2);
    place.run(&["tutorial", "--rows", "20", "--html", "no/page.html"]).code(3).stdout("").one_clear_line();
}
