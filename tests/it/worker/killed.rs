//! `kill -9` of workers at any moment.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parrow::polars::prelude::*;
use parrow::worker::{Protocol, Worker};

use super::{PythonFile, apply, collecting, python};

/// The processes whose parent is this one and whose command line has this text in it, with their states.
fn children(text: &str) -> Vec<(u32, char)> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(process) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        // A zombie has no command line.
        if fields[1] == own && (line.contains(text) || fields[0] == "Z") {
            found.push((process, fields[0].chars().next().unwrap()));
        }
    }
    found
}

#[test]
fn a_killed_worker_costs_its_row_at_most() {
    if !python() {
        return;
    }
    let file = PythonFile::new(
        "def f(a):\n    total = 0\n    for i in range(300): total += i & a\n    return a * 2\n",
    );
    let path = file.path();
    let n_rows = 3_000_i64;
    let frame = df!("a" => (0..n_rows).collect::<Vec<_>>()).unwrap();
    // Moments from a fixed seed: a run takes about that long.
    let mut state = 12_345_u64;
    let mut moment = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros((state >> 33) % 200_000)
    };
    let mut n_killed = 0;
    for round in 0..50 {
        // NDJSON starts sooner: more of the moments strike a worker that works.
        let protocol = if round % 5 == 0 { Protocol::Arrow } else { Protocol::NdJson };
        let wait = moment();
        let is_over = AtomicBool::new(false);
        let start = Instant::now();
        let (found, faults) = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(wait);
                while !is_over.load(Ordering::Relaxed) {
                    if kill_one(&path) {
                        return n_killed += 1;
                    }
                    std::thread::sleep(Duration::from_millis(3));
                }
            });
            let worker = Worker::python(&path, "f").protocol(protocol).build().unwrap();
            let result = apply(&frame, &worker, &collecting(100));
            is_over.store(true, Ordering::Relaxed);
            result
        });
        assert!(start.elapsed() < Duration::from_secs(30));
        let failed: Vec<u64> = faults.iter().map(|(row, _)| *row).collect();
        let values = found.column("f").unwrap().i64().unwrap().to_vec();
        assert_eq!(values.len() as i64, n_rows);
        for (row, value) in values.into_iter().enumerate() {
            let expected = (!failed.contains(&(row as u64))).then_some(row as i64 * 2);
            assert_eq!(value, expected, "row {row} of a run whose worker was killed after {wait:?}");
        }
        // One kill is survived by the retries.
        assert!(failed.is_empty(), "{faults:?}");
    }
    assert!(n_killed >= 25, "{n_killed} workers were killed");
    let left = children(&path.display().to_string());
    assert!(left.iter().all(|(_, state)| *state != 'Z'), "{left:?}");
    assert!(!left.iter().any(|(process, _)| is_worker(*process, &path)), "{left:?}");
}

fn is_worker(process: u32, path: &Path) -> bool {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains(&path.display().to_string())
}

fn kill_one(path: &Path) -> bool {
    let workers = children(&path.display().to_string());
    let Some((process, _)) = workers.into_iter().find(|(process, _)| is_worker(*process, path)) else {
        return false;
    };
    Command::new("kill").args(["-9", &process.to_string()]).status().is_ok_and(|status| status.success())
}

/// A process of which nobody but the guard knows any more is gone a moment later.
#[test]
fn what_runs_when_the_worker_is_dropped_is_gone() {
    let marker = "987654.321";
    let frame = df!("a" => [1]).unwrap();
    let worker = Worker::shell(format!("sleep {marker} & while read -r row; do echo 7; done"));
    let worker = worker.protocol(Protocol::NdJson).build().unwrap();
    assert_eq!(apply(&frame, &worker, &collecting(1)).0.height(), 1);
    drop(worker);
    let listed = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(!listed.lines().any(|line| line.starts_with("sleep") && line.contains(marker)), "{listed}");
}
