//! A file that is written beside its final name, under a lock, and renamed when it is whole.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::files::{Files, OutFile, is_unsupported};
use super::hash::hash;
use crate::error::{Error, Result};

/// How often a file that others remove or rename meanwhile is tried for.
const TRIES: usize = 100;

/// A file on its way to its final name.
///
/// It lies beside it as `.NAME.partial` and is locked for as long as it is written: another run at the same name is told
/// so at once. The lock ends with the process, however that ends, and who takes it next removes what was left.
///
/// Dropped before [`finish`](Self::finish), it is removed.
#[derive(Debug)]
pub(crate) struct Partial {
    /// `None` when it is finished.
    file: Option<OutFile>,
    /// The same when it is: it stays locked until this is dropped, for who asks whether a run is still at its end.
    finished: Option<OutFile>,
    path: PathBuf,
    target: PathBuf,
    files: Files,
    /// Whether it stays there when it is dropped, for another run to go on with.
    is_kept: bool,
}

/// What becomes of what an earlier run has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// It is removed.
    Removed,
    /// It is gone on with.
    Taken,
}

impl Partial {
    /// Makes a file for this final name, with the permissions of what has the name already. It is empty, unless what an
    /// earlier run left is taken. The path of errors is left to the caller.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io); of kind [`ResourceBusy`](io::ErrorKind::ResourceBusy) when another run writes it.
    pub(crate) fn claim(target: &Path, left: Left, files: &Files) -> Result<Self> {
        let path = beside(target, "partial");
        for _ in 0..TRIES {
            let (file, is_new) = match files.create_new(&path) {
                Ok(file) => (file, true),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match open_left(&path, files) {
                    Ok(file) => (file, false),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(Error::io("create", error)),
                },
                Err(error) => return Err(Error::io("create", error)),
            };
            let unlocked = match file.try_lock() {
                Ok(true) => false,
                Ok(false) => return Err(busy(&path)),
                // Where there are no locks, each run has a file of its own, and the last one wins as a whole.
                Err(error) if is_unsupported(&error) => true,
                Err(error) => {
                    if is_new {
                        let _ = files.remove(&path);
                    }
                    return Err(Error::io("lock", error));
                }
            };
            // Whoever had the lock may have removed or renamed it.
            if !is_at(&file, &path) {
                continue;
            }
            if unlocked && is_new {
                let _ = files.remove(&path);
            }
            if unlocked && left == Left::Taken {
                let message = "the file system has no locks, without which no run can be resumed on it";
                return Err(Error::io("lock", io::Error::new(io::ErrorKind::Unsupported, message)));
            }
            if unlocked {
                return Self::without_lock(target, files);
            }
            if !is_new && left == Left::Removed {
                // What a run that was killed has left. It is no file of ours to write into, should it be a link.
                files.remove(&path).map_err(|error| Error::io("remove what an earlier run left", error))?;
                continue;
            }
            return Self::new(file, path, target, files);
        }
        Err(busy(&path))
    }

    fn without_lock(target: &Path, files: &Files) -> Result<Self> {
        let mut n = 0;
        loop {
            let path = beside(target, &format!("{}-{n}.partial", std::process::id()));
            match files.create_new(&path) {
                Ok(file) => return Self::new(file, path, target, files),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && n < TRIES => n += 1,
                Err(error) => return Err(Error::io("create", error)),
            }
        }
    }

