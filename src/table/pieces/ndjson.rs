//! NDJSON piece by piece: a first pass finds the keys of all lines and their dtypes, a second one reads the rows.

use std::sync::Arc;

use polars::prelude::*;

use crate::error::{Error, Result};

use super::super::cast::apply_dtypes;
use super::super::csv::PieceSizes;
use super::super::dtype::{dtype_name, parse_dtype};
use super::super::ndjson::{self, IntegerCheck, Key};
use super::super::read_options::ReadOptions;
use super::bytes::{ByteSource, Unpacked};
use super::flaws::{ReadRows, Strictness};
use super::ndjson_flaws::read_leniently;
use super::piece::{Place, TextPiece};

/// An NDJSON file.
pub(super) struct NdJsonPieces {
    pub(super) options: ReadOptions,
    sizes: PieceSizes,
    strictness: Strictness,
    /// Whether the first pass has found lines that cannot be read.
    is_flawed: bool,
    /// The columns wanted, with the dtypes of their values; `None` before the first pass.
    pub(super) in_file: Option<Arc<Schema>>,
    /// What the integers of some columns must fit.
    pub(super) checks: Vec<(PlSmallStr, IntegerCheck)>,
    /// Where the pieces of the first pass begin, and in which lines.
    marks: Vec<(u64, u64)>,
}

/// What is looked for in a first pass.
pub(crate) enum NdJsonLook {
    /// The keys, and what their values are.
    Keys,
    /// Integers that the other values of their columns do not leave as they are.
    Integers(Vec<(PlSmallStr, IntegerCheck)>),
}

/// What was found.
pub(crate) enum NdJsonFindings {
    /// The keys, whether all lines are objects, and whether there are lines at all.
    Keys(Vec<Key>, bool, bool),
    /// For each column the first such integer.
    Integers(Vec<Option<Error>>),
}

impl NdJsonPieces {
    pub(super) fn new(options: &ReadOptions, sizes: PieceSizes, strictness: Strictness) -> Self {
        Self {
            options: options.clone(),
            sizes,
            strictness,
            is_flawed: false,
            in_file: None,
            checks: Vec::new(),
            marks: Vec::new(),
        }
    }

    pub(super) fn schema(&self) -> Schema {
        let given = |(name, dtype): (&PlSmallStr, &DataType)| {
            (name.clone(), self.options.dtype_of(name).unwrap_or(dtype).clone())
        };
        self.in_file.iter().flat_map(|schema| schema.iter()).map(given).collect()
    }

    /// Whether there are no rows to tell what the columns are.
    pub(super) fn has_no_columns(&self) -> bool {
        self.in_file.as_ref().is_some_and(|schema| schema.is_empty())
    }

    /// Shares with the file before what is the same of both.
    pub(super) fn share(&mut self, before: &Self) {
        if self.in_file == before.in_file {
            self.in_file.clone_from(&before.in_file);
        }
    }

    /// What the first pass has found, for a later run; nothing where it takes more than names and dtypes to tell.
    pub(super) fn known(&self) -> Vec<Vec<String>> {
        let Some(in_file) = self.in_file.as_ref().filter(|_| !self.is_flawed && self.checks.is_empty())
        else {
            return Vec::new();
        };
        let texts = |(name, dtype): (&PlSmallStr, &DataType)| {
            let of_dtype =
                Some(dtype_name(dtype)).filter(|name| parse_dtype(name).is_ok_and(|it| it == *dtype));
            Some(vec![name.to_string(), of_dtype?])
        };
        in_file.iter().map(texts).collect::<Option<_>>().unwrap_or_default()
    }

    /// Takes what a first pass over the same file, read in the same way, has found.
    pub(super) fn know(&mut self, known: &[Vec<String>]) {
        let field = |texts: &Vec<String>| match &texts[..] {
            [name, dtype] => Some((PlSmallStr::from_str(name), parse_dtype(dtype).ok()?)),
            _ => None,
        };
        let schema: Option<Schema> = known.iter().map(field).collect();
        self.in_file = schema.filter(|schema| !schema.is_empty()).map(Arc::new);
    }

