//! The columns that a row function gives whose results are known only when it runs.

use polars::prelude::{DataType, Field, PlSmallStr, UnknownKind};

/// A column that a row function written as text, or in another program, gives: its name, and its dtype where that is
/// declared.
///
/// # Example
/// ```
/// use parrow::polars::prelude::DataType;
/// use parrow::row::OutputColumn;
///
/// let column = OutputColumn::with_dtype("count", DataType::UInt32);
/// assert_eq!(column.field().dtype(), &DataType::UInt32);
/// assert!(OutputColumn::new("count").dtype.is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OutputColumn {
    /// The column's name.
    pub name: PlSmallStr,
    /// Its dtype. Where it is not declared, the lowest row that has a value decides.
    pub dtype: Option<DataType>,
}

impl OutputColumn {
    /// A column whose dtype the lowest row that has a value decides.
    pub fn new(name: impl Into<PlSmallStr>) -> Self {
        Self { name: name.into(), dtype: None }
    }

    /// A column of this dtype.
    pub fn with_dtype(name: impl Into<PlSmallStr>, dtype: DataType) -> Self {
        Self { name: name.into(), dtype: Some(dtype) }
    }

    /// The field of a kernel's output; its dtype is `Unknown` where it is not declared.
    pub fn field(&self) -> Field {
        let dtype = self.dtype.clone().unwrap_or(DataType::Unknown(UnknownKind::Any));
        Field::new(self.name.clone(), dtype)
    }
}
