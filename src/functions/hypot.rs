//! [`Hypot`]: the length of the vector that two columns make.

use polars::prelude::{Field, PlSmallStr, Schema};

use crate::error::Result;
use crate::row::{BoundFunction, Chunk, ChunkOutput, Kernel, RowFunction, Typed};

type Function = fn(f64, f64) -> f64;

/// `√(x² + y²)` of two columns, where no square overflows or vanishes on the way ([`f64::hypot`]).
///
/// The columns hold floats, integers or decimals, which are rounded to the nearest `f64`. The result is one column of
/// dtype `f64`, named `hypot`. Null in either column gives null. Of an infinity and anything else the result is infinity,
/// NaN included; of NaN and a finite number it is NaN.
///
/// # Errors
/// At [`bind`](RowFunction::bind): [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound), and
/// [`Dtype`](crate::ErrorKind::Dtype) for a column that holds no numbers.
///
/// # Example
/// ```
/// use parrow::functions::Hypot;
/// use parrow::polars::prelude::*;
/// use parrow::{ApplyOptions, apply_function};
///
/// let frame = df!("x" => [Some(3.0), Some(1e200), None], "y" => [4, 0, 1])?;
/// let applied = apply_function(&frame, &Hypot::new("x", "y"), &ApplyOptions::default())?;
/// assert_eq!(applied.table, df!("hypot" => [Some(5.0), Some(1e200), None])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct Hypot {
    typed: Typed<Function, Function>,
    name: PlSmallStr,
}

impl Hypot {
    /// The name of the output column unless another is given.
    pub const NAME: &'static str = "hypot";

    /// The lengths of the vectors with the coordinates `x` and `y`.
    pub fn new(x: impl AsRef<str>, y: impl AsRef<str>) -> Self {
        let hypot: fn(f64, f64) -> f64 = f64::hypot;
        Self { typed: Typed::new([x.as_ref(), y.as_ref()], hypot), name: PlSmallStr::from_static(Self::NAME) }
    }

    /// Names the output column.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.name = name.as_ref().into();
        self
    }
}

impl RowFunction for Hypot {
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let BoundFunction { inputs, kernel } = self.typed.bind(schema)?;
        let fields = kernel.fields().iter().map(|field| Field::new(self.name.clone(), field.dtype().clone()));
        let fields = fields.collect();
        Ok(BoundFunction { inputs, kernel: Box::new(Renamed { kernel, fields }) })
    }
}

/// A kernel whose columns have other names.
struct Renamed<'f> {
    kernel: Box<dyn Kernel + 'f>,
    fields: Vec<Field>,
}

impl Kernel for Renamed<'_> {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn may_run_again(&self) -> bool {
        true
    }

    fn is_same_when_widened(&self) -> bool {
        true
    }

    fn heeds_pace(&self) -> bool {
        self.kernel.heeds_pace()
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        self.kernel.run(chunk, output)
    }
}
