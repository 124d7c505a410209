//! An input's bytes, unpacked, read piece by piece and more than once.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::files::{Files, ReadBehind};

use super::super::format::{Compression, Format};
use super::super::gzip::{GzipMembers, why_not_unpacked};
use super::super::input::{Input, check_is_file};
use super::super::load::{check_not_cut, empty};
use super::super::read_options::ReadOptions;
use super::buffers::Buffer;
use super::held::{Held, HeldBytes, Sample, SharedBytes};

/// The bytes of an input, as they are when they are unpacked.
pub(in crate::table) struct ByteSource {
    kind: Kind,
    /// How many packed bytes there are, or were read so far.
    n_packed: Arc<AtomicU64>,
    /// How many packed bytes the stream that was begun last has read.
    n_streamed: Arc<AtomicU64>,
    pub(in crate::table) compression: Compression,
    pub(in crate::table) format: Format,
    files: Files,
    behind: Arc<ReadBehind>,
}

enum Kind {
    /// A file that is read where it lies; `stamp` tells whether it has changed.
    File { file: Arc<File>, len: u64, stamp: Option<SystemTime> },
    /// A packed file, which is unpacked again for each pass, with its packed length.
    Packed { file: Arc<File>, len: u64, stamp: Option<SystemTime> },
    /// Few bytes.
    Memory(Arc<Vec<u8>>),
    /// Something that can be read once.
    Once(Arc<HeldBytes>),
}

impl ByteSource {
    /// Opens an input. Of what cannot be read twice where it lies, up to `in_memory` bytes are kept where somebody wants to
    /// look at them before, and no more are read for that than are looked at. A packed file that is unpacked into no more than
    /// that is kept, too.
    pub(in crate::table) fn open(input: &Input, options: &ReadOptions, in_memory: usize) -> Result<Self> {
        let wanted = options.format();
        let n_packed = Arc::new(AtomicU64::new(0));
        let file = match input {
            Input::Stdin => None,
            Input::Path(path) => {
                check_is_file(path)?;
                Some(Arc::new(File::open(path).map_err(|error| Error::io("open", error))?))
            }
        };
        let metadata = match &file {
            Some(file) => Some(file.metadata().map_err(|error| Error::io("open", error))?),
            None => None,
        };
        // A pipe has a path, too.
        let whole = file.as_ref().zip(metadata.filter(|metadata| metadata.is_file()));
        let mut packed: Box<dyn Read + Send> = match (&whole, &file) {
            (Some((file, metadata)), _) => {
                n_packed.store(metadata.len(), Ordering::Relaxed);
                Box::new(Positioned::new(file, 0))
            }
            (None, Some(file)) => {
                let reader = Positionless(Arc::clone(file));
                Box::new(Counted { reader, n_bytes: Arc::clone(&n_packed) })
            }
            (None, None) => Box::new(Counted { reader: io::stdin(), n_bytes: Arc::clone(&n_packed) }),
        };
        let mark = read_up_to(&mut packed, 4)?;
        let by_name = input.path().and_then(Format::from_path);
        let known = wanted.or(by_name.map(|(format, _)| format));
        let may_be_empty = known == Some(Format::NdJson);
        if mark.is_empty() && !may_be_empty {
            return Err(empty());
        }
        let (_, compression) = Format::from_content(&mark);
        if let Some((_, named)) = by_name {
            check_not_cut(&mark, named)?;
        }
        let is_plain_file = whole.is_some() && compression == Compression::None;
        let mut unpacked = Unpacked::new(Box::new(Cursor::new(mark).chain(packed)), compression)?;
        let mut prefix = Vec::new();
        let most = match &whole {
            Some(_) if is_plain_file && known.is_some() => 0,
            Some(_) if is_plain_file => in_memory.min(PREFIX_BYTES),
            Some(_) => in_memory.max(PREFIX_BYTES),
            None => PREFIX_BYTES,
        };
        let ends = unpacked.fill(&mut prefix, most)?;
        let by_content = Format::from_content(&prefix).0;
        let format = known.or(by_content).ok_or_else(empty)?;
        if prefix.is_empty() && most > 0 && !may_be_empty {
            return Err(empty());
        }
        let kind = match whole {
            Some((file, metadata)) if is_plain_file => {
                Kind::File { file: Arc::clone(file), len: metadata.len(), stamp: metadata.modified().ok() }
            }
            None if ends => Kind::Memory(Arc::new(prefix)),
            Some(_) if ends && prefix.len() <= in_memory => {
                // Memory of its own, not what is left of where it was unpacked.
                drop(unpacked);
                Kind::Memory(Arc::new(prefix.as_slice().to_vec()))
            }
            Some((file, metadata)) => {
                Kind::Packed { file: Arc::clone(file), len: metadata.len(), stamp: metadata.modified().ok() }
            }
            None => Kind::Once(Held::new(prefix, unpacked, in_memory.max(PREFIX_BYTES))),
        };
        Ok(Self {
            kind,
            n_packed,
            n_streamed: Arc::default(),
            compression,
            format,
            files: options.files.clone(),
            behind: Arc::default(),
        })
    }