    pub(super) fn next_look(&self) -> Option<NdJsonLook> {
        self.in_file.is_none().then_some(NdJsonLook::Keys)
    }

    pub(super) fn look(&self, look: &NdJsonLook, piece: &TextPiece) -> Result<NdJsonFindings> {
        let place = |error: Error| error.moved(0, piece.line - 1, piece.offset);
        Ok(match look {
            NdJsonLook::Keys => {
                let (keys, are_objects) = match self.strictness {
                    Strictness::Strict => (ndjson::keys_of(&piece.bytes).map_err(place)?, true),
                    Strictness::Lenient => ndjson::keys_of_objects(&piece.bytes)?,
                };
                let keys = keys.into_iter().map(|key| key.moved(piece.offset as usize));
                NdJsonFindings::Keys(keys.collect(), are_objects, piece.n_rows > 0)
            }
            NdJsonLook::Integers(columns) => {
                // Lines that are no objects have been seen before.
                if self.is_flawed {
                    return Ok(NdJsonFindings::Integers(Vec::new()));
                }
                let first = |(name, check): &(PlSmallStr, IntegerCheck)| {
                    check.first_misfit(name, &piece.bytes).map(|error| error.map(place))
                };
                NdJsonFindings::Integers(columns.iter().map(first).collect::<Result<_>>()?)
            }
        })
    }

    pub(super) fn gather(
        &mut self,
        so_far: Option<NdJsonFindings>,
        found: NdJsonFindings,
        offset: u64,
        line: u64,
    ) -> NdJsonFindings {
        self.marks.push((offset, line));
        match (so_far, found) {
            (
                Some(NdJsonFindings::Keys(mut all, are, has)),
                NdJsonFindings::Keys(found, are_too, has_too),
            ) => {
                ndjson::merge_keys(&mut all, found);
                NdJsonFindings::Keys(all, are && are_too, has || has_too)
            }
            (Some(NdJsonFindings::Integers(mut all)), NdJsonFindings::Integers(found)) => {
                for (all, found) in all.iter_mut().zip(found) {
                    if all.is_none() {
                        *all = found;
                    }
                }
                NdJsonFindings::Integers(all)
            }
            (_, found) => found,
        }
    }

    pub(super) fn conclude(
        &mut self,
        found: Option<NdJsonFindings>,
        source: &ByteSource,
    ) -> Result<Option<NdJsonLook>> {
        match found {
            Some(NdJsonFindings::Integers(found)) => match found.into_iter().flatten().next() {
                Some(error) if self.strictness == Strictness::Strict => Err(error),
                misfit => {
                    self.is_flawed |= misfit.is_some();
                    Ok(None)
                }
            },
            None | Some(NdJsonFindings::Keys(_, _, false)) => {
                self.in_file = Some(Arc::new(ndjson::columns_without_rows(&self.options)));
                Ok(None)
            }
            Some(NdJsonFindings::Keys(keys, are_objects, true)) => {
                self.is_flawed = !are_objects;
                let names: Vec<String> = keys.iter().map(|key| key.name.to_string()).collect();
                let selection = self.options.selection(&names)?;
                let mut schema = Schema::with_capacity(selection.len());
                let mut checks = Vec::new();
                for &index in &selection {
                    let key = &keys[index];
                    let joined = match self.strictness {
                        Strictness::Strict => key.joined(self.options.dtype_of(&key.name)),
                        Strictness::Lenient => {
                            let (joined, holds_all) = key.joined_leniently();
                            self.is_flawed |= !holds_all;
                            Ok(joined)
                        }
                    };
                    let joined = joined.map_err(|(offset, error)| match self.line_of(offset, source) {
                        Ok(line) => error.at_line(line),
                        Err(error) => error,
                    })?;
                    checks.extend(joined.check.map(|check| (key.name.clone(), check)));
                    schema.with_column(key.name.clone(), joined.dtype);
                }
                if schema.is_empty() {
                    return Err(Error::malformed(ndjson::NAME, "its objects have no keys"));
                }
                self.in_file = Some(Arc::new(schema));
                self.checks.clone_from(&checks);
                Ok((!checks.is_empty()).then_some(NdJsonLook::Integers(checks)))
            }
        }
    }

