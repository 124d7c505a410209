//! The one error type of the crate, and the place in the data that an error is about.
//!
//! [`Error`] is a boxed [`ErrorKind`] with a [`Position`]. Whoever knows a part of the position adds it
//! ([`Error::at_row`], [`Error::in_file`], …) and nobody drops one, so that the message a person reads names file, row,
//! line and column as far as anyone on the way knew them. No foreign error type is part of this interface.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A `Result` whose error is parrow's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong ([`Error::kind`]) and where ([`Error::position`]).
///
/// Its text is a lower-case fragment that completes “failed: …”: the place first, then what was wrong with it, then what
/// to do about it where that is known.
///
/// # Example
/// ```
/// use parrow::{Error, ErrorKind};
///
/// let error = Error::column_not_found("heigth", ["width", "height"]).in_file("boxes.csv");
/// assert!(matches!(error.kind(), ErrorKind::ColumnNotFound { .. }));
/// assert_eq!(
///     error.to_string(),
///     "boxes.csv: no column \"heigth\"; did you mean \"height\"? (columns: width, height)"
/// );
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    position: Position,
}

/// The ways in which a call can fail, each with what a caller may want to act on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused: a missing or unreadable file, a full disk, a closed pipe.
    Io {
        /// What was tried, as a verb: “open”, “read”, “write”, “rename”.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The format of an input or output is not known and could not be told from its content.
    UnknownFormat {
        /// The formats that there are.
        known: Vec<&'static str>,
    },
    /// A file is not what its format says it is: truncated, corrupt, or of another format.
    Malformed {
        /// The format that it was read as.
        format: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A text cell does not hold a value of the wanted dtype.
    Cell {
        /// The text found.
        text: String,
        /// The dtype wanted.
        dtype: String,
        /// What mends it.
        hint: String,
    },
    /// A CSV row has another number of cells than the header.
    Ragged {
        /// How many cells the row should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// There is nothing to read: an empty file, a glob that matches nothing.
    Empty {
        /// What is empty, and what to do.
        message: String,
    },
    /// No column has this name.
    ColumnNotFound {
        /// The name asked for.
        name: String,
        /// The names that there are.
        available: Vec<String>,
    },
    /// Two columns of a result would have the same name.
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// A column's dtype is not one that the function takes.
    Dtype {
        /// The column.
        column: String,
        /// What the function takes.
        expected: String,
        /// What the column holds.
        found: String,
    },
    /// A column's dtype is not one that the format can hold that is to be written.
    NotHeld {
        /// The column.
        column: String,
        /// What the column holds.
        found: String,
        /// The format.
        format: String,
    },
    /// Columns, rows or values do not fit together in number.
    Shape {
        /// What does not fit.
        message: String,
    },
    /// What must be in memory at once, a row or a page, is more than may be.
    TooLarge {
        /// What it is, how large, and what to do.
        message: String,
    },
    /// A row function failed on a row: it returned an error, it panicked, or the row's values do not fit its arguments.
    Row {
        /// The function's message, or the panic's.
        message: String,
        /// How it failed.
        cause: RowFailure,
    },
    /// More rows failed than a run was to put up with.
    TooManyFaults {
        /// How many it was to put up with.
        limit: u64,
        /// What is wrong with the row that was one too many.
        message: String,
    },
    /// An option has a value that makes no sense.
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A row function written as text does not compile, or does not fit the columns.
    Expression {
        /// The text.
        text: String,
        /// What is wrong with it.
        message: String,
    },
    /// The program of a row function in another process could not be started, or cannot be worked with.
    Worker {
        /// The program, as it was given.
        command: String,
        /// What is wrong with it.
        message: String,
    },
    /// The run was cancelled by its [`CancellationToken`](crate::CancellationToken).
    Cancelled,
    /// A call of a [`Pool`](crate::Pool) gave no value; [`PoolError`](crate::PoolError) says more.
    Pool {
        /// Which item, and what happened.
        message: String,
    },
    /// The data-frame engine refused an operation.
    Engine {
        /// Its message.
        message: String,
    },
}

/// How a row failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RowFailure {
    /// The row could not be read: it has another number of cells than there are columns, or a cell that is no value of its
    /// column's dtype. The function was not called.
    Parse,
    /// The function returned an `Err`.
    Returned,
    /// The function panicked.
    Panicked,
    /// A value of the row does not fit the function's argument: too large for its dtype, say.
    Argument,
    /// The program that ran the function ended, or gave no answer that could be read.
    Worker,
}

impl RowFailure {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Parse, Self::Returned, Self::Panicked, Self::Argument, Self::Worker];

    /// A word for ledgers and summaries: `parse`, `error`, `panic`, `argument` or `worker`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Returned => "error",
            Self::Panicked => "panic",
            Self::Argument => "argument",
            Self::Worker => "worker",
        }
    }
}

