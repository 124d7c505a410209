//! The flags that commands share.

use super::support::{Place, data};

#[track_caller]
fn check(arguments: &[&str], expected: &str) {
    Place::with_points().run(arguments).code(0).stdout(expected);
}

#[test]
fn head_writes_the_first_rows() {
    check(&["apply", "points.csv", "--head", "1"], "x,y,name\n3,4,a\n");
    check(&["apply", "points.csv", "--head", "0"], "x,y,name\n");
    check(&["apply", "points.csv", "--head", "9"], super::support::POINTS);
    check(&["apply", "points.csv", "--head", "1", "--where", "x > 3"], "x,y,name\n5,12,b\n");
    Place::with_points()
        .run(&["apply", "points.csv", "CAST(name AS BIGINT) AS n", "--head", "1", "--on-error", "null", "-q"])
        .code(1)
        .stdout("x,y,name,n\n3,4,a,\n")
        .stderr("");
}

#[test]
fn csv_is_read_as_the_flags_say() {
    let place = Place::new();
    place.file("semicolons.csv", "1;n/a\n-;2\n");
    let flags = ["--delimiter", ";", "--no-header", "--null-value", "n/a", "--null-value", "-"];
    let run = |more: &[&str]| place.run(&[&["apply", "semicolons.csv"][..], &flags, more].concat());
    run(&["column_1 + 1 AS n"]).code(0).stdout("column_1;column_2;n\n1;n/a;2\n-;2;\n");
    run(&["--dtype", "column_2=f64", "--dtype", "column_1=str"])
        .code(0)
        .stdout("column_1,column_2\n1,\n,2.0\n");
    place.file("tabs", "a\tb\n1\t2\n");
    place.run(&["apply", "tabs", "--delimiter", "tab", "a + b AS c"]).code(0).stdout("a\tb\tc\n1\t2\t3\n");
}

#[test]
fn quiet_says_nothing() {
    let place = Place::with_points();
    place
        .run(&["apply", "points.csv", "-o", "out.csv"])
        .code(0)
        .stderr("parrow: wrote 3 rows, 3 columns to out.csv\n");
    place.run(&["apply", "points.csv", "-o", "out.csv", "-q"]).code(0).stdout("").stderr("");
}

#[test]
fn json_is_the_last_line_on_stderr() {
    let place = Place::with_points();
    let run = place
        .run(&[
            "count-range",
            "points.csv",
            "--min",
            "4",
            "--max",
            "8",
            "--json",
            "-j",
            "2",
            "-o",
            "out.parquet",
        ])
        .code(0);
    let last = run.stderr.lines().last().unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}\n{run}"));
    assert_eq!(
        (&json["rows_read"], &json["rows_written"], &json["rows_failed"]),
        (&3.into(), &3.into(), &0.into())
    );
    assert_eq!(json["threads"], 2);
    assert!(json["seconds"]["total"].as_f64() > Some(0.0));
    assert_eq!(
        json["bytes_written"].as_u64(),
        std::fs::metadata(place.path("out.parquet")).ok().map(|file| file.len())
    );

    let run = place.run(&["apply", "nope.csv", "--json"]).code(3);
    let json: serde_json::Value =
        serde_json::from_str(run.stderr.lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!(json["exit_code"], 3);
}

#[test]
fn threads_come_from_the_flag_or_the_variable() {
    let place = Place::with_points();
    let threads = |arguments: &[&str], variables: &[(&str, &str)]| {
        let run =
            place.run_with(&[&["apply", "points.csv", "--json"], arguments].concat(), "", variables).code(0);
        let json: serde_json::Value = serde_json::from_str(run.stderr.trim()).expect("JSON");
        json["threads"].as_u64()
    };
    assert_eq!(threads(&[], &[("PARROW_THREADS", "3")]), Some(3));
    assert_eq!(threads(&["-j", "5"], &[("PARROW_THREADS", "3")]), Some(5));
    place.run(&["apply", "points.csv", "-j", "0"]).code(2).stderr_has("at least 1");
    place
        .run_with(&["apply", "points.csv"], "", &[("PARROW_THREADS", "many")])
        .code(2)
        .stderr_has("whole number");
}

