//! What is written is read back the same, in every format that can hold it.

use parrow::polars::prelude::*;
use parrow::table::{Input, Output, ReadOptions, TableWriter, WriteOptions, read, write};
use proptest::prelude::*;

use super::support::Scratch;

/// The names that files of every format have.
const NAMES: [&str; 9] = [
    "a.csv",
    "a.tsv",
    "a.csv.gz",
    "a.csv.zst",
    "a.parquet",
    "a.arrow",
    "a.arrows",
    "a.ndjson",
    "a.ndjson.gz",
];

fn is_text(name: &str) -> bool {
    name.contains("sv") || name.contains("json")
}

/// A frame with a column of every dtype, nulls in each.
pub(super) fn frame_of_all_dtypes() -> DataFrame {
    let date =
        Series::new("date".into(), [Some(19_782i32), None, Some(-719_162)]).cast(&DataType::Date).unwrap();
    let time = Series::new("time".into(), [Some(1i64), None, Some(86_399_999_999_999)])
        .cast(&DataType::Time)
        .unwrap();
    let numbers = [Some(1_709_168_523_000_000i64), None, Some(-1)];
    let cast = |name: &str, dtype: DataType| Series::new(name.into(), numbers).cast(&dtype).unwrap();
    let decimals = Series::new("decimal".into(), [Some("-1.50"), None, Some("12345678.90")]);
    let inner =
        [Some(Series::new("".into(), [1i64, 2])), None, Some(Series::new_empty("".into(), &DataType::Int64))];
    let texts = Series::new("".into(), [Some("a, \"b\"\\"), None, Some("[x]\n")]);
    let mut columns = df![
        "i8" => [Some(i8::MIN), None, Some(i8::MAX)],
        "i16" => [Some(i16::MIN), None, Some(i16::MAX)],
        "i32" => [Some(i32::MIN), None, Some(i32::MAX)],
        "i64" => [Some(i64::MIN), None, Some(i64::MAX)],
        "u8" => [Some(0u8), None, Some(u8::MAX)],
        "u16" => [Some(0u16), None, Some(u16::MAX)],
        "u32" => [Some(0u32), None, Some(u32::MAX)],
        "u64" => [Some(0u64), None, Some(u64::MAX)],
        "f32" => [Some(f32::MIN_POSITIVE), None, Some(-0.0)],
        "f64" => [Some(0.1), None, Some(f64::MAX)],
        "bool" => [Some(true), None, Some(false)],
        "str" => [Some(""), None, Some("a,\"b\"\r\n;\t'c' é")],
    ]
    .unwrap()
    .into_columns();
    let others = [
        Series::new("categorical".into(), [Some("x"), None, Some("y")])
            .cast(&DataType::from_categories(Categories::global()))
            .unwrap(),
        date,
        time,
        cast("ms", DataType::Datetime(TimeUnit::Milliseconds, None)),
        cast("us", DataType::Datetime(TimeUnit::Microseconds, None)),
        cast("ns", DataType::Datetime(TimeUnit::Nanoseconds, None)),
        cast("instant", DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))),
        cast("duration_ms", DataType::Duration(TimeUnit::Milliseconds)),
        cast("duration_ns", DataType::Duration(TimeUnit::Nanoseconds)),
        decimals.cast(&DataType::Decimal(12, 2)).unwrap(),
        Series::new("list".into(), inner),
        Series::new("texts".into(), [Some(texts), None, None]),
    ];
    columns.extend(others.into_iter().map(Column::from));
    DataFrame::new(3, columns).unwrap()
}

/// The dtypes of a frame, given to the reader: a text file does not say them.
fn given(frame: &DataFrame) -> ReadOptions {
    let dtypes =
        frame.schema().iter().map(|(name, dtype)| (name.to_string(), dtype.clone())).collect::<Vec<_>>();
    ReadOptions::builder().dtypes(dtypes).build().unwrap()
}

fn check(frame: &DataFrame, name: &str) {
    let scratch = Scratch::new();
    let path = scratch.path(name);
    let summary = write(frame, &Output::from(path.as_path()), &WriteOptions::default())
        .unwrap_or_else(|error| panic!("{name}: {error}\n{frame}"));
    assert_eq!(summary.n_rows, frame.height() as u64);
    assert_eq!(summary.n_bytes, path.metadata().unwrap().len());
    assert_eq!(scratch.names(), [name]);
    let options = if is_text(name) { given(frame) } else { ReadOptions::default() };
    let back = match read(&[Input::from(path.as_path())], &options) {
        Ok(table) => table.frame,
        Err(error) => panic!("{name}: {error}\n{frame}"),
    };
    // Arrow has the texts of categories.
    let frame = &match name.contains("arrow") {
        true => with_texts(frame),
        false => frame.clone(),
    };
    assert_eq!(back.dtypes(), frame.dtypes(), "{name}");
    assert!(back.equals_missing(frame), "{name}\nwrote {frame}\nread {back}");
    for (one, other) in back.columns().iter().zip(frame.columns()) {
        if let (Ok(one), Ok(other)) = (one.f64(), other.f64()) {
            let bits = |floats: &Float64Chunked| -> Vec<_> {
                floats.iter().map(|float| float.filter(|float| !float.is_nan()).map(f64::to_bits)).collect()
            };
            assert_eq!(bits(one), bits(other), "{name}");
        }
    }
}

