//! Three programs in parallel with [`Pool::try_map_all`]: a worker for each waits for its program, and one that fails does not
//! keep the others from coming to their end.
//!
//! `cargo run --example three_scripts`

use std::process::Command;
use std::time::Instant;

use parrow::Pool;

/// Runs a line in the shell and gives what it printed.
fn run(script: &str) -> Result<String, String> {
    let output = Command::new("sh")
        .args(["-c", script])
        .output()
        .map_err(|error| format!("could not start {script:?}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()),
        false => Err(format!("{script:?} ended with {}", output.status)),
    }
}

fn main() -> parrow::Result<()> {
    let scripts = ["sleep 0.3; echo first", "sleep 0.3; exit 3", "sleep 0.3; echo third"];
    let start = Instant::now();
    // As many workers as programs and not as cores: they only wait.
    let pool = Pool::new(scripts.len())?;
    let outputs = pool.try_map_all(scripts, run)?;

    for output in &outputs {
        match output {
            Ok(text) => println!("{text}"),
            Err(error) => println!("{error}"),
        }
    }
    println!("{:.1} s in all", start.elapsed().as_secs_f64());
    assert_eq!(outputs.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    Ok(())
}