    /// The way to the files of the run.
    pub(in crate::table) fn files(&self) -> &Files {
        &self.files
    }

    /// No bytes.
    pub(in crate::table) fn none() -> Self {
        Self::memory(Vec::new(), Format::IpcStream)
    }

    /// Bytes that are in memory already.
    pub(in crate::table) fn memory(bytes: Vec<u8>, format: Format) -> Self {
        let n_packed = Arc::new(AtomicU64::new(bytes.len() as u64));
        let (kind, n_streamed) = (Kind::Memory(Arc::new(bytes)), Arc::default());
        Self {
            kind,
            n_packed,
            n_streamed,
            compression: Compression::None,
            format,
            files: Files::default(),
            behind: Arc::default(),
        }
    }

    /// A file that nobody else knows.
    pub(in crate::table) fn file(file: File, len: u64, format: Format) -> Self {
        let kind = Kind::File { file: Arc::new(file), len, stamp: None };
        let n_packed = Arc::new(AtomicU64::new(len));
        Self {
            kind,
            n_packed,
            n_streamed: Arc::default(),
            compression: Compression::None,
            format,
            files: Files::default(),
            behind: Arc::default(),
        }
    }

    /// A second handle on bytes that can be read where they lie.
    pub(in crate::table) fn share(&self) -> Result<Self> {
        let kind = match &self.kind {
            Kind::File { file, len, stamp } => {
                Kind::File { file: Arc::clone(file), len: *len, stamp: *stamp }
            }
            Kind::Packed { file, len, stamp } => {
                Kind::Packed { file: Arc::clone(file), len: *len, stamp: *stamp }
            }
            Kind::Memory(bytes) => Kind::Memory(Arc::clone(bytes)),
            Kind::Once(_) => return Err(Error::engine("an input that can be read once is shared")),
        };
        let (n_packed, n_streamed) = (Arc::clone(&self.n_packed), Arc::clone(&self.n_streamed));
        Ok(Self {
            kind,
            n_packed,
            n_streamed,
            compression: self.compression,
            format: self.format,
            files: self.files.clone(),
            behind: Arc::clone(&self.behind),
        })
    }

    /// Lets the system's cache keep nothing of what has been read of a file, since it cannot hold all of it.
    pub(in crate::table) fn keep_nothing_behind(&self) {
        self.behind.turn_on();
    }

    /// Says that all before an offset has been read, or is being read by those who have pieces of it.
    pub(in crate::table) fn passed(&self, offset: u64) {
        if let Kind::File { file, .. } = &self.kind {
            self.behind.passed(file, offset);
        }
    }

    /// The size in bytes of the input as it lies there, packed; of what can be read once, as far as it has been read.
    pub(in crate::table) fn n_packed_bytes(&self) -> u64 {
        self.n_packed.load(Ordering::Relaxed)
    }

    /// How many packed bytes have been read of what is unpacked from front to back.
    pub(in crate::table) fn n_streamed_bytes(&self) -> u64 {
        match &self.kind {
            Kind::Once(_) => self.n_packed_bytes(),
            _ => self.n_streamed.load(Ordering::Relaxed),
        }
    }

    /// How many bytes there are, unpacked, where that is known.
    pub(in crate::table) fn len(&self) -> Option<u64> {
        match &self.kind {
            Kind::File { len, .. } => Some(*len),
            Kind::Memory(bytes) => Some(bytes.len() as u64),
            Kind::Once(held) => held.lock().whole().map(|bytes| bytes.len() as u64),
            Kind::Packed { .. } => None,
        }
    }

    /// How many bytes of it are kept in memory, or may be.
    pub(in crate::table) fn n_bytes_kept(&self) -> usize {
        match &self.kind {
            Kind::File { .. } | Kind::Packed { .. } => 0,
            Kind::Memory(bytes) => bytes.capacity(),
            Kind::Once(held) => held.lock().most(),
        }
    }

