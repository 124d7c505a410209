//! What a Python function is called with, and what may come of it.

use std::sync::{Arc, Mutex};

use parrow::polars::prelude::*;
use parrow::row::{OutputColumn, RowFunction};
use parrow::worker::{Protocol, RowsAs, Worker};
use parrow::{ErrorKind, RowFailure, apply_function};

use super::{PythonFile, apply, collecting, column, python};

fn rows() -> DataFrame {
    df!("a" => [Some(3), None, Some(5)], "b" => [4.0, 2.5, 12.0], "name" => ["x", "é", "z"]).unwrap()
}

const CALLS: &str = r#"
import math
import helper

def hypot(a, b):
    return None if a is None else math.hypot(a, b)

def by_default(a, b, scale=10):
    return b * scale

def keyword_only(a, *, b):
    return b

def positional_only(b, a, /):
    return b

def whole(row, minimum):
    return repr((row, minimum))

def any_row(row):
    return repr(row)

def others(a, **rest):
    return repr(rest)

def positionals(*row):
    return repr(row)

def constant():
    return 7

def imported(b):
    return helper.double(b)

doubled = lambda b: 2 * b

class Model:
    def __init__(self, factor):
        self.factor = factor
    def predict(self, b):
        return self.factor * b
    def __call__(self, b):
        return -b

model = Model(3)
"#;

fn text(values: [&str; 3]) -> Series {
    Series::new("".into(), values)
}

#[test]
fn arguments_are_found_by_name() {
    if !python() {
        return;
    }
    let file = PythonFile::new(CALLS);
    std::fs::write(file.folder().join("helper.py"), "def double(x): return 2 * x\n").unwrap();
    let floats = |values: [f64; 3]| Series::new("".into(), values);
    let cases: Vec<(&str, Series)> = vec![
        ("hypot", Series::new("".into(), [Some(5.0), None, Some(13.0)])),
        ("by_default", floats([40.0, 25.0, 120.0])),
        ("keyword_only", floats([4.0, 2.5, 12.0])),
        ("positional_only", floats([4.0, 2.5, 12.0])),
        ("any_row", text(["[3, 4.0, 'x']", "[None, 2.5, 'é']", "[5, 12.0, 'z']"])),
        ("others", text(["{'b': 4.0, 'name': 'x'}", "{'b': 2.5, 'name': 'é'}", "{'b': 12.0, 'name': 'z'}"])),
        ("positionals", text(["(3, 4.0, 'x')", "(None, 2.5, 'é')", "(5, 12.0, 'z')"])),
        ("constant", Series::new("".into(), [7_i64, 7, 7])),
        ("imported", floats([8.0, 5.0, 24.0])),
        ("doubled", floats([8.0, 5.0, 24.0])),
        ("model.predict", floats([12.0, 7.5, 36.0])),
        ("model", floats([-4.0, -2.5, -12.0])),
    ];
    for protocol in [Protocol::Arrow, Protocol::NdJson] {
        for (function, expected) in &cases {
            let worker = Worker::python(file.path(), *function).protocol(protocol).build().unwrap();
            let found = column(&rows(), &worker);
            assert_eq!(found.name(), function.rsplit('.').next().unwrap());
            assert!(
                found.equals_missing(&expected.clone().with_name(found.name().clone())),
                "{function}: {found:?}"
            );
            assert_eq!(found.dtype(), expected.dtype(), "{function}");
        }
    }
}

#[test]
fn rows_come_as_they_are_asked_for() {
    if !python() {
        return;
    }
    let file = PythonFile::new("def f(it, k): return repr((it, k))\n");
    for (rows_as, expected) in [
        (RowsAs::List, "([4.0, 3], True)"),
        (RowsAs::Tuple, "((4.0, 3), True)"),
        (RowsAs::Dict, "({'b': 4.0, 'a': 3}, True)"),
    ] {
        let worker =
            Worker::python(file.path(), "f").rows_as(rows_as).columns(["b", "a"]).parameter("k", true);
        let found = column(&rows(), &worker.build().unwrap());
        assert_eq!(found.str().unwrap().get(0), Some(expected));
    }
}

#[test]
fn whole_batches_give_columns_and_name_the_row_at_fault() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        r#"
import pyarrow as pa
def column(table): return table.column("b")
def values(table): return [value.as_py() * 2 for value in table["b"]]
def table(table): return table.select(["b", "a"]).rename_columns(["x", "y"])
def picky(table):
    if 2.5 in table["b"].to_pylist(): raise ValueError("2.5 is bad")
    return table["b"]
