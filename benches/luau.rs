//! Row functions in Luau over two million rows, on one thread and on all cores, beside the same loop written in Rust, and
//! beside CPython's plain loop where there is a python3. Words behind `cargo bench --bench luau --` choose cases by their names.

mod common;

use std::process::Command;
use std::time::Duration;

use common::{Random, keep, ratio, shortest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parrow::polars::prelude::*;
use parrow::script::Script;
use parrow::{ApplyOptions, apply_function};

const N_ROWS: usize = 2_000_000;

/// So many rows are enough to know what one costs in Python.
const N_PYTHON_ROWS: usize = 200_000;
const COLUMNS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What is measured: a script, the same in Rust, and the same in Python, as the body of a loop over its columns.
struct Case {
    name: &'static str,
    script: &'static str,
    columns: &'static [&'static str],
    python: &'static str,
}

const CASES: [Case; 6] = [
    Case {
        name: "sqrt(a*a + b*b) with a branch",
        script: "function f(a, b) if a > 3 then return math.sqrt(a * a + b * b) else return 0 end end",
        columns: &["a", "b"],
        python: "def f(a, b):\n    if a > 3:\n        return math.sqrt(a * a + b * b)\n    return 0.0",
    },
    Case {
        name: "range count of five columns, by name",
        script: "function f(a, b, c, d, e)
            local n = 0
            if a >= 4 and a <= 8 then n += 1 end
            if b >= 4 and b <= 8 then n += 1 end
            if c >= 4 and c <= 8 then n += 1 end
            if d >= 4 and d <= 8 then n += 1 end
            if e >= 4 and e <= 8 then n += 1 end
            return n
        end",
        columns: &COLUMNS,
        python: RANGE_COUNT,
    },
    Case {
        name: "range count of five columns, over row.values",
        script: "function f(row)
            local n = 0
            for _, value in row.values do
                if value >= 4 and value <= 8 then n += 1 end
            end
            return n
        end",
        columns: &COLUMNS,
        python: RANGE_COUNT,
    },
    Case {
        name: "range count of five columns, row[i] of #row",
        script: "function f(row)
            local n = 0
            for i = 1, #row do
                local value = row[i]
                if value >= 4 and value <= 8 then n += 1 end
            end
            return n
        end",
        columns: &COLUMNS,
        python: RANGE_COUNT,
    },
    Case {
        name: "words in common, of two texts",
        script: "function f(s, t) return #parrow.common_items(s, t) end",
        columns: &["s", "t"],
        python: "def f(s, t):\n    return len(set(s.split()) & set(t.split()))",
    },
    Case {
        name: "words in common, of two lists of words",
        script: "function f(s, t) return #parrow.common_items(parrow.words(s), parrow.words(t)) end",
        columns: &["s", "t"],
        python: "def f(s, t):\n    return len(set(s.split()) & set(t.split()))",
    },
];

const RANGE_COUNT: &str = "def f(a, b, c, d, e):
    n = 0
    for value in (a, b, c, d, e):
        if 4 <= value <= 8:
            n += 1
    return n";

fn table() -> DataFrame {
    let mut random = Random::new(11);
    let mut columns: Vec<Column> = COLUMNS
        .iter()
        .map(|name| {
            let values: Vec<f64> = (0..N_ROWS).map(|_| (random.next() % 12) as f64).collect();
            Column::new((*name).into(), values)
        })
        .collect();
    for name in ["s", "t"] {
        let text = |random: &mut Random| {
            let words: Vec<String> = (0..8).map(|_| format!("word{}", random.next() % 200)).collect();
            words.join(" ")
        };
        let texts: Vec<String> = (0..N_ROWS).map(|_| text(&mut random)).collect();
        columns.push(Column::new(name.into(), texts));
    }
    DataFrame::new(N_ROWS, columns).unwrap()
}

/// The hand-written loop of a case.
fn rust(case: &Case, table: &DataFrame) -> Vec<f64> {
    let floats = |name: &str| table.column(name).unwrap().f64().unwrap().cont_slice().unwrap();
    let texts = |name: &str| table.column(name).unwrap().str().unwrap();
    if case.columns == ["a", "b"] {
        let pairs = floats("a").iter().zip(floats("b"));
        return pairs.map(|(a, b)| if *a > 3.0 { (a * a + b * b).sqrt() } else { 0.0 }).collect();
    }
    if case.columns == ["s", "t"] {
        let common = |(s, t): (&str, &str)| {
            let others: std::collections::HashSet<&str> = t.split_whitespace().collect();
            let words: std::collections::HashSet<&str> = s.split_whitespace().collect();
            words.intersection(&others).count() as f64
        };
        return texts("s").iter().flatten().zip(texts("t").iter().flatten()).map(common).collect();
    }
    let columns = COLUMNS.map(floats);
    let count =
        |row: usize| columns.iter().filter(|values| (4.0..=8.0).contains(&values[row])).count() as f64;
    (0..table.height()).map(count).collect()
}

