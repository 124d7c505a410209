//! Output columns whose dtype the lowest row that has a value decides.

use std::ops::ControlFlow;

use parrow::polars::prelude::*;
use parrow::prelude::*;
use parrow::row::{
    BoundFunction, Chunk, ChunkOutput, Kernel, OutputColumn, RowFault, RowFunction, RunsBuilder, fill_runs,
};
use parrow::{OnError, Result, RowFailure, apply_function};
use proptest::prelude::*;

/// Returns what the column `kind` says: 0 null, 1 true, 2 an integer, 3 a float, 4 text, 5 a list, 6 an empty list, 7 an
/// error; the number is the row's index.
struct ByKind;

struct ByKindKernel {
    field: Field,
}

impl RowFunction for ByKind {
    fn bind(&self, _: &Schema) -> Result<BoundFunction<'_>> {
        let kernel = ByKindKernel { field: OutputColumn::new("value").field() };
        Ok(BoundFunction { inputs: vec!["kind".into()], kernel: Box::new(kernel) })
    }
}

impl Kernel for ByKindKernel {
    fn fields(&self) -> &[Field] {
        std::slice::from_ref(&self.field)
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        let mut builder = RunsBuilder::new("value", chunk.n_rows());
        for (row, kind) in chunk.series(0).u8().unwrap().no_null_iter().enumerate() {
            let number = (chunk.first_row() + row as u64) as i64;
            match kind {
                0 => builder.push_null(),
                1 => builder.push_bool(true),
                2 => builder.push_int(number),
                3 => builder.push_float(number as f64 + 0.5),
                4 => builder.push_text(&number.to_string()),
                5 => builder.push_list(Series::new("".into(), [number])),
                6 => builder.push_list(Series::new_empty("".into(), &DataType::Null)),
                _ => {
                    if output.fault(RowFault::new(row, "no", RowFailure::Returned)).is_break() {
                        break;
                    }
                    builder.push_null();
                }
            }
        }
        let _: ControlFlow<()> = fill_runs(output, 0, &self.field, builder.finish())?;
        Ok(())
    }
}

fn run(kinds: &[u8], options: &ApplyOptions) -> Result<(Series, Vec<(u64, String)>)> {
    let frame = df!("kind" => kinds).unwrap();
    let applied = apply_function(&frame, &ByKind, options)?;
    let column = applied.table.column("value").unwrap().as_materialized_series().clone();
    let faults = applied.ledger.faults().iter().map(|fault| (fault.row, fault.message.clone())).collect();
    Ok((column, faults))
}

fn options(on_error: OnError, n_threads: usize, chunk_rows: Option<usize>) -> ApplyOptions {
    let options = ApplyOptions::builder().on_error(on_error).threads(n_threads);
    match chunk_rows {
        Some(chunk_rows) => options.chunk_rows(chunk_rows).build(),
        None => options.build(),
    }
    .unwrap()
}

fn collect(kinds: &[u8]) -> (Series, Vec<(u64, String)>) {
    run(kinds, &options(OnError::Collect, 1, None)).unwrap()
}

#[test]
fn the_lowest_row_with_a_value_decides() {
    let (column, faults) = collect(&[0, 3, 2, 1, 0, 4]);
    assert_eq!(column, Series::new("value".into(), [None, Some(1.5), Some(2.0), None, None, None]));
    assert_eq!(faults.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(
        faults[0].1,
        "returned true, which is bool, where an earlier row made the column f64: declare the output dtype"
    );
    // An integer is not a float that happens to be whole.
    assert_eq!(collect(&[2, 3]).0, Series::new("value".into(), [Some(0_i64), None]));
}

#[test]
fn lists_without_items_take_the_items_of_the_next() {
    let (column, faults) = collect(&[6, 0, 5, 2]);
    assert_eq!(column.dtype(), &DataType::List(Box::new(DataType::Int64)));
    assert_eq!(column.null_count(), 2);
    assert_eq!(faults.len(), 1);
}

#[test]
fn no_value_is_a_float() {
    assert_eq!(collect(&[]).0.dtype(), &DataType::Float64);
    assert_eq!(collect(&[0, 0, 7]).0.dtype(), &DataType::Float64);
    assert_eq!(collect(&[6]).0.dtype(), &DataType::List(Box::new(DataType::Float64)));
}

#[test]
fn the_error_is_that_of_the_lowest_row() {
    for n_threads in [1, 2, 8] {
        for chunk_rows in [1, 2, 3, 100] {
            let options = options(OnError::Fail, n_threads, Some(chunk_rows));
            let row = |kinds: &[u8]| run(kinds, &options).unwrap_err().position().row;
            assert_eq!(row(&[0, 2, 0, 4, 7, 7]), Some(3));
            assert_eq!(row(&[0, 2, 0, 7, 4]), Some(3));
        }
    }
}

proptest! {
    #[test]
    fn any_chunks_give_what_one_chunk_gives(
        kinds in prop_oneof![
            proptest::collection::vec(0_u8..8, 0..60),
            proptest::collection::vec(prop_oneof![Just(0_u8), Just(2), Just(3)], 0..60),
            proptest::collection::vec(prop_oneof![Just(0_u8), Just(5), Just(6)], 0..60),
        ],
        n_threads in prop_oneof![Just(1_usize), Just(2), Just(8)],
        chunk_rows in proptest::option::of(1_usize..20),
        on_error in prop_oneof![
            Just(OnError::Fail), Just(OnError::Null), Just(OnError::Skip), Just(OnError::Collect)
        ],
    ) {
        let whole = run(&kinds, &options(on_error, 1, Some(kinds.len().max(1))));
        let options = options(on_error, n_threads, chunk_rows);
        match (whole, run(&kinds, &options)) {
            (Ok((one, faults)), Ok((many, other_faults))) => {
                prop_assert_eq!(one.dtype(), many.dtype());
                prop_assert!(one.equals_missing(&many));
                prop_assert_eq!(faults, other_faults);
            }
            (Err(one), Err(many)) => prop_assert_eq!(one.to_string(), many.to_string()),
            (one, many) => prop_assert!(false, "{one:?} and {many:?}"),
        }
    }
}
