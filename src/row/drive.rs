//! The loop over the rows of a chunk: calls the function, writes what it returns, and contains its panics.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::argument::RowStates;
use super::into_row::{IntoRow, RowWriter};
use super::output::{ChunkOutput, RowFault};
use crate::error::RowFailure;
use crate::widest::{Loop, run_widest};

/// What became of the call for one row.
pub(crate) enum Outcome<R> {
    /// The function returned this.
    Value(R),
    /// The row's result is null.
    Null,
    /// The row is at fault.
    Fault(RowFault),
}

/// Calls `call` for every row of a chunk that `states` lets through and writes the results into `output`.
///
/// A row is called once at most. `n_rows` must be no more than what the readers behind `call` hold. When a call panics,
/// `after_panic` may know better what became of its row.
pub(crate) fn drive<R: IntoRow>(
    n_rows: usize,
    mut states: RowStates,
    output: &mut ChunkOutput<'_>,
    call: impl Fn(usize) -> Outcome<R>,
    after_panic: impl Fn(usize) -> Option<Outcome<R>>,
) {
    let mut writer = R::writer(&mut output.slots().iter_mut(), n_rows);
    assert!(writer.capacity() >= n_rows, "a slot has room for every row of its chunk");
    let plain = states.called.is_none() && states.unfit.is_empty();
    let mut unfit = std::mem::take(&mut states.unfit).into_iter().peekable();
    let mut row = 0;
    let mut stop = output.stop(row, n_rows);
    while row < stop {
        let step = catch_unwind(AssertUnwindSafe(|| {
            if plain {
                let mut fault = None;
                let (row, writer) = (&mut row, &mut writer);
                run_widest(All {
                    row,
                    n_rows: stop,
                    call: &call,
                    writer,
                    fault: &mut fault,
                    of: PhantomData,
                });
                fault
            } else {
                run_called(&mut row, stop, &states, &mut unfit, &call, &mut writer)
            }
        }));
        let fault = match step {
            Ok(None) => {
                stop = output.stop(row, n_rows);
                continue;
            }
            Ok(Some(fault)) => Some(fault),
            Err(payload) => {
                let outcome = after_panic(row).unwrap_or_else(|| {
                    Outcome::Fault(RowFault::new(row, panic_message(payload.as_ref()), RowFailure::Panicked))
                });
                write(row, outcome, &mut writer)
            }
        };
        row += 1;
        if let Some(fault) = fault
            && output.fault(fault) == ControlFlow::Break(())
        {
            row = n_rows;
            break;
        }
        if row == stop {
            stop = output.stop(row, n_rows);
        }
    }
    output.leave_behind(row);
    writer.finish(&mut output.slots().iter_mut());
}

/// Calls `call` for each of `n_items` items that are not rows of a frame.
pub(crate) fn call_items<R: IntoRow>(
    n_items: usize,
    output: &mut ChunkOutput<'_>,
    call: impl Fn(usize) -> R,
) {
    drive::<R>(n_items, RowStates::default(), output, |item| Outcome::Value(call(item)), |_| None);
}

/// The call for each row from `row` on, until the end or until a row fails: `row` is that row then, and it is written.
struct All<'l, R, C, W> {
    row: &'l mut usize,
    n_rows: usize,
    call: &'l C,
    writer: &'l mut W,
    fault: &'l mut Option<RowFault>,
    of: PhantomData<R>,
}

impl<R, C: Fn(usize) -> Outcome<R>, W: RowWriter<R>> Loop for All<'_, R, C, W> {
    #[inline(always)]
    fn run(self) {
        *self.fault = run_all(self.row, self.n_rows, self.call, self.writer);
    }
}

/// A function of its own so that the compiler knows that its parameters do not overlap, and vectorizes.
#[inline(always)]
fn run_all<R, W: RowWriter<R>>(
    row: &mut usize,
    n_rows: usize,
    call: &impl Fn(usize) -> Outcome<R>,
    writer: &mut W,
) -> Option<RowFault> {
    let n_rows = n_rows.min(writer.capacity());
    while *row < n_rows {
        let fault = write(*row, call(*row), writer);
        if fault.is_some() {
            return fault;
        }
        *row += 1;
    }
    None
}

/// As [`All`], where some rows are null or at fault from the start.
#[inline(never)]
fn run_called<R, W: RowWriter<R>>(
    row: &mut usize,
    n_rows: usize,
    states: &RowStates,
    unfit: &mut std::iter::Peekable<std::vec::IntoIter<RowFault>>,
    call: &impl Fn(usize) -> Outcome<R>,
    writer: &mut W,
) -> Option<RowFault> {
    while *row < n_rows {
        let fault = unfit.next_if(|fault| fault.row == *row);
        if fault.is_some() {
            writer.write_null(*row);
            return fault;
        }
        if states.called.as_ref().is_none_or(|called| called.get_bit(*row)) {
            let fault = write(*row, call(*row), writer);
            if fault.is_some() {
                return fault;
            }
        } else {
            writer.write_null(*row);
        }
        *row += 1;
    }
    None
}

#[inline(always)]
fn write<R, W: RowWriter<R>>(row: usize, outcome: Outcome<R>, writer: &mut W) -> Option<RowFault> {
    match outcome {
        Outcome::Value(value) => {
            let message = writer.write(row, value)?;
            Some(RowFault::new(row, message, RowFailure::Returned))
        }
        Outcome::Null => {
            writer.write_null(row);
            None
        }
        Outcome::Fault(fault) => {
            writer.write_null(row);
            Some(fault)
        }
    }
}

/// The text that a panic was raised with.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
