//! Small chunks into blocks, for the formats that have blocks.

use polars::prelude::*;

use crate::error::{Error, Result};

use super::own::{compact, rows_of};
use super::row_bytes::{fixed_width, row_bytes};

/// Collects small chunks, since formats with a block a chunk are slow to read back where blocks are small.
pub(super) struct Gathered {
    frame: Option<DataFrame>,
    /// How many rows a block has at most.
    block_rows: usize,
    /// How many bytes of values a block is full with, and of very many columns.
    full_bytes: usize,
    most_bytes: usize,
    /// How many rows of the block to come are measured, and the bytes that they have.
    n_measured: usize,
    n_bytes: usize,
}

/// How many rows make a block.
const BLOCK_ROWS: usize = 512 * 512;

/// A block of fewer rows is full with so many bytes of values: some times as many are in memory while it is encoded.
pub(super) const BLOCK_BYTES: usize = 16 << 20;

/// A block of very many columns has so many bytes of each of them, as far as these are not more than `MOST_BLOCK_BYTES`: what the
/// end of a file says of a column of a block takes some hundreds.
const COLUMN_BYTES: usize = 64 << 10;
pub(super) const MOST_BLOCK_BYTES: usize = 64 << 20;

/// A block has a multiple of so many rows, where it has as many.
const UNIT_ROWS: usize = 256;

impl Gathered {
    /// Gathers blocks of so many rows and bytes of values at most, where these are fewer than usual. Blocks of very many columns may
    /// have twice as many bytes.
    pub(super) fn new(block_rows: Option<usize>, full_bytes: Option<usize>) -> Self {
        Self {
            frame: None,
            block_rows: block_rows.unwrap_or(BLOCK_ROWS),
            full_bytes: full_bytes.map_or(BLOCK_BYTES, |n_bytes| n_bytes.min(BLOCK_BYTES)),
            most_bytes: full_bytes.map_or(MOST_BLOCK_BYTES, |n_bytes| (2 * n_bytes).min(MOST_BLOCK_BYTES)),
            n_measured: 0,
            n_bytes: 0,
        }
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
        while let Some(n_rows) = self.full_block() {
            let Some(kept) = self.frame.take() else { break };
            let n_left = kept.height() - n_rows;
            let mut block = rows_of(&kept, 0, n_rows)?;
            if n_left > 0 {
                self.frame = Some(compact(rows_of(&kept, n_rows, n_left)?)?);
            }
            drop(kept);
            block.rechunk_mut();
            blocks.push(block);
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

    /// How many rows the block has, when it is full: those that have no more than its bytes, and one at least.
    fn full_block(&mut self) -> Option<usize> {
        let frame = self.frame.as_ref()?;
        let block_bytes = (frame.width() * COLUMN_BYTES).clamp(self.full_bytes, self.most_bytes);
        // Of fixed widths a block never has too many bytes, unless there are very many columns.
        let fixed: usize = frame.columns().iter().map(|column| fixed_width(column.dtype())).sum();
        let varies = frame.columns().iter().any(|column| fixed_width(column.dtype()) == 0);
        if !varies {
            let fitting = (block_bytes / fixed.max(1) / UNIT_ROWS * UNIT_ROWS).clamp(UNIT_ROWS, BLOCK_ROWS);
            let fitting = fitting.min(self.block_rows);
            return (frame.height() >= fitting).then_some(fitting);
        }
        while self.n_measured < frame.height() {
            let next = (self.n_measured / UNIT_ROWS + 1) * UNIT_ROWS;
            let next = next.min(self.block_rows).min(frame.height());
            let n_bytes = self.n_bytes + row_bytes(frame, self.n_measured..next);
            if n_bytes > block_bytes {
                let fits =
                    |n_rows: &usize| self.n_bytes + row_bytes(frame, self.n_measured..*n_rows) <= block_bytes;
                let rows: Vec<usize> = (self.n_measured + 1..=next).collect();
                let n_rows = self.n_measured + rows.partition_point(fits);
                return Some(match n_rows {
                    UNIT_ROWS.. => n_rows / UNIT_ROWS * UNIT_ROWS,
                    _ => n_rows.max(1),
                });
            }
            self.n_measured = next;
            self.n_bytes = n_bytes;
            if self.n_measured >= self.block_rows {
                return Some(self.n_measured);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(frame: &DataFrame, chunk_rows: usize) -> Vec<usize> {
        blocks_within(frame, chunk_rows, None)
    }

    fn blocks_within(frame: &DataFrame, chunk_rows: usize, full_bytes: Option<usize>) -> Vec<usize> {
        let mut gathered = Gathered::new(None, full_bytes);
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
    fn blocks_of_large_rows_end_at_a_row_whatever_the_chunks() {
        let text = |n: usize| (!n.is_multiple_of(7)).then(|| "x".repeat((n % 40) * 60_000));
        let texts = Series::new("t".into(), (0..300).map(text).collect::<Vec<_>>());
        let fields = [texts.clone(), Series::new("n".into(), (0..300).collect::<Vec<i64>>())];
        let objects = StructChunked::from_series("o".into(), 300, fields.iter()).unwrap().into_series();
        let lists = objects.reshape_list(&[ReshapeDimension::new(150), ReshapeDimension::new(2)]).unwrap();
        for column in [texts, objects, lists] {
            let frame = DataFrame::new(column.len(), vec![column.into_column()]).unwrap();
            let whole = blocks(&frame, frame.height());
            assert!(whole.len() > 5 && whole.iter().all(|n_rows| *n_rows < UNIT_ROWS), "{whole:?}");
            assert_eq!(whole.iter().sum::<usize>(), frame.height());
            for chunk_rows in [1, 3, 64] {
                assert_eq!(blocks(&frame, chunk_rows), whole, "{chunk_rows}");
            }
            let small = blocks_within(&frame, 300, Some(4 << 20));
            assert!(small.len() > 2 * whole.len(), "{small:?}");
            for chunk_rows in [1, 5] {
                assert_eq!(blocks_within(&frame, chunk_rows, Some(4 << 20)), small, "{chunk_rows}");
            }
        }
    }

    #[test]
    fn blocks_of_numbers_have_so_many_rows() {
        let frame = df!("n" => (0..600_000).collect::<Vec<i64>>()).unwrap();
        assert_eq!(blocks(&frame, 100_000), [BLOCK_ROWS, BLOCK_ROWS, 600_000 - 2 * BLOCK_ROWS]);
    }
}
