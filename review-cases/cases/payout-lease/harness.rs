//! Two sites run payouts; up to two things go wrong in the network or with a
//! machine. Judged at the ledger: every payout is transferred exactly once.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use payouts::Clock;
use payouts::ledger::{Command, Ledger, Reply};
use payouts::lease::{Answer, Ask, LockServer, LockServers};
use payouts::runner::{LedgerLink, Runner};
use review_cases::harness::{Harness, sim};

const SITES: [&str; 5] = ["dc1", "dc2", "dc3", "dc4", "dc5"];
const PAYOUTS: [u64; 2] = [7, 8];
/// Longer than any lease; longer than the time between two runs.
const LONG: Duration = Duration::from_secs(90);

/// What goes over the network to and from a lock server.
#[derive(Clone, Debug)]
enum Lock {
    Ask(Ask),
    Answer(Answer),
}

/// What goes to and from the ledger.
#[derive(Clone, Debug)]
enum Book {
    Command(Command),
    Reply(Reply),
}

struct Servers {
    net: sim::Net<Lock>,
    from: sim::Node,
    servers: Vec<sim::Node>,
}

impl LockServers for Servers {
    async fn ask_all(&self, ask: Ask, patience: Duration) -> Vec<Answer> {
        let call = |&to| self.net.call(self.from, to, Lock::Ask(ask), patience);
        let replies = sim::join_all(self.servers.iter().map(call)).await;
        let answer = |reply| match reply {
            Ok(Lock::Answer(answer)) => Some(answer),
            _ => None,
        };
        replies.into_iter().filter_map(answer).collect()
    }
}

struct Link {
    net: sim::Net<Book>,
    from: sim::Node,
    ledger: sim::Node,
}

impl LedgerLink for Link {
    async fn send(&self, command: Command, patience: Duration) -> Option<Reply> {
        let command = Book::Command(command);
        match self.net.call(self.from, self.ledger, command, patience).await {
            Ok(Book::Reply(reply)) => Some(reply),
            _ => None,
        }
    }
}

struct Watch(sim::Clock);

impl Clock for Watch {
    fn monotonic(&self) -> Duration {
        self.0.now_mono()
    }

    fn wall(&self) -> Duration {
        self.0.now_wall()
    }
}

fn serve_lock(world: &sim::World, net: &sim::Net<Lock>, node: sim::Node) {
    let (net, clock) = (net.clone(), world.clock(node));
    world.serve(node, async move {
        let mut server = LockServer::default();
        loop {
            let request = net.recv(node).await;
            if let Lock::Ask(ask) = request.body {
                let answer = server.answer(ask, clock.now_mono());
                net.reply(&request, Lock::Answer(answer)).await;
            }
        }
    });
}

fn serve_ledger(world: &sim::World, net: &sim::Net<Book>, node: sim::Node) {
    let net = net.clone();
    let effects = sim::Effects::new(world, node);
    let ledger = Rc::new(RefCell::new(Ledger::new(PAYOUTS.to_vec())));
    let book = Rc::clone(&ledger);
    world.serve(node, async move {
        loop {
            let request = net.recv(node).await;
            if let Book::Command(command) = request.body.clone() {
                let before = book.borrow().lines().len();
                let reply = book.borrow_mut().handle(command);
                for line in &book.borrow().lines()[before..] {
                    effects.happened(line.payout);
                }
                net.reply(&request, Book::Reply(reply)).await;
            }
        }
    });
    world.check_at_end(move || {
        let ledger = ledger.borrow();
        for payout in PAYOUTS {
            if !ledger.lines().iter().any(|line| line.payout == payout) {
                return Err(format!("{payout} was never paid"));
            }
        }
        Ok(())
    });
}

fn two_sites(world: &sim::World) {
    let ledger = world.node("ledger");
    let servers: Vec<sim::Node> = SITES.iter().map(|name| world.node(name)).collect();
    let (locks, books) = (world.net("lease"), world.net("ledger"));
    for &server in &servers {
        serve_lock(world, &locks, server);
    }
    serve_ledger(world, &books, ledger);
    // One site runs once and is then out of service; the other takes up what is
    // left, twice: with two faults, one run of the three is untouched.
    for (site, at) in [(1, &[0][..]), (4, &[60, 200])] {
        let node = servers[site - 1];
        let link = Link {
            net: books.clone(),
            from: node,
            ledger,
        };
        let lock_servers = Servers {
            net: locks.clone(),
            from: node,
            servers: servers.clone(),
        };
        let clock = world.clock(node);
        let runner = Runner::new(site as u8, lock_servers, link, Watch(clock.clone()));
        world.spawn(node, async move {
            for &at in at {
                let wait = Duration::from_secs(at).saturating_sub(clock.now_mono());
                clock.sleep(wait).await;
                // Whatever a run says, the ledger is what counts.
                let _ = runner.run().await;
            }
        });
    }
}

fn main() {
    let mut h = Harness::from_args();
    let nodes = SITES.into_iter().chain(["ledger"]);
    let simulation = sim::Sim::new("two sites, two faults")
        .nodes(nodes)
        .faults(2)
        .pauses([LONG])
        .delays([sim::Delay::PastNext(1), sim::Delay::By(LONG)])
        .clock_faults([sim::ClockFault::Ahead(Duration::from_secs(3600))]);
    h.sim(simulation, two_sites);
    h.finish();
}
