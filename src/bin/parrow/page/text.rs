//! Text for HTML, and its way to the disk.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parrow::{Error, Result};
use tempfile::NamedTempFile;

/// The text with what means something in HTML escaped.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A file that is written beside its final name, and renamed when it is whole. Dropped before that, it leaves nothing. A
/// pipe or a device is written into directly.
pub struct WholeFile {
    path: PathBuf,
    beside: Option<NamedTempFile>,
}

impl WholeFile {
    /// Makes sure that the file can be written, before there is anything to write.
    pub fn create(path: &Path) -> Result<Self> {
        let failed = |error| Error::io("create", error).in_file(path);
        let existing = path.metadata().ok();
        if existing.as_ref().is_some_and(Metadata::is_dir) {
            let message = "a folder of this name is there already";
            return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, message)));
        }
        if existing.is_some_and(|existing| !existing.is_file()) {
            return Ok(Self { path: path.to_owned(), beside: None });
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // A plain `File::create` leaves the permissions to the umask; tempfile's own are for the owner alone.
        let created = tempfile::Builder::new()
            .prefix(".parrow-")
            .suffix(".partial")
            .make_in(folder, |path| File::options().write(true).create_new(true).open(path));
        let (file, beside) = created.map_err(failed)?.into_parts();
        Ok(Self { path: path.to_owned(), beside: Some(NamedTempFile::from_parts(file, beside)) })
    }

    /// Writes the text, and brings the file to its final name.
    pub fn finish(self, text: &str) -> Result<()> {
        let failed = |error| Error::io("write", error).in_file(&self.path);
        let Some(mut beside) = self.beside else {
            return std::fs::write(&self.path, text).map_err(failed);
        };
        beside.write_all(text.as_bytes()).and_then(|()| beside.as_file().sync_all()).map_err(failed)?;
        beside.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}
