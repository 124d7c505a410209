//! Writes a series into the slot of an output column.

use polars::prelude::{DataType, Series};

use super::output::Slot;
use crate::error::{Error, Result};

impl Slot<'_> {
    /// Puts a series of as many rows as the chunk into the slot. Its dtype must be that of the slot's field. A column of
    /// fixed width is copied to its place in the final buffer.
    ///
    /// # Errors
    /// The engine's, for a series of another dtype where the slot is of fixed width.
    ///
    /// # Panics
    /// When the series is longer or shorter than a slot of fixed width.
    pub fn fill(&mut self, series: Series) -> Result<()> {
        match self {
            Self::Fixed { .. } => copy(self, &series),
            Self::Series(_) => {
                self.set_series(series);
                Ok(())
            }
            Self::Runs(runs) => {
                *runs = vec![series];
                Ok(())
            }
        }
    }
}

fn copy(slot: &mut Slot<'_>, series: &Series) -> Result<()> {
    let physical = series.to_physical_repr();
    macro_rules! copy {
        ($native:ty, $get:ident) => {{
            let values = physical.$get().map_err(Error::engine)?;
            let place = slot.values_mut::<$native>();
            let mut from = 0;
            for piece in values.downcast_iter() {
                place[from..from + piece.len()].copy_from_slice(piece.values());
                from += piece.len();
            }
            slot.set_validity(values.rechunk_validity().filter(|validity| validity.unset_bits() > 0));
        }};
    }
    match physical.dtype() {
        DataType::Int8 => copy!(i8, i8),
        DataType::Int16 => copy!(i16, i16),
        DataType::Int32 => copy!(i32, i32),
        DataType::Int64 => copy!(i64, i64),
        DataType::UInt8 => copy!(u8, u8),
        DataType::UInt16 => copy!(u16, u16),
        DataType::UInt32 => copy!(u32, u32),
        DataType::UInt64 => copy!(u64, u64),
        DataType::Float32 => copy!(f32, f32),
        DataType::Float64 => copy!(f64, f64),
        other => return Err(Error::engine(format!("{other} is not of fixed width"))),
    }
    Ok(())
}