/// The shortest of five runs of CPython's plain loop over the columns as lists; the first of its results, too.
fn python(case: &Case, file: &std::path::Path) -> Option<(Duration, f64)> {
    let columns = case.columns.join(", ");
    let read = case.columns.iter().map(|name| format!("table[{name:?}]")).collect::<Vec<_>>().join(", ");
    let code = format!(
        "import json, math, sys, time\n{}\ntable = json.load(open(sys.argv[1]))\nbest = math.inf\n\
         for _ in range(5):\n    start = time.perf_counter()\n    \
         results = [f({columns}) for {columns} in zip({read})]\n    \
         best = min(best, time.perf_counter() - start)\nprint(best, sum(results))",
        case.python
    );
    let output = Command::new("python3").args(["-c", &code]).arg(file).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (seconds, sum) = text.trim().split_once(' ')?;
    Some((Duration::from_secs_f64(seconds.parse().ok()?), sum.parse().ok()?))
}

/// The table as JSON, a list a column.
fn write_json(table: &DataFrame, path: &std::path::Path) {
    let column = |column: &Column| match column.dtype() {
        DataType::String => {
            let texts: Vec<String> =
                column.str().unwrap().iter().flatten().map(|text| format!("{text:?}")).collect();
            texts.join(",")
        }
        _ => {
            let numbers: Vec<String> =
                column.f64().unwrap().iter().flatten().map(|number| format!("{number:?}")).collect();
            numbers.join(",")
        }
    };
    let columns: Vec<String> =
        table.columns().iter().map(|values| format!("{:?}:[{}]", values.name(), column(values))).collect();
    std::fs::write(path, format!("{{{}}}", columns.join(","))).unwrap();
}

fn bench(criterion: &mut Criterion) {
    let table = table();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.json");
    let head = table.head(Some(N_PYTHON_ROWS));
    write_json(&head, &file);
    let alone = ApplyOptions::builder().threads(1).build().unwrap();
    let together = ApplyOptions::default();
    let mut group = criterion.benchmark_group("Luau, 2,000,000 rows");
    let seconds = Duration::from_secs;
    group.sample_size(10).warm_up_time(seconds(1)).measurement_time(seconds(3));
    group.throughput(Throughput::Elements(N_ROWS as u64));
    let mut lines = Vec::new();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_chosen = |case: &&Case| words.is_empty() || words.iter().any(|word| case.name.contains(word));
    for case in CASES.iter().filter(is_chosen) {
        let narrow = table.select(case.columns.iter().copied()).unwrap();
        let script = Script::luau(case.script);
        let run = |options| apply_function(&narrow, &script, options).unwrap().table;
        let by_hand = rust(case, &table);
        assert_eq!(
            run(&together).column("f").unwrap().f64().unwrap().cont_slice().unwrap(),
            by_hand,
            "{}",
            case.name
        );

        group.bench_function(case.name, |bencher| bencher.iter_with_large_drop(|| run(&together)));
        let [one, all, rust] = shortest(
            5,
            [&mut || keep(run(&alone)), &mut || keep(run(&together)), &mut || keep(rust(case, &table))],
        );
        let per_row = |time: Duration| time.as_secs_f64() * 1e9 / N_ROWS as f64;
        let mut line = format!(
            "{}: Luau {:.1} ns a row on one thread, {:.1} on {}; Rust {:.1} on one",
            case.name,
            per_row(one),
            per_row(all),
            together.n_threads(),
            per_row(rust)
        );
        match python(case, &file) {
            Some((python, sum)) => {
                let expected: f64 = by_hand[..N_PYTHON_ROWS].iter().sum();
                assert!((sum - expected).abs() < 1e-3, "{}", case.name);
                let python = python * (N_ROWS / N_PYTHON_ROWS) as u32;
                line += &format!(
                    "; CPython {:.1}: {:.1} times as fast on one thread, {:.1} on {}",
                    per_row(python),
                    ratio(python, one),
                    ratio(python, all),
                    together.n_threads()
                );
            }
            None => line += ", and no python3 to compare with",
        }
        lines.push(line);
    }
    group.finish();
    println!("{}", lines.join("\n"));
}

criterion_group!(benches, bench);
criterion_main!(benches);
