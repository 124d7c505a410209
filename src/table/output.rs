//! Where a table is written: a file that appears whole or not at all, or standard output.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files::{Files, Left, OutFile, Partial, folder_of};

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

    /// Whether this output goes into the file of that path, by whatever names and links, and also where there is none yet.
    /// Standard output goes into no file.
    pub fn is_file(&self, path: &Path) -> bool {
        self.path().is_some_and(|own| place_of(own) == place_of(path))
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

/// What is smaller is gathered before it is written: a copy of so many bytes takes about as long as a call.
const BUFFER_BYTES: usize = 32 * 1024;

/// The bytes on their way to an [`Output`].
///
/// A regular file is written beside its final name; dropped before it is [closed](Self::close) and renamed, it leaves
/// nothing. What exists and is no regular file (a pipe, `/dev/null`) is written into directly.
pub(crate) struct Sink {
    target: Target,
    written: u64,
}

enum Target {
    Beside(BufWriter<Partial>),
    Direct(BufWriter<OutFile>),
    Stdout(BufWriter<io::Stdout>),
}

impl Sink {
    /// Opens an output.
    pub(crate) fn create(output: &Output, files: &Files) -> Result<Self> {
        Self::open(output, Left::Removed, files)
    }

    /// Opens an output with what an earlier run has left of it.
    pub(crate) fn resume(output: &Output, files: &Files) -> Result<Self> {
        Self::open(output, Left::Taken, files)
    }

    fn open(output: &Output, left: Left, files: &Files) -> Result<Self> {
        let target = match output {
            Output::Stdout => Ok(Target::Stdout(BufWriter::with_capacity(BUFFER_BYTES, io::stdout()))),
            Output::Path(path) => open(path, left, files).map_err(|error| error.in_file(path)),
        }?;
        Ok(Self { target, written: 0 })
    }

    /// The file beside its final name; `None` for what is written into directly.
    pub(crate) fn partial(&mut self) -> Option<&mut Partial> {
        match &mut self.target {
            Target::Beside(file) => Some(file.get_mut()),
            Target::Direct(_) | Target::Stdout(_) => None,
        }
    }

    /// Goes on behind the first `n_bytes` bytes of what an earlier run has left.
    pub(crate) fn cut_to(&mut self, n_bytes: u64) -> Result<()> {
        self.written = n_bytes;
        self.partial().map_or(Ok(()), |partial| partial.cut_to(n_bytes))
    }

    /// Brings what has been written to the disk, to stay there for another run to go on with, and says how many bytes that
    /// are.
    pub(crate) fn sync(&mut self) -> Result<u64> {
        self.flush().map_err(|error| Error::io("write", error))?;
        if let Some(partial) = self.partial() {
            partial.sync()?;
            partial.keep();
        }
        Ok(self.written)
    }

    /// Brings the bytes to the disk. Gives the file that is to get its final name, where there is one, and the number of bytes.
    pub(super) fn close(self) -> Result<(Option<Partial>, u64)> {
        let write_error = |error| Error::io("write", error);
        let partial = match self.target {
            Target::Stdout(mut stdout) => stdout.flush().map(|()| None).map_err(write_error)?,
            Target::Direct(mut file) => file.flush().map(|()| None).map_err(write_error)?,
            Target::Beside(file) => {
                let partial = file.into_inner().map_err(|error| write_error(error.into_error()))?;
                partial.close()?;
                Some(partial)
            }
        };
        Ok((partial, self.written))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Target::Beside(file) => file.write(bytes)?,
            Target::Direct(file) => file.write(bytes)?,
            Target::Stdout(stdout) => stdout.write(bytes)?,
        };
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Beside(file) => file.flush(),
            Target::Direct(file) => file.flush(),
            Target::Stdout(stdout) => stdout.flush(),
        }
    }
}

fn open(path: &Path, left: Left, files: &Files) -> Result<Target> {
    let create_error = |error| Error::io("create", error);
    let existing = path.metadata().ok();
    if let Some(existing) = &existing {
        if existing.is_dir() {
            let source =
                io::Error::new(io::ErrorKind::IsADirectory, "a folder of this name is there already");
            return Err(create_error(source));
        }
        if !existing.is_file() {
            let file = files.open_device(path).map_err(|error| Error::io("open", error))?;
            return Ok(Target::Direct(BufWriter::with_capacity(BUFFER_BYTES, file)));
        }
        if existing.permissions().readonly() {
            let source =
                io::Error::new(io::ErrorKind::PermissionDenied, "the file is there, and is read-only");
            return Err(create_error(source));
        }
    }
    let path = end_of_links(path);
    let folder = folder_of(&path);
    if !folder.is_dir() {
        let message = format!("there is no folder {}; create it first", folder.display());
        return Err(create_error(io::Error::new(io::ErrorKind::NotFound, message)));
    }
    let partial = Partial::claim(&path, left, files)?;
    Ok(Target::Beside(BufWriter::with_capacity(BUFFER_BYTES, partial)))
}

/// Where a file lies, or will.
fn place_of(path: &Path) -> PathBuf {
    let end = end_of_links(path);
    match (folder_of(&end).canonicalize(), end.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => end,
    }
}

/// The file that a path names in the end: a link stays a link, and what it points to is replaced, or made.
pub(crate) fn end_of_links(path: &Path) -> PathBuf {
    const MOST_LINKS: usize = 40;
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let mut end = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(next) = end.read_link() else { return end };
        end = end.parent().unwrap_or(Path::new("")).join(next);
    }
    // A circle of links has no end.
    path.to_path_buf()
}
