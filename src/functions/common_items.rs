//! [`CommonItems`]: what two lists share.

use polars::prelude::*;

use super::item_keys::{ItemKind, Keys};
use super::list_text::{Lists, TextFault};
use crate::error::{Error, Result, RowFailure};
use crate::row::{BoundFunction, Chunk, ChunkOutput, Kernel, RowFault, RowFunction, resolve};

/// The items that two list-valued columns share, in the first one's order, without repeats.
///
/// The columns are lists of numbers, of strings or categories, of booleans, or of one dtype of dates or times. Numbers are
/// compared by their exact values, whatever their dtypes: an `i64` equals an `f64` of the same value and no other. Columns
/// of text hold lists as `[1, 2, 3]`, with items of the dtype that [`text_items`](Self::text_items) says.
///
/// The result is one list column named `common_items`, whose items are those of the first column, of its dtype.
///
/// - A null list in either column gives null. Null items are left out.
/// - NaN equals NaN, and -0.0 equals 0.0.
/// - Text that is no list of the dtype is a fault of its row.
///
/// # Errors
/// At [`bind`](RowFunction::bind): [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound), and
/// [`Dtype`](crate::ErrorKind::Dtype) for a column that holds no lists, items of another dtype than those above, or items
/// that do not compare with the other column's.
///
/// # Example
/// ```
/// use parrow::functions::CommonItems;
/// use parrow::polars::prelude::*;
/// use parrow::{ApplyOptions, apply_function};
///
/// let frame = df!("list_a" => ["[4, 1, 4, 2]", "[]"], "list_b" => ["[2, 3, 4]", "[1]"])?;
/// let applied = apply_function(&frame, &CommonItems::new("list_a", "list_b"), &ApplyOptions::default())?;
/// let common = applied.table.column("common_items")?.list()?.clone();
/// assert_eq!(common.get_as_series(0), Some(Series::new("".into(), [4_i64, 2])));
/// assert_eq!(common.get_as_series(1), Some(Series::new_empty("".into(), &DataType::Int64)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct CommonItems {
    columns: [PlSmallStr; 2],
    text_items: Option<DataType>,
    name: PlSmallStr,
}

impl CommonItems {
    /// The name of the output column unless another is given.
    pub const NAME: &'static str = "common_items";

    /// The items of `left` that `right` has, too.
    pub fn new(left: impl AsRef<str>, right: impl AsRef<str>) -> Self {
        Self {
            columns: [left.as_ref().into(), right.as_ref().into()],
            text_items: None,
            name: PlSmallStr::from_static(Self::NAME),
        }
    }

    /// Says of which dtype the items of lists in text are: that of the other column's items when this is not called, and
    /// `i64` when both columns are text.
    pub fn text_items(mut self, dtype: DataType) -> Self {
        self.text_items = Some(dtype);
        self
    }

    /// Names the output column.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.name = name.as_ref().into();
        self
    }

    /// The dtype of the items of a column; that of text is not known from the schema.
    fn item_dtype(name: &PlSmallStr, dtype: &DataType) -> Result<Option<DataType>> {
        match dtype {
            DataType::List(item) | DataType::Array(item, _) => Ok(Some(item.as_ref().clone())),
            DataType::String => Ok(None),
            DataType::Null => Ok(Some(DataType::Null)),
            other => Err(Error::dtype(name.as_str(), "a list, or text such as [1, 2, 3]", other)),
        }
    }
}

impl RowFunction for CommonItems {
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let dtypes = resolve(&self.columns, schema)?;
        let items =
            [Self::item_dtype(&self.columns[0], dtypes[0])?, Self::item_dtype(&self.columns[1], dtypes[1])?];
        let known = items.iter().flatten().find(|dtype| !dtype.is_null());
        let of_text = self.text_items.as_ref().or(known).unwrap_or(&DataType::Int64).clone();
        let items = items.map(|dtype| dtype.unwrap_or_else(|| of_text.clone()));
        let mut kinds = Vec::with_capacity(2);
        for ((name, dtype), item) in self.columns.iter().zip(&dtypes).zip(&items) {
            let kind = ItemKind::of(item).ok_or_else(|| {
                Error::dtype(name.as_str(), "a list of numbers, text, booleans, dates or times", dtype)
            })?;
            kinds.push(kind);
        }
        if !kinds[0].compares_with(&kinds[1]) {
            let expected = format!(
                "a list whose items compare with {}, those of column {:?},",
                items[0], self.columns[0]
            );
            return Err(Error::dtype(self.columns[1].as_str(), expected, dtypes[1]));
        }
        let fields = vec![Field::new(self.name.clone(), DataType::List(Box::new(items[0].clone())))];
        let kernel = CommonKernel { names: &self.columns, items, fields };
        Ok(BoundFunction { inputs: self.columns.to_vec(), kernel: Box::new(kernel) })
    }
}

struct CommonKernel<'f> {
    names: &'f [PlSmallStr; 2],
    items: [DataType; 2],
    fields: Vec<Field>,
}

impl Kernel for CommonKernel<'_> {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn may_run_again(&self) -> bool {
        true
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let (left, left_faults) = Lists::open(chunk.series(0), &self.items[0])?;
        let (right, right_faults) = Lists::open(chunk.series(1), &self.items[1])?;
        if left.items.len() > IdxSize::MAX as usize {
            return Err(Error::shape("a chunk has more than 4,294,967,294 items; give fewer rows a chunk"));
        }
        let mut taken = Vec::new();
        let mut ends = Vec::with_capacity(left.n_rows() + 1);
        ends.push(0);
        let left_keys = Keys::of(&left.items)?;
        let right_keys = Keys::of(&right.items)?;
        for row in 0..left.n_rows() {
            if left.is_valid(row) && right.is_valid(row) {
                left_keys.common(left.range(row), &right_keys, right.range(row), &mut taken);
            }
            ends.push(taken.len() as i64);
        }
        let valid = left.valid_with(&right);
        let items = left.items.take(&IdxCa::from_vec(PlSmallStr::EMPTY, taken)).map_err(Error::engine)?;
        output.slots()[0].set_series(Lists::collect(&items, &self.items[0], ends, valid)?);

        let of_column = |column: usize, faults: Vec<TextFault>| {
            faults.into_iter().map(move |TextFault { row, message }| {
                let fault = RowFault::new(row, message, RowFailure::Argument);
                RowFault { column: Some(self.names[column].to_string()), ..fault }
            })
        };
        let mut faults: Vec<RowFault> = of_column(0, left_faults).chain(of_column(1, right_faults)).collect();
        // A row is at fault once.
        faults.sort_by_key(|fault| fault.row);
        faults.dedup_by_key(|fault| fault.row);
        for fault in faults {
            if output.fault(fault).is_break() {
                break;
            }
        }
        Ok(())
    }
}
