//! `close`, `join`, `terminate`, and dropping a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use parrow::PoolError;

use super::{Living, pool};

#[test]
fn use_after_close_is_an_error_for_every_call() {
    for terminated in [false, true] {
        let pool = pool(2);
        match terminated {
            true => pool.terminate(),
            false => pool.close(),
        }
        for joined in [false, true] {
            if joined {
                pool.join().unwrap();
            }
            let errors = [
                pool.apply(|| ()).unwrap_err(),
                pool.map([1], |x| x).unwrap_err(),
                pool.starmap([(1,)], |x: i32| x).unwrap_err(),
                pool.map_all([1], |x| x).unwrap_err(),
                pool.imap([1], |x| x).unwrap_err(),
                pool.imap_unordered([1], |x| x).unwrap_err(),
                pool.scope(|_| ()).unwrap_err(),
                pool.apply_async(|| ()).unwrap_err(),
                pool.map_async([1], |x| x).unwrap_err(),
                pool.starmap_async([(1,)], |x: i32| x).unwrap_err(),
            ];
            for error in errors {
                assert!(matches!(error, PoolError::Closed), "{error:?}");
            }
        }
    }
}

#[test]
fn close_and_join_wait_for_what_is_queued() {
    let pool = pool(2);
    let done = Arc::new(AtomicUsize::new(0));
    let counter = done.clone();
    let calls = pool.chunk_size(1).map_async(0..40, move |x| {
        std::thread::sleep(Duration::from_millis(1));
        counter.fetch_add(1, Ordering::SeqCst);
        x
    });
    let calls = calls.unwrap();
    assert!(matches!(pool.join(), Err(PoolError::StillOpen)));
    pool.close();
    pool.join().unwrap();
    assert_eq!(done.load(Ordering::SeqCst), 40);
    assert!(calls.ready());
    assert_eq!(calls.get().unwrap(), (0..40).collect::<Vec<_>>());
    pool.join().unwrap();
}

#[test]
fn a_worker_can_not_join_its_own_pool() {
    let pool = pool(1);
    let inside = pool.clone();
    let result = pool.apply(move || {
        inside.close();
        inside.join().unwrap_err()
    });
    assert!(matches!(result.unwrap(), PoolError::JoinedByWorker));
}

#[test]
fn ten_thousand_queued_sleeps_are_terminated_quickly() {
    let start = Instant::now();
    let living = Living::default();
    let pool = pool(2);
    let sleeps: Vec<_> = (0..5_000)
        .map(|value| {
            let held = living.one(value);
            pool.apply_async(move || {
                std::thread::sleep(Duration::from_millis(20));
                drop(held);
            })
            .unwrap()
        })
        .collect();
    let map = pool.chunk_size(100).map_async(0..5_000, |_| std::thread::sleep(Duration::from_millis(20)));
    let map = map.unwrap();
    pool.terminate();
    // What is queued is dropped at once: nobody waits for the two that run.
    assert!(living.count() <= 2);
    pool.join().unwrap();
    assert_eq!(living.count(), 0);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(matches!(map.get(), Err(PoolError::Terminated)));
    let dropped = sleeps.into_iter().map(|sleep| sleep.get()).filter(Result::is_err).count();
    assert!(dropped > 4_000, "{dropped}");
}

#[test]
fn terminate_stops_what_runs_between_items_and_the_token_within() {
    let pool = pool(2);
    let (started, has_started) = channel();
    let token = pool.cancellation_token();
    let calls = pool.map_async(0..1_000, move |item| {
        let _ = started.send(item);
        let start = Instant::now();
        while !token.is_cancelled() && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let calls = calls.unwrap();
    has_started.recv().unwrap();
    has_started.recv().unwrap();
    let start = Instant::now();
    pool.terminate();
    pool.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(matches!(calls.get(), Err(PoolError::Terminated)));
    assert_eq!(has_started.try_iter().count(), 0, "no further item was begun");
}

#[test]
fn terminate_ends_waiting_and_lazy_calls() {
    let pool = pool(2);
    std::thread::scope(|scope| {
        let calls = scope.spawn(|| pool.map(0.., |_: u64| std::thread::sleep(Duration::from_millis(1))));
        let mut lazy = pool.imap(0_u64.., |x| x).unwrap();
        assert_eq!(lazy.next().unwrap().unwrap(), 0);
        std::thread::sleep(Duration::from_millis(5));
        pool.terminate();
        assert!(matches!(calls.join().unwrap(), Err(PoolError::Terminated)));
        let mut expected = 1;
        let error = loop {
            match lazy.next().unwrap() {
                Ok(value) => assert_eq!(value, expected),
                Err(error) => break error,
            }
            expected += 1;
        };
        assert!(matches!(error, PoolError::Terminated), "{error:?}");
        assert!(lazy.next().is_none());
    });
    pool.join().unwrap();
}

#[test]
fn lazy_calls_of_a_joined_pool_end_with_an_error() {
    let pool = pool(2).look_ahead(4);
    let mut lazy = pool.imap(0_u64.., |x| x).unwrap();
    pool.close();
    pool.join().unwrap();
    let results: Vec<_> = lazy.by_ref().collect();
    assert_eq!(results.len(), 5);
    assert!(matches!(results.last(), Some(Err(PoolError::Closed))));
}

#[test]
fn a_dropped_pool_finishes_its_work_in_the_background() {
    let living = Living::default();
    let start = Instant::now();
    let pool = pool(1);
    let results: Vec<_> = (0..10)
        .map(|value| {
            let held = living.one(value);
            pool.apply_async(move || {
                std::thread::sleep(Duration::from_millis(5));
                held.value
            })
            .unwrap()
        })
        .collect();
    drop(pool);
    assert!(start.elapsed() < Duration::from_millis(45), "dropping does not wait");
    let values: Vec<u64> = results.into_iter().map(|result| result.get().unwrap()).collect();
    assert_eq!(values, (0..10).collect::<Vec<_>>());
    while living.count() > 0 {
        assert!(start.elapsed() < Duration::from_secs(5), "calls are dropped when they are over");
        std::thread::yield_now();
    }
}
