//! Where a kernel puts its answers: a [`Slot`] for each output column and the faults of the chunk.
//!
//! Columns of fixed width are written straight into their place in the final buffer, so that nothing is copied when
//! the chunks are put together; the others leave a series a chunk.

use std::ops::ControlFlow;
use std::time::Duration;

use polars::prelude::{DataType, Series, TimeUnit};
use polars_arrow::bitmap::Bitmap;

use super::huge_pages;
use super::pace::Pace;
use crate::error::{Error, RowFailure};

/// The output of one chunk.
#[derive(Debug)]
pub struct ChunkOutput<'o> {
    n_rows: usize,
    slots: Vec<Slot<'o>>,
    faults: Vec<RowFault>,
    after_fault: AfterFault,
    pace: Option<Pace<'o>>,
    n_done: usize,
}

/// What to do with the rest of a chunk when a row has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFault {
    /// Leave it: the run ends with this error.
    Stop,
    /// Run it.
    GoOn,
}

/// A row on which the row function failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The row, counted from the first one of its chunk.
    pub row: usize,
    /// The function's message, or the panic's.
    pub message: String,
    /// How it failed.
    pub cause: RowFailure,
    /// The column at fault, where one is.
    pub column: Option<String>,
    /// How long the function took for the row, where that is known.
    pub elapsed: Option<Duration>,
}

impl RowFault {
    /// A fault of `row` that no one column is to blame for.
    pub fn new(row: usize, message: impl Into<String>, cause: RowFailure) -> Self {
        Self { row, message: message.into(), cause, column: None, elapsed: None }
    }

    /// The same fault, with the column that is to blame.
    #[must_use]
    pub fn in_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// The same fault of a call that took so long.
    #[must_use]
    pub fn after(mut self, elapsed: Duration) -> Self {
        self.elapsed = Some(elapsed);
        self
    }

    /// The fault as an error; `first_row` is the index of its chunk's first row.
    pub fn into_error(self, first_row: u64) -> Error {
        let error = Error::row(self.message, self.cause).at_row(first_row + self.row as u64);
        match self.column {
            Some(column) => error.in_column(column),
            None => error,
        }
    }
}

impl<'o> ChunkOutput<'o> {
    /// An output of `n_rows` rows with these slots.
    pub fn new(n_rows: usize, slots: Vec<Slot<'o>>, after_fault: AfterFault) -> Self {
        Self { n_rows, slots, faults: Vec::new(), after_fault, pace: None, n_done: n_rows }
    }

    /// Lets the chunk be left early, by a kernel that [heeds](super::Kernel::heeds_pace) it.
    pub(crate) fn with_pace(self, pace: Pace<'o>) -> Self {
        Self { pace: Some(pace), ..self }
    }

    /// The row to stop before, when those before `row` are done; `row` itself where the chunk is to be left.
    pub(crate) fn stop(&mut self, row: usize, n_rows: usize) -> usize {
        Pace::stop(&mut self.pace, row, n_rows)
    }

    /// Says that the chunk was left behind so many rows.
    pub(crate) fn leave_behind(&mut self, n_done: usize) {
        if self.pace.is_some() {
            self.n_done = n_done;
        }
    }

    /// How many rows have been run.
    pub(crate) fn n_done(&self) -> usize {
        self.n_done
    }

    /// How many rows each slot is to get.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The slots, one for each output column.
    pub fn slots(&mut self) -> &mut [Slot<'o>] {
        &mut self.slots
    }

    /// Notes that a row failed, and says whether the rest is to be run. Its values must be null.
    #[cold]
    pub fn fault(&mut self, fault: RowFault) -> ControlFlow<()> {
        self.faults.push(fault);
        match self.after_fault {
            AfterFault::Stop => ControlFlow::Break(()),
            AfterFault::GoOn => ControlFlow::Continue(()),
        }
    }

    /// Whether a row has failed.
    pub fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether the rest of the chunk is run when a row has failed.
    pub fn after_fault(&self) -> AfterFault {
        self.after_fault
    }

