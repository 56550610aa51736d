//! Objects by hand: one that is known again, one that has moved, one in new memory, one in freed memory.

use crate::explorer::execution::Execution;
use crate::explorer::objects::{free_objects, now, touch};
use crate::explorer::test_support::{ModelWord, execution, failure, here, search};
use crate::graph::event::NONE;
use crate::graph::stamp::Stamp;
use crate::memory::heap;
use crate::plan::strategy::Strategy;
use crate::report::data::FailureKind;
use crate::seam::op::Strength;
use crate::seam::runtime::{Access, Obj};
use std::alloc::Layout;
use std::sync::atomic::{AtomicU64, Ordering};

fn two_threads() -> Execution {
    execution(search(Strategy::Exhaustive), &[], 2)
}

/// The memory of `word` as a block of the model's heap, for as long as this lives.
struct BlockOf<'a>(&'a ModelWord);

impl BlockOf<'_> {
    fn new(word: &ModelWord, born: Stamp) -> BlockOf<'_> {
        let addr = word.obj().addr();
        heap::with(|heap| heap.allocated(addr, Layout::new::<u64>(), born));
        BlockOf(word)
    }

    /// Frees it on behalf of the running thread, as the allocator would say.
    fn free(&self, s: &mut Execution) {
        let stamp = now(s, Some(here()));
        let objects = heap::with(|heap| {
            let block = heap.at(self.0.obj().addr()).expect("it is recorded");
            block.freed = Some(stamp);
            std::mem::take(&mut block.objects)
        });
        free_objects(s, &objects, stamp);
    }
}

impl Drop for BlockOf<'_> {
    fn drop(&mut self) {
        // The test's own memory: the table must not give it back.
        heap::with(|heap| heap.forget(self.0.obj().addr()));
    }
}

#[test]
fn an_object_is_known_again_by_its_word() {
    let (mut s, word) = (two_threads(), ModelWord::holding(5));
    let first = touch(&mut s, &word.obj(), here());
    assert_eq!((first.loc, first.cell, s.objects.len()), (0, NONE, 1));
    assert_eq!(s.graph.messages[s.graph.newest(0) as usize].value, 5);
    assert_eq!(word.id.load(Ordering::Relaxed), u64::from(s.execution) << 32);
    assert_eq!(touch(&mut s, &word.obj(), here()).loc, 0);
    assert_eq!((s.objects.len(), s.loc_object.len()), (1, 1));
}

#[test]
fn a_moved_object_is_a_new_one_with_its_present_value() {
    let (mut s, word) = (two_threads(), ModelWord::holding(5));
    touch(&mut s, &word.obj(), here());
    let moved = ModelWord::holding(6);
    moved.id.store(word.id.load(Ordering::Relaxed), Ordering::Relaxed);
    let object = touch(&mut s, &moved.obj(), here());
    assert_eq!((object.loc, object.ptr.addr()), (1, moved.obj().addr()));
    assert_eq!(s.graph.messages[s.graph.newest(1) as usize].value, 6);
    assert_eq!(moved.id.load(Ordering::Relaxed) as u32, 1);
}

#[test]
fn the_word_of_another_execution_says_nothing() {
    let (mut s, word, other) = (two_threads(), ModelWord::default(), AtomicU64::new(0));
    touch(&mut s, &word.obj(), here());
    s.reset(s.execution + 1);
    // Something else is in this memory first, and gets the number that the old word names.
    assert_eq!(touch(&mut s, &Obj { id: &other, ..word.obj() }, here()).loc, 0);
    assert_eq!(touch(&mut s, &word.obj(), here()).loc, 1);
    assert_eq!(s.objects.len(), 2);
}

#[test]
fn a_cell_has_a_race_state_and_no_location() {
    let (mut s, word) = (two_threads(), ModelWord::default());
    let cell = Obj { bits: 0, ..word.obj() };
    let object = touch(&mut s, &cell, here());
    assert_eq!((object.cell, object.loc, s.live_cells), (0, NONE, 1));
    let mut other = ModelWord::default();
    let cell = Obj { bits: 0, ..other.obj() };
    assert_eq!(touch(&mut s, &cell, here()).cell, 1);
    other = ModelWord::default();
    assert_eq!(touch(&mut s, &other.obj(), here()).loc, 0);
}

