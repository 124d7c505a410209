//! Files piece by piece: the flag, pipes, and what is too large.

use super::support::Place;

#[test]
fn a_limit_of_memory_changes_no_byte() {
    let place = Place::new();
    place.run(&["generate", "--rows", "30000", "--cols", "4", "--seed", "5", "-o", "m.csv", "-q"]).code(0);
    let range = ["count-range", "m.csv", "--min", "4", "--max", "8", "-q", "-o"];
    for (output, more) in [
        ("a.csv", &[][..]),
        ("b.csv", &["--memory-limit", "1MiB"]),
        ("c.csv", &["--memory-limit", "8MB", "-j", "3"]),
    ] {
        place.run(&[&range[..], &[output], more].concat()).code(0).stderr("");
    }
    let whole = place.read("a.csv");
    assert_eq!(whole.lines().count(), 30_001);
    assert!(place.read("b.csv") == whole && place.read("c.csv") == whole);
    let piped = ["count-range", "-", "--min", "4", "--max", "8", "--memory-limit", "1MiB"];
    place.run_with(&piped, place.read("m.csv").as_str(), &[]).code(0).stdout(&whole);
}

#[test]
fn rows_pass_through_as_they_stand() {
    let place = Place::new();
    place.file("in.csv", "id;price\n007;1.50\r\n008;\"2,25\"\n");
    place
        .run(&["apply", "in.csv", "'x' AS note", "--delimiter", ";"])
        .code(0)
        .stdout("id;price;note\n007;1.50;x\r\n008;\"2,25\";x\n");
    place.run(&["apply", "in.csv", "'x' AS note", "--only"]).code(0).stdout("note\nx\nx\n");
}

#[test]
fn how_large_a_row_may_be_hangs_on_the_limit_alone() {
    let place = Place::new();
    // Values of JSON take several times their bytes while they are read.
    for (n_bytes, fits) in [(140_000, true), (260_000, false), (400_000, false)] {
        let large = "x".repeat(n_bytes);
        for behind in [0, 3, 500_000] {
            let rows = |row: &str| row.repeat(behind / row.len());
            place.file("in.csv", format!("a,b\n1,\"{large}\"\n{}", rows("2,y\n")));
            place.file("in.ndjson", format!("{{\"b\":\"{large}\"}}\n{}", rows("{\"b\":\"y\"}\n")));
            for name in ["in.csv", "in.ndjson"] {
                let run =
                    place.run(&["apply", name, "b AS c", "--only", "-o", "out.csv", "--memory-limit", "1MB"]);
                match fits {
                    true => run.code(0),
                    false => {
                        run.code(3).one_clear_line().stderr_has("is larger than the 250000 bytes that fit")
                    }
                };
            }
        }
    }
}

#[test]
fn a_row_that_does_not_fit_is_said_with_its_line() {
    let place = Place::new();
    let large = "x".repeat(600_000);
    place.file("in.csv", format!("a,b\n1,x\n2,\"{large}\"\n"));
    place
        .run(&["apply", "in.csv", "a + 1 AS n", "-o", "out.csv", "--memory-limit", "1MB"])
        .one_clear_line()
        .stderr_has("in.csv, line 3: the row that starts here is larger than");
    assert_eq!(place.files(), ["in.csv"]);
    place.run(&["apply", "in.csv", "--memory-limit", "much"]).code(2).stderr_has("--memory-limit");
    place
        .run(&["apply", "in.csv", "--memory-limit", "4"])
        .code(2)
        .stderr_has("--memory-limit: no row fits into 4 bytes");
}

#[test]
fn rows_in_no_order_are_the_same_rows() {
    let place = Place::new();
    place.run(&["generate", "--rows", "30000", "--cols", "3", "--seed", "5", "-o", "m.csv", "-q"]).code(0);
    let range = ["count-range", "m.csv", "--min", "4", "--max", "8", "--memory-limit", "1MiB", "-j", "3"];
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[1..].sort();
        lines
    };
    place.run(&[&range[..], &["-o", "a.csv"]].concat()).code(0);
    place.run(&[&range[..], &["-o", "b.csv", "--unordered"]].concat()).code(0);
    assert_eq!(sorted(&place.read("a.csv")), sorted(&place.read("b.csv")));
    let head = place.run(&[&range[..], &["-o", "c.csv", "--unordered", "--head", "50"]].concat()).code(0);
    head.stderr_has("--unordered has no effect with --head: rows keep the order of the input");
    assert!(place.read("a.csv").starts_with(&place.read("c.csv")), "the first rows are those of the input");
}

#[test]
fn whole_columns_that_do_not_fit_are_told_before_they_are_read() {
    let place = Place::new();
    let generate = ["generate", "--rows", "100000", "--cols", "5", "-q", "-o"];
    for name in ["m.csv", "m.parquet", "m.arrow", "m.csv.gz"] {
        place.run(&[&generate[..], &[name]].concat()).code(0);
        let columns = |limit: &str| place.run(&["columns", name, "sum-of-squares", "--memory-limit", limit]);
        let refused = columns("1MB");
        assert_ne!(refused.code, Some(0), "{name}");
        assert!(refused.stderr.contains("whole columns are needed in memory"), "{name}: {}", refused.stderr);
        assert!(refused.stderr.contains(name) && refused.stderr.contains("the limit of memory is 1 MB"));
        columns("50MB").code(0);
    }
}
