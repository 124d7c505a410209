//! What a Python function is called with, and what may come of it.

use parrow::polars::prelude::*;
use parrow::row::OutputColumn;
use parrow::worker::{Protocol, RowsAs, Worker};

use super::{PythonFile, apply, collecting, column, python, python_with};

fn rows() -> DataFrame {
    df!("a" => [Some(3), None, Some(5)], "b" => [4.0, 2.5, 12.0], "name" => ["x", "é", "z"]).unwrap()
}

const CALLS: &str = r#"
import math
import helper

def hypot(a, b):
    return None if a is None else math.hypot(a, b)

def by_default(a, b, scale=10):
    return b * scale

def keyword_only(a, *, b):
    return b

def positional_only(b, a, /):
    return b

def whole(row, minimum):
    return repr((row, minimum))

def any_row(row):
    return repr(row)

def others(a, **rest):
    return repr(rest)

def positionals(*row):
    return repr(row)

def constant():
    return 7

def imported(b):
    return helper.double(b)

doubled = lambda b: 2 * b

class Model:
    def __init__(self, factor):
        self.factor = factor
    def predict(self, b):
        return self.factor * b
    def __call__(self, b):
        return -b

model = Model(3)
"#;

fn text(values: [&str; 3]) -> Series {
    Series::new("".into(), values)
}

#[test]
fn arguments_are_found_by_name() {
    if !python() {
        return;
    }
    let file = PythonFile::new(CALLS);
    std::fs::write(file.folder().join("helper.py"), "def double(x): return 2 * x\n").unwrap();
    let floats = |values: [f64; 3]| Series::new("".into(), values);
    let cases: Vec<(&str, Series)> = vec![
        ("hypot", Series::new("".into(), [Some(5.0), None, Some(13.0)])),
        ("by_default", floats([40.0, 25.0, 120.0])),
        ("keyword_only", floats([4.0, 2.5, 12.0])),
        ("positional_only", floats([4.0, 2.5, 12.0])),
        ("any_row", text(["[3, 4.0, 'x']", "[None, 2.5, 'é']", "[5, 12.0, 'z']"])),
        ("others", text(["{'b': 4.0, 'name': 'x'}", "{'b': 2.5, 'name': 'é'}", "{'b': 12.0, 'name': 'z'}"])),
        ("positionals", text(["(3, 4.0, 'x')", "(None, 2.5, 'é')", "(5, 12.0, 'z')"])),
        ("constant", Series::new("".into(), [7_i64, 7, 7])),
        ("imported", floats([8.0, 5.0, 24.0])),
        ("doubled", floats([8.0, 5.0, 24.0])),
        ("model.predict", floats([12.0, 7.5, 36.0])),
        ("model", floats([-4.0, -2.5, -12.0])),
    ];
    for protocol in [Protocol::Arrow, Protocol::NdJson] {
        for (function, expected) in &cases {
            let worker = Worker::python(file.path(), *function).protocol(protocol).build().unwrap();
            let found = column(&rows(), &worker);
            assert_eq!(found.name(), function.rsplit('.').next().unwrap());
            assert!(
                found.equals_missing(&expected.clone().with_name(found.name().clone())),
                "{function}: {found:?}"
            );
            assert_eq!(found.dtype(), expected.dtype(), "{function}");
        }
    }
}

#[test]
fn rows_come_as_they_are_asked_for() {
    if !python() {
        return;
    }
    let file = PythonFile::new("def f(it, k): return repr((it, k))\n");
    for (rows_as, expected) in [
        (RowsAs::List, "([4.0, 3], True)"),
        (RowsAs::Tuple, "((4.0, 3), True)"),
        (RowsAs::Dict, "({'b': 4.0, 'a': 3}, True)"),
    ] {
        let worker =
            Worker::python(file.path(), "f").rows_as(rows_as).columns(["b", "a"]).argument("k", true);
        let found = column(&rows(), &worker.build().unwrap());
        assert_eq!(found.str().unwrap().get(0), Some(expected));
    }
}

#[test]
fn whole_batches_give_columns_and_name_the_row_at_fault() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        r#"
import pyarrow as pa
def column(table): return table.column("b")
def values(table): return [value.as_py() * 2 for value in table["b"]]
def table(table): return table.select(["b", "a"]).rename_columns(["x", "y"])
def picky(table):
    if 2.5 in table["b"].to_pylist(): raise ValueError("2.5 is bad")
    return table["b"]
