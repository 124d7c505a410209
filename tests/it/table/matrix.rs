//! `Matrix`: made, turned into frames and back, and generated alike everywhere.

use parrow::ErrorKind;
use parrow::polars::prelude::*;
use parrow::table::{Matrix, MatrixOptions};

fn options(rows: usize, columns: usize, low: i64, high: i64, seed: u64) -> MatrixOptions {
    MatrixOptions { rows, columns, low, high, seed }
}

fn rows(matrix: &Matrix<i64>) -> Vec<Vec<i64>> {
    (0..matrix.n_rows()).map(|row| matrix.row(row).collect()).collect()
}

#[test]
fn rows_and_columns_are_two_ways_to_say_the_same() {
    let by_rows = Matrix::from_rows(vec![vec![1, 2, 3], vec![4, 5, 6]]).unwrap();
    let by_columns = Matrix::from_columns(vec![vec![1, 4], vec![2, 5], vec![3, 6]]).unwrap();
    assert_eq!(by_rows, by_columns);
    assert_eq!(by_rows.get(1, 2), Some(6));
    assert_eq!((by_rows.get(2, 0), by_rows.get(0, 3)), (None, None));
    assert_eq!(by_rows.column(1), Some(&[2, 5][..]));
    let expected = df!["column_1" => [1i64, 4], "column_2" => [2i64, 5], "column_3" => [3i64, 6]].unwrap();
    assert!(by_rows.to_frame().equals(&expected));
    assert_eq!(Matrix::<i64>::from_frame(&expected).unwrap(), by_rows);
    assert_eq!(Matrix::<i64>::from_rows(vec![vec![]; 3]).unwrap().into_frame().shape(), (3, 0));
}

#[test]
fn a_frame_is_made_without_a_copy() {
    let values = vec![1i64, 2, 3];
    let pointer = values.as_ptr();
    let frame = Matrix::from_columns(vec![values]).unwrap().into_frame();
    assert_eq!(frame.columns()[0].i64().unwrap().cont_slice().unwrap().as_ptr(), pointer);
}

#[test]
fn what_does_not_fit_is_named() {
    let error = Matrix::from_rows(vec![vec![1], vec![2, 3]]).unwrap_err();
    assert_eq!(error.position().row, Some(1));
    assert!(matches!(error.kind(), ErrorKind::Ragged { expected: 1, found: 2 }));
    assert!(Matrix::from_columns(vec![vec![1.0], vec![]]).is_err());
    let check = |frame: DataFrame, expected: &str| {
        assert_eq!(Matrix::<i64>::from_frame(&frame).unwrap_err().to_string(), expected);
    };
    check(
        df!["a" => [Some(1i64), None]].unwrap(),
        "row 1, column \"a\": there is no value, and a matrix has no gaps",
    );
    check(df!["a" => [1.5]].unwrap(), "column \"a\" holds f64, and i64 is wanted");
    check(df!["a" => ["1"]].unwrap(), "column \"a\" holds str, and i64 is wanted");
    check(df!["a" => [u64::MAX]].unwrap(), "column \"a\" holds u64, and i64 is wanted");
    assert!(Matrix::<f64>::from_frame(&df!["a" => [(1i64 << 53) + 1]].unwrap()).is_err());
    assert!(Matrix::<f64>::from_frame(&df!["a" => [i64::MAX]].unwrap()).is_err());
    assert_eq!(Matrix::<f64>::from_frame(&df!["a" => [7u8]].unwrap()).unwrap().get(0, 0), Some(7.0));
    let matrix = Matrix::from_columns(vec![vec![1], vec![2]]).unwrap();
    assert!(matrix.clone().into_frame_named(["a"]).is_err());
    assert!(matrix.into_frame_named(["a", "a"]).is_err());
}

#[test]
fn generated_numbers_are_pinned() {
    let matrix = Matrix::generate(&options(4, 3, 0, 10, 100)).unwrap();
    assert_eq!(rows(&matrix), PINNED);
    let wide = Matrix::generate(&options(1, 2, i64::MIN, i64::MAX, 1)).unwrap();
    assert_eq!(rows(&wide), PINNED_WIDE);
    let large = Matrix::generate(&options(200_000, 5, 0, 10, 100)).unwrap();
    assert_eq!(rows(&large)[..4].iter().map(|row| row[..3].to_vec()).collect::<Vec<_>>(), PINNED);
    let sums: Vec<i64> = (0..5).map(|column| large.column(column).unwrap().iter().sum()).collect();
    assert_eq!(sums, PINNED_SUMS);
}

const PINNED: [[i64; 3]; 4] = [[5, 0, 3], [6, 7, 8], [3, 5, 7], [9, 2, 5]];
const PINNED_WIDE: [[i64; 2]; 1] = [[-1798822005892182608, 6491633567518797286]];
const PINNED_SUMS: [i64; 5] = [902158, 903044, 900082, 900833, 900373];

#[test]
fn threads_do_not_change_what_is_generated() {
    let options = options(150_000, 3, -5, 1_000_003, 7);
    let expected = Matrix::generate(&options).unwrap();
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| Matrix::generate(&options).unwrap()), expected, "{threads} threads");
    }
}

#[test]
fn every_number_of_the_range_is_drawn_evenly() {
    let matrix = Matrix::generate(&options(100_000, 1, -3, 4, 1)).unwrap();
    let mut counts = [0u32; 7];
    matrix.column(0).unwrap().iter().for_each(|value| counts[(value + 3) as usize] += 1);
    // 100,000 / 7 = 14,286; six standard deviations are 664.
    assert!(counts.iter().all(|count| count.abs_diff(14_286) < 664), "{counts:?}");
    // Half of all draws are rejected for this range.
    let high = (1i64 << 62) + 1;
    let matrix = Matrix::generate(&options(10_000, 1, i64::MIN / 2, high, 1)).unwrap();
    let below = matrix.column(0).unwrap().iter().filter(|value| **value < 0).count();
    assert!(below.abs_diff(5_000) < 300, "{below}");
}

#[test]
fn impossible_matrices_are_refused() {
    let check = |options: MatrixOptions, expected: &str| {
        let error = Matrix::generate(&options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(options(1, 1, 3, 3, 0), "high: it must be greater than low; 3 is not greater than 3");
    check(options(1, 1, 4, 3, 0), "high: it must be greater than low");
    check(options(usize::MAX, 2, 0, 1, 0), "does not fit into memory");
    check(options(1 << 40, 1 << 20, 0, 1, 0), "does not fit into memory");
    assert_eq!(Matrix::generate(&options(0, 3, 0, 1, 0)).unwrap().into_frame().shape(), (0, 3));
    assert_eq!(Matrix::generate(&options(3, 0, 0, 1, 0)).unwrap().into_frame().shape(), (3, 0));
}
