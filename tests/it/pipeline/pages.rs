//! Row groups and record batches of many pages are read in slices that give what the whole gives.

use std::fs::File;
use std::path::PathBuf;

use parrow::polars::prelude::*;
use parrow::table::{Format, Output, WriteOptions, write};
use polars_io::parquet::write::{ParquetCompression, ParquetWriter, StatisticsOptions};

use super::stream::{Case, check};

const N_ROWS: i64 = 3_000;

/// Columns of every layout: fixed widths, texts short and long, repeated texts (a dictionary), lists, and lists of structs
/// of lists, with nulls on every level.
fn frame() -> DataFrame {
    let rows = || 0..N_ROWS;
    let numbers: Vec<Option<i64>> = rows().map(|n| (n % 11 != 3).then_some(n * 7 - 50)).collect();
    let flags: Vec<Option<bool>> = rows().map(|n| (n % 5 != 2).then_some(n % 3 == 0)).collect();
    let texts: Vec<Option<String>> =
        rows().map(|n| (n % 7 != 1).then(|| format!("{n} {}", "é".repeat((n % 29) as usize)))).collect();
    let repeated: Vec<String> = rows().map(|n| format!("one of nine texts, number {}", n % 9)).collect();
    let list =
        |n: i64| Series::new("".into(), (0..n % 5).map(|i| (i != 2).then_some(i + n)).collect::<Vec<_>>());
    let lists: Vec<Option<Series>> = rows().map(|n| (n % 13 != 4).then(|| list(n))).collect();
    let mut frame = df!("n" => numbers, "b" => flags, "t" => texts, "r" => &repeated, "l" => lists).unwrap();
    let category = Series::new("c".into(), repeated).cast(&DataType::from_categories(Categories::global()));
    frame.with_column(category.unwrap().into_column()).unwrap();
    let columns = ["n", "l"].map(|name| frame.column(name).unwrap().as_materialized_series().clone());
    let pairs = StructChunked::from_series("s".into(), N_ROWS as usize, columns.iter()).unwrap();
    frame.with_column(pairs.into_series().into_column()).unwrap();
    frame
}

fn check_slices(path: PathBuf, folder: &std::path::Path) {
    for format in [Format::NdJson, Format::Parquet, Format::IpcStream] {
        check(&Case::copy(format), std::slice::from_ref(&path), folder, [1_000, 30_001, 1 << 20]);
    }
    let case = Case::new(&["n + 1 AS m"], Format::NdJson);
    check(&Case { filter: Some("b"), head: Some(900), ..case }, &[path], folder, [1_000, 30_001]);
}

#[test]
fn parquet_pages() {
    let folder = tempfile::tempdir().unwrap();
    for (index, compression) in
        [ParquetCompression::Uncompressed, ParquetCompression::Zstd(None), ParquetCompression::Snappy]
            .iter()
            .enumerate()
    {
        for page_bytes in [200, 5_000] {
            let path = folder.path().join(format!("{index}-{page_bytes}.parquet"));
            ParquetWriter::new(File::create(&path).unwrap())
                .with_data_page_size(Some(page_bytes))
                .with_row_group_size(Some(2_000))
                .with_compression(*compression)
                .with_statistics(StatisticsOptions::full())
                .finish(&mut frame())
                .unwrap();
            check_slices(path, folder.path());
        }
    }
}

#[test]
fn arrow_batches() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.arrow", "a.arrows"] {
        let path = folder.path().join(name);
        write(&frame(), &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
        check_slices(path, folder.path());
    }
}
