//! `parrow apply` with a script.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::signalled::{end_of, signalled};
use super::support::{Place, data};

const COUNT: &str = "-- Counts what lies between two bounds.
function count(row, minimum, maximum)
    local n = 0
    for _, value in row.values do
        if value >= minimum and value <= maximum then
            n += 1
        end
    end
    return n
end
";

#[test]
fn a_script_and_a_body() {
    let place = Place::with_points();
    place.file("f.luau", "function length(x, y): number?\n    return y and math.sqrt(x * x + y * y)\nend\n");
    place
        .run(&["apply", "points.csv", "--script", "f.luau", "--only"])
        .code(0)
        .stdout("length\n5.0\n13.0\n\n");
    let body = ["--luau", "return y and x + y, name:upper()", "--name", "sum,upper"];
    let run = place.run(&[&["apply", "points.csv", "--only", "--where", "x > 4"], &body[..]].concat());
    run.code(0).stdout("sum,upper\n17.0,B\n,C\n");
    let ints = ["--luau", "return x * k", "--name", "x2", "--output-dtype", "i64", "--arg", "k=2"];
    place.run(&[&["apply", "points.csv", "--only"], &ints[..]].concat()).code(0).stdout("x2\n6\n10\n16\n");
}

#[test]
fn the_range_count_is_that_of_the_command() {
    let place = Place::new();
    place.file("count.luau", COUNT);
    place.file("nulls.csv", "a,b,c\n4,,9\n,,\n5.5,8,4\n");
    for input in [data("matrix.csv"), place.path("nulls.csv").to_string_lossy().into_owned()] {
        let built_in =
            place.run(&["count-range", &input, "--min", "4", "--max", "8", "--name", "count"]).code(0);
        let flags = ["--arg", "minimum=4", "--arg", "maximum=8", "--output-dtype", "u32"];
        let run = place.run(&[&["apply", &input, "--script", "count.luau"], &flags[..]].concat()).code(0);
        run.stdout(&built_in.stdout);
    }
}

#[test]
fn mistakes_are_said_in_one_line() {
    let place = Place::with_points();
    place.file("f.luau", "function f(x)\n    local t = nil\n    return x + t\nend\n");
    place.file("bad.luau", "function f(x)\n    return x +\nend\n");
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let run = place.run(&[&["apply", "points.csv"], arguments].concat());
        run.code(code).one_clear_line().stderr_has(expected);
    };
    check(&["--script", "f.luau"], 1, "points.csv, line 2, row 0: f.luau:3: attempt to perform arithmetic");
    check(&["--luau", "return x", "--arg", "k=1"], 2, "--arg: the body does not name \"k\"");
    check(&["--luau", "return x", "--name", "a,b"], 1, "returned one value, and 2 are named: a, b");
    check(&["--luau", "local r = row r.x = 1"], 1, "row 0: --luau:1: attempt to modify a readonly table");
    check(&["--script", "none.luau"], 3, "none.luau: could not read: no such file");
    check(&["--script", "bad.luau"], 2, "in \"bad.luau\": line 3: Expected identifier");
    check(&["--luau", "return x +"], 2, "in \"--luau\": line 1: Expected identifier");
    check(&["--luau", "return row.nome"], 2, "did you mean \"name\"?");
    check(
        &["--luau", "while true do end", "--row-timeout", "0.1"],
        1,
        "row 0: --luau:1: the row takes longer than 0.1 seconds",
    );
    check(
        &["--luau", "return string.rep('x', 1e8)", "--script-memory", "4MiB"],
        1,
        "row 0: the row needs more memory than the 4 MiB of a worker",
    );
}

#[test]
fn flags_that_do_not_go_together() {
    let place = Place::with_points();
    place.file("f.luau", "function f(x) return x end");
    let cases: [&[&str]; 6] = [
        &["x + 1", "--luau", "return x"],
        &["--script", "f.luau", "--luau", "return x"],
        &["--name", "h"],
        &["--luau", "return x", "--function", "f"],
        &["--luau", "return x", "--script-memory", "lots"],
        &["--luau", "return x * k", "--arg", "k=1", "--arg", "k=2"],
    ];
    for case in cases {
        place.run(&[&["apply", "points.csv"], case].concat()).code(2);
    }
}

#[test]
fn what_a_script_prints_is_not_in_the_result() {
    let place = Place::with_points();
    let run = place.run(&["apply", "points.csv", "--luau", "print(name) return x", "--only", "-j", "1"]);
    run.code(0).stdout("result\n3.0\n5.0\n8.0\n").stderr("a\nb\nc\n");
}

#[test]
fn the_same_bytes_for_any_threads_and_chunks() {
    let place = Place::new();
    place.file("count.luau", COUNT);
    let matrix = data("matrix.csv");
    let run = |threads: &str, chunk_rows: &str| {
        let arguments =
            ["apply", &matrix, "--script", "count.luau", "--arg", "minimum=4", "--arg", "maximum=8"];
        let flags = ["-j", threads, "--chunk-rows", chunk_rows, "-o", "out.parquet", "-q"];
        place.run(&[&arguments[..], &flags].concat()).code(0);
        std::fs::read(place.path("out.parquet")).expect("the output is there")
    };
    let reference = run("1", "200000");
    for (threads, chunk_rows) in [("2", "1000"), ("8", "4099")] {
        assert!(run(threads, chunk_rows) == reference, "{threads} threads, {chunk_rows} rows a chunk");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_row_that_goes_on_and_on() {
    let place = Place::with_points();
    let started = place.path("started");
    let body = "print('started') while true do pcall(function() while true do end end) end";
    let program = signalled()
        .args(["apply", "points.csv", "--luau", body, "--row-timeout", "60", "-o", "out.csv"])
        .current_dir(place.path("."))
        .stderr(std::fs::File::create(&started).expect("a file"))
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    while place.read("started").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "the script starts");
        std::thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill").args(["-INT", &program.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let mut program = program;
    assert_eq!(end_of(&mut program).code(), Some(130));
    assert!(place.read("started").contains("nothing was written"), "{}", place.read("started"));
    assert_eq!(place.files(), ["points.csv", "started"]);
}
