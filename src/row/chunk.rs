//! A slice of a table's columns: what a kernel is given at a time.

use std::sync::Arc;

use polars::prelude::{Column, Series};

/// Some rows of the columns that a row function reads, without a copy of their values, and the index of the first of
/// them in the table.
///
/// Columns come in the order in which the function was bound to them; the same column may come more than once. Each
/// holds its rows in one piece.
#[derive(Clone, Debug)]
pub struct Chunk {
    columns: Vec<Column>,
    n_rows: usize,
    first_row: u64,
    /// The index in the table of each row, where they do not follow each other.
    indices: Option<Arc<[u64]>>,
}

impl Chunk {
    /// The `n_rows` rows from `offset` on of `columns`, where row `offset` has index `first_row + offset` in the table.
    ///
    /// A slice that spans pieces of a column is put into one piece, which copies that slice and no more.
    pub fn slice(columns: &[Column], offset: usize, n_rows: usize, first_row: u64) -> Self {
        let columns = columns
            .iter()
            .map(|column| {
                let slice = if offset == 0 && n_rows == column.len() {
                    column.clone()
                } else {
                    column.slice(offset as i64, n_rows)
                };
                // To put one piece into one piece makes another column of it.
                match slice.n_chunks() {
                    1 => slice,
                    _ => slice.rechunk(),
                }
            })
            .collect();
        Self { columns, n_rows, first_row: first_row + offset as u64, indices: None }
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column at this position as a series of one piece.
    ///
    /// # Panics
    /// When there are not so many columns.
    pub fn series(&self, index: usize) -> &Series {
        self.columns[index].as_materialized_series()
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The index of the first row, among the rows that the kernel is run over.
    pub fn first_row(&self) -> u64 {
        self.first_row
    }

    /// The index in the table of row `row` of the chunk. Where a condition has left rows out, these do not follow each
    /// other.
    ///
    /// # Panics
    /// May, when there are not so many rows.
    pub fn row_index(&self, row: usize) -> u64 {
        match &self.indices {
            Some(indices) => indices[row],
            None => self.first_row + row as u64,
        }
    }

    /// The same rows, with these indices in the table.
    pub(crate) fn with_row_indices(self, indices: Arc<[u64]>) -> Self {
        Self { indices: Some(indices), ..self }
    }

    /// How many rows from `row` on, at most `most`, have indices that follow each other.
    pub(crate) fn n_consecutive(&self, row: usize, most: usize) -> usize {
        match &self.indices {
            Some(indices) => {
                let first = indices[row];
                let follows = |(at, index): &(u64, &u64)| **index == first + at;
                (0..).zip(&indices[row..row + most]).take_while(follows).count()
            }
            None => most,
        }
    }
}
