//! Mistakes of people and files: one clear line each, and nothing left behind.

use super::support::{Place, data};

/// A file of this content gives this error, and no output.
#[track_caller]
fn check(content: &[u8], arguments: &[&str], code: i32, expected: &str) {
    let place = Place::new();
    place.file("in.csv", content);
    let arguments = [&["apply", "in.csv", "-o", "out.csv"], arguments].concat();
    place.run(&arguments).code(code).stdout("").one_clear_line().stderr_has(expected);
    assert_eq!(place.files(), ["in.csv"], "nothing is left behind");
}

#[test]
fn cells_and_rows() {
    check(b"a,b\n1,2\n3,x\n", &["--dtype", "b=i64"], 3, "in.csv, line 3");
    check(b"a,b\n1,2\n3,x\n", &["--dtype", "b=i64"], 3, "\"x\" is not");
    check(b"a,b\n1,2\n3,4,5\n", &[], 3, "in.csv, line 3");
    check(b"a,b\n1,2\n\"3,4\n", &[], 3, "in.csv, line 3");
    check(b"a,a\n1,2\n", &[], 2, "two columns");
    check(b"", &[], 3, "empty");
    check(b"a,b\n1,\xff\xfe\n", &[], 3, "in.csv");
}

#[test]
fn columns_and_expressions() {
    let file = b"height,width\n1,2\n";
    check(file, &["heigth + 1 AS h"], 2, "no column \"heigth\"; did you mean \"height\"?");
    check(file, &["heigth + 1 AS h", "--only"], 2, "did you mean \"height\"?");
    check(file, &["1 AS n", "--where", "widht > 1"], 2, "did you mean \"width\"?");
    check(file, &["1 AS n", "--where", "width + 1"], 2, "a condition must be true or false");
    check(file, &["sum(width) AS s"], 2, "looks at more than one row");
    check(file, &["1 AS width"], 2, "two columns would be called \"width\"");
    check(file, &["1 AS n", "2 AS n"], 2, "two columns would be called \"n\"");
    check(file, &["width +"], 2, "it is no SQL expression");
    check(file, &["--dtype", "widht=f64"], 2, "did you mean \"width\"?");
    check(file, &["9223372036854775807 + width AS n"], 1, "does not fit i64");
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    let place = Place::new();
    place.file("in.csv", "a,b\n");
    place.run(&["apply", "in.csv", "1 AS n"]).code(0).stdout("a,b,n\n");
    place.file("rows.csv", "a,b\n1,2\n");
    let range = ["--min", "1", "--max", "2"];
    let counts = |more: &[&str]| place.run(&[&["count-range"], &range[..], more].concat()).code(0);
    counts(&["in.csv"]).stdout("a,b,count_in_range\n");
    counts(&["in.csv", "--columns", "a"]).stdout("a,b,count_in_range\n");
    counts(&["in.csv", "rows.csv"]).stdout("a,b,count_in_range\n1,2,2\n");
    counts(&["rows.csv", "in.csv"]).stdout("a,b,count_in_range\n1,2,2\n");
    counts(&["rows.csv", "--head", "0"]).stdout("a,b,count_in_range\n");
    let apply = |more: &[&str]| place.run(&[&["apply", "in.csv"], more].concat()).code(0);
    apply(&["a + 1 AS n"]).stdout("a,b,n\n");
    apply(&["a + 1 AS n", "upper(b) AS u", "--on-error", "null"]).stdout("a,b,n,u\n");
    apply(&["a AS n", "--where", "b > 2"]).stdout("a,b,n\n");
    place.run(&["hypot", "in.csv", "--a", "a", "--b", "b"]).code(0).stdout("a,b,hypot\n");
    place.run(&["scale", "in.csv", "--only"]).code(0).stdout("a_scaled,b_scaled\n");
    place.run(&["columns", "in.csv", "sum-of-squares"]).code(0).stdout("a,b\n0.0,0.0\n");
    // One without a value among rows is taken as what the function wants, too.
    place.file("nulls.csv", "a,b\n,1\n,2\n");
    place.run(&["apply", "nulls.csv", "a + b AS n"]).code(0).stdout("a,b,n\n,1,\n,2,\n");
    for format in ["parquet", "arrow"] {
        let file = format!("in.{format}");
        place.run(&["apply", "in.csv", "--dtype", "a=i64", "-o", &file]).code(0);
        place.run(&["apply", &file, "a + 1 AS n"]).code(0).stdout("a,b,n\n");
    }
}

