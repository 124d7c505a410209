//! [`CountInRange`]: how many numbers of a row lie between two bounds.

use polars::prelude::*;
use polars_arrow::array::{Array, PrimitiveArray};
use polars_arrow::bitmap::bitmask::BitMask;
use polars_arrow::types::NativeType;

use super::in_range::{Ranged, add_counts, add_valid_counts, goes_through_once, put_counts};
use super::range_bounds::RangeBounds;
use crate::error::{Error, Result};
use crate::row::{BoundFunction, Chunk, ChunkOutput, ColumnNames, Kernel, RowFunction, resolve};

/// The rows whose counts are added up at a time, where columns are gone through one after the other: their counts stay in the
/// first-level cache. Where all columns are gone through at once there are no blocks: each one would begin anew what the processor
/// reads ahead.
const BLOCK_ROWS: usize = 2048;

/// Counts the numbers of each row that lie between two bounds, both included.
///
/// The columns may be of any integer or float dtype or decimals, each of another one, and a column that is named twice
/// counts twice. The bounds are exact beside each of them: see [`Number`](super::Number).
///
/// - A null is never counted, and neither is NaN. Infinities are numbers like others, and -0.0 equals 0.0. A column of
///   dtype null holds nothing to count.
/// - The result is one column of dtype `u32`, named `count_in_range`, without nulls.
/// - Of no columns, every row's count is 0.
///
/// # Errors
/// At [`bind`](RowFunction::bind): [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound), and
/// [`Dtype`](crate::ErrorKind::Dtype) for a column that holds no numbers.
///
/// # Example
/// ```
/// use parrow::functions::{CountInRange, RangeBounds};
/// use parrow::polars::prelude::*;
/// use parrow::{ApplyOptions, apply_function};
///
/// let frame = df!("a" => [7, 9, 7], "b" => [6, 9, 8], "c" => [Some(9.0), Some(6.0), None])?;
/// let count = CountInRange::new(["a", "b", "c"], RangeBounds::new(4, 8)?);
/// let applied = apply_function(&frame, &count, &ApplyOptions::default())?;
/// assert_eq!(applied.table, df!("count_in_range" => [2_u32, 1, 2])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct CountInRange {
    columns: Vec<PlSmallStr>,
    bounds: RangeBounds,
    name: PlSmallStr,
}

impl CountInRange {
    /// The name of the output column unless another is given.
    pub const NAME: &'static str = "count_in_range";

    /// Counts over these columns.
    pub fn new(columns: impl ColumnNames, bounds: RangeBounds) -> Self {
        Self { columns: columns.into_names(), bounds, name: PlSmallStr::from_static(Self::NAME) }
    }

    /// Names the output column.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.name = name.as_ref().into();
        self
    }
}

impl RowFunction for CountInRange {
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let mut groups = Vec::new();
        for (index, (name, dtype)) in self.columns.iter().zip(resolve(&self.columns, schema)?).enumerate() {
            match groups.iter_mut().find(|group: &&mut Group| group.dtype == *dtype) {
                Some(group) => group.columns.push(index),
                None => groups.push(Group::new(name, dtype, index, &self.bounds)?),
            }
        }
        let fields = vec![Field::new(self.name.clone(), DataType::UInt32)];
        let kernel = CountKernel { groups, narrow: self.bounds.integers(0), fields };
        Ok(BoundFunction { inputs: self.columns.clone(), kernel: Box::new(kernel) })
    }
}

struct CountKernel {
    groups: Vec<Group>,
    /// The values within the bounds of integers that come in a narrower dtype than their own.
    narrow: Option<(i8, i8)>,
    fields: Vec<Field>,
}

impl CountKernel {
    /// The columns of a chunk that come in a narrower dtype than their own.
    fn open_narrow(&self, chunk: &Chunk) -> Result<Option<Box<dyn Counter>>> {
        let groups = self.groups.iter();
        let mut narrow = groups.flat_map(|group| group.columns(chunk, Width::Narrower)).peekable();
        match narrow.peek() {
            None => Ok(None),
            Some(_) => open::<Int8Type>(self.narrow, narrow.map(Series::i8)),
        }
    }
}

