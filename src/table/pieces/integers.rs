//! How wide columns of integers come.

use polars::prelude::{ArrowDataType, DataType};

/// How wide columns of integers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integers {
    /// As wide as their dtype says.
    AsWide,
    /// As `i8`, where all values of a piece fit and they are read sooner so.
    MayBeNarrow,
}

impl Integers {
    /// Whether a column may come in a dtype, though it has another one.
    pub(crate) fn may_be(self, found: &DataType, dtype: &DataType) -> bool {
        self == Self::MayBeNarrow && *found == DataType::Int8 && dtype.is_integer()
    }

    /// The same of the dtypes of arrays.
    pub(super) fn may_be_arrow(self, found: &ArrowDataType, dtype: &ArrowDataType) -> bool {
        self.may_be(&DataType::from_arrow_dtype(found), &DataType::from_arrow_dtype(dtype))
    }
}