#[test]
fn text_where_an_expression_wants_a_number_is_named() {
    let place = Place::new();
    place.file("one.csv", "p,q\n1,2\nx,3\n");
    place.file("all.csv", "p,q\na,2\nx,3\n");
    let apply = |file: &str| place.run(&["apply", file, "p * q AS total"]).one_clear_line();
    apply("one.csv").code(3).stderr_has("one.csv, line 3, row 1, column \"p\": \"x\" is not i64");
    apply("all.csv")
        .code(2)
        .stderr_has("column \"p\": in \"p * q AS total\": it is text, and a number is wanted");
}

const RANGE: [&str; 5] = ["count-range", "--min", "1", "--max", "2"];

#[test]
fn a_column_that_one_cell_makes_text_is_not_left_out_in_silence() {
    let place = Place::new();
    let file = data("bad_cell.csv");
    let run = |more: &[&str]| place.run(&[&RANGE[..], &[&file], more].concat());
    run(&[]).code(3).stdout("").one_clear_line().stderr(&format!(
        "parrow: {file}, line 30, row 28, column \"after\": \"1O7\" is not i64; if it stands for a missing value give \
         --null-value 1O7, else leave the column out with --dtype after=str or choose columns, as in --columns id,before\n"
    ));
    run(&["--dtype", "after=str"]).code(0).stderr("");
    run(&["--null-value", "1O7"]).code(0).stderr("");
    run(&["--columns", "id,before"]).code(0).stderr("");
    place.file("plus.csv", "a\n1\n2.5\n+3\n");
    place.run(&["scale", "plus.csv"]).code(3).stderr_has("if the column holds numbers give --dtype a=f64");
    place.run(&["scale", "plus.csv", "--dtype", "a=f64"]).code(0);
    place.run(&["columns", &file, "sum-of-squares"]).code(3).stderr_has("line 30, row 28, column \"after\"");

    // Text on purpose: codes, and names that are numbers now and then.
    place.file("codes.csv", "a,code,name\n1,007,x\n3,008,1\n5,009,y\n");
    place.run(&[&RANGE[..], &["codes.csv"]].concat()).code(0).stderr("");
    // Text is text where the file says so.
    place.file("in.ndjson", "{\"a\": 1, \"b\": \"1\"}\n{\"a\": 2, \"b\": \"2\"}\n{\"a\": 2, \"b\": \"x\"}\n");
    place.run(&[&RANGE[..], &["in.ndjson"]].concat()).code(0).stderr("");
}

#[test]
fn a_cell_that_makes_a_chosen_column_text_is_named() {
    let place = Place::new();
    let file = data("bad_cell.csv");
    let cell = format!(
        "parrow: {file}, line 30, row 28, column \"after\": \"1O7\" is not i64; if it stands for a missing value give \
         --null-value 1O7, else mend the cell\n"
    );
    for columns in ["before,after", "^.*er$"] {
        place.run(&[&RANGE[..], &[&file, "--columns", columns]].concat()).code(3).stdout("").stderr(&cell);
    }
    place.run(&["hypot", &file, "--a", "before", "--b", "after"]).code(3).stderr(&cell);
    place.run(&["columns", &file, "sum-of-squares", "--columns", "after"]).code(3).stderr(&cell);
    // The row is that of the file, whatever a condition leaves out.
    place.run(&["hypot", &file, "--a", "id", "--b", "after", "--where", "id > 20"]).code(3).stderr(&cell);
    // Text that was asked for is not blamed on a cell, and neither is text that is in the place of a list.
    let given = ["--columns", "after", "--dtype", "after=str"];
    place.run(&[&RANGE[..], &[&file], &given].concat()).code(2).stderr_has("column \"after\" holds str");
    place.file("in.csv", "x,y\n1,a\n2,3\n");
    let lists = ["common-items", "in.csv", "--left", "x", "--right", "y"];
    place.run(&lists).code(2).one_clear_line().stderr_has("column \"x\" holds i64");
}

#[test]
fn standard_input_has_lines() {
    let place = Place::new();
    let input = "a,b\n1,\"x\ny\"\n\n2,z\n9223372036854775807,z\n";
    let arguments = ["apply", "-", "a + 1 AS n"];
    place.run_with(&arguments, input, &[]).code(1).one_clear_line().stderr_has("line 6, row 2");
    let input = "{\"a\": 1}\n\n{\"a\": 9223372036854775807}\n";
    place.run_with(&arguments, input, &[]).code(1).one_clear_line().stderr_has("line 3, row 1");
}