    /// Whether it can be read once only: something that is not known to be short.
    pub(in crate::table) fn is_read_once(&self) -> bool {
        matches!(&self.kind, Kind::Once(held) if held.lock().whole().is_none())
    }

    /// Puts what can be read once into memory, or, where it is too large for that, into an unnamed temporary file, so that it
    /// can be read as often as wanted.
    pub(in crate::table) fn make_repeatable(
        &mut self,
        check_cancelled: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        if !self.is_read_once() {
            return Ok(());
        }
        let mut sample = self.sample()?;
        let mut passed = Vec::with_capacity(BLOCK_BYTES);
        loop {
            check_cancelled()?;
            passed.clear();
            if sample.fill(&mut passed, BLOCK_BYTES)? {
                break;
            }
        }
        if !self.is_read_once() {
            return Ok(());
        }
        let store_error = |error| {
            let kind: io::Error = error;
            Error::io("keep the input in a temporary file", kind)
        };
        let mut file = self.files.unnamed().map_err(store_error)?;
        let mut stream = self.stream()?;
        let mut block = passed;
        let mut len = 0;
        loop {
            check_cancelled()?;
            block.clear();
            let ends = stream.fill(&mut block, BLOCK_BYTES)?;
            file.write_all(&block).map_err(store_error)?;
            len += block.len() as u64;
            if ends {
                break;
            }
        }
        self.kind = Kind::File { file: Arc::new(file.into_file()), len, stamp: None };
        Ok(())
    }

    /// Puts packed bytes into an unnamed temporary file as well, for formats that are not read from front to back.
    pub(in crate::table) fn make_seekable(&mut self, check_cancelled: &dyn Fn() -> Result<()>) -> Result<()> {
        if let Kind::Packed { .. } = &self.kind {
            self.kind = Kind::Once(Held::new(Vec::new(), self.stream()?, 0));
        }
        self.make_repeatable(check_cancelled)
    }

    /// The bytes from the first on. Of what can be read once, this is that one time.
    pub(in crate::table) fn stream(&self) -> Result<Unpacked> {
        let plain = |reader: Box<dyn Read + Send>| Unpacked::new(reader, Compression::None);
        match &self.kind {
            Kind::File { file, len, .. } => {
                let reader =
                    Positioned { behind: Some(Arc::clone(&self.behind)), ..Positioned::new(file, 0) };
                plain(Box::new(reader.take(*len)))
            }
            Kind::Packed { file, .. } => {
                let reader =
                    Positioned { behind: Some(Arc::clone(&self.behind)), ..Positioned::new(file, 0) };
                self.n_streamed.store(0, Ordering::Relaxed);
                let reader = Counted { reader, n_bytes: Arc::clone(&self.n_streamed) };
                Unpacked::new(Box::new(reader), self.compression)
            }
            Kind::Memory(bytes) => plain(Box::new(Cursor::new(SharedBytes(Arc::clone(bytes))))),
            Kind::Once(held) => {
                let mut held = held.lock();
                if let Some(bytes) = held.whole() {
                    return plain(Box::new(Cursor::new(SharedBytes(bytes))));
                }
                let rest = held.rest.take();
                let rest =
                    rest.ok_or_else(|| Error::engine("an input that can be read once was read before"))?;
                let bytes = SharedBytes(std::mem::take(&mut held.bytes));
                Ok(self.unpacked_of(Box::new(Cursor::new(bytes).chain(rest))))
            }
        }
    }

    /// Bytes that were unpacked by somebody who fails as the input's packing does.
    fn unpacked_of(&self, reader: Box<dyn Read + Send>) -> Unpacked {
        Unpacked { reader, compression: self.compression, n_bytes: 0 }
    }

