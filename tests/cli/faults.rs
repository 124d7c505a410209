//! Rows that fail: the ledger, the rejects, and how many may.

use super::support::{Place, data};

#[test]
fn rows_that_cannot_be_read_and_rows_whose_function_fails() {
    let place = Place::new();
    place.file("t.csv", "a,b\n1,10\n2,x\n3\n4,40\n");
    let run = place
        .run(&[
            "apply",
            "t.csv",
            "CAST(b AS BIGINT) / a AS n",
            "--dtype",
            "a=i64",
            "--dtype",
            "b=str",
            "--on-error",
            "collect",
            "--ledger",
            "l.csv",
            "--rejects",
            "bad.csv",
            "-o",
            "out.csv",
            "--json",
        ])
        .code(1)
        .stderr_has("parrow: wrote 3 rows, 3 columns to out.csv\n")
        .stderr_has(
            "2 of 4 rows failed (1 parse, 1 error, 1 left out); first: t.csv, line 3, row 1: in \"CAST",
        );
    assert_eq!(place.read("out.csv"), "a,b,n\n1,10,10.0\n2,x,\n4,40,10.0\n");
    assert_eq!(place.read("bad.csv"), "a,b\n3\n");
    let ledger = place.read("l.csv");
    let lines: Vec<&str> = ledger.lines().collect();
    assert_eq!(lines[0], "file,row,line,column,kind,message,attempt,elapsed,in_output");
    assert!(lines[1].starts_with("t.csv,1,3,,error,"), "{ledger}");
    assert!(lines[1].ends_with(",1,,true"), "{ledger}");
    assert_eq!(
        lines[2],
        "t.csv,2,4,,parse,the row has 1 cell where 2 are expected; a cell without a value keeps its delimiter,1,,false"
    );
    let json: serde_json::Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
    assert_eq!((&json["rows_failed"], &json["rows_left_out"]), (&2.into(), &1.into()));
    assert_eq!(json["faults"], serde_json::json!({"parse": 1, "error": 1}));
}

#[test]
fn a_bad_cell_is_a_fault_where_its_column_is_used() {
    let place = Place::new();
    let run = |more: &[&str]| {
        place.run(
            &[&["count-range", &data("bad_cell.csv"), "--min", "1", "--max", "200", "-o", "o.csv"], more]
                .concat(),
        )
    };
    run(&["--on-error", "null"])
        .code(1)
        .stderr_has("1 of 40 rows failed (1 parse); first: ")
        .stderr_has("line 30, row 28, column \"after\": \"1O7\" is not i64\n");
    assert_eq!(place.read("o.csv").lines().count(), 41);
    run(&["--on-error", "skip"]).code(1).stderr_has("1 of 40 rows failed (1 parse, 1 left out)");
    assert_eq!(place.read("o.csv").lines().count(), 40);
    run(&["--on-error", "skip", "--columns", "id,before"]).code(0);
}

#[test]
fn the_run_ends_when_too_many_rows_fail() {
    let place = Place::new();
    place.file("t.csv", "a,b\n1\n2\n3,3\n4\n");
    let run = |n: &str| {
        place.run(&[
            "apply",
            "t.csv",
            "a AS n",
            "--on-error",
            "skip",
            "--max-errors",
            n,
            "--ledger",
            "l.ndjson",
            "--rejects",
            "bad.csv",
            "-o",
            "out.csv",
        ])
    };
    run("1")
        .code(1)
        .one_clear_line()
        .stderr_has("t.csv, line 3, row 1: more than 1 row failed, this one last: the row has 1");
    assert_eq!(place.files(), ["bad.csv", "l.ndjson", "t.csv"]);
    assert_eq!(place.read("bad.csv"), "a,b\n1\n2\n");
    assert_eq!(place.read("l.ndjson").lines().count(), 2);
    run("3").code(1).stderr_has("3 of 4 rows failed (3 parse, 3 left out)");
    assert_eq!(place.read("out.csv"), "a,b,n\n3,3,3\n");
}

#[test]
fn what_goes_with_a_policy_asks_for_one() {
    let place = Place::with_points();
    for flags in [["--ledger", "l.csv"], ["--rejects", "r.csv"], ["--max-errors", "3"]] {
        place
            .run(&[&["apply", "points.csv", "x AS n", "-o", "out.csv"], &flags[..]].concat())
            .code(2)
            .one_clear_line()
            .stderr_has("give --on-error null, skip or collect too");
    }
    let run = place.run(&[
        "apply",
        "points.csv",
        "x AS n",
        "-o",
        "out.csv",
        "--on-error",
        "null",
        "--ledger",
        "ledger",
    ]);
    run.code(2).one_clear_line().stderr_has("end it in .csv, .parquet or .ndjson");
    assert_eq!(place.files(), ["points.csv"]);
}

