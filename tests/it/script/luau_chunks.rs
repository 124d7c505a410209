//! Scripts give the same bytes for any number of threads, any chunks, and every policy.

use parrow::polars::prelude::*;
use parrow::script::Script;
use parrow::{Applied, ApplyOptions, OnError, Result, apply_function};
use proptest::prelude::*;

use crate::support::{assert_identical, frames};

fn scripts() -> Vec<Script> {
    vec![
        Script::luau("function f(i8, f64) if i8 and i8 > 0 then return f64 end return i8 end"),
        // Numbers or text: the lowest row with a value decides.
        Script::luau("function f(i8, text, flag) if flag then return text end return i8 end"),
        // Faults for nulls, for numbers that are not exact, and where the script says so.
        Script::luau_body("if i8 == 0 then error('zero') end return i64 + i8, text").output_names(["n", "t"]),
        Script::luau("function f(i64: integer, u64) return i64 and integer.bnot(i64) end"),
        Script::luau("function f(list, texts) return list or texts end"),
        Script::luau("function f(f64) return f64 end").output_dtypes([DataType::Int32]),
        Script::luau_body("return parrow.random(), parrow.random(1, 6), parrow.row_index").output_names(["a", "b", "c"]),
        Script::luau_body("return parrow.common_items(text, category), parrow.words(text)").output_names(["c", "w"]),
        Script::luau("function f(row) local n = 0 for _, v in row.values do n += if type(v) == 'number' then 1 else 0 end return n end"),
        Script::luau_body("local n = 0 for i = 1, #row do if row[i] == nil then n += 1 end end return n, row.i64").output_names(["n", "i"]),
        Script::luau_body("local v, n = row.values, 0 for i = 1, #v do if v[i] ~= nil then n += i end end return n"),
        Script::luau("local base function init() base = 7 end function f(row) local r = row return r.date or base, r[12], #r end")
            .output_names(["d", "c", "n"]),
    ]
}

fn run(
    frame: &DataFrame,
    script: &Script,
    on_error: OnError,
    threads: usize,
    chunk_rows: usize,
) -> Result<Applied<DataFrame>> {
    let options =
        ApplyOptions::builder().threads(threads).chunk_rows(chunk_rows).on_error(on_error).build()?;
    apply_function(frame, script, &options)
}

fn check(frame: &DataFrame) {
    for script in scripts() {
        for on_error in [OnError::Fail, OnError::Skip, OnError::Collect] {
            let reference = run(frame, &script, on_error, 1, frame.height().max(1));
            for (threads, chunk_rows) in [(2, 3), (8, 7)] {
                match (&reference, run(frame, &script, on_error, threads, chunk_rows)) {
                    (Ok(expected), Ok(found)) => {
                        assert_identical(&expected.table, &found.table);
                        assert_eq!(expected.ledger.faults().len(), found.ledger.faults().len(), "{script:?}");
                        for (a, b) in expected.ledger.faults().iter().zip(found.ledger.faults()) {
                            assert_eq!((a.row, &a.message), (b.row, &b.message), "{script:?}");
                        }
                    }
                    (Err(expected), Err(found)) => {
                        assert_eq!(expected.to_string(), found.to_string(), "{script:?}")
                    }
                    (expected, found) => panic!("{script:?}: {expected:?}\n{found:?}"),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn any_threads_and_any_chunks(frame in frames(40)) {
        check(&frame);
    }
}

#[test]
fn batches_end_anywhere() {
    // More rows than a batch has, with faults and nulls on both sides of its end.
    let rows = 2500_i64;
    let values: Vec<Option<i64>> = (0..rows).map(|row| (row % 511 != 3).then_some(row)).collect();
    let frame = df!("a" => values).unwrap();
    let script = Script::luau_body("if a % 1023 == 1 then error('x') end return a + parrow.random(1, 6)");
    let reference = run(&frame, &script, OnError::Collect, 1, 2500).unwrap();
    // Row 2047 is both.
    assert_eq!(reference.ledger.len(), 5 + 3 - 1);
    for (threads, chunk_rows) in [(2, 1024), (8, 1000), (1, 63)] {
        let found = run(&frame, &script, OnError::Collect, threads, chunk_rows).unwrap();
        assert_identical(&reference.table, &found.table);
    }
}

#[test]
fn no_rows_give_the_default_dtype() {
    let frame = df!("a" => Vec::<f64>::new()).unwrap();
    let found = run(&frame, &Script::luau_body("return a"), OnError::Fail, 2, 1).unwrap().table;
    assert_eq!(found.column("result").unwrap().dtype(), &DataType::Float64);
}

#[test]
fn the_seed_and_the_row_decide_what_is_drawn() {
    let frame = df!("a" => vec![0.0; 300]).unwrap();
    let draw = |seed: u64, text: &str| {
        run(&frame, &Script::luau_body(text).seed(seed), OnError::Fail, 2, 32).unwrap().table
    };
    let drawn = draw(1, "return parrow.random()");
    assert_identical(&drawn, &draw(1, "return math.random()"));
    assert!(drawn != draw(2, "return parrow.random()"));
    let values = drawn.column("result").unwrap().f64().unwrap().clone();
    assert!(values.iter().flatten().all(|value| (0.0..1.0).contains(&value)));
    assert_eq!(values.n_unique().unwrap(), 300);
    assert!((values.mean().unwrap() - 0.5).abs() < 0.06);
    // The tenth call of a row has a number of its own, and so has the first after it in the next row.
    let tenth = draw(1, "local r for i = 1, 10 do r = parrow.random() end return r");
    assert_eq!(tenth.column("result").unwrap().f64().unwrap().n_unique().unwrap(), 300);
    let dice = draw(1, "return parrow.random(6)");
    let dice = dice.column("result").unwrap().f64().unwrap().clone();
    assert_eq!((dice.min(), dice.max(), dice.n_unique().unwrap()), (Some(1.0), Some(6.0), 6));
}
