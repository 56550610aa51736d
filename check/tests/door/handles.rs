//! `Arc` and `Weak`: std's whole surface, and its edges under the explorer.

use crate::memory::Shared;
use crate::{acquit, convict};
use ringwright_check::door::atomic::{AtomicUsize, Ordering};
use ringwright_check::door::{Arc, Weak, thread};
use ringwright_check::{FailureKind, outcome};
use std::any::Any;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::pin::Pin;

impl Clone for Shared {
    fn clone(&self) -> Shared {
        Shared::new(self.get() + 10)
    }
}

/// What std's `Arc` can, in and out of a model.
fn everything() {
    let text: Arc<str> = Arc::from("text");
    let bytes: Arc<[u8]> = Arc::from(text.clone());
    let collected: Arc<[u8]> = (1..4).collect();
    let array = <Arc<[u8; 3]>>::try_from(collected.clone()).unwrap();
    assert_eq!((&*text, &*bytes, &*array), ("text", &b"text"[..], &[1, 2, 3]));
    assert!(<Arc<[u8; 2]>>::try_from(collected).is_err());
    assert_eq!(*Arc::<[u8]>::from(vec![7; 3]), [7, 7, 7]);
    assert_eq!(*<Arc<u8>>::from(Box::new(1)), 1);
    let function = Arc::<dyn Fn(u32) -> u32 + Send + Sync>::from(Box::new(|n: u32| n + 1) as Box<_>);
    assert_eq!(Arc::clone(&function)(1), 2);
    let by_std = Arc::<dyn Fn() -> u32>::from_std(std::sync::Arc::new(|| 3));
    assert_eq!(by_std(), 3);

    #[repr(align(64))]
    struct Wide(u8);
    trait Byte {
        fn byte(&self) -> (u8, usize);
    }
    impl Byte for Wide {
        fn byte(&self) -> (u8, usize) {
            (self.0, std::ptr::from_ref(self) as usize % 64)
        }
    }
    let wide = Arc::<dyn Byte>::from(Box::new(Wide(9)) as Box<dyn Byte>);
    // SAFETY: the pointer stands for the handle that it came from.
    let wide = unsafe { Arc::from_raw(Arc::into_raw(wide)) };
    assert_eq!(wide.byte(), (9, 0));

    let pinned: Pin<Arc<u8>> = Arc::pin(1);
    assert_eq!(*pinned, 1);
    let any = Arc::<dyn Any + Send + Sync>::from(Box::new(5u8) as Box<dyn Any + Send + Sync>);
    let any = any.downcast::<u16>().unwrap_err();
    assert_eq!(*any.downcast::<u8>().unwrap(), 5);

    let raw = Arc::into_raw(Arc::new(6));
    // SAFETY: the pointer stands for one handle, then for two, then for one, which is made of it.
    let arc = unsafe {
        Arc::increment_strong_count(raw);
        Arc::decrement_strong_count(raw);
        Arc::from_raw(raw)
    };
    assert_eq!((*arc, Arc::strong_count(&arc), Arc::as_ptr(&arc)), (6, 1, raw));
    let weak = Arc::downgrade(&arc);
    // SAFETY: the pointer stands for the handle that it came from.
    let again = unsafe { Weak::from_raw(weak.clone().into_raw()) };
    assert!(again.ptr_eq(&weak) && again.as_ptr() == raw);
    assert_eq!((Arc::weak_count(&arc), again.weak_count(), weak.strong_count()), (2, 2, 1));
    assert_eq!(Arc::unwrap_or_clone(arc), 6);
    assert_eq!((weak.upgrade(), weak.weak_count(), weak.strong_count()), (None, 0, 0));
    // SAFETY: as above, of a handle to nothing.
    let nothing = unsafe { Weak::<u8>::from_raw(Weak::new().into_raw()) };
    assert!(nothing.ptr_eq(&Weak::new()) && nothing.clone().upgrade().is_none());

    let mut memory = Arc::<u8>::new_uninit();
    Arc::get_mut(&mut memory).unwrap().write(8);
    let mut slice = Arc::<[u8]>::new_uninit_slice(2);
    Arc::get_mut(&mut slice).unwrap().fill(MaybeUninit::new(4));
    // SAFETY: both have been written.
    let (memory, slice) = unsafe { (memory.assume_init(), slice.assume_init()) };
    assert_eq!((*memory, &*slice), (8, &[4, 4][..]));
    assert_eq!(format!("{memory} {memory:?} {slice:?}"), "8 8 [4, 4]");
    assert!(memory < Arc::new(9) && memory == Arc::from(8));
}

#[test]
fn an_arc_can_what_stds_can() {
    everything();
    acquit(everything, []);
}

#[test]
fn a_cyclic_value_is_there_when_it_is_made() {
    struct Node {
        me: Weak<Node>,
        value: u32,
    }
    acquit(
        || {
            let early = std::rc::Rc::new(Cell::new(None));
            let node = Arc::new_cyclic(|me| {
                early.set(Some(me.upgrade().is_none()));
                Node { me: me.clone(), value: 3 }
            });
            let weak = node.me.clone();
            let thread = thread::spawn(move || weak.upgrade().map(|node| node.value));
            drop(node);
            outcome(format!("{:?} {:?}", early.get(), thread.join().unwrap()));
        },
        ["Some(true) None", "Some(true) Some(3)"],
    );
}

