//! Where a table is written: a file that appears whole or not at all, or standard output.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::error::{Error, Result};

/// A place to write a table to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Output {
    /// A file.
    Path(PathBuf),
    /// Standard output.
    Stdout,
}

impl Output {
    /// The file's path; `None` for standard output.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Stdout => None,
        }
    }

    /// What messages call this output: its path, or `standard output`.
    pub(crate) fn label(&self) -> &Path {
        self.path().unwrap_or(Path::new("standard output"))
    }
}

impl From<PathBuf> for Output {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&Path> for Output {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_path_buf())
    }
}

impl From<&str> for Output {
    /// The file of this name, or standard output for `-`.
    fn from(text: &str) -> Self {
        match text {
            "-" => Self::Stdout,
            path => Self::Path(path.into()),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label().display().fmt(f)
    }
}

const BUFFER_BYTES: usize = 256 * 1024;

/// The bytes on their way to an [`Output`].
///
/// A regular file is written beside its final name and renamed by [`finish`](Self::finish); dropped before that, it leaves
/// nothing. What exists and is no regular file (a pipe, `/dev/null`) is written into directly.
pub(super) struct Sink {
    target: Target,
    written: u64,
}

enum Target {
    Beside { file: BufWriter<File>, temporary: TempPath, path: PathBuf },
    Direct(BufWriter<File>),
    Stdout(BufWriter<io::Stdout>),
}

impl Sink {
    pub(super) fn create(output: &Output) -> Result<Self> {
        let target = match output {
            Output::Stdout => Ok(Target::Stdout(BufWriter::with_capacity(BUFFER_BYTES, io::stdout()))),
            Output::Path(path) => open(path).map_err(|error| error.in_file(path)),
        }?;
        Ok(Self { target, written: 0 })
    }

    /// Brings the bytes to the disk and the file to its final name. Returns the number of bytes.
    pub(super) fn finish(self) -> Result<u64> {
        let write_error = |error| Error::io("write", error);
        match self.target {
            Target::Stdout(mut stdout) => stdout.flush().map_err(write_error)?,
            Target::Direct(mut file) => file.flush().map_err(write_error)?,
            Target::Beside { file, temporary, path } => {
                let file = file.into_inner().map_err(|error| write_error(error.into_error()))?;
                file.sync_all().map_err(write_error)?;
                drop(file);
                let renamed = temporary.persist(&path);
                renamed.map_err(|error| Error::io("rename the finished file", error.error).in_file(&path))?;
            }
        }
        Ok(self.written)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Target::Beside { file, .. } | Target::Direct(file) => file.write(bytes)?,
            Target::Stdout(stdout) => stdout.write(bytes)?,
        };
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Beside { file, .. } | Target::Direct(file) => file.flush(),
            Target::Stdout(stdout) => stdout.flush(),
        }
    }
}

fn open(path: &Path) -> Result<Target> {
    let create_error = |error| Error::io("create", error);
    let existing = path.metadata().ok();
    if let Some(existing) = &existing {
        if existing.is_dir() {
            let source =
                io::Error::new(io::ErrorKind::IsADirectory, "a folder of this name is there already");
            return Err(create_error(source));
        }
        if !existing.is_file() {
            let file = File::options().write(true).open(path).map_err(|error| Error::io("open", error))?;
            return Ok(Target::Direct(BufWriter::with_capacity(BUFFER_BYTES, file)));
        }
        if existing.permissions().readonly() {
            let source =
                io::Error::new(io::ErrorKind::PermissionDenied, "the file is there, and is read-only");
            return Err(create_error(source));
        }
    }
    // A link stays a link: what it points to is replaced, or made.
    let path = match path.canonicalize() {
        Ok(real) if existing.is_some() => real,
        _ => end_of_links(path),
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let message = format!("there is no folder {}; create it first", folder.display());
        return Err(create_error(io::Error::new(io::ErrorKind::NotFound, message)));
    }
    let temporary = beside(folder, &path, existing.is_some()).map_err(create_error)?;
    let (file, temporary) = temporary.into_parts();
    let file = BufWriter::with_capacity(BUFFER_BYTES, file);
    Ok(Target::Beside { file, temporary, path })
}

/// What a link to nothing, or a row of links that ends so, points to; another path is its own end.
fn end_of_links(path: &Path) -> PathBuf {
    const MOST_LINKS: usize = 40;
    let mut end = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(next) = end.read_link() else { return end };
        end = end.parent().unwrap_or(Path::new("")).join(next);
    }
    // A circle of links has no end.
    path.to_path_buf()
}

/// The temporary file, with the permissions that the final one shall have.
fn beside(folder: &Path, path: &Path, exists: bool) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".parrow-").suffix(".partial");
    if exists {
        let temporary = builder.tempfile_in(folder)?;
        temporary.as_file().set_permissions(path.metadata()?.permissions())?;
        return Ok(temporary);
    }
    // A plain `File::create` leaves the permissions to the umask; tempfile's own are for the owner alone.
    builder.make_in(folder, |path| File::options().write(true).create_new(true).open(path)).map(|temporary| {
        let (file, path) = temporary.into_parts();
        NamedTempFile::from_parts(file, path)
    })
}
