//! Record batches of arrow-rs in and out, over the same buffers, released once.

use std::sync::Arc;

use parrow::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal256Array, DictionaryArray, Float64Array, Int32Array,
    Int64Array, IntervalDayTimeArray, LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray,
    TimestampSecondArray, UInt8Array,
};
use parrow::arrow::buffer::Buffer;
use parrow::arrow::datatypes::{Int32Type, Int64Type};
use parrow::polars::prelude::*;
use parrow::table::{from_record_batches, to_record_batch, to_record_batches};

use super::round_trip::frame_of_all_dtypes;

fn batch(column: impl Array + 'static) -> RecordBatch {
    RecordBatch::try_from_iter([("a", Arc::new(column) as ArrayRef)]).unwrap()
}

#[test]
fn all_dtypes_go_and_come_back() {
    let frame = frame_of_all_dtypes();
    let back = from_record_batches(&[to_record_batch(&frame).unwrap()]).unwrap();
    assert_eq!(back.dtypes(), frame.dtypes());
    assert!(back.equals_missing(&frame), "{back}");
    let empty = frame.clear();
    assert!(from_record_batches(&[to_record_batch(&empty).unwrap()]).unwrap().equals_missing(&empty));
    assert_eq!(to_record_batch(&DataFrame::empty_with_height(3)).unwrap().num_rows(), 3);
    assert_eq!(from_record_batches(&[]).unwrap().shape(), (0, 0));
}

#[test]
fn numbers_are_not_copied() {
    let frame = df!["a" => [1i64, 2, 3]].unwrap();
    let pointer = frame.columns()[0].i64().unwrap().cont_slice().unwrap().as_ptr();
    let batch = to_record_batch(&frame).unwrap();
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().values().as_ptr(), pointer);
    drop(frame);
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), &[1, 2, 3]);
    let back = from_record_batches(&[batch]).unwrap();
    assert_eq!(back.columns()[0].i64().unwrap().cont_slice().unwrap().as_ptr(), pointer);

    let array = Float64Array::from(vec![1.5, 2.5]);
    let pointer = array.values().as_ptr();
    let frame = from_record_batches(&[self::batch(array)]).unwrap();
    assert_eq!(frame.columns()[0].f64().unwrap().cont_slice().unwrap().as_ptr(), pointer);
}

#[test]
fn chunks_and_slices() {
    let mut frame =
        df!["a" => [1i64, 2, 3], "b" => [Some("x"), None, Some("a text too long for a view")]].unwrap();
    frame.vstack_mut(&frame.slice(1, 2)).unwrap();
    let batches = to_record_batches(&frame).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [3, 2]);
    assert!(from_record_batches(&batches).unwrap().equals_missing(&frame));
    assert_eq!(to_record_batch(&frame).unwrap().num_rows(), 5);
    let sliced: Vec<RecordBatch> = batches.iter().map(|batch| batch.slice(1, batch.num_rows() - 1)).collect();
    let back = from_record_batches(&sliced).unwrap();
    assert_eq!(back.column("a").unwrap().i64().unwrap().to_vec(), [Some(2), Some(3), Some(3)]);
    let slice = frame.slice(1, 3);
    assert!(from_record_batches(&[to_record_batch(&slice).unwrap()]).unwrap().equals_missing(&slice));
}

#[test]
fn arrays_of_other_layouts() {
    let check = |batch: RecordBatch, expected: Series| {
        let frame = from_record_batches(&[batch]).unwrap();
        let column = frame.columns()[0].as_materialized_series();
        assert_eq!(column.dtype(), expected.dtype());
        assert!(column.equals_missing(&expected), "{column}");
    };
    let text = Series::new("a".into(), [Some("x"), None, Some("yy")]);
    check(batch(StringArray::from(vec![Some("x"), None, Some("yy")])), text.clone());
    check(batch(LargeStringArray::from(vec![Some("x"), None, Some("yy")])), text.clone());
    check(batch(StringViewArray::from(vec![Some("x"), None, Some("yy")])), text);
    check(batch(BooleanArray::from(vec![Some(true), None])), Series::new("a".into(), [Some(true), None]));
    check(batch(UInt8Array::from(vec![255])), Series::new("a".into(), [255u8]));
    let lists =
        ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    let frame = from_record_batches(&[batch(lists)]).unwrap();
    assert_eq!(frame.dtypes(), [DataType::List(Box::new(DataType::Int32))]);
    assert_eq!(frame.columns()[0].null_count(), 1);
    let seconds = from_record_batches(&[batch(TimestampSecondArray::from(vec![1, 2]))]).unwrap();
    assert_eq!(
        seconds.columns()[0].cast(&DataType::Int64).unwrap().i64().unwrap().to_vec(),
        [Some(1000), Some(2000)]
    );
    let dictionary: DictionaryArray<Int32Type> = ["x", "y", "x"].into_iter().collect();
    let frame = from_record_batches(&[batch(dictionary)]).unwrap();
    let values = frame.columns()[0].cast(&DataType::String).unwrap();
    assert_eq!(values.str().unwrap().iter().collect::<Vec<_>>(), [Some("x"), Some("y"), Some("x")]);
}

#[test]
fn what_frames_cannot_hold_is_an_error() {
    let error = |batch: RecordBatch| from_record_batches(&[batch]).unwrap_err().to_string();
    let intervals = IntervalDayTimeArray::from(vec![None]);
    assert!(error(batch(intervals)).starts_with("column \"a\" holds Interval(DayTime)"));
    let wide = Decimal256Array::from(vec![None]);
    let text = error(batch(wide));
    assert!(text.starts_with("column \"a\" holds Decimal256"), "{text}");
    let batches = [batch(Int64Array::from(vec![1])), batch(Int32Array::from(vec![1]))];
    let text = from_record_batches(&batches).unwrap_err().to_string();
    assert_eq!(text, "record batch 1 has another schema than the first");
    let column = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let twice = RecordBatch::try_from_iter([("a", column()), ("a", column())]).unwrap();
    assert!(error(twice).starts_with("two columns would be called \"a\""));
}

/// Memory that counts how many of its kind are alive.
struct Counted(Vec<i64>, Arc<()>);

#[test]
fn every_buffer_is_released_once() {
    let alive = Arc::new(());
    for _ in 0..1_000 {
        let memory = Arc::new(Counted(vec![1, 2, 3], alive.clone()));
        let _ = &memory.1;
        let pointer = std::ptr::NonNull::new(memory.0.as_ptr().cast_mut().cast::<u8>()).unwrap();
        // SAFETY: the pointer is to 24 bytes that `memory`, which the buffer owns, keeps alive and in place.
        #[allow(unsafe_code)]
        let buffer = unsafe { Buffer::from_custom_allocation(pointer, 24, memory) };
        let array = Int64Array::new(buffer.into(), None);
        let frame = from_record_batches(&[batch(array)]).unwrap();
        let again = to_record_batch(&frame).unwrap();
        let clone = frame.clone();
        drop(frame);
        let back = from_record_batches(&[again]).unwrap();
        assert!(back.equals(&clone));
    }
    assert_eq!(Arc::strong_count(&alive), 1, "a buffer was not released");
}
