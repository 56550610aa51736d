//! Reclamation: memory that is freed too early, twice, or never, each with the
//! lines of both sides; and memory that is given out again.

use ringwright_check::alloc::Quarantine;
use ringwright_check::door::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use ringwright_check::door::{Arc, thread};
use ringwright_check::{Check, Engine, FailureKind, Report, Verdict, outcome};
use std::hint::black_box;
use std::ptr;

#[path = "library/leak.rs"]
mod library_leak;

#[global_allocator]
static ALLOC: Quarantine = Quarantine;

/// The number of the line of this file that ends with the comment `mark`.
fn line(mark: &str) -> u32 {
    let text = include_str!("reclaim.rs");
    let mark = format!("// {mark}");
    text.lines().position(|l| l.ends_with(&mark)).expect("the mark is there") as u32 + 1
}

/// Convicts `model`, which must name these lines in this order.
#[track_caller]
fn convict(kind: FailureKind, marks: &[&str], model: impl Fn() + Send + Sync + 'static) -> Report {
    let report = Check::new("convicted").run(model);
    let sites = &report.assert_failed(kind).failure.as_ref().unwrap().sites;
    let expected: Vec<u32> = marks.iter().map(|mark| line(mark)).collect();
    assert!(sites.iter().all(|site| site.file == "check/tests/reclaim.rs"), "{report}");
    assert_eq!(sites.iter().map(|site| site.line).collect::<Vec<_>>(), expected, "{report}");
    report
}

fn boxed(value: usize) -> *mut AtomicUsize {
    Box::into_raw(Box::new(AtomicUsize::new(value)))
}

#[test]
fn a_leak_names_the_allocation() {
    let model = |leaks: bool| {
        move || {
            let kept = Box::new(1);
            if leaks {
                black_box(Box::leak(Box::new(AtomicUsize::new(2)))); // leaked
            }
            AtomicUsize::new(0).store(*kept, Ordering::Relaxed);
        }
    };
    let report = convict(FailureKind::Leak, &["leaked"], model(true));
    assert!(report.to_string().contains("never freed"), "{report}");
    Check::new("nothing leaked").run(model(false)).assert_passed();
}

#[test]
fn a_folder_called_library_is_the_users() {
    let report = Check::new("leak").run(library_leak::leaks);
    let failure = report.assert_failed(FailureKind::Leak).failure.as_ref().unwrap();
    let text = include_str!("library/leak.rs");
    let line = text.lines().position(|l| l.ends_with("// leaked in a folder `library`")).unwrap() + 1;
    let sites: Vec<String> = failure.sites.iter().map(ToString::to_string).collect();
    assert_eq!(sites, [format!("check/tests/library/leak.rs:{line}")], "{report}");
    assert_eq!(failure.message, "1 block (64 bytes) of the model is never freed");
}

#[test]
fn a_use_after_free_names_the_free_and_the_use() {
    let model = |early: bool| {
        move || {
            let shared = boxed(1);
            let address = shared as usize;
            let free = move || {
                // SAFETY: it was boxed; that it is in use is the bug that is looked for.
                drop(unsafe { Box::from_raw(address as *mut AtomicUsize) }); // freed
            };
            let freed = if early { Some(thread::spawn(free).join()) } else { None };
            // SAFETY: the checker keeps freed memory readable.
            unsafe { (*shared).load(Ordering::Relaxed) }; // used
            if freed.is_none() {
                free();
            }
        }
    };
    convict(FailureKind::UseAfterFree, &["freed", "used"], model(true));
    Check::new("freed late").run(model(false)).assert_passed();
}

#[test]
fn a_double_free_names_both() {
    convict(FailureKind::DoubleFree, &["first", "second"], || {
        // Of another size than in the other tests: an optimised build gives one piece of code to equal closures.
        let address = Box::into_raw(Box::new([1_u64, 2, 3])) as usize;
        // SAFETY: it was boxed; the checker keeps freed memory until the end.
        let free = move || unsafe { Box::from_raw(address as *mut [u64; 3]) };
        let thread = thread::spawn(move || {
            drop(free()); // first
        });
        thread.join().unwrap();
        drop(free()); // second
    });
}

#[test]
fn a_free_that_races_with_a_use_names_both() {
    let model = |order: Ordering| {
        move || {
            let (shared, done) = (boxed(1), Arc::new(AtomicBool::new(false)));
            let (address, theirs) = (shared as usize, Arc::clone(&done));
            let thread = thread::spawn(move || {
                // SAFETY: the checker keeps freed memory readable.
                unsafe { (*(address as *mut AtomicUsize)).load(Ordering::Relaxed) }; // still used
                theirs.store(true, order);
            });
            let early = done.load(Ordering::Acquire);
            if !early {
                thread.join().unwrap();
            }
            // SAFETY: it was boxed, and is freed once.
            drop(unsafe { Box::from_raw(shared) }); // freed too early
        }
    };
    convict(FailureKind::Race, &["still used", "freed too early"], model(Ordering::Relaxed));
    Check::new("freed in order").run(model(Ordering::Release)).assert_passed();
}

/// A node of a stack. What it holds is of no interest.
struct Node {
    next: AtomicPtr<Node>,
}

fn node() -> *mut Node {
    Box::into_raw(Box::new(Node { next: AtomicPtr::default() }))
}

/// The low bits of a word are an address.
const ADDRESS: u64 = (1 << 48) - 1;

/// A Treiber stack of which one thread, the *reader*, protects the node that it
/// looks at by a hazard pointer. The top carries a tag that counts changes.
#[derive(Default)]
struct Stack {
    top: AtomicU64,
    hazard: AtomicPtr<Node>,
}

