//! Whether tables that are needed whole fit into the memory that a run may use.

use super::memory::Sizes;
use crate::error::{Error, Result};
use crate::table::pieces::{Buffers, OpenInput, OpenOptions, PieceSizes, Strictness};
use crate::table::{Input, ReadOptions};

/// The bytes of a number.
const VALUE: u64 = 8;

/// Says so before they are read where the inputs, with all their columns in memory, have more than `limit` bytes.
///
/// What cannot be opened is left to whoever reads it, and what can be read once only is not counted.
pub(super) fn check_fits(inputs: &[Input], read: &ReadOptions, limit: u64) -> Result<()> {
    let sizes = Sizes::new(limit, 1, None);
    let buffers = Buffers::default();
    let options = OpenOptions {
        read,
        sizes: PieceSizes { target: sizes.piece, largest_row: sizes.largest_row, most_rows: sizes.most_rows },
        strictness: Strictness::Lenient,
        in_memory: sizes.kept,
        buffers: &buffers,
        check_cancelled: &|| Ok(()),
    };
    let mut needed = 0_u64;
    for input in inputs.iter().filter(|input| input.path().is_some()) {
        let Ok(opened) = OpenInput::open(input, &options) else { return Ok(()) };
        if opened.is_read_once() {
            continue;
        }
        needed = needed
            .saturating_add(opened.n_unpacked_bytes().unwrap_or(0).max(opened.n_bytes_in_all().unwrap_or(0)));
        // Rows are counted only of what there is room for to read.
        if needed <= limit {
            let Ok(n_rows) = opened.n_rows().map_or_else(|| opened.count_rows(), Ok) else { return Ok(()) };
            let n_values = n_rows.saturating_mul(opened.schema().len() as u64);
            needed = needed.saturating_add(n_values.saturating_mul(VALUE));
        }
        if needed > limit {
            let message = format!(
                "whole columns are needed in memory, which take {} MB at least, and the limit of memory is {} MB; \
                 give a larger --memory-limit, or none",
                needed.div_ceil(1_000_000),
                limit as f64 / 1e6,
            );
            return Err(Error::too_large(message).in_file(input.label()));
        }
    }
    Ok(())
}
