//! An input, opened, of any format that is read piece by piece.

use std::path::Path;

use polars::prelude::{DataFrame, PlSmallStr, Schema};

use crate::error::{Error, Result};

use super::super::csv::{CsvFindings, CsvLook, CsvPieces, Cutter};
use super::super::format::Format;
use super::super::input::Input;
use super::super::read_options::ReadOptions;
use super::bytes::ByteSource;
use super::frame::{FramePieces, RowCutter, RowRange};
use super::parquet::{GroupCutter, GroupRows, ParquetPieces};
use super::{PieceSizes, TextPiece};

/// An input, opened: what it holds is known as far as its first rows or its metadata tell.
pub(crate) struct OpenInput {
    pub(crate) input: Input,
    source: ByteSource,
    rows: Rows,
}

enum Rows {
    Csv(CsvPieces),
    Parquet(ParquetPieces),
    Frame(FramePieces),
}

/// How many bytes of memory a byte of text may need until it is written, about: itself, its values, and new text.
pub(crate) const GROWTH: u64 = 8;

/// The same of a byte of values.
const GROWTH_OF_VALUES: u64 = 4;

/// Some rows, as they stand in an input.
pub(crate) enum Piece {
    /// Of a text file.
    Text(TextPiece),
    /// Of a row group.
    Group(GroupRows),
    /// Of an input that is in memory.
    Rows(RowRange),
}

/// What is looked for in a pass before the rows are read.
pub(crate) enum Look {
    Csv(CsvLook),
}

/// What such a pass has found.
pub(crate) enum Findings {
    Csv(CsvFindings),
}

/// Gives the pieces of an input, one after the other.
pub(crate) enum PieceCutter {
    Csv(Cutter),
    Group(GroupCutter),
    Rows(RowCutter),
}

/// How inputs are opened.
pub(crate) struct OpenOptions<'o> {
    pub(crate) read: &'o ReadOptions,
    pub(crate) sizes: PieceSizes,
    /// How many bytes of an input that cannot be read twice where it lies are kept in memory.
    pub(crate) in_memory: usize,
    pub(crate) check_cancelled: &'o (dyn Fn() -> Result<()> + Sync),
}

impl OpenInput {
    /// Opens an input.
    ///
    /// # Errors
    /// What can be told to be wrong with it without reading its rows.
    pub(crate) fn open(input: &Input, options: &OpenOptions) -> Result<Self> {
        let open = || {
            let mut source = ByteSource::open(input, options.read.format(), options.in_memory)?;
            let rows = match source.format {
                Format::Csv | Format::Tsv => Rows::Csv(CsvPieces::open(
                    &mut source,
                    options.read,
                    options.sizes,
                    &options.check_cancelled,
                )?),
                Format::Parquet => {
                    source.make_seekable(&options.check_cancelled)?;
                    let largest_page = options.sizes.largest_row.saturating_mul(2);
                    Rows::Parquet(ParquetPieces::open(&source, options.read, largest_page)?)
                }
                _ => Rows::Frame(FramePieces::open(&source, options.read)?),
            };
            Ok(Self { input: input.clone(), source, rows })
        };
        open().map_err(|error: crate::Error| error.in_file(input.label()))
    }

    /// What messages call it.
    pub(crate) fn label(&self) -> &Path {
        self.input.label()
    }

    /// Its format.
    pub(crate) fn format(&self) -> Format {
        self.source.format
    }