    /// The bytes from an offset on, of what can be read more than once.
    pub(in crate::table) fn stream_from(&self, offset: u64) -> Result<Unpacked> {
        match &self.kind {
            Kind::File { file, len, .. } => {
                let behind = Some(Arc::clone(&self.behind));
                let reader = Positioned { behind, ..Positioned::new(file, offset) };
                Unpacked::new(Box::new(reader.take(len.saturating_sub(offset))), Compression::None)
            }
            Kind::Memory(bytes) => {
                let mut reader = Cursor::new(SharedBytes(Arc::clone(bytes)));
                reader.set_position(offset);
                Unpacked::new(Box::new(reader), Compression::None)
            }
            Kind::Packed { .. } | Kind::Once(_) => {
                let mut stream = self.stream()?;
                let mut block = Vec::new();
                let mut to_pass = offset;
                while to_pass > 0 {
                    block.clear();
                    let ends = stream.fill(&mut block, to_pass.min(BLOCK_BYTES as u64) as usize)?;
                    to_pass -= block.len() as u64;
                    if ends && to_pass > 0 {
                        return Err(changed());
                    }
                }
                Ok(stream)
            }
        }
    }

    /// The first bytes, as many as there are up to `n_bytes`, without using up what can be read once.
    pub(in crate::table) fn prefix(&self, n_bytes: usize) -> Result<(Vec<u8>, bool)> {
        let mut bytes = Vec::new();
        let ends = self.sample()?.fill(&mut bytes, n_bytes)?;
        Ok((bytes, ends && !self.is_read_once()))
    }

    /// The first bytes of what can be read once, as many as are kept in memory, without using it up: what has been read
    /// stays there.
    pub(in crate::table) fn sample(&self) -> Result<Unpacked> {
        match &self.kind {
            Kind::Once(held) => {
                Ok(self.unpacked_of(Box::new(Sample { held: Arc::clone(held), position: 0 })))
            }
            _ => self.stream(),
        }
    }

    /// The bytes of a range, as far as there are such: no more are taken memory for than there are.
    pub(in crate::table) fn range(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let end = self.len().map_or(range.end, |len| range.end.min(len));
        let n_bytes = end.saturating_sub(range.start) as usize;
        match &self.kind {
            Kind::Memory(bytes) => {
                let from = range.start.min(bytes.len() as u64) as usize;
                Ok(bytes[from..from + n_bytes].to_vec())
            }
            Kind::File { file, .. } => {
                let reader = Positioned::new(file, range.start);
                read_up_to(&mut { reader }, n_bytes)
            }
            Kind::Packed { .. } | Kind::Once(_) => {
                let mut stream = self.sample()?;
                let mut block = Vec::new();
                let mut to_pass = range.start;
                while to_pass > 0 {
                    block.clear();
                    let n_bytes = to_pass.min(BLOCK_BYTES as u64) as usize;
                    let ends = stream.fill(&mut block, n_bytes)?;
                    to_pass -= block.len() as u64;
                    if ends {
                        break;
                    }
                }
                block.clear();
                stream.fill(&mut block, n_bytes)?;
                Ok(block)
            }
        }
    }

    /// That a file is still the one that was opened.
    pub(in crate::table) fn check_unchanged(&self) -> Result<()> {
        let (Kind::File { file, len, stamp: Some(stamp) } | Kind::Packed { file, len, stamp: Some(stamp) }) =
            &self.kind
        else {
            return Ok(());
        };
        let same = file.metadata().is_ok_and(|now| now.len() == *len && now.modified().ok() == Some(*stamp));
        if same { Ok(()) } else { Err(changed()) }
    }
}

/// What is said of a file that became another one while it was read.
pub(in crate::table) fn changed() -> Error {
    Error::io("read", io::Error::other("the file was changed while it was read; run it again"))
}

/// How many bytes tell a format.
const PREFIX_BYTES: usize = 64 * 1024;

/// How many bytes are copied at a time.
const BLOCK_BYTES: usize = 1 << 20;

/// Unpacked bytes, from front to back.
pub(in crate::table) struct Unpacked {
    reader: Box<dyn Read + Send>,
    compression: Compression,
    n_bytes: u64,
}

impl Unpacked {
    fn new(reader: Box<dyn Read + Send>, compression: Compression) -> Result<Self> {
        let reader: Box<dyn Read + Send> = match compression {
            Compression::None => reader,
            Compression::Gzip => Box::new(GzipMembers::new(reader)),
            Compression::Zstd => Box::new(
                zstd::stream::read::Decoder::new(reader)
                    .map_err(|error| Error::malformed("zstd", error.to_string()))?,
            ),
        };
        Ok(Self { reader, compression, n_bytes: 0 })
    }

