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
