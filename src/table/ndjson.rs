//! A JSON object a line, by the engine's own reader and writer.
//!
//! The engine infers from the first hundred lines, drops keys that come later, and turns numbers into text where a column
//! holds both. Here the dtype of every line is asked for, and a column of two kinds is an error that names the line.

use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;

use polars::prelude::*;
use polars_io::json::BatchedWriter;
use polars_io::ndjson::core::{is_json_line, parse_ndjson};
use polars_io::ndjson::infer_schema;
use rayon::prelude::*;

use crate::error::{Error, ErrorKind, Result};

use super::contain::{contain, contain_write};
use super::dtype::dtype_name;
use super::list::quoted;
use super::ndjson_line::{check_depth, check_line, why_no_object};
use super::read_options::ReadOptions;
use super::text::{check_has_json, with_text_columns};
use super::writer::Encoder;

pub(super) const NAME: &str = "NDJSON";

/// What some programs write before UTF-8 text.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the columns and rows that the options want.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<DataFrame> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let bytes = &bytes[..end_of_rows(bytes, options.limit.unwrap_or(usize::MAX))];
    let ranges = split(bytes);
    if lines(bytes).next().is_none() {
        return Ok(DataFrame::empty_with_schema(&columns_without_rows(options)));
    }
    let fields = fields(bytes, &ranges)?;
    let names: Vec<String> = fields.iter().map(|field| field.name.to_string()).collect();
    let selection = options.selection(&names)?;
    let mut schema = Schema::with_capacity(selection.len());
    for &index in &selection {
        let field = &fields[index];
        let joined = field
            .joined(options.dtype_of(&field.name))
            .map_err(|(offset, error)| error.at_line(line_at(bytes, offset)))?;
        if let Some(check) = joined.check
            && let Some(error) = check.first_misfit(&field.name, bytes)?
        {
            return Err(error);
        }
        schema.with_column(field.name.clone(), joined.dtype);
    }
    if schema.is_empty() {
        return Err(Error::malformed(NAME, "its objects have no keys"));
    }
    let frames: Vec<_> = ranges.par_iter().map(|range| parse(&bytes[range.clone()], &schema)).collect();
    let mut whole: Option<DataFrame> = None;
    for frame in frames {
        let frame = frame?;
        match &mut whole {
            None => whole = Some(frame),
            Some(whole) => {
                whole.vstack_mut(&frame).map_err(Error::engine)?;
            }
        }
    }
    let whole = whole.unwrap_or_else(|| DataFrame::empty_with_schema(&schema));
    let n_rows = lines(bytes).count();
    if whole.height() != n_rows {
        return Err(Error::engine(format!("{n_rows} lines became {} rows", whole.height())));
    }
    Ok(whole)
}

/// The columns of a file without a row: nothing tells them but the dtypes that are given.
pub(super) fn columns_without_rows(options: &ReadOptions) -> Schema {
    let is_wanted = |name: &String| options.columns().is_none_or(|columns| columns.contains(name));
    let given = options.dtypes.iter().filter(|(name, _)| is_wanted(name));
    given.map(|(name, dtype)| (PlSmallStr::from_str(name), dtype.clone())).collect()
}

/// The rows of some lines.
pub(super) fn parse(bytes: &[u8], schema: &Schema) -> Result<DataFrame> {
    contain(NAME, || parse_ndjson(bytes, None, schema, false))
}

/// The line, counted from 1, that each row of the file is.
pub(super) fn row_lines(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let numbered = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    numbered.filter(|(_, text)| is_json_line(text)).map(|(line, _)| line)
}

/// A key, and the dtypes that its values have, each with where its first line starts.
pub(crate) struct Key {
    pub(super) name: PlSmallStr,
    seen: Vec<(DataType, usize)>,
}

/// The dtype of a column, and what is to be seen of its integers before it is believed.
pub(super) struct Joined {
    pub(super) dtype: DataType,
    pub(super) check: Option<IntegerCheck>,
}

/// What all integers of a column must fit, since its other values ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerCheck {
    /// Floats.
    ExactFloat,
    /// The integers beyond `i64`.
    U64,
}

impl Key {
    fn add(&mut self, dtype: &DataType, offset: usize) {
        match self.seen.iter_mut().find(|(seen, _)| seen == dtype) {
            Some((_, first)) => *first = offset.min(*first),
            None => self.seen.push((dtype.clone(), offset)),
        }
    }