#[test]
fn progress_is_shown_where_it_is_asked_for() {
    let place = Place::with_points();
    let arguments = ["apply", "points.csv", "x + 1 AS n"];
    place.run(&arguments).code(0).stderr("");
    place.run(&[&arguments[..], &["--progress", "never"]].concat()).code(0).stderr("");
    place
        .run(&[&arguments[..], &["--progress", "always"]].concat())
        .code(0)
        .stderr_has("parrow: 3 of 3 rows, ")
        .stderr_has(" rows/s");
    let failing =
        ["apply", "points.csv", "CAST(x AS TINYINT) AS n", "--on-error", "null", "--progress", "always"];
    place.file("points.csv", "x\n1\n1000\n2\n");
    place.run(&failing).code(1).stderr_has("parrow: 3 of 3 rows, 11 B of 11 B, ").stderr_has(", 1 failed");
    // A single piece, of which nothing is written before its last row.
    place.file("slow.py", "import time\ndef f(a):\n    time.sleep(0.03)\n    return a\n");
    place.file("rows.csv", format!("a\n{}", "1\n".repeat(200)));
    let slow = [
        "apply",
        "rows.csv",
        "--python",
        "slow.py:f",
        "-j",
        "2",
        "-q",
        "--progress",
        "always",
        "-o",
        "o.csv",
    ];
    place
        .run(&slow)
        .code(0)
        .stderr_has(" in flight), ")
        .stderr_has(" left, ")
        .stderr_has("parrow: 200 of 200 rows, 402 B of 402 B, ");
    let first = ["apply", "points.csv", "x + 1 AS n", "--head", "2", "--progress", "always"];
    place.run(&first).code(0).stderr_has("parrow: 2 of 2 rows, ");
}

#[test]
fn policies_for_rows_that_fail() {
    let place = Place::new();
    place.file("t.csv", "t\n1\nx\n3\n");
    let run = |policy| place.run(&["apply", "t.csv", "CAST(t AS BIGINT) AS n", "--on-error", policy]);
    run("fail").code(1).stdout("").stderr_has("t.csv, line 3, row 1").one_clear_line();
    run("null")
        .code(1)
        .stdout("t,n\n1,1\nx,\n3,3\n")
        .stderr("parrow: 1 of 3 rows failed (1 error); first: t.csv, line 3, row 1: in \"CAST(t AS BIGINT) AS n\": \"x\" is \
             not i64; TRY_CAST makes it null\n");
    run("skip")
        .code(1)
        .stdout("t,n\n1,1\n3,3\n")
        .stderr_has("1 of 3 rows failed (1 error, 1 left out); first: t.csv, line 3, row 1: in");
    run("collect").code(1).stdout("t,n\n1,1\nx,\n3,3\n").stderr_has("\"x\" is not i64");
}

#[test]
fn rows_are_counted_in_the_input_whatever_was_left_out() {
    let place = Place::new();
    place.file("t.csv", "k,t\n0,1\n0,2\n1,3\n1,x\n");
    place
        .run(&["apply", "t.csv", "CAST(t AS BIGINT) AS n", "--where", "k = 1"])
        .code(1)
        .stderr_has("t.csv, line 5, row 3");
    place
        .run(&["apply", "t.csv", "1 AS n", "--where", "CAST(t AS BIGINT) > 0"])
        .code(1)
        .stderr_has("t.csv, line 5, row 3");
    place
        .run(&[
            "apply",
            "t.csv",
            "1 AS n",
            "--only",
            "--where",
            "CAST(t AS BIGINT) > 0",
            "--on-error",
            "collect",
        ])
        .code(1)
        .stdout("n\n1\n1\n1\n")
        .stderr_has("1 of 4 rows failed");
}

#[test]
fn several_files_and_patterns_are_one_table() {
    let place = Place::new();
    place.file("part-1.csv", "a\n1\n");
    place.file("part-2.csv", "a\n2.5\n");
    place.run(&["apply", "part-*.csv", "a * 2 AS b"]).code(0).stdout("a,b\n1,2.0\n2.5,5.0\n");
    place
        .run(&["count-range", "part-2.csv", "part-1.csv", "--min", "1", "--max", "2", "--only"])
        .code(0)
        .stdout("count_in_range\n0\n1\n");
    place.run(&["apply", "none-*.csv"]).code(3).stderr_has("no file matches").one_clear_line();
}

#[test]
fn standard_input_is_a_dash() {
    let place = Place::new();
    place.run_with(&["apply", "-", "a + 1 AS b"], "a\n1\n", &[]).code(0).stdout("a,b\n1,2\n");
    let parquet = std::fs::read(data("stations.parquet")).expect("the file is there");
    place.run_with(&["apply", "-", "1 AS n", "--only", "--head", "1"], parquet, &[]).code(0).stdout("n\n1\n");
}
