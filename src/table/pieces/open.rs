//! An input, opened, of any format.

use std::path::Path;
use std::sync::Arc;

use polars::prelude::{DataType, PlSmallStr, Schema};

use crate::error::{Error, Result};

use super::super::csv::{CsvFindings, CsvLook, CsvPieces, Seen, Sighting, Sightings, Watch};
use super::super::format::{Compression, Format};
use super::super::input::Input;
use super::super::matrix::MatrixOptions;
use super::super::parquet::EncodedColumns;
use super::super::read_options::ReadOptions;
use super::PieceSizes;
use super::buffers::Buffers;
use super::bytes::ByteSource;
use super::flaws::{ReadRows, Strictness};
use super::integers::Integers;
use super::ipc::{IpcPieces, StreamPieces};
use super::ndjson::{NdJsonFindings, NdJsonLook, NdJsonPieces};
use super::parquet::{GroupCutter, ParquetPieces};
use super::piece::{MatrixCutter, Piece, PieceCutter, Place, TextPiece, of_values};

/// An input, opened: what it holds is known as far as its first rows or its metadata tell.
pub(crate) struct OpenInput {
    pub(crate) input: Input,
    source: ByteSource,
    rows: Rows,
    /// How many rows a piece may have.
    most_rows: u64,
}

#[allow(clippy::large_enum_variant, reason = "an input has one")]
enum Rows {
    Csv(Box<CsvPieces>),
    NdJson(NdJsonPieces),
    Parquet(Arc<ParquetPieces>),
    Ipc(Box<IpcPieces>),
    Stream(Box<StreamPieces>),
    Matrix(MatrixOptions),
}

/// What is looked for in a pass before the rows are read.
pub(crate) enum Look {
    Csv(CsvLook),
    NdJson(NdJsonLook),
}

/// What such a pass has found.
pub(crate) enum Findings {
    Csv(CsvFindings),
    NdJson(NdJsonFindings),
}

/// What is known of the columns of an input before its rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// All.
    Known,
    /// What the first rows propose.
    Proposed,
    /// Too little.
    Unknown,
}

/// How inputs are opened.
pub(crate) struct OpenOptions<'o> {
    pub(crate) read: &'o ReadOptions,
    pub(crate) sizes: PieceSizes,
    /// What becomes of rows that cannot be read.
    pub(crate) strictness: Strictness,
    /// How many bytes of an input that cannot be read twice where it lies are kept in memory.
    pub(crate) in_memory: usize,
    /// The memory that pieces are read into: of thousands of inputs each would else keep some for itself.
    pub(crate) buffers: &'o Buffers,
    pub(crate) check_cancelled: &'o (dyn Fn() -> Result<()> + Sync),
}

impl OpenInput {
    /// Opens an input.
    ///
    /// # Errors
    /// What can be told to be wrong with it without reading its rows.
    pub(crate) fn open(input: &Input, options: &OpenOptions) -> Result<Self> {
        let OpenOptions { read, sizes, strictness, check_cancelled, .. } = *options;
        let open = || {
            let mut source = ByteSource::open(input, read, options.in_memory)?;
            let rows = match source.format {
                Format::Csv | Format::Tsv => {
                    let rows = CsvPieces::open(&mut source, read, sizes, strictness, &check_cancelled)?;
                    Rows::Csv(Box::new(rows.with_buffers(options.buffers)))
                }
                Format::NdJson => Rows::NdJson(NdJsonPieces::new(read, sizes, strictness)),
                Format::Parquet => {
                    source.make_seekable(&check_cancelled)?;
                    Rows::Parquet(Arc::new(ParquetPieces::open(&source, read, sizes.largest_row)?))
                }
                Format::Ipc => {
                    source.make_seekable(&check_cancelled)?;
                    Rows::Ipc(Box::new(IpcPieces::open(&source, read, sizes.largest_row)?))
                }
                Format::IpcStream => {
                    Rows::Stream(Box::new(StreamPieces::open(&source, read, sizes.largest_row)?))
                }
            };
            Ok(Self { input: input.clone(), source, rows, most_rows: sizes.most_rows })
        };
        open().map_err(|error: Error| error.in_file(input.label()))
    }

