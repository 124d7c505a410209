//! Columns of numbers that are written by a dictionary, of few values and of many, are read as the engine reads them.

use parrow::polars::prelude::*;
use parrow::table::{Input, Output, ReadOptions, WriteOptions, read, write};

use super::support::Scratch;

/// Columns of `n_values` distinct values, and the same with nulls in the midst.
fn frame(n_rows: usize, n_values: u64) -> DataFrame {
    let codes = || (0..n_rows as u64).map(|row| row * row % 7_919 % n_values);
    let column = |most: u64| -> Series {
        codes().map(|code| Some((code % most) as i64)).collect::<Int64Chunked>().into_series()
    };
    let dtypes = [
        DataType::Int64,
        DataType::UInt64,
        DataType::Float64,
        DataType::Int32,
        DataType::UInt32,
        DataType::Float32,
        DataType::Int16,
        DataType::UInt8,
        DataType::Date,
    ];
    let mut columns = Vec::new();
    for dtype in dtypes {
        // As many as fit.
        let values = column(if dtype == DataType::UInt8 { 200 } else { u64::MAX }).cast(&dtype).unwrap();
        let holes: BooleanChunked = codes().map(|code| Some(code != 3)).collect();
        let with_nulls = values.zip_with(&holes, &Series::full_null("".into(), n_rows, &dtype)).unwrap();
        columns.push(values.with_name(format!("{dtype}").into()).into_column());
        columns.push(with_nulls.with_name(format!("{dtype} or null").into()).into_column());
    }
    DataFrame::new(n_rows, columns).unwrap()
}

#[test]
fn few_values_and_many() {
    let scratch = Scratch::new();
    for (n_rows, n_values) in
        [(1, 1), (1_000, 1), (70_000, 2), (70_000, 10), (70_000, 256), (70_000, 257), (70_000, 5_000)]
    {
        let path = scratch.path(&format!("{n_rows}-{n_values}.parquet"));
        let frame = frame(n_rows, n_values);
        let options = WriteOptions::builder().block(25_000).build().unwrap();
        write(&frame, &Output::from(path.as_path()), &options).unwrap();
        let again = read(&[Input::from(path.as_path())], &ReadOptions::default()).unwrap().frame;
        assert!(again.equals_missing(&frame), "{n_values} values");
        let head = ReadOptions::builder().limit(30_001).build().unwrap();
        let head = read(&[Input::from(path.as_path())], &head).unwrap().frame;
        assert!(head.equals_missing(&frame.head(Some(30_001))), "the first of {n_values} values");
    }
}