    /// Its size in bytes, packed, as far as it has been read where that is not known before.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.source.n_packed_bytes()
    }

    /// How many bytes its text has, where that is known.
    pub(crate) fn n_unpacked_bytes(&self) -> Option<u64> {
        self.source.len()
    }

    /// The columns wanted of it, with their dtypes as far as they are known.
    pub(crate) fn schema(&self) -> Schema {
        match &self.rows {
            Rows::Csv(rows) => rows.schema(),
            Rows::Parquet(rows) => rows.schema(),
            Rows::Frame(rows) => rows.schema(),
        }
    }

    /// Whether nothing is known yet of a column's dtype.
    pub(crate) fn is_unknown(&self, column: &str) -> bool {
        match &self.rows {
            Rows::Csv(rows) => rows.is_unknown(column),
            Rows::Parquet(_) | Rows::Frame(_) => false,
        }
    }

    /// Whether a column may hold a value.
    pub(crate) fn may_have_values(&self, column: &str) -> bool {
        match &self.rows {
            Rows::Csv(rows) => rows.has_values(column).unwrap_or(true),
            Rows::Parquet(_) => true,
            Rows::Frame(rows) => rows.may_have_values(column),
        }
    }

    /// What must be looked for before rows of the columns `needed` can be read; `None` when nothing must.
    pub(crate) fn next_look(&mut self, needed: &[PlSmallStr]) -> Result<Option<Look>> {
        let look = match &mut self.rows {
            Rows::Csv(rows) => {
                let every_dtype = !self.source.is_read_once();
                rows.next_look(needed.iter(), every_dtype).map(|look| look.map(Look::Csv))
            }
            Rows::Parquet(_) | Rows::Frame(_) => Ok(None),
        };
        look.map_err(|error| error.in_file(self.input.label()))
    }

    /// Makes it one that can be read more than once.
    pub(crate) fn make_repeatable(&mut self, check_cancelled: &dyn Fn() -> Result<()>) -> Result<()> {
        let Self { source, input, .. } = self;
        source.make_repeatable(check_cancelled).map_err(|error| error.in_file(input.label()))
    }

    /// How many rows are wanted of it and there, which it takes one pass to tell.
    pub(crate) fn count_rows(&self) -> Result<u64> {
        const PIECE_BYTES: usize = 1 << 20;
        let mut cutter = self.cutter(PIECE_BYTES, &[])?;
        let mut n_rows = 0;
        while let Some(piece) = cutter.next_piece().map_err(|error| error.in_file(self.label()))? {
            n_rows += piece.n_rows();
        }
        Ok(n_rows)
    }

    /// How many rows it has, where its metadata tells.
    pub(crate) fn n_rows(&self) -> Option<u64> {
        match &self.rows {
            Rows::Csv(_) => None,
            Rows::Parquet(rows) => Some(rows.n_rows()),
            Rows::Frame(rows) => Some(rows.n_rows()),
        }
    }

    /// Looks at a piece.
    pub(crate) fn look(&self, look: &Look, piece: &Piece) -> Result<Findings> {
        let found = match (&self.rows, look, piece) {
            (Rows::Csv(rows), Look::Csv(look), Piece::Text(piece)) => {
                rows.look(look, piece).map(Findings::Csv)
            }
            _ => Err(unlike()),
        };
        found.map_err(|error| error.in_file(self.label()))
    }

    /// Adds what was found in a piece to what was found in those before it.
    pub(crate) fn gather(
        &mut self,
        so_far: Option<Findings>,
        found: Findings,
        offset: u64,
        line: u64,
    ) -> Findings {
        match (&mut self.rows, so_far, found) {
            (Rows::Csv(rows), so_far, Findings::Csv(found)) => {
                let so_far = so_far.map(|Findings::Csv(so_far)| so_far);
                Findings::Csv(rows.gather(so_far, found, offset, line))
            }
            (_, _, found) => found,
        }
    }

    /// Settles what was looked for; gives what is to be looked for next.
    pub(crate) fn conclude(&mut self, look: Look, found: Option<Findings>) -> Result<Option<Look>> {
        let Self { source, rows, input } = self;
        let next = match (rows, look) {
            (Rows::Csv(rows), Look::Csv(look)) => {
                let found = found.map(|Findings::Csv(found)| found);
                rows.conclude(look, found, source).map(|next| next.map(Look::Csv))
            }
            _ => Err(unlike()),
        };
        next.map_err(|error| error.in_file(input.label()))
    }

    /// The pieces from the first row on, each of about `target` bytes in the columns that are to be read.
    pub(crate) fn cutter(&self, target: usize, columns: &[PlSmallStr]) -> Result<PieceCutter> {
        let cutter = match &self.rows {
            Rows::Csv(rows) => rows.cutter(&self.source, target).map(PieceCutter::Csv),
            Rows::Parquet(rows) => Ok(PieceCutter::Group(rows.cutter(of_values(target), columns))),
            Rows::Frame(rows) => Ok(PieceCutter::Rows(rows.cutter(of_values(target)))),
        };
        cutter.map_err(|error| error.in_file(self.label()))
    }

    /// The columns of these names in one piece.
    pub(crate) fn read(&self, piece: &Piece, columns: &[PlSmallStr]) -> Result<DataFrame> {
        let frame = match (&self.rows, piece) {
            (Rows::Csv(rows), Piece::Text(piece)) => rows.read(piece, columns),
            (Rows::Parquet(rows), Piece::Group(group)) => rows.read(&self.source, *group, columns),
            (Rows::Frame(rows), Piece::Rows(range)) => rows.read(*range, columns),
            _ => Err(unlike()),
        };
        frame.map_err(|error| error.in_file(self.label()))
    }

    /// The line that each of some rows of a piece starts on, in a text file.
    pub(crate) fn lines_of(&self, piece: &Piece, rows: &[u64]) -> Vec<Option<u64>> {
        match (&self.rows, piece) {
            (Rows::Csv(csv), Piece::Text(piece)) => {
                let lines = csv.lines_of(piece, rows);
                lines.into_iter().map(|line| Some(line? + piece.line - 1)).collect()
            }
            (Rows::Frame(frame), Piece::Rows(range)) => frame.lines_of(*range, rows),
            _ => vec![None; rows.len()],
        }
    }

    /// That it is still what it was when it was opened.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        self.source.check_unchanged().map_err(|error| error.in_file(self.label()))
    }

    /// How its cells are separated and what its first line is, where it is CSV.
    pub(crate) fn csv(&self) -> Option<&CsvPieces> {
        match &self.rows {
            Rows::Csv(rows) => Some(rows),
            Rows::Parquet(_) | Rows::Frame(_) => None,
        }
    }
}

