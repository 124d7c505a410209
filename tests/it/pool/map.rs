//! `map` and its kin give what the plain loop gives.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parrow::ErrorKind;
use parrow::Pool;

use super::pool;

#[test]
fn apply_is_one_call_on_a_worker() {
    let pool = Pool::builder().threads(2).name("hands").build().unwrap();
    let text = String::from("borrowed");
    assert_eq!(pool.apply(|| text.len()).unwrap(), 8);
    let name = pool.apply(|| std::thread::current().name().map(str::to_owned)).unwrap();
    assert!(name.unwrap().starts_with("hands-"));
}

#[test]
fn map_and_starmap_at_chunk_size_20_equal_the_plain_loop() {
    let serial: Vec<i64> = (0..100).map(|x| x * x).collect();
    for n_threads in [1, 2, 4] {
        let pool = pool(n_threads);
        assert_eq!(pool.map(0..100_i64, |x| x * x).unwrap(), serial);
        assert_eq!(pool.chunk_size(20).map(0..100_i64, |x| x * x).unwrap(), serial);
        let pairs: Vec<(i64, i64)> = (0..100).map(|x| (x, x)).collect();
        assert_eq!(pool.starmap(pairs.clone(), |a: i64, b: i64| a * b).unwrap(), serial);
        assert_eq!(pool.chunk_size(20).starmap(pairs, |a: i64, b: i64| a * b).unwrap(), serial);
    }
}

#[test]
fn any_length_chunk_size_and_number_of_workers_gives_the_plain_loop() {
    for n_threads in [1, 2, 3, 8] {
        let pool = pool(n_threads);
        for n_items in [0, 1, 2, 19, 20, 21, 1_000, 50_000_u64] {
            let serial: Vec<String> = (0..n_items).map(|x| x.to_string()).collect();
            // Neither the vector nor the filter knows more of its length than the other.
            let known: Vec<u64> = (0..n_items).collect();
            assert_eq!(pool.map(known, |x| x.to_string()).unwrap(), serial);
            let filtered = (0..n_items * 2).filter(|x| x % 2 == 0);
            assert_eq!(pool.map(filtered, |x| (x / 2).to_string()).unwrap(), serial);
            let unknown = std::iter::successors(Some(0), |x| Some(x + 1)).take_while(|x| *x < n_items);
            assert_eq!(pool.map(unknown, |x| x.to_string()).unwrap(), serial);
            for chunk_size in [1, 7, 20, usize::MAX / 2] {
                if n_items / chunk_size as u64 <= 1_000 {
                    let found = pool.chunk_size(chunk_size).map(0..n_items, |x| x.to_string()).unwrap();
                    assert_eq!(found, serial);
                }
            }
        }
    }
}

#[test]
fn empty_input_returns_at_once_for_all_six() {
    let pool = pool(2);
    let none = Vec::<(u8, u8)>::new;
    assert!(pool.map(none(), |x| x).unwrap().is_empty());
    assert!(pool.starmap(none(), |a: u8, b: u8| a + b).unwrap().is_empty());
    assert!(pool.imap(none(), |x| x).unwrap().next().is_none());
    assert!(pool.imap_unordered(none(), |x| x).unwrap().next().is_none());
    assert!(pool.map_async(none(), |x| x).unwrap().get().unwrap().is_empty());
    assert!(pool.starmap_async(none(), |a: u8, b: u8| a + b).unwrap().get().unwrap().is_empty());
}

#[test]
fn no_workers_or_too_many_are_refused() {
    for n_threads in [0, (1 << 16) + 1] {
        let error = Pool::new(n_threads).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidOption { option: "threads", .. }), "{error}");
    }
}

#[test]
fn few_slow_calls_all_begin_at_once() {
    let pool = pool(4);
    let nap = Duration::from_millis(60);
    let start = Instant::now();
    pool.map(0..4, |_| std::thread::sleep(nap)).unwrap();
    assert!(start.elapsed() < 2 * nap, "{:?}", start.elapsed());
}

#[test]
fn each_item_is_called_once_and_no_more_calls_run_than_there_are_workers() {
    let (calls, running, most) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let workers = Mutex::new(BTreeSet::new());
    let pool = pool(3);
    let call = |_| {
        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        calls.fetch_add(1, Ordering::SeqCst);
        workers.lock().unwrap().insert(std::thread::current().name().unwrap().to_owned());
        std::thread::sleep(Duration::from_micros(500));
        running.fetch_sub(1, Ordering::SeqCst);
    };
    // Two threads ask at the same time.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| pool.map(0..50, call).unwrap());
        }
    });
    assert_eq!(calls.into_inner(), 100);
    assert!(most.into_inner() <= 3);
    assert!(workers.into_inner().unwrap().iter().all(|name| name.starts_with("parrow-pool-")));
}

#[test]
fn items_need_not_cross_threads() {
    let made = (0..10_000_u32).map(std::rc::Rc::new);
    assert_eq!(pool(2).map(made, |item| *item).unwrap(), (0..10_000).collect::<Vec<_>>());
}
