//! Lists that are written in the older ways: the levels of their values are those of the usual way, and what is around them is not.

use parrow::polars::prelude::{ArrowDataType, ArrowField, DataFrame};
use parrow::table::{Input, ReadOptions, read};
use polars_arrow::array::{Array, ListArray, PrimitiveArray, StructArray};
use polars_arrow::datatypes::ArrowSchema;
use polars_arrow::offset::OffsetsBuffer;
use polars_arrow::record_batch::RecordBatchT;
use polars_parquet::write::{
    CompressionOptions, FileWriter, StatisticsOptions, Version, WriteOptions, get_dtype_encoding,
    row_group_iter,
};
use polars_parquet_format::thrift::protocol::{TCompactInputProtocol, TCompactOutputProtocol};
use polars_parquet_format::{ConvertedType, FieldRepetitionType, FileMetaData, SchemaElement};
use proptest::prelude::*;

use super::support::Scratch;

/// The bytes of a file with one column.
fn written(field: &ArrowField, array: Box<dyn Array>) -> Vec<u8> {
    let schema = ArrowSchema::from_iter([(field.name.clone(), field.clone())]);
    let options = WriteOptions {
        statistics: StatisticsOptions::empty(),
        version: Version::V1,
        compression: CompressionOptions::Uncompressed,
        data_page_size: Some(64),
    };
    let mut file = FileWriter::try_new(Vec::new(), schema.clone(), options).unwrap();
    let fields = file.parquet_schema().fields().to_vec();
    let encodings = vec![get_dtype_encoding(&field.dtype)].into();
    let n_rows = array.len();
    let rows = RecordBatchT::new(n_rows, schema.into(), vec![array]);
    file.write(n_rows as u64, row_group_iter(rows, encodings, fields, options)).unwrap();
    file.end(None).unwrap();
    file.into_inner_and_metadata().0
}

/// The same file, which says something else of its columns.
fn told(bytes: &[u8], change: impl Fn(Vec<SchemaElement>) -> Vec<SchemaElement>) -> Vec<u8> {
    let end = bytes.len() - 8;
    let length = u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize;
    let mut protocol = TCompactInputProtocol::new(&bytes[end - length..end], 1 << 20);
    let mut metadata = FileMetaData::read_from_in_protocol(&mut protocol).unwrap();
    metadata.schema = change(metadata.schema);
    let mut told = Vec::new();
    metadata.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut told)).unwrap();
    let length = (told.len() as u32).to_le_bytes();
    [&bytes[..end - length_of(bytes)], &told, &length, b"PAR1"].concat()
}

fn length_of(bytes: &[u8]) -> usize {
    let end = bytes.len() - 8;
    u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize
}

fn is_repeated(element: &SchemaElement) -> bool {
    element.repetition_type == Some(FieldRepetitionType::REPEATED)
}

/// What is repeated is the item, and called `array`.
fn with_two_levels(schema: Vec<SchemaElement>) -> Vec<SchemaElement> {
    let mut changed = Vec::new();
    let mut elements = schema.into_iter();
    while let Some(mut element) = elements.next() {
        if is_repeated(&element) {
            element = elements.next().unwrap();
            element.name = "array".to_owned();
            element.repetition_type = Some(FieldRepetitionType::REPEATED);
        }
        changed.push(element);
    }
    changed
}

/// The innermost lists are values that are repeated, and nothing says that they are lists.
fn without_lists(schema: Vec<SchemaElement>) -> Vec<SchemaElement> {
    let mut changed: Vec<SchemaElement> = Vec::new();
    let mut elements = schema.into_iter().peekable();
    while let Some(element) = elements.next() {
        let is_innermost =
            is_repeated(&element) && elements.peek().is_some_and(|item| item.num_children.is_none());
        if !is_innermost {
            changed.push(element);
            continue;
        }
        let list = changed.pop().unwrap();
        assert_eq!(list.converted_type, Some(ConvertedType::LIST));
        let mut item = elements.next().unwrap();
        item.name = list.name;
        item.repetition_type = Some(FieldRepetitionType::REPEATED);
        changed.push(item);
    }
    changed
}