    fn new(file: OutFile, path: PathBuf, target: &Path, files: &Files) -> Result<Self> {
        files.is_temporary(&path);
        let partial = Self {
            file: Some(file),
            finished: None,
            path,
            target: target.to_owned(),
            files: files.clone(),
            is_kept: false,
        };
        if let (Ok(existing), Some(file)) = (target.metadata(), &partial.file) {
            let permissions = file.file().set_permissions(existing.permissions());
            permissions.map_err(|error| Error::io("create", error))?;
        }
        Ok(partial)
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> Result<u64> {
        let len = self.open()?.file().metadata().map(|metadata| metadata.len());
        len.map_err(|error| Error::io("read", error))
    }

    /// Cuts it off behind so many bytes, and goes on writing there.
    pub(crate) fn cut_to(&mut self, n_bytes: u64) -> Result<()> {
        let file = self.open()?;
        let cut = file.set_len(n_bytes).and_then(|()| file.file().seek(SeekFrom::Start(n_bytes)));
        cut.map(drop).map_err(|error| Error::io("write", error))
    }

    /// Brings what has been written to the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        self.open()?.sync().map_err(|error| Error::io("bring what is done to the disk", error))
    }

    /// Lets it stay there when it is dropped before it is finished.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
        self.files.is_kept(&self.path);
    }

    fn open(&self) -> Result<&OutFile> {
        self.file.as_ref().ok_or_else(|| Error::io("write", io::Error::other("the file is finished already")))
    }

    /// Lets it be removed again when it is dropped.
    pub(crate) fn keep_not(&mut self) {
        self.is_kept = false;
        self.files.is_temporary(&self.path);
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its final name.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Brings the file, which is whole, to the disk.
    pub(crate) fn close(&self) -> Result<()> {
        self.open()?.sync().map_err(|error| Error::io("bring the finished file to the disk", error))
    }

    /// Brings the file, which is whole and on the disk, to its name.
    pub(crate) fn rename(&mut self) -> Result<()> {
        let renamed = self.files.rename(&self.path, &self.target);
        renamed.map_err(|error| Error::io("rename the finished file", error))?;
        // From here on it is whole under its name, whatever comes.
        self.finished = self.file.take();
        Ok(())
    }

    /// Brings its name to the disk.
    pub(crate) fn sync_name(&self) -> Result<()> {
        let synced = self.files.sync_folder(folder_of(&self.target));
        synced.map_err(|error| Error::io("bring the folder of the finished file to the disk", error))
    }
}

impl io::Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::Error::other("the file is finished already")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Removed while it is locked, so that no other run finds it.
        if self.file.is_some() && !self.is_kept {
            let _ = self.files.remove(&self.path);
        }
    }
}

/// Opens what an earlier run has left, or another one is writing.
fn open_left(path: &Path, files: &Files) -> io::Result<OutFile> {
    if !path.symlink_metadata()?.is_file() {
        let message = format!("{} is in the way, which is no file; remove it", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    files.open(path)
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A hidden name beside a file: `.NAME.what`.
pub(crate) fn beside(target: &Path, what: &str) -> PathBuf {
    /// What file systems take for a name, less what is put around it.
    const LONGEST: usize = 200;
    let name = target.file_name().unwrap_or_default();
    let mut hidden = OsString::from(".");
    if name.len() <= LONGEST {
        hidden.push(name);
    } else {
        hidden.push(format!("parrow-{:016x}", hash(name.as_encoded_bytes())));
    }
    hidden.push(".");
    hidden.push(what);
    target.with_file_name(hidden)
}

/// Whether a file that is open is the one that has this name, and no link has it.
fn is_at(file: &OutFile, path: &Path) -> bool {
    match (file.file().metadata(), path.symlink_metadata()) {
        (Ok(open), Ok(named)) => named.is_file() && is_same(&open, &named),
        _ => false,
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// That no run holds the file of this name, which has its name while others of that run have yet to get theirs. The path of
/// errors is left to the caller.
pub(crate) fn check_not_held(path: &Path, files: &Files) -> Result<()> {
    match files.is_held(path) {
        Ok(true) => Err(busy(path)),
        Err(error) if !is_unsupported(&error) => Err(Error::io("lock", error)),
        _ => Ok(()),
    }
}

fn busy(path: &Path) -> Error {
    let message = format!(
        "another run is writing it, and holds {}; wait for that one, or write to another file",
        path.display()
    );
    Error::io("write", io::Error::new(io::ErrorKind::ResourceBusy, message))
}
