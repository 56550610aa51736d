//! Statics begin every execution with the value that they had before the check.

use crate::acquit;
use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::{Arc, LazyLock, Mutex, OnceLock, RwLock, thread};
use ringwright_check::{Check, FailureKind, outcome};
use std::panic::resume_unwind;

#[test]
fn a_number_under_a_static_lock() {
    static COUNT: Mutex<u32> = Mutex::new(0);
    acquit(["2"], || {
        || {
            let other = thread::spawn(|| *COUNT.lock().unwrap() += 1);
            *COUNT.lock().unwrap() += 1;
            other.join().unwrap();
            outcome(*COUNT.lock().unwrap());
        }
    });
    assert_eq!(*COUNT.lock().unwrap(), 0);
    static SHARED: RwLock<[u8; 3]> = RwLock::new([1, 2, 3]);
    acquit(["[1, 2, 3] [1, 9, 3]", "[1, 9, 3] [1, 9, 3]"], || {
        || {
            let other = thread::spawn(|| SHARED.write().unwrap()[1] = 9);
            let before = *SHARED.read().unwrap();
            other.join().unwrap();
            outcome(format!("{before:?} {:?}", SHARED.try_read().unwrap()));
        }
    });
}

#[test]
fn a_collection_under_a_static_lock_leaves_nothing() {
    static LIST: Mutex<Vec<String>> = Mutex::new(Vec::new());
    acquit(["a b", "b a"], || {
        || {
            let other = thread::spawn(|| LIST.lock().unwrap().push("a".to_owned()));
            LIST.lock().unwrap().push("b".to_owned());
            other.join().unwrap();
            outcome(LIST.lock().unwrap().join(" "));
        }
    });
    assert!(LIST.lock().unwrap().is_empty());
    static HANDLE: Mutex<Option<Arc<u32>>> = Mutex::new(None);
    acquit(["5"], || {
        || {
            *HANDLE.lock().unwrap() = Some(Arc::new(5));
            let other = thread::spawn(|| HANDLE.lock().unwrap().clone());
            outcome(other.join().unwrap().unwrap());
        }
    });
}

#[test]
fn an_execution_that_fails_or_is_abandoned_leaves_nothing() {
    static COUNT: Mutex<u32> = Mutex::new(7);
    for _ in 0..2 {
        let report = Check::new("fails").run(|| {
            let mut count = COUNT.lock().unwrap();
            assert_eq!(*count, 7);
            *count = 8;
            panic!("on purpose");
        });
        report.assert_failed(FailureKind::Panic);
        assert!(report.failure.as_ref().unwrap().message.contains("on purpose"), "{report}");
    }
    // A poisoned one too.
    acquit(["8 true"], || {
        || {
            let dies = thread::spawn(|| {
                let mut count = COUNT.lock().unwrap();
                *count += 1;
                resume_unwind(Box::new(()));
            });
            assert!(dies.join().is_err());
            outcome(format!("{} {}", COUNT.lock().unwrap_err().get_ref(), COUNT.is_poisoned()));
        }
    });
    static FLAG: AtomicU32 = AtomicU32::new(3);
    acquit(["3", "4"], || {
        || {
            let other = thread::spawn(|| FLAG.store(4, Ordering::Relaxed));
            outcome(FLAG.load(Ordering::Relaxed));
            other.join().unwrap();
        }
    });
}

#[test]
fn a_value_that_owns_memory_from_outside_is_refused() {
    static LIST: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    LIST.lock().unwrap().push(1);
    let report = Check::new("owns").run(|| LIST.lock().unwrap().push(2));
    report.assert_failed(FailureKind::Panic);
    assert!(report.failure.as_ref().unwrap().message.contains("owns memory from outside"), "{report}");
    assert_eq!(*LIST.lock().unwrap_or_else(|e| e.into_inner()), [1]);
}

#[test]
fn a_lock_inside_a_static_that_the_model_makes_goes_with_it() {
    static LIST: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(|| Mutex::new(Vec::new()));
    static NAME: LazyLock<RwLock<String>> = LazyLock::new(|| RwLock::new("a".to_owned()));
    static LATER: OnceLock<Mutex<Option<Arc<u32>>>> = OnceLock::new();
    static OUTER: Mutex<Option<Mutex<Vec<u32>>>> = Mutex::new(None);
    acquit(["1 2", "2 1"], || {
        || {
            let other = thread::spawn(|| LIST.lock().unwrap().push(1));
            LIST.lock().unwrap().push(2);
            other.join().unwrap();
            let list = LIST.lock().unwrap();
            outcome(format!("{} {}", list[0], list[1]));
        }
    });
    acquit(["ab"], || {
        || {
            thread::spawn(|| NAME.write().unwrap().push('b')).join().unwrap();
            outcome(NAME.read().unwrap().as_str());
        }
    });
    acquit(["None Some(3)"], || {
        || {
            let before = LATER.get_or_init(|| Mutex::new(None)).lock().unwrap().is_none();
            assert!(before);
            thread::spawn(|| *LATER.get().unwrap().lock().unwrap() = Some(Arc::new(3))).join().unwrap();
            outcome(format!("None {:?}", LATER.get().unwrap().lock().unwrap().as_deref()));
        }
    });
    acquit(["[1, 2]"], || {
        || {
            let mut outer = OUTER.lock().unwrap();
            assert!(outer.is_none());
            let inner = outer.insert(Mutex::new(vec![1]));
            inner.lock().unwrap().push(2);
            outcome(format!("{:?}", inner.lock().unwrap()));
        }
    });
}
