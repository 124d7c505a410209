//! Runs the sections' twins with the machine's own `python3`.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use parrow::{Error, Result};
use serde_json::{Value, json};

use super::code::TWIN;
use super::lesson::Lesson;
use super::section::Outcome;

/// The machine's Python.
pub struct Python(());

/// What Python took for the sections.
pub struct PythonRun {
    pub version: String,
    /// The version of pandas, where it is there.
    pub pandas: Option<String>,
    twins: Vec<Twin>,
}

/// What Python took for a section.
pub struct Twin {
    key: String,
    pub seconds: f64,
    pub serial_seconds: f64,
    /// How many rows it was timed on: fewer where each takes long.
    pub n_rows: usize,
    pub agree: bool,
}

impl Python {
    /// Looks for `python3`.
    ///
    /// # Errors
    /// [`InvalidOption`](parrow::ErrorKind::InvalidOption) when there is none that runs.
    pub fn find() -> Result<Self> {
        let mut command = Command::new("python3");
        let answer = command
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match answer {
            Ok(status) if status.success() => Ok(Self(())),
            _ => Err(Error::invalid_option(
                "--python",
                "there is no python3 that runs; install it, or leave this out",
            )),
        }
    }

    /// Runs every twin on the rows of `lesson`.
    ///
    /// # Errors
    /// When the twins fail, with what they said on standard error, or don't answer as they should.
    pub fn run(&self, lesson: &Lesson) -> Result<PythonRun> {
        let answer = self
            .answer(lesson)
            .map_err(|error| Error::io("run the sections in", error).in_file("python3"))?;
        let not_understood = || Error::malformed("JSON", "the answer of the Python side is not as expected");
        let answer: Value = serde_json::from_slice(&answer).map_err(|_| not_understood())?;
        PythonRun::from_json(&answer).ok_or_else(not_understood)
    }

    fn answer(&self, lesson: &Lesson) -> io::Result<Vec<u8>> {
        let folder = tempfile::tempdir()?;
        let (twin, rows) = (folder.path().join("twin.py"), folder.path().join("rows.bin"));
        std::fs::write(&twin, TWIN)?;
        let mut file = io::BufWriter::new(std::fs::File::create(&rows)?);
        for number in lesson.rows().iter().flatten() {
            file.write_all(&number.to_ne_bytes())?;
        }
        file.into_inner()?;
        let mut command = Command::new("python3");
        command.arg(twin).arg(rows).arg(lesson.pool.n_threads().to_string());
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim_end().lines().last().unwrap_or("nothing on standard error").to_owned();
            return Err(io::Error::other(format!("{} ({last})", output.status)));
        }
        Ok(output.stdout)
    }
}

impl PythonRun {
    fn from_json(answer: &Value) -> Option<Self> {
        let twin = |twin: &Value| {
            Some(Twin {
                key: twin["key"].as_str()?.to_owned(),
                seconds: twin["seconds"].as_f64()?,
                serial_seconds: twin["serial_seconds"].as_f64()?,
                n_rows: twin["rows"].as_u64()? as usize,
                agree: twin["agree"].as_bool()?,
            })
        };
        Some(Self {
            version: answer["python"].as_str()?.to_owned(),
            pandas: answer["pandas"].as_str().map(str::to_owned),
            twins: answer["sections"].as_array()?.iter().map(twin).collect::<Option<_>>()?,
        })
    }

    /// What Python took for the section with this key; `None` where pandas would be needed and is not there.
    pub fn twin(&self, key: &str) -> Option<&Twin> {
        self.twins.iter().find(|twin| twin.key == key)
    }

    /// Whether the two forms of each twin agree.
    pub fn agrees(&self) -> bool {
        self.twins.iter().all(|twin| twin.agree)
    }

    /// The names of the sections that were left out.
    pub fn missing<'a>(&'a self, outcomes: &'a [Outcome]) -> impl Iterator<Item = &'static str> + 'a {
        let left_out = outcomes.iter().filter(|outcome| self.twin(outcome.section.key).is_none());
        left_out.map(|outcome| outcome.section.name)
    }

    pub fn to_json(&self, outcomes: &[Outcome]) -> Value {
        let section = |outcome: &Outcome| {
            let twin = self.twin(outcome.section.key)?;
            Some(json!({
                "name": outcome.section.name,
                "rows": twin.n_rows,
                "seconds": twin.seconds,
                "serial_seconds": twin.serial_seconds,
                "agree": twin.agree,
            }))
        };
        json!({
            "version": self.version,
            "pandas": self.pandas,
            "sections": outcomes.iter().filter_map(section).collect::<Vec<_>>(),
            "missing": self.missing(outcomes).collect::<Vec<_>>(),
        })
    }
}

impl Twin {
    /// How many times as long Python takes for a row as a section of this time over `n_rows` rows.
    pub fn times_slower(&self, seconds: f64, n_rows: usize) -> f64 {
        (self.seconds / self.n_rows as f64) / (seconds / n_rows as f64)
    }
}
