//! The calls to the system that change files.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::write_back;

/// The files of a run: clones of it are one and the same.
///
/// It knows the temporary files of the run, so that a program that must end at once can leave none behind; and it lets
/// tests make a call fail.
#[derive(Clone, Default)]
pub struct Files(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Whether nothing may be changed any more.
    is_abandoned: bool,
    temporaries: Vec<PathBuf>,
    trouble: Option<Trouble>,
    n_calls: u64,
    was_hit: bool,
}

/// A kind of call.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A file is made, or opened to be written.
    Create,
    /// A file is locked.
    Lock,
    /// Bytes are written, or cut off.
    Write,
    /// A file's bytes are brought to the disk.
    Sync,
    /// A file gets its final name.
    Rename,
    /// A folder's names are brought to the disk.
    SyncFolder,
    /// A file is removed.
    Remove,
}

/// What goes wrong, for tests.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The nth call of a kind fails, counted from 1; of a write, a part is written.
    Once(Call, u64),
    /// The nth call of a kind fails and all of its kind behind it.
    ForGood(Call, u64),
    /// From the nth call of any kind on nothing changes on the disk, as if the machine had stopped there.
    Halt(u64),
}

impl Files {
    /// The files of a new run.
    pub fn new() -> Self {
        Self::default()
    }

    /// The files of a run that something goes wrong in.
    #[doc(hidden)]
    pub fn with_trouble(trouble: Trouble) -> Self {
        Self(Arc::new(Mutex::new(State { trouble: Some(trouble), ..State::default() })))
    }

    /// Whether the trouble came to pass.
    #[doc(hidden)]
    pub fn was_hit(&self) -> bool {
        self.lock().was_hit
    }

    /// Removes the temporary files of the run, for a program that ends before the run does. From now on the run can change
    /// nothing on the disk: no output of it will appear.
    pub fn abandon(&self) {
        let mut state = self.lock();
        state.is_abandoned = true;
        for path in state.temporaries.drain(..) {
            let _ = fs::remove_file(path);
        }
    }

    /// Makes a file that is not there.
    pub(crate) fn create_new(&self, path: &Path) -> io::Result<OutFile> {
        self.check(Call::Create)?;
        self.out(OpenOptions::new().read(true).write(true).create_new(true).open(path)?)
    }

    /// Opens a file that is there.
    pub(crate) fn open(&self, path: &Path) -> io::Result<OutFile> {
        self.check(Call::Create)?;
        self.out(OpenOptions::new().read(true).write(true).open(path)?)
    }

    /// Opens a file to add to it, and makes it where it is not there.
    pub(crate) fn open_to_append(&self, path: &Path) -> io::Result<OutFile> {
        self.check(Call::Create)?;
        self.out(OpenOptions::new().create(true).append(true).open(path)?)
    }

    /// Opens what is there and is no regular file, to write into it.
    pub(crate) fn open_device(&self, path: &Path) -> io::Result<OutFile> {
        self.check(Call::Create)?;
        self.out(OpenOptions::new().write(true).open(path)?)
    }

    /// Makes a temporary file without a name.
    pub(crate) fn unnamed(&self) -> io::Result<OutFile> {
        self.check(Call::Create)?;
        self.out(tempfile::tempfile()?)
    }

