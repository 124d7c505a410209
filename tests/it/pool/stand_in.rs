//! A `map` of many items begins on the thread that waits for it, which takes the place of a worker.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use parrow::{Pool, PoolError};

const N_ITEMS: u64 = 100_000;

/// Counts how many are inside at once.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Crowd {
    fn visit(&self, stay: Duration) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        thread::sleep(stay);
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn the_thread_that_waits_makes_the_first_calls() {
    let pool = Pool::new(2).unwrap();
    let here = thread::current().id();
    let elsewhere = pool.map(0..4096, |_| thread::current().id() != here).unwrap();
    // How many more stay here depends on what they cost, which on a busy machine may be anything.
    assert!(!elsewhere[0]);
    let few = pool.map(0..10, |_| thread::current().id() != here).unwrap();
    assert!(few.iter().all(|elsewhere| *elsewhere));
}

#[test]
fn calls_that_are_worth_it_are_shared() {
    let pool = Pool::new(2).unwrap();
    let here = thread::current().id();
    let elsewhere = pool.map(0..4096, |_| {
        thread::sleep(Duration::from_micros(20));
        thread::current().id() != here
    });
    let n_elsewhere = elsewhere.unwrap().into_iter().filter(|elsewhere| *elsewhere).count();
    assert!((1..4096).contains(&n_elsewhere), "{n_elsewhere}");
}

#[test]
fn no_more_calls_run_at_once_than_there_are_workers() {
    for n_workers in [1, 2, 3] {
        let pool = Pool::new(n_workers).unwrap();
        let crowd = Crowd::default();
        let begun = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                pool.map(0..5000_u32, |item| {
                    if item == 0 {
                        begun.wait();
                    }
                    crowd.visit(Duration::from_micros(20));
                })
                .unwrap();
            });
            begun.wait();
            for _ in 0..3 {
                scope.spawn(|| pool.map(0..20, |_| crowd.visit(Duration::from_millis(1))).unwrap());
                scope.spawn(|| pool.apply(|| crowd.visit(Duration::from_millis(1))).unwrap());
                scope.spawn(|| {
                    pool.scope(|scope| scope.imap(0..20, |_| crowd.visit(Duration::from_millis(1))).count())
                        .unwrap();
                });
            }
        });
        let most = crowd.most.load(Ordering::SeqCst);
        assert!(most <= n_workers, "{most} calls at once on {n_workers} workers");
    }
}

#[test]
fn nested_calls_of_every_kind_come_to_their_end() {
    for n_workers in [1, 2, 8] {
        let pool = Pool::new(n_workers).unwrap();
        let sums = pool.map(0..5000_u64, |item| {
            if item % 1000 != 0 {
                return item;
            }
            let inner: u64 = pool.map(0..10_u64, |x| x).unwrap().iter().sum();
            let many: u64 = pool.map(0..5000_u64, |x| x).unwrap().iter().sum();
            let one = pool.apply(|| item).unwrap();
            let queued = pool.apply_async(move || item).unwrap();
            let listed = pool.map_async(0..10_u64, |x| x).unwrap();
            let lazy: u64 = pool.imap(0..10_u64, |x| x).unwrap().map(Result::unwrap).sum();
            let scoped =
                pool.scope(|scope| scope.imap(0..10_u64, |x| x).map(Result::unwrap).sum::<u64>()).unwrap();
            let total = inner + many + lazy + scoped + listed.get().unwrap().iter().sum::<u64>();
            assert_eq!(total, 4 * 45 + 4999 * 5000 / 2);
            one + queued.get().unwrap() - item
        });
        assert_eq!(sums.unwrap(), (0..5000).collect::<Vec<_>>());
    }
}

#[test]
fn whatever_else_the_pool_has_to_do_is_done_meanwhile() {
    let pool = Pool::new(2).unwrap();
    let (begun, met) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            pool.map(0..N_ITEMS, |item| {
                if item == 0 {
                    begun.wait();
                    met.wait();
                }
            })
            .unwrap();
        });
        begun.wait();
        // The first call waits for this one, on the other worker.
        pool.apply(|| met.wait()).unwrap();
    });
}

#[test]
fn faults_are_told_as_ever() {
    let pool = Pool::new(2).unwrap();
    for bad in [0, 1, 17, 4095, 50_000, N_ITEMS - 1] {
        let error = pool.try_map(0..N_ITEMS, |item| if item == bad { Err("no") } else { Ok(item) });
        assert!(
            matches!(error, Err(PoolError::Returned { index: Some(index), error: "no" }) if index == bad)
        );
        let error = pool.map(0..N_ITEMS, |item| assert_ne!(item, bad)).unwrap_err();
        assert!(matches!(error, PoolError::Panicked { index: Some(index), .. } if index == bad), "{error}");
        let items = (0..N_ITEMS).inspect(|item| assert_ne!(*item, bad));
        let error = pool.map(items, |item| item).unwrap_err();
        assert!(matches!(error, PoolError::ItemsPanicked { index, .. } if index == bad), "{error}");
        let all = pool.map_all(0..N_ITEMS, |item| assert_ne!(item, bad)).unwrap();
        assert_eq!(all.iter().position(Result::is_err), Some(bad as usize));
    }
    assert_eq!(pool.map(0..N_ITEMS, |item| item).unwrap().len() as u64, N_ITEMS);
}

#[test]
fn a_pool_that_is_closed_within_a_call_still_takes_nested_ones() {
    let pool = Pool::new(1).unwrap();
    let lengths = pool.map(0..5000_u32, |item| {
        if item == 10 {
            pool.close();
            assert!(matches!(pool.join(), Err(PoolError::JoinedByWorker)));
        }
        if item >= 10 && item % 500 == 0 { pool.map(0..item, |x| x).unwrap().len() } else { 0 }
    });
    assert_eq!(lengths.unwrap()[500], 500);
    assert!(matches!(pool.map(0..5000, |x| x), Err(PoolError::Closed)));
    pool.join().unwrap();
}

#[test]
fn a_pool_that_is_terminated_within_a_call_ends_there() {
    let pool = Pool::new(2).unwrap();
    let outcome = pool.map(0..N_ITEMS, |item| {
        if item == 5 {
            pool.terminate();
        }
        thread::sleep(Duration::from_micros(10));
    });
    assert!(matches!(outcome, Err(PoolError::Terminated)));
}

#[test]
fn workers_with_a_state_make_all_calls() {
    let pool = Pool::builder().threads(2).initializer(|worker| worker).build().unwrap();
    let workers = pool.map(0..5000, |_| pool.with_state(|worker| *worker)).unwrap();
    assert!(workers.iter().all(|worker| *worker < 2));
}
