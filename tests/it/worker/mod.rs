//! Row functions in other processes.

mod determinism;
mod killed;
mod programs;
mod python;
mod python_faults;
mod supervision;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use parrow::polars::prelude::*;
use parrow::worker::Worker;
use parrow::{Applied, ApplyOptions, ApplyOptionsBuilder, OnError, apply_function};

/// A file of Python functions, in a folder of its own.
struct PythonFile {
    folder: tempfile::TempDir,
}

impl PythonFile {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("functions.py"), text).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("functions.py")
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn has_python(packages: &str) -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", &format!("import {packages}")]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether there is a python3 with pyarrow. Without one, the tests that need it say so and pass, save where everything must
/// be there.
fn python() -> bool {
    static THERE: LazyLock<bool> = LazyLock::new(|| has_python("pyarrow"));
    is_there(*THERE, "pyarrow")
}

/// As [`python`], with packages besides.
fn python_with(package: &str) -> bool {
    python() && is_there(has_python(package), package)
}

fn is_there(is_there: bool, package: &str) -> bool {
    if !is_there {
        assert!(
            std::env::var_os("CI").is_none(),
            "python3 with {package} is needed: python3 -m pip install {package}"
        );
        println!("skipped: there is no python3 with {package}");
    }
    is_there
}

fn options(set: impl FnOnce(ApplyOptionsBuilder) -> ApplyOptionsBuilder) -> ApplyOptions {
    set(ApplyOptions::builder()).build().unwrap()
}

/// Two threads, and chunks of this many rows; rows that fail are collected.
fn collecting(chunk_rows: usize) -> ApplyOptions {
    options(|options| options.threads(2).chunk_rows(chunk_rows).on_error(OnError::Collect))
}

/// Runs, and gives the rows that failed with their messages beside the table.
fn apply(frame: &DataFrame, worker: &Worker, options: &ApplyOptions) -> (DataFrame, Vec<(u64, String)>) {
    let Applied { table, ledger, .. } = apply_function(frame, worker, options).unwrap();
    let faults = ledger.into_faults().into_iter().map(|fault| (fault.row, fault.message)).collect();
    (table, faults)
}

/// Runs, and gives the only column; no row may fail.
fn column(frame: &DataFrame, worker: &Worker) -> Series {
    let (table, faults) = apply(frame, worker, &collecting(3));
    assert_eq!(faults, []);
    table.columns()[0].as_materialized_series().clone()
}
