//! A folder of a test's own, and runs in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use parrow::pipeline::{Destination, Pipeline, Work};
use parrow::script::SqlExpressions;
use parrow::table::{Input, Output, WriteOptions};
use parrow::{ApplyOptions, Files, Result};
use tempfile::TempDir;

use super::signalled::signalled;

/// What a run may write; each takes another way to the disk.
pub const OUTPUTS: [&str; 7] =
    ["out.csv", "out.csv.gz", "out.csv.zst", "out.ndjson", "out.parquet", "out.arrow", "out.arrows"];

pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with `in.csv`, of so many rows.
    pub fn with_rows(n_rows: usize) -> Self {
        let place = Self::new();
        std::fs::write(place.path("in.csv"), rows(n_rows)).unwrap();
        place
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The names of all files, hidden ones too.
    pub fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path(name)).ok()
    }

    /// Runs a function over `in.csv` within the process.
    pub fn run(&self, output: &str, files: &Files) -> Result<u64> {
        let summary = pipeline(&self.path("in.csv"), &self.path(output)).files(files.clone()).run()?;
        Ok(summary.n_rows_written)
    }

    /// The program with these arguments, in this folder.
    pub fn program(&self, arguments: &[&str]) -> Command {
        program_in(self.folder.path(), arguments)
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn program_in(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = signalled();
    command.current_dir(folder).args(arguments).env_remove("PARROW_THREADS").env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Numbers that do not pack well, and text.
pub fn rows(n_rows: usize) -> String {
    let mut text = String::from("a,b,name\n");
    let mut state = 7_u64;
    for row in 0..n_rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{row},{},word {}\n", state >> 33, state >> 50));
    }
    text
}

/// A run of two threads over small pieces.
pub fn pipeline(input: &Path, output: &Path) -> Pipeline<'static> {
    let work = Work::rows(SqlExpressions::parse(["a + b AS total"]).unwrap());
    let output = Destination::Output(Output::from(output), WriteOptions::default());
    Pipeline::new(vec![Input::from(input)], work, output)
        .apply(ApplyOptions::builder().threads(2).build().unwrap())
        .piece_bytes(40_000)
}
