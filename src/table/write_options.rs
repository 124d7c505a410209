//! How a table is written.

use crate::error::{Error, Result};
use crate::files::Files;

use super::format::{Compression, Format};
use super::gathered::{BLOCK_BYTES, MOST_BLOCK_BYTES};
use super::output::Output;
use super::read_options::{Header, check_delimiter};

/// How a table is written; made by [`WriteOptions::builder`].
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    pub(super) format: Option<Format>,
    pub(super) compression: Option<Compression>,
    pub(super) delimiter: Option<u8>,
    pub(super) header: Header,
    pub(super) null_text: String,
    pub(super) files: Files,
    pub(super) block: Option<usize>,
    /// How many bytes of values a block of a table has at most, where it has fewer than without a limit.
    pub(super) block_bytes: Option<usize>,
}

impl WriteOptions {
    /// Options that take the format from the output's name.
    pub fn builder() -> WriteOptionsBuilder {
        WriteOptionsBuilder(Self::default())
    }

    /// How large blocks are to be, where somebody said so.
    pub(crate) fn blocks(&self) -> Option<usize> {
        self.block
    }

    /// Blocks of this size, where nobody gave another one.
    pub(crate) fn have_blocks(&mut self, size: usize) {
        self.block.get_or_insert(size.max(1));
    }

    /// Lets blocks of a table end so that a run that may have so many bytes has room for what they are made of.
    pub(crate) fn fit_blocks(&mut self, memory_limit: u64) {
        /// A block is there some times while it is made: gathered, in one piece, encoded, and another one before it.
        const PARTS: u64 = 16;
        let most = usize::try_from(memory_limit / PARTS).unwrap_or(usize::MAX);
        self.block_bytes = (most < BLOCK_BYTES.max(MOST_BLOCK_BYTES / 2)).then_some(most);
    }

    /// Whether blocks may end elsewhere than without a limit.
    pub(crate) fn has_fitted_blocks(&self) -> bool {
        self.block_bytes.is_some()
    }

    /// The byte between two cells of CSV, where it was given.
    pub(crate) fn delimiter(&self) -> Option<u8> {
        self.delimiter
    }

    /// Whether CSV begins with the names of its columns.
    pub(crate) fn header(&self) -> Header {
        self.header
    }

    /// The format and packing for an output: as given, or as its name says, or CSV for standard output.
    pub(crate) fn resolve(&self, output: &Output) -> Result<(Format, Compression)> {
        let by_name = output.path().and_then(Format::from_path);
        let format = match (self.format, by_name, output) {
            (Some(format), _, _) => format,
            (None, Some((format, _)), _) => format,
            (None, None, Output::Stdout) => Format::Csv,
            (None, None, Output::Path(path)) => {
                let known = Format::NAMES.to_vec();
                return Err(Error::new(crate::ErrorKind::UnknownFormat { known }).in_file(path));
            }
        };
        let by_name = by_name.map(|(_, compression)| compression);
        let compression = self.compression.or(by_name).unwrap_or_default();
        if compression != Compression::None && !format.is_text() {
            let message = format!("{format} is packed inside already; leave the .gz or .zst away");
            return Err(Error::invalid_option("compression", message).in_file(output.label()));
        }
        Ok((format, compression))
    }
}

/// Builds [`WriteOptions`].
///
/// # Example
/// ```
/// use parrow::table::{Format, WriteOptions};
///
/// let options = WriteOptions::builder().format(Format::Csv).delimiter(b';').null_text("NA").build()?;
/// # Ok::<_, parrow::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct WriteOptionsBuilder(WriteOptions);

impl WriteOptionsBuilder {
    /// The format, instead of what the output's name says.
    pub fn format(mut self, format: impl Into<Option<Format>>) -> Self {
        self.0.format = format.into();
        self
    }

    /// How text is packed, instead of what the output's name says.
    pub fn compression(mut self, compression: impl Into<Option<Compression>>) -> Self {
        self.0.compression = compression.into();
        self
    }

    /// The byte between two cells of a CSV or TSV file. Not given, it is the comma, and in TSV the tab.
    pub fn delimiter(mut self, delimiter: impl Into<Option<u8>>) -> Self {
        self.0.delimiter = delimiter.into();
        self
    }

    /// Whether a CSV or TSV file begins with the names of its columns.
    pub fn header(mut self, header: Header) -> Self {
        self.0.header = header;
        self
    }

    /// What a CSV or TSV cell without a value holds; the default is nothing at all.
    pub fn null_text(mut self, text: impl Into<String>) -> Self {
        self.0.null_text = text.into();
        self
    }

    /// How many rows a block of a table has, and how many bytes a member of packed text that can be gone on with.
    #[doc(hidden)]
    pub fn block(mut self, size: usize) -> Self {
        self.0.block = Some(size.max(1));
        self
    }

    /// The files of the run that the output belongs to.
    pub fn files(mut self, files: Files) -> Self {
        self.0.files = files;
        self
    }

    /// The options.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for a delimiter that also ends lines, quotes, or is part of a
    /// character outside ASCII, and for a null text that would have to be quoted.
    pub fn build(self) -> Result<WriteOptions> {
        if let Some(delimiter) = self.0.delimiter {
            check_delimiter(delimiter)?;
        }
        let delimiter = self.0.delimiter.unwrap_or(b',');
        if self.0.null_text.bytes().any(|byte| matches!(byte, b'"' | b'\n' | b'\r') || byte == delimiter) {
            let message = "it cannot hold a quotation mark, a line end or the delimiter";
            return Err(Error::invalid_option("null text", message));
        }
        Ok(self.0)
    }
}
