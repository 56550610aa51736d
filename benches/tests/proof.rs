//! The proof catches contenders that are broken on purpose, and passes those
//! that are not.

use contenders::proof::{self, Fault};
use contenders::round::{self, RoundError};
use contenders::{Backoff, Contender, Pop, Push, Shape, peers};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Which push is mistreated, counted over all producers: neither the first nor
/// the last, and few enough for every trial.
const VICTIM: u64 = 300;
const ITEMS: u64 = 1_000;
const CAPACITY: usize = 16;
const DEADLINE: Duration = Duration::from_secs(60);

/// What a broken queue does to one push.
trait Mischief: Send + 'static {
    /// Puts `item` into `items` in its own way; it is push number [`VICTIM`].
    fn put(items: &mut VecDeque<u64>, item: u64);
}

/// A sound queue, but for one push.
struct Broken<M>(std::marker::PhantomData<M>);

struct State {
    items: VecDeque<u64>,
    capacity: usize,
    pushes: u64,
}

struct Handle<M>(Arc<Mutex<State>>, std::marker::PhantomData<M>);

impl<M: Mischief> Contender for Broken<M> {
    const NAME: &'static str = "broken";
    const PACKAGE: &'static str = "std";
    const CALLS: &'static str = "none of yours";
    type Push = Handle<M>;
    type Pop = Handle<M>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Handle<M>>, Vec<Handle<M>>) {
        let state = Arc::new(Mutex::new(State { items: VecDeque::new(), capacity, pushes: 0 }));
        let handles =
            |count| (0..count).map(|_| Handle(Arc::clone(&state), std::marker::PhantomData)).collect();
        (handles(shape.producers()), handles(shape.consumers()))
    }
}

impl<M: Mischief> Push for Handle<M> {
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        let mut state = self.0.lock().expect("no push panics");
        // The mischief needs an item before it, and room for a second.
        if state.items.len() + 1 >= state.capacity {
            return Err(item);
        }
        let is_victim = state.pushes >= VICTIM && !state.items.is_empty();
        if is_victim && state.pushes != u64::MAX {
            state.pushes = u64::MAX;
            M::put(&mut state.items, item);
        } else {
            state.pushes = state.pushes.saturating_add(1);
            state.items.push_back(item);
        }
        Ok(())
    }
}

impl<M: Mischief> Pop for Handle<M> {
    fn try_pop(&mut self) -> Option<u64> {
        self.0.lock().expect("no push panics").items.pop_front()
    }
}

struct Honest;
impl Mischief for Honest {
    fn put(items: &mut VecDeque<u64>, item: u64) {
        items.push_back(item);
    }
}

struct Loses;
impl Mischief for Loses {
    fn put(_: &mut VecDeque<u64>, _: u64) {}
}

struct Duplicates;
impl Mischief for Duplicates {
    fn put(items: &mut VecDeque<u64>, item: u64) {
        items.extend([item, item]);
    }
}

struct Reorders;
impl Mischief for Reorders {
    fn put(items: &mut VecDeque<u64>, item: u64) {
        items.insert(items.len() - 1, item);
    }
}

struct Garbles;
impl Mischief for Garbles {
    fn put(items: &mut VecDeque<u64>, item: u64) {
        items.push_back(item | 1 << 40);
    }
}

fn trial<M: Mischief>(shape: Shape) -> Result<(), Fault> {
    proof::trial::<Broken<M>>(shape, CAPACITY, ITEMS, DEADLINE)
}

#[test]
fn the_queue_passes_without_its_mischief() {
    for shape in Shape::ALL {
        assert_eq!(trial::<Honest>(shape), Ok(()), "{shape}");
    }
}

#[test]
fn a_contender_that_loses_an_item_is_caught_in_every_shape() {
    for shape in Shape::ALL {
        let verdict = trial::<Loses>(shape);
        assert!(matches!(verdict, Err(Fault::Lost { .. })), "{verdict:?}");
    }
}

#[test]
fn a_contender_that_duplicates_an_item_is_caught_in_every_shape() {
    for shape in Shape::ALL {
        let verdict = trial::<Duplicates>(shape);
        assert!(matches!(verdict, Err(Fault::Duplicated { .. })), "{verdict:?}");
    }
}

#[test]
fn a_contender_that_invents_an_item_is_caught_in_every_shape() {
    for shape in Shape::ALL {
        let verdict = trial::<Garbles>(shape);
        assert!(matches!(verdict, Err(Fault::Invented { .. })), "{verdict:?}");
    }
}

