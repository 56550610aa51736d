//! Runs against lock servers and a ledger in this process.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use payouts::lease::{self, Answer, Ask, LockServer, LockServers, TTL};
use payouts::ledger::{Command, Ledger, PayoutId, Reply};
use payouts::runner::{LedgerLink, RunError, Runner};
use payouts::{Clock, Site};

/// Five lock servers, a ledger and a clock.
#[derive(Clone)]
struct Town {
    servers: Rc<RefCell<[LockServer; 5]>>,
    ledger: Rc<RefCell<Ledger>>,
    now: Rc<Cell<Duration>>,
    /// How many of the lock servers can be reached.
    reachable: Rc<Cell<usize>>,
    /// Whether the network delivers what it is given a second time.
    doubles: Rc<Cell<bool>>,
}

impl Town {
    fn new(payouts: &[PayoutId]) -> Self {
        Town {
            servers: Rc::default(),
            ledger: Rc::new(RefCell::new(Ledger::new(payouts.to_vec()))),
            now: Rc::new(Cell::new(Duration::from_secs(1_000))),
            reachable: Rc::new(Cell::new(5)),
            doubles: Rc::new(Cell::new(false)),
        }
    }

    fn runner(&self, site: Site) -> Runner<Town, Town, Town> {
        Runner::new(site, self.clone(), self.clone(), self.clone())
    }

    fn run(&self, site: Site) -> Result<usize, RunError> {
        block_on(self.runner(site).run())
    }

    fn paid(&self) -> Vec<(PayoutId, Site)> {
        let ledger = self.ledger.borrow();
        let lines = ledger.lines().iter();
        lines.map(|line| (line.payout, line.site)).collect()
    }

    fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }
}

impl Clock for Town {
    fn monotonic(&self) -> Duration {
        self.now.get()
    }

    fn wall(&self) -> Duration {
        Duration::from_secs(1_772_460_000) + self.now.get()
    }
}

impl LockServers for Town {
    async fn ask_all(&self, ask: Ask, _patience: Duration) -> Vec<Answer> {
        let mut servers = self.servers.borrow_mut();
        let reached = servers.iter_mut().take(self.reachable.get());
        reached.map(|s| s.answer(ask, self.now.get())).collect()
    }
}

impl LedgerLink for Town {
    async fn send(&self, command: Command, _patience: Duration) -> Option<Reply> {
        self.pass(Duration::from_millis(40));
        let reply = self.ledger.borrow_mut().handle(command.clone());
        if self.doubles.get() {
            self.ledger.borrow_mut().handle(command);
        }
        Some(reply)
    }
}

/// Runs a future that never has to wait.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing in these tests waits"),
    }
}

#[test]
fn a_run_pays_what_is_due() {
    let town = Town::new(&[7, 8, 9]);
    assert_eq!(town.run(1), Ok(3));
    assert_eq!(town.paid(), [(7, 1), (8, 1), (9, 1)]);
}

#[test]
fn nothing_is_paid_again() {
    let town = Town::new(&[7, 8]);
    assert_eq!(town.run(1), Ok(2));
    assert_eq!(town.run(1), Ok(0));
    town.pass(Duration::from_secs(60));
    assert_eq!(town.run(4), Ok(0));
    assert_eq!(town.paid(), [(7, 1), (8, 1)]);
}

#[test]
fn a_long_list_takes_several_runs() {
    let payouts: Vec<PayoutId> = (1..=20).collect();
    let town = Town::new(&payouts);
    for (site, count) in [(1, 8), (2, 8), (3, 4), (1, 0)] {
        assert_eq!(town.run(site), Ok(count));
        town.pass(Duration::from_secs(60));
    }
    let paid: Vec<PayoutId> = town.paid().into_iter().map(|(payout, _)| payout).collect();
    assert_eq!(paid, payouts);
}

#[test]
fn a_second_delivery_changes_nothing() {
    let town = Town::new(&[7, 8]);
    town.doubles.set(true);
    assert_eq!(town.run(1), Ok(2));
    assert_eq!(town.paid(), [(7, 1), (8, 1)]);
}

#[test]
fn one_site_at_a_time() {
    let town = Town::new(&[7]);
    let lease = block_on(lease::acquire(2, &town, &town)).expect("all servers answer");
    assert_eq!(town.run(1), Err(RunError::NoLease));
    assert_eq!(town.paid(), []);
    town.pass(lease.remaining(&town));
    assert_eq!(town.run(1), Ok(1));
}

#[test]
fn a_lease_runs_out() {
    let town = Town::new(&[7]);
    let first = block_on(lease::acquire(2, &town, &town)).expect("all servers answer");
    town.pass(TTL - Duration::from_secs(1));
    assert_eq!(first.remaining(&town), Duration::from_secs(1));
    assert_eq!(block_on(lease::acquire(1, &town, &town)), None);
    town.pass(Duration::from_secs(1));
    let second = block_on(lease::acquire(1, &town, &town)).expect("the first ran out");
    assert!(first.remaining(&town).is_zero());
    assert!(second.epoch > first.epoch);
}

#[test]
fn three_servers_are_enough_and_two_are_not() {
    let town = Town::new(&[7]);
    town.reachable.set(2);
    assert_eq!(town.run(1), Err(RunError::NoLease));
    town.reachable.set(3);
    assert_eq!(town.run(1), Ok(1));
}