    pub(super) fn cutter(
        &self,
        source: &ByteSource,
        target: usize,
        from: Option<Place>,
    ) -> Result<LineCutter> {
        let stream = match from {
            Some(place) => source.stream_from(place.offset)?,
            None => source.stream()?,
        };
        let Place { offset, line, row } = from.unwrap_or(Place { offset: 0, line: 1, row: 0 });
        // Blank lines are no rows.
        let n_rows = if self.has_no_columns() { Some(0) } else { self.options.limit };
        Ok(LineCutter {
            stream,
            target,
            largest_row: self.sizes.largest_row,
            most_rows: self.sizes.most_rows,
            n_rows_left: n_rows.map_or(u64::MAX, |limit| limit as u64).saturating_sub(row),
            rest: Vec::new(),
            is_read: false,
            offset,
            line,
            row,
        })
    }

    /// The columns of these names in one piece, and what is wrong with its rows.
    pub(super) fn read_rows(&self, piece: &TextPiece, columns: &[PlSmallStr]) -> Result<ReadRows> {
        if !self.is_flawed {
            match self.read(piece, columns) {
                Err(_) if self.strictness == Strictness::Lenient => {}
                read => return read.map(ReadRows::from),
            }
        }
        read_leniently(self, piece, columns)
    }

    /// The dtypes that the values of some columns have in the file.
    pub(super) fn in_file(&self, columns: &[PlSmallStr]) -> Result<Schema> {
        let of_name = |name: &PlSmallStr| {
            let dtype = self.in_file.as_ref().and_then(|schema| schema.get(name));
            let dtype = dtype.ok_or_else(|| Error::engine("a column of no schema"))?;
            Ok((name.clone(), dtype.clone()))
        };
        columns.iter().map(of_name).collect()
    }

    fn read(&self, piece: &TextPiece, columns: &[PlSmallStr]) -> Result<DataFrame> {
        let schema = self.in_file(columns)?;
        if schema.is_empty() {
            return DataFrame::new(piece.n_rows as usize, Vec::new()).map_err(Error::engine);
        }
        let frame = ndjson::parse(&piece.bytes, &schema).map_err(|error| piece.place(error))?;
        if frame.height() as u64 != piece.n_rows {
            return Err(Error::engine(format!("{} lines became {} rows", piece.n_rows, frame.height())));
        }
        apply_dtypes(frame, &self.options).map_err(|error| {
            let line = error.position().row.and_then(|row| self.lines_of(piece, &[row])[0]);
            let error = error.moved(piece.first_row, 0, 0);
            match line {
                Some(line) => error.at_line(line),
                None => error,
            }
        })
    }

    /// The line of the file that each of some rows of a piece is.
    pub(super) fn lines_of(&self, piece: &TextPiece, rows: &[u64]) -> Vec<Option<u64>> {
        let lines: Vec<u64> = ndjson::row_lines(&piece.bytes).collect();
        rows.iter().map(|row| Some(lines.get(*row as usize)? + piece.line - 1)).collect()
    }

    fn line_of(&self, offset: usize, source: &ByteSource) -> Result<u64> {
        let behind = self.marks.partition_point(|(start, _)| *start <= offset as u64);
        let (start, line) = self.marks.get(behind.saturating_sub(1)).copied().unwrap_or((0, 1));
        let before = source.range(start..offset as u64)?;
        Ok(line + memchr::memchr_iter(b'\n', &before).count() as u64)
    }
}