impl Kernel for CountKernel {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn may_run_again(&self) -> bool {
        true
    }

    fn is_same_when_widened(&self) -> bool {
        true
    }

    fn takes_narrow_integers(&self) -> bool {
        true
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let counters = self.groups.iter().map(|group| group.open(chunk)).collect::<Result<Vec<_>>>()?;
        let counters: Vec<_> = counters.into_iter().flatten().chain(self.open_narrow(chunk)?).collect();
        let out = output.slots()[0].values_mut::<u32>();
        let block_rows = match counters.as_slice() {
            [counter] if counter.is_put_at_once() => out.len().max(1),
            _ => BLOCK_ROWS,
        };
        for (block, counts) in out.chunks_mut(block_rows).enumerate() {
            let first_row = block * block_rows;
            match counters.split_first() {
                None => counts.fill(0),
                Some((first, others)) => {
                    first.put(first_row, counts);
                    others.iter().for_each(|counter| counter.add(first_row, counts));
                }
            }
        }
        Ok(())
    }
}

/// How a column comes in a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    AsBound,
    /// As `i8`, though it was bound as another integer.
    Narrower,
}

/// Columns of one dtype, and the values of it that are within the bounds.
struct Group {
    dtype: DataType,
    /// Their places in a chunk.
    columns: Vec<usize>,
    range: NativeRange,
}

/// The values within the bounds; `None` when there are none.
enum NativeRange {
    Null,
    Int8(Option<(i8, i8)>),
    Int16(Option<(i16, i16)>),
    Int32(Option<(i32, i32)>),
    Int64(Option<(i64, i64)>),
    UInt8(Option<(u8, u8)>),
    UInt16(Option<(u16, u16)>),
    UInt32(Option<(u32, u32)>),
    UInt64(Option<(u64, u64)>),
    Float32(Option<(f32, f32)>),
    Float64(Option<(f64, f64)>),
    Decimal(Option<(i128, i128)>),
}

impl Group {
    fn new(name: &str, dtype: &DataType, column: usize, bounds: &RangeBounds) -> Result<Self> {
        let range = match dtype {
            DataType::Null => NativeRange::Null,
            DataType::Int8 => NativeRange::Int8(bounds.integers(0)),
            DataType::Int16 => NativeRange::Int16(bounds.integers(0)),
            DataType::Int32 => NativeRange::Int32(bounds.integers(0)),
            DataType::Int64 => NativeRange::Int64(bounds.integers(0)),
            DataType::UInt8 => NativeRange::UInt8(bounds.integers(0)),
            DataType::UInt16 => NativeRange::UInt16(bounds.integers(0)),
            DataType::UInt32 => NativeRange::UInt32(bounds.integers(0)),
            DataType::UInt64 => NativeRange::UInt64(bounds.integers(0)),
            DataType::Float32 => NativeRange::Float32(bounds.f32s()),
            DataType::Float64 => NativeRange::Float64(bounds.f64s()),
            DataType::Decimal(_, scale) => NativeRange::Decimal(bounds.integers(*scale as u32)),
            other => return Err(Error::dtype(name, "a number", other)),
        };
        Ok(Self { dtype: dtype.clone(), columns: vec![column], range })
    }

