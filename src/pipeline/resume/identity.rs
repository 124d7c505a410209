//! What must be the same for a run to go on with another one.

use std::path::Path;

use super::super::faults::FileIdentity;
use super::super::run::{Pipeline, Source};
use super::options::Resume;
use crate::error::{Error, Result};
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
    let open = |error| Error::io("open", error);
    if !path.metadata().map_err(open)?.is_file() {
        let message = "it is no regular file, and cannot be read a second time";
        return Err(Error::invalid_option("resume", message));
    }
    Ok(FileIdentity::seen(path).map_err(open)?.to_string())
}
