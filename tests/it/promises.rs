//! What types promise to the compiler.

use parrow::polars::prelude::DataFrame;
use parrow::{
    Applied, ApplyOptions, AsyncResult, CancellationToken, Error, Imap, Ledger, OnError, Pool, PoolError,
};

fn is_send_and_sync<T: Send + Sync>() {}
fn is_send<T: Send>() {}
fn is_small<T>(bytes: usize) {
    assert!(size_of::<T>() <= bytes, "{} bytes", size_of::<T>());
}

#[test]
fn what_crosses_threads() {
    is_send_and_sync::<Error>();
    is_send_and_sync::<ApplyOptions>();
    is_send_and_sync::<CancellationToken>();
    is_send_and_sync::<Ledger>();
    is_send_and_sync::<Pool>();
    is_send_and_sync::<PoolError<Error>>();
    is_send_and_sync::<AsyncResult<String>>();
    is_send::<Imap<'static, String>>();
    is_send_and_sync::<OnError>();
    is_send_and_sync::<parrow::processes::ProcessOptions>();
    is_send_and_sync::<parrow::processes::Finished>();
    is_send_and_sync::<parrow::worker::Worker>();
    is_send_and_sync::<Applied<DataFrame>>();
    is_send_and_sync::<Box<dyn parrow::row::RowFunction>>();
    is_send_and_sync::<Box<dyn parrow::row::Kernel>>();
}

#[test]
fn an_error_is_one_word() {
    is_small::<Error>(size_of::<usize>());
}
