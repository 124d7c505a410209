//! `parrow apply --python` and `--exec`.

#![cfg(unix)]

use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::signalled::{end_of, signalled};
use super::support::{Place, data};

/// Whether there is a python3 with pyarrow. Without one, the tests that need it say so and pass, save where everything must
/// be there.
fn python() -> bool {
    static THERE: LazyLock<bool> = LazyLock::new(|| {
        let mut command = Command::new("python3");
        command.args(["-c", "import pyarrow"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    });
    if !*THERE {
        assert!(
            std::env::var_os("CI").is_none(),
            "python3 with pyarrow is needed: python3 -m pip install pyarrow"
        );
        println!("skipped: there is no python3 with pyarrow");
    }
    *THERE
}

fn project(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_commands_of_the_readme() {
    if !python() {
        return;
    }
    let place = Place::new();
    let functions = |name: &str| format!("{}:{name}", project("examples/functions.py"));
    let (matrix, points) = (data("matrix.csv"), data("points.csv"));
    let count = functions("howmany_within_range");
    let constants = ["--arg", "minimum=4", "--arg", "maximum=8"];
    let command = ["apply", &matrix, "--python", &count, "--only", "-o", "python.csv", "-q"];
    place.run(&[&command[..], &constants].concat()).code(0);
    let name = ["--name", "howmany_within_range", "--only", "-o", "own.csv", "-q"];
    place.run(&[&["count-range", &matrix, "--min", "4", "--max", "8"][..], &name].concat()).code(0);
    assert_eq!(place.read("python.csv"), place.read("own.csv"));

    let extremes = functions("extremes");
    let names = ["--name", "low,high", "--head", "2", "--only"];
    let run = place.run(&[&["apply", &matrix, "--python", &extremes][..], &names].concat());
    run.code(0).stdout("low,high\n3,9\n3,9\n");
    let hypot = functions("hypot");
    let run =
        place.run(&["apply", &points, "--python", &hypot, "--on-error", "collect", "--head", "2", "--only"]);
    assert!(matches!(run.code, Some(0 | 1)), "{run}");

    let worker = format!("sh {}", project("examples/workers/height_band.sh"));
    let flags = ["--protocol", "csv", "--columns", "height", "--name", "band,from"];
    place.file("heights.csv", "name,height\na,3\nb,\nc,700\n");
    let run = place.run(&[&["apply", "heights.csv", "--exec", &worker][..], &flags].concat());
    run.code(0).stdout("name,height,band,from\na,3,low,0\nb,,,\nc,700,high,500\n");
}

#[test]
fn what_goes_wrong_is_one_clear_line() {
    let place = Place::with_points();
    place.file("f.py", "def f(x): return 6 / (x - 3)\ndef g(z): return z\n");
    let apply = |flags: &[&str]| place.run(&[&["apply", "points.csv"][..], flags].concat());
    apply(&["--python", "f.py"]).code(2).stderr_has("write it as file.py:function");
    apply(&["--python", "none.py:f"]).code(3).stderr_has("none.py: could not open").one_clear_line();
    apply(&["--exec", "exit 3"]).code(3).stderr_has("ends before it has read a row").one_clear_line();
    apply(&["--exec", "cat", "--arg", "a=1"])
        .code(2)
        .stderr_has("--arg: a program has no parameters")
        .one_clear_line();
    apply(&["--exec", "cat", "--as", "list"])
        .code(2)
        .stderr_has("what a Python function gets")
        .one_clear_line();
    apply(&["x + y AS z", "--retries", "1"]).code(2).stderr_has("--python");
    apply(&["--exec", "cat", "x + y AS z"]).code(2).stderr_has("cannot be used with");
    apply(&["--exec", "cat", "--protocol", "xml"]).code(2).stderr_has("none of arrow, csv, ndjson");
    apply(&["--exec", "cat", "--columns", "z"]).code(2).stderr_has("no column \"z\"").one_clear_line();
    if !python() {
        return;
    }
    apply(&["--python", "f.py:h"])
        .code(2)
        .stderr_has("there is no 'h' in f.py (functions: f, g)")
        .one_clear_line();
    apply(&["--python", "f.py:f", "--python-exe", "no-such-python"])
        .code(3)
        .stderr_has("could not start no-such-python: no such file")
        .one_clear_line();
    apply(&["--python", "f.py:g"]).code(2).stderr_has("parameter \"z\" of g").one_clear_line();
    apply(&["--python", "f.py:f"])
        .code(1)
        .stderr_has(
            "points.csv, line 2, row 0: ZeroDivisionError: division by zero; File \"f.py\", line 1, in f",
        )
        .one_clear_line();
    let run = apply(&["--python", "f.py:f", "--on-error", "null", "--only"]);
    run.code(1).stdout("f\n\n3.0\n1.2\n");
}

#[test]
fn a_worker_that_keeps_its_output_is_spoken_of() {
    let place = Place::new();
    place.file("one.csv", "x\n1\n");
    let flags = ["--protocol", "csv", "--only", "--chunk-timeout", "1", "--retries", "0"];
    let run = place.run(&[&["apply", "one.csv", "--exec", "sort"][..], &flags].concat());
    run.code(1)
        .stderr_has("sort: a worker has not answered the row that it was given 0.5 seconds ago")
        .stderr_has("fflush");
}

/// Processes whose command line has this in it.
fn running(marker: &str) -> usize {
    let listed = Command::new("ps").args(["-eo", "args"]).output().expect("ps runs");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    listed.lines().filter(|line| line.contains(marker) && !line.contains("parrow apply")).count()
}

#[test]
fn no_worker_is_left_behind_however_the_run_ends() {
    for (index, signal) in ["-INT", "-TERM", "-KILL"].into_iter().enumerate() {
        let place = Place::with_points();
        let marker = format!("1234.5678{index}");
        let worker = format!("trap '' TERM; sleep {marker}");
        let mut program = signalled()
            .args(["apply", "points.csv", "--exec", &worker, "--protocol", "csv", "-q"])
            .current_dir(place.path("."))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let start = Instant::now();
        while running(&format!("sleep {marker}")) == 0 {
            assert!(start.elapsed() < Duration::from_secs(30), "the worker starts");
            std::thread::sleep(Duration::from_millis(20));
        }
        let sent = Command::new("kill").args([signal, &program.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let ended = end_of(&mut program);
        if signal != "-KILL" {
            let code = if signal == "-TERM" { 143 } else { 130 };
            assert_eq!(ended.code(), Some(code), "{signal}");
        }
        let start = Instant::now();
        while running(&marker) > 0 {
            assert!(start.elapsed() < Duration::from_secs(10), "{signal}: the worker is still there");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_parameter_without_a_type_gets_numbers_where_most_cells_are() {
    if !python() {
        return;
    }
    let place = Place::new();
    let text = "def f(v): return type(v).__name__\ndef g(v: 'str | None'): return type(v).__name__\n";
    std::fs::write(place.path("f.py"), text).unwrap();
    std::fs::write(place.path("in.csv"), "v\n1\nno\n3\n").unwrap();
    let run = |function: &str, policy: &str| {
        place.run(&["apply", "in.csv", "--python", function, "--name", "kind", "--on-error", policy])
    };
    run("f.py:f", "fail").code(0).stdout("v,kind\n1,str\nno,str\n3,str\n");
    run("f.py:f", "null").code(1).stdout("v,kind\n1,int\nno,\n3,int\n");
    run("f.py:g", "null").code(0).stdout("v,kind\n1,str\nno,str\n3,str\n");
}
