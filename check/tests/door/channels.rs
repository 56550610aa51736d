//! Channels: what crosses an `mpsc`, what orders it, and what a dropped end says.

use super::{acquit, convict};
use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::mpsc::{
    RecvTimeoutError, SendError, TryRecvError, TrySendError, channel, sync_channel,
};
use ringwright_check::door::time::Duration;
use ringwright_check::door::{Arc, thread};
use ringwright_check::{FailureKind, outcome};

/// A cell that several threads touch, rightly or not.
struct Shared(UnsafeCell<u32>);

// SAFETY: whether accesses are ordered is what the models ask.
unsafe impl Sync for Shared {}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared(UnsafeCell::new(0)))
    }

    fn set(&self, n: u32) {
        // SAFETY: the explorer stops an execution before it races.
        self.0.with_mut(|p| unsafe { *p = n });
    }

    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|p| unsafe { *p })
    }
}

#[test]
fn messages_come_in_order_and_then_the_end() {
    acquit(
        || {
            let (sender, receiver) = channel();
            let thread = thread::spawn(move || (1..=2).for_each(|i| sender.send(i).unwrap()));
            let got: Vec<i32> = receiver.iter().collect();
            thread.join().unwrap();
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
            outcome(format!("{got:?}"));
        },
        ["[1, 2]"],
    );
}

#[test]
fn two_senders_come_in_either_order() {
    acquit(
        || {
            let (sender, receiver) = channel();
            let other = sender.clone();
            let thread = thread::spawn(move || other.send(2).unwrap());
            sender.send(1).unwrap();
            drop(sender);
            let got: Vec<i32> = receiver.into_iter().collect();
            thread.join().unwrap();
            outcome(format!("{got:?}"));
        },
        ["[1, 2]", "[2, 1]"],
    );
}

