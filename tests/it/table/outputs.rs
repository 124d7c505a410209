//! A result appears whole or not at all.

use std::io;

use parrow::ErrorKind;
use parrow::polars::prelude::*;
use parrow::table::{Format, Header, Output, TableWriter, WriteOptions, write};

use super::support::Scratch;

fn frame() -> DataFrame {
    df!["a" => [1i64, 2], "b" => [Some("x"), None]].unwrap()
}

#[test]
fn text_as_asked_for() {
    let scratch = Scratch::new();
    let check = |options: WriteOptions, expected: &str| {
        let path = scratch.path("a.csv");
        write(&frame(), &Output::from(path.as_path()), &options).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
    };
    check(WriteOptions::default(), "a,b\n1,x\n2,\n");
    let options =
        WriteOptions::builder().delimiter(b';').header(Header::None).null_text("NA").build().unwrap();
    check(options, "1;x\n2;NA\n");
    check(
        WriteOptions::builder().format(Format::NdJson).build().unwrap(),
        "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":null}\n",
    );
    check(WriteOptions::builder().format(Format::Tsv).build().unwrap(), "a\tb\n1\tx\n2\t\n");
    assert!(WriteOptions::builder().null_text("a,b").build().is_err());
    assert!(WriteOptions::builder().delimiter(b'"').build().is_err());
}

#[test]
fn dropped_before_the_end_it_leaves_nothing() {
    let scratch = Scratch::new();
    let kept = scratch.file("kept.csv", "old\n");
    for name in ["new.csv", "new.csv.gz", "new.parquet", "new.arrow", "new.ndjson", "kept.csv"] {
        let output = Output::from(scratch.path(name));
        let mut writer = TableWriter::create(&output, frame().schema(), &WriteOptions::default()).unwrap();
        writer.write_chunk(&frame()).unwrap();
        assert_eq!(scratch.names().len(), 2, "the unfinished file lies beside");
        drop(writer);
        assert_eq!(scratch.names(), ["kept.csv"], "{name}");
    }
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "old\n");
    write(&frame(), &Output::from(kept.as_path()), &WriteOptions::default()).unwrap();
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "a,b\n1,x\n2,\n");
}

#[test]
fn places_that_cannot_be_written() {
    let scratch = Scratch::new();
    let check = |output: Output, expected: &str| {
        let error = write(&frame(), &output, &WriteOptions::default()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(scratch.path("none/a.csv").into(), "could not create: there is no folder");
    std::fs::create_dir(scratch.path("folder.csv")).unwrap();
    check(scratch.path("folder.csv").into(), "could not create: a folder of this name is there already");
    check(
        scratch.path("a.xlsx").into(),
        "the format is not known from the name or the content; give it with --format",
    );
    check(scratch.path("a.parquet.gz").into(), "parquet is packed inside already");
    assert_eq!(scratch.names(), ["folder.csv"]);
    let nested = df!["a" => [Series::new("".into(), [1])]].unwrap();
    let structs = nested.into_struct("s".into()).into_series().into_frame();
    let error = write(&structs, &scratch.path("a.csv").into(), &WriteOptions::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotHeld { .. }), "{error}");
}

#[test]
fn values_outside_the_calendar_are_an_error_and_no_panic() {
    let scratch = Scratch::new();
    let days = Series::new("d".into(), [i32::MAX]).cast(&DataType::Date).unwrap();
    let wide = Series::new("d".into(), [i64::MAX]);
    let moments = wide.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap();
    for column in [days, moments] {
        for name in ["a.csv", "a.ndjson"] {
            let output = Output::from(scratch.path(name));
            // The message of the contained panic would fill the test's output.
            let written = write(&column.clone().into_frame(), &output, &WriteOptions::default());
            assert!(written.is_err(), "{name} {column}");
        }
        let output = Output::from(scratch.path("a.parquet"));
        assert_eq!(write(&column.into_frame(), &output, &WriteOptions::default()).unwrap().n_rows, 1);
    }
    assert_eq!(scratch.names(), ["a.parquet"]);
}

#[test]
fn chunks_of_another_schema_are_refused() {
    let scratch = Scratch::new();
    let output = Output::from(scratch.path("a.csv"));
    let mut writer = TableWriter::create(&output, frame().schema(), &WriteOptions::default()).unwrap();
    assert!(writer.write_chunk(&df!["a" => [1i64]].unwrap()).is_err());
    assert!(writer.write_chunk(&df!["b" => [1i64], "a" => ["x"]].unwrap()).is_err());
    assert!(writer.write_chunk(&df!["a" => [1i32], "b" => ["x"]].unwrap()).is_err());
    writer.write_chunk(&frame()).unwrap();
    assert_eq!(writer.finish().unwrap().n_rows, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_file_is_written_into() {
    let null = Output::from("/dev/null");
    let options = WriteOptions::builder().format(Format::Csv).build().unwrap();
    assert_eq!(write(&frame(), &null, &options).unwrap().n_rows, 2);
    for format in [Format::Csv, Format::Parquet, Format::Ipc, Format::IpcStream, Format::NdJson] {
        let options = WriteOptions::builder().format(format).build().unwrap();
        let error = write(&frame(), &Output::from("/dev/full"), &options).unwrap_err();
        assert_eq!(error.to_string(), "/dev/full: could not write: no space left on device", "{format}");
        let ErrorKind::Io { source, .. } = error.kind() else { panic!("{error}") };
        assert_eq!(source.kind(), io::ErrorKind::StorageFull);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_reader_is_a_broken_pipe() {
    let scratch = Scratch::new();
    let pipe = scratch.path("pipe.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || drop(std::fs::File::open(pipe).unwrap())
    });
    let rows = df!["a" => (0..200_000i64).collect::<Vec<_>>()].unwrap();
    let output = Output::from(pipe.as_path());
    let mut writer = TableWriter::create(&output, rows.schema(), &WriteOptions::default()).unwrap();
    reader.join().unwrap();
    let error = writer.write_chunk(&rows).and_then(|()| writer.finish()).unwrap_err();
    let ErrorKind::Io { source, .. } = error.kind() else { panic!("{error}") };
    assert_eq!(source.kind(), io::ErrorKind::BrokenPipe);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let scratch = Scratch::new();
    let real = scratch.file("real.csv", "old\n");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, scratch.path("link.csv")).unwrap();
    write(&frame(), &scratch.path("link.csv").into(), &WriteOptions::default()).unwrap();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "a,b\n1,x\n2,\n");
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(scratch.path("link.csv").symlink_metadata().unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_followed() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("folder")).unwrap();
    symlink("folder/second.csv", scratch.path("link.csv")).unwrap();
    symlink("made.csv", scratch.path("folder/second.csv")).unwrap();
    write(&frame(), &scratch.path("link.csv").into(), &WriteOptions::default()).unwrap();
    assert_eq!(std::fs::read_to_string(scratch.path("folder/made.csv")).unwrap(), "a,b\n1,x\n2,\n");
    for link in ["link.csv", "folder/second.csv"] {
        assert!(scratch.path(link).symlink_metadata().unwrap().is_symlink(), "{link}");
    }
}