#[test]
fn functions_say_which_column_does_not_fit() {
    let place = Place::with_points();
    let range = ["count-range", "points.csv", "--min", "1", "--max", "2", "--columns"];
    place
        .run(&[&range[..], &["name"]].concat())
        .code(2)
        .one_clear_line()
        .stderr_has("column \"name\" holds str");
    place
        .run(&[&range[..], &["nmae"]].concat())
        .code(2)
        .one_clear_line()
        .stderr_has("did you mean \"name\"?");
    place
        .run(&[&range[..], &["^z.*$"]].concat())
        .code(2)
        .one_clear_line()
        .stderr_has("no column is matched by ^z.*$");
    place
        .run(&["hypot", "points.csv", "--a", "x", "--b", "name"])
        .code(2)
        .one_clear_line()
        .stderr_has("\"name\"");
    place
        .run(&["common-items", "points.csv", "--left", "x", "--right", "y"])
        .code(2)
        .one_clear_line()
        .stderr_has("\"x\"");
}

#[test]
fn files_that_cannot_be_read() {
    let place = Place::with_points();
    place
        .run(&["apply", "nope.csv"])
        .code(3)
        .one_clear_line()
        .stderr("parrow: nope.csv: could not open: no such file or directory\n");
    place.run(&["apply", "."]).code(3).one_clear_line().stderr_has("it is a folder");
    place.file("bad.parquet", b"PAR1 this is not what it says PAR1");
    place
        .run(&["apply", "bad.parquet"])
        .code(3)
        .one_clear_line()
        .stderr_has("bad.parquet: not a readable Parquet file");
    place.file("bad.arrow", b"ARROW1\0\0 neither is this ARROW1");
    place.run(&["apply", "bad.arrow"]).code(3).one_clear_line().stderr_has("bad.arrow");
}

#[test]
fn places_that_cannot_be_written() {
    let place = Place::with_points();
    place
        .run(&["apply", "points.csv", "-o", "no/such/folder.csv"])
        .code(3)
        .one_clear_line()
        .stderr_has("there is no folder no/such");
    place.run(&["apply", "points.csv", "-o", "."]).code(3).one_clear_line();
    place
        .run(&["apply", "points.csv", "-o", "out.what"])
        .code(2)
        .one_clear_line()
        .stderr_has("--output-format");
    assert_eq!(place.files(), ["points.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let place = Place::with_points();
    place
        .run(&["apply", "points.csv", "-o", "/dev/full"])
        .code(3)
        .one_clear_line()
        .stderr_has("no space left");
}

#[test]
fn an_old_output_survives_a_failed_run() {
    let place = Place::with_points();
    place.file("out.csv", "precious\n");
    place.run(&["apply", "points.csv", "CAST(name AS BIGINT) AS n", "-o", "out.csv"]).code(1);
    assert_eq!(place.read("out.csv"), "precious\n");
    assert_eq!(place.files(), ["out.csv", "points.csv"]);
}

#[test]
fn an_output_may_be_the_input() {
    let place = Place::with_points();
    place.run(&["apply", "points.csv", "x AS z", "-o", "points.csv", "-q"]).code(0);
    assert_eq!(place.read("points.csv"), "x,y,name,z\n3,4,a,3\n5,12,b,5\n8,,c,8\n");
}

#[test]
fn one_bad_cell_of_two_is_named_too() {
    let place = Place::new();
    place.file("mine.csv", b"name,age\nann,3\nbob,x\n");
    place
        .run(&["count-range", "mine.csv", "--min", "1", "--max", "4"])
        .code(3)
        .stderr_has("line 3, row 1, column \"age\": \"x\"");
}

#[test]
fn text_that_is_compared_with_a_number_is_named() {
    let place = Place::new();
    place.file("some.csv", "p,n\n1,1\nx,2\n4,3\n");
    place.file("all.csv", "p\nu\nx\n");
    let cell = "some.csv, line 3, row 1, column \"p\": \"x\" is not i64; if it stands for a missing value give --null-value x";
    for condition in ["p > 3", "3 <= p", "p <> 1", "n < p", "p BETWEEN 1 AND 4"] {
        place
            .run(&["apply", "some.csv", "n AS q", "--where", condition])
            .code(3)
            .one_clear_line()
            .stderr_has(cell);
        let run = place.run(&["apply", "some.csv", "n AS q", "--where", condition, "--on-error", "null"]);
        run.code(1).one_clear_line().stderr_has("1 of 3 rows failed (1 parse, 1 left out)");
    }
    place.run(&["apply", "some.csv", "p > 3 AS q"]).code(3).one_clear_line().stderr_has(cell);
    let run = place.run(&["apply", "all.csv", "p AS q", "--where", "p > 3"]);
    run.code(2)
        .one_clear_line()
        .stderr_has("column \"p\": in \"p > 3\": it is text, and a number is wanted; TRY_CAST(p");
    let run = place.run(&["apply", "all.csv", "'a' > 3 AS q"]);
    run.code(2).one_clear_line().stderr_has("\"a\" is text, and is compared with a number");
}
