//! Atomics, fences, cells, `Arc`, the heap.

use super::{acquit, convict};
use ringwright_check::door::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicPtr, AtomicU8, AtomicU16, AtomicUsize, Ordering, fence,
};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, heavy_fence, light_fence, thread};
use ringwright_check::{FailureKind, outcome};
use std::hint::black_box;

/// A cell that several threads touch, rightly or not.
pub(super) struct Shared(UnsafeCell<u32>);

// SAFETY: whether accesses are ordered is what the models ask.
unsafe impl Sync for Shared {}

impl Shared {
    pub(super) fn new(n: u32) -> Shared {
        Shared(UnsafeCell::new(n))
    }

    pub(super) fn set(&self, n: u32) {
        // SAFETY: the explorer stops an execution before it races.
        self.0.with_mut(|p| unsafe { *p = n });
    }

    pub(super) fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|p| unsafe { *p })
    }
}

#[test]
fn narrow_numbers_wrap() {
    acquit(
        || {
            // Relaxed, all of them: one thread.
            let order = Ordering::Relaxed;
            let (a, b) = (AtomicU8::new(255), AtomicU16::new(0));
            let (c, d) = (AtomicI8::new(i8::MAX), AtomicI16::new(i16::MIN));
            a.fetch_add(1, order);
            b.fetch_sub(1, order);
            c.fetch_add(1, order);
            d.fetch_sub(1, order);
            assert_eq!(AtomicI8::new(-1).fetch_max(1, order), -1);
            outcome(format!("{} {} {} {}", a.load(order), b.load(order), c.load(order), d.load(order)));
        },
        ["0 65535 -128 32767"],
    );
}

#[test]
fn a_bool_is_taken_by_one_of_two() {
    acquit(
        || {
            let taken = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&taken);
            // Relaxed: only who comes first counts.
            let thread = thread::spawn(move || !theirs.swap(true, Ordering::Relaxed));
            let mine = !taken.fetch_or(true, Ordering::Relaxed);
            outcome(format!("{mine} {}", thread.join().unwrap()));
        },
        ["false true", "true false"],
    );
}

#[test]
fn a_pointer_is_exchanged_once() {
    acquit(
        || {
            let place = Arc::new(AtomicPtr::new(std::ptr::null_mut::<u32>()));
            let put = |place: &AtomicPtr<u32>, n| {
                let node = Box::into_raw(Box::new(n));
                // AcqRel: Release and Acquire pair with the same exchange of the other thread.
                match place.compare_exchange(std::ptr::null_mut(), node, Ordering::AcqRel, Ordering::Acquire)
                {
                    Ok(_) => true,
                    Err(_) => {
                        // SAFETY: nobody else has seen the node.
                        drop(unsafe { Box::from_raw(node) });
                        false
                    }
                }
            };
            let theirs = Arc::clone(&place);
            let thread = thread::spawn(move || put(&theirs, 2));
            let mine = put(&place, 1);
            assert!(mine ^ thread.join().unwrap());
            // Relaxed: the join orders it.
            // SAFETY: the winner's node is in place, and both threads are done with it.
            outcome(*unsafe { Box::from_raw(place.load(Ordering::Relaxed)) });
        },
        ["1", "2"],
    );
}

#[test]
fn what_get_mut_writes_is_where_the_model_goes_on() {
    acquit(
        || {
            let mut number = AtomicUsize::new(1);
            // Relaxed: one thread.
            number.fetch_add(1, Ordering::Relaxed);
            *number.get_mut() += 10;
            // Relaxed: as above.
            number.fetch_add(100, Ordering::Relaxed);
            let before = *number.get_mut();
            outcome(format!("{before} {}", number.into_inner()));
        },
        ["112 112"],
    );
}

#[test]
fn a_light_and_a_heavy_fence_keep_two_threads_apart() {
    let model = |fences: bool| {
        move || {
            let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
            let enter = move |flags: &[AtomicBool; 2], me: usize| {
                // Relaxed: the fences order it.
                flags[me].store(true, Ordering::Relaxed);
                match me {
                    _ if !fences => {}
                    0 => light_fence(),
                    _ => heavy_fence(),
                }
                !flags[1 - me].load(Ordering::Relaxed)
            };
            let theirs = Arc::clone(&flags);
            let thread = thread::spawn(move || enter(&theirs, 1));
            let mine = enter(&flags, 0);
            let both = thread.join().unwrap() && mine;
            outcome(if both { "both" } else { "not both" });
        }
    };
    acquit(model(true), ["not both"]);
    acquit(model(false), ["both", "not both"]);
}