def short(table): return [1]
"#,
    );
    let batch = |function: &str| Worker::python(file.path(), function).rows_as(RowsAs::PyArrow);
    assert_eq!(
        column(&rows(), &batch("column").build().unwrap()),
        Series::new("column".into(), [4.0, 2.5, 12.0])
    );
    assert_eq!(
        column(&rows(), &batch("values").build().unwrap()),
        Series::new("values".into(), [8.0, 5.0, 24.0])
    );
    let two = batch("table").outputs(["y", "x"].map(OutputColumn::new)).build().unwrap();
    let (found, _) = apply(&rows(), &two, &collecting(2));
    assert!(found.equals_missing(&df!("y" => [Some(3), None, Some(5)], "x" => [4.0, 2.5, 12.0]).unwrap()));
    let (found, faults) = apply(&rows(), &batch("picky").build().unwrap(), &collecting(3));
    assert!(found.equals_missing(&df!("picky" => [Some(4.0), None, Some(12.0)]).unwrap()));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].0 == 1 && faults[0].1.starts_with("ValueError: 2.5 is bad"), "{faults:?}");
    let (_, faults) = apply(&rows(), &batch("short").build().unwrap(), &collecting(3));
    // One value is right where a batch has one row, and that is what halving ends with.
    assert!(faults.is_empty());
}

#[test]
fn values_of_every_type_go_there_and_come_back() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        r#"
import datetime
def same(v): return v
def kinds(n):
    return [None, True, 2, 2.5, "text", datetime.date(2024, 2, 29), [1, 2.5], 1 << 70, object(), 1 << 63][n]
"#,
    );
    let same = || Worker::python(file.path(), "same");
    let lists = [Series::new("".into(), [1_i64, 2]), Series::new_empty("".into(), &DataType::Int64)];
    let days = Series::new("v".into(), [Some(19_782), None]);
    let columns = [
        Series::new("v".into(), [Some(true), None]),
        Series::new("v".into(), [i64::MIN, i64::MAX]),
        Series::new("v".into(), [Some(f64::NAN), None]),
        Series::new("v".into(), [f64::NEG_INFINITY, 0.1 + 0.2]),
        Series::new("v".into(), ["é✓\u{1F600}\n\"", ""]),
        Series::new("v".into(), lists),
        days.cast(&DataType::Date).unwrap(),
        Series::new("v".into(), [1_234_567_i64, -1])
            .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
            .unwrap(),
    ];
    for values in columns {
        let frame = DataFrame::new(2, vec![values.clone().into()]).unwrap();
        let found = column(&frame, &same().build().unwrap()).with_name("v".into());
        crate::support::assert_identical_series(&found, &values);
        let declared = same().outputs([OutputColumn::with_dtype("v", values.dtype().clone())]);
        let found = column(&frame, &declared.protocol(Protocol::NdJson).build().unwrap());
        crate::support::assert_identical_series(&found, &values);
    }
    let frame = df!("n" => (0..10).collect::<Vec<i64>>()).unwrap();
    let kinds =
        Worker::python(file.path(), "kinds").outputs([OutputColumn::with_dtype("k", DataType::Float64)]);
    let (found, faults) = apply(&frame, &kinds.build().unwrap(), &collecting(100));
    let found = found.column("k").unwrap().f64().unwrap().to_vec();
    assert_eq!(&found[2..4], [Some(2.0), Some(2.5)]);
    let faults: Vec<(u64, &str)> = faults.iter().map(|(row, message)| (*row, message.as_str())).collect();
    assert_eq!(faults.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 4, 5, 6, 7, 8]);
    assert!(faults[4].1.contains("64 bits") && faults[5].1.contains("type object"), "{faults:?}");
}

#[test]
fn several_results_have_several_names() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        r#"
def pair(a): return None if a == 0 else (a, str(a))
def named(a): return {"t": str(a), "n": a}
def uneven(a): return (1, 2, 3) if a == 1 else {"n": a} if a == 2 else [a, "x"]
"#,
    );
    let frame = df!("a" => [0, 1, 2, 3]).unwrap();
    let worker = |function: &str, protocol| {
        let outputs = ["n", "t"].map(OutputColumn::new);
        Worker::python(file.path(), function).outputs(outputs).protocol(protocol).build().unwrap()
    };
    for protocol in [Protocol::Arrow, Protocol::NdJson] {
        let (found, _) = apply(&frame, &worker("pair", protocol), &collecting(2));
        let expected =
            df!("n" => [None, Some(1_i64), Some(2), Some(3)], "t" => [None, Some("1"), Some("2"), Some("3")]);
        assert!(found.equals_missing(&expected.unwrap()), "{found}");
        let (found, _) = apply(&frame, &worker("named", protocol), &collecting(2));
        assert!(found.equals(&df!("n" => [0_i64, 1, 2, 3], "t" => ["0", "1", "2", "3"]).unwrap()), "{found}");
        let (_, faults) = apply(&frame, &worker("uneven", protocol), &collecting(4));
        assert_eq!(faults.len(), 2);
        assert!(faults[0].1.contains("3 values") && faults[1].1.contains("without 't'"), "{faults:?}");
    }
}

