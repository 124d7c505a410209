//! What a pass over all rows has said of a column, for a later run over the same file.

use std::sync::Arc;

use polars::prelude::DataType;

use super::super::super::dtype::{dtype_name, parse_dtype};
use super::{CsvPieces, State};

/// What a pass over all rows has made of what was proposed for a column: it hangs on the file and on how it is read, and on
/// nothing that is done with its rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KnownColumn {
    index: usize,
    proposed: Option<DataType>,
    dtype: Option<DataType>,
    has_values: bool,
}

impl KnownColumn {
    /// As texts; `None` where a dtype has no name that it can be told by.
    fn to_texts(&self) -> Option<Vec<String>> {
        let name = |dtype: &Option<DataType>| match dtype {
            None => Some(String::new()),
            Some(dtype) => {
                Some(dtype_name(dtype)).filter(|name| parse_dtype(name).is_ok_and(|it| it == *dtype))
            }
        };
        let has_values = if self.has_values { "values" } else { "" }.to_owned();
        Some(vec![self.index.to_string(), name(&self.proposed)?, name(&self.dtype)?, has_values])
    }

    fn from_texts(texts: &[String]) -> Option<Self> {
        let [index, proposed, dtype, has_values] = texts else { return None };
        let dtype_of = |name: &str| match name {
            "" => Some(None),
            name => parse_dtype(name).ok().map(Some),
        };
        Some(Self {
            index: index.parse().ok()?,
            proposed: dtype_of(proposed)?,
            dtype: dtype_of(dtype)?,
            has_values: !has_values.is_empty(),
        })
    }
}

impl CsvPieces {
    /// What passes over all rows have said of columns.
    pub(in crate::table) fn known(&self) -> Vec<Vec<String>> {
        self.known.iter().filter_map(KnownColumn::to_texts).collect()
    }

    /// Takes what passes over all rows of the same file, read in the same way, have said.
    pub(in crate::table) fn know(&mut self, known: &[Vec<String>]) {
        self.known = Arc::new(known.iter().filter_map(|texts| KnownColumn::from_texts(texts)).collect());
    }

    /// Settles a column that was proposed by what is known of it; whether something is.
    pub(super) fn settle_known(&mut self, index: usize) -> bool {
        let State::Proposed(proposed) = &self.columns[index].state else { return false };
        let is_it = |known: &&KnownColumn| known.index == index && known.proposed == *proposed;
        let Some(KnownColumn { dtype, has_values, .. }) = self.known.iter().find(is_it).cloned() else {
            return false;
        };
        *self.state_mut(index) = State::Settled { dtype, has_values };
        true
    }

    /// Settles a column that all rows have been looked at for.
    pub(super) fn settle_as(&mut self, index: usize, dtype: Option<DataType>, has_values: bool) {
        if let State::Proposed(proposed) = self.columns[index].state.clone() {
            Arc::make_mut(&mut self.known).push(KnownColumn {
                index,
                proposed,
                dtype: dtype.clone(),
                has_values,
            });
        }
        *self.state_mut(index) = State::Settled { dtype, has_values };
    }
}
