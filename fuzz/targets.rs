//! What is fuzzed: any bytes as a file of each format, whole and in pieces, and the cutter of CSV.
//!
//! `fuzz_targets/` hands these functions to libFuzzer; `tests/it/fuzz.rs` calls them with seeds and seeded mutations of them.
//! Each panics where something is wrong: a panic that reaches the caller, a result that hangs on the size of the pieces, or
//! something left beside the output.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use parrow::pipeline::{Destination, Pipeline, Work};
use parrow::script::SqlExpressions;
use parrow::table::{Format, Input, Output, ReadOptions, WriteOptions};
use parrow::{ApplyOptions, Error, ErrorKind};

/// A target: its name, which is that of its folder of seeds, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 6] = [
    ("csv", csv),
    ("csv_cutter", csv_cutter),
    ("ndjson", ndjson),
    ("parquet", parquet),
    ("ipc", ipc),
    ("ipc_stream", ipc_stream),
];

/// Enough for anything small; what says that it needs more is refused.
const MEMORY_LIMIT: u64 = 64 << 20;

pub fn csv(bytes: &[u8]) {
    read_in_pieces(Format::Csv, bytes);
}

pub fn ndjson(bytes: &[u8]) {
    read_in_pieces(Format::NdJson, bytes);
}

pub fn parquet(bytes: &[u8]) {
    read_in_pieces(Format::Parquet, bytes);
}

pub fn ipc(bytes: &[u8]) {
    read_in_pieces(Format::Ipc, bytes);
}

pub fn ipc_stream(bytes: &[u8]) {
    read_in_pieces(Format::IpcStream, bytes);
}

/// The rows of CSV with a new cell behind each: what stands in the input goes through byte for byte, whatever the pieces.
pub fn csv_cutter(bytes: &[u8]) {
    let scratch = Scratch::new(bytes);
    let run = |size: usize| {
        let work = Work::rows(SqlExpressions::parse(["'|' AS mark__"])?);
        scratch.run(Format::Csv, Format::Csv, work, Some(size))
    };
    let whole = run(1 << 20);
    for size in [1, 2, 3, 5, 8, 13, 64] {
        assert_alike(&whole, &run(size), size);
    }
    if let Ok(text) = whole {
        // Without the new cells it is the input, save for blank lines and a line end that is missing.
        let without = |text: &[u8]| -> Vec<u8> {
            let text = String::from_utf8_lossy(text).replace(['\r', '\n'], "");
            let text = text.trim_start_matches('\u{feff}').to_owned();
            let cells = [",|", ";|", "\t|", "||"];
            let text = cells.iter().fold(text, |text, cell| text.replace(cell, ""));
            let names = [",mark__", ";mark__", "\tmark__", "|mark__"];
            names.iter().fold(text, |text, name| text.replacen(name, "", 1)).into_bytes()
        };
        if !bytes.contains(&b'|') && !bytes.contains(&0xff) && std::str::from_utf8(bytes).is_ok() {
            assert_eq!(
                String::from_utf8_lossy(&without(&text)),
                String::from_utf8_lossy(&without(bytes)),
                "the bytes of the input"
            );
        }
    }
}

fn read_in_pieces(format: Format, bytes: &[u8]) {
    let scratch = Scratch::new(bytes);
    let into = match format {
        // Of structs the bits of nulls hang on the pieces, where they are written as they lie in memory.
        Format::NdJson => Format::NdJson,
        _ => Format::IpcStream,
    };
    let whole = scratch.run(format, into, Work::copy(), None);
    for size in [1, 100, 10_000] {
        assert_alike(&whole, &scratch.run(format, into, Work::copy(), Some(size)), size);
    }
}

type Left = Result<Vec<u8>, Error>;

/// That two runs have left the same, or have both failed. What does not fit into memory is another matter.
fn assert_alike(whole: &Left, pieces: &Left, size: usize) {
    let is_too_large = |left: &Left| {
        left.as_ref()
            .is_err_and(|error| matches!(error.kind(), ErrorKind::TooLarge { .. } | ErrorKind::Shape { .. }))
    };
    if is_too_large(whole) || is_too_large(pieces) {
        return;
    }
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => assert!(whole == pieces, "pieces of {size} bytes give other rows"),
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => panic!("pieces of {size} bytes cannot be read, and the whole can: {error}"),
        (Err(error), Ok(_)) => panic!("pieces of {size} bytes can be read, and the whole cannot: {error}"),
    }
}

/// A folder with one input, gone with it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(bytes: &[u8]) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("parrow-fuzz-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a folder can be made");
        std::fs::write(folder.join("input"), bytes).expect("a file can be written");
        Self(folder)
    }

    fn run(&self, format: Format, into: Format, work: Work<'_>, piece_bytes: Option<usize>) -> Left {
        let output = self.0.join("output");
        let write = WriteOptions::builder().format(into).build()?;
        let read = ReadOptions::builder().format(format).build()?;
        let inputs = vec![Input::Path(self.0.join("input"))];
        let pipeline =
            Pipeline::new(inputs, work, Destination::Output(Output::from(output.as_path()), write))
                .read(read)
                .memory_limit(MEMORY_LIMIT)
                .apply(ApplyOptions::builder().threads(2).build()?);
        let outcome = match piece_bytes {
            Some(n_bytes) => pipeline.piece_bytes(n_bytes).run(),
            None => pipeline.read_whole().run(),
        };
        let left: Vec<_> = std::fs::read_dir(&self.0).expect("the folder is there").flatten().collect();
        assert_eq!(left.len(), 1 + usize::from(outcome.is_ok()), "{left:?} after {outcome:?}");
        let _ = outcome?;
        let bytes = std::fs::read(&output).expect("a run that succeeds has an output");
        std::fs::remove_file(&output).expect("the output can be removed");
        Ok(bytes)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let folder: &Path = &self.0;
        let _ = std::fs::remove_dir_all(folder);
    }
}
