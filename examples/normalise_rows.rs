//! Each row of a matrix stretched to the range from 0 to 1, in parallel over the rows.
//!
//! `cargo run --example normalise_rows`

use parrow::{Pool, cpu_count};

/// The smallest number of the row becomes 0, the largest 1, and the others lie between in proportion. A row whose numbers
/// are all equal becomes 0.
fn normalise(row: &[f64]) -> Vec<f64> {
    let smallest = row.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let width = largest - smallest;
    row.iter().map(|value| if width > 0.0 { (value - smallest) / width } else { 0.0 }).collect()
}

fn main() -> parrow::Result<()> {
    let matrix =
        [vec![2.0, 3.0, 4.0, 5.0], vec![6.0, 9.0, 10.0, 12.0], vec![11.0, 12.0, 13.0, 14.0], vec![7.0; 4]];
    let pool = Pool::new(cpu_count())?;
    let normalised = pool.map(&matrix, |row| normalise(row))?;

    for row in &normalised {
        println!("{row:.3?}");
    }
    assert!(normalised[..3].iter().all(|row| row[0] == 0.0 && row[3] == 1.0));
    assert_eq!(normalised[3], [0.0; 4]);
    Ok(())
}
