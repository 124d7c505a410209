//! [`MinMaxScale`]: each row stretched to the range from 0 to 1.

use polars::prelude::*;
use polars_arrow::bitmap::Bitmap;

use crate::error::{Error, Result};
use crate::row::{BoundFunction, Chunk, ChunkOutput, ColumnNames, Kernel, RowFunction, resolve};
use crate::widest::{Loop, run_widest};

/// Scales each row by itself: its smallest number becomes 0, its largest 1, and the others lie between them in
/// proportion, `(v - min) / (max - min)`.
///
/// The columns hold numbers of any dtype, each of another one. Integers and decimals are rounded to the nearest `f64`
/// first. For each column the result has one of dtype `f64`, named as the column with `_scaled` behind.
///
/// - A row whose numbers are all equal becomes 0 throughout: nothing in it lies above its minimum. A row of one column is
///   such a row.
/// - A null stays null and a NaN stays NaN; neither takes part in the minimum and the maximum.
/// - Infinities take part. Beside a positive infinity every finite number is at the bottom and becomes 0, and the infinity
///   becomes 1; beside a negative one, which becomes 0, every finite number becomes 1; between both, ½.
/// - Whatever the numbers, the difference does not overflow: a row of `-f64::MAX`, 0 and `f64::MAX` becomes 0, ½, 1.
///
/// # Errors
/// At [`bind`](RowFunction::bind): [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound),
/// [`Dtype`](crate::ErrorKind::Dtype) for a column that holds no numbers, and
/// [`DuplicateColumn`](crate::ErrorKind::DuplicateColumn) for one that is named twice.
///
/// # Example
/// ```
/// use parrow::functions::MinMaxScale;
/// use parrow::polars::prelude::*;
/// use parrow::{ApplyOptions, apply_function};
///
/// let frame = df!("a" => [1, 5], "b" => [Some(3.0), None], "c" => [2, 5])?;
/// let applied = apply_function(&frame, &MinMaxScale::new(("a", "b", "c")), &ApplyOptions::default())?;
/// let expected = df!(
///     "a_scaled" => [0.0, 0.0], "b_scaled" => [Some(1.0), None], "c_scaled" => [0.5, 0.0],
/// )?;
/// assert!(applied.table.equals_missing(&expected));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct MinMaxScale {
    columns: Vec<PlSmallStr>,
    suffix: PlSmallStr,
}

impl MinMaxScale {
    /// What is put behind a column's name unless something else is given.
    pub const SUFFIX: &'static str = "_scaled";

    /// Scales each row of these columns.
    pub fn new(columns: impl ColumnNames) -> Self {
        Self { columns: columns.into_names(), suffix: PlSmallStr::from_static(Self::SUFFIX) }
    }

    /// Puts this behind each column's name. When it is empty, the columns keep their names.
    pub fn suffix(mut self, suffix: impl AsRef<str>) -> Self {
        self.suffix = suffix.as_ref().into();
        self
    }
}

impl RowFunction for MinMaxScale {
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let mut fields: Vec<Field> = Vec::with_capacity(self.columns.len());
        let mut names = PlHashSet::new();
        for (name, dtype) in self.columns.iter().zip(resolve(&self.columns, schema)?) {
            if !(dtype.is_primitive_numeric() || dtype.is_decimal() || dtype.is_null()) {
                return Err(Error::dtype(name.as_str(), "a number", dtype));
            }
            let output = format!("{name}{}", self.suffix);
            if !names.insert(name) {
                return Err(Error::new(crate::ErrorKind::DuplicateColumn { name: output }));
            }
            fields.push(Field::new(output.into(), DataType::Float64));
        }
        Ok(BoundFunction { inputs: self.columns.clone(), kernel: Box::new(ScaleKernel { fields }) })
    }
}

/// The rows that are scaled at a time: a block of a few columns stays in the caches.
const BLOCK_ROWS: usize = 2048;

struct ScaleKernel {
    fields: Vec<Field>,
}

impl Kernel for ScaleKernel {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn may_run_again(&self) -> bool {
        true
    }

    fn is_same_when_widened(&self) -> bool {
        true
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let columns = (0..self.fields.len())
            .map(|index| Floats::of(chunk.series(index)))
            .collect::<Result<Vec<_>>>()?;
        let (mut least, mut largest) = (vec![0.0; BLOCK_ROWS], vec![0.0; BLOCK_ROWS]);
        let n_rows = chunk.n_rows();
        for from in (0..n_rows).step_by(BLOCK_ROWS) {
            let rows = from..n_rows.min(from + BLOCK_ROWS);
            let (least, largest) = (&mut least[..rows.len()], &mut largest[..rows.len()]);
            least.fill(Extremes::NONE.min);
            largest.fill(Extremes::NONE.max);
            for column in &columns {
                column.widen(rows.clone(), least, largest);
            }
            for (column, slot) in columns.iter().zip(output.slots()) {
                let scaled = &mut slot.values_mut::<f64>()[rows.clone()];
                run_widest(Scale { values: &column.values()[rows.clone()], least, largest, scaled });
            }
        }
        for (column, slot) in columns.iter().zip(output.slots()) {
            slot.set_validity(column.valid.clone());
        }
        Ok(())
    }
}