#[test]
fn a_value_that_is_never_made_leaves_no_memory() {
    acquit(
        || {
            let unwound = std::panic::catch_unwind(|| Arc::<u32>::new_cyclic(|_| panic!("not made")));
            outcome(unwound.is_err());
        },
        ["true"],
    );
}

#[test]
fn a_handle_goes_through_a_pointer_to_another_thread() {
    let model = |twice: bool| {
        move || {
            let raw = Arc::into_raw(Arc::new(Shared::new(1))) as usize;
            if !twice {
                // SAFETY: the pointer stands for a handle.
                unsafe { Arc::increment_strong_count(raw as *const Shared) };
            }
            // SAFETY: right if the pointer stands for two handles; that it may not is what the model is about.
            let mine = move || unsafe { Arc::from_raw(raw as *const Shared) }.get();
            let thread = thread::spawn(mine);
            outcome(mine() + thread.join().unwrap());
        }
    };
    acquit(model(false), ["2"]);
    // The second handle uses what the first has freed, or frees what it uses: nothing orders the two.
    convict(model(true), FailureKind::Race);
}

#[test]
fn make_mut_takes_the_value_from_weak_handles_and_clones_it_from_strong_ones() {
    acquit(
        || {
            let mut arc = Arc::new(Shared::new(1));
            let other = Arc::clone(&arc);
            let weak = Arc::downgrade(&arc);
            let thread = thread::spawn(move || other.get());
            let mine = Arc::make_mut(&mut arc);
            mine.set(5 + mine.get() / 10);
            let weak = weak.upgrade().map(|arc| arc.get());
            outcome(format!("{} {} {weak:?}", arc.get(), thread.join().unwrap()));
        },
        // Cloned while the other handle is there, and gone with it; or moved away from the weak handle.
        ["5 1 None", "6 1 None", "6 1 Some(1)"],
    );
}

#[test]
fn get_mut_is_ordered_after_what_a_weak_handle_saw() {
    acquit(
        || {
            let mut arc = Arc::new(Shared::new(1));
            let weak = Arc::downgrade(&arc);
            let thread = thread::spawn(move || weak.upgrade().map(|arc| arc.get()));
            let alone = Arc::get_mut(&mut arc).map(|value| value.set(2)).is_some();
            outcome(format!("{alone} {:?}", thread.join().unwrap()));
        },
        ["false Some(1)", "true Some(1)"],
    );
}

#[test]
fn the_last_handle_of_either_kind_frees_the_memory_once() {
    acquit(
        || {
            let arc = Arc::new(Shared::new(1));
            let weak = Arc::downgrade(&arc);
            let count = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&count);
            let thread = thread::spawn(move || {
                let again = weak.clone();
                // Relaxed: only the value counts.
                theirs.store(again.strong_count(), Ordering::Relaxed);
            });
            drop(arc);
            thread.join().unwrap();
            // Relaxed: the join orders it.
            outcome(count.load(Ordering::Relaxed));
        },
        ["0", "1"],
    );
}

/// Without the feature `get` does not compile: see its documentation.
#[cfg(feature = "plain")]
#[test]
fn what_is_done_through_get_is_not_seen_without_the_pass_and_the_report_says_so() {
    use crate::run;
    use ringwright_check::door::cell::UnsafeCell;
    struct Slot(ringwright_check::door::atomic::AtomicBool, UnsafeCell<u32>);
    // SAFETY: the models' races on it are what the checker looks for.
    unsafe impl Sync for Slot {}
    let model = |by_closure: bool| {
        move || {
            let slot = Arc::new(Slot(false.into(), 0.into()));
            let theirs = Arc::clone(&slot);
            let thread = thread::spawn(move || {
                if by_closure {
                    // SAFETY: a race here is what the checker looks for.
                    theirs.1.with_mut(|v| unsafe { *v = 7 });
                } else {
                    // SAFETY: as above.
                    unsafe { *theirs.1.get() = 7 }
                }
                // Relaxed: the bug.
                theirs.0.store(true, Ordering::Relaxed);
            });
            // Acquire: pairs with nothing, which is the bug.
            if slot.0.load(Ordering::Acquire) {
                let seen = if by_closure {
                    // SAFETY: as above.
                    slot.1.with(|v| unsafe { *v })
                } else {
                    // SAFETY: as above.
                    unsafe { *slot.1.get() }
                };
                outcome(seen);
            }
            thread.join().unwrap();
        }
    };
    let noted = |report: &ringwright_check::Report| {
        report.notes.iter().filter(|note| note.contains("calls of `UnsafeCell::get`")).count()
    };
    assert_eq!(noted(&convict(model(true), FailureKind::Race)), 0);
    let report = run("get", model(false));
    report.assert_passed();
    assert_eq!(noted(&report), 1, "{report}");
}

mod locals {
    ringwright_check::door::thread_local! { pub(super) static COUNT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) }; }
}

#[test]
fn a_thread_local_by_the_path_of_the_guide_is_the_threads_own() {
    acquit(
        || {
            locals::COUNT.set(locals::COUNT.get() + 1);
            let other = thread::spawn(|| locals::COUNT.replace(5)).join().unwrap();
            outcome(format!("{} {other}", locals::COUNT.get()));
        },
        ["1 0"],
    );
}
