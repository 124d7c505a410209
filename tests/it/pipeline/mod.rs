//! From inputs to an output in one call.

mod faults;
mod formats;
mod narrow;
#[cfg(unix)]
mod once;
mod pages;
mod retry;
mod stream;

use std::path::Path;

use parrow::pipeline::{ColumnSelection, Destination, Keep, Pipeline, RowOrder, Work};
use parrow::polars::prelude::*;
use parrow::row::Typed;
use parrow::script::{SqlExpressions, SqlPredicate};
use parrow::table::{Input, MatrixOptions, Output, WriteOptions};
use parrow::{ApplyOptions, CancellationToken, ErrorKind, OnError, RowFailure};

/// A folder with `in.csv`: the numbers 0 to 9 as `n`.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..10).map(|n| format!("{n}\n")).collect();
    std::fs::write(folder.path().join("in.csv"), format!("n\n{rows}")).unwrap();
    folder
}

fn pipeline<'f>(folder: &Path, work: Work<'f>) -> Pipeline<'f> {
    let output = Output::Path(folder.join("out.csv"));
    let destination = Destination::Output(output, WriteOptions::default());
    Pipeline::new(vec![Input::Path(folder.join("in.csv"))], work, destination)
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_closure_that_panics_names_file_line_and_row_of_the_input() {
    let folder = place();
    let fussy = || Typed::new("n", |n: i64| if n == 7 { panic!("seven") } else { n * 2 });
    let run = |on_error| {
        pipeline(folder.path(), Work::rows(fussy()))
            .filter(SqlPredicate::parse("n > 3").unwrap())
            .apply(ApplyOptions::builder().on_error(on_error).build().unwrap())
            .run()
    };
    let error = run(OnError::Fail).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Row { cause: RowFailure::Panicked, .. }));
    assert_eq!((error.position().row, error.position().line), (Some(7), Some(9)));
    assert_eq!(files(folder.path()), 1);

    let summary = run(OnError::Skip).unwrap();
    assert_eq!((summary.n_rows_read, summary.n_rows_written), (10, 5));
    assert_eq!((summary.faults.n_rows(), summary.first_failures[0].position().row), (1, Some(7)));
    let text = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(text, "n,result\n4,8\n5,10\n6,12\n8,16\n9,18\n");
}

#[test]
fn a_cancelled_run_leaves_nothing() {
    let folder = place();
    let token = CancellationToken::new();
    let cancelling = Typed::new("n", |n: i64| {
        token.cancel();
        n
    });
    let options = ApplyOptions::builder().cancellation(token.clone()).chunk_rows(1).build().unwrap();
    let error = pipeline(folder.path(), Work::rows(cancelling)).apply(options).run().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled));
    assert_eq!(files(folder.path()), 1);
}

#[test]
fn columns_as_a_whole() {
    let folder = place();
    let work =
        Work::columns(ColumnSelection::Numeric, |column: &Series| Ok(Scalar::from(column.len() as u64)));
    let summary = pipeline(folder.path(), work).head(3).run().unwrap();
    assert_eq!((summary.n_rows_read, summary.n_rows_written), (10, 1));

    let work = Work::columns(ColumnSelection::Numeric, |_: &Series| panic!("no"));
    let error = pipeline(folder.path(), work).run().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Row { cause: RowFailure::Panicked, .. }));
}

#[test]
fn a_preview_has_the_first_and_the_last_rows() {
    let matrix = MatrixOptions { rows: 100, columns: 2, low: 0, high: 10, seed: 1 };
    let work = Work::rows(SqlExpressions::parse(["column_1 + column_2 AS s"]).unwrap());
    let destination = Destination::Preview { n_first: 3, n_last: 2 };
    let summary = Pipeline::generate(matrix, work, destination).keep(Keep::New).run().unwrap();
    let preview = summary.preview.unwrap();
    assert_eq!((preview.first.height(), preview.last.height(), preview.n_rows), (3, 2, 100));
    assert_eq!(preview.first.get_column_names(), ["s"]);
}

/// Hears how a run stands.
#[derive(Default)]
struct Heard(std::sync::Mutex<Vec<parrow::RunStatus>>);

impl parrow::Progress for Heard {
    fn advance(&self, _: u64) {}

    fn status(&self, status: &parrow::RunStatus) {
        self.0.lock().unwrap().push(*status);
    }
}

#[test]
fn the_last_figures_are_those_of_the_summary() {
    let folder = place();
    let n_bytes = std::fs::metadata(folder.path().join("in.csv")).unwrap().len();
    let fussy = || Typed::new("n", |n: i64| if n == 7 { Err("seven") } else { Ok(n * 2) });
    for (head, order) in [(None, RowOrder::Input), (None, RowOrder::Finished), (Some(8), RowOrder::Input)] {
        let heard = std::sync::Arc::new(Heard::default());
        let options = ApplyOptions::builder()
            .on_error(OnError::Skip)
            .progress(heard.clone())
            .threads(2)
            .build()
            .unwrap();
        let run = pipeline(folder.path(), Work::rows(fussy())).apply(options);
        let summary = run.head(head).order(order).piece_bytes(4).run().unwrap();
        let heard = heard.0.lock().unwrap();
        let last = heard.last().unwrap();
        assert_eq!(last.n_rows, summary.n_rows_read);
        assert_eq!((last.n_rows_in_all, last.n_faults), (Some(summary.n_rows_read), 1));
        assert_eq!((last.n_bytes, last.n_bytes_in_all), (n_bytes, Some(n_bytes)));
        let told: Vec<u64> =
            heard.iter().filter(|status| !status.is_looking).map(|status| status.n_rows).collect();
        assert!(told.is_sorted() && told.len() > 2, "{heard:?}");
    }
}