/// A column as floats.
struct Floats {
    values: Float64Chunked,
    valid: Option<Bitmap>,
}

impl Floats {
    fn of(column: &Series) -> Result<Self> {
        let floats = column.cast(&DataType::Float64).map_err(Error::engine)?.rechunk();
        let values = floats.f64().map_err(Error::engine)?.clone();
        let valid = values.downcast_as_array().validity().filter(|valid| valid.unset_bits() > 0).cloned();
        Ok(Self { values, valid })
    }

    fn values(&self) -> &[f64] {
        self.values.downcast_as_array().values()
    }

    /// Takes the rows' values into the least and the largest of each.
    fn widen(&self, rows: std::ops::Range<usize>, least: &mut [f64], largest: &mut [f64]) {
        let values = &self.values()[rows.clone()];
        match &self.valid {
            None => run_widest(Widen { values, least, largest }),
            Some(valid) => {
                for (index, row) in rows.enumerate().filter(|(_, row)| valid.get_bit(*row)) {
                    let mut extremes = Extremes { min: least[index], max: largest[index] };
                    extremes.add(self.values()[row]);
                    (least[index], largest[index]) = (extremes.min, extremes.max);
                }
            }
        }
    }
}

/// Takes values into the least and the largest of their rows.
struct Widen<'a> {
    values: &'a [f64],
    least: &'a mut [f64],
    largest: &'a mut [f64],
}

impl Loop for Widen<'_> {
    #[inline(always)]
    fn run(self) {
        for ((value, least), largest) in self.values.iter().zip(self.least).zip(self.largest) {
            let mut extremes = Extremes { min: *least, max: *largest };
            extremes.add(*value);
            (*least, *largest) = (extremes.min, extremes.max);
        }
    }
}

/// Scales values to the least and the largest of their rows.
struct Scale<'a> {
    values: &'a [f64],
    least: &'a [f64],
    largest: &'a [f64],
    scaled: &'a mut [f64],
}

impl Loop for Scale<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { values, least, largest, scaled } = self;
        let extremes =
            || least.iter().zip(largest).map(|(least, largest)| Extremes { min: *least, max: *largest });
        // Looked at for all rows at once, so that the loop for the usual ones has no branch.
        let are_plain = extremes().fold(true, |are_plain, extremes| are_plain & extremes.is_plain());
        let rows = scaled.iter_mut().zip(values).zip(extremes());
        if are_plain {
            rows.for_each(|((scaled, value), extremes)| *scaled = extremes.scale_plainly(*value));
        } else {
            rows.for_each(|((scaled, value), extremes)| *scaled = extremes.scale(*value));
        }
    }
}

/// The smallest and the largest number of a row.
#[derive(Clone, Copy)]
struct Extremes {
    min: f64,
    max: f64,
}

impl Extremes {
    const NONE: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY };

    /// Leaves NaN out: no comparison with it holds.
    #[inline(always)]
    fn add(&mut self, value: f64) {
        self.min = if value < self.min { value } else { self.min };
        self.max = if value > self.max { value } else { self.max };
    }

    /// Whether there is a finite range above zero: everything else is rare.
    #[inline(always)]
    fn is_plain(self) -> bool {
        let range = self.max - self.min;
        (range > 0.0) & (range < f64::INFINITY)
    }

    #[inline(always)]
    fn scale_plainly(self, value: f64) -> f64 {
        (value - self.min) / (self.max - self.min)
    }

    fn scale(self, value: f64) -> f64 {
        if self.is_plain() { self.scale_plainly(value) } else { self.scale_rarely(value) }
    }

    #[cold]
    fn scale_rarely(self, value: f64) -> f64 {
        if value.is_nan() {
            value
        } else if value <= self.min {
            0.0
        } else if self.min.is_finite() && self.max.is_finite() {
            // Halves of any two floats have a difference.
            (value / 2.0 - self.min / 2.0) / (self.max / 2.0 - self.min / 2.0)
        } else if value == self.max {
            1.0
        } else {
            match (self.min.is_finite(), self.max.is_finite()) {
                (true, _) => 0.0,
                (_, true) => 1.0,
                _ => 0.5,
            }
        }
    }
}
