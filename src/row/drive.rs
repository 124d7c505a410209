//! The loop over the rows of a chunk: calls the function, writes what it returns, and contains its panics.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::argument::RowStates;
use super::into_row::{IntoRow, RowWriter};
use super::output::{ChunkOutput, RowFault};
use crate::error::RowFailure;
use crate::widest::{LoopOver, run_widest_over};

/// What became of the call for one row.
pub(crate) enum Outcome<R> {
    /// The function returned this.
    Value(R),
    /// The row's result is null.
    Null,
    /// The row is at fault.
    Fault(RowFault),
}

/// What is called for each row.
pub(crate) trait CallRow<R> {
    /// For how many rows it can be called: what lets the compiler drop the bounds checks.
    fn capacity(&self) -> usize {
        usize::MAX
    }

    /// Calls it. To be marked `#[inline(always)]`: the compiler makes vectors only of what stands in the loop.
    fn call(&self, row: usize) -> Outcome<R>;
}

impl<R, F: Fn(usize) -> Outcome<R>> CallRow<R> for F {
    #[inline(always)]
    fn call(&self, row: usize) -> Outcome<R> {
        self(row)
    }
}

/// Calls `call` for every row of a chunk that `states` lets through and writes the results into `output`.
///
/// A row is called once at most. `n_rows` must be no more than what the readers behind `call` hold. When a call panics,
/// `after_panic` may know better what became of its row.
pub(crate) fn drive<R: IntoRow>(
    n_rows: usize,
    mut states: RowStates,
    output: &mut ChunkOutput<'_>,
    call: impl CallRow<R>,
    after_panic: impl Fn(usize) -> Option<Outcome<R>>,
) {
    let mut writer = R::writer(&mut output.slots().iter_mut(), n_rows);
    assert!(writer.capacity() >= n_rows, "a slot has room for every row of its chunk");
    let plain = states.called.is_none() && states.unfit.is_empty();
    let mut unfit = std::mem::take(&mut states.unfit).into_iter().peekable();
    let mut at = At { row: 0, fault: None };
    let mut stop = output.stop(at.row, n_rows);
    let mut all = All { n_rows: stop, call, of: PhantomData };
    while at.row < stop {
        let step = catch_unwind(AssertUnwindSafe(|| {
            if plain {
                all.n_rows = stop;
                run_widest_over(&all, &mut at, &mut writer);
                at.fault.take()
            } else {
                run_called(&mut at.row, stop, &states, &mut unfit, &all.call, &mut writer)
            }
        }));
        let fault = match step {
            Ok(None) => {
                stop = output.stop(at.row, n_rows);
                continue;
            }
            Ok(Some(fault)) => Some(fault),
            Err(payload) => {
                let outcome = after_panic(at.row).unwrap_or_else(|| {
                    let message = panic_message(payload.as_ref());
                    Outcome::Fault(RowFault::new(at.row, message, RowFailure::Panicked))
                });
                write(at.row, outcome, &mut writer)
            }
        };
        at.row += 1;
        if let Some(fault) = fault
            && output.fault(fault) == ControlFlow::Break(())
        {
            at.row = n_rows;
            break;
        }
        if at.row == stop {
            stop = output.stop(at.row, n_rows);
        }
    }
    output.leave_behind(at.row);
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

/// Where a loop is.
struct At {
    row: usize,
    /// What is wrong with that row, which is written.
    fault: Option<RowFault>,
}

/// The call for each row up to `n_rows`, or until a row fails.
///
/// It holds what is called, and no reference to it: what the loop reads behind a reference it would have to read again after each
/// value that it writes, for all that the compiler knows, and would make no vectors.
struct All<R, C> {
    n_rows: usize,
    call: C,
    of: PhantomData<R>,
}

impl<R, C: CallRow<R>, W: RowWriter<R>> LoopOver<At, W> for All<R, C> {
    #[inline(always)]
    fn run(&self, at: &mut At, writer: &mut W) {
        let n_rows = self.n_rows.min(writer.capacity()).min(self.call.capacity());
        while at.row < n_rows {
            let fault = write(at.row, self.call.call(at.row), writer);
            if fault.is_some() {
                at.fault = fault;
                return;
            }
            at.row += 1;
        }
    }
}

/// As [`All`], where some rows are null or at fault from the start.
#[inline(never)]
fn run_called<R, W: RowWriter<R>>(
    row: &mut usize,
    n_rows: usize,
    states: &RowStates,
    unfit: &mut std::iter::Peekable<std::vec::IntoIter<RowFault>>,
    call: &impl CallRow<R>,
    writer: &mut W,
) -> Option<RowFault> {
    while *row < n_rows {
        let fault = unfit.next_if(|fault| fault.row == *row);
        if fault.is_some() {
            writer.write_null(*row);
            return fault;
        }
        if states.called.as_ref().is_none_or(|called| called.get_bit(*row)) {
            let fault = write(*row, call.call(*row), writer);
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
