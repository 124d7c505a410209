//! What a script is given and what it may return.

use parrow::functions::{CountInRange, RangeBounds};
use parrow::polars::prelude::*;
use parrow::row::{Parameter, RowFunction};
use parrow::script::Script;
use parrow::table::{Input, ReadOptions, read};
use parrow::{ApplyOptions, ErrorKind, OnError, Result, apply_function};

use super::message;
use crate::support::assert_identical;

fn run(frame: &DataFrame, script: &Script) -> Result<DataFrame> {
    Ok(apply_function(frame, script, &ApplyOptions::default())?.table)
}

/// What a body returns on a frame, as its only column.
#[track_caller]
fn body(frame: &DataFrame, text: &str) -> Series {
    let table = run(frame, &Script::luau_body(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
    table.columns()[0].as_materialized_series().clone().with_name("".into())
}

fn frame() -> DataFrame {
    df!(
        "a" => [Some(1_i64), None, Some(3)],
        "x" => [Some(0.5_f32), Some(1.5), None],
        "s" => [Some("naïve été"), None, Some("")],
        "flag" => [Some(true), Some(false), None],
    )
    .unwrap()
}

#[test]
fn cells_of_every_dtype() {
    let lists = Series::new(
        "l".into(),
        [
            Some(Series::new("".into(), [1_i32, 2])),
            None,
            Some(Series::new_empty("".into(), &DataType::Int32)),
        ],
    );
    let texts =
        Series::new("ts".into(), [Some(Series::new("".into(), [Some("u"), None, Some("v")])), None, None]);
    let days = Series::new("d".into(), [Some(0_i32), Some(-1), None]).cast(&DataType::Date).unwrap();
    let instants = Series::new("i".into(), [Some(1_500_i64), None, Some(0)])
        .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
        .unwrap();
    let category = Series::new("c".into(), ["u", "v", "u"])
        .cast(&DataType::from_categories(Categories::global()))
        .unwrap();
    let nothing = Series::full_null("n".into(), 3, &DataType::Null);
    let mut frame = frame();
    for column in [lists, texts, days, instants, category, nothing] {
        frame.with_column(column.into()).unwrap();
    }
    let cases: [(&str, Series); 13] = [
        ("return a", Series::new("".into(), [Some(1.0), None, Some(3.0)])),
        ("return a == nil", Series::new("".into(), [false, true, false])),
        ("return x", Series::new("".into(), [Some(0.5), Some(1.5), None])),
        ("return s", Series::new("".into(), [Some("naïve été"), None, Some("")])),
        ("return s and #s", Series::new("".into(), [Some(12.0), None, Some(0.0)])),
        ("return flag", Series::new("".into(), [Some(true), Some(false), None])),
        ("return l and #l", Series::new("".into(), [Some(2.0), None, Some(0.0)])),
        ("return ts and ts[3]", Series::new("".into(), [Some("v"), None, None])),
        ("return ts and ts[2] == nil", Series::new("".into(), [Some(true), None, None])),
        ("return d", Series::new("".into(), [Some(0.0), Some(-1.0), None])),
        ("return i", Series::new("".into(), [Some(1500.0), None, Some(0.0)])),
        ("return c .. '!'", Series::new("".into(), ["u!", "v!", "u!"])),
        ("return n", Series::new("".into(), [None::<f64>, None, None])),
    ];
    for (text, expected) in cases {
        let found = body(&frame, text);
        assert!(found.equals_missing(&expected) && found.dtype() == expected.dtype(), "{text}: {found}");
    }
    let lists = body(&frame, "return l");
    assert_eq!(lists.dtype(), &DataType::List(Box::new(DataType::Float64)));
    assert_eq!(lists.list().unwrap().get_as_series(0), Some(Series::new("".into(), [1.0, 2.0])));
}

#[test]
fn the_row_by_name_by_position_and_as_values() {
    let cases: [(&str, Series); 8] = [
        ("return row.a", Series::new("".into(), [Some(1.0), None, Some(3.0)])),
        ("return row['s']", Series::new("".into(), [Some("naïve été"), None, Some("")])),
        ("return row[2]", Series::new("".into(), [Some(0.5), Some(1.5), None])),
        ("return #row", Series::new("".into(), [4.0, 4.0, 4.0])),
        (
            "local n = 0 for _, v in row.values do n += 1 end return n",
            Series::new("".into(), [4.0, 2.0, 2.0]),
        ),
        (
            "local r, n = row, 0 for i = 1, #r do if r[i] ~= nil then n += 1 end end return n",
            Series::new("".into(), [4.0, 2.0, 2.0]),
        ),
        ("local name = 'a' return row[name]", Series::new("".into(), [Some(1.0), None, Some(3.0)])),
        (
            "local r = row return r['a'] and r.a + row[1]",
            Series::new("".into(), [Some(2.0), None, Some(6.0)]),
        ),
    ];
    for (text, expected) in cases {
        let found = body(&frame(), text);
        assert!(found.equals_missing(&expected), "{text}: {found}");
    }
    let named = message(run(&frame(), &Script::luau_body("return row.aa")));
    assert!(named.contains("did you mean \"a\""), "{named}");
    assert!(message(run(&frame(), &Script::luau_body("return row[9]"))).contains("row[9]"));
    assert!(message(run(&frame(), &Script::luau_body("local r = row return r.zz"))).contains("no column zz"));
    assert!(message(run(&frame(), &Script::luau_body("row.a = 1"))).contains("read-only"));
}

#[test]
fn a_row_is_read_the_same_whatever_is_done_with_it() {
    // Each of these once alone, and once where the row is handed on.
    let cases: [(&str, Series); 11] = [
        ("local k = 'fl' .. 'ag' return tostring(row[k])", texts(["true", "false", "nil"])),
        (
            "local n = 0 for i = 1, #row do if row[i] == nil then n += 1 end end return n",
            numbers([0.0, 2.0, 2.0]),
        ),
        ("return row[#row - 1] == row[3]", Series::new("".into(), [true, true, true])),
        ("return if row.flag then row[1] else row.x", Series::new("".into(), [Some(1.0), Some(1.5), None])),
        ("local i = 4 return tostring(row[i])", texts(["true", "false", "nil"])),
        ("local i = 1 return `{row.flag} {row[i]} {#row}`", texts(["true 1 4", "false nil 4", "nil 3 4"])),
        ("return #row.values", numbers([4.0, 4.0, 4.0])),
        ("return select('#', unpack(row.values))", numbers([4.0, 4.0, 4.0])),
        ("return select('#', table.unpack(row.values))", numbers([4.0, 4.0, 4.0])),
        ("local key = 'x' return row.values[2] == row[key]", Series::new("".into(), [true, true, true])),
        ("return (row.s or 'none'):sub(1, 2)", texts(["na", "no", ""])),
    ];
    let frame = frame().select(["a", "x", "s", "flag"]).unwrap();
    for (text, expected) in cases {
        let mut scripts = vec![text.to_owned(), format!("local v = row.values {text}")];
        if !text.contains("unpack") {
            scripts.push(format!("local r = row {text}"));
        }
        for script in scripts {
            let found = body(&frame, &script);
            assert!(found.equals_missing(&expected), "{script}: {found}");
        }
    }
}

fn numbers(values: [f64; 3]) -> Series {
    Series::new("".into(), values)
}

fn texts(values: [&str; 3]) -> Series {
    Series::new("".into(), values)
}

#[test]
fn nothing_of_a_row_can_be_changed() {
    for text in [
        "row.a = 1",
        "row['a'] = 1",
        "row[1] += 1",
        "local i = 1 row[i] = 1",
        "local n = 0 n, row[1] = 1, 2",
        "local n row.a, n = 1, 2",
        "if true then row[1], row[2] = 1, 2 end",
        "row.values[1] = 2",
        "local r = row r.x = 1",
        "local r = row r.new = 1",
        "local r = row r[1] = 1",
        "rawset(row, 'a', 1)",
        "table.insert(row, 1)",
        "setmetatable(row, nil)",
        "local function change(row) row.a = 1 end change(row)",
        "local v = row.values v[1] = 1",
        "table.sort(row.values)",
        "local r = row r.values[1] = 1",
        "getmetatable(row).__index = nil",
        "function row.a() end",
    ] {
        let Err(error) = run(&frame(), &Script::luau_body(text)) else { panic!("{text}") };
        let text = error.to_string();
        assert!(["read-only", "readonly", "nil"].iter().any(|word| text.contains(word)), "{text}");
    }
    // A copy is the script's own, and so is a table that is called as the row is.
    let sum =
        "local v = table.clone(row.values) v[1] = 10 local r = table.clone(row) r[1] = 5 return v[1] + r[1]";
    assert_eq!(body(&frame().head(Some(1)), sum), Series::new("".into(), [15.0]));
    let own = "local n = 0 for _, row in {{a = 1}, {a = 2}} do row.b = row.a n += row.b end return n";
    assert_eq!(body(&frame(), own), numbers([3.0, 3.0, 3.0]));
}

#[test]
fn a_row_that_is_kept_stays_as_it_is() {
    let text =
        "local first function f(row) first = first or row return first.a + first.values[1] + first[1] end";
    let frame = df!("a" => [1.0, 2.0, 3.0], "b" => [None, Some(1.0), None]).unwrap();
    let options = ApplyOptions::builder().threads(1).build().unwrap();
    let found = apply_function(&frame, &Script::luau(text), &options).unwrap().table;
    assert_eq!(found, df!("f" => [3.0, 3.0, 3.0]).unwrap());
}

#[test]
fn a_cell_that_is_asked_for_in_vain_is_said_with_its_line() {
    let frame = df!("a" => [Some(1_i64), None], "b" => [Some((1_i64 << 53) + 1), None]).unwrap();
    let ask = |text: &str| message(run(&frame, &Script::luau(format!("function f(row)\n{text}\nend"))));
    for text in ["local k = 3 return row[k]", "local r = row return r[3]", "local k = 0.5 return row[k]"] {
        let text = ask(text);
        assert!(text.contains("script:2: the row has no column"), "{text}");
    }
    for text in
        ["local k = 2 return row[k]", "local r = row return r.b", "local k = 'b' return row[k], row.b"]
    {
        let text = ask(text);
        assert!(text.contains("script:2: column \"b\" holds an integer beyond 2^53"), "{text}");
    }
    // Who does not ask for it is not told.
    for text in ["local k = 1 return row[k]", "local r = row return r.a"] {
        assert_eq!(
            run(&frame, &Script::luau_body(text)).unwrap(),
            df!("result" => [Some(1.0), None]).unwrap()
        );
    }
    assert!(ask("local k = 1 return row[k] + row.aa").contains("no column \"aa\""));
}

#[test]
fn a_wide_row_is_read_whole() {
    let columns: Vec<Column> = (0..700)
        .map(|index| Column::new(format!("c{index}").into(), [Some(f64::from(index)), None]))
        .collect();
    let frame = DataFrame::new(2, columns).unwrap();
    let sum = body(&frame, "local sum = 0 for _, v in row.values do sum += v end return sum");
    assert_eq!(sum, Series::new("".into(), [244_650.0, 0.0]));
    let handed = body(
        &frame,
        "local r, sum = row, 0 for _, v in r.values do sum += v end return r[700] and sum + r[700]",
    );
    assert_eq!(handed, Series::new("".into(), [Some(245_349.0), None]));
    let some = body(&frame, "local i = 700 return (row[i] or -1) + (row.c3 or 0)");
    assert_eq!(some, Series::new("".into(), [702.0, -1.0]));
}

#[test]
fn fewer_values_than_are_named_are_an_error() {
    for (text, expected) in [
        ("return s", "returned one value, and 2 are named: h, k"),
        ("return {1, 2}", "returned one value, and 2 are named: h, k"),
    ] {
        let text = message(run(&frame(), &Script::luau_body(text).output_names(["h", "k"])));
        assert!(text.contains(expected), "{text}");
    }
    for text in ["return nil", "local t = {h = a} return t", "if a then return a, s end return", "return {}"]
    {
        let found = run(&frame(), &Script::luau_body(text).output_names(["h", "k"]));
        assert!(found.is_ok(), "{text}: {}", message(found));
    }
}

#[test]
fn decimals_are_numbers_with_the_same_digits_or_texts() {
    let decimals = |values: [&str; 2], dtype| {
        let values = Series::new("d".into(), [Some(values[0]), Some(values[1]), None]);
        DataFrame::new(3, vec![values.cast(&dtype).unwrap().into()]).unwrap()
    };
    let short = decimals(["0.10", "-1234567890123.45"], DataType::Decimal(20, 2));
    assert_eq!(
        body(&short, "return d"),
        Series::new("".into(), [Some(0.1), Some(-1_234_567_890_123.45), None])
    );
    let long = decimals(["0.10", "12345678901234567.89"], DataType::Decimal(20, 2));
    let text = message(run(&long, &Script::luau_body("return d")));
    assert!(text.contains("row 1") && text.contains("a decimal of more than 15 digits"), "{text}");
    let exact = run(&long, &Script::luau("function f(d: string?) return d end")).unwrap();
    assert_eq!(exact, df!("f" => [Some("0.10"), Some("12345678901234567.89"), None]).unwrap());
    let fine = decimals(["0.000000000000000000000000000123", "0"], DataType::Decimal(38, 30));
    assert_eq!(body(&fine, "return d"), Series::new("".into(), [Some(1.23e-28), Some(0.0), None]));
    let lists = Series::new("d".into(), [long.column("d").unwrap().as_materialized_series().clone()]);
    let lists = DataFrame::new(1, vec![lists.into()]).unwrap();
    assert!(
        message(run(&lists, &Script::luau_body("return d[1]"))).contains("a decimal of more than 15 digits")
    );
}

#[test]
fn several_values_tables_and_return_types() {
    let frame = frame();
    let check = |script: Script, expected: DataFrame| {
        let found = run(&frame, &script).unwrap_or_else(|error| panic!("{script:?}: {error}"));
        assert_identical(&found, &expected);
    };
    let expected =
        df!("h" => [Some(1.0), None, Some(3.0)], "k" => [Some("naïve été"), None, Some("")]).unwrap();
    check(Script::luau_body("return a, s").output_names(["h", "k"]), expected.clone());
    check(Script::luau_body("return {k = s, h = a}").output_names(["h", "k"]), expected.clone());
    check(
        Script::luau("function f(a, s): {h: number?, k: string?} return {k = s, h = a} end"),
        expected.clone(),
    );
    check(
        Script::luau("function f(a, s): (number?, string?) return a, s end").output_names(["h", "k"]),
        expected,
    );
    let counts = df!("f" => [Some(1_u8), None, Some(3)]).unwrap();
    check(Script::luau("function f(a) return a end").output_dtypes([DataType::UInt8]), counts);
    let days = Series::new("f".into(), [Some(1), None, Some(3)]).cast(&DataType::Date).unwrap();
    check(Script::luau("function f(a) return a end").output_dtypes([DataType::Date]), days.into_frame());
    let texts = df!("f" => [None::<String>, None, None]).unwrap();
    check(Script::luau("function f(a): string? return nil end"), texts);
}

#[test]
fn a_body_names_its_columns_and_constants() {
    let frame = df!("a" => [3.0], "b" => [4.0], "math" => [1.0], "t" => ["c"]).unwrap();
    let script = Script::luau_body("-- b\nlocal t = {a = 1, 'b'} return `{a + power}{math.sqrt(4)}` .. t[1]")
        .argument("power", 2);
    let found = run(&frame, &script).unwrap();
    assert_eq!(found, df!("result" => ["52b"]).unwrap());
}

#[test]
fn the_last_function_or_the_one_that_is_named() {
    let text =
        "function first(a) return a end function init() end local function second(a) return first(a) + 1 end";
    let frame = df!("a" => [1.0]).unwrap();
    let found = run(&frame, &Script::luau(text)).unwrap();
    assert_eq!(found, df!("second" => [2.0]).unwrap());
    let found = run(&frame, &Script::luau(text).function("first")).unwrap();
    assert_eq!(found, df!("first" => [1.0]).unwrap());
    assert!(message(run(&frame, &Script::luau(text).function("third"))).contains("first, init, second"));
}

#[test]
fn integers_are_exact_or_an_error() {
    let large = (1_i64 << 53) + 1;
    let frame =
        df!("a" => [Some(large), None, Some(5)], "u" => [Some(u64::MAX), Some(7), None], "b" => [1, 2, 3])
            .unwrap();
    for text in
        ["return a", "return u", "return row.u", "local n = 0 for _, v in row.values do n += v end return n"]
    {
        let refused = message(run(&frame, &Script::luau_body(text)));
        assert!(refused.contains("row 0") && refused.contains("beyond 2^53"), "{text}: {refused}");
    }
    let next = Script::luau("function f(a: integer) return a and integer.add(a, integer.create(1)) end");
    assert_eq!(run(&frame, &next).unwrap(), df!("f" => [Some(large + 1), None, Some(6)]).unwrap());
    // A cell that nobody reads is no one's error.
    let other = Script::luau_body("local name = 'b' return row[name]");
    assert_eq!(run(&frame, &other).unwrap(), df!("result" => [1.0, 2.0, 3.0]).unwrap());
    let whole = Script::luau("function f(a: integer, by: integer) return a and integer.mul(a, by) end")
        .argument("by", -1);
    assert_eq!(run(&frame, &whole).unwrap(), df!("f" => [Some(-large), None, Some(-5)]).unwrap());
    let refused = run(&frame, &Script::luau("function f(b, n) return b end").argument("n", large));
    assert!(matches!(refused.unwrap_err().kind(), ErrorKind::InvalidOption { .. }));
}

#[test]
fn results_that_no_column_holds_are_faults() {
    let frame = df!("a" => [1.0, 2.0]).unwrap();
    let cases = [
        ("return print", "returned a function"),
        ("return '\\255'", "not UTF-8"),
        ("return 1, 2", "more values than are named"),
        ("return string.find('abc', 'c')", "more values than are named"),
        ("return ('a b'):match('(%a) (%a)')", "more values than are named"),
        ("return {1, 'x'}", "several kinds"),
        ("return {1, x = 2}", "the key x"),
        ("return {[1e6] = 2}", "most of which are nil"),
        ("if a == 2 then return 'x' end return 1", "where an earlier row made the column f64"),
    ];
    for (text, expected) in cases {
        let text = message(run(&frame, &Script::luau_body(text)));
        assert!(text.contains(expected), "{text}");
    }
    let declared = Script::luau_body("return a / 2").output_dtypes([DataType::Int64]);
    assert!(message(run(&frame, &declared)).contains("0.5 does not fit i64"));
}

#[test]
fn the_first_of_several_values_is_taken_where_the_script_says_so() {
    let frame = df!("s" => ["abc", "c", "x"]).unwrap();
    let first = body(&frame, "return (string.find(s, 'c'))");
    assert_eq!(first, Series::new("".into(), [Some(3.0), Some(1.0), None]));
    let both = Script::luau_body("return string.find(s, 'c')").output_names(["from", "to"]);
    let expected = df!("from" => [Some(3.0), Some(1.0), None], "to" => [Some(3.0), Some(1.0), None]);
    assert_eq!(run(&frame, &both).unwrap(), expected.unwrap());
    // A nil behind the first value is no value.
    assert_eq!(body(&frame, "return select(1, #s, nil)"), Series::new("".into(), [3.0, 1.0, 1.0]));
}

#[test]
fn a_script_may_begin_as_other_programs_do() {
    let frame = df!("a" => [1.0]).unwrap();
    for text in ["\u{feff}function f(a) return a end", "#!/usr/bin/env -S parrow\nfunction f(a) return a end"]
    {
        assert_eq!(run(&frame, &Script::luau(text)).unwrap(), df!("f" => [1.0]).unwrap());
    }
    let broken = message(run(&frame, &Script::luau("#!/bin/x\nfunction f(a) return a +\nend")));
    assert!(broken.contains("line 3"), "{broken}");
}

#[test]
fn a_table_of_the_script_may_be_called_as_the_row_is() {
    let text = "local function make()\n local row = {}\n row.b = 1\n return row\nend\n\
                function f(row) return row.a + make().b end";
    let frame = df!("a" => [1.0]).unwrap();
    assert_eq!(run(&frame, &Script::luau(text)).unwrap(), df!("f" => [2.0]).unwrap());
}

#[test]
fn mistakes_are_found_before_the_first_row() {
    let structs = df!("a" => [1.0], "b" => [2.0]).unwrap().into_struct("st".into()).into_series();
    let mut frame = df!("a" => [1.0], "height" => [2.0]).unwrap();
    frame.with_column(structs.into()).unwrap();
    let bind = |script: Script| message(script.bind(frame.schema()));
    assert!(bind(Script::luau("function f(heigth) end")).contains("did you mean \"height\""));
    assert!(bind(Script::luau("function f(st) end")).contains("struct"));
    assert!(bind(Script::luau("function f(a: integer) end")).contains("an integer dtype"));
    assert!(bind(Script::luau("function f(...) end")).contains("..."));
    assert!(bind(Script::luau("local x = 1")).contains("no function"));
    assert!(bind(Script::luau("return function(a) end")).contains("does not return"));
    assert!(
        bind(Script::luau("\n\nfunction f(a) return a + end").file_name("f.luau"))
            .contains("\"f.luau\": line 3")
    );
    assert!(bind(Script::luau("function f(a) end\nerror('bad')")).contains("line 2: bad"));
    assert!(bind(Script::luau("function f(a) end").argument("b", 1)).contains("no parameter \"b\""));
    assert!(bind(Script::luau("function f(a) end").output_names(["x", "x"])).contains("two columns"));
    assert!(bind(Script::luau("function f(a): (number, number) end")).contains("returns 2 values"));
    let dtypes = Script::luau("function f(a) end").output_dtypes([DataType::Int8, DataType::Int8]);
    assert!(bind(dtypes).contains("2 dtypes"));
}

#[test]
fn constants_of_every_type() {
    let frame = df!("a" => [1.0]).unwrap();
    let cases = [
        Parameter::from("it's \"q\"\n\u{e9}\\1"),
        Parameter::from(-5),
        Parameter::from(2.5),
        Parameter::from(f64::NEG_INFINITY),
        Parameter::from(true),
    ];
    for value in cases {
        let text = value.to_string();
        let script = Script::luau("function f(a, k) return tostring(k) end").argument("k", value);
        let found = run(&frame, &script).unwrap();
        assert_eq!(found, df!("f" => [text]).unwrap());
    }
}

#[test]
fn the_range_count_is_the_built_in_one() {
    let text = "function count(row, minimum, maximum)
        local n = 0
        for _, value in row.values do
            if value >= minimum and value <= maximum then n += 1 end
        end
        return n
    end";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/matrix.csv");
    let matrix = read(&[Input::from(std::path::Path::new(path))], &ReadOptions::default()).unwrap().frame;
    let nulls = df!(
        "a" => [Some(4.0), None, Some(f64::NAN)],
        "b" => [None::<f64>, None, Some(8.0)],
        "c" => [Some(9.0), None, Some(7.5)],
    )
    .unwrap();
    for frame in [matrix, nulls] {
        let names: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
        let built_in = CountInRange::new(names, RangeBounds::new(4, 8).unwrap()).name("count");
        let expected = apply_function(&frame, &built_in, &ApplyOptions::default()).unwrap().table;
        let dtype = expected.column("count").unwrap().dtype().clone();
        let script = Script::luau(text).argument("minimum", 4).argument("maximum", 8).output_dtypes([dtype]);
        assert_identical(&run(&frame, &script).unwrap(), &expected);
    }
}

#[test]
fn a_fault_takes_one_row() {
    let rows = 3000;
    let values: Vec<f64> = (0..rows).map(f64::from).collect();
    let frame = df!("a" => values).unwrap();
    let script = Script::luau(
        "function f(a)\n    if a % 1000 == 7 then\n        error(`no {a}`)\n    end\n    return a\nend",
    )
    .file_name("f.luau");
    let options = ApplyOptions::builder().on_error(OnError::Collect).build().unwrap();
    let applied = apply_function(&frame, &script, &options).unwrap();
    let messages: Vec<String> = applied.ledger.faults().iter().map(|fault| fault.message.clone()).collect();
    assert_eq!(messages, ["f.luau:3: no 7", "f.luau:3: no 1007", "f.luau:3: no 2007"]);
    assert_eq!(applied.table.column("f").unwrap().null_count(), 3);
    let text = message(apply_function(&frame, &script, &ApplyOptions::default()));
    assert_eq!(text, "row 7: f.luau:3: no 7");
}
