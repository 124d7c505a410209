//! Binary formats and NDJSON piece by piece give what they give whole.

use std::fs::File;
use std::path::{Path, PathBuf};

use parrow::OnError;
use parrow::pipeline::Keep;
use parrow::polars::prelude::*;
use parrow::table::{Format, Output, ReadOptions, WriteOptions, parse_dtype, write};
use polars_io::parquet::write::ParquetWriter;

use super::stream::{Case, check};

fn frame(n_rows: i64) -> DataFrame {
    let numbers: Vec<Option<i64>> = (0..n_rows).map(|n| (n % 11 != 3).then_some(n * 7 - 50)).collect();
    let texts: Vec<Option<String>> =
        (0..n_rows).map(|n| (n % 5 != 1).then(|| format!("t{}\n", "é".repeat((n % 13) as usize)))).collect();
    let floats: Vec<f64> = (0..n_rows).map(|n| n as f64 / 3.0).collect();
    let flags: Vec<bool> = (0..n_rows).map(|n| n % 3 == 0).collect();
    let lists: Vec<Series> =
        (0..n_rows).map(|n| Series::new("".into(), (0..n % 4).collect::<Vec<i64>>())).collect();
    df!("n" => numbers, "t" => texts, "x" => floats, "b" => flags, "l" => lists).unwrap()
}

/// Runs over these files whose results are compared with those over whole tables.
fn check_all(inputs: &[PathBuf], folder: &Path) {
    let sizes = [1, 2_000];
    check(&Case::copy(Format::Csv), inputs, folder, [300]);
    check(&Case::copy(Format::Parquet), inputs, folder, [300]);
    for format in [Format::NdJson, Format::Parquet, Format::Ipc, Format::IpcStream] {
        check(&Case::new(&["n + 1 AS m", "upper(t) AS u"], format), inputs, folder, sizes);
    }
    let case = Case { keep: Keep::New, ..Case::new(&["n * x AS m"], Format::Csv) };
    check(&case, inputs, folder, sizes);
    for on_error in [OnError::Fail, OnError::Skip, OnError::Collect] {
        let case = Case {
            filter: Some("x > 10"),
            on_error,
            ..Case::new(&["CAST(t AS BIGINT) AS m"], Format::NdJson)
        };
        check(&case, inputs, folder, sizes);
    }
    for head in [0, 40, 1_000] {
        check(&Case { head: Some(head), ..Case::new(&["n AS m"], Format::Parquet) }, inputs, folder, sizes);
        let filtered = Case { filter: Some("b"), ..Case::new(&["x AS m"], Format::NdJson) };
        check(&Case { head: Some(head), ..filtered }, inputs, folder, sizes);
    }
    let given =
        |text: &str| ReadOptions::builder().dtypes([("n", parse_dtype(text).unwrap())]).build().unwrap();
    for dtype in ["f64", "str", "i8"] {
        check(
            &Case { read: given(dtype), ..Case::new(&["n AS m"], Format::NdJson) },
            inputs,
            folder,
            [1 << 20],
        );
    }
}

#[test]
fn parquet_in_row_groups_and_slices_of_them() {
    let folder = tempfile::tempdir().unwrap();
    for (group_rows, page_bytes) in [(10, None), (50, Some(100)), (1_000, Some(64))] {
        let path = folder.path().join("in.parquet");
        let file = File::create(&path).unwrap();
        let writer = ParquetWriter::new(file).with_row_group_size(Some(group_rows));
        writer.with_data_page_size(page_bytes).finish(&mut frame(90)).unwrap();
        check_all(&[path.clone(), path], folder.path());
    }
}

#[test]
fn arrow_and_ndjson() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["in.arrow", "in.arrows", "in.ndjson"] {
        let path = folder.path().join(name);
        write(&frame(90), &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
        check_all(&[path.clone(), path], folder.path());
    }
}

#[test]
fn no_rows() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["in.parquet", "in.arrow", "in.arrows"] {
        let path = folder.path().join(name);
        write(&frame(0), &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
        check(&Case::new(&["n AS m"], Format::Parquet), &[path], folder.path(), [1, 100]);
    }
}