#[test]
fn two_threads_that_only_read_never_race() {
    acquit(
        || {
            let cell = Arc::new(Shared::new(3));
            let theirs = Arc::clone(&cell);
            let thread = thread::spawn(move || theirs.get());
            outcome(cell.get() + thread.join().unwrap());
        },
        ["6"],
    );
}

#[test]
fn a_fresh_node_is_published_by_release_only() {
    let model = |order: Ordering| {
        move || {
            let place = Arc::new(AtomicPtr::new(std::ptr::null_mut::<Shared>()));
            let theirs = Arc::clone(&place);
            let thread = thread::spawn(move || theirs.store(Box::into_raw(Box::new(Shared::new(7))), order));
            // Acquire: pairs with the store above, if that is a Release.
            let node = place.load(Ordering::Acquire);
            // SAFETY: a node that was published is not freed before the end.
            outcome(unsafe { node.as_ref() }.map_or(0, Shared::get));
            thread.join().unwrap();
            // Relaxed: the join orders it.
            // SAFETY: nobody else uses the node any more.
            drop(unsafe { Box::from_raw(place.load(Ordering::Relaxed)) });
        }
    };
    acquit(model(Ordering::Release), ["0", "7"]);
    convict(model(Ordering::Relaxed), FailureKind::Race);
}

#[test]
fn the_last_handle_of_an_arc_sees_what_the_others_wrote() {
    /// Reads its cell when it is dropped.
    struct Last(Shared, Arc<AtomicUsize>);
    impl Drop for Last {
        fn drop(&mut self) {
            // Relaxed: the join orders it.
            self.1.store(self.0.get() as usize, Ordering::Relaxed);
        }
    }
    acquit(
        || {
            let seen = Arc::new(AtomicUsize::new(0));
            let arc = Arc::new(Last(Shared::new(0), Arc::clone(&seen)));
            let theirs = Arc::clone(&arc);
            let thread = thread::spawn(move || {
                theirs.0.set(7);
                drop(theirs);
            });
            drop(arc);
            thread.join().unwrap();
            // Relaxed: as above.
            outcome(seen.load(Ordering::Relaxed));
        },
        ["7"],
    );
}

#[test]
fn a_hand_made_count_needs_release_and_acquire() {
    struct Counted {
        owners: AtomicUsize,
        value: Shared,
    }
    let model = |down: Ordering, acquire: bool| {
        move || {
            let node = Box::into_raw(Box::new(Counted { owners: AtomicUsize::new(2), value: Shared::new(1) }))
                as usize;
            let leave = move || {
                // SAFETY: the owners count keeps the node until it is 0.
                let counted = unsafe { &*(node as *const Counted) };
                let seen = counted.value.get();
                if counted.owners.fetch_sub(1, down) == 1 {
                    if acquire {
                        // Acquire: pairs with the other owner's decrement, if that is a Release.
                        fence(Ordering::Acquire);
                    }
                    counted.value.set(2);
                    // SAFETY: this was the last owner.
                    drop(unsafe { Box::from_raw(node as *mut Counted) });
                }
                seen
            };
            let thread = thread::spawn(leave);
            outcome(leave() + thread.join().unwrap());
        }
    };
    acquit(model(Ordering::Release, true), ["2"]);
    convict(model(Ordering::Release, false), FailureKind::Race);
    convict(model(Ordering::Relaxed, true), FailureKind::Race);
}

#[test]
fn an_upgrade_gets_the_value_or_nothing() {
    acquit(
        || {
            let arc = Arc::new(Shared::new(7));
            let weak = Arc::downgrade(&arc);
            let thread = thread::spawn(move || weak.upgrade().map(|arc| arc.get()));
            drop(arc);
            outcome(format!("{:?}", thread.join().unwrap()));
        },
        ["None", "Some(7)"],
    );
}

#[test]
fn get_mut_of_an_arc_wants_the_only_handle() {
    acquit(
        || {
            let mut arc = Arc::new(Shared::new(0));
            let theirs = Arc::clone(&arc);
            let thread = thread::spawn(move || theirs.set(1));
            let alone = Arc::get_mut(&mut arc).map(|cell| cell.get());
            thread.join().unwrap();
            outcome(format!("{alone:?} {}", Arc::try_unwrap(arc).is_ok()));
        },
        ["None true", "Some(1) true"],
    );
}