    /// Runs `fill` with an output that has one of the slots alone, and takes its faults over.
    pub(crate) fn with_slot<T>(&mut self, index: usize, fill: impl FnOnce(&mut ChunkOutput<'o>) -> T) -> T {
        let slot = std::mem::replace(&mut self.slots[index], Slot::Series(None));
        let mut alone = ChunkOutput::new(self.n_rows, vec![slot], self.after_fault);
        let filled = fill(&mut alone);
        self.faults.append(&mut alone.faults);
        self.slots[index] = alone.slots.remove(0);
        filled
    }

    /// Gives the slots and the faults away, the faults in the order of their rows.
    pub fn into_parts(mut self) -> (Vec<Slot<'o>>, Vec<RowFault>) {
        self.faults.sort_by_key(|fault| fault.row);
        (self.slots, self.faults)
    }
}

/// The place of one output column in one chunk.
#[derive(Debug)]
pub enum Slot<'o> {
    /// Values of fixed width, zero at first, and which of them are valid (all of them when there is no bitmap).
    Fixed {
        /// The chunk's place in the final buffer.
        values: FixedMut<'o>,
        /// Which rows are not null.
        validity: Option<Bitmap>,
    },
    /// Any other column: the kernel leaves its series here.
    Series(Option<Series>),
    /// A column whose dtype the lowest row that has a value decides: runs of one dtype each (see
    /// [`RunsBuilder`](super::RunsBuilder)).
    Runs(Vec<Series>),
}

impl<'o> Slot<'o> {
    /// The values of a column of fixed width.
    ///
    /// # Panics
    /// When the slot's dtype is not stored as `T`: the kernel does not keep to its own fields.
    pub fn values_mut<T: Fixed>(&mut self) -> &mut [T] {
        match self {
            Self::Fixed { values, .. } => T::slice_mut(values),
            Self::Series(_) | Self::Runs(_) => None,
        }
        .expect("a kernel writes the dtypes of its fields")
    }

    /// Takes the place in the final buffer out of the slot, to keep it for longer than a borrow of the slot.
    ///
    /// # Panics
    /// As [`values_mut`](Self::values_mut).
    pub fn take_values<T: Fixed>(&mut self) -> &'o mut [T] {
        match self {
            Self::Fixed { values, .. } => T::take_slice(values),
            Self::Series(_) | Self::Runs(_) => None,
        }
        .expect("a kernel writes the dtypes of its fields")
    }

    /// Says which rows are not null; `None` for all of them.
    pub fn set_validity(&mut self, bitmap: Option<Bitmap>) {
        if let Self::Fixed { validity, .. } = self {
            *validity = bitmap;
        }
    }

    /// Leaves the runs of a column whose dtype its values decide.
    pub(crate) fn set_runs(&mut self, values: Vec<Series>) {
        if let Self::Runs(place) = self {
            *place = values;
        }
    }

    /// Leaves the series of a column that is not of fixed width.
    pub fn set_series(&mut self, values: Series) {
        if let Self::Series(place) = self {
            *place = Some(values);
        }
    }
}

/// A number type that a column of fixed width is stored as.
pub trait Fixed: Copy + Default + Send + Sync + std::fmt::Debug + 'static {
    #[doc(hidden)]
    fn slice_mut<'s>(values: &'s mut FixedMut<'_>) -> Option<&'s mut [Self]>;
    #[doc(hidden)]
    fn take_slice<'o>(values: &mut FixedMut<'o>) -> Option<&'o mut [Self]>;
}

