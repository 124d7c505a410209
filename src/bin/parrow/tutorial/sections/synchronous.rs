//! Calls that wait for their results: `apply`, `map`, `starmap`, `imap`.

use parrow::{Pool, Result};

use super::loops::{count_in_range, plain_loop};
use crate::page::number::{duration, grouped};
use crate::tutorial::clock::{Timing, compare};
use crate::tutorial::lesson::Lesson;
use crate::tutorial::section::Section;

pub const SECTIONS: &[Section] = &[
    Section {
        key: "apply",
        name: "Pool::apply per row",
        shows: |lesson, timing| {
            let n_rows = lesson.n_rows() as f64;
            let (call, row) = (timing.seconds / n_rows, timing.serial_seconds / n_rows);
            format!(
                "it loses: each call hands one row to a worker and waits for it, {} for {} of work, and no two run at once",
                duration(call),
                duration(row)
            )
        },
        run: |lesson| in_parallel(lesson, apply),
    },
    Section {
        key: "map",
        name: "Pool::map",
        shows: |lesson, _| {
            format!("a function over {} rows, in chunks as large as they are cheap", grouped(lesson.n_rows()))
        },
        run: |lesson| in_parallel(lesson, map),
    },
    Section {
        key: "starmap",
        name: "Pool::starmap",
        shows: |_, _| "as map, for a function of several arguments, here the row and both bounds".to_owned(),
        run: |lesson| in_parallel(lesson, starmap),
    },
    Section {
        key: "imap",
        name: "Pool::imap",
        shows: |lesson, timing| {
            let of_a_row = duration(timing.seconds / lesson.n_rows() as f64);
            format!(
                "as map, one result at a time, {of_a_row} each, and never far ahead: endless input takes no memory"
            )
        },
        run: |lesson| in_parallel(lesson, imap),
    },
];

type Counting = fn(&Pool, &[Vec<i64>]) -> Result<Vec<usize>>;

fn in_parallel(lesson: &Lesson, parallel: Counting) -> Result<Timing> {
    compare(|| Ok(plain_loop(lesson.rows())), || parallel(&lesson.pool, lesson.rows()), PartialEq::eq)
}

// [apply]
fn apply(pool: &Pool, rows: &[Vec<i64>]) -> Result<Vec<usize>> {
    rows.iter().map(|row| Ok(pool.apply(|| count_in_range(row, 4, 8))?)).collect()
}
// [end]

// [map]
fn map(pool: &Pool, rows: &[Vec<i64>]) -> Result<Vec<usize>> {
    Ok(pool.map(rows, |row| count_in_range(row, 4, 8))?)
}
// [end]

// [starmap]
fn starmap(pool: &Pool, rows: &[Vec<i64>]) -> Result<Vec<usize>> {
    let arguments = rows.iter().map(|row| (row.as_slice(), 4, 8));
    Ok(pool.starmap(arguments, count_in_range)?)
}
// [end]

// [imap]
fn imap(pool: &Pool, rows: &[Vec<i64>]) -> Result<Vec<usize>> {
    let pool = pool.chunk_size(1_000);
    let counts =
        pool.scope(|scope| scope.imap(rows, |row| count_in_range(row, 4, 8)).collect::<Result<_, _>>())?;
    Ok(counts?)
}
// [end]