    /// The same of lines that stand so many bytes further behind.
    pub(super) fn moved(mut self, n_bytes: usize) -> Self {
        self.seen.iter_mut().for_each(|(_, offset)| *offset += n_bytes);
        self
    }

    /// The dtype that holds all the values as they are; else an error and where the line at fault starts. Where text is wanted of
    /// them, that holds whatever is no list and no object.
    pub(super) fn joined(&self, wanted: Option<&DataType>) -> std::result::Result<Joined, (usize, Error)> {
        let mut seen = self.seen.clone();
        seen.sort_by_key(|(_, offset)| *offset);
        let mut whole = DataType::Null;
        for (dtype, offset) in &seen {
            let Some(both) = common_dtype(&whole, dtype) else {
                let are_texts = seen.iter().all(|(dtype, _)| !dtype.is_nested());
                if are_texts && wanted == Some(&DataType::String) {
                    return Ok(Joined { dtype: DataType::String, check: None });
                }
                let (expected, found) = (dtype_name(&whole), dtype_name(dtype));
                let expected = match are_texts {
                    true => {
                        format!("{expected} as in the lines before (--dtype {}=str reads both)", self.name)
                    }
                    false => format!("{expected} as in the lines before"),
                };
                return Err((*offset, Error::dtype(self.name.as_str(), expected, found)));
            };
            whole = both;
        }
        Ok(self.column_of(whole))
    }

    /// The dtype of the first values, as far as it holds those after them, and whether it holds all.
    pub(super) fn joined_leniently(&self) -> (Joined, bool) {
        let mut seen = self.seen.clone();
        seen.sort_by_key(|(_, offset)| *offset);
        let mut whole = DataType::Null;
        let mut holds_all = true;
        for (dtype, _) in &seen {
            match common_dtype(&whole, dtype) {
                Some(both) => whole = both,
                None => holds_all = false,
            }
        }
        (self.column_of(whole), holds_all)
    }

    fn column_of(&self, whole: DataType) -> Joined {
        let has_integers = self.seen.iter().any(|(dtype, _)| dtype.is_integer());
        match whole {
            DataType::Float64 if has_integers => {
                Joined { dtype: whole, check: Some(IntegerCheck::ExactFloat) }
            }
            DataType::Int128 => Joined { dtype: DataType::UInt64, check: Some(IntegerCheck::U64) },
            DataType::Null => Joined { dtype: DataType::String, check: None },
            dtype => Joined { dtype, check: None },
        }
    }
}

/// Whether a column of `column` holds values of `dtype` as they are.
pub(super) fn holds(column: &DataType, dtype: &DataType) -> bool {
    let column = if *column == DataType::UInt64 { &DataType::Int128 } else { column };
    common_dtype(column, dtype).as_ref() == Some(column)
}

impl IntegerCheck {
    /// The error of the first integer of a column that does not fit.
    pub(super) fn first_misfit(self, name: &PlSmallStr, bytes: &[u8]) -> Result<Option<Error>> {
        let schema = Schema::from_iter([Field::new(name.clone(), DataType::Int128)]);
        for (offset, line) in lines(bytes) {
            let found = contain(NAME, || infer_schema(&mut &line[..], None))?;
            if !found.get(name).is_some_and(DataType::is_integer) {
                continue;
            }
            let frame = contain(NAME, || parse_ndjson(line, Some(1), &schema, false))?;
            let value = frame.columns()[0].get(0).ok().and_then(|value| value.extract::<i128>());
            let Some(value) = value.filter(|value| !self.fits(*value)) else { continue };
            let dtype = match self {
                Self::ExactFloat => "exact as f64, which the column's fractions ask for",
                Self::U64 => "u64, which the column's largest integers ask for",
            };
            let (text, dtype) = (value.to_string(), dtype.to_string());
            let kind = ErrorKind::Cell { text, dtype, hint: "write it as text, in quotes".into() };
            return Ok(Some(Error::new(kind).at_line(line_at(bytes, offset)).in_column(name.as_str())));
        }
        Ok(None)
    }

    fn fits(self, value: i128) -> bool {
        match self {
            Self::ExactFloat => (value as f64) as i128 == value,
            Self::U64 => u64::try_from(value).is_ok(),
        }
    }
}

