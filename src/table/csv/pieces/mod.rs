//! A CSV file read piece by piece: what it holds is settled in a first pass, its rows are read in a second one.
//!
//! The first pass is over the columns whose dtypes the first rows only propose, and keeps nothing of them. What it says,
//! dtypes and errors alike, is what [`read`](super::read) says of the whole file.
//!
//! ```text
//! propose  what the first rows propose
//! look     the first pass
//! known    what it has found, for a later run
//! rows     the rows of a piece
//! once     rows that are read before all have been looked at, and what that leaves to know of the others
//! ```

mod known;
mod look;
mod once;
mod propose;
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::{DataType, PlSmallStr, Schema};

use crate::error::{Error, Result};

use super::super::pieces::{Buffers, ByteSource, Place, Strictness, TextPiece};
use super::super::read_options::ReadOptions;
use super::chunk::Wanted;
use super::cut::{Cutter, PieceSizes};
use super::dialect::Dialect;
use super::kind::Evidence;
use super::plain::is_plain;
use super::rows::{Nulls, Rows};
use known::KnownColumn;
pub(in crate::table) use look::{CsvFindings, CsvLook};
pub(crate) use once::{Seen, Sighting, Sightings, Watch};
use propose::head;

/// A CSV file of which the header and the first rows are known.
pub(crate) struct CsvPieces {
    pub(super) dialect: Dialect,
    /// What stands before the first row.
    pub(super) header: Arc<Vec<u8>>,
    options: ReadOptions,
    sizes: PieceSizes,
    strictness: Strictness,
    /// The columns of the file.
    columns: Arc<Vec<CsvColumn>>,
    /// Why the first rows propose nothing for some of them.
    contradictions: Vec<(usize, Error)>,
    /// The columns that are wanted of it.
    selection: Arc<Vec<usize>>,
    /// What first passes have found.
    known: Arc<Vec<KnownColumn>>,
    /// Where the pieces of the first pass begin, and in which lines.
    marks: Vec<(u64, u64)>,
    buffers: Buffers,
    n_pieces_by_cell: AtomicU64,
}

#[derive(Clone)]
struct CsvColumn {
    state: State,
    /// What its cells look like in the first rows, where these are to propose something, and as long as somebody may ask.
    sample: Option<Box<Evidence>>,
}

/// What is known of a column's dtype.
#[derive(Clone, Debug, PartialEq)]
enum State {
    /// A person gave it.
    Given(DataType),
    /// The first rows propose it; without a dtype, they hold no value.
    Proposed(Option<DataType>),
    /// All rows have been looked at; without a dtype, none holds a value.
    Settled { dtype: Option<DataType>, has_values: bool },
}

impl State {
    fn is_proposed(&self) -> bool {
        matches!(self, Self::Proposed(_))
    }
}

impl CsvPieces {
    /// Looks at the header and the first rows.
    pub(in crate::table) fn open(
        source: &mut ByteSource,
        options: &ReadOptions,
        sizes: PieceSizes,
        strictness: Strictness,
        check_cancelled: &dyn Fn() -> Result<()>,
    ) -> Result<Self> {
        let head = head(source, options, sizes.largest_row)?;
        let dialect = Dialect::find(&head, source.format, options)?;
        let selection = options.selection(&dialect.names)?;
        let header = Arc::new(head[..dialect.body.min(head.len())].to_vec());
        let mut pieces = Self {
            dialect,
            header,
            options: options.clone(),
            sizes,
            strictness,
            columns: Arc::default(),
            contradictions: Vec::new(),
            selection: Arc::new(selection),
            known: Arc::default(),
            marks: Vec::new(),
            buffers: Buffers::default(),
            n_pieces_by_cell: AtomicU64::new(0),
        };
        pieces.columns = Arc::new(pieces.propose(source, check_cancelled)?);
        Ok(pieces)
    }

    /// Gives up what only a run over one input asks for.
    pub(in crate::table) fn be_one_of_many(&mut self) {
        Arc::make_mut(&mut self.columns).iter_mut().for_each(|column| column.sample = None);
    }

    /// Shares with the file before what is the same of both.
    pub(in crate::table) fn share(&mut self, before: &Self) {
        if self.dialect.names == before.dialect.names {
            self.dialect.names = before.dialect.names.clone();
        }
        if self.selection == before.selection {
            self.selection = Arc::clone(&before.selection);
        }
        let is_same = |(mine, theirs): (&CsvColumn, &CsvColumn)| {
            mine.state == theirs.state && mine.sample.is_none() && theirs.sample.is_none()
        };
        if self.columns.len() == before.columns.len()
            && self.columns.iter().zip(&*before.columns).all(is_same)
        {
            self.columns = Arc::clone(&before.columns);
        }
        if self.known == before.known {
            self.known = Arc::clone(&before.known);
        }
        if self.header == before.header {
            self.header = Arc::clone(&before.header);
        }
    }

    fn state_mut(&mut self, index: usize) -> &mut State {
        &mut Arc::make_mut(&mut self.columns)[index].state
    }