#[test]
fn an_object_in_new_memory_is_a_new_one() {
    let (mut s, word) = (two_threads(), ModelWord::holding(5));
    s.me = 1;
    let block = BlockOf::new(&word, now(&s, None));
    assert_eq!(touch(&mut s, &word.obj(), here()).loc, 0);
    block.free(&mut s);
    assert_eq!(s.objects[0].freed.map(|stamp| stamp.thread), Some(1));
    // The allocator gives out the same memory again; the identity word still stands in it.
    let again = BlockOf::new(&word, now(&s, None));
    let object = touch(&mut s, &word.obj(), here());
    assert_eq!((object.loc, object.freed.is_none(), object.born.thread), (1, true, 1));
    assert!(failure(&s).is_none(), "{:?}", s.stop);
    drop((block, again));
}

#[test]
fn a_use_after_free_is_reported() {
    let (mut s, word) = (two_threads(), ModelWord::default());
    s.me = 1;
    let block = BlockOf::new(&word, now(&s, None));
    touch(&mut s, &word.obj(), here());
    block.free(&mut s);
    s.me = 2;
    touch(&mut s, &word.obj(), here());
    assert_eq!(failure(&s), Some((FailureKind::UseAfterFree, "t2 uses memory that t1 has freed")));
}

#[test]
fn an_object_must_be_initialised_before_it_is_used() {
    let (mut s, word) = (two_threads(), ModelWord::default());
    s.me = 1;
    let _block = BlockOf::new(&word, now(&s, None));
    // The thread that has allocated it may use it at once, and others once that is ordered.
    touch(&mut s, &word.obj(), here());
    assert!(failure(&s).is_none());
    s.me = 2;
    touch(&mut s, &word.obj(), here());
    let message = "t2 uses an object that t1 has initialised, and nothing orders the two";
    assert_eq!(failure(&s), Some((FailureKind::Race, message)));
}

#[test]
fn an_object_that_was_handed_over_is_initialised() {
    let (mut s, words) = (two_threads(), [ModelWord::default(), ModelWord::default()]);
    let flag = touch(&mut s, &words[1].obj(), here()).loc;
    s.me = 1;
    let _block = BlockOf::new(&words[0], now(&s, None));
    touch(&mut s, &words[0].obj(), here());
    let message = s.store(flag, 1, Strength::RELEASE);
    s.me = 2;
    s.graph.load(2, message, Strength::ACQUIRE);
    touch(&mut s, &words[0].obj(), here());
    assert!(failure(&s).is_none(), "{:?}", s.stop);
}

/// Thread 1 frees a block with an atomic that thread 2 has stored to; an acquire load of that store comes
/// before if `ordered`.
fn free_of_a_used_atomic(ordered: bool) -> Execution {
    let (mut s, word) = (two_threads(), ModelWord::default());
    let block = BlockOf::new(&word, Stamp::START);
    s.me = 2;
    let loc = touch(&mut s, &word.obj(), here()).loc;
    let message = s.store(loc, 1, Strength::RELEASE);
    s.me = 1;
    if ordered {
        s.graph.load(1, message, Strength::ACQUIRE);
    }
    block.free(&mut s);
    drop(block);
    s
}

#[test]
fn a_free_is_a_write_to_every_object_of_the_block() {
    assert!(failure(&free_of_a_used_atomic(true)).is_none());
    let s = free_of_a_used_atomic(false);
    let message = "t1 frees memory that t2 still uses: nothing orders the two";
    assert_eq!(failure(&s), Some((FailureKind::Race, message)));
}

#[test]
fn a_free_is_a_write_to_a_cell_too() {
    let (mut s, word) = (two_threads(), ModelWord::default());
    let block = BlockOf::new(&word, Stamp::START);
    s.me = 2;
    let object = touch(&mut s, &Obj { bits: 0, ..word.obj() }, here());
    let stamp = now(&s, Some(here()));
    s.cells[object.cell as usize].record(Access::Read, stamp);
    s.me = 1;
    block.free(&mut s);
    assert_eq!(failure(&s).map(|f| f.0), Some(FailureKind::Race));
}

#[cfg(target_os = "linux")]
#[test]
fn a_static_is_known_by_its_address_and_its_value_is_kept() {
    static COUNTER: AtomicU64 = AtomicU64::new(3);
    let mut s = two_threads();
    let words = [AtomicU64::new(0), AtomicU64::new(0)];
    let [first, second] =
        [&words[0], &words[1]].map(|id| Obj { ptr: COUNTER.as_ptr().cast(), size: 8, bits: 64, id });
    assert_eq!(touch(&mut s, &first, here()).restore, Some(3));
    s.store(0, 4, Strength::RELAXED);
    // By another word, as another mirror of the same static would have.
    assert_eq!((touch(&mut s, &second, here()).loc, s.objects.len()), (0, 1));
    assert_eq!(COUNTER.load(Ordering::Relaxed), 4);
    COUNTER.store(3, Ordering::Relaxed);
}