/// Cuts at line ends.
pub(crate) struct LineCutter {
    stream: Unpacked,
    target: usize,
    largest_row: usize,
    most_rows: u64,
    n_rows_left: u64,
    rest: Vec<u8>,
    is_read: bool,
    offset: u64,
    line: u64,
    row: u64,
}

impl LineCutter {
    pub(super) fn next_piece(&mut self) -> Result<Option<TextPiece>> {
        if self.n_rows_left == 0 {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.rest);
        let mut wanted = self.target.max(1);
        let end = loop {
            if !self.is_read && bytes.len() < wanted {
                let missing = wanted - bytes.len();
                bytes.reserve(missing + 64);
                self.is_read = self.stream.fill(&mut bytes, missing)?;
            }
            match memchr::memrchr(b'\n', &bytes) {
                _ if self.is_read => break bytes.len(),
                Some(newline) => break newline + 1,
                None if bytes.len() > self.largest_row => {
                    let message = format!(
                        "the line is larger than the {} bytes that fit; raise --memory-limit",
                        self.largest_row
                    );
                    return Err(Error::too_large(message).at_line(self.line).at_byte(self.offset));
                }
                None => wanted = (bytes.len() * 2).max(self.target).min(self.largest_row.saturating_add(1)),
            }
        };
        self.rest = bytes.split_off(end);
        if bytes.is_empty() {
            return Ok(None);
        }
        if self.offset == 0 && bytes.starts_with(ndjson::BYTE_ORDER_MARK) {
            bytes.drain(..ndjson::BYTE_ORDER_MARK.len());
            self.offset = ndjson::BYTE_ORDER_MARK.len() as u64;
        }
        let limit = usize::try_from(self.n_rows_left.min(self.most_rows)).unwrap_or(usize::MAX);
        let mut behind = bytes.split_off(ndjson::end_of_rows(&bytes, limit));
        if !behind.is_empty() {
            // So that the next pieces are about as large, and nothing is put back again and again.
            self.target = bytes.len().max(1);
            behind.append(&mut self.rest);
            self.rest = behind;
        }
        let n_rows = ndjson::lines(&bytes).count() as u64;
        self.n_rows_left -= n_rows;
        let largest_row = self.largest(&bytes)?;
        let mut piece = TextPiece::new(bytes.into(), self.offset, self.line, self.row, n_rows);
        piece.largest_row = largest_row;
        self.offset += piece.bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', &piece.bytes).count() as u64;
        self.row += n_rows;
        Ok(Some(piece))
    }

    /// What the largest line takes while it is read, where it is a long one: the engine makes values of all that stands in a line before
    /// it makes columns of any.
    fn largest(&self, bytes: &[u8]) -> Result<u64> {
        const LONG: usize = 64 << 10;
        const OF_A_BYTE: u64 = 5;
        const OF_A_VALUE: u64 = 112;
        let mut largest = 0;
        for (index, (offset, line)) in
            ndjson::lines(bytes).enumerate().filter(|(_, (_, line))| line.len() > LONG)
        {
            let n_values = memchr::memchr_iter(b',', line).count() as u64 + 1;
            let n_bytes = line.len() as u64 * OF_A_BYTE + n_values * OF_A_VALUE;
            let most = self.largest_row as u64 * 3;
            if n_bytes > most {
                let megabytes = n_bytes.saturating_mul(4).div_ceil(3_000_000);
                let message = format!(
                    "the line has about {n_values} values, which take {n_bytes} bytes while they are read, and {most} fit; --memory-limit {megabytes}MB would do"
                );
                let before = memchr::memchr_iter(b'\n', &bytes[..offset]).count() as u64;
                let error =
                    Error::too_large(message).at_line(self.line + before).at_row(self.row + index as u64);
                return Err(error);
            }
            largest = n_bytes.max(largest);
        }
        Ok(largest)
    }
}
