//! How a table is read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use polars::prelude::{DataType, PlSmallStr, Schema};

use crate::error::{Error, ErrorKind, Result};
use crate::files::Files;

use super::format::Format;

/// Whether the first line of a text file names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Header {
    /// The first line names them.
    #[default]
    First,
    /// There are no names; the columns are called `column_1`, `column_2`, ….
    None,
}

/// How a table is read; made by [`ReadOptions::builder`]. Clones share what is long: each of thousands of inputs has one.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    pub(super) format: Option<Format>,
    pub(super) delimiter: Option<u8>,
    pub(super) header: Header,
    pub(super) null_values: Arc<Vec<String>>,
    pub(super) dtypes: Arc<BTreeMap<String, DataType>>,
    pub(super) columns: Option<Arc<Vec<String>>>,
    pub(super) limit: Option<usize>,
    pub(super) files: Files,
}

impl ReadOptions {
    /// Options that tell format, delimiter and dtypes from the file, and read all of it.
    pub fn builder() -> ReadOptionsBuilder {
        ReadOptionsBuilder(Self::default())
    }

    /// The format wanted; `None` when it is to be told from the file.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The columns wanted; `None` for all.
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref().map(Vec::as_slice)
    }

    /// How many rows to read at most; `None` for all.
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// That what is said of CSV is said of some input.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) where no input is CSV.
    pub(crate) fn check_formats(&self, mut formats: impl Iterator<Item = Format>) -> Result<()> {
        let of_csv = [
            ("delimiter", self.delimiter.is_some()),
            ("no-header", self.header == Header::None),
            ("null-value", !self.null_values.is_empty()),
        ];
        let Some((option, _)) = of_csv.into_iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
        if formats.any(|format| matches!(format, Format::Csv | Format::Tsv)) {
            return Ok(());
        }
        Err(Error::invalid_option(option, "it says how CSV is read, and no input is CSV; leave it out"))
    }

    /// The same over the files of a run, of which some may be needed to keep input in.
    pub(crate) fn with_files(mut self, files: Files) -> Self {
        self.files = files;
        self
    }

    /// The same options without the dtypes that are given.
    pub(crate) fn without_dtypes(&self) -> Self {
        Self { dtypes: Arc::default(), ..self.clone() }
    }

    /// The same options for the first `n_rows` rows.
    #[must_use]
    pub fn with_limit(mut self, n_rows: usize) -> Self {
        self.limit = Some(self.limit.map_or(n_rows, |limit| limit.min(n_rows)));
        self
    }

    /// The dtype that was given for a column; `None` when it is to be told from the file.
    pub fn dtype_of(&self, column: &str) -> Option<&DataType> {
        self.dtypes.get(column)
    }

    /// The columns to read of those that there are, in the order they were asked for.
    pub(super) fn selection(&self, available: &[String]) -> Result<Vec<usize>> {
        if self.dtypes.is_empty() && self.columns.is_none() {
            return Ok((0..available.len()).collect());
        }
        let index: HashMap<&str, usize> = available.iter().map(String::as_str).zip(0..).collect();
        let find = |name: &String| {
            index.get(name.as_str()).copied().ok_or_else(|| Error::column_not_found(name, available))
        };
        self.dtypes.keys().try_for_each(|name| find(name).map(|_| ()))?;
        match &self.columns {
            None => Ok((0..available.len()).collect()),
            Some(columns) => columns.iter().map(find).collect(),
        }
    }

    /// The columns wanted of a file that tells its schema: with the dtypes of the file, and with those that were asked for.
    pub(super) fn wanted(&self, all: &Schema) -> Result<(Schema, Schema)> {
        let names: Vec<String> = all.iter_names().map(|name| name.to_string()).collect();
        let selection = self.selection(&names)?;
        let wanted =
            |index: &usize| all.get_at_index(*index).map(|(name, dtype)| (name.clone(), dtype.clone()));
        let in_file: Schema = selection.iter().filter_map(wanted).collect();
        let given = |(name, dtype): (&PlSmallStr, &DataType)| {
            (name.clone(), self.dtype_of(name).unwrap_or(dtype).clone())
        };
        let schema = in_file.iter().map(given).collect();
        Ok((in_file, schema))
    }
}

/// Builds [`ReadOptions`].
///
/// # Example
/// ```
/// use parrow::table::{ReadOptions, parse_dtype};
///
/// let options = ReadOptions::builder()
///     .delimiter(b';')
///     .null_values(["n/a", "-"])
///     .dtypes([("zip", parse_dtype("str")?)])
///     .build()?;
/// # Ok::<_, parrow::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ReadOptionsBuilder(ReadOptions);

impl ReadOptionsBuilder {
    /// The format, for every input, instead of what its name or content says.
    pub fn format(mut self, format: impl Into<Option<Format>>) -> Self {
        self.0.format = format.into();
        self
    }

    /// The byte between two cells of a CSV or TSV file. Not given, it is the tab in TSV; in CSV it is the comma, unless the
    /// first line has none and `;`, tab or `|` splits every line alike.
    pub fn delimiter(mut self, delimiter: impl Into<Option<u8>>) -> Self {
        self.0.delimiter = delimiter.into();
        self
    }

    /// Whether a CSV or TSV file begins with the names of its columns.
    pub fn header(mut self, header: Header) -> Self {
        self.0.header = header;
        self
    }

    /// Texts of CSV and TSV cells that stand for a missing value, beside the empty cell.
    pub fn null_values<S: Into<String>>(mut self, texts: impl IntoIterator<Item = S>) -> Self {
        self.0.null_values = Arc::new(texts.into_iter().map(Into::into).collect());
        self
    }

    /// The dtypes of columns, instead of what the file says or its text looks like. The last one given for a column counts.
    pub fn dtypes<S: Into<String>>(mut self, dtypes: impl IntoIterator<Item = (S, DataType)>) -> Self {
        self.0.dtypes = Arc::new(dtypes.into_iter().map(|(name, dtype)| (name.into(), dtype)).collect());
        self
    }

    /// Reads these columns alone, in this order.
    pub fn columns(mut self, columns: impl Into<Option<Vec<String>>>) -> Self {
        self.0.columns = columns.into().map(Arc::new);
        self
    }

    /// Reads this many rows, from the first, at most.
    pub fn limit(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.0.limit = limit.into();
        self
    }

    /// The options.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for a delimiter that also ends lines, quotes, or is part of a
    /// character outside ASCII; [`DuplicateColumn`](crate::ErrorKind::DuplicateColumn) for a column asked for twice.
    pub fn build(self) -> Result<ReadOptions> {
        if let Some(delimiter) = self.0.delimiter {
            check_delimiter(delimiter)?;
        }
        if let Some(columns) = &self.0.columns {
            let mut seen = HashSet::with_capacity(columns.len());
            if let Some(name) = columns.iter().find(|name| !seen.insert(name.as_str())) {
                return Err(Error::new(ErrorKind::DuplicateColumn { name: name.clone() }));
            }
        }
        Ok(self.0)
    }
}

/// That a byte can stand between two cells.
pub(super) fn check_delimiter(delimiter: u8) -> Result<()> {
    let message = match delimiter {
        b'"' => "it cannot be the quotation mark",
        b'\n' | b'\r' => "it cannot be a line end",
        byte if !byte.is_ascii() => "it must be a single ASCII character",
        _ => return Ok(()),
    };
    Err(Error::invalid_option("delimiter", message))
}
