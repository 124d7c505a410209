//! What the table tests share.

use std::path::PathBuf;

use parrow::Result;
use parrow::polars::prelude::DataFrame;
use parrow::table::{Input, ReadOptions, Table, read};

/// A file of a test's own, gone with the test.
pub(super) struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The names of all files in the folder.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Reads `content` as the file `name`.
pub(super) fn read_as(name: &str, content: impl AsRef<[u8]>, options: &ReadOptions) -> Result<Table> {
    let scratch = Scratch::new();
    let path = scratch.file(name, content);
    read(&[Input::from(path)], options)
}

pub(super) fn read_csv(content: impl AsRef<[u8]>) -> Result<DataFrame> {
    read_as("a.csv", content, &ReadOptions::default()).map(|table| table.frame)
}

/// The error of reading `content`, without the folder that its file lies in.
pub(super) fn csv_error(content: impl AsRef<[u8]>, options: &ReadOptions) -> String {
    let error = match read_as("a.csv", content, options) {
        Ok(table) => panic!("this was read:\n{}", table.frame),
        Err(error) => error,
    };
    let text = error.to_string();
    match text.find("a.csv") {
        Some(start) => text[start..].to_string(),
        None => text,
    }
}