def short(table): return [1]
"#,
    );
    let batch = |function: &str| Worker::python(file.path(), function).rows_as(RowsAs::PyArrow);
    assert_eq!(
        column(&rows(), &batch("column").build().unwrap()),
        Series::new("column".into(), [4.0, 2.5, 12.0])
    );
    assert_eq!(
        column(&rows(), &batch("values").build().unwrap()),
        Series::new("values".into(), [8.0, 5.0, 24.0])
    );
    let two = batch("table").outputs(["y", "x"].map(OutputColumn::new)).build().unwrap();
    let (found, _) = apply(&rows(), &two, &collecting(2));
    assert!(found.equals_missing(&df!("y" => [Some(3), None, Some(5)], "x" => [4.0, 2.5, 12.0]).unwrap()));
    let (found, faults) = apply(&rows(), &batch("picky").build().unwrap(), &collecting(3));
    assert!(found.equals_missing(&df!("picky" => [Some(4.0), None, Some(12.0)]).unwrap()));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].0 == 1 && faults[0].1.starts_with("ValueError: 2.5 is bad"), "{faults:?}");
    // In halves the number of values would be right by chance.
    let (_, faults) = apply(&rows(), &batch("short").build().unwrap(), &collecting(3));
    let wanted =
        "the function returned 1 values for 3 rows; a function of whole batches returns one for each row";
    assert_eq!(faults, [0, 1, 2].map(|row| (row, wanted.to_owned())));
}

/// A function of data frames gives a series, a frame, or plain values, and names the row at fault.
fn check_frames(rows_as: RowsAs, functions: &str) {
    let file = PythonFile::new(functions);
    let batch = |function: &str| Worker::python(file.path(), function).rows_as(rows_as);
    let doubled = column(&rows(), &batch("doubled").build().unwrap());
    assert_eq!(doubled, Series::new("doubled".into(), [8.0, 5.0, 24.0]));
    let shouted = column(&rows(), &batch("shouted").build().unwrap());
    assert_eq!(shouted, Series::new("shouted".into(), ["X", "É", "Z"]));
    let missing = column(&rows(), &batch("missing").build().unwrap());
    assert_eq!(missing, Series::new("missing".into(), [false, true, false]));
    let two = batch("two").outputs(["y", "x"].map(OutputColumn::new)).argument("k", 2).build().unwrap();
    let (found, _) = apply(&rows(), &two, &collecting(2));
    assert_eq!(found, df!("y" => ["x", "é", "z"], "x" => [6.0, 4.5, 14.0]).unwrap());
    let (found, faults) = apply(&rows(), &batch("picky").build().unwrap(), &collecting(3));
    assert_eq!(found.column("picky").unwrap().f64().unwrap().to_vec(), [Some(4.0), None, Some(12.0)]);
    assert!(faults.len() == 1 && faults[0].0 == 1 && faults[0].1.starts_with("ValueError"), "{faults:?}");
}

#[test]
fn whole_batches_as_frames_of_pandas() {
    if python_with("pandas") {
        check_frames(
            RowsAs::Pandas,
            "
import pandas as pd
def doubled(df): return df['b'] * 2
def shouted(df): return df.name.str.upper()
def missing(df): return df['a'].isna().tolist()
def two(df, k): return pd.DataFrame({'x': df['b'] + k, 'y': df['name']})
def picky(df):
    if (df['b'] == 2.5).any(): raise ValueError('2.5 is bad')
    return df['b'].to_numpy()
",
        );
    }
}

#[test]
fn whole_batches_as_frames_of_polars() {
    if python_with("polars") {
        check_frames(
            RowsAs::Polars,
            "
import polars as pl
def doubled(df): return df['b'] * 2
def shouted(df): return df.select(pl.col('name').str.to_uppercase())['name']
def missing(df): return df['a'].is_null().to_list()
def two(df, k): return df.select(x=pl.col('b') + k, y='name')
def picky(df):
    if (df['b'] == 2.5).any(): raise ValueError('2.5 is bad')
    return df['b'].to_numpy()
",
        );
    }
}

#[test]
fn values_of_every_type_go_there_and_come_back() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        r#"
import datetime
def same(v): return v
def kinds(n):
    return [None, True, 2, 2.5, "text", datetime.date(2024, 2, 29), [1, 2.5], 1 << 70, object(), 1 << 63][n]