#[test]
fn use_after_free_is_convicted() {
    let model = |free_last: bool| {
        move || {
            let node = Box::into_raw(Box::new(AtomicUsize::new(5))) as usize;
            // SAFETY: freed once; whether too early is what the model asks.
            let free = move || drop(unsafe { Box::from_raw(node as *mut AtomicUsize) });
            let go = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&go);
            let thread = thread::spawn(move || {
                // Acquire: pairs with the Release store below.
                while !theirs.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                // Relaxed: only the value counts.
                // SAFETY: the checker keeps freed memory until the execution ends.
                unsafe { &*(node as *const AtomicUsize) }.load(Ordering::Relaxed)
            });
            if !free_last {
                free();
            }
            // Release: pairs with the Acquire load above.
            go.store(true, Ordering::Release);
            outcome(thread.join().unwrap());
            if free_last {
                free();
            }
        }
    };
    acquit(model(true), ["5"]);
    let report = convict(model(false), FailureKind::UseAfterFree);
    assert!(!report.failure.unwrap().sites.is_empty());
}

#[test]
fn a_free_that_nothing_orders_after_a_use_is_a_race() {
    let model = || {
        let node = Box::into_raw(Box::new(AtomicUsize::new(5))) as usize;
        // Relaxed: only the value counts.
        // SAFETY: the checker keeps freed memory until the execution ends.
        let thread = thread::spawn(move || unsafe { &*(node as *const AtomicUsize) }.load(Ordering::Relaxed));
        // SAFETY: freed once; that it may be too early is the point.
        drop(unsafe { Box::from_raw(node as *mut AtomicUsize) });
        thread.join().unwrap();
    };
    let report = super::run("unordered free", model);
    let kind = report.failed();
    assert!(matches!(kind, Some(FailureKind::Race | FailureKind::UseAfterFree)), "{report}");
}

#[test]
fn double_free_is_convicted() {
    let model = || {
        // Without `black_box` the compiler leaves the allocation out.
        let node = Box::into_raw(black_box(Box::new(5)));
        // SAFETY: the first time it is right, and the checker keeps the memory.
        drop(unsafe { Box::from_raw(node) });
        // SAFETY: it is not, and the checker ends the execution here.
        drop(unsafe { Box::from_raw(node) });
    };
    convict(model, FailureKind::DoubleFree);
}

#[test]
fn a_leak_is_convicted() {
    let model = |free: bool| {
        move || {
            // Without `black_box` the compiler leaves the allocation out.
            let node = Box::into_raw(black_box(Box::new(5)));
            if free {
                // SAFETY: it came from a box and is freed once.
                drop(unsafe { Box::from_raw(node) });
            }
            outcome("over");
        }
    };
    acquit(model(true), ["over"]);
    convict(model(false), FailureKind::Leak);
}

/// Adds one to a counter in two threads, by `add`.
fn counted_twice(add: fn(&AtomicUsize)) -> impl Fn() + Send + Sync + 'static {
    move || {
        let counter = std::sync::Arc::new(AtomicUsize::new(0));
        let theirs = std::sync::Arc::clone(&counter);
        let other = thread::spawn(move || add(&theirs));
        add(&counter);
        other.join().unwrap();
        outcome(counter.load(Ordering::Relaxed));
    }
}

#[test]
fn updates_lose_nothing() {
    acquit(counted_twice(|c| _ = c.update(Ordering::Relaxed, Ordering::Relaxed, |n| n + 1)), ["2"]);
    acquit(counted_twice(|c| _ = c.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n + 1))), ["2"]);
    // A load and a store are no update.
    acquit(counted_twice(|c| c.store(c.load(Ordering::Relaxed) + 1, Ordering::Relaxed)), ["1", "2"]);
}

#[test]
fn pointers_move_and_carry_marks() {
    acquit(
        || {
            let items = [1u16, 2, 3, 4];
            let first = items.as_ptr().cast_mut();
            let pointer = AtomicPtr::new(first);
            assert_eq!(pointer.fetch_ptr_add(3, Ordering::Relaxed), first);
            assert_eq!(pointer.fetch_ptr_sub(1, Ordering::Relaxed).addr() - first.addr(), 6);
            assert_eq!(pointer.fetch_byte_sub(2, Ordering::Relaxed).addr() - first.addr(), 4);
            assert_eq!(pointer.fetch_byte_add(2, Ordering::Relaxed).addr() - first.addr(), 2);
            pointer.fetch_or(1, Ordering::Relaxed);
            assert_eq!(pointer.fetch_xor(1, Ordering::Relaxed).addr() & 1, 1);
            pointer.fetch_and(!1, Ordering::Relaxed);
            // SAFETY: back at the third item.
            outcome(unsafe { *pointer.load(Ordering::Relaxed) });
        },
        ["3"],
    );
}
