//! CSV text becomes the values that it says.

use parrow::polars::prelude::*;
use parrow::table::{Header, ReadOptions, parse_dtype};

use super::support::{read_as, read_csv};

fn check(content: &str, expected: DataFrame) {
    match read_csv(content) {
        Ok(frame) => {
            assert_eq!(frame.dtypes(), expected.dtypes(), "{content:?}\n{frame}");
            assert!(frame.equals_missing(&expected), "{content:?}\nread {frame}\nwanted {expected}");
        }
        Err(error) => panic!("{content:?}: {error}"),
    }
}

#[test]
fn dtypes_are_what_the_text_looks_like() {
    check("a\n1\n-2\n", df!["a" => [1i64, -2]].unwrap());
    check("a\n1\n2.5\n", df!["a" => [1.0, 2.5]].unwrap());
    check("a\n1\n\n3\n", df!["a" => [Some(1i64), None, Some(3)]].unwrap());
    check("a,b\n1,x\n,\n", df!["a" => [Some(1i64), None], "b" => [Some("x"), None]].unwrap());
    check("a\ntrue\nFalse\n", df!["a" => [true, false]].unwrap());
    check("a\nNaN\ninf\n-inf\n1\n", df!["a" => [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0]].unwrap());
    check("a\n-0.0\n", df!["a" => [-0.0]].unwrap());
    check("a\n0.5\n-0\n3\n", df!["a" => [0.5, -0.0, 3.0]].unwrap());
    let zeros = read_csv("a\n1\n-0\n").unwrap();
    assert!(zeros.column("a").unwrap().f64().unwrap().get(1).unwrap().is_sign_negative());
    check("a\n9223372036854775807\n-9223372036854775808\n", df!["a" => [i64::MAX, i64::MIN]].unwrap());
    check("a\n1\n18446744073709551615\n", df!["a" => [1, u64::MAX]].unwrap());
    check("a,b\n 1 ,\t2.5\n", df!["a" => [1i64], "b" => [2.5]].unwrap());
}

#[test]
fn what_would_lose_something_stays_text() {
    check("zip\n00501\n90210\n", df!["zip" => ["00501", "90210"]].unwrap());
    check("phone\n+4930123\n+4930124\n", df!["phone" => ["+4930123", "+4930124"]].unwrap());
    check("day\n03/04/2024\n", df!["day" => ["03/04/2024"]].unwrap());
    check("at\n2024-01-02T03:04:05+02:00\n", df!["at" => ["2024-01-02T03:04:05+02:00"]].unwrap());
    check("house\n12\n12a\n", df!["house" => ["12", "12a"]].unwrap());
    check("a\nnull\nn/a\n", df!["a" => ["null", "n/a"]].unwrap());
}

#[test]
fn later_rows_widen() {
    let mut content = String::from("a\n");
    (0..20_000).for_each(|row| content += &format!("{row}\n"));
    let mut fractions = content.clone();
    fractions += "1.5\n";
    let frame = read_csv(&fractions).unwrap();
    assert_eq!(frame.dtypes(), [DataType::Float64]);
    assert_eq!(frame.height(), 20_001);
    assert_eq!(frame.column("a").unwrap().f64().unwrap().get(20_000), Some(1.5));

    content += "18446744073709551615\n";
    let frame = read_csv(&content).unwrap();
    assert_eq!(frame.column("a").unwrap().u64().unwrap().get(20_000), Some(u64::MAX));

    let nulls = format!("a,b\n{}7,x\n", ",\n".repeat(15_000));
    let frame = read_csv(nulls).unwrap();
    assert_eq!(frame.dtypes(), [DataType::Int64, DataType::String]);
    assert_eq!(frame.column("a").unwrap().i64().unwrap().get(15_000), Some(7));
}