/// What the pops do right or wrong.
#[derive(Clone, Copy)]
struct Care {
    /// The top's tag moves with each change.
    tags: bool,
    /// The hazard pointer stands until the exchange is over, and not only until
    /// the node has been looked at.
    holds: bool,
}

impl Stack {
    fn replace(&self, top: u64, node: *mut Node, care: Care) -> bool {
        let tag = if care.tags { (top >> 48) + 1 } else { 0 };
        let new = node as u64 | tag << 48;
        self.top.compare_exchange(top, new, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Pushes; the caller is the only one who does.
    fn push(&self, node: *mut Node, care: Care) {
        loop {
            let top = self.top.load(Ordering::Acquire);
            // SAFETY: the node is the caller's until it is pushed.
            unsafe { &*node }.next.store((top & ADDRESS) as *mut Node, Ordering::Relaxed);
            if self.replace(top, node, care) {
                return;
            }
        }
    }

    /// One attempt of the reader to pop.
    fn pop_guarded(&self, care: Care) -> Option<*mut Node> {
        let top = self.top.load(Ordering::Acquire);
        let node = (top & ADDRESS) as *mut Node;
        self.hazard.store(node, Ordering::SeqCst);
        if node.is_null() || self.top.load(Ordering::SeqCst) != top {
            self.hazard.store(ptr::null_mut(), Ordering::Release);
            return None;
        }
        // SAFETY: the hazard pointer was set when the node was still in the stack.
        let next = unsafe { &*node }.next.load(Ordering::Acquire);
        if !care.holds {
            self.hazard.store(ptr::null_mut(), Ordering::Release);
        }
        let popped = self.replace(top, next, care);
        if care.holds {
            self.hazard.store(ptr::null_mut(), Ordering::Release);
        }
        popped.then_some(node)
    }

    /// Pops; the caller is the only one who frees nodes.
    fn pop(&self, care: Care) -> Option<*mut Node> {
        loop {
            let top = self.top.load(Ordering::SeqCst);
            let node = (top & ADDRESS) as *mut Node;
            if node.is_null() {
                return None;
            }
            // SAFETY: only the caller frees nodes that were in the stack.
            let next = unsafe { &*node }.next.load(Ordering::Relaxed);
            if self.replace(top, next, care) {
                return Some(node);
            }
        }
    }
}

/// One thread pops two nodes, frees those that the hazard pointer does not name, and
/// pushes a new one, while the reader tries to pop one.
fn pop_pop_push(care: Care) {
    let stack = Arc::new(Stack::default());
    stack.push(node(), care);
    stack.push(node(), care);
    let theirs = Arc::clone(&stack);
    let reader = thread::spawn(move || theirs.pop_guarded(care).map(|node| node as usize));
    let popped = [stack.pop(care), stack.pop(care)];
    let mut kept = Vec::with_capacity(3);
    for node in popped.into_iter().flatten() {
        if stack.hazard.load(Ordering::SeqCst) == node {
            kept.push(node);
        } else {
            // SAFETY: it was boxed, is out of the stack, and the reader does not look at it.
            drop(unsafe { Box::from_raw(node) });
        }
    }
    stack.push(node(), care);
    kept.extend(reader.join().unwrap().map(|node| node as *mut Node));
    while let Some(node) = stack.pop(care) {
        kept.push(node);
    }
    for node in kept {
        // SAFETY: it was boxed, and is in nobody's hands any more.
        drop(unsafe { Box::from_raw(node) });
    }
}

const BAD: Care = Care { tags: false, holds: false };

#[test]
fn an_aba_bug_needs_reuse_and_is_found_with_it() {
    let report = Check::new("ABA").reuse(true).run(|| pop_pop_push(BAD));
    let kind = report.failed().unwrap_or_else(|| panic!("{report}"));
    assert!(matches!(kind, FailureKind::UseAfterFree | FailureKind::DoubleFree), "{report}");
    // Each allocation gets memory that was never used before.
    Check::new("ABA without reuse").run(|| pop_pop_push(BAD)).assert_passed();
}

#[test]
fn random_search_finds_the_aba_bug_too() {
    let report = Check::new("ABA at random").random(20_000).reuse(true).run(|| pop_pop_push(BAD));
    assert!(report.failed().is_some(), "{report}");
}

#[test]
fn a_tag_or_a_hazard_pointer_that_is_held_prevents_aba() {
    for care in [Care { tags: true, ..BAD }, Care { holds: true, ..BAD }] {
        let report = Check::new("no ABA").reuse(true).run(move || pop_pop_push(care));
        report.assert_passed();
        assert_eq!(report.verdict, Verdict::Exhaustive);
        // The same address did come back.
        let reused =
            report.notes.iter().any(|n| n.contains("given out again") && !n.contains("again 0 times"));
        assert!(reused, "{report}");
    }
}

#[test]
fn reused_memory_is_a_new_object_and_its_free_is_before_it() {
    let report = Check::new("reuse in order").reuse(true).run(|| {
        let first = Box::new(AtomicU64::new(1));
        let address = ptr::from_ref(&*first) as usize;
        let thread = thread::spawn(move || {
            first.store(2, Ordering::Relaxed);
            drop(first);
        });
        // Nothing but the allocator orders this after the free.
        let second = Box::new(AtomicU64::new(7));
        assert_eq!(second.load(Ordering::Relaxed), 7);
        second.store(8, Ordering::Relaxed);
        outcome(if ptr::from_ref(&*second) as usize == address { "reused" } else { "fresh" });
        thread.join().unwrap();
    });
    report.assert_passed().assert_outcomes(["fresh", "reused"]);
}

#[test]
fn other_engines_say_that_they_cannot() {
    let report = Check::new("reuse under sc").engine(Engine::Sc).reuse(true).run(|| {});
    assert!(!report.passed() && report.to_string().contains("explorer only"), "{report}");
}
