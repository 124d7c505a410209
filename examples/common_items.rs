//! The items that two lists have in common, row by row: one [`Pool::apply`] for each pair of rows, and the same with one
//! `starmap`.
//!
//! `cargo run --example common_items`

use parrow::{Pool, cpu_count};

/// The items of `left` that `right` has too, each once, in the order of `left`.
fn common_items(left: &[u32], right: &[u32]) -> Vec<u32> {
    let mut common = Vec::new();
    for item in left {
        if right.contains(item) && !common.contains(item) {
            common.push(*item);
        }
    }
    common
}

fn main() -> parrow::Result<()> {
    let left = [vec![1, 2, 3], vec![4, 5, 6, 5], vec![7, 8, 9]];
    let right = [vec![2, 3, 4], vec![6, 9, 5], vec![10, 11]];
    let pool = Pool::new(cpu_count())?;

    // One call after the other, each on a worker. For work as small as this, the way there and back is what it costs.
    let mut common = Vec::new();
    for (left, right) in left.iter().zip(&right) {
        common.push(pool.apply(|| common_items(left, right))?);
    }
    assert_eq!(common, [vec![2, 3], vec![5, 6], vec![]]);

    // All rows at once.
    let pairs = left.iter().zip(&right);
    let at_once = pool.starmap(pairs, |left: &Vec<u32>, right: &Vec<u32>| common_items(left, right))?;
    assert_eq!(at_once, common);

    for (row, common) in common.iter().enumerate() {
        println!("row {row}: {common:?}");
    }
    Ok(())
}
