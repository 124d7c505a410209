//! The range count as a closure through `parallel_apply`, beside the plain loop over the same matrix in Python: 200,000 rows of
//! five integers. Python is started and measured in the same run, and must give the same counts.

mod common;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{NAMES, keep, matrix, ratio, shortest};
use parrow::polars::prelude::*;
use parrow::prelude::*;

const N_ROWS: usize = 200_000;

/// Reads the rows, and says what the shortest of some loops over them took, and the sum of the counts weighted by their place.
const PYTHON: &str = r#"
import sys, time
rows = [[int(cell) for cell in line.split(",")] for line in sys.stdin]

def howmany_within_range(row, minimum, maximum):
    count = 0
    for n in row:
        if minimum <= n <= maximum:
            count = count + 1
    return count

shortest = float("inf")
for _ in range(7):
    start = time.perf_counter()
    results = []
    for row in rows:
        results.append(howmany_within_range(row, minimum=4, maximum=8))
    shortest = min(shortest, time.perf_counter() - start)
print(shortest, sum(i * n for i, n in enumerate(results, 1)))
"#;

fn main() {
    let frame = matrix(N_ROWS);
    let function = |a: i64, b: i64, c: i64, d: i64, e: i64| {
        [a, b, c, d, e].into_iter().map(|value| u32::from((4..=8).contains(&value))).sum::<u32>()
    };
    let count = || frame.parallel_apply(("a", "b", "c", "d", "e"), function).unwrap();
    let serial = || frame.apply(("a", "b", "c", "d", "e"), function).unwrap();
    let [parallel, plain] = shortest(50, [&mut || keep(count()), &mut || keep(serial())]);
    let checksum: u64 =
        (1..).zip(count().u32().unwrap().into_no_null_iter()).map(|(i, n)| i * u64::from(n)).sum();
    println!("parallel_apply {parallel:.1?}, its serial twin {plain:.1?}");
    match python(&frame) {
        Ok((seconds, of_python)) => {
            assert_eq!(of_python, checksum, "both count the same");
            let python = Duration::from_secs_f64(seconds);
            println!(
                "Python's plain loop {python:.1?}: parallel_apply is {:.0} times as fast",
                ratio(python, parallel)
            );
        }
        Err(error) => println!("Python's plain loop was not measured: {error}"),
    }
}

/// What Python's loop takes, and the checksum of its counts.
fn python(frame: &DataFrame) -> Result<(f64, u64), Box<dyn std::error::Error>> {
    let columns: Vec<&[i64]> =
        NAMES.iter().map(|name| frame.column(name)?.i64()?.cont_slice()).collect::<PolarsResult<_>>()?;
    let line = |row: usize| {
        let cells: Vec<String> = columns.iter().map(|column| column[row].to_string()).collect();
        cells.join(",") + "\n"
    };
    let text: String = (0..frame.height()).map(line).collect();
    let mut python =
        Command::new("python3").args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = python.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let said = String::from_utf8(python.wait_with_output()?.stdout)?;
    let mut words = said.split_whitespace();
    let mut word = || words.next().ok_or("python3 said nothing");
    Ok((word()?.parse()?, word()?.parse()?))
}
