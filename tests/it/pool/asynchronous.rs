//! `apply_async`, `map_async`, `starmap_async` and what they leave in the caller's hand.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use parrow::PoolError;

use super::pool;

/// A call that waits until the sender is used or dropped.
fn gate() -> (Sender<()>, impl FnOnce() + Send + 'static) {
    let (open, wait): (_, Receiver<()>) = channel();
    (open, move || {
        let _ = wait.recv();
    })
}

#[test]
fn results_can_be_fetched_in_any_order() {
    let pool = pool(2);
    let mut results: Vec<_> = (0..100).map(|x| pool.apply_async(move || x * x).unwrap()).collect();
    for x in (0..100).rev() {
        assert_eq!(results.pop().unwrap().get().unwrap(), x * x);
    }
    assert_eq!(pool.map_async(0..50, |x| x + 1).unwrap().get().unwrap(), (1..51).collect::<Vec<_>>());
    let pairs = (0..50).map(|x| (x, 1));
    let sums = pool.starmap_async(pairs, |a: i32, b: i32| a + b).unwrap();
    assert_eq!(sums.get().unwrap(), (1..51).collect::<Vec<_>>());
    assert!(
        pool.try_starmap_async([(1, 0)], |a: i32, b: i32| a.checked_div(b).ok_or(())).unwrap().get().is_err()
    );
}

#[test]
fn queued_calls_begin_in_order() {
    let pool = pool(1);
    let seen = Arc::new(Mutex::new(Vec::new()));
    for call in 0..50 {
        let seen = seen.clone();
        drop(pool.apply_async(move || seen.lock().unwrap().push(call)).unwrap());
    }
    pool.close();
    pool.join().unwrap();
    assert_eq!(*seen.lock().unwrap(), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_callback_fires_once_with_the_whole_list() {
    let pool = pool(2);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (open, closed) = gate();
    let held = [pool.apply_async(closed).unwrap(), pool.apply_async(|| ()).unwrap()];
    let (hear, misheard) = (heard.clone(), heard.clone());
    let result = pool
        .map_async(0..10, |x| x * x)
        .unwrap()
        .on_success(move |list: &Vec<i32>| hear.lock().unwrap().push(list.clone()))
        .on_error(move |_| misheard.lock().unwrap().push(Vec::new()));
    drop(open);
    let list = result.get().unwrap();
    assert_eq!(*heard.lock().unwrap(), [list], "it has fired when the result is there");
    for call in held {
        call.get().unwrap();
    }
}

#[test]
fn a_callback_does_not_fire_on_failure_and_the_error_callback_does_once() {
    let pool = pool(2);
    let (good, bad) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let count = |result: parrow::AsyncResult<Vec<u32>, &'static str>| {
        let (good, bad) = (good.clone(), bad.clone());
        result
            .on_success(move |_| {
                good.fetch_add(1, Ordering::SeqCst);
            })
            .on_error(move |error| bad.lock().unwrap().push(error.to_string()))
    };
    let failing = |x: u32| if x == 3 { Err("three") } else { Ok(x) };
    let early = count(pool.try_map_async(0..10, failing).unwrap());
    assert_eq!(early.get().unwrap_err().into_returned(), Some("three"), "get still gives the error");
    assert_eq!(*bad.lock().unwrap(), ["item 3: three"]);
    let late = pool.try_map_async(0..10, failing).unwrap();
    late.wait();
    let late = count(late);
    assert_eq!(*bad.lock().unwrap(), ["item 3: three", "item 3: three"], "a late one fires at once");
    assert_eq!(late.get().unwrap_err().index(), Some(3));
    assert_eq!(good.load(Ordering::SeqCst), 0);
}

#[test]
fn a_callback_that_panics_is_the_result() {
    let pool = pool(1);
    for late in [false, true] {
        let (open, closed) = gate();
        let held = pool.apply_async(closed).unwrap();
        let mut result = pool.apply_async(|| 1).unwrap();
        if late {
            drop(open);
            result.wait();
            result = result.on_success(|_| panic!("heard wrong"));
        } else {
            result = result.on_success(|_| panic!("heard wrong"));
            drop(open);
        }
        result.wait();
        assert_eq!(result.successful(), Some(false));
        let error = result.get().unwrap_err();
        assert_eq!(error.to_string(), "the callback panicked: heard wrong");
        held.get().unwrap();
    }
}

#[test]
fn a_timeout_comes_after_about_that_time_and_the_result_later() {
    let pool = pool(1);
    let (open, closed) = gate();
    let mut result = pool.apply_async(closed).unwrap();
    let start = Instant::now();
    let timeout = Duration::from_millis(50);
    assert!(matches!(result.get_timeout(timeout), Err(PoolError::TimedOut)));
    assert!((timeout..timeout * 6).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert!(!result.wait_timeout(Duration::ZERO));
    assert!(!result.ready());
    assert_eq!(result.successful(), None);
    drop(open);
    result.get_timeout(Duration::MAX).unwrap();
    assert!(result.ready());
    assert_eq!(result.successful(), Some(true));
    assert!(matches!(result.get(), Err(PoolError::Taken)));
}

#[test]
fn a_result_is_a_future() {
    /// Wakes by sending.
    struct Bell(Mutex<Sender<()>>);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.lock().unwrap().send(());
        }
    }
    let pool = pool(1);
    let (ring, rung) = channel();
    let waker = Waker::from(Arc::new(Bell(Mutex::new(ring))));
    let mut context = Context::from_waker(&waker);
    let (open, closed) = gate();
    let held = pool.apply_async(closed).unwrap();
    let answer = pool.apply_async(|| 42).unwrap();
    let mut future = pin!(async move { answer.await.unwrap() + held.await.map(|()| 1).unwrap() });
    let mut poll = |future: &mut Pin<&mut _>| Future::poll(Pin::as_mut(future), &mut context);
    assert!(poll(&mut future).is_pending());
    drop(open);
    let value = loop {
        rung.recv_timeout(Duration::from_secs(10)).unwrap();
        if let Poll::Ready(value) = poll(&mut future) {
            break value;
        }
    };
    assert_eq!(value, 43);
}