    /// Adds up to `n_bytes` bytes to `into`, and says whether there are no more behind them.
    pub(in crate::table) fn fill(&mut self, into: &mut Vec<u8>, n_bytes: usize) -> Result<bool> {
        /// No more memory is taken at a time than this: there may be fewer bytes.
        const STEP: usize = 64 << 10;
        let end = into.len().saturating_add(n_bytes);
        while into.len() < end {
            let before = into.len();
            into.resize(end.min(before + STEP), 0);
            let outcome = self.reader.read(&mut into[before..]);
            into.truncate(before + outcome.as_ref().map_or(0, |n_read| *n_read));
            self.n_bytes += (into.len() - before) as u64;
            match outcome {
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(false)
    }

    /// As [`fill`](Self::fill), into a buffer.
    pub(in crate::table) fn fill_buffer(&mut self, into: &mut Buffer, n_bytes: usize) -> Result<bool> {
        let mut n_left = n_bytes;
        while n_left > 0 {
            match self.reader.read(&mut into.room(n_left)[..n_left]) {
                Ok(0) => return Ok(true),
                Ok(n_read) => {
                    into.add(n_read);
                    self.n_bytes += n_read as u64;
                    n_left -= n_read;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(false)
    }

    fn error(&self, error: io::Error) -> Error {
        let format = match self.compression {
            Compression::None => return Error::io("read", error),
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        };
        match error.raw_os_error() {
            Some(_) => Error::io("read", error),
            None => Error::malformed(format, why_not_unpacked(&error, self.n_bytes)),
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reader.read(into)
    }
}

fn read_up_to(reader: &mut dyn Read, n_bytes: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(n_bytes);
    reader.take(n_bytes as u64).read_to_end(&mut bytes).map_err(|error| Error::io("read", error))?;
    Ok(bytes)
}

/// Reads a file from an offset on, whoever else reads it.
struct Positioned {
    file: Arc<File>,
    offset: u64,
    /// Told how far it is, of a file that is read from front to back.
    behind: Option<Arc<ReadBehind>>,
}

impl Positioned {
    fn new(file: &Arc<File>, offset: u64) -> Self {
        Self { file: Arc::clone(file), offset, behind: None }
    }
}

impl Read for Positioned {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_bytes = read_at(&self.file, into, self.offset)?;
        self.offset += n_bytes as u64;
        if let Some(behind) = &self.behind {
            behind.passed(&self.file, self.offset);
        }
        Ok(n_bytes)
    }
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

#[cfg(windows)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}

/// Reads what has no positions.
struct Positionless(Arc<File>);

impl Read for Positionless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(into)
    }
}

struct Counted<R> {
    reader: R,
    n_bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.reader.read(into)?;
        self.n_bytes.fetch_add(n_bytes as u64, Ordering::Relaxed);
        Ok(n_bytes)
    }
}

/// The bytes of an input as the engine reads metadata.
pub(in crate::table) struct Seekable<'s> {
    source: &'s ByteSource,
    position: u64,
}

impl<'s> Seekable<'s> {
    pub(in crate::table) fn new(source: &'s ByteSource) -> Self {
        Self { source, position: 0 }
    }
}

impl Read for Seekable<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_read = match &self.source.kind {
            Kind::File { file, len, .. } => {
                let n_left = len.saturating_sub(self.position);
                let n_bytes = usize::try_from(n_left).map_or(into.len(), |n_left| n_left.min(into.len()));
                read_at(file, &mut into[..n_bytes], self.position)?
            }
            _ => {
                let range = self.position..self.position.saturating_add(into.len() as u64);
                let bytes = self.source.range(range).map_err(|error| io::Error::other(error.to_string()))?;
                into[..bytes.len()].copy_from_slice(&bytes);
                bytes.len()
            }
        };
        self.position += n_read as u64;
        Ok(n_read)
    }
}

impl Seek for Seekable<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let len = self.source.len().unwrap_or_default();
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

/// Bytes that go forward, and can pass over some.
pub(in crate::table) struct Forward {
    stream: Unpacked,
    position: u64,
}

impl Forward {
    pub(in crate::table) fn new(stream: Unpacked) -> Self {
        Self { stream, position: 0 }
    }
}

impl Read for Forward {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.stream.read(into)?;
        self.position += n_bytes as u64;
        Ok(n_bytes)
    }
}

impl Seek for Forward {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(_) => None,
        };
        let n_bytes = position.and_then(|position| position.checked_sub(self.position));
        let n_bytes = n_bytes.ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
        let passed = io::copy(&mut self.by_ref().take(n_bytes), &mut io::sink())?;
        match passed == n_bytes {
            true => Ok(self.position),
            false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "failed to fill whole buffer")),
        }
    }
}
