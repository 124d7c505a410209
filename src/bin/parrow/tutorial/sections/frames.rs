//! Functions over a data frame: by row, by column, and whole in chunks.

use parrow::functions::{CountInRange, RangeBounds};
use parrow::polars::prelude::*;
use parrow::prelude::*;
use parrow::{Error, Result};

use super::loops::count_in_range;
use crate::tutorial::clock::compare;
use crate::tutorial::section::Section;

pub const SECTIONS: &[Section] = &[
    Section {
        key: "frame_count",
        name: "Data frame by row: range count",
        shows: |_, _| {
            "by CountInRange, a row function that comes with it: it runs along the columns, which pays on one core, too".to_owned()
        },
        run: |lesson| {
            compare(
                || counts_by_loop(lesson.frame()).map_err(Error::engine),
                || counts_by_row(lesson.frame(), &lesson.options),
                PartialEq::eq,
            )
        },
    },
    Section {
        key: "frame_hypotenuse",
        name: "Data frame by row: hypotenuse",
        shows: |_, _| "a closure over two columns, read as floats; the loop runs over slices".to_owned(),
        run: |lesson| {
            compare(
                || hypotenuses_by_loop(lesson.frame()).map_err(Error::engine),
                || hypotenuses_by_row(lesson.frame(), &lesson.options),
                PartialEq::eq,
            )
        },
    },
    Section {
        key: "frame_columns",
        name: "Data frame by column: squares",
        shows: |_, _| {
            "a function of a whole column gives one number for each, and chunks are columns".to_owned()
        },
        run: |lesson| {
            compare(
                || sums_by_loop(lesson.frame()).map_err(Error::engine),
                || sums_by_column(lesson.frame(), lesson.pool.n_threads()),
                PartialEq::eq,
            )
        },
    },
    Section {
        key: "frame_chunks",
        name: "Data frame whole, in chunks",
        shows: |_, _| {
            "a function from frame to frame, over pieces of it that are put together in order".to_owned()
        },
        run: |lesson| {
            compare(
                || lengths(lesson.frame().clone()),
                || lengths_in_chunks(lesson.frame(), &lesson.options),
                PartialEq::eq,
            )
        },
    },
];

// [frame_count]
fn counts_by_loop(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let slices = frame.columns().iter().map(|column| column.i64()?.cont_slice());
    let columns: Vec<&[i64]> = slices.collect::<PolarsResult<_>>()?;
    let [a, b, c, d, e] = columns[..] else { polars_bail!(ShapeMismatch: "five columns are expected") };
    let count = |row: usize| count_in_range(&[a[row], b[row], c[row], d[row], e[row]], 4, 8) as u32;
    let counts = (0..frame.height()).map(count).collect();
    DataFrame::new(frame.height(), vec![UInt32Chunked::from_vec("counts".into(), counts).into_column()])
}

fn counts_by_row(frame: &DataFrame, options: &ApplyOptions) -> Result<DataFrame> {
    let columns = ("column_1", "column_2", "column_3", "column_4", "column_5");
    let count = CountInRange::new(columns, RangeBounds::new(4, 8)?).name("counts");
    Ok(frame.with_options(options).parallel_apply_function(&count)?.table)
}
// [end]

// [frame_hypotenuse]
fn hypotenuses_by_loop(frame: &DataFrame) -> PolarsResult<Series> {
    let (a, b) = (frame.column("column_1")?.i64()?, frame.column("column_2")?.i64()?);
    let pairs = a.cont_slice()?.iter().zip(b.cont_slice()?);
    let hypotenuses = pairs.map(|(a, b)| (*a as f64).hypot(*b as f64)).collect();
    Ok(Float64Chunked::from_vec("hypotenuses".into(), hypotenuses).into_series())
}

fn hypotenuses_by_row(frame: &DataFrame, options: &ApplyOptions) -> Result<Series> {
    let columns = ("column_1", "column_2");
    Ok(frame.with_options(options).parallel_apply(columns, |a: f64, b: f64| a.hypot(b))?.table)
}
// [end]

// [frame_columns]
fn sum_of_squares(column: &Series) -> PolarsResult<i64> {
    let mut numbers = column.i64()?.cont_slice()?.iter();
    let sum = numbers.try_fold(0_i64, |sum, number| sum.checked_add(number.checked_mul(*number)?));
    sum.ok_or_else(|| polars_err!(ComputeError: "the sum of the squares does not fit 64 bits"))
}

fn sums_by_loop(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let sum = |column: &Column| {
        let sum = sum_of_squares(column.as_materialized_series())?;
        Ok(Column::new(column.name().clone(), [sum]))
    };
    DataFrame::new(1, frame.columns().iter().map(sum).collect::<PolarsResult<_>>()?)
}

fn sums_by_column(frame: &DataFrame, n_threads: usize) -> Result<DataFrame> {
    // A chunk is a column here.
    let options = ApplyOptions::builder().threads(n_threads).chunk_rows(1).build()?;
    frame.with_options(&options).parallel_apply_columns(sum_of_squares)
}
// [end]

// [frame_chunks]
/// The length of each row as a vector.
fn lengths(chunk: DataFrame) -> Result<DataFrame> {
    let columns = ("column_1", "column_2", "column_3", "column_4", "column_5");
    let lengths = chunk
        .apply(columns, |a: f64, b: f64, c: f64, d: f64, e: f64| a.hypot(b).hypot(c).hypot(d).hypot(e))?;
    Ok(lengths.with_name("length".into()).into_frame())
}

fn lengths_in_chunks(frame: &DataFrame, options: &ApplyOptions) -> Result<DataFrame> {
    frame.with_options(options).parallel_map_frames(lengths)
}
// [end]
