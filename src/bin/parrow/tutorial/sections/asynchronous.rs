//! Calls that nobody waits for until their results are wanted: `apply_async`, `starmap_async`, `map_async`.

use std::sync::{Arc, Mutex, PoisonError};

use parrow::{Pool, Result};

use super::loops::{count_in_range, plain_loop};
use crate::page::number::duration;
use crate::tutorial::clock::{Timing, compare};
use crate::tutorial::lesson::Lesson;
use crate::tutorial::section::Section;

pub const SECTIONS: &[Section] = &[
    Section {
        key: "apply_async_callback",
        name: "Pool::apply_async with callback",
        shows: |_, _| {
            "results come as they are ready; each has its index, and sorting restores the order".to_owned()
        },
        run: |lesson| in_parallel(lesson, apply_async_with_callback),
    },
    Section {
        key: "apply_async",
        name: "Pool::apply_async",
        shows: |lesson, timing| {
            let of_a_call = duration(timing.seconds / lesson.n_rows() as f64);
            format!(
                "a handle for each row, in order; calls overlap, yet {of_a_call} a row is still mostly hand-over"
            )
        },
        run: |lesson| in_parallel(lesson, apply_async),
    },
    Section {
        key: "starmap_async",
        name: "Pool::starmap_async",
        shows: |_, _| "one handle for the whole list, from tuples of arguments".to_owned(),
        run: |lesson| in_parallel(lesson, starmap_async),
    },
    Section {
        key: "map_async",
        name: "Pool::map_async",
        shows: |_, _| "one handle for the whole list; the caller is free meanwhile".to_owned(),
        run: |lesson| in_parallel(lesson, map_async),
    },
];

type Rows = Arc<Vec<Vec<i64>>>;

fn in_parallel(lesson: &Lesson, parallel: fn(&Pool, &Rows) -> Result<Vec<usize>>) -> Result<Timing> {
    compare(|| Ok(plain_loop(lesson.rows())), || parallel(&lesson.pool, lesson.rows()), PartialEq::eq)
}

// [apply_async_callback]
fn apply_async_with_callback(pool: &Pool, rows: &Rows) -> Result<Vec<usize>> {
    let counts = Arc::new(Mutex::new(Vec::with_capacity(rows.len())));
    let mut calls = Vec::with_capacity(rows.len());
    for index in 0..rows.len() {
        let (rows, counts) = (Arc::clone(rows), Arc::clone(&counts));
        let call = pool.apply_async(move || (index, count_in_range(&rows[index], 4, 8)))?;
        calls.push(call.on_success(move |count| lock(&counts).push(*count)));
    }
    for call in calls {
        call.get()?;
    }
    let mut counts = std::mem::take(&mut *lock(&counts));
    counts.sort_unstable();
    Ok(counts.into_iter().map(|(_, count)| count).collect())
}
// [end]

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// [apply_async]
fn apply_async(pool: &Pool, rows: &Rows) -> Result<Vec<usize>> {
    let mut calls = Vec::with_capacity(rows.len());
    for index in 0..rows.len() {
        let rows = Arc::clone(rows);
        calls.push(pool.apply_async(move || count_in_range(&rows[index], 4, 8))?);
    }
    calls.into_iter().map(|call| Ok(call.get()?)).collect()
}
// [end]

// [starmap_async]
fn starmap_async(pool: &Pool, rows: &Rows) -> Result<Vec<usize>> {
    let shared = Arc::clone(rows);
    let arguments = (0..rows.len()).map(|index| (index, 4, 8));
    let count = move |index: usize, min: i64, max: i64| count_in_range(&shared[index], min, max);
    Ok(pool.starmap_async(arguments, count)?.get()?)
}
// [end]

// [map_async]
fn map_async(pool: &Pool, rows: &Rows) -> Result<Vec<usize>> {
    let shared = Arc::clone(rows);
    let counts = pool.map_async(0..rows.len(), move |index| count_in_range(&shared[index], 4, 8))?;
    Ok(counts.get()?)
}
// [end]