    /// The group's columns of a chunk that come as wide as they are, or narrower.
    fn columns<'c>(&self, chunk: &'c Chunk, width: Width) -> impl Iterator<Item = &'c Series> {
        let is_narrower = |series: &Series| *series.dtype() == DataType::Int8 && self.dtype != DataType::Int8;
        let series = self.columns.iter().map(|column| chunk.series(*column));
        series.filter(move |series| is_narrower(series) == (width == Width::Narrower))
    }

    /// The group's columns of a chunk, but for the narrower ones, ready to be counted; `None` when nothing of them can count.
    fn open(&self, chunk: &Chunk) -> Result<Option<Box<dyn Counter>>> {
        let series = || self.columns(chunk, Width::AsBound);
        if series().next().is_none() {
            return Ok(None);
        }
        Ok(match self.range {
            NativeRange::Null => None,
            NativeRange::Int8(range) => open::<Int8Type>(range, series().map(Series::i8))?,
            NativeRange::Int16(range) => open::<Int16Type>(range, series().map(Series::i16))?,
            NativeRange::Int32(range) => open::<Int32Type>(range, series().map(Series::i32))?,
            NativeRange::Int64(range) => open::<Int64Type>(range, series().map(Series::i64))?,
            NativeRange::UInt8(range) => open::<UInt8Type>(range, series().map(Series::u8))?,
            NativeRange::UInt16(range) => open::<UInt16Type>(range, series().map(Series::u16))?,
            NativeRange::UInt32(range) => open::<UInt32Type>(range, series().map(Series::u32))?,
            NativeRange::UInt64(range) => open::<UInt64Type>(range, series().map(Series::u64))?,
            NativeRange::Float32(range) => open::<Float32Type>(range, series().map(Series::f32))?,
            NativeRange::Float64(range) => open::<Float64Type>(range, series().map(Series::f64))?,
            NativeRange::Decimal(range) => open::<Int128Type>(
                range,
                series().map(|series| series.decimal().map(|decimals| decimals.physical())),
            )?,
        })
    }
}

/// Columns of one native type, as they lie in a chunk.
trait Counter {
    /// Puts the counts of the rows from `first_row` on, one for each of `counts`.
    fn put(&self, first_row: usize, counts: &mut [u32]);

    /// Whether that goes through the rows once.
    fn is_put_at_once(&self) -> bool;

    /// Adds them.
    fn add(&self, first_row: usize, counts: &mut [u32]);
}

struct NativeCounter<T: NativeType> {
    /// The columns without a null.
    whole: Vec<PrimitiveArray<T>>,
    /// The others.
    with_nulls: Vec<PrimitiveArray<T>>,
    min: T,
    max: T,
}

fn open<'c, T>(
    range: Option<(T::Native, T::Native)>,
    columns: impl Iterator<Item = PolarsResult<&'c ChunkedArray<T>>>,
) -> Result<Option<Box<dyn Counter>>>
where
    T: PolarsNumericType,
    T::Native: Ranged,
{
    let Some((min, max)) = range else { return Ok(None) };
    let columns = columns.collect::<PolarsResult<Vec<_>>>().map_err(Error::engine)?;
    let (whole, with_nulls) = columns
        .into_iter()
        .map(|column| column.downcast_as_array().clone())
        .partition(|column| column.null_count() == 0);
    Ok(Some(Box::new(NativeCounter { whole, with_nulls, min, max })))
}

impl<T: NativeType + Ranged> NativeCounter<T> {
    /// Those rows of the columns without a null.
    fn whole(&self, first_row: usize, n_rows: usize) -> Vec<&[T]> {
        let rows = first_row..first_row + n_rows;
        self.whole.iter().map(|column| &column.values().as_slice()[rows.clone()]).collect()
    }

    fn add_others(&self, first_row: usize, counts: &mut [u32]) {
        for column in &self.with_nulls {
            let values = &column.values().as_slice()[first_row..first_row + counts.len()];
            let valid =
                column.validity().map(|valid| BitMask::from_bitmap(valid).sliced(first_row, counts.len()));
            match valid {
                Some(valid) => add_valid_counts(values, valid, self.min, self.max, counts),
                None => add_counts(&[values], self.min, self.max, counts),
            }
        }
    }
}

impl<T: NativeType + Ranged> Counter for NativeCounter<T> {
    fn put(&self, first_row: usize, counts: &mut [u32]) {
        put_counts(&self.whole(first_row, counts.len()), self.min, self.max, counts);
        self.add_others(first_row, counts);
    }

    fn is_put_at_once(&self) -> bool {
        self.with_nulls.is_empty() && goes_through_once(self.whole.len())
    }

    fn add(&self, first_row: usize, counts: &mut [u32]) {
        add_counts(&self.whole(first_row, counts.len()), self.min, self.max, counts);
        self.add_others(first_row, counts);
    }
}