fn with_texts(frame: &DataFrame) -> DataFrame {
    let columns = frame.columns().iter().map(|column| match column.dtype().is_categorical() {
        true => column.cast(&DataType::String).unwrap(),
        false => column.clone(),
    });
    DataFrame::new(frame.height(), columns.collect()).unwrap()
}

#[test]
fn all_dtypes() {
    let frame = frame_of_all_dtypes();
    for name in NAMES {
        check(&frame, name);
        check(&frame.slice(1, 2), name);
        if !name.contains("json") {
            check(&frame.clear(), name);
        }
    }
}

#[test]
fn floats_that_are_no_numbers() {
    let frame = df!["f" => [Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), None, Some(-0.0), Some(1.0)]].unwrap();
    for name in NAMES.into_iter().filter(|name| !name.contains("json")) {
        check(&frame, name);
    }
    let scratch = Scratch::new();
    let path = scratch.path("a.csv");
    write(&frame, &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "f\nNaN\ninf\n-inf\n\n-0.0\n1.0\n");
}

#[test]
fn frames_of_odd_shapes() {
    let wide: Vec<Column> =
        (0..10_000).map(|index| Column::new(format!("c{index}").into(), [index as i64, 1])).collect();
    let wide = DataFrame::new(2, wide).unwrap();
    for name in NAMES {
        check(&wide, name);
    }
    for name in ["a.parquet", "a.arrow", "a.arrows"] {
        check(&DataFrame::empty(), name);
    }
    let scratch = Scratch::new();
    for name in ["a.csv", "a.ndjson"] {
        let output = Output::from(scratch.path(name));
        let error = write(&DataFrame::empty(), &output, &WriteOptions::default()).unwrap_err().to_string();
        assert!(error.contains("a table without columns cannot be written"), "{error}");
    }
    assert!(scratch.names().is_empty());
}

#[test]
fn chunk_by_chunk_is_the_same_as_at_once() {
    let frame = frame_of_all_dtypes();
    let scratch = Scratch::new();
    for name in NAMES {
        let (at_once, in_chunks) = (scratch.path(name), scratch.path(&format!("chunks-{name}")));
        let mut whole = frame.clone();
        let mut writer =
            TableWriter::create(&Output::from(in_chunks.as_path()), frame.schema(), &WriteOptions::default())
                .unwrap();
        writer.write_chunk(&frame).unwrap();
        for start in 0..3 {
            writer.write_chunk(&frame.slice(start, 1)).unwrap();
            whole.vstack_mut(&frame.slice(start, 1)).unwrap();
        }
        assert!(!in_chunks.exists());
        assert_eq!(writer.finish().unwrap().n_rows, 6);
        write(&whole, &Output::from(at_once.as_path()), &WriteOptions::default()).unwrap();
        let read = |path| read(&[Input::from(path)], &given(&frame)).unwrap().frame;
        assert!(read(in_chunks.as_path()).equals_missing(&read(at_once.as_path())), "{name}");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(
            prop_oneof![
                Just(','),
                Just('"'),
                Just('\n'),
                Just('\r'),
                Just(' '),
                Just('a'),
                Just('é'),
                Just('\0')
            ],
            0..6
        )
        .prop_map(|characters| characters.into_iter().collect()),
        "\\PC{0,12}",
    ]
}

fn column(name: String, n_rows: usize) -> impl Strategy<Value = Column> {
    use proptest::collection::vec;
    use proptest::option::of;
    let named = move |name: &str| PlSmallStr::from(name);
    let name = std::rc::Rc::new(name);
    let n = [(); 7].map(|()| name.clone());
    let [n0, n1, n2, n3, n4, n5, n6] = n;
    prop_oneof![
        vec(of(any::<i64>()), n_rows).prop_map(move |values| Column::new(named(&n0), values)),
        vec(of(any::<u64>()), n_rows).prop_map(move |values| Column::new(named(&n1), values)),
        vec(of(any::<f64>()), n_rows).prop_map(move |values| Column::new(named(&n2), values)),
        vec(of(text()), n_rows).prop_map(move |values| Column::new(named(&n3), values)),
        vec(of(any::<bool>()), n_rows).prop_map(move |values| Column::new(named(&n4), values)),
        vec(of(any::<f32>()), n_rows).prop_map(move |values| Column::new(named(&n5), values)),
        vec(of(any::<i64>().prop_map(|value| value % 4_000_000_000_000)), n_rows).prop_map(move |values| {
            let moments =
                Series::new(named(&n6), values).cast(&DataType::Datetime(TimeUnit::Milliseconds, None));
            moments.unwrap().into_column()
        }),
    ]
}

fn frame() -> impl Strategy<Value = DataFrame> {
    (1usize..5, 1usize..30).prop_flat_map(|(n_columns, n_rows)| {
        let columns: Vec<_> = (0..n_columns).map(|index| column(format!("c{index}"), n_rows)).collect();
        columns.prop_map(move |columns| DataFrame::new(n_rows, columns).unwrap())
    })
}

fn is_finite(frame: &DataFrame) -> bool {
    let floats = frame.columns().iter().filter(|column| column.dtype().is_float());
    floats.into_iter().all(|column| {
        let column = column.cast(&DataType::Float64).unwrap();
        column.f64().unwrap().iter().flatten().all(f64::is_finite)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_frames(frame in frame()) {
        for name in ["a.csv", "a.tsv", "a.parquet", "a.arrow", "a.arrows"] {
            check(&frame, name);
        }
        if is_finite(&frame) {
            check(&frame, "a.ndjson");
        }
    }
}