/// Where in the data something is, as far as it is known. Every field may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The file.
    pub path: Option<PathBuf>,
    /// The part of a file that is no text, such as `row group 2, page 0`: counted from 0.
    pub part: Option<String>,
    /// The index of the row in the table, counted from 0.
    pub row: Option<u64>,
    /// The line of a text file, counted from 1.
    pub line: Option<u64>,
    /// The offset in the file in bytes.
    pub byte: Option<u64>,
    /// The name of the column.
    pub column: Option<String>,
}

impl Error {
    /// An error of this kind at no known place.
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, position: Position::default() }))
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where it went wrong.
    pub fn position(&self) -> &Position {
        &self.0.position
    }

    /// Gives the kind away.
    pub fn into_kind(self) -> ErrorKind {
        self.0.kind
    }

    /// The error that `change` makes of the kind, at the same place.
    #[must_use]
    pub(crate) fn with_kind(self, change: impl FnOnce(ErrorKind) -> ErrorKind) -> Self {
        let Inner { kind, position } = *self.0;
        Self(Box::new(Inner { kind: change(kind), position }))
    }

    /// The system refused `operation`.
    pub fn io(operation: &'static str, source: io::Error) -> Self {
        Self::new(ErrorKind::Io { operation, source })
    }

    /// A file is not what `format` says.
    pub fn malformed(format: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed { format, message: message.into() })
    }

    /// No column is called `name`.
    pub fn column_not_found<S: Into<String>>(
        name: impl Into<String>,
        available: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new(ErrorKind::ColumnNotFound {
            name: name.into(),
            available: available.into_iter().map(Into::into).collect(),
        })
    }

    /// Column `column` holds `found`, where `expected` is wanted.
    pub fn dtype(column: impl Into<String>, expected: impl Into<String>, found: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Dtype {
            column: column.into(),
            expected: expected.into(),
            found: found.to_string(),
        })
    }

    /// Column `column` holds `found`, which `format` cannot hold.
    pub(crate) fn not_held(column: &str, found: impl fmt::Display, format: &str) -> Self {
        let (column, found, format) = (column.to_owned(), found.to_string(), format.to_owned());
        Self::new(ErrorKind::NotHeld { column, found, format })
    }

    /// Columns, rows or values do not fit together.
    pub fn shape(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Shape { message: message.into() })
    }

    /// Something that must be in memory at once is larger than what fits.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooLarge { message: message.into() })
    }

    /// A row function failed.
    pub fn row(message: impl Into<String>, cause: RowFailure) -> Self {
        Self::new(ErrorKind::Row { message: message.into(), cause })
    }

    /// An option makes no sense.
    pub fn invalid_option(option: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidOption { option, message: message.into() })
    }

    /// A row function written as text is wrong.
    pub fn expression(text: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Expression { text: text.into(), message: message.into() })
    }

    /// A program that runs a row function cannot be worked with.
    pub fn worker(command: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Worker { command: command.into(), message: message.into() })
    }

    /// The data-frame engine said no.
    pub fn engine(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Engine { message: message.to_string() })
    }

    /// Adds the file, unless one is known already.
    #[must_use]
    pub fn in_file(mut self, path: impl AsRef<Path>) -> Self {
        self.0.position.path.get_or_insert_with(|| path.as_ref().to_path_buf());
        self
    }

    /// Adds the file and the line, as far as there are these and none is known already.
    #[must_use]
    pub(crate) fn placed(self, path: Option<&Path>, line: Option<u64>) -> Self {
        let error = match path {
            Some(path) => self.in_file(path),
            None => self,
        };
        match line {
            Some(line) => error.at_line(line),
            None => error,
        }
    }

    /// The same of a position.
    #[must_use]
    pub(crate) fn placed_as(self, position: &Position) -> Self {
        self.placed(position.path.as_deref(), position.line)
    }

    /// Adds the part of the file, in front of a smaller part of it that is known already.
    #[must_use]
    pub(crate) fn in_part(mut self, part: &str) -> Self {
        let position = &mut self.0.position;
        position.part = Some(match position.part.take() {
            Some(smaller) => format!("{part}, {smaller}"),
            None => part.to_owned(),
        });
        self
    }

    /// Adds the row's index, counted from 0, unless one is known already.
    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.0.position.row.get_or_insert(row);
        self
    }

    /// Adds the line, counted from 1, unless one is known already.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.0.position.line.get_or_insert(line);
        self
    }

    /// Adds the offset in bytes, unless one is known already.
    #[must_use]
    pub fn at_byte(mut self, byte: u64) -> Self {
        self.0.position.byte.get_or_insert(byte);
        self
    }

    /// Moves the place by so many rows, lines and bytes, as far as these are known: what was found in a piece of a file is
    /// told of the file.
    #[must_use]
    pub(crate) fn moved(mut self, n_rows: u64, n_lines: u64, n_bytes: u64) -> Self {
        let position = &mut self.0.position;
        position.row = position.row.map(|row| row + n_rows);
        position.line = position.line.map(|line| line + n_lines);
        position.byte = position.byte.map(|byte| byte + n_bytes);
        self
    }

    /// Adds the column's name, unless one is known already.
    #[must_use]
    pub fn in_column(mut self, column: impl Into<String>) -> Self {
        self.0.position.column.get_or_insert_with(|| column.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.position != Position::default() {
            write!(f, "{}: ", self.0.position)?;
        }
        self.0.kind.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(path) = &self.path {
            write!(f, "{}", path.display())?;
            separator = ", ";
        }
        if let Some(part) = &self.part {
            write!(f, "{separator}{part}")?;
            separator = ", ";
        }
        if let Some(line) = self.line {
            write!(f, "{separator}line {line}")?;
            separator = ", ";
        }
        if let Some(row) = self.row {
            write!(f, "{separator}row {row}")?;
            separator = ", ";
        }
        if let Some(column) = &self.column {
            write!(f, "{separator}column {column:?}")?;
            separator = ", ";
        }
        if let (Some(byte), None) = (self.byte, self.line) {
            write!(f, "{separator}byte {byte}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { operation, source } => write!(f, "could not {operation}: {}", plain(source)),
            Self::UnknownFormat { known } => write!(
                f,
                "the format is not known from the name or the content; give it with --format ({})",
                known.join(", ")
            ),
            Self::Malformed { format, message } => write!(f, "not a readable {format} file: {message}"),
            Self::Cell { text, dtype, hint } => {
                write!(f, "{:?} is not {dtype}", Shortened(text))?;
                if !hint.is_empty() {
                    write!(f, "; {hint}")?;
                }
                Ok(())
            }
            Self::Ragged { expected, found } => {
                let are = if *expected == 1 { "is" } else { "are" };
                write!(f, "the row has {} where {expected} {are} expected", counted(*found, "cell"))?;
                f.write_str(match found < expected {
                    true => "; a cell without a value keeps its delimiter",
                    false => "; a cell that holds the delimiter must be quoted",
                })
            }
            Self::Empty { message }
            | Self::Shape { message }
            | Self::TooLarge { message }
            | Self::Pool { message }
            | Self::Engine { message } => f.write_str(message),
            Self::ColumnNotFound { name, available } => {
                write!(f, "no column {name:?}")?;
                if let Some(near) = nearest(name, available) {
                    write!(f, "; did you mean {near:?}?")?;
                }
                if available.is_empty() {
                    f.write_str(" (there are no columns)")
                } else {
                    write!(f, " (columns: {})", Listed(available))
                }
            }
            Self::DuplicateColumn { name } => {
                write!(f, "two columns would be called {name:?}; give one of them another name")
            }
            Self::Dtype { column, expected, found } => {
                write!(f, "column {column:?} holds {found}, and {expected} is wanted")
            }
            Self::NotHeld { column, found, format } => write!(
                f,
                "column {column:?} holds {found}, which {format} cannot hold; choose Arrow or Parquet, or the other columns"
            ),
            Self::Row { message, cause: RowFailure::Panicked } => {
                write!(f, "the row function panicked: {message}")
            }
            Self::Row { message, .. } => f.write_str(message),
            Self::TooManyFaults { limit, message } => {
                write!(f, "more than {} failed, this one last: {message}", counted(*limit as usize, "row"))
            }
            Self::InvalidOption { option, message } => write!(f, "{option}: {message}"),
            Self::Expression { text, message } => write!(f, "in {:?}: {message}", Shortened(text)),
            Self::Worker { command, message } => write!(f, "worker {:?}: {message}", Shortened(command)),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// The nearest of `available` to `name`, when one is near enough to be what was meant.
pub(crate) fn nearest<'a>(name: &str, available: &'a [String]) -> Option<&'a str> {
    let lower = name.to_lowercase();
    available
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.as_str())
}

/// What the system says without its “(os error 2)”, in the lower case of a fragment.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => error.kind().to_string(),
    }
}

/// The first names of a long list.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        f.write_str(&self.0[..self.0.len().min(SHOWN)].join(", "))?;
        if self.0.len() > SHOWN {
            write!(f, ", and {} more", self.0.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// A text of any length, cut where a message would drown in it.
struct Shortened<'a>(&'a str);

impl fmt::Debug for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 60;
        match self.0.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// So many of something, `one` being the word for one of them.
pub(crate) fn counted(n: usize, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    }
}
