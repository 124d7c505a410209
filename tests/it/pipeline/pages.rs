//! Row groups and record batches of many pages are read in slices that give what the whole gives.

use std::fs::File;
use std::path::{Path, PathBuf};

use parrow::pipeline::{Destination, Pipeline, Work};
use parrow::polars::prelude::*;
use parrow::table::{Format, Input, Output, WriteOptions, write};
use polars_io::SerWriter;
use polars_io::ipc::{IpcCompression, IpcStreamWriter, IpcWriter};
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

    // Parts whose pages end at other rows than those of their neighbours, null as a whole here and there.
    let columns = ["t", "b", "s"].map(|name| frame.column(name).unwrap().as_materialized_series().clone());
    let wide = StructChunked::from_series("w".into(), N_ROWS as usize, columns.iter()).unwrap();
    let is_there: BooleanChunked = rows().map(|n| Some(n % 6 != 5)).collect();
    let wide = wide.into_series();
    let none = Series::full_null("w".into(), N_ROWS as usize, wide.dtype());
    let wide = wide.zip_with(&is_there, &none);
    frame.with_column(wide.unwrap().into_column()).unwrap();
    let wide = frame.column("w").unwrap().as_materialized_series().clone();
    let in_lists = rows().map(|n| (n % 8 != 3).then(|| wide.slice(n / 2, (n % 4) as usize)));
    let in_lists: ListChunked = in_lists.collect();
    frame.with_column(in_lists.with_name("lw".into()).into_series().into_column()).unwrap();
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

#[test]
fn texts_that_lie_in_another_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shuffled.arrow");
    let rows =
        IdxCa::from_iter_values("".into(), (0..N_ROWS as IdxSize).map(|n| n * 1_009 % N_ROWS as IdxSize));
    let mut shuffled = frame().take(&rows).unwrap();
    IpcWriter::new(File::create(&path).unwrap()).finish(&mut shuffled).unwrap();
    check_slices(path, folder.path());
}

/// What a copy within this limit of memory leaves.
fn copied(path: &Path, limit: Option<u64>) -> parrow::Result<Vec<u8>> {
    let output = path.with_extension("copy.arrow");
    let destination = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
    let pipeline = Pipeline::new(vec![Input::from(path)], Work::copy(), destination);
    let summary = pipeline.memory_limit(limit).run()?;
    assert_eq!(summary.n_rows_read, summary.n_rows_written);
    let bytes = std::fs::read(&output).unwrap();
    std::fs::remove_file(&output).unwrap();
    Ok(bytes)
}

#[test]
fn packed_batches_that_are_larger_than_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.arrow");
    IpcWriter::new(File::create(&plain).unwrap()).finish(&mut frame()).unwrap();
    for (name, compression) in
        [("lz4", IpcCompression::LZ4), ("zstd", IpcCompression::ZSTD(Default::default()))]
    {
        let file = folder.path().join(format!("{name}.arrow"));
        let mut writer = IpcWriter::new(File::create(&file).unwrap()).with_compression(Some(compression));
        writer.finish(&mut frame()).unwrap();
        let stream = folder.path().join(format!("{name}.arrows"));
        let mut writer =
            IpcStreamWriter::new(File::create(&stream).unwrap()).with_compression(Some(compression));
        writer.finish(&mut frame()).unwrap();
        // Whole, in memory piece by piece, and from a file.
        for limit in [None, Some(3 << 20), Some(400 << 10)] {
            // Blocks of the copy end by the limit.
            let wanted = copied(&plain, limit).unwrap();
            for path in [&file, &stream] {
                let copy = copied(path, limit).unwrap();
                assert!(copy == wanted, "{} under {limit:?}", path.display());
            }
        }
        // A buffer that is not what it says.
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 64].fill(0xa5);
        std::fs::write(&file, bytes).unwrap();
        let whole = copied(&file, None).map_err(|error| error.to_string());
        let parts = copied(&file, Some(400 << 10)).map_err(|error| error.to_string());
        assert!(whole.is_err() && parts.is_err() || whole == parts, "{whole:?}\n{parts:?}");
    }
}

#[test]
fn a_row_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.arrow");
    let texts: Vec<String> =
        (0..100).map(|n| if n == 70 { "x".repeat(300_000) } else { "short".into() }).collect();
    let mut frame = df!("n" => (0..100).collect::<Vec<i64>>(), "t" => texts).unwrap();
    IpcWriter::new(File::create(&path).unwrap()).finish(&mut frame).unwrap();
    assert!(copied(&path, Some(2 << 20)).is_ok());
    let said = copied(&path, Some(1 << 20)).unwrap_err().to_string();
    for part in ["large.arrow", "row 70", "column \"t\"", "300", "--memory-limit 2MB would do"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_flipped_bit_takes_no_rows_away() {
    let folder = tempfile::tempdir().unwrap();
    let frame = df!("a" => [1_i64, 2, 3], "b" => ["x", "y", "z"]).unwrap();
    crate::table::quietly(|| {
        for name in ["a.arrow", "a.arrows"] {
            let path = folder.path().join(name);
            write(&frame, &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            // The footer of a file says which batches there are, and nothing else does.
            let footer = match bytes.strip_suffix(b"ARROW1") {
                Some([.., a, b, c, d]) => 10 + i32::from_le_bytes([*a, *b, *c, *d]) as usize,
                _ => 0,
            };
            let flips = (0..bytes.len() - footer).flat_map(|index| [(index, 2), (index, index % 8)]);
            for (index, bit) in flips {
                let mut damaged = bytes.clone();
                damaged[index] ^= 1 << bit;
                std::fs::write(&path, damaged).unwrap();
                let output = Output::from(folder.path().join("copy.parquet").as_path());
                let destination = Destination::Output(output, WriteOptions::default());
                let run = Pipeline::new(vec![Input::from(path.as_path())], Work::copy(), destination).run();
                let n_rows = run.map_or(3, |summary| summary.n_rows_read);
                assert_eq!(n_rows, 3, "{name} with bit {bit} of byte {index} flipped");
            }
        }
    });
}