/// The dtype that holds the values of both as they are.
fn common_dtype(one: &DataType, other: &DataType) -> Option<DataType> {
    match (one, other) {
        (one, other) if one == other => Some(one.clone()),
        (DataType::Null, dtype) | (dtype, DataType::Null) => Some(dtype.clone()),
        (DataType::Int64, DataType::Int128) | (DataType::Int128, DataType::Int64) => Some(DataType::Int128),
        (DataType::Float64, integer) | (integer, DataType::Float64) if integer.is_integer() => {
            Some(DataType::Float64)
        }
        (DataType::List(one), DataType::List(other)) => {
            Some(DataType::List(Box::new(common_dtype(one, other)?)))
        }
        (DataType::Struct(one), DataType::Struct(other)) => {
            let mut fields = one.clone();
            for field in other {
                match fields.iter_mut().find(|known| known.name == field.name) {
                    Some(known) => known.dtype = common_dtype(&known.dtype, &field.dtype)?,
                    None => fields.push(field.clone()),
                }
            }
            Some(DataType::Struct(fields))
        }
        _ => None,
    }
}

/// The keys of all objects, in the order in which they come.
fn fields(bytes: &[u8], ranges: &[Range<usize>]) -> Result<Vec<Key>> {
    let parts: Vec<Result<Vec<Key>>> =
        ranges.par_iter().map(|range| fields_in(bytes, range.clone())).collect();
    let mut keys: Vec<Key> = Vec::new();
    for part in parts {
        merge_keys(&mut keys, part?);
    }
    if keys.is_empty() && lines(bytes).next().is_none() {
        return Err(Error::new(ErrorKind::Empty {
            message: "there is nothing in the file but blank lines".into(),
        }));
    }
    Ok(keys)
}

/// Adds the keys of later lines to those of earlier ones.
pub(super) fn merge_keys(keys: &mut Vec<Key>, later: Vec<Key>) {
    let mut index: HashMap<PlSmallStr, usize> = keys.iter().map(|key| key.name.clone()).zip(0..).collect();
    for key in later {
        let slot = *index.entry(key.name.clone()).or_insert_with(|| {
            keys.push(Key { name: key.name.clone(), seen: Vec::new() });
            keys.len() - 1
        });
        for (dtype, offset) in &key.seen {
            keys[slot].add(dtype, *offset);
        }
    }
}

/// The keys of the objects in some lines.
pub(super) fn keys_of(bytes: &[u8]) -> Result<Vec<Key>> {
    fields_in(bytes, 0..bytes.len())
}

/// The keys of those lines that are objects, and whether all are.
pub(super) fn keys_of_objects(bytes: &[u8]) -> Result<(Vec<Key>, bool)> {
    let mut are_objects = true;
    let keys = keys_in(bytes, 0..bytes.len(), |_, _| {
        are_objects = false;
        Ok(())
    })?;
    Ok((keys, are_objects))
}

fn fields_in(bytes: &[u8], range: Range<usize>) -> Result<Vec<Key>> {
    keys_in(bytes, range, |offset, message| {
        Err(Error::malformed(NAME, message).at_line(line_at(bytes, offset)))
    })
}

/// The columns of the object that a line is, with the dtypes of their values; else why it is none.
pub(super) fn columns_of_line(line: &[u8]) -> std::result::Result<Schema, String> {
    check_depth(line)?;
    let schema = contain(NAME, || infer_schema(&mut &line[..], None));
    let schema = schema.map_err(|error| why_no_object(line, &error.to_string()))?;
    check_line(line).map(|()| schema)
}

/// The keys of the objects in some lines; `wrong` hears where a line starts that is none, and why.
fn keys_in(
    bytes: &[u8],
    range: Range<usize>,
    mut wrong: impl FnMut(usize, String) -> Result<()>,
) -> Result<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    let mut index: HashMap<PlSmallStr, usize> = HashMap::new();
    let mut last: Option<Schema> = None;
    for (offset, line) in lines(&bytes[range.clone()]) {
        let offset = range.start + offset;
        let schema = match columns_of_line(line) {
            Ok(schema) => schema,
            Err(message) => {
                wrong(offset, message)?;
                continue;
            }
        };
        if last.as_ref() == Some(&schema) {
            continue;
        }
        for (name, dtype) in in_order_of_line(&schema, line) {
            let slot = *index.entry(name.clone()).or_insert_with(|| {
                keys.push(Key { name: name.clone(), seen: Vec::new() });
                keys.len() - 1
            });
            keys[slot].add(dtype, offset);
        }
        last = Some(schema);
    }
    Ok(keys)
}

