//! What stands behind the end of an Arrow stream: nothing, or the rows that a damaged length hides would be missed by nobody.

use parrow::polars::prelude::*;
use parrow::table::{Format, Input, Output, ReadOptions, WriteOptions, read, write};
use polars_arrow::io::ipc::format::ipc;

use super::support::Scratch;

const MARK: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// A stream of four batches, without its end mark.
fn batches() -> Vec<u8> {
    let scratch = Scratch::new();
    let path = scratch.path("a.arrows");
    let frame =
        df!["n" => (0..40).collect::<Vec<i64>>(), "s" => (0..40).map(|n| n.to_string()).collect::<Vec<_>>()];
    let options = WriteOptions::builder().block(10).build().unwrap();
    write(&frame.unwrap(), &Output::from(path.as_path()), &options).unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes.split_off(bytes.len() - MARK.len()), MARK);
    bytes
}

fn read_stream(bytes: &[u8]) -> parrow::Result<DataFrame> {
    let scratch = Scratch::new();
    let path = scratch.file("a.arrows", bytes);
    let options = ReadOptions::builder().format(Format::IpcStream).build()?;
    read(&[Input::from(path)], &options).map(|table| table.frame)
}

#[track_caller]
fn refused(bytes: &[u8], part: &str) {
    let error = read_stream(bytes).unwrap_err().to_string();
    assert!(error.contains(part), "{part:?} is expected: {error}");
}

#[test]
fn a_length_that_has_become_zero_is_no_end() {
    let whole = [&batches()[..], &MARK].concat();
    assert_eq!(read_stream(&whole).unwrap().height(), 40);
    // Each message begins with four bytes of ones, at a multiple of eight.
    let begins = (0..whole.len() - MARK.len()).step_by(8).filter(|at| whole[*at..].starts_with(&MARK[..4]));
    let begins: Vec<usize> = begins.collect();
    assert_eq!(begins.len(), 5, "a schema and four batches");
    for begin in &begins[1..] {
        let mut damaged = whole.clone();
        damaged[begin + 4..begin + 8].fill(0);
        refused(&damaged, &format!("more bytes follow its end mark, at byte {}", begin + 8));
        // As it was said before there were marks of ones.
        damaged[*begin..begin + 4].fill(0);
        refused(&damaged, &format!("more bytes follow its end mark, at byte {}", begin + 8));
    }
}

#[test]
fn what_follows_the_end_is_told() {
    let stream = [&batches()[..], &MARK].concat();
    let n = stream.len();
    refused(
        &[&stream[..], &stream].concat(),
        &format!("another stream begins at byte {n}, behind its end mark"),
    );
    refused(&[&stream[..], b"x"].concat(), &format!("more bytes follow its end mark, at byte {n}"));
    refused(&[&stream[..], &[0; 4096]].concat(), &format!("more bytes follow its end mark, at byte {n}"));
    // Old writers ended with a length of zero, and filled it up.
    for mark in [&[0; 4][..], &[0; 8]] {
        assert_eq!(read_stream(&[&batches()[..], mark].concat()).unwrap().height(), 40);
    }
    refused(&[&batches()[..], &[0; 16]].concat(), "more bytes follow its end mark");
    refused(&[&batches()[..], &[0, 0, 0, 0, 0, 0, 0, 7]].concat(), "more bytes follow its end mark");
}

#[test]
fn packing_that_is_told_beside_the_batch_is_seen() {
    let values: Vec<u8> = (0..10_i64).flat_map(|n| (n * n).to_le_bytes()).collect();
    let mut body = (values.len() as i64).to_le_bytes().to_vec();
    body.extend(zstd::bulk::compress(&values, 1).unwrap());
    let length = body.len() as i64;
    body.resize(body.len().next_multiple_of(8), 0);
    let message = |name: &str| {
        let buffers = vec![ipc::Buffer { offset: 0, length: 0 }, ipc::Buffer { offset: 0, length }];
        let batch = ipc::RecordBatch {
            length: 10,
            nodes: Some(vec![ipc::FieldNode { length: 10, null_count: 0 }]),
            buffers: Some(buffers),
            compression: None,
            variadic_buffer_counts: None,
        };
        let key = Some("ARROW:experimental_compression".to_owned());
        let message = ipc::Message {
            version: ipc::MetadataVersion::V4,
            header: Some(ipc::MessageHeader::RecordBatch(Box::new(batch))),
            body_length: body.len() as i64,
            custom_metadata: Some(vec![ipc::KeyValue { key, value: Some(name.to_owned()) }]),
        };
        let mut header = ipc::planus::Builder::new().finish(&message, None).to_vec();
        header.resize(header.len().next_multiple_of(8), 0);
        let length = (header.len() as u32).to_le_bytes();
        [&MARK[..4], &length, &header, &body, &MARK].concat()
    };
    let schema = {
        let scratch = Scratch::new();
        let path = scratch.path("n.arrows");
        write(&df!["n" => [0_i64]].unwrap(), &Output::from(path.as_path()), &WriteOptions::default())
            .unwrap();
        let bytes = std::fs::read(path).unwrap();
        let end = (8..bytes.len()).step_by(8).find(|at| bytes[*at..].starts_with(&MARK[..4])).unwrap();
        bytes[..end].to_vec()
    };
    let frame = read_stream(&[&schema[..], &message("ZSTD")].concat()).unwrap();
    assert_eq!(frame, df!["n" => (0..10_i64).map(|n| n * n).collect::<Vec<_>>()].unwrap());
    refused(&[&schema[..], &message("snappy")].concat(), "packed as \"snappy\", which is not known");
}