macro_rules! fixed {
    ($($variant:ident $native:ty),* $(,)?) => {
        /// A piece of the final buffer of a column of fixed width.
        #[derive(Debug)]
        pub enum FixedMut<'o> {
            $(#[allow(missing_docs)] $variant(&'o mut [$native])),*
        }

        /// The final buffer of a column of fixed width.
        #[derive(Debug)]
        pub(crate) enum FixedBuffer {
            $($variant(Vec<$native>)),*
        }

        impl FixedMut<'_> {
            /// How many values there are.
            pub fn len(&self) -> usize {
                match self { $(Self::$variant(values) => values.len()),* }
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }

        impl<'o> FixedMut<'o> {
            /// Has the system put memory under all of it.
            pub(crate) fn populate(&mut self) {
                match self { $(Self::$variant(values) => huge_pages::populate(values)),* }
            }

            /// About `n_rows`, so that as many of the first values end where a large page does; `None` where that is far off.
            pub(crate) fn rows_to_page_end(&self, n_rows: usize) -> Option<usize> {
                match self { $(Self::$variant(values) => huge_pages::values_to_page_end(values, n_rows)),* }
            }

            /// How many values fill a large page, where it is in such.
            pub(crate) fn page_rows(&self) -> Option<usize> {
                match self { $(Self::$variant(values) => huge_pages::values_of_page(values)),* }
            }

            /// The first `n_rows` values, for a while.
            pub(crate) fn front(&mut self, n_rows: usize) -> FixedMut<'_> {
                match self { $(Self::$variant(values) => FixedMut::$variant(&mut values[..n_rows])),* }
            }

            /// Cuts off the first `n_rows` values.
            pub(crate) fn split_off_front(&mut self, n_rows: usize) -> FixedMut<'o> {
                match self {
                    $(Self::$variant(values) => {
                        let (front, back) = std::mem::take(values).split_at_mut(n_rows);
                        *values = back;
                        FixedMut::$variant(front)
                    })*
                }
            }
        }

        impl FixedBuffer {
            /// The whole buffer.
            pub(crate) fn as_mut(&mut self) -> FixedMut<'_> {
                match self { $(Self::$variant(values) => FixedMut::$variant(values)),* }
            }
        }

        $(impl Fixed for $native {
            #[inline]
            fn slice_mut<'s>(values: &'s mut FixedMut<'_>) -> Option<&'s mut [Self]> {
                match values {
                    FixedMut::$variant(values) => Some(values),
                    _ => None,
                }
            }

            #[inline]
            fn take_slice<'o>(values: &mut FixedMut<'o>) -> Option<&'o mut [Self]> {
                match values {
                    FixedMut::$variant(values) => Some(std::mem::take(values)),
                    _ => None,
                }
            }
        })*
    };
}

fixed! {
    I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64,
}

impl FixedBuffer {
    /// A zeroed buffer for `n_rows` values of `dtype`, or `None` when such values are not of fixed width.
    ///
    /// Fresh memory of the system is zero already, so the first thread to touch a page is the worker that writes it.
    pub(crate) fn zeroed(dtype: &DataType, n_rows: usize) -> Option<Self> {
        Some(match dtype {
            DataType::Int8 => Self::I8(fresh(n_rows)),
            DataType::Int16 => Self::I16(fresh(n_rows)),
            DataType::Int32 | DataType::Date => Self::I32(fresh(n_rows)),
            DataType::Int64 | DataType::Time | DataType::Datetime(..) | DataType::Duration(_) => {
                Self::I64(fresh(n_rows))
            }
            DataType::UInt8 => Self::U8(fresh(n_rows)),
            DataType::UInt16 => Self::U16(fresh(n_rows)),
            DataType::UInt32 => Self::U32(fresh(n_rows)),
            DataType::UInt64 => Self::U64(fresh(n_rows)),
            DataType::Float32 => Self::F32(fresh(n_rows)),
            DataType::Float64 => Self::F64(fresh(n_rows)),
            _ => return None,
        })
    }

    /// The buffer as a column, without a copy.
    pub(crate) fn into_series(
        self,
        name: polars::prelude::PlSmallStr,
        dtype: &DataType,
        validity: Option<Bitmap>,
    ) -> Series {
        use polars::prelude::*;
        let series = match self {
            Self::I8(values) => Int8Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::I16(values) => Int16Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::I32(values) => Int32Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::I64(values) => Int64Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::U8(values) => UInt8Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::U16(values) => UInt16Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::U32(values) => UInt32Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::U64(values) => UInt64Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::F32(values) => Float32Chunked::from_vec_validity(name, values, validity).into_series(),
            Self::F64(values) => Float64Chunked::from_vec_validity(name, values, validity).into_series(),
        };
        match dtype {
            DataType::Date => series.into_date(),
            DataType::Time => series.into_time(),
            DataType::Datetime(unit, zone) => series.into_datetime(*unit, zone.clone()),
            DataType::Duration(unit) => series.into_duration(*unit),
            _ => series,
        }
    }
}

/// Zeros, in large pages where there are many.
fn fresh<T: Fixed>(n_rows: usize) -> Vec<T> {
    let mut values = vec![T::default(); n_rows];
    huge_pages::advise(&mut values);
    values
}

/// The unit of the dates with time and of the durations that row functions return.
pub(crate) const TIME_UNIT: TimeUnit = TimeUnit::Microseconds;
