//! A function over a frame in chunks, which gives frames.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::frame::ConfiguredFrame;
use super::run::Mode;
use crate::error::{Error, Result, RowFailure};
use crate::pool::workers;
use crate::row::panic_message;

/// Chunks that a frame is cut into, where that makes chunks of a sensible size.
const N_CHUNKS: usize = 64;

/// The sizes of a chunk that are sensible.
const SENSIBLE_ROWS: std::ops::RangeInclusive<usize> = 1_024..=65_536;

pub(super) fn map<E: Display>(
    this: &ConfiguredFrame<'_>,
    mode: Mode,
    function: &(impl Fn(DataFrame) -> Result<DataFrame, E> + Sync),
) -> Result<DataFrame> {
    let n_rows = this.frame.height();
    let chunk_rows = this
        .options
        .chunk_rows()
        .unwrap_or_else(|| n_rows.div_ceil(N_CHUNKS).clamp(*SENSIBLE_ROWS.start(), *SENSIBLE_ROWS.end()));
    let starts: Vec<usize> = (0..n_rows.max(1)).step_by(chunk_rows).collect();
    let failed = AtomicUsize::new(usize::MAX);
    let call = |start: usize| -> Option<Result<DataFrame>> {
        if start > failed.load(Ordering::Relaxed) {
            return None;
        }
        let result = call_one(this, function, start, chunk_rows.min(n_rows - start));
        if result.is_err() {
            failed.fetch_min(start, Ordering::Relaxed);
        }
        Some(result)
    };
    if let Some(progress) = this.options.progress() {
        progress.begin(Some(n_rows as u64));
    }
    let n_threads = this.options.n_threads();
    let frames: Vec<Option<Result<DataFrame>>> =
        if mode == Mode::Serial || n_threads == 1 || starts.len() == 1 {
            starts.into_iter().map(call).collect()
        } else {
            workers(n_threads)?.install(|| starts.into_par_iter().with_max_len(1).map(call).collect())
        };
    if let Some(progress) = this.options.progress() {
        progress.finish();
    }
    join(frames.into_iter().flatten().collect::<Result<Vec<_>>>()?)
}

fn call_one<E: Display>(
    this: &ConfiguredFrame<'_>,
    function: &impl Fn(DataFrame) -> Result<DataFrame, E>,
    start: usize,
    n_rows: usize,
) -> Result<DataFrame> {
    this.options.check_cancelled()?;
    let chunk = this.frame.slice(start as i64, n_rows);
    let result = match catch_unwind(AssertUnwindSafe(|| function(chunk))) {
        Ok(Ok(frame)) => Ok(frame),
        Ok(Err(error)) => Err(Error::row(error.to_string(), RowFailure::Returned)),
        Err(payload) => Err(Error::row(panic_message(payload.as_ref()), RowFailure::Panicked)),
    };
    this.options.advance(n_rows);
    result.map_err(|error| error.at_row(start as u64))
}

/// Puts frames of the same columns on top of each other.
fn join(mut frames: Vec<DataFrame>) -> Result<DataFrame> {
    let Some(first) = frames.first() else { return Ok(DataFrame::empty()) };
    let names = first.get_column_names_owned();
    for frame in &frames {
        if frame.get_column_names_owned() != names {
            return Err(Error::shape(format!(
                "a chunk came back with the columns {:?}, and the first one with {names:?}",
                frame.get_column_names()
            )));
        }
    }
    for index in 0..names.len() {
        unify(&mut frames, index)?;
    }
    let mut frames = frames.into_iter();
    let mut joined = frames.next().unwrap_or_default();
    for frame in frames {
        joined.vstack_mut_owned(frame).map_err(Error::engine)?;
    }
    joined.rechunk_mut();
    Ok(joined)
}

/// Gives a column the one dtype that it has where it is not null throughout.
fn unify(frames: &mut [DataFrame], index: usize) -> Result<()> {
    let dtype = |frame: &DataFrame| frame.columns()[index].dtype().clone();
    let Some(wanted) = frames.iter().map(dtype).find(|dtype| !dtype.is_null()) else { return Ok(()) };
    for frame in frames {
        let found = dtype(frame);
        if found.is_null() {
            let column = frame.columns()[index].cast(&wanted).map_err(Error::engine)?;
            frame.replace_column(index, column).map_err(Error::engine)?;
        } else if found != wanted {
            let name = frame.columns()[index].name().as_str();
            return Err(Error::dtype(name, format!("{wanted} as in the first chunk"), found));
        }
    }
    Ok(())
}
