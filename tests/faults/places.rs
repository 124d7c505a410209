//! Places that cannot be written, or not all of it, and input that is cut off.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::support::{OUTPUTS, Place, names, program_in};

#[track_caller]
fn fails(run: &Output, what: &str) {
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(3), "{stderr}");
    assert!(stderr.starts_with("parrow: ") && stderr.lines().count() == 1, "{stderr}");
    assert!(stderr.contains(what), "{what:?} is expected: {stderr}");
}

/// A file system of its own, where this process may mount one.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn new(options: &str) -> Option<Self> {
        const MAY_MOUNT: u64 = 1 << 21;
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "parrow-test"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
        let may = u64::from_str_radix(mask.trim(), 16).unwrap() & MAY_MOUNT != 0;
        assert!(
            !may || std::env::var_os("CI").is_none(),
            "a file system cannot be mounted, which should work here"
        );
        eprintln!("skipped: no file system may be mounted here");
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk() {
    let Some(disk) = Mounted::new("size=200k") else { return };
    let place = Place::with_rows(20_000);
    let input = place.path("in.csv");
    for output in OUTPUTS {
        let target = disk.0.path().join(output);
        std::fs::write(&target, "old").unwrap();
        let arguments = ["apply", input.to_str().unwrap(), "a + b AS c", "-o", target.to_str().unwrap()];
        // 200 kB hold no form of the rows.
        fails(&place.program(&arguments).output().unwrap(), "no space left on device");
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        assert_eq!(names(disk.0.path()), [output]);
        std::fs::remove_file(&target).unwrap();
    }
}

#[test]
fn a_folder_that_is_read_only() {
    let place = Place::with_rows(10);
    let input = place.path("in.csv");
    let check = |folder: &Path, what: &str| {
        let target = folder.join("out.csv");
        let arguments = ["apply", input.to_str().unwrap(), "a + b AS c", "-o", target.to_str().unwrap()];
        fails(&place.program(&arguments).output().unwrap(), what);
        assert!(names(folder).is_empty());
    };
    if let Some(disk) = Mounted::new("ro") {
        check(disk.0.path(), "read-only file system");
    }
    let folder = tempfile::tempdir().unwrap();
    let mode =
        |mode: &str| assert!(Command::new("chmod").arg(mode).arg(folder.path()).status().unwrap().success());
    mode("555");
    // For root every folder can be written.
    if std::fs::write(folder.path().join("probe"), "").is_err() {
        check(folder.path(), "permission denied");
    }
    mode("755");
}

#[test]
fn a_limit_on_the_size_of_files() {
    let place = Place::with_rows(20_000);
    for output in OUTPUTS {
        std::fs::write(place.path(output), "old").unwrap();
        let run = Command::new("sh")
            .args(["-c", "ulimit -f 100 && exec \"$0\" apply in.csv 'a + b AS c' -o \"$1\""])
            .args([env!("CARGO_BIN_EXE_parrow"), output])
            .current_dir(place.folder())
            .output()
            .unwrap();
        fails(&run, "file too large");
        assert_eq!(place.bytes(output).unwrap(), b"old");
        std::fs::remove_file(place.path(output)).unwrap();
        assert_eq!(place.names(), ["in.csv"]);
    }
}

#[test]
fn a_device_that_is_full() {
    let place = Place::with_rows(20_000);
    fails(
        &place.program(&["apply", "in.csv", "a + b AS c", "-o", "/dev/full"]).output().unwrap(),
        "/dev/full: could not write: no space left on device",
    );
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let run = place.program(&["apply", "in.csv", "a + b AS c"]).stdout(full).output().unwrap();
    fails(&run, "standard output: could not write: no space left on device");
}

#[test]
fn input_that_is_cut_off() {
    let place = Place::with_rows(20_000);
    for packed in ["whole.csv.gz", "whole.csv.zst", "whole.parquet", "whole.arrow", "whole.arrows"] {
        assert!(place.program(&["apply", "in.csv", "-o", packed]).status().unwrap().success());
        let bytes = place.bytes(packed).unwrap();
        let cut = packed.replace("whole", "cut");
        for part in [1, 50, 99] {
            std::fs::write(place.path(&cut), &bytes[..bytes.len() * part / 100]).unwrap();
            std::fs::write(place.path("out.csv"), "old").unwrap();
            let run = place.program(&["apply", &cut, "a + b AS c", "-o", "out.csv"]).output().unwrap();
            fails(&run, &cut);
            assert_eq!(place.bytes("out.csv").unwrap(), b"old");
        }
        std::fs::remove_file(place.path(&cut)).unwrap();
        std::fs::remove_file(place.path(packed)).unwrap();
    }
    assert_eq!(program_in(place.folder(), &["--version"]).status().unwrap().code(), Some(0));
    assert_eq!(place.names(), ["in.csv", "out.csv"]);
}