"#,
    );
    let same = || Worker::python(file.path(), "same");
    let lists = [Series::new("".into(), [1_i64, 2]), Series::new_empty("".into(), &DataType::Int64)];
    let days = Series::new("v".into(), [Some(19_782), None]);
    let columns = [
        Series::new("v".into(), [Some(true), None]),
        Series::new("v".into(), [i64::MIN, i64::MAX]),
        Series::new("v".into(), [Some(f64::NAN), None]),
        Series::new("v".into(), [f64::NEG_INFINITY, 0.1 + 0.2]),
        Series::new("v".into(), ["é✓\u{1F600}\n\"", ""]),
        Series::new("v".into(), lists),
        days.cast(&DataType::Date).unwrap(),
        Series::new("v".into(), [1_234_567_i64, -1])
            .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
            .unwrap(),
    ];
    for values in columns {
        let frame = DataFrame::new(2, vec![values.clone().into()]).unwrap();
        let found = column(&frame, &same().build().unwrap()).with_name("v".into());
        crate::support::assert_identical_series(&found, &values);
        let declared = same().outputs([OutputColumn::with_dtype("v", values.dtype().clone())]);
        let found = column(&frame, &declared.protocol(Protocol::NdJson).build().unwrap());
        crate::support::assert_identical_series(&found, &values);
    }
    let frame = df!("n" => (0..10).collect::<Vec<i64>>()).unwrap();
    let kinds =
        Worker::python(file.path(), "kinds").outputs([OutputColumn::with_dtype("k", DataType::Float64)]);
    let (found, faults) = apply(&frame, &kinds.build().unwrap(), &collecting(100));
    let found = found.column("k").unwrap().f64().unwrap().to_vec();
    assert_eq!(&found[2..4], [Some(2.0), Some(2.5)]);
    let faults: Vec<(u64, &str)> = faults.iter().map(|(row, message)| (*row, message.as_str())).collect();
    assert_eq!(faults.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 4, 5, 6, 7, 8]);
    assert!(faults[4].1.contains("64 bits") && faults[5].1.contains("type object"), "{faults:?}");
}

#[test]
fn cells_of_every_dtype_are_what_python_calls_them() {
    if !python() {
        return;
    }
    let file = PythonFile::new("def f(v): return repr(v)\n");
    let ticks =
        |ticks: i64, dtype: DataType| Series::new("v".into(), [Some(ticks), None]).cast(&dtype).unwrap();
    let datetime = |unit| DataType::Datetime(unit, None);
    let lists = Series::new("".into(), [Some(Series::new("".into(), [Some(1_i64), None])), None]);
    let nested = [Series::new("".into(), [lists.slice(0, 1)]), Series::new_empty("".into(), lists.dtype())];
    let nested =
        Series::new("v".into(), [nested[0].list().unwrap().get_as_series(0).unwrap(), nested[1].clone()]);
    let record =
        df!("a" => [Some(1_i64), None], "b" => ["x", "y"]).unwrap().into_struct("v".into()).into_series();
    let cases = [
        (Series::new("v".into(), [Some(-1_i8), None]), "-1", "None"),
        (Series::new("v".into(), [Some(u64::MAX), None]), "18446744073709551615", "None"),
        (Series::new("v".into(), [Some(0.1_f32), None]), "0.10000000149011612", "None"),
        (Series::new("v".into(), ["a\0b", ""]), "'a\\x00b'", "''"),
        (Series::new("v".into(), ["a\0b", "\n\u{1f}é"]), "'a\\x00b'", "'\\n\\x1fé'"),
        (Series::new("v".into(), [Some(&b"\xff\0"[..]), None]), "b'\\xff\\x00'", "None"),
        (ticks(-1, DataType::Date), "datetime.date(1969, 12, 31)", "None"),
        (ticks(3_600_000_001_999, DataType::Time), "datetime.time(1, 0, 0, 1)", "None"),
        (
            ticks(-1, datetime(TimeUnit::Milliseconds)),
            "datetime.datetime(1969, 12, 31, 23, 59, 59, 999000)",
            "None",
        ),
        (
            ticks(-1, datetime(TimeUnit::Nanoseconds)),
            "datetime.datetime(1969, 12, 31, 23, 59, 59, 999999)",
            "None",
        ),
        (
            ticks(1, DataType::Duration(TimeUnit::Milliseconds)),
            "datetime.timedelta(microseconds=1000)",
            "None",
        ),
        (
            Series::new("v".into(), [Some("-1.50"), None]).cast(&DataType::Decimal(20, 2)).unwrap(),
            "Decimal('-1.50')",
            "None",
        ),
        (lists.clone().with_name("v".into()), "[1, None]", "None"),
        (lists.slice(1, 1).with_name("v".into()).extend_constant(AnyValue::Null, 1).unwrap(), "None", "None"),
        (nested, "[[1, None]]", "[]"),
        (record, "{'a': 1, 'b': 'x'}", "{'a': None, 'b': 'y'}"),
        (Series::full_null("v".into(), 2, &DataType::Null), "None", "None"),
    ];
    for (values, first, second) in cases {
        let dtype = values.dtype().clone();
        let frame = DataFrame::new(2, vec![values.into()]).unwrap();
        let found = column(&frame, &Worker::python(file.path(), "f").build().unwrap());
        assert_eq!(found, Series::new("f".into(), [first, second]), "{dtype}");
    }
}

