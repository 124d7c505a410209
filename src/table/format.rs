//! The file formats, and how a file's format is told from its name or its content.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, Result, nearest};

/// A file format that tables are read from and written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Text with cells separated by commas, or another byte.
    Csv,
    /// Text with cells separated by tabs.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// The Arrow IPC file format, also known as Feather version 2.
    Ipc,
    /// The Arrow IPC stream format.
    IpcStream,
    /// A JSON object a line.
    NdJson,
}

/// How the bytes of a text file are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, one member or many.
    Gzip,
    /// Zstandard, one frame or many.
    Zstd,
}

/// Every name of every format; the first of a format is the one that is shown.
const NAMES: &[(&str, Format)] = &[
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("parquet", Format::Parquet),
    ("arrow", Format::Ipc),
    ("arrows", Format::IpcStream),
    ("ndjson", Format::NdJson),
    ("txt", Format::Csv),
    ("tab", Format::Tsv),
    ("pq", Format::Parquet),
    ("parq", Format::Parquet),
    ("ipc", Format::Ipc),
    ("feather", Format::Ipc),
    ("ipc-stream", Format::IpcStream),
    ("jsonl", Format::NdJson),
];

impl Format {
    /// The names of all formats.
    pub const NAMES: [&'static str; 6] = ["csv", "tsv", "parquet", "arrow", "arrows", "ndjson"];

    /// The format's name, as [`FromStr`] takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Parquet => "parquet",
            Self::Ipc => "arrow",
            Self::IpcStream => "arrows",
            Self::NdJson => "ndjson",
        }
    }

    /// The format, and the packing, that a file's name tells: `rides.csv.gz` is gzipped CSV.
    ///
    /// `None` when the name's extension is none that is known. Upper and lower case are the same.
    ///
    /// # Example
    /// ```
    /// use parrow::table::{Compression, Format};
    ///
    /// assert_eq!(Format::from_path("a.csv.gz".as_ref()), Some((Format::Csv, Compression::Gzip)));
    /// assert_eq!(Format::from_path("a.feather".as_ref()), Some((Format::Ipc, Compression::None)));
    /// assert_eq!(Format::from_path("a".as_ref()), None);
    /// ```
    pub fn from_path(path: &Path) -> Option<(Self, Compression)> {
        let extension = |path: &Path| Some(path.extension()?.to_str()?.to_lowercase());
        let last = extension(path)?;
        let compression = match last.as_str() {
            "gz" | "gzip" => Compression::Gzip,
            "zst" | "zstd" => Compression::Zstd,
            _ => return Some((Self::from_name(&last)?, Compression::None)),
        };
        let inner = Path::new(path.file_stem()?);
        Some((Self::from_name(&extension(inner)?)?, compression))
    }

    /// The format that a file's first bytes tell, and how they are packed.
    ///
    /// For packed bytes the format is `None`: it is that of the bytes within. What starts like none of the binary formats
    /// and not with `{` is taken for CSV; empty bytes have no format.
    pub fn from_content(bytes: &[u8]) -> (Option<Self>, Compression) {
        let format = match bytes {
            [] => None,
            [0x1f, 0x8b, ..] => return (None, Compression::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => return (None, Compression::Zstd),
            [b'P', b'A', b'R', b'1', ..] => Some(Self::Parquet),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Some(Self::Ipc),
            [0xff, 0xff, 0xff, 0xff, ..] => Some(Self::IpcStream),
            _ => match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(b'{') => Some(Self::NdJson),
                _ => Some(Self::Csv),
            },
        };
        (format, Compression::None)
    }

    /// Whether the format is text, which may be packed by gzip or Zstandard.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::NdJson)
    }

    fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }
}

impl FromStr for Format {
    type Err = Error;

    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for a name that no format has.
    fn from_str(name: &str) -> Result<Self> {
        Self::from_name(&name.to_lowercase()).ok_or_else(|| {
            let known: Vec<String> = NAMES.iter().map(|(name, _)| name.to_string()).collect();
            let suggestion = match nearest(name, &known) {
                Some(near) => format!("did you mean {near}? "),
                None => String::new(),
            };
            let formats = Self::NAMES.join(", ");
            Error::invalid_option("format", format!("no format {name:?}; {suggestion}(formats: {formats})"))
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}
