//! A short run of the fuzz targets: their seeds, and copies of these that are damaged from a fixed seed.
//!
//! `PARROW_FUZZ_RUNS=100000 cargo test --release --test it fuzz::` is a long one; what fails is written to `fuzz/corpus/`.

#[path = "../../fuzz/targets.rs"]
#[allow(clippy::missing_docs_in_private_items)]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parrow::polars::prelude::*;
use parrow::table::{Output, WriteOptions, write};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use targets::{TARGETS, Target};

/// How many damaged copies of all seeds of a target are tried.
fn n_runs() -> usize {
    std::env::var("PARROW_FUZZ_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

/// No input of this size takes longer, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(20);

const TEXTS: [&str; 5] = [
    "a,b\n1,2\n3,4\n",
    "id;price\n007;1.50\r\n008;\"2,25\"\r\n",
    "\u{feff}t,u\n\"x\"\"y\",\"\n\"\n\n,é中\n",
    "d,b,x\n2024-01-31,true,1e3\n2024-02-01,false,-0.5\n,,\n",
    "one\n\n\"\"\nlast",
];

const LINES: [&str; 3] = [
    "{\"a\":1,\"b\":\"x\"}\n{\"a\":2.5,\"b\":null}\n",
    "{\"a\":[1,2],\"b\":{\"c\":true}}\r\n\n{\"a\":[],\"b\":{\"c\":null}}",
    "{\"\\u00e9\":\"\\ud83e\\udd80\",\"n\":-9007199254740993}\n",
];

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name)
}

/// What a target begins with: small files of our own, and those that are kept.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = match name {
        "csv" | "csv_cutter" => TEXTS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "ndjson" => LINES.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "parquet" => vec![binary("a.parquet", 40), binary("a.parquet", 0)],
        "ipc" => vec![binary("a.arrow", 40), binary("a.arrow", 0)],
        _ => vec![binary("a.arrows", 40), binary("a.arrows", 0)],
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(kept(name)).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    seeds.extend(files.into_iter().map(|file| std::fs::read(file).unwrap()));
    seeds
}

fn binary(name: &str, n_rows: i64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let rows = || 0..n_rows;
    let list = |n: i64| Series::new("".into(), (0..n % 3).collect::<Vec<i64>>());
    let mut frame = df![
        "n" => rows().map(|n| (n % 5 != 2).then_some(n * 1000)).collect::<Vec<_>>(),
        "x" => rows().map(|n| n as f64 / 3.0).collect::<Vec<_>>(),
        "s" => rows().map(|n| format!("a text of some length {}", n % 9)).collect::<Vec<_>>(),
        "b" => rows().map(|n| n % 2 == 0).collect::<Vec<_>>(),
    ]
    .unwrap();
    frame.with_column(Column::new("l".into(), rows().map(list).collect::<Vec<_>>())).unwrap();
    let path = folder.path().join(name);
    write(&frame, &Output::from(path.as_path()), &WriteOptions::default()).unwrap();
    std::fs::read(path).unwrap()
}

/// A copy with something wrong with it.
fn damaged(seed: &[u8], chance: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + chance.next_u32() % 3 {
        if bytes.is_empty() {
            break;
        }
        let n_bytes = bytes.len();
        let at = match chance.next_u32() % 3 {
            // What tells the rest stands at the ends.
            0 => chance.next_u32() as usize % n_bytes.min(64),
            1 => n_bytes - 1 - chance.next_u32() as usize % n_bytes.min(400),
            _ => chance.next_u32() as usize % n_bytes,
        };
        match chance.next_u32() % 7 {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << (chance.next_u32() % 8),
            2 => {
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', b',', b'{'][chance.next_u32() as usize % 9]
            }
            3 => bytes[at] = chance.next_u32() as u8,
            4 => {
                bytes.drain(at..(at + 1 + chance.next_u32() as usize % 8).min(n_bytes));
            }
            5 => {
                let again = bytes[at..(at + 16).min(n_bytes)].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                for byte in bytes[at..].iter_mut().take(8) {
                    *byte = if chance.next_u32().is_multiple_of(2) { 0xff } else { 0 };
                }
            }
        }
    }
    bytes
}

fn run((name, target): Target) {
    super::table::quietly(|| {
        let seeds = seeds(name);
        let mut chance = ChaCha8Rng::seed_from_u64(7);
        let copies = (0..n_runs()).map(|index| damaged(&seeds[index % seeds.len()], &mut chance));
        let copies: Vec<Vec<u8>> = copies.collect();
        for bytes in seeds.iter().chain(&copies) {
            let start = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| target(bytes)));
            if outcome.is_err() || start.elapsed() > PATIENCE {
                let file = std::env::temp_dir().join(format!("parrow-fuzz-{name}-{}", bytes.len()));
                std::fs::write(&file, bytes).unwrap();
                panic!(
                    "{name}: {} after {:?}: keep it in fuzz/corpus/{name}",
                    file.display(),
                    start.elapsed()
                );
            }
        }
    });
}

#[test]
fn csv() {
    run(TARGETS[0]);
}

#[test]
fn csv_cutter() {
    run(TARGETS[1]);
}

#[test]
fn ndjson() {
    run(TARGETS[2]);
}

#[test]
fn parquet() {
    run(TARGETS[3]);
}

#[test]
fn ipc() {
    run(TARGETS[4]);
}

#[test]
fn ipc_stream() {
    run(TARGETS[5]);
}
