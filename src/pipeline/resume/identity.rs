//! What must be the same for a run to go on with another one.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::super::run::{Pipeline, Source};
use super::options::Resume;
use crate::error::{Error, Result};
use crate::files::{hash, hash_on};
use crate::table::Input;

/// What tells whether a run is the one that was broken off: each with its name for messages.
pub(in crate::pipeline) fn identity(
    pipeline: &Pipeline<'_>,
    resume: &Resume,
    source: &Source,
) -> Result<Vec<(String, String)>> {
    let mut identity = vec![("the version of parrow".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    match source {
        Source::Matrix(options) => identity.push(("the matrix".to_owned(), format!("{options:?}"))),
        Source::Inputs(inputs) => {
            identity.push(("the number of inputs".to_owned(), inputs.len().to_string()));
            for input in inputs {
                let Input::Path(path) = input else {
                    let message = "standard input cannot be read a second time; name a file";
                    return Err(Error::invalid_option("resume", message));
                };
                let name = format!("the input {}", path.display());
                identity.push((name, of_file(path).map_err(|error| error.in_file(path))?));
            }
        }
    }
    identity.extend(resume.same.iter().cloned());
    let options = pipeline.what_it_writes();
    identity.extend(options.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(identity)
}

/// Where a file is, how large, of when, and what its first and last bytes are.
fn of_file(path: &Path) -> Result<String> {
    const ENDS: u64 = 64 * 1024;
    let open = |error| Error::io("open", error);
    let metadata = path.metadata().map_err(open)?;
    if !metadata.is_file() {
        let message = "it is no regular file, and cannot be read a second time";
        return Err(Error::invalid_option("resume", message));
    }
    let mut file = File::open(path).map_err(open)?;
    let mut bytes = Vec::new();
    let read = |error| Error::io("read", error);
    file.by_ref().take(ENDS).read_to_end(&mut bytes).map_err(read)?;
    let mut sum = hash(&bytes);
    bytes.clear();
    file.seek(SeekFrom::Start(metadata.len().saturating_sub(ENDS))).map_err(read)?;
    file.take(ENDS).read_to_end(&mut bytes).map_err(read)?;
    sum = hash_on(sum, &bytes);
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified
        .map_or(String::new(), |time| format!(", modified {}.{:09}", time.as_secs(), time.subsec_nanos()));
    let path = path.canonicalize().map_err(open)?;
    Ok(format!("{} bytes{modified}, hash {sum:016x}, {}", metadata.len(), path.display()))
}
