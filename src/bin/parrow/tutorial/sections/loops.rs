//! Before anything runs in parallel: the processors, the function, and the plain loop.

use parrow::functions::{CountInRange, RangeBounds};
use parrow::prelude::*;
use parrow::{Pool, Result};

use crate::page::number::duration;
use crate::tutorial::clock::{Timing, compare};
use crate::tutorial::section::Section;

pub const SECTIONS: &[Section] = &[
    Section {
        key: "processors",
        name: "Number of processors",
        shows: |_, timing| {
            format!(
                "cpu_count() gives {}; with the whole loop once for each of them, {} at a time, this is what they deliver",
                parrow::cpu_count(),
                parrow::cpu_count(),
            ) + if timing.speed_up() < 0.75 * parrow::cpu_count() as f64 {
                " (others use them, too)"
            } else {
                ""
            }
        },
        run: |lesson| {
            let rows = lesson.rows();
            compare(
                || Ok(once_for_each_processor(rows)),
                || once_on_each_processor(&lesson.pool, rows),
                PartialEq::eq,
            )
        },
    },
    Section {
        key: "loop",
        name: "Plain loop",
        shows: |lesson, timing| {
            let of_a_row = duration(timing.seconds / lesson.n_rows() as f64);
            format!(
                "one row after the other, {of_a_row} each: what all others must beat; it agrees with CountInRange"
            )
        },
        run: |lesson| {
            let function = CountInRange::new(
                lesson.frame().get_column_names_owned().as_slice(),
                RangeBounds::new(4, 8)?,
            );
            let timing = compare(
                || Ok(plain_loop(lesson.rows())),
                || Ok(lesson.frame().with_options(&lesson.options).apply_function(&function)?.table),
                |counts, table| {
                    let built_in = table.columns()[0].u32().map(|column| column.into_no_null_iter());
                    built_in
                        .is_ok_and(|built_in| built_in.map(|count| count as usize).eq(counts.iter().copied()))
                },
            )?;
            Ok(Timing { seconds: timing.serial_seconds, ..timing })
        },
    },
];

// [function]
/// How many numbers of a row lie between two bounds, both included.
pub fn count_in_range(row: &[i64], min: i64, max: i64) -> usize {
    row.iter().filter(|number| (min..=max).contains(number)).count()
}
// [end]

// [loop]
pub fn plain_loop(rows: &[Vec<i64>]) -> Vec<usize> {
    rows.iter().map(|row| count_in_range(row, 4, 8)).collect()
}
// [end]

// [processors]
fn once_for_each_processor(rows: &[Vec<i64>]) -> Vec<Vec<usize>> {
    (0..parrow::cpu_count()).map(|_| plain_loop(rows)).collect()
}

fn once_on_each_processor(pool: &Pool, rows: &[Vec<i64>]) -> Result<Vec<Vec<usize>>> {
    Ok(pool.chunk_size(1).map(0..parrow::cpu_count(), |_| plain_loop(rows))?)
}
// [end]
