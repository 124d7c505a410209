//! A corrupt file is an error, or reads as a table of the same shape; it never panics out of the reader.

use parrow::polars::prelude::*;
use parrow::table::{Input, Output, ReadOptions, WriteOptions, read, write};

use super::support::Scratch;

/// A small file of every format that can be told to be damaged.
fn bytes_of(name: &str) -> Vec<u8> {
    let scratch = Scratch::new();
    let path = scratch.path(name);
    let frame = df![
        "n" => (0..50).collect::<Vec<i64>>(),
        "x" => (0..50).map(|row| (row % 7 != 0).then_some(f64::from(row) / 3.0)).collect::<Vec<_>>(),
        "s" => (0..50).map(|row| format!("text {}", row % 9)).collect::<Vec<_>>(),
    ];
    let mut frame = frame.unwrap();
    let categories =
        frame.column("s").unwrap().cast(&DataType::from_categories(Categories::global())).unwrap();
    frame.with_column(categories.with_name("c".into())).unwrap();
    write(&frame, &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
    std::fs::read(path).unwrap()
}

fn read_bytes(scratch: &Scratch, name: &str, bytes: &[u8]) -> parrow::Result<DataFrame> {
    let path = scratch.file(name, bytes);
    read(&[Input::from(path)], &ReadOptions::default()).map(|table| table.frame)
}

/// Panics of decoders are contained, and would only fill the test's output.
pub(crate) fn quietly(test: impl FnOnce()) {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let default_hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !parrow::table::is_contained() {
                default_hook(panic);
            }
        }));
    });
    test();
}

#[test]
fn truncated_at_every_byte() {
    quietly(|| {
        for name in ["a.parquet", "a.arrow", "a.arrows", "a.csv.gz", "a.csv.zst"] {
            let bytes = bytes_of(name);
            let scratch = Scratch::new();
            for length in 0..bytes.len() {
                if let Ok(frame) = read_bytes(&scratch, name, &bytes[..length]) {
                    panic!("{name} cut to {length} of {} bytes was read:\n{frame}", bytes.len());
                }
            }
        }
    });
}

#[test]
fn flipped_bytes() {
    quietly(|| {
        for name in ["a.parquet", "a.arrow", "a.arrows", "a.csv.gz", "a.csv.zst", "a.ndjson", "a.csv"] {
            let bytes = bytes_of(name);
            let scratch = Scratch::new();
            for index in (0..bytes.len()).step_by(3) {
                let mut damaged = bytes.clone();
                damaged[index] ^= if index % 2 == 0 { 0xff } else { 1 << (index % 8) };
                if let Ok(frame) = read_bytes(&scratch, name, &damaged) {
                    let expected = frame.height() == 50 || name == "a.csv" || name == "a.ndjson";
                    assert!(expected, "{name} with byte {index} flipped has {} rows", frame.height());
                }
            }
        }
    });
}

#[test]
fn files_of_another_format() {
    quietly(|| {
        let scratch = Scratch::new();
        for name in ["a.parquet", "a.arrow", "a.arrows", "a.csv.gz", "a.csv.zst", "a.ndjson"] {
            for content in ["x", "a,b\n1,2\n", "PAR1", "ARROW1\0\0", "PAR1xxxxPAR1"] {
                if name.starts_with("a.csv") && content.starts_with(['x', 'a']) {
                    continue;
                }
                let outcome = read_bytes(&scratch, name, content.as_bytes());
                let shown = format!("{name} {content:?}: {outcome:?}");
                assert!(outcome.is_err() || name.starts_with("a.csv"), "{shown}");
            }
        }
    });
}

#[test]
fn lines_of_ndjson_that_are_wrong() {
    quietly(|| {
        let scratch = Scratch::new();
        let cases = [
            ("[1]", "the line is no JSON object: [1] does not start with {"),
            ("{\"a\":1}{\"a\":2}", "the line is no JSON object: "),
            ("{\"a\":1e999}", "the number 1e999 of column \"a\" is malformed, or too large"),
            ("{\"a\":tru}", "the line is no JSON object: "),
            ("{\"a\":1,\"a\":2}", "an object has the key \"a\" more than once"),
            ("{\"a\":\"\\ud800\"}", "\\ud800 is half of a surrogate pair"),
        ];
        for (line, words) in cases {
            let text = format!("{{\"a\":3}}\n\n{line}\n{{\"a\":4}}\n");
            let error = read_bytes(&scratch, "a.ndjson", text.as_bytes()).expect_err(line).to_string();
            assert!(error.contains("line 3") && error.contains(words), "{line}: {error}");
        }
    });
}

#[test]
fn batches_that_the_end_of_a_file_does_not_tell_of() {
    quietly(|| {
        let frame = df!["n" => (0..50).collect::<Vec<i64>>()].unwrap();
        let scratch = Scratch::new();
        let path = scratch.path("a.arrow");
        let options = WriteOptions::builder().block(10).build().unwrap();
        write(&frame, &Output::from(path.as_path()), &options).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let length =
            u32::from_le_bytes(bytes[bytes.len() - 10..bytes.len() - 6].try_into().unwrap()) as usize;
        let from = bytes.len() - 10 - length;
        let mut n_noticed = 0;
        for index in from..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[index] ^= 1 << bit;
                match read_bytes(&scratch, "b.arrow", &damaged) {
                    Ok(read) => assert_eq!(read.height(), 50, "byte {index}, bit {bit}"),
                    Err(error) => {
                        let error = error.to_string();
                        assert!(error.contains("b.arrow"), "{error}");
                        n_noticed += usize::from(error.contains("does not tell of the record batch at byte"));
                    }
                }
            }
        }
        assert!(n_noticed > 0);
    });
}

#[test]
fn arrow_that_ends_behind_its_mark() {
    let scratch = Scratch::new();
    let error = read_bytes(&scratch, "a.arrow", b"ARROW1\0\0").unwrap_err().to_string();
    assert!(error.contains("it ends after 8 bytes; it was cut off"), "{error}");
}

#[test]
fn what_follows_gzip() {
    let scratch = Scratch::new();
    let packed = bytes_of("a.csv.gz");
    let whole = read_bytes(&scratch, "a.csv.gz", &packed).unwrap();
    for n_zeros in [1, 2, 511, 200_000] {
        let padded = [&packed[..], &vec![0; n_zeros]].concat();
        assert!(read_bytes(&scratch, "a.csv.gz", &padded).unwrap().equals_missing(&whole), "{n_zeros}");
    }
    let junk = [&b"junk"[..], b"\0\0junk", b"\x1fjunk", &[b'x'; 3_000]];
    for junk in junk {
        let error = read_bytes(&scratch, "a.csv.gz", &[&packed[..], junk].concat()).unwrap_err().to_string();
        assert!(error.contains("something that is not gzip"), "{error}");
    }
}
