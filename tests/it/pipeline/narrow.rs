//! Integers that a run over Parquet or CSV reads narrow give the counts that they give as they are.

use std::fs::File;

use parrow::functions::{CountInRange, RangeBounds};
use parrow::pipeline::{Destination, Keep, Pipeline, Work};
use parrow::polars::prelude::*;
use parrow::script::SqlPredicate;
use parrow::table::{Input, Output, ReadOptions, WriteOptions, parse_dtype, read};
use parrow::{ApplyOptions, apply_function};
use polars_io::parquet::write::ParquetWriter;
use proptest::prelude::*;

/// A column of one of the dtypes that may come narrow, with values of a range around the end of `i8`.
fn column() -> impl Strategy<Value = (Vec<Option<i64>>, DataType)> {
    let dtype = prop::sample::select(vec![
        DataType::Int64,
        DataType::UInt64,
        DataType::Int32,
        DataType::UInt32,
        DataType::Int16,
        DataType::Float64,
    ]);
    let ends =
        prop::sample::select(vec![(0i64, 9i64), (0, 0), (-128, 127), (-129, 127), (-128, 128), (100, 300)]);
    (dtype, ends, any::<bool>()).prop_flat_map(|(dtype, (low, high), has_nulls)| {
        let low = if dtype.is_unsigned_integer() { low.max(0) } else { low };
        let value = prop::option::weighted(if has_nulls { 0.9 } else { 0.9999 }, low..=high);
        (prop::collection::vec(value, 300), Just(dtype))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_are_those_of_the_table(
        columns in prop::collection::vec(column(), 1..4),
        (group_rows, page_bytes) in prop::sample::select(vec![(300, None), (70, None), (300, Some(64))]),
        (low, high) in (-140i64..310, 0i64..200).prop_map(|(low, width)| (low, low + width)),
        given in any::<bool>(),
        filtered in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (path, output) = (folder.path().join("in.parquet"), folder.path().join("out.csv"));
        let series = columns.iter().enumerate().map(|(index, (values, dtype))| {
            Series::new(format!("c{index}").into(), values).cast(dtype).unwrap().into_column()
        });
        let mut frame = DataFrame::new(300, series.collect()).unwrap();
        let writer = ParquetWriter::new(File::create(&path).unwrap()).with_row_group_size(Some(group_rows));
        writer.with_data_page_size(page_bytes).finish(&mut frame).unwrap();

        let names: Vec<String> = frame.get_column_names().iter().map(|name| name.to_string()).collect();
        let count = || CountInRange::new(&names, RangeBounds::new(low, high).unwrap());
        let mut options = ReadOptions::builder();
        if given {
            options = options.dtypes([("c0", parse_dtype("f64").unwrap())]);
        }
        let options = options.build().unwrap();
        let table = read(&[Input::from(path.as_path())], &options).unwrap().frame;
        let table = match filtered {
            true => table.filter(&table.column("c0").unwrap().as_materialized_series().gt(5).unwrap()).unwrap(),
            false => table,
        };
        let expected = apply_function(&table, &count(), &ApplyOptions::default()).unwrap().table;
        let expected = expected.column("count_in_range").unwrap().u32().unwrap().clone();
        for (keep, piece_bytes) in [(Keep::New, 1 << 20), (Keep::New, 300), (Keep::All, 1 << 20)] {
            let to = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
            let mut run = Pipeline::new(vec![Input::from(path.as_path())], Work::rows(count()), to)
                .keep(keep)
                .read(options.clone())
                .piece_bytes(piece_bytes);
            if filtered {
                run = run.filter(SqlPredicate::parse("c0 > 5").unwrap());
            }
            let _ = run.run().unwrap();
            let text = std::fs::read_to_string(&output).unwrap();
            let last = |line: &str| line.rsplit(',').next().unwrap().parse::<u32>().unwrap();
            let found: Vec<u32> = text.lines().skip(1).map(last).collect();
            prop_assert_eq!(&found, &expected.into_no_null_iter().collect::<Vec<_>>());
            std::fs::remove_file(&output).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_of_alike_rows_are_those_of_the_table(
        ends in prop::collection::vec(prop::sample::select(vec![(0i64, 9i64), (10, 99), (100, 999), (0, 99)]), 1..4),
        n_rows in prop::sample::select(vec![1usize, 5, 63, 200, 1000]),
        odd in prop::option::of((0usize..1000, prop::sample::select(vec!["-5", "123", "", "1.5", "9007199254740993"]))),
        (low, high) in (-10i64..120, 0i64..60).prop_map(|(low, width)| (low, low + width)),
        seed in any::<u64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (path, output) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
        let names: Vec<String> = (0..ends.len()).map(|index| format!("c{index}")).collect();
        let mut text = names.join(",") + "\n";
        let mut state = seed;
        for row in 0..n_rows {
            let cells = ends.iter().enumerate().map(|(index, (low, high))| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                match odd {
                    Some((at, cell)) if at == row && index == 0 => cell.to_owned(),
                    _ => (low + (state >> 33) as i64 % (high - low + 1)).to_string(),
                }
            });
            text += &(cells.collect::<Vec<_>>().join(",") + "\n");
        }
        std::fs::write(&path, text).unwrap();
        let count = || CountInRange::new(&names, RangeBounds::new(low, high).unwrap());
        let table = read(&[Input::from(path.as_path())], &ReadOptions::default()).unwrap().frame;
        let expected = apply_function(&table, &count(), &ApplyOptions::default()).unwrap().table;
        let expected: Vec<u32> =
            expected.column("count_in_range").unwrap().u32().unwrap().into_no_null_iter().collect();
        for (keep, piece_bytes) in [(Keep::New, 1 << 20), (Keep::New, 300), (Keep::All, 1 << 20), (Keep::All, 300)] {
            let to = Destination::Output(Output::from(output.as_path()), WriteOptions::default());
            let run = Pipeline::new(vec![Input::from(path.as_path())], Work::rows(count()), to);
            let _ = run.keep(keep).piece_bytes(piece_bytes).run().unwrap();
            let text = std::fs::read_to_string(&output).unwrap();
            let last = |line: &str| line.rsplit(',').next().unwrap().parse::<u32>().unwrap();
            prop_assert_eq!(&text.lines().skip(1).map(last).collect::<Vec<_>>(), &expected);
            std::fs::remove_file(&output).unwrap();
        }
    }
}
