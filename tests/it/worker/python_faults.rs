//! What goes wrong in Python, and where it is said.

use std::sync::{Arc, Mutex};

use parrow::polars::prelude::*;
use parrow::row::RowFunction;
use parrow::worker::{Protocol, RowsAs, Worker};
use parrow::{ErrorKind, RowFailure, apply_function};

use super::{PythonFile, apply, collecting, column, python};

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
    let library = PythonFile::new("import json\ndef f(a): return json.loads('{')\n");
    let (_, faults) = apply(
        &df!("a" => [1]).unwrap(),
        &Worker::python(library.path(), "f").build().unwrap(),
        &collecting(1),
    );
    assert_eq!(faults[0].1.lines().count(), 3, "the frames of libraries are left out: {faults:?}");
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
fn a_text_that_utf8_does_not_have_costs_its_row_and_no_worker() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        "import os\n\
         def f(a):\n    if a == 2: raise ValueError('\\udcff')\n    return '\\udcff' if a == 3 else str(os.getpid())\n",
    );
    let frame = df!("a" => [1, 2, 3, 4]).unwrap();
    for protocol in [Protocol::Arrow, Protocol::NdJson] {
        let worker = Worker::python(file.path(), "f").protocol(protocol).build().unwrap();
        let (found, faults) = apply(&frame, &worker, &collecting(4));
        let pids: Vec<Option<&str>> = found.column("f").unwrap().str().unwrap().iter().collect();
        assert!(pids[0].is_some() && pids[0] == pids[3], "one worker: {pids:?}");
        assert_eq!(faults.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 2]);
        assert!(faults[0].1.starts_with("ValueError: \\udcff"), "{faults:?}");
        assert!(faults[1].1.contains("surrogates not allowed"), "{faults:?}");
    }
}

#[test]
fn what_keeps_a_function_from_being_called_is_said_once_and_at_the_start() {
    if !python() {
        return;
    }
    let file = PythonFile::new("def f(height, minimum): pass\nx = 3\nasync def h(a): return a\n");
    let schema = df!("a" => [1], "heigth" => [2]).unwrap().schema().clone();
    let failure = |worker: Worker| match worker.bind(&schema) {
        Ok(_) => panic!("{worker:?}"),
        Err(error) => error,
    };
    let text = |function: &str| failure(Worker::python(file.path(), function).build().unwrap()).to_string();
    assert!(
        text("g").contains("there is no 'g'") && text("g").contains("(functions: f, h)"),
        "{}",
        text("g")
    );
    assert!(text("x").contains("and no function"));
    assert!(text("h").contains("is async"), "{}", text("h"));
    assert!(text("f").contains("no column \"height\"; did you mean \"heigth\"?"), "{}", text("f"));
    let worker = Worker::python(file.path(), "f").argument("minimun", 4).build().unwrap();
    assert!(failure(worker).to_string().contains("did you mean minimum?"));
    let worker = Worker::python(file.path(), "f").argument("height", 4).build().unwrap();
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
fn rows_need_no_package_and_whole_batches_say_what_they_need() {
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
    for protocol in [Protocol::Arrow, Protocol::NdJson] {
        let worker = worker.clone().protocol(protocol).build().unwrap();
        assert_eq!(column(&frame, &worker), Series::new("f".into(), [2_i64, 3]));
    }
    let worker = worker.rows_as(RowsAs::PyArrow).build().unwrap();
    let text = apply_function(&frame, &worker, &Default::default()).unwrap_err().to_string();
    assert!(text.contains("-m pip install pyarrow") && text.contains("rows one by one"), "{text}");
    // A Python that finds pyarrow, and a module in its way where pandas would be.
    let blocked = file.folder().join("pandas.py");
    std::fs::write(&blocked, "raise ImportError('not here')\n").unwrap();
    let env = file.folder().join("env");
    std::fs::write(&env, format!("#!/bin/sh\nPYTHONPATH={} exec python3 \"$@\"\n", file.folder().display()))
        .unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&env, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let worker = Worker::python(file.path(), "f").interpreter(&env).rows_as(RowsAs::Pandas).build().unwrap();
    let text = apply_function(&frame, &worker, &Default::default()).unwrap_err().to_string();
    assert!(text.contains("-m pip install pandas"), "{text}");
}