#[test]
fn quotes_and_line_ends() {
    check("a,b\r\n1,\"x\r\ny\"\r\n2,\"say \"\"hi\"\"\"\r\n", {
        df!["a" => [1i64, 2], "b" => ["x\r\ny", "say \"hi\""]].unwrap()
    });
    check("\u{feff}a\n1\n", df!["a" => [1i64]].unwrap());
    check("a,b\n1,2\n\n\n3,4", df!["a" => [1i64, 3], "b" => [2i64, 4]].unwrap());
    check("a,b\n\"1\",\"2\"\n", df!["a" => [1i64], "b" => [2i64]].unwrap());
    check("a,b\n1,\"\"\n2,\n", df!["a" => [1i64, 2], "b" => [Some(""), None]].unwrap());
    check("a,b\n5\" pipe,6\" pipe\nx,y\n", df!["a" => ["5\" pipe", "x"], "b" => ["6\" pipe", "y"]].unwrap());
    check("a,b\n1,", df!["a" => [1i64], "b" => [None::<&str>]].unwrap());
    check("a\n\"x\n\"\"y\"\"\n\"", df!["a" => ["x\n\"y\"\n"]].unwrap());
    check("a;b\n1;2,5\n3;4\n", df!["a" => [1i64, 3], "b" => ["2,5", "4"]].unwrap());
    check("a\tb\n1\t2\n", df!["a" => [1i64], "b" => [2i64]].unwrap());
    check("a|b\n1|2\n", df!["a" => [1i64], "b" => [2i64]].unwrap());
    check("a,,c\n1,2,3\n", df!["a" => [1i64], "column_2" => [2i64], "c" => [3i64]].unwrap());
    check("a,b\n", df!["a" => [""; 0], "b" => [""; 0]].unwrap());
    check("a\nx\0y\n", df!["a" => ["x\0y"]].unwrap());
}

#[test]
fn times() {
    let date = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    check("d\n2024-02-29\n1969-12-31\n", df!["d" => [date("2024-02-29"), date("1969-12-31")]].unwrap());
    let microseconds = DataType::Datetime(TimeUnit::Microseconds, None);
    let moments = Series::new("t".into(), [1_709_168_523_000_004i64, -2_208_988_800_000_000]);
    let expected = moments.cast(&microseconds).unwrap();
    check("t\n2024-02-29 01:02:03.000004\n1900-01-01T00:00\n", expected.into_frame());
    let frame = read_csv("t\n2024-02-29T01:02:03Z\n").unwrap();
    assert_eq!(frame.dtypes(), [DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))]);
    let frame = read_csv("t\n01:02:03.5\n").unwrap();
    assert_eq!(frame.dtypes(), [DataType::Time]);
    check("d\n2023-02-29\n", df!["d" => ["2023-02-29"]].unwrap());
}

#[test]
fn options() {
    let options = ReadOptions::builder()
        .header(Header::None)
        .delimiter(b';')
        .null_values(["n/a", "-"])
        .dtypes([("column_2", parse_dtype("f32").unwrap())])
        .columns(Some(vec!["column_3".into(), "column_2".into()]))
        .limit(2)
        .build()
        .unwrap();
    let table = read_as("a.csv", "1;2;x\n3;n/a;-\n5;6;7;8;9\n", &options).unwrap();
    let expected = df!["column_3" => [Some("x"), None], "column_2" => [Some(2f32), None]].unwrap();
    assert!(table.frame.equals_missing(&expected), "{}", table.frame);
}

#[test]
fn given_dtypes() {
    let check = |dtype: &str, text: &str, expected: &str| {
        let options = ReadOptions::builder().dtypes([("a", parse_dtype(dtype).unwrap())]).build().unwrap();
        let frame = read_as("a.csv", format!("a\n{text}\n"), &options).unwrap().frame;
        assert_eq!(frame.dtypes(), [parse_dtype(dtype).unwrap()]);
        assert_eq!(frame.columns()[0].get(0).unwrap().to_string(), expected, "{dtype} {text}");
    };
    check("u8", "255", "255");
    check("i8", "-128", "-128");
    check("i64", "007", "7");
    check("f64", "12345678901234567890123", "1.2346e22");
    check("str", "1", "\"1\"");
    check("decimal(10, 2)", "-1.50", "-1.50");
    check(
        "decimal(38, 0)",
        "99999999999999999999999999999999999999",
        "99999999999999999999999999999999999999",
    );
    check("categorical", "x", "\"x\"");
    check("duration", "PT1M0.5S", "1m 500ms");
    check("list[f64]", "\"[1, 2.5]\"", "[1.0, 2.5]");
    check("list[str]", "\"[\"\"a\"\", 'b', c]\"", "[\"a\", \"b\", \"c\"]");
    check("list[list[i64]]", "\"[[1], [], null]\"", "[[1], [], null]");
}
