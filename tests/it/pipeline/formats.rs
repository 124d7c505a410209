//! Binary formats and NDJSON piece by piece give what they give whole.

use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use parrow::OnError;
use parrow::pipeline::{Destination, Keep, Pipeline, Work};
use parrow::polars::prelude::*;
use parrow::script::SqlExpressions;
use parrow::table::{Format, Input, Output, ReadOptions, WriteOptions, parse_dtype, write};
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use polars_io::parquet::write::ParquetWriter;
use polars_parquet::read::{ColumnChunkMetadata, read_metadata};

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
    // Row groups of Parquet that get new columns stay what they are, while those of a table are made anew.
    let is_copied = inputs[0].extension().is_some_and(|extension| extension == "parquet");
    for format in [Format::NdJson, Format::Parquet, Format::Ipc, Format::IpcStream] {
        let compares_whole = format != Format::Parquet || !is_copied;
        let case = Case { compares_whole, ..Case::new(&["n + 1 AS m", "upper(t) AS u"], format) };
        check(&case, inputs, folder, sizes);
    }
    for on_error in [OnError::Null, OnError::Skip, OnError::Collect] {
        let compares_whole = on_error == OnError::Skip || !is_copied;
        let case =
            Case { on_error, compares_whole, ..Case::new(&["CAST(t AS BIGINT) AS m"], Format::Parquet) };
        check(&case, inputs, folder, sizes);
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
fn row_groups_that_get_columns_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.parquet"), folder.path().join("out.parquet"));
    let mut before = frame(90);
    let writer = ParquetWriter::new(File::create(&input).unwrap()).with_row_group_size(Some(40));
    writer.with_data_page_size(Some(100)).finish(&mut before).unwrap();
    let work = Work::rows(SqlExpressions::parse(["n * 2 AS m"]).unwrap());
    let to = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
    let summary = Pipeline::new(vec![Input::from(input.as_path())], work, to).run().unwrap();
    assert_eq!((summary.n_rows_written, summary.n_columns_written), (90, 6));

    let metadata = |path: &Path| read_metadata(&mut File::open(path).unwrap()).unwrap();
    let (old, new) = (metadata(&input), metadata(&output));
    let (old_bytes, new_bytes) = (std::fs::read(&input).unwrap(), std::fs::read(&output).unwrap());
    assert_eq!(new.row_groups.len(), old.row_groups.len());
    for (old_group, new_group) in old.row_groups.iter().zip(&new.row_groups) {
        assert_eq!(new_group.num_rows(), old_group.num_rows());
        assert_eq!(new_group.n_columns(), old_group.n_columns() + 1);
        for (old_part, new_part) in old_group.parquet_columns().iter().zip(new_group.parquet_columns()) {
            let bytes = |all: &[u8], part: &ColumnChunkMetadata| {
                let range = part.byte_range();
                all[range.start as usize..range.end as usize].to_vec()
            };
            assert!(bytes(&new_bytes, new_part) == bytes(&old_bytes, old_part));
            assert_eq!(new_part.offset_index_length().is_some(), old_part.offset_index_length().is_some());
            assert_eq!(
                new_part.statistics(&new.footer_buf).map(|statistics| statistics.unwrap()),
                old_part.statistics(&old.footer_buf).map(|statistics| statistics.unwrap())
            );
        }
        let last = new_group.parquet_columns().last().unwrap();
        assert!(last.statistics(&new.footer_buf).is_some() && last.column_index_length().is_some());
    }
    let frame = ParquetReader::new(Cursor::new(new_bytes)).finish().unwrap();
    assert!(frame.drop("m").unwrap().equals_missing(&before));
}

#[test]
fn a_corrupt_place_of_a_column_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.parquet"), folder.path().join("out.parquet"));
    ParquetWriter::new(File::create(&input).unwrap()).finish(&mut frame(90)).unwrap();
    let bytes = std::fs::read(&input).unwrap();
    let n_bytes = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
    for at in (bytes.len() - 8 - n_bytes..bytes.len()).step_by(13) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&input, &bytes).unwrap();
        let work = Work::rows(SqlExpressions::parse(["x * 2 AS m"]).unwrap());
        let to = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
        // Whatever the run makes of it, it ends, and there is a whole file or none.
        match Pipeline::new(vec![Input::from(input.as_path())], work, to).run() {
            Ok(_) => {
                read_metadata(&mut File::open(&output).unwrap()).unwrap();
                std::fs::remove_file(&output).unwrap();
            }
            Err(_) => assert!(!output.exists()),
        }
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
