//! The file beside an output that says how far it is.
//!
//! A line is its fields, with tabs between them and what a field must not hold escaped, and a hash of all that. A line that was torn
//! when the machine stopped, and everything behind it, is as if it were not there.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::known::Known;
use super::point::{Before, Point};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{Files, OutFile, Partial, beside, folder_of, hash};
use crate::table::{Output, Sink, end_of_links};

/// The fields of a line.
pub(in crate::pipeline) type Line = Vec<Vec<u8>>;

const FIRST: &[u8] = b"parrow journal 1";
const SAME: &[u8] = b"same";
const KNOWN: &[u8] = b"known";

/// What values begin with that say nothing to a person.
pub(in crate::pipeline) const HASH: &str = "hash ";

/// A journal that is being written.
///
/// Dropped before [`finish`](Self::finish), it is removed where it notes nothing that could be gone on with.
pub(in crate::pipeline) struct Journal {
    file: OutFile,
    path: PathBuf,
    files: Files,
    notes_points: bool,
}

/// Where the run was broken off that wrote a journal.
#[derive(Default)]
pub(in crate::pipeline) struct LeftOff {
    /// The last point that it notes.
    pub(in crate::pipeline) from: Option<(Point, Before)>,
    /// What that run knew of all rows of the inputs, where it went by it.
    pub(in crate::pipeline) known: Option<Known>,
}

/// Where the journal of an output is.
pub(super) fn journal_of(output: &Path) -> PathBuf {
    beside(&end_of_links(output), "journal")
}

impl Journal {
    /// Opens the journal of an output, which is locked, and gives what it notes last.
    ///
    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption) when the run that wrote it was another one.
    pub(in crate::pipeline) fn open(
        output: &Path,
        identity: &[(String, String)],
        files: &Files,
    ) -> Result<(Self, LeftOff)> {
        let path = journal_of(output);
        Self::open_at(&path, identity, files).map_err(|error| match error.kind() {
            ErrorKind::InvalidOption { .. } => error.in_file(output),
            _ => error.in_file(&path),
        })
    }

    fn open_at(path: &Path, identity: &[(String, String)], files: &Files) -> Result<(Self, LeftOff)> {
        let noted = Noted::read(path)?;
        let file = match files.create_new(path) {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => files.open(path),
            Err(error) => Err(error),
        };
        let file = file.map_err(|error| Error::io("create", error))?;
        let mut journal = Self { file, path: path.to_owned(), files: files.clone(), notes_points: false };
        if let Some((point, before, n_bytes)) = noted.last_point()? {
            // What it notes stays, whatever is wrong with this run.
            journal.notes_points = true;
            check_same(&noted.same, identity, path)?;
            journal.cut_to(n_bytes)?;
            return Ok((journal, LeftOff { from: Some((point, before)), known: noted.known }));
        }
        journal.begin(identity)?;
        Ok((journal, LeftOff::default()))
    }

    /// Begins anew.
    pub(in crate::pipeline) fn begin(&mut self, identity: &[(String, String)]) -> Result<()> {
        self.files.is_temporary(&self.path);
        self.notes_points = false;
        self.cut_to(0)?;
        let mut lines = vec![vec![FIRST.to_vec()]];
        lines.extend(
            identity.iter().map(|(name, value)| {
                vec![SAME.to_vec(), name.clone().into_bytes(), value.clone().into_bytes()]
            }),
        );
        self.append(&lines)?;
        let synced = self.files.sync_folder(folder_of(&self.path));
        synced.map_err(|error| Error::io("bring the folder of the journal to the disk", error))
    }

    /// Notes what is known of all rows of the inputs. From now on the run goes by that, and not by what the first rows propose. It
    /// is on the disk when the first point is.
    pub(in crate::pipeline) fn note_known(&mut self, known: &Known) -> Result<()> {
        let mut text = Vec::new();
        push_line(&mut text, &vec![KNOWN.to_vec(), known.to_json().to_string().into_bytes()]);
        let written = self.file.write_all(&text);
        written.map_err(|error| Error::io("write", error).in_file(&self.path))
    }

    /// Notes a point that is on the disk, with what stands before it.
    pub(in crate::pipeline) fn note(&mut self, lines: &[Line]) -> Result<()> {
        self.append(lines).map_err(|error| error.in_file(&self.path))?;
        if !self.notes_points {
            self.notes_points = true;
            self.files.is_kept(&self.path);
        }
        Ok(())
    }

    /// Removes it: the output is at its name.
    pub(in crate::pipeline) fn finish(mut self) -> Result<()> {
        self.notes_points = true;
        let removed = self.files.remove(&self.path);
        removed.map_err(|error| Error::io("remove the journal", error).in_file(&self.path))
    }

    fn append(&mut self, lines: &[Line]) -> Result<()> {
        let mut text = Vec::new();
        lines.iter().for_each(|line| push_line(&mut text, line));
        let written = self.file.write_all(&text);
        written.and_then(|()| self.file.sync()).map_err(|error| Error::io("write", error))
    }

    fn cut_to(&mut self, n_bytes: u64) -> Result<()> {
        use std::io::{Seek, SeekFrom};
        let cut = self.file.set_len(n_bytes).and_then(|()| self.file.file().seek(SeekFrom::Start(n_bytes)));
        cut.map(drop).map_err(|error| Error::io("write", error))
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if !self.notes_points {
            let _ = self.files.remove(&self.path);
        }
    }
}

