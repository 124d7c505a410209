//! `imap` and `imap_unordered`: lazy, bounded, and in order or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parrow::{Imap, PoolError};

use super::{Living, panicking, pool};

/// Counts the items that are pulled.
fn counted() -> (Arc<AtomicU64>, impl Iterator<Item = u64> + Send + 'static) {
    let pulled = Arc::new(AtomicU64::new(0));
    let counter = pulled.clone();
    let items = (0..).inspect(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    (pulled, items)
}

/// Waits until `pulled` is this, and a little longer.
fn settle(pulled: &AtomicU64, n_items: u64) {
    let start = Instant::now();
    while pulled.load(Ordering::SeqCst) < n_items && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(pulled.load(Ordering::SeqCst), n_items);
}

#[test]
fn a_thousand_items_at_chunk_size_100_come_in_order_and_then_the_end() {
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads);
        for pool in [pool.chunk_size(100), pool.chunk_size(1), pool.clone()] {
            let mut squares = pool.imap(0..1_000_u64, |x| x * x).unwrap();
            for x in 0..1_000 {
                assert_eq!(squares.next().unwrap().unwrap(), x * x);
            }
            assert!(squares.next().is_none());
            assert!(squares.next().is_none());
        }
    }
}

#[test]
fn unordered_results_have_no_duplicates() {
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads);
        for pool in [pool.chunk_size(53), pool.chunk_size(1), pool.clone()] {
            let mut results: Vec<u64> =
                pool.imap_unordered(0..1_000, |x| x).unwrap().map(Result::unwrap).collect();
            results.sort();
            assert_eq!(results, (0..1_000).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_slow_call_holds_up_the_ordered_ones_only() {
    let pool = pool(2).chunk_size(1);
    let call = |x: u64| {
        if x == 0 {
            std::thread::sleep(Duration::from_millis(30));
        }
        x
    };
    assert_eq!(pool.imap(0..20, call).unwrap().next().unwrap().unwrap(), 0);
    assert_ne!(pool.imap_unordered(0..20, call).unwrap().next().unwrap().unwrap(), 0);
}

#[test]
fn nobody_consumes_and_exactly_the_look_ahead_is_pulled() {
    for n_threads in [1, 2, 8] {
        for (chunk_size, look_ahead) in [(1, 1), (1, 10), (4, 10), (100, 10), (3, 64)] {
            let (pulled, items) = counted();
            let pool = pool(n_threads).chunk_size(chunk_size).look_ahead(look_ahead);
            let mut results = pool.imap(items, |x| x).unwrap();
            settle(&pulled, look_ahead as u64);
            for x in 0..100 {
                assert_eq!(results.next().unwrap().unwrap(), x);
                assert!(pulled.load(Ordering::SeqCst) <= x + 1 + look_ahead as u64);
            }
        }
    }
    let (pulled, items) = counted();
    let results = pool(2).imap(items, |x| x).unwrap();
    settle(&pulled, 128);
    drop(results);
}

#[test]
fn an_endless_iterator_takes_constant_memory() {
    let (living, results) = (Living::default(), Living::default());
    let (made, most) = (living.clone(), 64);
    let pool = pool(2).look_ahead(most);
    let items = (0..).map(move |value| made.one(value));
    let kept = results.clone();
    let mut squares = pool.imap(items, move |item| kept.one(item.value * item.value)).unwrap();
    for x in 0..20_000 {
        assert_eq!(squares.next().unwrap().unwrap().value, x * x);
        assert!(living.count() + results.count() <= 2 * most);
    }
    drop(squares);
    pool.close();
    pool.join().unwrap();
    assert_eq!((living.count(), results.count()), (0, 0));
}

#[test]
fn a_failure_at_item_7_of_20_yields_what_was_before_it_and_then_the_error() {
    for n_threads in [1, 2, 8] {
        for chunk_size in [1, 3, 20] {
            let pool = pool(n_threads).chunk_size(chunk_size);
            let failing = |x: u64| if x == 7 { Err("seven") } else { Ok(x) };
            let mut results = pool.try_imap(0..20, failing).unwrap();
            let before: Vec<u64> = results.by_ref().take(7).map(Result::unwrap).collect();
            assert_eq!(before, (0..7).collect::<Vec<_>>());
            let error = results.next().unwrap().unwrap_err();
            assert_eq!((error.index(), error.into_returned()), (Some(7), Some("seven")));
            assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), (8..20).collect::<Vec<_>>());

            let mut panics = pool.imap(0..20, |x| assert!(x != 7)).unwrap();
            assert_eq!(panics.by_ref().filter_map(|result| result.failed_item()).collect::<Vec<_>>(), [7]);

            let mut unordered: Vec<_> = pool.try_imap_unordered(0..20, failing).unwrap().collect();
            unordered.sort_by_key(|result| result.as_ref().map_or(7, |x| *x));
            assert!(unordered.len() == 20 && unordered[7].is_err());
        }
    }
}

/// The index of the item that failed.
trait FailedItem {
    fn failed_item(self) -> Option<u64>;
}

impl<R> FailedItem for Result<R, PoolError> {
    fn failed_item(self) -> Option<u64> {
        self.err().map(|error| error.index().unwrap())
    }
}

#[test]
fn an_iterator_that_panics_half_way_gives_what_came_before_and_then_the_error() {
    fn check(results: Imap<'_, u64>, sorted: impl Fn(&mut Vec<u64>)) {
        let mut results: Vec<_> = results.collect();
        let error = results.pop().unwrap().unwrap_err();
        assert!(matches!(error, PoolError::ItemsPanicked { index: 7, .. }), "{error:?}");
        let mut before: Vec<u64> = results.into_iter().map(Result::unwrap).collect();
        sorted(&mut before);
        assert_eq!(before, (0..7).collect::<Vec<_>>());
    }
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads);
        for pool in [pool.chunk_size(1), pool.chunk_size(3), pool.chunk_size(20), pool.clone()] {
            check(pool.imap(panicking(7), |x| x).unwrap(), |_| {});
            check(pool.imap_unordered(panicking(7), |x| x).unwrap(), |before| before.sort());
            assert_eq!(pool.map(0..3, |x| x).unwrap(), [0, 1, 2], "the pool stays usable");
        }
    }
}

#[test]
fn in_a_scope_items_and_functions_borrow() {
    let words: Vec<String> = (0..500).map(|x| "x".repeat(x)).collect();
    let extra = 1;
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads);
        let total = pool
            .scope(|scope| {
                let ordered = scope.imap(&words, |word| word.len() + extra).map(Result::unwrap);
                assert!(ordered.enumerate().all(|(index, length)| length == index + 1));
                // One that is not consumed to its end does not hold up the scope.
                drop(scope.imap(0_usize.., |x| x).nth(5));
                std::mem::forget(scope.imap(0_usize.., |x| x));
                scope.imap_unordered(&words, |word| word.len()).map(Result::unwrap).sum::<usize>()
            })
            .unwrap();
        assert_eq!(total, 500 * 499 / 2);
    }
}
