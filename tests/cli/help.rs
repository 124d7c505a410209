//! What people read: help, and the texts of errors.

use super::support::Place;

#[test]
fn help_of_every_command() {
    let place = Place::new();
    let commands = [
        "apply",
        "bench",
        "columns",
        "common-items",
        "completions",
        "count-range",
        "generate",
        "hypot",
        "retry",
        "info",
        "man",
        "run",
        "scale",
        "tutorial",
    ];
    insta::assert_snapshot!("help", place.run(&["--help"]).code(0).stdout);
    for command in commands {
        let help = place.run(&[command, "--help"]).code(0);
        let about = help.stdout.find("Usage:").expect("usage");
        assert!(
            help.stdout.find("Examples:").is_some_and(|examples| examples < about),
            "examples come first\n{help}"
        );
        insta::assert_snapshot!(format!("help-{command}"), help.stdout);
    }
}

/// The words for a missing file are the system's own.
#[cfg(unix)]
#[test]
fn texts_of_errors() {
    let place = Place::with_points();
    place.file("ragged.csv", "a,b\n1,2\n3\n");
    place.file("cell.csv", format!("n\n{}oops\n", "1\n".repeat(20_000)));
    place.file("empty.csv", "");
    let runs: &[&[&str]] = &[
        &["apply", "nope.csv"],
        &["apply", "."],
        &["apply", "ragged.csv"],
        &["apply", "cell.csv"],
        &["apply", "empty.csv"],
        &["apply", "points.csv", "nmae || 'x' AS t"],
        &["apply", "points.csv", "sqroot(x)"],
        &["apply", "points.csv", "sum(x)"],
        &["apply", "points.csv", "x + name > 3 AS b"],
        &["apply", "points.csv", "x AS y"],
        &["apply", "points.csv", "CAST(name AS BIGINT) AS n"],
        &["apply", "points.csv", "x * 9223372036854775807 AS n"],
        &["apply", "points.csv", "CAST(name AS BIGINT) AS n", "--on-error", "collect", "--only"],
        &["count-range", "points.csv", "--min", "8", "--max", "4"],
        &["count-range", "points.csv", "--min", "four", "--max", "8"],
        &["count-range", "points.csv", "--min", "4", "--max", "8", "--columns", "name"],
        &["apply", "points.csv", "--dtype", "x"],
        &["apply", "points.csv", "--dtype", "x=flaot"],
        &["apply", "points.csv", "--delimiter", "ab"],
        &["apply", "points.csv", "-o", "out.xyz"],
        &["apply", "points.csv", "-o", "no/out.csv"],
    ];
    let texts: Vec<String> = runs
        .iter()
        .map(|arguments| {
            let run = place.run(arguments);
            format!("$ parrow {}\n{}[{}]\n", arguments.join(" "), run.stderr, run.code.unwrap_or(-1))
        })
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
}