#[test]
fn rows_are_retried_with_another_function_and_the_output_is_patched() {
    let place = Place::new();
    place.file("t.csv", "a,b\n1,10\n2,x\n3,n/a\n4\n5,50\n");
    let run = |arguments: &[&str]| place.run(arguments);
    run(&[
        "apply",
        "t.csv",
        "--luau",
        "return 100 / tonumber(b)",
        "--name",
        "n",
        "--dtype",
        "b=str",
        "--on-error",
        "collect",
        "--ledger",
        "l.csv",
        "-o",
        "out.csv",
        "-q",
    ])
    .code(1);
    assert_eq!(place.read("out.csv"), "a,b,n\n1,10,10.0\n2,x,\n3,n/a,\n5,50,2.0\n");
    assert_eq!(place.files(), ["l.csv", "l.csv.run.json", "out.csv", "t.csv"]);

    // The same function fails again.
    run(&["retry", "l.csv"])
        .code(1)
        .stderr_has("mended 0 of 3 rows of l.csv in out.csv")
        .stderr_has("3 of 3 rows failed (1 parse, 2 error, 1 left out)");
    assert_eq!(place.read("out.csv"), "a,b,n\n1,10,10.0\n2,x,\n3,n/a,\n5,50,2.0\n");
    assert!(place.read("l.csv").lines().skip(1).all(|line| line.contains(",2,,")), "{}", place.read("l.csv"));

    // Another one, which keeps the column's name; from another folder.
    std::fs::create_dir(place.path("sub")).expect("a folder");
    place.file(
        "sub/f.luau",
        "function f(b) if b == 'n/a' then error('no') end return 100 / (tonumber(b) or 1) end",
    );
    let mut command = place.command(&["retry", "../l.csv", "--script", "f.luau"]);
    let output = command.current_dir(place.path("sub")).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("mended 1 of 3 rows of ../l.csv in out.csv"), "{stderr}");
    assert_eq!(place.read("out.csv"), "a,b,n\n1,10,10.0\n2,x,100.0\n3,n/a,\n5,50,2.0\n");

    // The function of the last retry stays; a null value makes another row readable.
    run(&["retry", "l.csv", "--null-value", "n/a", "--json"]).code(1).stderr_has("\"rows_retried\":2");
    assert_eq!(place.read("out.csv"), "a,b,n\n1,10,10.0\n2,x,100.0\n3,n/a,100.0\n5,50,2.0\n");
    assert_eq!(place.read("l.csv").lines().count(), 2);

    run(&["retry", "l.csv", "a AS other"])
        .code(3)
        .one_clear_line()
        .stderr_has("give the new ones the same names");
    place.file("t.csv", "a,b\n");
    run(&["retry", "l.csv"])
        .code(3)
        .one_clear_line()
        .stderr_has("t.csv: could not retry: the input has changed");
    run(&["retry", "out.csv"]).code(2).one_clear_line().stderr_has("no out.csv.run.json");
    run(&["retry", "nowhere.csv"]).code(3).one_clear_line();
}

#[test]
fn a_command_without_a_function_of_its_own_is_retried_with_what_makes_its_rows_readable() {
    let place = Place::new();
    let matrix = data("bad_cell.csv");
    let run = |more: &[&str]| {
        place
            .run(&[&["count-range", &matrix, "--min", "1", "--max", "200", "-o", "o.parquet"], more].concat())
    };
    run(&["--on-error", "skip", "--ledger", "l.parquet"]).code(1);
    place
        .run(&["retry", "l.parquet", "--null-value", "1O7"])
        .code(0)
        .stderr("parrow: mended 1 of 1 row of l.parquet in o.parquet\n");
    let found = std::fs::read(place.path("o.parquet")).expect("the output");
    run(&["--null-value", "1O7"]).code(0);
    assert!(found == std::fs::read(place.path("o.parquet")).expect("the output"));
    // The run has written the same bytes anew.
    place.run(&["retry", "l.parquet"]).code(0).stderr_has("no rows to retry");
    run(&["--dtype", "after=str"]).code(0);
    place
        .run(&["retry", "l.parquet"])
        .code(3)
        .stderr_has("the output has changed since the run that wrote it (it had ");
}

#[test]
fn what_a_retry_and_a_ledger_may_meet() {
    let place = Place::new();
    place.file("k.csv", "id,v\n1,p\n2,2\n");
    let run = |ledger: &str, output: &str| {
        let apply = ["apply", "k.csv", "v + 1 AS n", "--dtype", "v=i64", "--on-error", "null"];
        place.run(&[&apply[..], &["--ledger", ledger, "-o", output]].concat())
    };
    run("l.csv", "o.parquet").code(1);
    // The ledger of another output that is there is not lost, and the same run may be run again.
    run("l.csv", "other.csv").code(2).one_clear_line().stderr_has("tells of the rows that failed for ");
    run("l.csv", "o.parquet").code(1);
    // The same bytes of another time are the same input, of a file that is looked at whole.
    place.file("k.csv", "id,v\n1,p\n2,2\n");
    place.run(&["retry", "l.csv", "'x' AS n"]).code(2).one_clear_line().stderr_has("i64 as in the output");
    place.run(&["apply", "o.parquet"]).stdout("id,v,n\n1,,\n2,2,3\n");
    place.run(&["retry", "l.csv", "CAST(7 AS BIGINT) AS n", "--null-value", "p"]).code(0);
    place.run(&["apply", "o.parquet"]).stdout("id,v,n\n1,,7\n2,2,3\n");
    run("l2.csv", "o2.csv").code(1);
    let ledger = place.read("l2.csv");
    place.file("l2.csv", ledger.lines().take(1).map(|line| line.to_owned() + "\n").collect::<String>());
    place.run(&["retry", "l2.csv"]).code(3).one_clear_line().stderr_has("put it back, or run all rows again");
}

#[test]
fn whole_columns_know_no_rows_that_fail() {
    let place = Place::new();
    place.file("in.csv", "a,b\n1,2\n3,4,5\n6,7\n");
    let columns = ["columns", "in.csv", "sum-of-squares"];
    place.run(&columns).code(3).stderr_has("in.csv, line 3: the row has 3 cells where 2 are expected");
    place
        .run(&[&columns[..], &["--on-error", "skip"]].concat())
        .code(2)
        .stderr_has("take the good rows first");
    place.run(&["apply", "in.csv", "--on-error", "skip", "-o", "good.csv"]).code(1);
    place.run(&["columns", "good.csv", "sum-of-squares"]).code(0).stdout("a,b\n37,53\n");
}
