//! What tells whether a file is still the one that a run has seen.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::files::{Partial, folder_of, hash, hash_on};
use crate::table::shell_word;

/// How many of a file's first and last bytes are looked at.
const LOOKED_AT: u64 = 64 << 10;

const SECOND: u64 = 1_000_000_000;

/// A file's path, size, time of change, and a hash of its first and last bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct FileIdentity {
    pub(in crate::pipeline) path: PathBuf,
    n_bytes: u64,
    /// Nanoseconds since 1970.
    modified: Option<u64>,
    hash: u64,
}

impl FileIdentity {
    /// The identity of a file as it is now.
    pub(in crate::pipeline) fn of(path: &Path) -> Result<Self> {
        Self::seen(path).map_err(|error| Error::io("read", error).in_file(path))
    }

    /// The same with the system's error.
    pub(in crate::pipeline) fn seen(path: &Path) -> io::Result<Self> {
        Self::read(path, path.canonicalize()?)
    }

    /// The identity that a file will have when it gets its name.
    pub(in crate::pipeline) fn of_partial(partial: &Partial) -> Result<Self> {
        let target = partial.target();
        let folder = folder_of(target).canonicalize();
        let named = folder.map(|folder| folder.join(target.file_name().unwrap_or_default()));
        let identity = named.and_then(|named| Self::read(partial.path(), named));
        identity.map_err(|error| Error::io("read", error).in_file(partial.path()))
    }

    fn read(path: &Path, known_as: PathBuf) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let first = hash_of(&mut file, hash(&[]))?;
        file.seek(SeekFrom::Start(metadata.len().saturating_sub(LOOKED_AT)))?;
        let hash = hash_of(&mut file, first)?;
        Ok(Self {
            path: known_as,
            n_bytes: metadata.len(),
            modified: modified.and_then(|since| u64::try_from(since.as_nanos()).ok()),
            hash,
        })
    }

    /// Whether this is the same file, unchanged. Of a file that is looked at whole, the time of change says nothing more; of a larger
    /// one, it is all that tells of a change in its middle. To hash all of each input would cost every run another reading of it, and
    /// some blocks more would not tell of a cell that was mended between them.
    pub(in crate::pipeline) fn is_unchanged(&self, now: &Self) -> bool {
        self.path == now.path
            && self.has_content_of(now)
            && (self.is_known_whole() || self.modified == now.modified)
    }

    /// Whether its first and last bytes are all of it.
    fn is_known_whole(&self) -> bool {
        self.n_bytes <= 2 * LOOKED_AT
    }

    /// In what another state of the file differs, for a person.
    pub(super) fn difference(&self, now: &Self) -> String {
        if self.path != now.path {
            return format!("it was {}", self.path.display());
        }
        if self.n_bytes != now.n_bytes {
            return format!("it had {} bytes, and has {}", self.n_bytes, now.n_bytes);
        }
        if self.hash != now.hash {
            return "its bytes are others".to_owned();
        }
        let mut message =
            "it was written or touched, and more than its first and last bytes may be others".to_owned();
        if let (true, Some(modified)) = (cfg!(unix), self.modified) {
            let time = format!("{}.{:09}", modified / SECOND, modified % SECOND);
            let path = self.path.display().to_string();
            message += &format!(
                "; if it was only touched, touch -d @{time} {} puts its time back",
                shell_word(&path)
            );
        }
        message
    }

    /// Whether the file is there, unchanged.
    pub(super) fn is_there(&self) -> bool {
        Self::of(&self.path).is_ok_and(|now| self.is_unchanged(&now))
    }

    /// Whether a file has the same content, wherever it lies.
    pub(in crate::pipeline) fn has_content_of(&self, other: &Self) -> bool {
        (self.n_bytes, self.hash) == (other.n_bytes, other.hash)
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "path": self.path,
            "bytes": self.n_bytes,
            "modified": self.modified,
            "hash": format!("{:016x}", self.hash),
        })
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            path: value["path"].as_str()?.into(),
            n_bytes: value["bytes"].as_u64()?,
            modified: value["modified"].as_u64(),
            hash: u64::from_str_radix(value["hash"].as_str()?, 16).ok()?,
        })
    }
}

/// The hash of the next bytes of a file, behind those before.
fn hash_of(file: &mut File, before: u64) -> io::Result<u64> {
    let mut bytes = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut bytes)?;
    Ok(hash_on(before, &bytes))
}

/// As a line for a person.
impl fmt::Display for FileIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.n_bytes)?;
        if let Some(modified) = self.modified.filter(|_| !self.is_known_whole()) {
            write!(f, ", modified {}.{:09}", modified / SECOND, modified % SECOND)?;
        }
        write!(f, ", hash {:016x}, {}", self.hash, self.path.display())
    }
}
