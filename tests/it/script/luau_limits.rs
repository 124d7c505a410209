//! Scripts that take too long or too much memory, and runs that are cancelled.

use std::time::{Duration, Instant};

use parrow::polars::prelude::*;
use parrow::row::RowFunction;
use parrow::script::Script;
use parrow::{ApplyOptions, CancellationToken, ErrorKind, OnError, apply_function};

use super::message;

fn frame() -> DataFrame {
    df!("a" => [0.0, 1.0, 2.0, 3.0]).unwrap()
}

/// Row 2 fails with this message, and the others do not.
#[track_caller]
fn only_row_2_fails(script: &Script, expected: &str) {
    for chunk_rows in [1, 4] {
        let options =
            ApplyOptions::builder().on_error(OnError::Collect).chunk_rows(chunk_rows).build().unwrap();
        let applied = apply_function(&frame(), script, &options).unwrap();
        let faults: Vec<(u64, &str)> =
            applied.ledger.faults().iter().map(|fault| (fault.row, fault.message.as_str())).collect();
        assert!(matches!(faults[..], [(2, message)] if message.contains(expected)), "{faults:?}");
        let values = applied.table.columns()[0].f64().unwrap().to_vec();
        assert_eq!(values, [Some(0.0), Some(1.0), None, Some(3.0)]);
    }
}

#[test]
fn an_endless_loop_is_stopped_at_its_row() {
    let loops = [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
        "string.find(string.rep('a', 60), string.rep('a?', 60) .. string.rep('a', 61))",
    ];
    for text in loops {
        let text = format!("\nif a == 2 then\n{text} end return a");
        let script = Script::luau_body(text).file_name("loop.luau").row_timeout(Duration::from_millis(100));
        only_row_2_fails(&script, "takes longer than 0.1 seconds");
    }
    let script =
        Script::luau("function f(a)\n    while a == 2 do\n    end\n    return a\nend").file_name("loop.luau");
    only_row_2_fails(&script.row_timeout(Duration::from_millis(100)), "loop.luau:");
}

#[test]
fn a_row_that_catches_its_own_timeout_is_reported_all_the_same() {
    for body in [
        "if a == 2 then pcall(function() while true do end end) end return a",
        "if a == 2 then pcall(function() while true do end end) return nil end return a",
    ] {
        let script = Script::luau_body(body).row_timeout(Duration::from_millis(100));
        only_row_2_fails(&script, "takes longer than 0.1 seconds");
    }
    // How long it took is known of such rows alone.
    let script =
        Script::luau_body("if a == 1 then error('no') end if a == 2 then while true do end end return a")
            .row_timeout(Duration::from_millis(100));
    let options = ApplyOptions::builder().on_error(parrow::OnError::Collect).build().unwrap();
    let applied = apply_function(&frame(), &script, &options).unwrap();
    let elapsed: Vec<_> = applied.ledger.faults().iter().map(|fault| fault.elapsed).collect();
    assert_eq!(elapsed, [None, Some(Duration::from_millis(100))]);
    // The last row of a batch, behind which nothing is run.
    let script = Script::luau_body("if a == 3 then pcall(function() while true do end end) end return a")
        .row_timeout(Duration::from_millis(100));
    let error = apply_function(&frame(), &script, &ApplyOptions::default()).unwrap_err();
    assert_eq!(error.position().row, Some(3), "{error}");
}

#[test]
fn rows_that_are_slow_only_together_are_not_stopped() {
    let script = Script::luau_body("local n = 0 for i = 1, 3e6 do n = (n + i) % 7 end return a")
        .row_timeout(Duration::from_millis(600));
    let frame = df!("a" => vec![1.0; 100]).unwrap();
    let applied = apply_function(&frame, &script, &ApplyOptions::builder().threads(1).build().unwrap());
    assert_eq!(applied.unwrap().table.height(), 100);
}

#[test]
fn the_top_level_and_init_are_stopped_too() {
    for text in
        ["while true do end\nfunction f(a) end", "function init()\nwhile true do end end function f(a) end"]
    {
        let script = Script::luau(text).row_timeout(Duration::from_millis(50));
        let message = message(script.bind(frame().schema()));
        assert!(message.contains("takes longer than 0.05 seconds"), "{message}");
    }
}

#[test]
fn memory_has_a_limit_and_the_next_row_has_all_of_it() {
    let bombs = [
        "local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end",
        "local t = {} while true do pcall(function() while true do t[#t + 1] = {1, 2, 3} end end) end",
        "return string.rep('x', 1e9)",
        "return buffer.create(1e9)",
        "return table.create(6e7, 1)",
    ];
    for text in bombs {
        let script = Script::luau_body(format!("if a == 2 then {text} end return a")).memory_limit(8 << 20);
        only_row_2_fails(&script, "more memory than the 8 MiB");
    }
}

#[test]
fn what_earlier_rows_left_behind_is_no_rows_fault() {
    // Each row keeps a megabyte; a worker is full after a few.
    let script = Script::luau(
        "local kept = {} function f(a) kept[#kept + 1] = string.rep(tostring(#kept), 1e6) return a end",
    )
    .memory_limit(8 << 20);
    let frame = df!("a" => vec![1.0; 40]).unwrap();
    let applied = apply_function(&frame, &script, &ApplyOptions::default()).unwrap();
    assert_eq!(applied.table.column("f").unwrap().null_count(), 0);
}

#[test]
fn a_text_that_no_worker_holds_is_a_fault_of_its_row() {
    let frame = df!("t" => ["a".to_owned(), "b".repeat(3 << 20), "c".to_owned()]).unwrap();
    let script = Script::luau_body("return #t").memory_limit(2 << 20);
    let options = ApplyOptions::builder().on_error(OnError::Null).build().unwrap();
    let applied = apply_function(&frame, &script, &options).unwrap();
    assert_eq!(applied.table.column("result").unwrap().f64().unwrap().to_vec(), [Some(1.0), None, Some(1.0)]);
}

#[test]
fn too_little_memory_to_begin_with_is_said_before_the_first_row() {
    let script = Script::luau_body("return a").memory_limit(1000);
    assert!(message(script.bind(frame().schema())).contains("more memory than its 1000 bytes"));
}

#[test]
fn a_run_that_is_cancelled_stops_in_the_middle_of_a_row() {
    let token = CancellationToken::new();
    let script = Script::luau_body("while true do end");
    let options = ApplyOptions::builder().cancellation(token.clone()).build().unwrap();
    let start = Instant::now();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        token.cancel();
    });
    let error = apply_function(&frame(), &script, &options).map(|_| ()).unwrap_err();
    canceller.join().unwrap();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}
