//! A place of its own for each test, and runs of the program that explain themselves when they fail.

use std::fmt;
use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder of its own, in which the program runs.
pub struct Place {
    folder: TempDir,
}

/// What came of a run.
pub struct Run {
    command: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The rows that the tests begin with: numbers, text, and a value that is missing.
pub const POINTS: &str = "x,y,name\n3,4,a\n5,12,b\n8,,c\n";

impl Place {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// A folder with `points.csv`.
    pub fn with_points() -> Self {
        let place = Self::new();
        place.file("points.csv", POINTS);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("a file can be written");
    }

    pub fn read(&self, name: &str) -> String {
        let bytes = std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        String::from_utf8(bytes).expect("text")
    }

    /// The names of all files, hidden ones too.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs the program here.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "", &[])
    }

    /// Runs the program here with this standard input and these variables.
    pub fn run_with(&self, arguments: &[&str], stdin: impl Into<Vec<u8>>, variables: &[(&str, &str)]) -> Run {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied()).write_stdin(stdin.into());
        let output = command.output().expect("the program can be started");
        Run {
            command: format!("parrow {}", arguments.join(" ")),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The program with these arguments, and nothing of the tester's own settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parrow"));
        for variable in
            ["PARROW_THREADS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "POLARS_MAX_THREADS"]
        {
            command.env_remove(variable);
        }
        command.current_dir(self.folder.path()).args(arguments).timeout(std::time::Duration::from_secs(120));
        command
    }
}

impl Run {
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert!(self.code == Some(expected), "exit code {expected} is expected\n{self}");
        self
    }

    #[track_caller]
    pub fn stdout(self, expected: &str) -> Self {
        assert!(self.stdout == expected, "this is expected on stdout:\n{expected}\n{self}");
        self
    }

    #[track_caller]
    pub fn stderr(self, expected: &str) -> Self {
        assert!(self.stderr == expected, "this is expected on stderr:\n{expected}\n{self}");
        self
    }

    #[track_caller]
    pub fn stdout_has(self, expected: &str) -> Self {
        assert!(self.stdout.contains(expected), "stdout is expected to contain {expected:?}\n{self}");
        self
    }

    #[track_caller]
    pub fn stderr_has(self, expected: &str) -> Self {
        assert!(self.stderr.contains(expected), "stderr is expected to contain {expected:?}\n{self}");
        self
    }

    /// One line that begins with the program's name, and nothing of its inside.
    #[track_caller]
    pub fn one_clear_line(self) -> Self {
        let is_clear = self.stderr.starts_with("parrow: ")
            && self.stderr.lines().count() == 1
            && !["panicked", "RUST_BACKTRACE", "src/", "unwrap"]
                .iter()
                .any(|word| self.stderr.contains(word));
        assert!(is_clear, "one clear line is expected on stderr\n{self}");
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "command: {}", self.command)?;
        writeln!(f, "status: {:?}", self.code)?;
        writeln!(f, "--- stdout\n{}", self.stdout)?;
        writeln!(f, "--- stderr\n{}", self.stderr)
    }
}

/// A file of the project's `data` folder.
pub fn data(name: &str) -> String {
    format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"))
}