/// The bytes of values that weigh as much as bytes of text.
fn of_values(n_bytes: usize) -> usize {
    n_bytes.saturating_mul((GROWTH / GROWTH_OF_VALUES) as usize)
}

/// What is said when pieces of one input are given to another.
fn unlike() -> Error {
    Error::engine("a piece of another input")
}

impl Piece {
    /// How many rows it has.
    pub(crate) fn n_rows(&self) -> u64 {
        match self {
            Self::Text(piece) => piece.n_rows,
            Self::Group(rows) => rows.n_rows as u64,
            Self::Rows(range) => range.n_rows as u64,
        }
    }

    /// The index in the input of its first row.
    pub(crate) fn first_row(&self) -> u64 {
        match self {
            Self::Text(piece) => piece.first_row,
            Self::Group(rows) => rows.first_row,
            Self::Rows(range) => range.first_row as u64,
        }
    }

    /// How many bytes of memory it may need until its rows are written, about.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Text(piece) => piece.bytes.len() as u64 * GROWTH,
            Self::Group(GroupRows { n_bytes, .. }) | Self::Rows(RowRange { n_bytes, .. }) => {
                *n_bytes as u64 * GROWTH_OF_VALUES
            }
        }
    }

    /// Where it starts: the byte, and the line.
    pub(crate) fn start(&self) -> (u64, u64) {
        match self {
            Self::Text(piece) => (piece.offset, piece.line),
            Self::Group(_) | Self::Rows(_) => (0, 1),
        }
    }
}

impl PieceCutter {
    /// The next piece; `None` behind the last row.
    pub(crate) fn next_piece(&mut self) -> Result<Option<Piece>> {
        match self {
            Self::Csv(cutter) => Ok(cutter.next_piece()?.map(Piece::Text)),
            Self::Group(cutter) => Ok(cutter.next_rows().map(Piece::Group)),
            Self::Rows(cutter) => Ok(cutter.next_range().map(Piece::Rows)),
        }
    }
}