#[test]
fn an_exception_is_the_rows_fault_with_its_traceback() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        "import sys\n\
         def inverse(a):\n    if a == 4: sys.exit(3)\n    if a == 5: raise StopIteration\n    return divide(a)\n\
         def divide(a):\n    return 12 / a\n",
    );
    let frame = df!("a" => [1, 0, 4, 5, 3]).unwrap();
    for protocol in [Protocol::Arrow, Protocol::NdJson] {
        for chunk_rows in [1, 2, 5] {
            let worker = Worker::python(file.path(), "inverse").protocol(protocol).build().unwrap();
            let (found, faults) = apply(&frame, &worker, &collecting(chunk_rows));
            assert!(
                found.equals_missing(&df!("inverse" => [Some(12.0), None, None, None, Some(4.0)]).unwrap())
            );
            assert_eq!(faults.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 2, 3]);
            let lines: Vec<&str> = faults[0].1.lines().map(str::trim).collect();
            assert_eq!(lines[0], "ZeroDivisionError: division by zero");
            assert!(lines[1].ends_with("line 5, in inverse") && lines[2] == "return divide(a)", "{lines:?}");
            assert!(lines[3].ends_with("line 7, in divide") && lines[4] == "return 12 / a", "{lines:?}");
            assert_eq!(lines.len(), 5);
        }
    }
    let worker = Worker::python(file.path(), "inverse").build().unwrap();
    let error = apply_function(&frame, &worker, &Default::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Row { cause: RowFailure::Returned, .. }));
    assert_eq!(error.position().row, Some(1));
}

#[test]
fn what_keeps_a_function_from_being_called_is_said_once_and_at_the_start() {
    if !python() {
        return;
    }
    let file = PythonFile::new("def f(height, minimum): pass\nx = 3\n");
    let schema = df!("a" => [1], "heigth" => [2]).unwrap().schema().clone();
    let failure = |worker: Worker| match worker.bind(&schema) {
        Ok(_) => panic!("{worker:?}"),
        Err(error) => error,
    };
    let text = |function: &str| failure(Worker::python(file.path(), function).build().unwrap()).to_string();
    assert!(text("g").contains("there is no 'g'") && text("g").contains("(functions: f)"), "{}", text("g"));
    assert!(text("x").contains("and no function"));
    assert!(text("f").contains("no column \"height\"; did you mean \"heigth\"?"), "{}", text("f"));
    let worker = Worker::python(file.path(), "f").parameter("minimun", 4).build().unwrap();
    assert!(failure(worker).to_string().contains("did you mean minimum?"));
    let worker = Worker::python(file.path(), "f").parameter("height", 4).build().unwrap();
    assert!(failure(worker).to_string().contains("nothing is there for parameter \"minimum\""));

    for (content, message) in [
        ("def f(:\n  pass\n", "SyntaxError: invalid syntax"),
        ("import nonesuch\ndef f(a): pass\n", "ModuleNotFoundError: No module named 'nonesuch'"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
    ] {
        let file = PythonFile::new(content);
        let error = failure(Worker::python(file.path(), "f").build().unwrap());
        assert!(
            matches!(error.kind(), ErrorKind::Expression { .. }) && error.to_string().contains(message),
            "{error}"
        );
    }
    let error = Worker::python(file.folder().join("none.py"), "f").build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io { .. }));
    let error = failure(Worker::python(file.path(), "f").interpreter("parrow-no-python").build().unwrap());
    assert!(matches!(error.kind(), ErrorKind::Worker { .. }), "{error}");
}

#[test]
fn what_a_function_prints_is_heard_and_stands_in_nobodys_way() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        "import os, subprocess\nprint('loaded')\n\
         def f(a):\n    print('seen', a)\n    os.write(1, b'raw\\n')\n    subprocess.run(['echo', 'child'])\n    return input() if a == 9 else a\n",
    );
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let worker = Worker::python(file.path(), "f")
        .on_stderr(move |lines| ear.lock().unwrap().extend_from_slice(lines))
        .build()
        .unwrap();
    let frame = df!("a" => [1, 2, 9]).unwrap();
    let (found, faults) = apply(&frame, &worker, &collecting(3));
    assert!(found.equals_missing(&df!("f" => [Some(1_i64), Some(2), None]).unwrap()));
    assert!(faults[0].1.starts_with("EOFError"), "{faults:?}");
    drop(worker);
    let text = String::from_utf8(heard.lock().unwrap().clone()).unwrap();
    for line in ["loaded", "seen 1", "seen 2", "raw", "child"] {
        assert!(text.lines().any(|heard| heard == line), "{line}: {text}");
    }
}

#[test]
fn without_pyarrow_a_sentence_says_what_to_do_and_ndjson_works() {
    if !python() {
        return;
    }
    let file = PythonFile::new("def f(a): return a + 1\n");
    // A Python that finds no packages.
    let bare = file.folder().join("bare");
    std::fs::write(&bare, "#!/bin/sh\nexec python3 -I -S \"$@\"\n").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&bare, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let frame = df!("a" => [1, 2]).unwrap();
    let worker = Worker::python(file.path(), "f").interpreter(&bare);
    let error = apply_function(&frame, &worker.clone().build().unwrap(), &Default::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("-m pip install pyarrow") && text.contains("ndjson"), "{text}");
    let worker = worker.protocol(Protocol::NdJson).build().unwrap();
    assert_eq!(column(&frame, &worker), Series::new("f".into(), [2_i64, 3]));
}
