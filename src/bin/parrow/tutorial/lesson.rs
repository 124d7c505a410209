//! [`Lesson`]: what every section works on.

use std::sync::Arc;

use parrow::polars::prelude::DataFrame;
use parrow::table::{Matrix, MatrixOptions};
use parrow::{ApplyOptions, Pool, Result};

/// The matrix in the forms that the sections want it in, and the workers.
pub struct Lesson {
    data: Arc<Data>,
    pub pool: Pool,
    pub options: ApplyOptions,
}

struct Data {
    rows: Arc<Vec<Vec<i64>>>,
    frame: DataFrame,
}

impl Lesson {
    /// The tutorial's matrix, cut to so many rows, and so many workers.
    pub fn new(n_rows: usize, n_threads: usize) -> Result<Self> {
        let options = MatrixOptions { rows: n_rows, columns: 5, low: 0, high: 10, seed: 100 };
        let matrix = Matrix::generate(&options)?;
        let rows = Arc::new((0..n_rows).map(|row| matrix.row(row).collect()).collect());
        let data = Data { rows, frame: matrix.into_frame() };
        Self::with(Arc::new(data), n_threads)
    }

    /// The same matrix with another number of workers.
    pub fn with_threads(&self, n_threads: usize) -> Result<Self> {
        Self::with(Arc::clone(&self.data), n_threads)
    }

    fn with(data: Arc<Data>, n_threads: usize) -> Result<Self> {
        let options = ApplyOptions::builder().threads(n_threads).build()?;
        Ok(Self { data, pool: Pool::new(n_threads)?, options })
    }

    /// The matrix as a list of rows.
    pub fn rows(&self) -> &Arc<Vec<Vec<i64>>> {
        &self.data.rows
    }

    /// The matrix as a data frame.
    pub fn frame(&self) -> &DataFrame {
        &self.data.frame
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.data.rows.len()
    }
}
