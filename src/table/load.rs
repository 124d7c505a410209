//! Brings an input's bytes into memory, unpacked, and settles its format.

use std::fs::File;
use std::io::{self, Read};

use crate::error::{Error, ErrorKind, Result};

use super::format::{Compression, Format};
use super::gzip::{GzipMembers, why_not_unpacked};
use super::input::{Input, check_is_file};

/// An input's bytes, and what they are.
pub(super) struct Loaded {
    pub(super) bytes: Vec<u8>,
    pub(super) format: Format,
    pub(super) compression: Compression,
    /// The size of the file as it lies on disk.
    pub(super) file_size: u64,
}

/// Reads an input whole. The format is `wanted`, or what the name says, or what the content says.
pub(super) fn load(input: &Input, wanted: Option<Format>) -> Result<Loaded> {
    load_bytes(input, wanted).map_err(|error| error.in_file(input.label()))
}

fn load_bytes(input: &Input, wanted: Option<Format>) -> Result<Loaded> {
    let packed = match input {
        Input::Path(path) => {
            check_is_file(path)?;
            let mut file = File::open(path).map_err(|error| Error::io("open", error))?;
            read_to_end(&mut file)?
        }
        Input::Stdin => read_to_end(&mut io::stdin().lock())?,
    };
    let file_size = packed.len() as u64;
    let by_name = input.path().and_then(Format::from_path);
    let may_be_empty = wanted.or(by_name.map(|(format, _)| format)) == Some(Format::NdJson);
    if packed.is_empty() && !may_be_empty {
        return Err(empty());
    }
    let (_, compression) = Format::from_content(&packed);
    if let Some((_, named)) = by_name {
        check_not_cut(&packed, named)?;
    }
    let bytes = match compression {
        Compression::None => packed,
        _ => unpack(&packed, compression)?,
    };
    let by_content = Format::from_content(&bytes).0;
    let format = match wanted.or(by_name.map(|(format, _)| format)).or(by_content) {
        Some(format) => format,
        None => return Err(empty()),
    };
    if compression != Compression::None && bytes.is_empty() && !may_be_empty {
        return Err(empty());
    }
    Ok(Loaded { bytes, format, compression, file_size })
}

/// That packed bytes are not cut off within the mark by which they would be known.
pub(super) fn check_not_cut(packed: &[u8], named: Compression) -> Result<()> {
    let (format, mark): (_, &[u8]) = match named {
        Compression::Gzip => ("gzip", &[0x1f, 0x8b]),
        Compression::Zstd => ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]),
        Compression::None => return Ok(()),
    };
    match packed.len() < mark.len() && mark.starts_with(packed) {
        true => {
            Err(Error::malformed(format, format!("it ends after {} bytes; it was cut off", packed.len())))
        }
        false => Ok(()),
    }
}

pub(super) fn empty() -> Error {
    Error::new(ErrorKind::Empty { message: "the file is empty".into() })
}

fn read_to_end(reader: &mut impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|error| Error::io("read", error))?;
    Ok(bytes)
}

fn unpack(packed: &[u8], compression: Compression) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(packed.len().saturating_mul(3));
    let (format, outcome) = match compression {
        Compression::Gzip => ("gzip", GzipMembers::new(packed).read_to_end(&mut bytes)),
        Compression::Zstd => {
            let outcome = zstd::stream::read::Decoder::new(packed)
                .and_then(|mut decoder| decoder.read_to_end(&mut bytes));
            ("zstd", outcome)
        }
        Compression::None => unreachable!("plain bytes are not unpacked"),
    };
    match outcome {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Error::malformed(format, why_not_unpacked(&error, bytes.len() as u64))),
    }
}