    /// Takes the memory of the pieces from here.
    pub(in crate::table) fn with_buffers(mut self, buffers: &Buffers) -> Self {
        self.buffers = buffers.clone();
        self
    }

    /// The columns wanted, with their dtypes as far as they are known.
    pub(in crate::table) fn schema(&self) -> Schema {
        let fields = self.selection.iter().map(|&index| {
            let dtype = match &self.columns[index].state {
                State::Given(dtype) | State::Proposed(Some(dtype)) => dtype.clone(),
                State::Settled { dtype: Some(dtype), .. } => dtype.clone(),
                State::Proposed(None) | State::Settled { dtype: None, .. } => DataType::String,
            };
            (PlSmallStr::from_str(&self.dialect.names[index]), dtype)
        });
        fields.collect()
    }

    /// Whether a column's first rows hold no value, so that nothing is proposed.
    pub(in crate::table) fn is_unknown(&self, name: &str) -> bool {
        self.index(name).is_some_and(|index| matches!(self.columns[index].state, State::Proposed(None)))
    }

    /// Whether a column is known to hold no value at all; `None` where nobody has looked.
    pub(in crate::table) fn has_values(&self, name: &str) -> Option<bool> {
        match self.columns[self.index(name)?].state {
            State::Settled { has_values, .. } => Some(has_values),
            _ => None,
        }
    }

    /// Whether something of these columns must be looked for in all rows, or their first rows be trusted.
    pub(in crate::table) fn is_proposed<'n>(
        &self,
        mut columns: impl Iterator<Item = &'n PlSmallStr>,
    ) -> bool {
        columns.any(|name| self.index(name).is_some_and(|index| self.columns[index].state.is_proposed()))
    }

    /// Whether rows of these columns can be read as the first rows propose: a cell that asks for something else then shows
    /// itself as an error.
    pub(in crate::table) fn may_be_trusted<'n>(
        &self,
        mut columns: impl Iterator<Item = &'n PlSmallStr>,
    ) -> bool {
        columns.all(|name| {
            self.index(name).is_none_or(|index| {
                let is_contradicted =
                    self.contradictions.iter().any(|(contradicted, _)| *contradicted == index);
                !is_contradicted && !matches!(self.columns[index].state, State::Proposed(None))
            })
        })
    }

    /// Makes a column that its first rows made text one of this dtype, to be settled once more.
    pub(in crate::table) fn propose_instead(&mut self, name: &str, dtype: &DataType) {
        if let Some(index) = self.index(name)
            && matches!(self.columns[index].state, State::Proposed(_) | State::Settled { .. })
        {
            *self.state_mut(index) = State::Proposed(Some(dtype.clone()));
        }
    }

    /// The rows of the file, from the first one or from a place on.
    pub(in crate::table) fn cutter(
        &self,
        source: &ByteSource,
        target: usize,
        from: Option<Place>,
    ) -> Result<Cutter> {
        let sizes = PieceSizes { target, ..self.sizes };
        let limit = self.options.limit;
        let cutter = match from {
            Some(place) => {
                Cutter::new(source.stream_from(place.offset)?, &self.dialect, sizes, limit).from(place)
            }
            None => Cutter::new(source.stream()?, &self.dialect, sizes, limit),
        };
        Ok(cutter.with_buffers(&self.buffers))
    }

    /// The first rows of what can be read once, as many as are kept in memory.
    pub(in crate::table) fn cutter_of_sample(&self, source: &ByteSource, target: usize) -> Result<Cutter> {
        let sizes = PieceSizes { target, ..self.sizes };
        Ok(Cutter::new(source.sample()?, &self.dialect, sizes, self.options.limit).of_sample())
    }

    /// How many pieces have been read cell by cell so far, since there was something in them but plain numbers.
    pub(crate) fn n_pieces_by_cell(&self) -> u64 {
        self.n_pieces_by_cell.load(Ordering::Relaxed)
    }

    pub(super) fn rows<'a>(&'a self, piece: &'a TextPiece) -> Rows<'a> {
        Rows { bytes: &piece.bytes, start: 0, dialect: &self.dialect }
    }

    /// The columns that may be read in one pass over the bytes, and those that may not.
    fn ways<'w>(&self, wanted: &'w [Wanted]) -> (Vec<&'w Wanted>, Vec<&'w Wanted>) {
        match self.options.null_values.is_empty() {
            true => wanted.iter().partition(|wanted| is_plain(wanted)),
            false => (Vec::new(), wanted.iter().collect()),
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        let index = self.dialect.names.place(name)?;
        (self.is_whole() || self.selection.contains(&index)).then_some(index)
    }

    /// Whether all columns are wanted, as they stand.
    fn is_whole(&self) -> bool {
        self.options.columns.is_none()
    }

    fn nulls(&self) -> Nulls<'_> {
        Nulls { texts: &self.options.null_values }
    }
}

/// How many bytes the first rows are read in.
const SAMPLE_BYTES: usize = 1 << 20;
