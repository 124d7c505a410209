//! The ledger of a run in a file.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::fault::{Fault, ledger_rows, ledger_schema};
use crate::files::Files;
use crate::table::{Output, TableWriter, Whole, WriteOptions};

/// A block is written when it has so many faults, or so many bytes of text.
const BLOCK_ROWS: usize = 1 << 14;
const BLOCK_BYTES: usize = 4 << 20;

/// A file that takes faults one by one, in the format of its name.
pub(in crate::pipeline) struct LedgerFile {
    writer: TableWriter,
    pending: Vec<Fault>,
    n_pending_bytes: usize,
}

impl LedgerFile {
    /// # Errors
    /// Those of [`TableWriter::create`]; [`InvalidOption`](ErrorKind::InvalidOption) for a name that tells no format.
    pub(in crate::pipeline) fn create(output: &Output, files: &Files) -> Result<Self> {
        let options = WriteOptions::builder().files(files.clone()).build()?;
        let writer = TableWriter::create(output, &Arc::new(ledger_schema()), &options);
        let writer = writer.map_err(|error| match error.kind() {
            ErrorKind::UnknownFormat { .. } => {
                let message =
                    format!("the name of {output} tells no format; end it in .csv, .parquet or .ndjson");
                Error::invalid_option("ledger", message)
            }
            _ => error,
        })?;
        Ok(Self { writer, pending: Vec::new(), n_pending_bytes: 0 })
    }

    /// Adds the next fault, in the order of the rows.
    pub(in crate::pipeline) fn add(&mut self, fault: Fault) -> Result<()> {
        self.n_pending_bytes += fault.message.len();
        self.pending.push(fault);
        // Where a block ends hangs on the faults alone, so that the file is the same whatever pieces they came in.
        match self.pending.len() >= BLOCK_ROWS || self.n_pending_bytes >= BLOCK_BYTES {
            true => self.write_block(),
            false => Ok(()),
        }
    }

    fn write_block(&mut self) -> Result<()> {
        self.writer.write_chunk(&ledger_rows(&self.pending)?)?;
        self.pending.clear();
        self.n_pending_bytes = 0;
        self.writer.end_block()
    }

    /// Brings all of it to the disk.
    pub(in crate::pipeline) fn close(mut self) -> Result<Whole> {
        if !self.pending.is_empty() {
            self.write_block()?;
        }
        self.writer.close()
    }
}
