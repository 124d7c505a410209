//! What a script can't reach, and what it is given.

use std::sync::{Arc, Mutex};

use parrow::polars::prelude::*;
use parrow::script::Script;
use parrow::{ApplyOptions, Result, apply_function};

use super::message;

fn run(frame: &DataFrame, script: &Script) -> Result<DataFrame> {
    Ok(apply_function(frame, script, &ApplyOptions::default())?.table)
}

#[test]
fn nothing_reaches_out() {
    let frame = df!("a" => [1.0]).unwrap();
    let absent = "require loadstring getfenv setfenv debug newproxy collectgarbage gcinfo _G os.execute os.getenv \
                  os.remove os.clock math.randomseed string.dump";
    for name in absent.split_whitespace() {
        let found = run(&frame, &Script::luau_body(format!("return {name} == nil")));
        assert_eq!(found.unwrap(), df!("result" => [true]).unwrap(), "{name}");
    }
    for name in ["load", "dofile", "loadfile", "io", "package", "ffi"] {
        let text = message(run(&frame, &Script::luau_body(format!("return {name} == nil"))));
        assert!(text.contains(&format!("{name} is not defined")), "{text}");
    }
    for text in [
        "string.format = nil",
        "math.sqrt = math.abs",
        "getmetatable('').__index.upper = nil",
        "parrow.words = nil",
        "setmetatable(parrow, {})",
        "os.time()",
        "os.date('%c')",
        "print(1)",
    ] {
        assert!(run(&frame, &Script::luau_body(text)).is_err(), "{text}");
    }
}

#[test]
fn a_name_that_nothing_defines_fails_the_row() {
    let frame = df!("amount" => [1.0, 2.0]).unwrap();
    for body in ["return amonut", "return amount + (amonut or 0)", "return f(amonut)"] {
        let text = format!("function f(amount) return amount end function g(amount) {body} end");
        let text = message(run(&frame, &Script::luau(text)));
        assert!(text.contains(":1: amonut is not defined: it is no column or parameter"), "{text}");
    }
    // What the script sets somewhere may be asked for before.
    for set in
        ["count = (count or 0) + 1", "if not seen then seen, other = true, seen end", "function late() end"]
    {
        let text =
            format!("function f(amount) local _ = late {set} return amount end count, late = count, late");
        assert_eq!(run(&frame, &Script::luau(text)).unwrap(), df!("f" => [1.0, 2.0]).unwrap(), "{set}");
    }
}

#[test]
fn names_of_the_script_change_nothing_around_it() {
    let frame = df!("a" => [1.0, 2.0]).unwrap();
    let text = "local buffer, type, integer = nil, nil, nil
        math = nil
        function f(a) if a == 1 then return nil end return {a} end";
    let found = run(&frame, &Script::luau(text)).unwrap();
    assert_eq!(found.column("f").unwrap().null_count(), 1);
}

#[test]
fn what_is_printed_goes_to_the_printer() {
    let frame = df!("a" => [Some(1.5), None]).unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&lines);
    let script = Script::luau_body("print('a is', a, true)")
        .print_to(move |line| to.lock().unwrap().push(line.to_owned()));
    run(&frame, &script).unwrap();
    assert_eq!(*lines.lock().unwrap(), ["a is\t1.5\ttrue", "a is\tnil\ttrue"]);
    assert!(
        message(run(&frame, &Script::luau_body("\nprint(a)").file_name("p.luau")))
            .contains("p.luau:2: print")
    );
}

#[test]
fn helpers_for_texts_and_lists() {
    let frame = df!("t" => ["  the cat\u{2003}the é "], "u" => ["é the dog"]).unwrap();
    let many: String = (0..100).map(|n| format!("w{n} ")).collect();
    let cases = [
        ("table.concat(parrow.words(t), '|')".to_owned(), "the|cat|the|é"),
        ("table.concat(parrow.split('a,,b', ','), '|')".to_owned(), "a||b"),
        ("table.concat(parrow.split('', ','), '|')".to_owned(), ""),
        ("table.concat(parrow.common_items(t, u), '|')".to_owned(), "the|é"),
        ("table.concat(parrow.common_items(parrow.words(t), parrow.words(u)), '|')".to_owned(), "the|é"),
        ("table.concat(parrow.common_items({3, 1, 3, 2}, {2, 3}), '|')".to_owned(), "3|2"),
        (format!("tostring(#parrow.common_items('{many}', '{many}'))"), "100"),
        (format!("tostring(#parrow.words('{}'))", many.repeat(10)), "1000"),
        ("tostring(parrow.words(nil))".to_owned(), "nil"),
        (
            "os.date('%Y-%m-%d', os.time({year = 2024, month = 2, day = 29, hour = 0}))".to_owned(),
            "2024-02-29",
        ),
    ];
    for (text, expected) in cases {
        let found = run(&frame, &Script::luau_body(format!("return {text}"))).unwrap();
        assert_eq!(found, df!("result" => [expected]).unwrap(), "{text}");
    }
    for text in ["parrow.words(1)", "parrow.split('a', '')", "parrow.common_items('a', {})"] {
        assert!(message(run(&frame, &Script::luau_body(text))).contains("script:1: parrow."), "{text}");
    }
}
