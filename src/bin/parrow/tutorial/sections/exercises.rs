//! The tutorial's three exercises.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use parrow::{Error, Pool, Result};

use crate::tutorial::clock::compare;
use crate::tutorial::section::Section;

pub const SECTIONS: &[Section] = &[
    Section {
        key: "common_items",
        name: "Exercise 1: common items",
        shows: |_, _| {
            "by Pool::apply, as the exercise asks; a call for each pair of lists costs more than the pair"
                .to_owned()
        },
        run: |lesson| {
            let list_a: Vec<&[i64]> = lesson.rows().iter().map(|row| &row[..3]).collect();
            let list_b: Vec<&[i64]> = lesson.rows().iter().rev().map(|row| &row[2..]).collect();
            compare(
                || Ok(common_items_by_loop(&list_a, &list_b)),
                || common_items_in_pool(&lesson.pool, &list_a, &list_b),
                PartialEq::eq,
            )
        },
    },
    Section {
        key: "scripts",
        name: "Exercise 2: three scripts",
        shows: |_, _| "each is a process of its own, and Pool::map waits for all of them".to_owned(),
        run: |lesson| {
            let parrow =
                std::env::current_exe().map_err(|error| Error::io("find", error).in_file("parrow"))?;
            let scripts = ["1", "2", "3"].map(|seed| Script::new(&parrow, lesson.n_rows(), seed));
            compare(
                || run_one_by_one(&scripts),
                || run_at_once(&lesson.pool, &scripts),
                |one_by_one, at_once| {
                    one_by_one == at_once && one_by_one.iter().all(|output| !output.is_empty())
                },
            )
        },
    },
    Section {
        key: "normalize",
        name: "Exercise 3: rows scaled to 0..1",
        shows: |_, _| "by Pool::map: a list comes back for each row, and memory is what it costs".to_owned(),
        run: |lesson| {
            compare(
                || Ok(normalize_by_loop(lesson.rows())),
                || normalize_in_pool(&lesson.pool, lesson.rows()),
                PartialEq::eq,
            )
        },
    },
];

// [common_items]
fn common_items(a: &[i64], b: &[i64]) -> Vec<i64> {
    a.iter().filter(|item| b.contains(item)).copied().collect()
}

fn common_items_by_loop(list_a: &[&[i64]], list_b: &[&[i64]]) -> Vec<Vec<i64>> {
    list_a.iter().zip(list_b).map(|(a, b)| common_items(a, b)).collect()
}

fn common_items_in_pool(pool: &Pool, list_a: &[&[i64]], list_b: &[&[i64]]) -> Result<Vec<Vec<i64>>> {
    list_a.iter().zip(list_b).map(|(a, b)| Ok(pool.apply(|| common_items(a, b))?)).collect()
}
// [end]

/// A program with its arguments.
struct Script {
    program: std::path::PathBuf,
    arguments: Vec<String>,
}

impl Script {
    /// This program, making a matrix of random numbers.
    fn new(parrow: &Path, n_rows: usize, seed: &str) -> Self {
        let arguments =
            format!("generate --rows {n_rows} --cols 5 --seed {seed} --threads 1 --output-format csv");
        Self { program: parrow.to_owned(), arguments: arguments.split(' ').map(str::to_owned).collect() }
    }
}

// [scripts]
/// What a script prints.
fn run_script(script: &Script) -> io::Result<Vec<u8>> {
    let mut command = Command::new(&script.program);
    let output = command.args(&script.arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(io::Error::other(output.status.to_string())),
    }
}

fn run_one_by_one(scripts: &[Script]) -> Result<Vec<Vec<u8>>> {
    scripts
        .iter()
        .map(run_script)
        .collect::<io::Result<_>>()
        .map_err(|error| Error::io("run a script", error))
}

fn run_at_once(pool: &Pool, scripts: &[Script]) -> Result<Vec<Vec<u8>>> {
    Ok(pool.chunk_size(1).try_map(scripts, run_script)?)
}
// [end]

// [normalize]
fn normalize(row: &[i64]) -> Vec<f64> {
    let min = row.iter().copied().min().unwrap_or(0);
    let max = row.iter().copied().max().unwrap_or(0);
    // A row of equal numbers has no range, and lies at its bottom.
    let range = (max - min).max(1) as f64;
    row.iter().map(|number| (number - min) as f64 / range).collect()
}

fn normalize_by_loop(rows: &[Vec<i64>]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| normalize(row)).collect()
}

fn normalize_in_pool(pool: &Pool, rows: &[Vec<i64>]) -> Result<Vec<Vec<f64>>> {
    Ok(pool.map(rows, |row| normalize(row))?)
}
// [end]