#[test]
fn waiting_for_a_message_that_nobody_sends_deadlocks() {
    let model = || {
        let (sender, receiver) = channel();
        let kept = sender.clone();
        let thread = thread::spawn(move || sender.send(1).unwrap());
        receiver.recv().unwrap();
        // `kept` lives, so this is not the end of the channel.
        let _ = receiver.recv();
        drop(kept);
        thread.join().unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn a_receive_sees_what_was_before_the_send_and_a_failed_one_does_not() {
    let model = |only_if_received: bool| {
        move || {
            let shared = Shared::new();
            let theirs = Arc::clone(&shared);
            let (sender, receiver) = channel();
            let thread = thread::spawn(move || {
                theirs.set(7);
                sender.send(()).unwrap();
            });
            let received = receiver.try_recv().is_ok();
            if received || !only_if_received {
                assert_eq!(shared.get(), 7);
            }
            outcome(received);
            thread.join().unwrap();
        }
    };
    acquit(model(true), ["false", "true"]);
    convict(model(false), FailureKind::Race);
}

#[test]
fn a_full_channel_refuses_and_a_send_waits_for_room() {
    acquit(
        || {
            let (sender, receiver) = sync_channel(1);
            sender.send(1).unwrap();
            let thread = thread::spawn(move || [receiver.recv().unwrap(), receiver.recv().unwrap()]);
            let full = match sender.try_send(2) {
                Ok(()) => false,
                Err(TrySendError::Full(2)) => {
                    sender.send(2).unwrap();
                    true
                }
                Err(error) => panic!("{error}"),
            };
            assert_eq!(thread.join().unwrap(), [1, 2]);
            outcome(if full { "waited" } else { "room" });
        },
        ["room", "waited"],
    );
}

#[test]
fn a_send_to_a_full_channel_that_nobody_empties_deadlocks() {
    let model = || {
        let (sender, _receiver) = sync_channel(1);
        sender.send(1).unwrap();
        sender.send(2).unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn a_rendezvous_orders_both_sides() {
    let model = |bound: usize| {
        move || {
            let shared = Shared::new();
            let theirs = Arc::clone(&shared);
            let (sender, receiver) = sync_channel(bound);
            let thread = thread::spawn(move || {
                theirs.set(7);
                receiver.recv().unwrap()
            });
            sender.send(1).unwrap();
            // With a bound of 0 the receiver has been there by now.
            outcome(shared.get());
            thread.join().unwrap();
        }
    };
    acquit(model(0), ["7"]);
    convict(model(1), FailureKind::Race);
}

#[test]
fn at_a_rendezvous_try_send_needs_a_receiver_that_waits() {
    acquit(
        || {
            let (sender, receiver) = sync_channel(0);
            let thread = thread::spawn(move || receiver.recv());
            let sent = sender.try_send(1).is_ok();
            drop(sender);
            assert_eq!(thread.join().unwrap().is_ok(), sent);
            outcome(sent);
        },
        ["false", "true"],
    );
}

#[test]
fn a_rendezvous_gives_the_message_back_when_the_receiver_leaves() {
    acquit(
        || {
            let (sender, receiver) = sync_channel(0);
            let thread = thread::spawn(move || receiver.try_recv().is_ok());
            let back = sender.send(Box::new(7)).map_err(|SendError(message)| *message);
            outcome(format!("taken {} back {back:?}", thread.join().unwrap()));
        },
        ["taken false back Err(7)", "taken true back Ok(())"],
    );
}

#[test]
fn two_rendezvous_that_wait_for_each_other_deadlock() {
    let model = || {
        let (to_them, theirs) = sync_channel(0);
        let (to_me, mine) = sync_channel(0);
        let thread = thread::spawn(move || {
            to_me.send(1).unwrap();
            theirs.recv().unwrap();
        });
        to_them.send(2).unwrap();
        mine.recv().unwrap();
        thread.join().unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn a_send_without_a_receiver_fails() {
    acquit(
        || {
            let (sender, receiver) = channel();
            let thread = thread::spawn(move || drop(receiver));
            let sent = sender.send(1).is_ok();
            thread.join().unwrap();
            assert_eq!(sender.send(2), Err(SendError(2)));
            outcome(sent);
        },
        ["false", "true"],
    );
}

#[test]
fn messages_that_nobody_received_are_dropped_once() {
    struct Noted(Arc<AtomicU32>);
    impl Drop for Noted {
        fn drop(&mut self) {
            // Relaxed: only the number counts.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    acquit(
        || {
            let drops = Arc::new(AtomicU32::new(0));
            let (sender, receiver) = channel();
            let theirs = Noted(Arc::clone(&drops));
            let thread = thread::spawn(move || drop(sender.send((theirs, Box::new(1)))));
            drop(receiver);
            thread.join().unwrap();
            // Relaxed: the join orders it.
            outcome(drops.load(Ordering::Relaxed));
        },
        ["1"],
    );
}

#[test]
fn recv_timeout_ends_all_three_ways() {
    acquit(
        || {
            let (sender, receiver) = channel();
            let thread = thread::spawn(move || {
                sender.send(1).unwrap();
            });
            let wait = || match receiver.recv_timeout(Duration::from_millis(5)) {
                Ok(n) => n.to_string(),
                Err(RecvTimeoutError::Timeout) => "late".to_owned(),
                Err(RecvTimeoutError::Disconnected) => "over".to_owned(),
            };
            outcome(format!("{} {}", wait(), wait()));
            thread.join().unwrap();
        },
        ["1 late", "1 over", "late 1", "late late"],
    );
}

#[test]
fn outside_a_model_a_channel_carries_everything() {
    let (sender, receiver) = sync_channel(2);
    let (other, done) = (sender.clone(), channel());
    let first = thread::spawn(move || (0..100).for_each(|i| sender.send(i).unwrap()));
    let second = thread::spawn(move || (100..200).for_each(|i| other.send(i).unwrap()));
    let third = thread::spawn(move || receiver.iter().for_each(|i| done.0.send(i).unwrap()));
    let mut got: Vec<i32> = done.1.iter().collect();
    got.sort_unstable();
    assert_eq!(got, (0..200).collect::<Vec<_>>());
    [first, second, third].into_iter().for_each(|t| t.join().unwrap());
}