/// The names that Hive gives.
fn as_hive(mut schema: Vec<SchemaElement>) -> Vec<SchemaElement> {
    for element in &mut schema {
        element.name = match element.name.as_str() {
            "list" => "bag".to_owned(),
            "element" => "array_element".to_owned(),
            _ => continue,
        };
    }
    schema
}

/// Whether the items of a list may be null.
#[derive(Clone, Copy)]
enum Items {
    Required,
    Optional,
}

fn numbers(n: usize, items: Items) -> Box<dyn Array> {
    match items {
        Items::Required => PrimitiveArray::<i64>::from_vec((0..n as i64).collect()).boxed(),
        Items::Optional => {
            (0..n as i64).map(|n| (n % 3 != 1).then_some(n)).collect::<PrimitiveArray<i64>>().boxed()
        }
    }
}

/// Lists of these lengths, which are never null.
fn lists(lengths: &[usize], items: Items, values: impl Fn(usize) -> Box<dyn Array>) -> Box<dyn Array> {
    let mut offsets = vec![0_i64];
    offsets.extend(lengths.iter().scan(0, |sum, length| {
        *sum += *length as i64;
        Some(*sum)
    }));
    let values = values(lengths.iter().sum());
    let is_nullable = matches!(items, Items::Optional);
    let item = ArrowField::new("element".into(), values.dtype().clone(), is_nullable);
    let dtype = ArrowDataType::LargeList(Box::new(item));
    ListArray::<i64>::new(dtype, OffsetsBuffer::try_from(offsets).unwrap(), values, None).boxed()
}

fn objects(fields: Vec<(&str, Box<dyn Array>)>) -> Box<dyn Array> {
    let length = fields[0].1.len();
    let (names, values): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .map(|(name, values)| (ArrowField::new(name.into(), values.dtype().clone(), false), values))
        .unzip();
    StructArray::new(ArrowDataType::Struct(names), length, values, None).boxed()
}

fn frame_of(bytes: &[u8]) -> DataFrame {
    let scratch = Scratch::new();
    let path = scratch.file("a.parquet", bytes);
    read(&[Input::from(path)], &ReadOptions::default()).unwrap().frame
}

/// That a file is read the same when it says something else of the same values.
fn check(array: Box<dyn Array>, change: impl Fn(Vec<SchemaElement>) -> Vec<SchemaElement>) {
    let field = ArrowField::new("x".into(), array.dtype().clone(), false);
    let bytes = written(&field, array);
    let (usual, other) = (frame_of(&bytes), frame_of(&told(&bytes, change)));
    assert_eq!(format!("{:?}", usual.columns()[0].dtype()), format!("{:?}", other.columns()[0].dtype()));
    assert!(usual.equals_missing(&other), "{usual}\n{other}");
}

proptest! {
    #[test]
    fn older_ways_to_write_lists(lengths in prop::collection::vec(0_usize..4, 1..40)) {
        let n_rows = lengths.len();
        // As many lists again within them as there are items.
        let inner = |n: usize| -> Vec<usize> { (0..n).map(|n| lengths[(n * 7 + 1) % n_rows]).collect() };
        let list = |n: usize| lists(&inner(n), Items::Required, |n| numbers(n, Items::Required));
        let object = |n: usize| objects(vec![("a", numbers(n, Items::Required)), ("l", list(n))]);

        check(lists(&lengths, Items::Required, |n| numbers(n, Items::Required)), with_two_levels);
        check(lists(&lengths, Items::Required, list), with_two_levels);
        check(lists(&lengths, Items::Required, object), with_two_levels);
        check(
            lists(&lengths, Items::Required, |n| lists(&inner(n), Items::Required, object)),
            with_two_levels,
        );
        check(lists(&lengths, Items::Required, |n| numbers(n, Items::Required)), without_lists);
        check(object(n_rows), without_lists);
        check(lists(&lengths, Items::Required, object), without_lists);
        check(lists(&lengths, Items::Optional, |n| numbers(n, Items::Optional)), as_hive);
    }
}
