//! Small chunks into blocks, for the formats that have blocks.

use polars::prelude::*;

use crate::error::{Error, Result};

/// Collects small chunks, since formats with a block a chunk are slow to read back where blocks are small.
pub(super) struct Gathered {
    frame: Option<DataFrame>,
    /// How many rows a block has at most.
    block_rows: usize,
    /// How many rows of the block to come are measured, and the bytes that they have.
    n_measured: usize,
    n_bytes: usize,
}

/// How many rows make a block.
const BLOCK_ROWS: usize = 512 * 512;

/// A block of fewer rows is full with so many bytes of values.
const BLOCK_BYTES: usize = 64 << 20;

/// Rows are measured by so many.
const UNIT_ROWS: usize = 256;

impl Gathered {
    /// Gathers blocks of so many rows at most.
    pub(super) fn new(block_rows: Option<usize>) -> Self {
        Self { frame: None, block_rows: block_rows.unwrap_or(BLOCK_ROWS), n_measured: 0, n_bytes: 0 }
    }

    /// Keeps a chunk.
    pub(super) fn keep(&mut self, frame: &DataFrame) -> Result<()> {
        match &mut self.frame {
            None => self.frame = Some(frame.clone()),
            Some(gathered) => {
                gathered.vstack_mut(frame).map_err(Error::engine)?;
            }
        }
        Ok(())
    }

    /// How many rows are kept.
    pub(super) fn n_rows(&self) -> usize {
        self.frame.as_ref().map_or(0, DataFrame::height)
    }

    /// The first rows that are kept, where there are so many.
    pub(super) fn take_rows(&mut self, n_rows: usize) -> Option<DataFrame> {
        let kept = self.frame.take_if(|kept| kept.height() >= n_rows)?;
        let (taken, rest) = kept.split_at(n_rows as i64);
        self.frame = (rest.height() > 0).then_some(rest);
        (self.n_measured, self.n_bytes) = (0, 0);
        Some(taken)
    }

    /// Keeps a chunk, and gives the blocks that are full, each in one piece: where they end is the same whatever the chunks.
    pub(super) fn add(&mut self, frame: &DataFrame) -> Result<Vec<DataFrame>> {
        self.keep(frame)?;
        let mut blocks = Vec::new();
        while let Some(n_rows) = self.full_block()? {
            let Some(kept) = self.frame.take() else { break };
            let (mut block, rest) = kept.split_at(n_rows as i64);
            block.rechunk_mut();
            blocks.push(block);
            self.frame = (rest.height() > 0).then_some(rest);
            (self.n_measured, self.n_bytes) = (0, 0);
        }
        Ok(blocks)
    }

    /// Gives all that is kept, in blocks.
    pub(super) fn take(&mut self) -> Result<Vec<DataFrame>> {
        let Some(frame) = self.frame.take() else { return Ok(Vec::new()) };
        (self.n_measured, self.n_bytes) = (0, 0);
        let mut blocks = self.add(&frame)?;
        if let Some(mut rest) = self.frame.take() {
            rest.rechunk_mut();
            blocks.push(rest);
        }
        (self.n_measured, self.n_bytes) = (0, 0);
        Ok(blocks)
    }

    /// How many rows the block has, when it is full.
    fn full_block(&mut self) -> Result<Option<usize>> {
        let Some(frame) = &self.frame else { return Ok(None) };
        // Of fixed widths a block never has too many bytes, unless there are very many columns.
        let fixed: usize = frame.columns().iter().map(|column| fixed_width(column.dtype())).sum();
        let varies = frame.columns().iter().any(|column| fixed_width(column.dtype()) == 0);
        if !varies {
            let fitting = (BLOCK_BYTES / fixed.max(1) / UNIT_ROWS * UNIT_ROWS).clamp(UNIT_ROWS, BLOCK_ROWS);
            let fitting = fitting.min(self.block_rows);
            return Ok((frame.height() >= fitting).then_some(fitting));
        }
        while self.n_measured + UNIT_ROWS <= frame.height() {
            let mut n_bytes = fixed * UNIT_ROWS;
            for column in frame.columns().iter().filter(|column| fixed_width(column.dtype()) == 0) {
                n_bytes += values_bytes(&column.slice(self.n_measured as i64, UNIT_ROWS))?;
            }
            if self.n_measured > 0 && self.n_bytes + n_bytes > BLOCK_BYTES {
                return Ok(Some(self.n_measured));
            }
            self.n_measured += UNIT_ROWS;
            self.n_bytes += n_bytes;
            if self.n_measured >= self.block_rows {
                return Ok(Some(self.n_measured));
            }
        }
        Ok(None)
    }
}

/// The bytes of a value; 0 where that hangs on the value.
fn fixed_width(dtype: &DataType) -> usize {
    match dtype {
        DataType::Null | DataType::Boolean | DataType::Int8 | DataType::UInt8 => 1,
        DataType::Decimal(..) | DataType::Int128 => 16,
        dtype if dtype.is_primitive_numeric() || dtype.is_temporal() || dtype.is_categorical() => 8,
        _ => 0,
    }
}

/// The bytes of the values of a few rows, whatever buffers they share with others.
fn values_bytes(column: &Column) -> Result<usize> {
    let series = column.as_materialized_series();
    Ok(match series.dtype() {
        DataType::String => {
            let texts = series.str().map_err(Error::engine)?;
            texts.iter().map(|text| 16 + text.map_or(0, str::len)).sum()
        }
        DataType::Binary => {
            let values = series.binary().map_err(Error::engine)?;
            values.iter().map(|value| 16 + value.map_or(0, <[u8]>::len)).sum()
        }
        _ => {
            // Copied, they are all that their buffers hold.
            let rows = IdxCa::from_iter_values("".into(), 0..series.len() as IdxSize);
            series.take(&rows).map_err(Error::engine)?.estimated_size()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(frame: &DataFrame, chunk_rows: usize) -> Vec<usize> {
        let mut gathered = Gathered::new(None);
        let mut heights = Vec::new();
        let mut from = 0;
        while from < frame.height() {
            let chunk = frame.slice(from as i64, chunk_rows);
            heights.extend(gathered.add(&chunk).unwrap().iter().map(DataFrame::height));
            from += chunk.height();
        }
        heights.extend(gathered.take().unwrap().iter().map(DataFrame::height));
        heights
    }

    #[test]
    fn blocks_of_long_texts_have_fewer_rows_whatever_the_chunks() {
        let texts: Vec<String> = (0..3_000).map(|n| "x".repeat(n * 40)).collect();
        let frame = df!("t" => texts, "n" => (0..3_000).collect::<Vec<i64>>()).unwrap();
        let whole = blocks(&frame, 3_000);
        assert!(whole.len() > 2 && whole.iter().all(|n_rows| n_rows % UNIT_ROWS == 0 || *n_rows < 3_000));
        assert_eq!(whole.iter().sum::<usize>(), 3_000);
        for chunk_rows in [1, 7, 255, 256, 1_000] {
            assert_eq!(blocks(&frame, chunk_rows), whole, "{chunk_rows}");
        }
    }

    #[test]
    fn blocks_of_numbers_have_so_many_rows() {
        let frame = df!("n" => (0..600_000).collect::<Vec<i64>>()).unwrap();
        assert_eq!(blocks(&frame, 100_000), [BLOCK_ROWS, BLOCK_ROWS, 600_000 - 2 * BLOCK_ROWS]);
    }
}
