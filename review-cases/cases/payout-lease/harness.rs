//! Two sites run payouts, one after the other. Judged at the ledger: no payout is
//! transferred twice, whatever happens to two messages or machines; and a site
//! whose clock is off hinders nobody.

use std::time::Duration;

use payouts::lease::{Answer, Ask, LockServer, LockServers};
use payouts::ledger::{Command, Ledger, Reply};
use payouts::runner::{LedgerLink, Runner};
use payouts::{Clock, Site};
use review_cases::harness::{Harness, sim};

const SITES: [&str; 5] = ["dc1", "dc2", "dc3", "dc4", "dc5"];
/// When the first and the second site run: the lease of a run that stopped on
/// the way is over by then.
const RUNS: [(Site, u64); 2] = [(1, 0), (4, 60)];
/// Longer than a lease, and than the time between the two runs.
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
        match self
            .net
            .call(self.from, self.ledger, command, patience)
            .await
        {
            Ok(Book::Reply(reply)) => Some(reply),
            _ => None,
        }
    }
}

struct Watch(sim::NodeClock);

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

/// Serves a ledger with these payouts, and judges every line as it is written.
fn serve_ledger(
    world: &sim::World,
    net: &sim::Net<Book>,
    node: sim::Node,
    payouts: Vec<u64>,
) -> sim::Effects<u64> {
    let net = net.clone();
    let effects = sim::Effects::new(world, node);
    let judge = effects.clone();
    world.serve(node, async move {
        let mut ledger = Ledger::new(payouts);
        loop {
            let request = net.recv(node).await;
            if let Book::Command(command) = request.body.clone() {
                let before = ledger.lines().len();
                let reply = ledger.handle(command);
                for line in &ledger.lines()[before..] {
                    judge.happened(line.payout);
                }
                net.reply(&request, Book::Reply(reply)).await;
            }
        }
    });
    effects
}

fn town(world: &sim::World, payouts: Vec<u64>) -> sim::Effects<u64> {
    let ledger = world.node("ledger");
    let servers: Vec<sim::Node> = SITES.iter().map(|name| world.node(name)).collect();
    let (locks, books) = (world.net("lease"), world.net("ledger"));
    for &server in &servers {
        serve_lock(world, &locks, server);
    }
    let effects = serve_ledger(world, &books, ledger, payouts);
    for (site, at) in RUNS {
        let node = servers[usize::from(site) - 1];
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
        let runner = Runner::new(site, lock_servers, link, Watch(clock.clone()));
        world.spawn(node, async move {
            clock.sleep(Duration::from_secs(at)).await;
            // Whatever a run says, the ledger is what counts.
            let _ = runner.run().await;
        });
    }
    effects
}

fn main() {
    let mut h = Harness::from_args();
    let nodes = || SITES.into_iter().chain(["ledger"]);

    let pause = sim::Sim::new("two runs, one pause")
        .nodes(nodes())
        .faults(1)
        .loss(false)
        .duplication(false)
        .delays([])
        .pauses([LONG]);
    h.sim(pause, |world| {
        town(world, vec![7, 8]);
    });

    let hour = Duration::from_secs(3600);
    let clocks = sim::Sim::new("two runs, a clock that is off")
        .nodes(nodes())
        .faults(1)
        .loss(false)
        .duplication(false)
        .delays([])
        .pauses([])
        .clock_faults([sim::ClockFault::Ahead(hour), sim::ClockFault::Behind(hour)]);
    h.sim(clocks, |world| {
        // More than a run takes: the second site has to pay the rest.
        let payouts: Vec<u64> = (1..=10).collect();
        let effects = town(world, payouts.clone());
        world.check_at_end(move || {
            match payouts.iter().find(|payout| effects.count(payout) == 0) {
                None => Ok(()),
                Some(payout) => Err(format!("{payout} is due and nobody could pay it")),
            }
        });
    });

    let faults = sim::Sim::new("two runs, two faults")
        .nodes(nodes())
        .faults(2)
        .pauses([LONG])
        .delays([sim::Delay::PastNext(1), sim::Delay::By(LONG)]);
    h.sim(faults, |world| {
        town(world, vec![7, 8]);
    });
    h.finish();
}