/// With several consumers the two swapped items may go to two of them, and with
/// several producers they may be of two: then nobody can tell. One to one, a
/// single swap is always seen.
#[test]
fn a_contender_that_swaps_two_neighbours_once_is_caught_one_to_one() {
    let verdict = trial::<Reorders>(Shape::OneToOne);
    assert!(matches!(verdict, Err(Fault::Reordered { after: Some(_), .. })), "{verdict:?}");
}

/// A stack is not a queue. Its consumers may even see the end mark first.
struct Stack;

struct StackHandle(Arc<Mutex<Vec<u64>>>);

impl Contender for Stack {
    const NAME: &'static str = "stack";
    const PACKAGE: &'static str = "std";
    const CALLS: &'static str = "push, pop";
    type Push = StackHandle;
    type Pop = StackHandle;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, _: usize) -> (Vec<StackHandle>, Vec<StackHandle>) {
        let stack = Arc::new(Mutex::new(Vec::new()));
        let handles = |count| (0..count).map(|_| StackHandle(Arc::clone(&stack))).collect();
        (handles(shape.producers()), handles(shape.consumers()))
    }
}

impl Push for StackHandle {
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        self.0.lock().expect("no push panics").push(item);
        Ok(())
    }
}

impl Pop for StackHandle {
    fn try_pop(&mut self) -> Option<u64> {
        let mut items = self.0.lock().expect("no push panics");
        // A pop that waits for a second item meets the wrong order for certain.
        if items.len() < 2 { None } else { items.pop() }
    }
}

#[test]
fn a_stack_is_caught() {
    let verdict = proof::trial::<Stack>(Shape::OneToOne, CAPACITY, ITEMS, DEADLINE);
    assert!(matches!(verdict, Err(Fault::Reordered { .. })), "{verdict:?}");
}

/// A queue that keeps everything: its consumers wait for ever.
struct Keeps;

struct Void;

impl Contender for Keeps {
    const NAME: &'static str = "keeps";
    const PACKAGE: &'static str = "std";
    const CALLS: &'static str = "push";
    type Push = Void;
    type Pop = Void;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, _: usize) -> (Vec<Void>, Vec<Void>) {
        let handles = |count| (0..count).map(|_| Void).collect();
        (handles(shape.producers()), handles(shape.consumers()))
    }
}

impl Push for Void {
    fn try_push(&mut self, _: u64) -> Result<(), u64> {
        Ok(())
    }
}

impl Pop for Void {
    fn try_pop(&mut self) -> Option<u64> {
        None
    }
}

#[test]
fn a_contender_that_hangs_is_given_up_on() {
    let deadline = Duration::from_millis(50);
    let verdict = proof::trial::<Keeps>(Shape::TwoToTwo, CAPACITY, ITEMS, deadline);
    assert_eq!(verdict, Err(Fault::Unfinished));
}

#[test]
fn the_timed_round_counts_and_sums_what_arrives() {
    let lost = round::time::<Broken<Loses>>(Shape::OneToOne, 100_000);
    assert!(
        matches!(lost, Err(RoundError::Wrong { pushed, popped }) if pushed.0 == popped.0 + 1),
        "{lost:?}"
    );
    let garbled = round::time::<Broken<Garbles>>(Shape::OneToOne, 100_000);
    assert!(
        matches!(garbled, Err(RoundError::Wrong { pushed, popped }) if pushed.0 == popped.0),
        "{garbled:?}"
    );
    let twice = round::time::<Broken<Duplicates>>(Shape::TwoToTwo, 100_000);
    assert!(matches!(twice, Err(RoundError::Wrong { .. })), "{twice:?}");
    round::time::<Broken<Honest>>(Shape::TwoToTwo, 100_000).expect("an honest round has a time");
}

#[test]
fn every_contender_is_proved_in_every_shape_it_fits() {
    for shape in Shape::ALL {
        for entry in peers::fitting(shape) {
            assert_eq!(entry.prove(shape), Ok(()), "{} in {shape}", entry.name);
        }
    }
}

/// The default way to push retries with the item that was refused.
#[test]
fn a_refused_item_is_the_one_that_is_tried_again() {
    struct Third(Vec<u64>, u32);
    impl Push for Third {
        fn try_push(&mut self, item: u64) -> Result<(), u64> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                self.0.push(item);
                Ok(())
            } else {
                Err(item)
            }
        }
    }
    let mut handle = Third(Vec::new(), 0);
    assert!(handle.push(7, &Backoff::default()));
    assert!(handle.push(8, &Backoff::default()));
    assert_eq!(handle.0, [7, 8]);
}
