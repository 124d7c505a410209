//! Formats in and out.

use super::support::{Place, data};

#[test]
fn every_format_goes_round() {
    let stations = data("stations.csv");
    let lists = data("lists.parquet");
    for input in [stations.as_str(), lists.as_str()] {
        let place = Place::new();
        let first = place.run(&["apply", input]).code(0);
        for extension in
            ["csv", "tsv", "parquet", "arrow", "arrows", "ndjson", "csv.gz", "csv.zst", "ndjson.gz"]
        {
            let file = format!("out.{extension}");
            place.run(&["apply", input, "-o", &file, "-q"]).code(0).stderr("");
            if extension.contains("json") || (extension.contains("sv") && input == lists) {
                // Dates are text there, and lists are.
                assert_eq!(
                    place.run(&["apply", &file]).code(0).stdout.lines().count(),
                    first.stdout.lines().count()
                );
            } else {
                place.run(&["apply", &file]).code(0).stdout(&first.stdout);
            }
        }
    }
}

#[test]
fn the_format_is_told_by_content_or_by_flag() {
    let place = Place::with_points();
    place.run(&["apply", "points.csv", "-o", "p.parquet", "-q"]).code(0);
    std::fs::rename(place.path("p.parquet"), place.path("nameless")).expect("renamed");
    place.run(&["apply", "nameless"]).code(0).stdout(super::support::POINTS);
    place.run(&["apply", "nameless", "--format", "parquet"]).code(0).stdout(super::support::POINTS);
    place.run(&["apply", "nameless", "--format", "arrow"]).code(3).one_clear_line();
    place.run(&["apply", "nameless", "--format", "parqet"]).code(2).stderr_has("did you mean parquet?");
}

#[test]
fn standard_output_takes_any_format() {
    let place = Place::with_points();
    place
        .run(&["apply", "points.csv", "--output-format", "ndjson", "--head", "1"])
        .code(0)
        .stdout("{\"x\":3,\"y\":4,\"name\":\"a\"}\n");
    place
        .run(&["apply", "points.csv", "--output-format", "tsv", "--head", "1"])
        .code(0)
        .stdout("x\ty\tname\n3\t4\ta\n");
    let parquet = place
        .command(&["apply", "points.csv", "--output-format", "parquet"])
        .output()
        .expect("started")
        .stdout;
    place.run_with(&["apply", "-"], parquet, &[]).code(0).stdout(super::support::POINTS);
}

#[test]
fn what_is_said_of_csv_is_refused_where_there_is_none() {
    let place = Place::with_points();
    place.run(&["apply", "points.csv", "-o", "p.parquet", "-q"]).code(0);
    for flag in ["--delimiter=;", "--null-value=n/a", "--no-header"] {
        let name = flag.split('=').next().expect("a flag");
        let run = place.run(&["apply", "p.parquet", flag]).code(2);
        run.stderr_has(&format!("{name}: it says how CSV is read, and no input is CSV; leave it out"));
    }
}

#[test]
fn ndjson_with_objects_in_it_is_written_as_such() {
    let place = Place::new();
    let rows = "{\"id\":1,\"u\":{\"x\":1,\"y\":[\"a\"]}}\n{\"id\":2,\"u\":{\"x\":null,\"y\":[]}}\n";
    place.file("in.ndjson", rows);
    place.run(&["apply", "in.ndjson", "--output-format", "ndjson"]).code(0).stdout(rows);
    place
        .run(&["apply", "in.ndjson"])
        .code(2)
        .stderr_has("column \"u\" holds struct[2], which CSV cannot hold; choose Arrow or Parquet");
}

#[test]
fn text_and_numbers_of_a_key_are_read_as_text_where_that_is_asked_for() {
    let place = Place::new();
    place.file("q.ndjson", "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":true}\n{\"a\":null}\n{\"a\":2.5}\n");
    let refused = place.run(&["apply", "q.ndjson"]).code(3);
    refused.stderr_has(
        "line 2: column \"a\" holds str, and i64 as in the lines before (--dtype a=str reads both) is wanted",
    );
    place.run(&["apply", "q.ndjson", "--dtype", "a=str"]).code(0).stdout("a\n1\nx\ntrue\n\n2.5\n");
}

#[test]
fn ndjson_without_a_row_is_an_empty_table() {
    let place = Place::new();
    place.file("none.ndjson", "");
    place.file("blank.ndjson", "\n\n");
    place.file("some.ndjson", "{\"a\":1}\n");
    for input in ["none.ndjson", "blank.ndjson"] {
        place.run(&["apply", input, "1 AS x"]).code(0).stdout("x\n");
        place.run(&["apply", input, "a + 1 AS x", "--dtype", "a=i64"]).code(0).stdout("a,x\n");
        place.run(&["count-range", input, "--min", "1", "--max", "2"]).code(0).stdout("count_in_range\n");
        place.run(&["apply", input, "a + 1 AS x"]).code(2).one_clear_line().stderr_has("no column \"a\"");
        place.run(&["info", input]).code(0).stdout_has("0 rows");
    }
    // Whichever stands first, the rows that there are tell the columns.
    for inputs in
        [["none.ndjson", "blank.ndjson", "some.ndjson"], ["some.ndjson", "blank.ndjson", "none.ndjson"]]
    {
        let run = [&["count-range"], &inputs[..], &["--min", "1", "--max", "2"]].concat();
        place.run(&run).code(0).stdout("a,count_in_range\n1,1\n");
    }
    place.run(&["columns", "*.ndjson", "sum-of-squares"]).code(0).stdout("a\n1\n");
    // What is written without a row is read again.
    place.run(&["apply", "some.ndjson", "a AS b", "--where", "a > 1", "-o", "left.ndjson"]).code(0);
    place.run(&["apply", "left.ndjson", "1 AS x"]).code(0).stdout("x\n");
    place.file("none.csv", "");
    place
        .run(&["apply", "none.csv", "1 AS x"])
        .code(3)
        .one_clear_line()
        .stderr_has("none.csv: the file is empty");
}