/// The columns of a line's object in the order of its text, which the engine forgets where there are many.
fn in_order_of_line<'s>(schema: &'s Schema, line: &[u8]) -> Vec<(&'s PlSmallStr, &'s DataType)> {
    const KEPT_BY_ENGINE: usize = 32;
    let mut fields: Vec<_> = schema.iter().collect();
    if fields.len() > KEPT_BY_ENGINE {
        let order: HashMap<String, usize> = keys_of_line(line).into_iter().zip(0..).collect();
        fields.sort_by_key(|(name, _)| order.get(name.as_str()).copied());
    }
    fields
}

/// The keys of the object that a line is, which is valid JSON.
fn keys_of_line(line: &[u8]) -> Vec<String> {
    let Ok(mut rest) = std::str::from_utf8(line) else { return Vec::new() };
    let mut keys = Vec::new();
    let mut depth = 0;
    while let Some(at) = rest.find(['"', '{', '}', '[', ']']) {
        let sign = rest.as_bytes()[at];
        rest = &rest[at..];
        match sign {
            b'"' => {
                let Ok(text) = quoted(&mut rest, '"') else { return keys };
                if depth == 1 && rest.trim_start().starts_with(':') {
                    keys.push(text);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            _ => depth -= 1,
        }
        rest = &rest[1..];
    }
    keys
}

/// The lines that are rows, with where each starts.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    bytes.split(|byte| *byte == b'\n').filter_map(move |line| {
        let offset = start;
        start += line.len() + 1;
        is_json_line(line).then_some((offset, line))
    })
}

/// Where the first `n_rows` rows end.
pub(super) fn end_of_rows(bytes: &[u8], n_rows: usize) -> usize {
    match lines(bytes).nth(n_rows) {
        Some((offset, _)) => offset,
        None => bytes.len(),
    }
}

fn line_at(bytes: &[u8], offset: usize) -> u64 {
    1 + memchr::memchr_iter(b'\n', &bytes[..offset]).count() as u64
}

/// Cuts at line ends into ranges for the workers.
fn split(bytes: &[u8]) -> Vec<Range<usize>> {
    let target = (bytes.len() / (rayon::current_num_threads() * 4)).clamp(64 * 1024, 8 * 1024 * 1024);
    let mut ranges = Vec::new();
    let mut begin = 0;
    while begin < bytes.len() {
        let search = (begin + target).min(bytes.len());
        let end = memchr::memchr(b'\n', &bytes[search..]).map_or(bytes.len(), |newline| search + newline + 1);
        ranges.push(begin..end);
        begin = end;
    }
    ranges
}

/// Writes NDJSON. NaN and the infinities, which JSON does not have, become `null`; what JSON has no type for is text.
pub(super) struct NdJsonWriter<W: Write> {
    writer: BatchedWriter<W>,
}

impl<W: Write + Send> NdJsonWriter<W> {
    pub(super) fn new(sink: W, schema: &Schema) -> Result<Self> {
        if schema.is_empty() {
            return Err(Error::shape("a table without columns cannot be written as NDJSON"));
        }
        for (name, dtype) in schema.iter() {
            check_has_json(name, dtype, NAME)?;
        }
        Ok(Self { writer: BatchedWriter::new(sink) })
    }
}

impl<W: Write + Send> Encoder for NdJsonWriter<W> {
    fn write_chunk(&mut self, frame: &DataFrame) -> Result<()> {
        let mut frame = from_the_start(with_text_columns(frame, needs_text)?)?;
        frame.align_chunks_par();
        contain_write(|| self.writer.write_batch(&frame))
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The same with lists that begin with the first of the values that lie below them. Of objects in a list whose values begin
/// elsewhere, as in a slice, the engine's writer takes the nulls from the wrong place.
fn from_the_start(frame: DataFrame) -> Result<DataFrame> {
    if !frame.columns().iter().any(|column| column.dtype().is_nested()) {
        return Ok(frame);
    }
    let columns = frame.columns().iter().map(|column| {
        let trimmed = match column.dtype().is_nested() {
            true => column.as_materialized_series().trim_lists_to_normalized_offsets(),
            false => None,
        };
        trimmed.map_or_else(|| column.clone(), IntoColumn::into_column)
    });
    DataFrame::new(frame.height(), columns.collect()).map_err(Error::engine)
}

fn needs_text(dtype: &DataType) -> bool {
    matches!(dtype, DataType::Datetime(..) | DataType::Duration(_) | DataType::Time | DataType::Decimal(..))
}
