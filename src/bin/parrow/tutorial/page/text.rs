//! Text for HTML, and its way to the disk.

use std::fs::File;
use std::io::Write;
use std::path::Path;

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

/// Writes a file beside its final name, and renames it when it is whole. A pipe or a device is written into directly.
pub fn write_whole(path: &Path, text: &str) -> Result<()> {
    let failed = |operation| move |error| Error::io(operation, error).in_file(path);
    if path.metadata().is_ok_and(|existing| !existing.is_file() && !existing.is_dir()) {
        return std::fs::write(path, text).map_err(failed("write"));
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
    let (mut file, beside) = created.map_err(failed("create"))?.into_parts();
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed("write"))?;
    NamedTempFile::from_parts(file, beside)
        .persist(path)
        .map_err(|error| Error::io("rename the finished file", error.error).in_file(path))?;
    Ok(())
}
