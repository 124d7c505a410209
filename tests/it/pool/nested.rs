//! Calls that call the pool again.

use std::time::Duration;

use super::pool;

#[test]
fn map_inside_map_does_not_deadlock() {
    for n_threads in [1, 2, 8] {
        for chunk_size in [1, 4] {
            let pool = pool(n_threads);
            let outer = pool.chunk_size(chunk_size);
            let sums = outer
                .map(0..32_u64, |x| {
                    let inner =
                        outer.map(0..32, |y| pool.map(0..3, |z| x + y + z).unwrap().iter().sum::<u64>());
                    inner.unwrap().iter().sum::<u64>()
                })
                .unwrap();
            let serial = (0..32).map(|x| (0..32).map(|y| 3 * (x + y) + 3).sum::<u64>());
            assert_eq!(sums, serial.collect::<Vec<_>>());
        }
    }
}

#[test]
fn an_iterator_may_call_the_pool_that_pulls_it() {
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads).chunk_size(2);
        let items = (0..40_u64).map(|x| pool.map(0..10, |y| x * y).unwrap().len() as u64 * x);
        let found = pool.map(items, |x| pool.apply(|| x + 1).unwrap()).unwrap();
        assert_eq!(found, (0..40).map(|x| 10 * x + 1).collect::<Vec<_>>());
    }
}

#[test]
fn a_worker_that_waits_for_an_asynchronous_call_does_not_hold_it_up() {
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads);
        let inside = pool.clone();
        let outer = pool.map_async(0..16_u64, move |x| {
            let call = inside.apply_async(move || x + 1).unwrap();
            let list = inside.map_async(0..4, move |y| x * y).unwrap();
            call.get().unwrap() + list.get().unwrap().iter().sum::<u64>()
        });
        let expected: Vec<u64> = (0..16).map(|x| x + 1 + 6 * x).collect();
        assert_eq!(outer.unwrap().get_timeout(Duration::from_secs(20)).unwrap(), expected);
    }
}

#[test]
fn lazy_calls_inside_of_calls_get_on() {
    for n_threads in [1, 2, 8] {
        let pool = pool(n_threads).look_ahead(4);
        let sums = pool
            .map(0..8_u64, |x| {
                let lazy = pool.imap(0..20_u64, move |y| x * y).unwrap();
                let scoped =
                    pool.scope(|scope| scope.imap(0..20_u64, |y| x + y).map(Result::unwrap).sum::<u64>());
                lazy.map(Result::unwrap).sum::<u64>() + scoped.unwrap()
            })
            .unwrap();
        assert_eq!(sums, (0..8).map(|x| 190 * x + 20 * x + 190).collect::<Vec<_>>());
    }
}

#[test]
fn a_pool_may_call_another_one_and_back() {
    let (first, second) = (pool(1), pool(1));
    let found = first.map(0..10, |x| second.map(0..10, |y| first.apply(|| x * y).unwrap()).unwrap().len());
    assert_eq!(found.unwrap(), [10; 10]);
}

#[test]
fn queued_calls_of_a_closed_pool_may_call_it() {
    let pool = pool(2);
    let inside = pool.clone();
    let call = pool.apply_async(move || {
        std::thread::sleep(Duration::from_millis(5));
        inside.map(0..5, |x| x).unwrap().len()
    });
    pool.close();
    pool.join().unwrap();
    assert_eq!(call.unwrap().get().unwrap(), 5);
}
