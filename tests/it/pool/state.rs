//! What the initializer makes for each worker.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parrow::{ErrorKind, Pool};

#[test]
fn each_worker_has_one_state_made_before_its_first_call() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let builder = Pool::builder().threads(3).initializer(move |worker| {
        counter.fetch_add(1, Ordering::SeqCst);
        (worker, 0_usize)
    });
    let pool = builder.build().unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 3);
    let seen = pool
        .map(0..300, |_| {
            std::thread::sleep(Duration::from_micros(100));
            pool.with_state(|(worker, calls)| {
                *calls += 1;
                let name = std::thread::current().name().unwrap().to_owned();
                assert_eq!(name, format!("parrow-pool-{worker}"));
                (*worker, *calls)
            })
        })
        .unwrap();
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), 300, "a state counts every call once");
    assert_eq!(made.load(Ordering::SeqCst), 3);
    let token = Arc::downgrade(&made);
    pool.close();
    pool.join().unwrap();
    drop((pool, made));
    assert!(token.upgrade().is_none(), "a pool that is gone keeps nothing");
}

#[test]
fn a_state_may_be_in_use_while_its_worker_takes_up_another_call() {
    let pool = Pool::builder().threads(1).initializer(|_| 0_u32).build().unwrap();
    let sums = pool.map(0..4, |_| {
        pool.with_state(|outer| {
            *outer += 1;
            pool.map(0..4, |_| pool.with_state(|inner| *inner += 1)).unwrap();
            *outer
        })
    });
    assert_eq!(sums.unwrap().len(), 4);
}

#[test]
fn a_state_that_a_call_panicked_with_is_not_used_again() {
    let pool = Pool::builder().threads(1).initializer(|_| Vec::new()).build().unwrap();
    pool.map(0..3, |x| pool.with_state(|list| list.push(x))).unwrap();
    let spoil = |list: &mut Vec<i32>| {
        list.push(3);
        panic!("half done")
    };
    pool.apply(|| pool.with_state(spoil)).unwrap_err();
    assert_eq!(pool.apply(|| pool.with_state(|list| list.len())).unwrap(), 0);
}

#[test]
fn an_initializer_that_panics_is_an_error_and_not_a_pool() {
    let builder =
        Pool::builder().threads(2).initializer(|worker| assert!(worker != 1, "no state for {worker}"));
    let error = builder.build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidOption { option: "initializer", .. }));
    assert_eq!(error.to_string(), "initializer: worker 1 panicked: no state for 1");
}
