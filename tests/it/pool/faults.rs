//! Errors and panics reach whoever waits, with the item's index, and the pool goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parrow::{Error, ErrorKind, PoolError};

use super::{Living, panicking, pool};

#[test]
fn an_error_keeps_its_type_and_tells_its_item() {
    #[derive(Debug, PartialEq)]
    struct Odd(u32);
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads);
        let error = pool.try_map([2, 4, 5, 6], |x| if x % 2 == 0 { Ok(x) } else { Err(Odd(x)) }).unwrap_err();
        assert_eq!(error.index(), Some(2));
        assert_eq!(error.into_returned(), Some(Odd(5)));
        assert_eq!(pool.map([1], |x| x).unwrap(), [1], "the pool stays usable");
    }
}

#[test]
fn a_panic_keeps_its_message_and_payload() {
    let pool = pool(2);
    let error = pool.map(0..10, |x| assert!(x != 3, "three is {x}")).unwrap_err();
    assert_eq!(error.to_string(), "item 3: the function panicked: three is 3");
    let error = pool.apply(|| std::panic::panic_any(42_u8)).unwrap_err();
    assert_eq!(error.to_string(), "the function panicked: a panic without a message");
    let PoolError::Panicked { index: None, panic } = error else { panic!("{error:?}") };
    assert_eq!(panic.into_payload().downcast_ref(), Some(&42_u8));
}

#[test]
fn a_fault_becomes_an_error_of_the_library() {
    let run = || -> parrow::Result<Vec<i32>> { Ok(pool(2).try_map(["1", "x"], str::parse::<i32>)?) };
    let error: Error = run().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Pool { .. }));
    assert_eq!(error.to_string(), "item 1: invalid digit found in string");
}

#[test]
fn the_lowest_failing_item_wins_whatever_the_timing() {
    for n_threads in [1, 2, 8] {
        for chunk_size in [1, 3, 40] {
            let pool = pool(n_threads).chunk_size(chunk_size);
            for _ in 0..20 {
                let failing = |x: u64| match x {
                    // The lowest is the slowest, and one fails by panic.
                    30 => {
                        std::thread::sleep(Duration::from_micros(300));
                        Err("lowest")
                    }
                    31 => panic!("another"),
                    x if x > 31 => Err("other"),
                    x => Ok(x),
                };
                let error = pool.try_map(0..200, failing).unwrap_err();
                assert_eq!((error.index(), error.into_returned()), (Some(30), Some("lowest")));
            }
        }
    }
}

#[test]
fn fail_fast_leaves_out_what_is_above_and_run_all_does_not() {
    let pool = pool(2).chunk_size(1);
    let calls = AtomicUsize::new(0);
    let call = |x: usize| {
        calls.fetch_add(1, Ordering::SeqCst);
        if x == 5 { Err(x) } else { Ok(x) }
    };
    pool.try_map(0..10_000, call).unwrap_err();
    assert!(calls.swap(0, Ordering::SeqCst) < 5_000);

    let all = pool.try_map_all(0..10_000, call).unwrap();
    assert_eq!(calls.into_inner(), 10_000);
    for (item, result) in all.into_iter().enumerate() {
        match result {
            Ok(value) => assert!(value == item && item != 5),
            Err(error) => assert_eq!((error.index(), error.into_returned(), item), (Some(5), Some(5), 5)),
        }
    }
    let panics = pool.map_all(0..100, |x| assert!(x % 10 != 0)).unwrap();
    assert_eq!(panics.iter().filter(|result| result.is_err()).count(), 10);
}

#[test]
fn an_iterator_that_panics_half_way_is_an_error_and_the_pool_stays_usable() {
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads);
        for chunk_size in [None, Some(1), Some(3), Some(100)] {
            let pool = chunk_size.map_or_else(|| pool.clone(), |size| pool.chunk_size(size));
            let error = pool.map(panicking(10), |x| x).unwrap_err();
            assert!(matches!(error, PoolError::ItemsPanicked { index: 10, .. }), "{error:?}");
            let error = pool.map_async(panicking(10), |x| x).unwrap().get().unwrap_err();
            assert_eq!(error.panic().unwrap().message(), "no item 10");
            // A call below fails too, and it is the lower.
            let error = pool.map(panicking(10), |x| assert!(x != 4)).unwrap_err();
            assert!(matches!(error, PoolError::Panicked { index: Some(4), .. }), "{error:?}");
            assert_eq!(pool.map(0..3, |x| x).unwrap(), [0, 1, 2]);
        }
    }
}

#[test]
fn nothing_is_retained_after_results_are_taken_or_calls_failed() {
    let living = Living::default();
    for n_threads in [1, 2] {
        let pool = pool(n_threads);
        let items = || (0..1_000).map(|value| living.one(value)).collect::<Vec<_>>();
        let twice = |item: super::Counted| item.living.one(item.value * 2);

        let results = pool.map(items(), twice).unwrap();
        assert_eq!((living.count(), results.len()), (1_000, 1_000));
        drop(results);
        assert_eq!(living.count(), 0);

        let failing = move |item: super::Counted| if item.value == 500 { Err(()) } else { Ok(twice(item)) };
        assert!(pool.try_map(items(), failing).is_err());
        assert_eq!(living.count(), 0);
        drop(pool.map_async(items(), twice).unwrap().get().unwrap());
        assert!(pool.try_map_async(items(), failing).unwrap().get().is_err());
        assert_eq!(pool.imap(items(), twice).unwrap().filter(Result::is_ok).count(), 1_000);
        drop(pool.imap(items(), twice).unwrap().nth(10));
        pool.close();
        pool.join().unwrap();
        assert_eq!(living.count(), 0);
    }
}

#[test]
fn two_errors_of_a_megabyte_with_close_and_join_do_not_deadlock() {
    let pool = pool(2);
    let large = || Err::<(), _>("x".repeat(1 << 20));
    let failing = [pool.try_apply_async(large).unwrap(), pool.try_apply_async(large).unwrap()];
    pool.close();
    pool.join().unwrap();
    for result in failing {
        assert_eq!(result.get().unwrap_err().into_returned().unwrap().len(), 1 << 20);
    }
}

#[test]
fn a_value_whose_drop_panics_takes_no_worker_along() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("bomb");
            }
        }
    }
    let pool = pool(2);
    let error = pool.map(std::iter::repeat_with(|| Bomb).take(3), drop).unwrap_err();
    assert_eq!(error.index(), Some(0));
    let calls = Arc::new(AtomicUsize::new(0));
    let error = pool.try_map([1, 2, 3], |_| Err::<(), _>(())).unwrap_err();
    assert_eq!(error.index(), Some(0));
    let counter = calls.clone();
    pool.map(0..10, move |_| counter.fetch_add(1, Ordering::SeqCst)).unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 10);
}