    /// Gives a file another name; what has that name is replaced.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(Call::Rename)?;
        // Under the lock, so that a run that is abandoned meanwhile has either been renamed or never is.
        let mut state = self.lock();
        if state.is_abandoned {
            return Err(abandoned());
        }
        fs::rename(from, to)?;
        state.temporaries.retain(|path| path != from);
        Ok(())
    }

    /// Brings the names of a folder to the disk, where the system can.
    pub(crate) fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.check(Call::SyncFolder)?;
        if !cfg!(unix) {
            return Ok(());
        }
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            // Some file systems have no such call, and a folder that may not be listed cannot be opened.
            Err(error) if is_unsupported(&error) || error.kind() == ErrorKind::PermissionDenied => Ok(()),
            outcome => outcome,
        }
    }

    /// Whether somebody holds a file locked, if it is there.
    pub(crate) fn is_held(&self, path: &Path) -> io::Result<bool> {
        match File::open(path) {
            Ok(file) => self.out(file)?.try_lock().map(|is_ours| !is_ours),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.check(Call::Remove)?;
        fs::remove_file(path)?;
        self.lock().temporaries.retain(|temporary| temporary != path);
        Ok(())
    }

    /// Notes that a file is to be gone when the run is over.
    pub(crate) fn is_temporary(&self, path: &Path) {
        self.lock().temporaries.push(path.to_owned());
    }

    /// Notes that a file stays.
    pub(crate) fn is_kept(&self, path: &Path) {
        self.lock().temporaries.retain(|temporary| temporary != path);
    }

    fn out(&self, file: File) -> io::Result<OutFile> {
        Ok(OutFile { file, files: self.clone(), n_waiting: 0, n_written: 0 })
    }

    fn check(&self, call: Call) -> io::Result<()> {
        let mut state = self.lock();
        if state.is_abandoned {
            return Err(abandoned());
        }
        let (of_kind, fails): (bool, fn(u64, u64) -> bool) = match state.trouble {
            None => return Ok(()),
            Some(Trouble::Once(kind, _)) => (kind == call, |now, nth| now == nth),
            Some(Trouble::ForGood(kind, _)) => (kind == call, |now, nth| now >= nth),
            Some(Trouble::Halt(_)) => (true, |now, nth| now >= nth),
        };
        let Some(Trouble::Once(_, nth) | Trouble::ForGood(_, nth) | Trouble::Halt(nth)) = state.trouble
        else {
            return Ok(());
        };
        if !of_kind {
            return Ok(());
        }
        state.n_calls += 1;
        if !fails(state.n_calls, nth) {
            return Ok(());
        }
        state.was_hit = true;
        Err(match call {
            Call::Create | Call::Write => io::Error::from(ErrorKind::StorageFull),
            _ => io::Error::other("input/output error"),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files")
    }
}

/// Whether the system, or the file system, has no such call.
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

fn abandoned() -> io::Error {
    io::Error::other("the run was ended")
}

/// A file that is open for writing.
#[derive(Debug)]
pub(crate) struct OutFile {
    file: File,
    files: Files,
    /// How many bytes have been written since the system was last asked to begin with them.
    n_waiting: usize,
    /// How many bytes have been written.
    n_written: u64,
}

impl OutFile {
    /// Brings its bytes to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.files.check(Call::Sync)?;
        self.file.sync_all()
    }

    /// Cuts off what is behind so many bytes.
    pub(crate) fn set_len(&self, n_bytes: u64) -> io::Result<()> {
        self.files.check(Call::Write)?;
        self.file.set_len(n_bytes)
    }

    /// Locks it; `false` when somebody else has.
    ///
    /// A program that is just being started holds what the process that starts it has locked, for a moment: so long is waited.
    pub(crate) fn try_lock(&self) -> io::Result<bool> {
        const PATIENCE: Duration = Duration::from_millis(300);
        self.files.check(Call::Lock)?;
        let start = Instant::now();
        loop {
            match self.file.try_lock() {
                Ok(()) => return Ok(true),
                Err(fs::TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(fs::TryLockError::WouldBlock) => return Ok(false),
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// The file itself, to be looked at and read.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file away.
    pub(crate) fn into_file(self) -> File {
        self.file
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.files.check(Call::Write) {
            // A disk that is full takes what fits. One that has stopped takes nothing.
            if matches!(self.files.lock().trouble, Some(Trouble::Once(..) | Trouble::ForGood(..))) {
                self.file.write_all(&bytes[..bytes.len() / 2])?;
            }
            return Err(error);
        }
        let n_written = self.file.write(&bytes[..write_back::n_at_once(self.n_written, bytes.len())])?;
        self.n_written += n_written as u64;
        self.n_waiting += n_written;
        if self.n_waiting >= write_back::step(self.n_written) {
            write_back::begin(&self.file);
            self.n_waiting = 0;
        }
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