#[test]
fn decimals_and_bytes_come_back_and_what_no_column_holds_is_told_what_to_be() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        r#"
import datetime
from decimal import Decimal
def half(v): return None if v is None else v / 2
def scales(n): return [Decimal("1.50"), Decimal("2"), Decimal("1E+2"), Decimal("2.125"), Decimal("NaN"), Decimal(1) / 3][n]
def items(n): return [Decimal("1.5"), Decimal("0.25")] if n else []
def other(n):
    zoned = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    return [{"a": 1}, {1, 2}, zoned, Decimal("1" * 39), [1, "x"]][n]
"#,
    );
    let apply_to = |values: Series, function: &str| {
        let frame = DataFrame::new(values.len(), vec![values.into()]).unwrap();
        apply(&frame, &Worker::python(file.path(), function).build().unwrap(), &collecting(2))
    };
    let prices = Series::new("v".into(), [Some("3.00"), None]).cast(&DataType::Decimal(20, 2)).unwrap();
    let (found, faults) = apply_to(prices, "half");
    assert_eq!(faults, []);
    assert_eq!(found.columns()[0].dtype(), &DataType::Decimal(38, 2));
    let numbers = |n: i64| Series::new("n".into(), (0..n).collect::<Vec<i64>>());
    let (found, faults) = apply_to(numbers(6), "scales");
    let column = found.columns()[0].cast(&DataType::String).unwrap();
    let column: Vec<Option<&str>> = column.str().unwrap().iter().collect();
    assert_eq!(column, [Some("1.50"), Some("2.00"), Some("100.00"), None, None, None]);
    assert_eq!(faults.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [3, 4, 5], "{faults:?}");
    assert!(
        faults[0].1.contains("declare the output dtype") && faults[1].1.contains("return None or a float"),
        "{faults:?}"
    );
    let (found, _) = apply_to(numbers(2), "items");
    assert_eq!(found.columns()[0].dtype(), &DataType::List(Box::new(DataType::Decimal(38, 2))));
    let (_, faults) = apply_to(numbers(5), "other");
    let wanted = ["json.dumps(value)", "sorted(value)", "astimezone", "quantize", "int and str"];
    assert_eq!(faults.len(), wanted.len());
    for ((_, message), wanted) in faults.iter().zip(wanted) {
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn several_results_have_several_names() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        r#"
def pair(a): return None if a == 0 else (a, str(a))
def named(a): return {"t": str(a), "n": a}
def uneven(a): return (1, 2, 3) if a == 1 else {"n": a} if a == 2 else [a, "x"]
"#,
    );
    let frame = df!("a" => [0, 1, 2, 3]).unwrap();
    let worker = |function: &str, protocol| {
        let outputs = ["n", "t"].map(OutputColumn::new);
        Worker::python(file.path(), function).outputs(outputs).protocol(protocol).build().unwrap()
    };
    for protocol in [Protocol::Arrow, Protocol::NdJson] {
        let (found, _) = apply(&frame, &worker("pair", protocol), &collecting(2));
        let expected =
            df!("n" => [None, Some(1_i64), Some(2), Some(3)], "t" => [None, Some("1"), Some("2"), Some("3")]);
        assert!(found.equals_missing(&expected.unwrap()), "{found}");
        let (found, _) = apply(&frame, &worker("named", protocol), &collecting(2));
        assert!(found.equals(&df!("n" => [0_i64, 1, 2, 3], "t" => ["0", "1", "2", "3"]).unwrap()), "{found}");
        let (_, faults) = apply(&frame, &worker("uneven", protocol), &collecting(4));
        assert_eq!(faults.len(), 2);
        assert!(faults[0].1.contains("3 values") && faults[1].1.contains("without 't'"), "{faults:?}");
    }
}
