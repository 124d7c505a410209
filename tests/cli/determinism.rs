//! The same bytes for any number of threads and any chunks.

use super::support::{Place, data};

/// Every combination gives what one thread and one chunk give.
#[track_caller]
fn check(arguments: &[&str], format: &str) {
    let place = Place::new();
    let file = format!("out.{format}");
    let run = |threads: &str, chunk_rows: &str| {
        let flags = ["-o", &file, "-q", "-j", threads, "--chunk-rows", chunk_rows];
        let run = place.run(&[arguments, &flags].concat());
        assert!(run.code == Some(0) || run.code == Some(1), "{run}");
        (std::fs::read(place.path(&file)).expect("the output is there"), run.stderr)
    };
    let reference = run("1", "1000000");
    for threads in ["1", "2", "8"] {
        for chunk_rows in ["1", "7", "64"] {
            assert!(
                run(threads, chunk_rows) == reference,
                "{arguments:?} with {threads} threads, {chunk_rows} rows a chunk"
            );
        }
    }
    let automatic = place.run(&[arguments, &["-o", &file, "-q"]].concat());
    assert!(automatic.code == Some(0) || automatic.code == Some(1), "{automatic}");
    assert!(
        std::fs::read(place.path(&file)).expect("the output is there") == reference.0,
        "{arguments:?} with automatic chunks"
    );
}

#[test]
fn every_command_gives_the_same_bytes() {
    let points = data("points.csv");
    let sales = data("sales.tsv");
    let lists = data("lists.csv");
    for format in ["csv", "parquet", "arrow"] {
        check(&["count-range", &points, "--min", "-1", "--max", "1"], format);
        check(&["hypot", &points, "--a", "x", "--b", "y"], format);
        check(&["scale", &points], format);
        check(&["common-items", &lists, "--left", "list_a", "--right", "list_b"], format);
        check(&["columns", &points, "sum-of-squares"], format);
        check(&["apply", &points, "power(x, y) AS p", "sin(x) AS s", "--where", "x > -1"], format);
    }
    check(
        &["apply", &sales, "CAST(price AS DOUBLE) * 2 AS p", "--dtype", "price=str", "--on-error", "collect"],
        "csv",
    );
    check(
        &["apply", &sales, "CAST(price AS DOUBLE) * 2 AS p", "--dtype", "price=str", "--on-error", "skip"],
        "csv",
    );
    check(&["generate", "--rows", "500", "--cols", "3", "--seed", "9"], "csv");
}