/// Opens an output for a run that would write over what is left of another one.
///
/// # Errors
/// [`InvalidOption`](ErrorKind::InvalidOption) where that could be gone on with. A journal of which nothing else is left is removed.
pub(in crate::pipeline) fn open_anew(output: &Output, files: &Files) -> Result<Sink> {
    let journal = output.path().map(journal_of).filter(|journal| journal.exists());
    let (Some(path), Some(journal)) = (output.path(), journal) else { return Sink::create(output, files) };
    let mut sink = Sink::resume(output, files)?;
    let n_bytes_left = match sink.partial() {
        Some(partial) => partial.len().map_err(|error| error.in_file(path))?,
        None => 0,
    };
    if n_bytes_left > 0
        && let Some(n_rows) = n_rows_noted(&journal)
    {
        sink.partial().into_iter().for_each(Partial::keep);
        let message = format!(
            "a run with --resume was broken off behind {n_rows} rows; give --resume to go on with it, or delete {} to start anew",
            journal.display()
        );
        return Err(Error::invalid_option("resume", message).in_file(path));
    }
    let removed = files.remove(&journal);
    removed.map_err(|error| Error::io("remove what an earlier run left", error).in_file(&journal))?;
    sink.cut_to(0).map_err(|error| error.in_file(path))?;
    Ok(sink)
}

/// How many rows the journal of an output says are done; `None` where it notes no point.
pub(in crate::pipeline) fn n_rows_noted_of(output: &Path) -> Option<u64> {
    n_rows_noted(&journal_of(output))
}

/// How many rows a journal says are done; `None` where it notes no point.
pub(super) fn n_rows_noted(journal: &Path) -> Option<u64> {
    let (point, ..) = Noted::read(journal).ok()?.last_point().ok()??;
    Some(point.counted.n_rows_read)
}

/// What a journal says.
#[derive(Default)]
struct Noted {
    same: Vec<(String, String)>,
    known: Option<Known>,
    /// The lines behind, each with where it ends.
    lines: Vec<(Line, u64)>,
}

impl Noted {
    fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::io("read", error)),
        };
        let mut noted = Self::default();
        let mut end = 0;
        for (index, whole) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let Some(line) = line_of(whole) else {
                let is_torn = index > 0 || FIRST.starts_with(&whole[..whole.len().min(FIRST.len())]);
                if !is_torn {
                    let message = "the file has the name of a journal, and is none; move it away";
                    return Err(Error::malformed("journal", message));
                }
                break;
            };
            end += whole.len() as u64;
            match (line.first().map(Vec::as_slice), line.len()) {
                (Some(FIRST), 1) if index == 0 => {}
                (Some(SAME), 3) => {
                    let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
                    noted.same.push((text(&line[1]), text(&line[2])));
                }
                (Some(KNOWN), 2) => {
                    let known = serde_json::from_slice(&line[1]).ok();
                    noted.known = known.and_then(|known| Known::from_json(&known));
                }
                _ => noted.lines.push((line, end)),
            }
        }
        Ok(noted)
    }

    /// The last point, with all that stands before it, and where its line ends.
    fn last_point(&self) -> Result<Option<(Point, Before, u64)>> {
        let points = self.lines.iter().enumerate().rev();
        let found =
            points.filter_map(|(index, (line, end))| Some((index, Point::from_line(line)?, *end))).next();
        let Some((last, mut point, end)) = found else { return Ok(None) };
        let mut before = Before::default();
        for (line, _) in &self.lines[..last] {
            if Point::from_line(line).is_none() {
                before.take(line)?;
            }
        }
        point.border.blocks = std::mem::take(&mut before.blocks);
        Ok(Some((point, before, end)))
    }
}