    /// A random matrix, which is made as it is read.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) when there are no integers to draw from, and for more columns than
    /// fit into `largest_row` bytes.
    pub(crate) fn matrix(options: &MatrixOptions, largest_row: usize, most_rows: u64) -> Result<Self> {
        options.check_range()?;
        if options.columns > largest_row / size_of::<i64>() {
            let message = format!("a row of {} columns does not fit into memory", options.columns);
            return Err(Error::invalid_option("columns", message));
        }
        Ok(Self { input: Input::Stdin, source: ByteSource::none(), rows: Rows::Matrix(*options), most_rows })
    }

    /// What messages call it.
    pub(crate) fn label(&self) -> &Path {
        self.input.label()
    }

    /// Its format.
    pub(crate) fn format(&self) -> Format {
        self.source.format
    }

    /// How its bytes are packed.
    pub(crate) fn compression(&self) -> Compression {
        self.source.compression
    }

    /// Whether it is a file that lies there, and no pipe.
    pub(crate) fn is_regular(&self) -> bool {
        self.input.path().is_some_and(Path::is_file)
    }

    /// Whether its rows are made as they are read.
    pub(crate) fn is_generated(&self) -> bool {
        matches!(self.rows, Rows::Matrix(_))
    }

    /// Its size in bytes, packed, as far as it has been read where that is not known before.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.source.n_packed_bytes()
    }

    /// The bytes of the input, as it lies there, that a piece stands for. `n_seen` is how many packed ones were read before.
    pub(crate) fn n_bytes_of(&self, piece: &Piece, n_seen: &mut u64) -> u64 {
        match (piece, self.n_rows()) {
            (Piece::Text(piece), _) if self.source.len().is_some() => piece.bytes.len() as u64,
            (Piece::Group(_) | Piece::Batch(_), Some(n_rows)) if n_rows > 0 => {
                (u128::from(self.n_bytes()) * u128::from(piece.n_rows()) / u128::from(n_rows)) as u64
            }
            (Piece::Matrix(_), _) => 0,
            (Piece::Batch(batch), _) => batch.n_bytes as u64,
            _ => {
                let now = self.source.n_streamed_bytes();
                now.saturating_sub(std::mem::replace(n_seen, now))
            }
        }
    }

    /// Its size in bytes as it lies there, where that is known before it is read.
    pub(crate) fn n_bytes_in_all(&self) -> Option<u64> {
        let is_known = !self.source.is_read_once() && !matches!(self.rows, Rows::Matrix(_) | Rows::Stream(_));
        is_known.then(|| self.n_bytes())
    }

    /// How many bytes of it are kept in memory, about.
    pub(crate) fn n_bytes_kept(&self) -> usize {
        let of_rows = match &self.rows {
            Rows::Parquet(rows) => rows.n_bytes_kept(),
            _ => 0,
        };
        self.source.n_bytes_kept() + of_rows
    }

    /// Keeps no more of it than one of many inputs should: shares with the one before what is the same of both, and, where
    /// there is no memory for it, reads again what can be.
    pub(crate) fn be_one_of_many(&mut self, before: Option<&Self>, in_memory: usize) {
        let is_too_much = self.n_bytes_kept() > in_memory;
        match (&mut self.rows, before.map(|before| &before.rows)) {
            (Rows::Csv(rows), before) => {
                rows.be_one_of_many();
                if let Some(Rows::Csv(before)) = before {
                    rows.share(before);
                }
            }
            (Rows::NdJson(rows), Some(Rows::NdJson(before))) => rows.share(before),
            (Rows::Ipc(rows), Some(Rows::Ipc(before))) => rows.share(before),
            (Rows::Parquet(rows), before) => {
                let Some(rows) = Arc::get_mut(rows) else { return };
                if is_too_much {
                    rows.forget_groups();
                }
                if let Some(Rows::Parquet(before)) = before {
                    rows.share(before);
                }
            }
            _ => {}
        }
    }

    /// How many bytes its text has, where that is known.
    pub(crate) fn n_unpacked_bytes(&self) -> Option<u64> {
        self.source.len()
    }

    /// The columns wanted of it, with their dtypes as far as they are known.
    pub(crate) fn schema(&self) -> Schema {
        match &self.rows {
            Rows::Csv(rows) => rows.schema(),
            Rows::NdJson(rows) => rows.schema(),
            Rows::Parquet(rows) => rows.schema(),
            Rows::Ipc(rows) => rows.schema(),
            Rows::Stream(rows) => rows.schema(),
            Rows::Matrix(options) => options.schema(),
        }
    }

    /// Whether it has no rows, and nothing else that tells what its columns are.
    pub(crate) fn has_no_columns(&self) -> bool {
        matches!(&self.rows, Rows::NdJson(rows) if rows.has_no_columns())
    }

    /// Whether nothing is known yet of a column's dtype.
    pub(crate) fn is_unknown(&self, column: &str) -> bool {
        self.csv().is_some_and(|rows| rows.is_unknown(column))
    }

    /// Whether a column may hold a value.
    pub(crate) fn may_have_values(&self, column: &str) -> bool {
        self.csv().and_then(|rows| rows.has_values(column)).unwrap_or(true)
    }

    /// What must be looked for before rows of the columns `needed` can be read; `None` when nothing must. Of a format in
    /// which nothing tells the columns, these are looked for first, whatever is needed.
    pub(crate) fn next_look(&mut self, needed: &[PlSmallStr]) -> Result<Option<Look>> {
        let look = match &mut self.rows {
            Rows::Csv(rows) => {
                let every_dtype = !self.source.is_read_once();
                rows.next_look(needed.iter(), every_dtype).map(|look| look.map(Look::Csv))
            }
            Rows::NdJson(rows) => Ok(rows.next_look().map(Look::NdJson)),
            Rows::Parquet(_) | Rows::Ipc(_) | Rows::Stream(_) | Rows::Matrix(_) => Ok(None),
        };
        look.map_err(|error| error.in_file(self.input.label()))
    }

    /// What passes over all rows have found that hangs on the file and on how it is read alone, as texts.
    pub(crate) fn known(&self) -> Vec<Vec<String>> {
        match &self.rows {
            Rows::Csv(rows) => rows.known(),
            Rows::NdJson(rows) => rows.known(),
            Rows::Parquet(_) | Rows::Ipc(_) | Rows::Stream(_) | Rows::Matrix(_) => Vec::new(),
        }
    }

    /// Takes what an earlier run over the same file, read in the same way, has [found](Self::known).
    pub(crate) fn know(&mut self, known: &[Vec<String>]) {
        match &mut self.rows {
            Rows::Csv(rows) => rows.know(known),
            Rows::NdJson(rows) => rows.know(known),
            Rows::Parquet(_) | Rows::Ipc(_) | Rows::Stream(_) | Rows::Matrix(_) => {}
        }
    }

    /// Whether its rows can be read as the first ones propose where `next_look` would look through all of them before.
    pub(crate) fn trust(&self, columns: &[PlSmallStr]) -> Trust {
        match self.csv() {
            Some(rows) if !rows.is_proposed(columns.iter()) => Trust::Known,
            Some(rows) if !rows.may_be_trusted(columns.iter()) => Trust::Unknown,
            Some(_) => Trust::Proposed,
            None => Trust::Known,
        }
    }

    /// Whether it can be read once only.
    pub(crate) fn is_read_once(&self) -> bool {
        self.source.is_read_once()
    }

    /// Those of some columns of CSV whose dtypes the first rows only propose.
    pub(crate) fn watch(&self, columns: &[PlSmallStr]) -> Result<(Watch, Sightings)> {
        let csv = self.csv().ok_or_else(unlike)?;
        let watch = csv.watch(columns);
        let seen = csv.sightings(&watch);
        Ok((watch, seen))
    }

    /// Whether later rows may make another dtype of the one that is proposed for a column.
    pub(crate) fn may_widen(&self, column: &str) -> bool {
        self.csv().is_some_and(|csv| csv.may_widen(column))
    }

    /// The columns of these names in one piece; those that are watched by these dtypes.
    pub(crate) fn read_watched(
        &self,
        piece: &Piece,
        columns: &[PlSmallStr],
        dtypes: &Schema,
        watch: &Watch,
        integers: Integers,
    ) -> Result<Seen> {
        let (csv, piece) = self.csv_piece(piece)?;
        let seen = csv.read_watched(piece, columns, dtypes, watch, integers);
        match seen.map_err(|error| error.in_file(self.label()))? {
            Seen::Fault(error, sighting) => Ok(Seen::Fault(error.in_file(self.label()), sighting)),
            seen => Ok(seen),
        }
    }

    /// What the cells of the watched columns look like in a piece.
    pub(crate) fn sight(&self, piece: &Piece, watch: &Watch) -> Result<Sighting> {
        let (csv, piece) = self.csv_piece(piece)?;
        csv.sight(piece, watch).map_err(|error| error.in_file(self.label()))
    }

    /// The dtypes of the watched columns as far as rows have been seen.
    pub(crate) fn settle_seen(&self, watch: &Watch, seen: &Sightings) -> Result<Vec<(PlSmallStr, DataType)>> {
        let csv = self.csv().ok_or_else(unlike)?;
        csv.settle_seen(watch, seen).map_err(|error| error.in_file(self.label()))
    }

    fn csv_piece<'p>(&self, piece: &'p Piece) -> Result<(&CsvPieces, &'p TextPiece)> {
        match (self.csv(), piece) {
            (Some(csv), Piece::Text(piece)) => Ok((csv, piece)),
            _ => Err(unlike()),
        }
    }

    /// The pieces of the first rows, as many as are kept in memory, without using up what can be read once.
    pub(crate) fn cutter_of_sample(&self, target: usize) -> Result<PieceCutter> {
        let csv = self.csv().ok_or_else(unlike)?;
        let cutter =
            csv.cutter_of_sample(&self.source, target).map_err(|error| error.in_file(self.label()))?;
        Ok(PieceCutter::Csv(Box::new(cutter)))
    }

    /// Lets the system's cache keep nothing of what has been read of it, since it cannot hold all that is read.
    pub(crate) fn keep_nothing_behind(&self) {
        self.source.keep_nothing_behind();
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
            Rows::Csv(_) | Rows::NdJson(_) | Rows::Stream(_) => None,
            Rows::Parquet(rows) => Some(rows.n_rows()),
            Rows::Ipc(rows) => Some(rows.n_rows()),
            Rows::Matrix(options) => Some(options.rows as u64),
        }
    }

    /// Looks at a piece.
    pub(crate) fn look(&self, look: &Look, piece: &Piece) -> Result<Findings> {
        let found = match (&self.rows, look, piece) {
            (Rows::Csv(rows), Look::Csv(look), Piece::Text(piece)) => {
                rows.look(look, piece).map(Findings::Csv)
            }
            (Rows::NdJson(rows), Look::NdJson(look), Piece::Text(piece)) => {
                rows.look(look, piece).map(Findings::NdJson)
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
            (Rows::Csv(rows), Some(Findings::Csv(so_far)), Findings::Csv(found)) => {
                Findings::Csv(rows.gather(Some(so_far), found, offset, line))
            }
            (Rows::Csv(rows), None, Findings::Csv(found)) => {
                Findings::Csv(rows.gather(None, found, offset, line))
            }
            (Rows::NdJson(rows), Some(Findings::NdJson(so_far)), Findings::NdJson(found)) => {
                Findings::NdJson(rows.gather(Some(so_far), found, offset, line))
            }
            (Rows::NdJson(rows), None, Findings::NdJson(found)) => {
                Findings::NdJson(rows.gather(None, found, offset, line))
            }
            (_, _, found) => found,
        }
    }

    /// Settles what was looked for; gives what is to be looked for next.
    pub(crate) fn conclude(&mut self, look: Look, found: Option<Findings>) -> Result<Option<Look>> {
        let Self { source, rows, input, .. } = self;
        let next = match (rows, look, found) {
            (Rows::Csv(rows), Look::Csv(look), Some(Findings::Csv(found))) => {
                rows.conclude(look, Some(found), source).map(|next| next.map(Look::Csv))
            }
            (Rows::Csv(rows), Look::Csv(look), None) => {
                rows.conclude(look, None, source).map(|next| next.map(Look::Csv))
            }
            (Rows::NdJson(rows), Look::NdJson(_), Some(Findings::NdJson(found))) => {
                rows.conclude(Some(found), source).map(|next| next.map(Look::NdJson))
            }
            (Rows::NdJson(rows), Look::NdJson(_), None) => {
                rows.conclude(None, source).map(|next| next.map(Look::NdJson))
            }
            _ => Err(unlike()),
        };
        next.map_err(|error| error.in_file(input.label()))
    }

    /// The pieces from the first row on, each of about `target` bytes in the columns that are to be read.
    pub(crate) fn cutter(&self, target: usize, columns: &[PlSmallStr]) -> Result<PieceCutter> {
        self.cutter_from(target, columns, None)
    }

    /// The same from a place on that an earlier run has come to.
    pub(crate) fn cutter_from(
        &self,
        target: usize,
        columns: &[PlSmallStr],
        from: Option<Place>,
    ) -> Result<PieceCutter> {
        let (source, most_rows) = (&self.source, self.most_rows);
        let first_row = from.map_or(0, |place| place.row);
        let cutter = match &self.rows {
            Rows::Csv(rows) => {
                rows.cutter(source, target, from).map(|cutter| PieceCutter::Csv(Box::new(cutter)))
            }
            Rows::NdJson(rows) => {
                rows.cutter(source, target, from).map(|cutter| PieceCutter::Lines(Box::new(cutter)))
            }
            Rows::Parquet(rows) => source.share().and_then(|source| {
                let mut cutter = GroupCutter::new(Arc::clone(rows), source, of_values(target), columns)?;
                cutter.pass(first_row, most_rows)?;
                Ok(PieceCutter::Groups(Box::new(cutter)))
            }),
            Rows::Ipc(rows) => source.share().map(|source| {
                let mut cutter = rows.cutter(source, of_values(target), columns);
                cutter.pass(first_row, most_rows);
                PieceCutter::Batches(Box::new(cutter))
            }),
            Rows::Stream(rows) => {
                let cutter = rows.cutter(source, of_values(target), columns).map(|mut cutter| {
                    cutter.pass(first_row, most_rows);
                    cutter
                });
                cutter.map(|cutter| PieceCutter::Stream(Box::new(cutter)))
            }
            Rows::Matrix(options) => {
                let cutter = MatrixCutter::new(options, of_values(target), most_rows, first_row);
                Ok(PieceCutter::Matrix(cutter))
            }
        };
        cutter.map_err(|error| error.in_file(self.label()))
    }

    /// The columns of these names in one piece, and what is wrong with its rows.
    pub(crate) fn read(&self, piece: &Piece, columns: &[PlSmallStr], integers: Integers) -> Result<ReadRows> {
        let frame = match (&self.rows, piece) {
            (Rows::Csv(rows), Piece::Text(piece)) => {
                let read = rows.read_rows(piece, columns, integers);
                return read.map_err(|error| error.in_file(self.label()));
            }
            (Rows::NdJson(rows), Piece::Text(piece)) => {
                return rows.read_rows(piece, columns).map_err(|error| error.in_file(self.label()));
            }
            (Rows::Parquet(rows), Piece::Group(group)) => rows.read(&self.source, group, columns, integers),
            (Rows::Ipc(rows), Piece::Batch(batch)) => rows.read(batch, columns),
            (Rows::Stream(rows), Piece::Batch(batch)) => rows.read(batch, columns),
            (Rows::Matrix(options), Piece::Matrix(rows)) => {
                options.rows_of(columns, rows.first_row, rows.n_rows)
            }
            _ => Err(unlike()),
        };
        frame.map(ReadRows::from).map_err(|error| error.in_file(self.label()))
    }

    /// Makes a column that its first rows made text one of this dtype, to be settled once more.
    pub(crate) fn propose_instead(&mut self, column: &str, dtype: &DataType) {
        if let Rows::Csv(rows) = &mut self.rows {
            rows.propose_instead(column, dtype);
        }
    }

    /// The line that each of some rows of a piece starts on, in a text file; the rows lowest first.
    pub(crate) fn lines_of(&self, piece: &Piece, rows: &[u64]) -> Vec<Option<u64>> {
        match (&self.rows, piece) {
            (Rows::Csv(csv), Piece::Text(piece)) => {
                let lines = csv.lines_of(piece, rows);
                lines.into_iter().map(|line| Some(line? + piece.line - 1)).collect()
            }
            (Rows::NdJson(lines), Piece::Text(piece)) => lines.lines_of(piece, rows),
            _ => vec![None; rows.len()],
        }
    }

    /// Its columns as they are encoded, where they can be copied into another file.
    pub(crate) fn encoded(&self) -> Option<EncodedColumns> {
        match &self.rows {
            Rows::Parquet(rows) => rows.encoded(&self.source, self.label()),
            _ => None,
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
            _ => None,
        }
    }
}

/// What is said when pieces of one input are given to another.
fn unlike() -> Error {
    Error::engine("a piece of another input")
}
