//! What is read: files, and standard input.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// A place to read a table from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Input {
    /// A file.
    Path(PathBuf),
    /// Standard input, which is read to its end.
    Stdin,
}

impl Input {
    /// The inputs that the arguments of a command line name.
    ///
    /// `-` is standard input. What exists under its literal name is that file; anything else with `*`, `?` or `[` in it is
    /// a pattern (`**` is any number of folders), and stands for its matches in the order of their names.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) for a file that is not there, and for a folder; [`Empty`](ErrorKind::Empty) for a pattern that
    /// matches no file, and for no arguments; [`InvalidOption`](ErrorKind::InvalidOption) for a pattern that is none, and
    /// for `-` given twice.
    pub fn expand(patterns: &[String]) -> Result<Vec<Self>> {
        let mut inputs = Vec::new();
        for pattern in patterns {
            if pattern == "-" {
                if inputs.contains(&Self::Stdin) {
                    return Err(Error::invalid_option("input", "standard input (-) can be read only once"));
                }
                inputs.push(Self::Stdin);
                continue;
            }
            let path = Path::new(pattern);
            if path.symlink_metadata().is_err() && pattern.contains(['*', '?', '[']) {
                inputs.extend(matches(pattern)?);
            } else {
                check_is_file(path)?;
                inputs.push(Self::Path(path.to_path_buf()));
            }
        }
        if inputs.is_empty() {
            return Err(Error::new(ErrorKind::Empty { message: "no input is given".into() }));
        }
        Ok(inputs)
    }

    /// The file's path; `None` for standard input.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Stdin => None,
        }
    }

    /// What messages call this input: its path, or `standard input`.
    pub(crate) fn label(&self) -> &Path {
        self.path().unwrap_or(Path::new("standard input"))
    }
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_path_buf())
    }
}

impl From<&str> for Input {
    /// The file of this name, or standard input for `-`. Patterns are left to [`Input::expand`].
    fn from(text: &str) -> Self {
        match text {
            "-" => Self::Stdin,
            path => Self::Path(path.into()),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label().display().fmt(f)
    }
}

/// The files that a pattern stands for.
fn matches(pattern: &str) -> Result<Vec<Input>> {
    let paths = glob::glob(pattern).map_err(|error| {
        Error::invalid_option("input", format!("{pattern:?} is no pattern: {}", error.msg))
    })?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| {
            let path = error.path().to_path_buf();
            Error::io("read the folder", error.into()).in_file(path)
        })?;
        if !path.is_dir() {
            found.push(Input::Path(path));
        }
    }
    if found.is_empty() {
        return Err(Error::new(ErrorKind::Empty { message: format!("no file matches {pattern:?}") }));
    }
    Ok(found)
}

/// That a path can be opened as a file, said before anything else is done.
pub(super) fn check_is_file(path: &Path) -> Result<()> {
    let metadata = path.metadata().map_err(|error| Error::io("open", error).in_file(path))?;
    if metadata.is_dir() {
        let hint =
            format!("it is a folder; name its files, as in {:?}", path.join("*.csv").display().to_string());
        return Err(Error::io("open", io::Error::new(io::ErrorKind::IsADirectory, hint)).in_file(path));
    }
    Ok(())
}