/// That what must be the same is.
fn check_same(was: &[(String, String)], is: &[(String, String)], journal: &Path) -> Result<()> {
    let value = |all: &[(String, String)], name: &str| {
        all.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    // What a person gave this time is named before what follows from it.
    for (name, _) in is.iter().chain(was) {
        let (before, now) = (value(was, name), value(is, name));
        if before == now {
            continue;
        }
        let told = |value: Option<String>| match value {
            None => "not given".to_owned(),
            Some(value) if value.chars().count() > 80 => {
                format!("{:?}…", value.chars().take(80).collect::<String>())
            }
            Some(value) => format!("{value:?}"),
        };
        let is_hash = [&before, &now].into_iter().flatten().any(|value| value.starts_with(HASH));
        let what = match is_hash {
            true => String::new(),
            false => format!(": it was {}, and is {}", told(before), told(now)),
        };
        let journal = journal.display();
        let message =
            format!("{name} changed since the run was broken off{what}; delete {journal} to start anew");
        return Err(Error::invalid_option("resume", message));
    }
    Ok(())
}

fn push_line(text: &mut Vec<u8>, line: &Line) {
    let start = text.len();
    for (index, field) in line.iter().enumerate() {
        if index > 0 {
            text.push(b'\t');
        }
        for byte in field {
            match byte {
                b'\t' => text.extend(b"\\t"),
                b'\n' => text.extend(b"\\n"),
                b'\\' => text.extend(b"\\\\"),
                byte => text.push(*byte),
            }
        }
    }
    let mut sum = String::new();
    let _ = write!(sum, "\t{:016x}", hash(&text[start..]));
    text.extend(sum.as_bytes());
    text.push(b'\n');
}

/// The fields of a line that is whole.
fn line_of(whole: &[u8]) -> Option<Line> {
    const SUM: usize = 17;
    let body = whole.strip_suffix(b"\n")?;
    let (text, sum) = body.split_at_checked(body.len().checked_sub(SUM)?)?;
    if sum != format!("\t{:016x}", hash(text)).as_bytes() {
        return None;
    }
    let field = |field: &[u8]| {
        let mut plain = Vec::with_capacity(field.len());
        let mut bytes = field.iter();
        while let Some(byte) = bytes.next() {
            plain.push(match (byte, *byte == b'\\') {
                (byte, false) => *byte,
                (_, true) => match bytes.next()? {
                    b't' => b'\t',
                    b'n' => b'\n',
                    other => *other,
                },
            });
        }
        Some(plain)
    };
    text.split(|byte| *byte == b'\t').map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_any_bytes_and_torn_ones_are_none() {
        let lines: Vec<Line> = vec![
            vec![b"a".to_vec(), Vec::new(), b"tab\t newline\n back\\slash \\n".to_vec()],
            vec![(0..=255).collect()],
        ];
        let mut text = Vec::new();
        lines.iter().for_each(|line| push_line(&mut text, line));
        let read: Vec<Line> = text.split_inclusive(|byte| *byte == b'\n').filter_map(line_of).collect();
        assert_eq!(read, lines);
        let first = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for cut in 0..first {
            assert_eq!(line_of(&text[..cut]), None);
        }
        for at in 0..first - 1 {
            let mut other = text[..first].to_vec();
            other[at] ^= 1;
            assert_eq!(line_of(&other), None, "{at}");
        }
    }
}
