//! What each command computes.

use super::support::{Place, data};

/// The output of a command on `points.csv` and `lists.csv`.
#[track_caller]
fn check(arguments: &[&str], expected: &str) {
    let place = Place::with_points();
    place.file("lists.csv", "l,r\n\"[3, 1, 3]\",\"[1, 2, 3]\"\n[],[1]\n,[1]\n");
    place.run(arguments).code(0).stdout(expected).stderr("");
}

#[test]
fn count_range() {
    check(
        &["count-range", "points.csv", "--min", "4", "--max", "8"],
        "x,y,name,count_in_range\n3,4,a,1\n5,12,b,1\n8,,c,1\n",
    );
    check(
        &[
            "count-range",
            "points.csv",
            "--min",
            "-1",
            "--max",
            "1e2",
            "--columns",
            "y",
            "--only",
            "--name",
            "n",
        ],
        "n\n1\n1\n0\n",
    );
    check(
        &["count-range", "points.csv", "--min", "4", "--max", "8", "--columns", "^[x]$", "--only"],
        "count_in_range\n0\n1\n1\n",
    );
}

#[test]
fn the_classic_problem() {
    let counts =
        Place::new().run(&["count-range", &data("matrix.csv"), "--min", "4", "--max", "8", "--only"]).code(0);
    assert!(counts.stdout.starts_with("count_in_range\n3\n2\n3\n2\n3\n"), "{counts}");
    assert_eq!(counts.stdout.lines().count(), 200_001);
    let parquet = Place::new()
        .run(&["count-range", &data("matrix.parquet"), "--min", "4", "--max", "8", "--only"])
        .code(0);
    assert_eq!(counts.stdout, parquet.stdout);
}

#[test]
fn hypot() {
    check(
        &["hypot", "points.csv", "--a", "x", "--b", "y"],
        "x,y,name,hypot\n3,4,a,5.0\n5,12,b,13.0\n8,,c,\n",
    );
    check(&["hypot", "points.csv", "--a", "x", "--b", "y", "--only", "--name", "r"], "r\n5.0\n13.0\n\n");
}

#[test]
fn scale() {
    check(&["scale", "points.csv", "--only"], "x_scaled,y_scaled\n0.0,1.0\n0.0,1.0\n0.0,\n");
    check(
        &["scale", "points.csv", "--only", "--suffix", "", "--columns", "y,x"],
        "y,x\n1.0,0.0\n1.0,0.0\n,0.0\n",
    );
}

#[test]
fn common_items() {
    check(
        &["common-items", "lists.csv", "--left", "l", "--right", "r", "--only"],
        "common_items\n\"[3, 1]\"\n[]\n\n",
    );
    check(
        &["common-items", "lists.csv", "--left", "r", "--right", "l", "--only", "--name", "c"],
        "c\n\"[1, 3]\"\n[]\n\n",
    );
}

#[test]
fn columns() {
    check(&["columns", "points.csv", "sum-of-squares"], "x,y\n98,160\n");
    check(&["columns", "points.csv", "sum-of-squares", "--columns", "y", "--where", "x < 5"], "y\n16\n");
}

#[test]
fn apply() {
    check(
        &["apply", "points.csv", "x + y AS s", "upper(name) AS u", "--where", "x > 3"],
        "x,y,name,s,u\n5,12,b,17,B\n8,,c,,C\n",
    );
    check(&["apply", "points.csv", "--where", "y IS NULL"], "x,y,name\n8,,c\n");
    check(&["apply", "points.csv", "1 AS one", "--only"], "one\n1\n1\n1\n");
}

#[test]
fn generate() {
    let place = Place::new();
    let arguments =
        ["generate", "--rows", "1000", "--cols", "3", "--low", "-2", "--high", "3", "--seed", "7"];
    let first = place.run(&arguments).code(0);
    assert_eq!(first.stdout, place.run(&arguments).stdout);
    assert_eq!(first.stdout.lines().count(), 1001);
    assert!(
        first
            .stdout
            .lines()
            .skip(1)
            .flat_map(|line| line.split(','))
            .all(|cell| { (-2..3).contains(&cell.parse::<i64>().expect("an integer")) })
    );
    place
        .run(&["generate", "--rows", "5", "--cols", "2", "-o", "m.parquet"])
        .code(0)
        .stderr("parrow: wrote 5 rows, 2 columns to m.parquet\n");
    place.run(&["info", "m.parquet"]).code(0).stdout_has("5 rows × 2 columns");
}

#[test]
fn info() {
    let place = Place::with_points();
    let info = place.run(&["info", "points.csv", "-j", "3", "--chunk-rows", "2"]).code(0).stderr("");
    for line in [
        "3 rows × 3 columns",
        "x     i64",
        "y     i64  1 null",
        "name  str",
        "threads     3",
        "chunks      2, of 2 rows",
    ] {
        assert!(info.stdout.contains(line), "{line}\n{info}");
    }
    let json = place.run(&["info", "points.csv", "--json"]).code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["files"][0]["columns"][1]["nulls"], 1);
    assert_eq!(json["files"][0]["columns"][2]["dtype"], "str");
}

#[test]
fn info_shows_what_was_guessed() {
    let place = Place::new();
    let mut text = "n\n".to_owned() + &"1\n".repeat(20_000);
    text.push_str("1.5\n");
    place.file("late.csv", text);
    place.run(&["info", "late.csv"]).code(0).stdout_has("began as i64, widened by a later row");
}

#[test]
fn completions_and_the_manual_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        Place::new().run(&["completions", shell]).code(0).stdout_has("count-range");
    }
    Place::new().run(&["man"]).code(0).stdout_has("sum\\-of\\-squares").stdout_has(".TH parrow");
}
