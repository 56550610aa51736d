//! Simulation of a distributed system, with its faults enumerated.
//!
//! A model is a closure that gets a fresh [`World`] for every execution, spawns
//! async tasks on its nodes and states properties. The tasks are plain futures:
//! they may use the network, clocks and disks of the world, and whatever else is
//! deterministic. [`Sim::run`] executes the model again and again until every
//! placement of up to `f` faults has been tried.
//!
//! ```
//! use ringwright_check::sim::{CallError, Effects, Sim};
//! use std::time::Duration;
//!
//! // A client pays once and, hearing nothing, pays again.
//! let report = Sim::new("retry").nodes(["client", "bank"]).faults(1).run(|world| {
//!     let (client, bank) = (world.node("client"), world.node("bank"));
//!     let net = world.net::<u32>("pay");
//!     let effects = Effects::new(world, bank);
//!     let server = net.clone();
//!     world.serve(bank, async move {
//!         loop {
//!             let request = server.recv(bank).await;
//!             effects.happened(request.body);
//!             server.reply(&request, request.body).await;
//!         }
//!     });
//!     world.spawn(client, async move {
//!         while let Err(CallError::Timeout) =
//!             net.call(client, bank, 7, Duration::from_secs(1)).await {}
//!     });
//! });
//! let failure = report.failure.expect("a lost reply makes it pay twice");
//! assert_eq!(failure.message, "7 took effect 2 times");
//! ```
//!
//! `tests/sim/` has more: elections, two-phase commit, quorums, logs, leases,
//! each with the bug that it is known for and in the form that stands.
//!
//! # The model of the world
//!
//! **Nodes** are single-threaded: one task at a time runs, until it awaits, and
//! computing takes no time. **Messages** take one fixed latency. **Timers** fire
//! on time. Of two things at the same time the one that was begun first goes
//! first. This is the execution without faults, and it is one execution unless
//! the model itself chooses by [`World::any`].
//!
//! **The end.** An execution ends when all spawned tasks have finished and all that
//! they caused has happened; servers then go on by their own timers, and with what
//! they send at these, for the time of [`Sim::settle`]. A loop that waits for nothing is
//! a limit hit with its place after [`Sim::max_steps`] operations of the world, and
//! without any of these a hang, for [`Sim::watchdog`].
//!
//! **Programs.** [`World::spawn`] runs a task that must finish, [`World::serve`]
//! one that need not. [`World::boot`] says how a node starts; only such nodes
//! crash, and they start again with what is on their [`Disk`]s and [`File`]s.
//! **Clocks.** Each node has a wall clock and a monotonic one ([`NodeClock`]).
//! **Clients** know of an operation that it was done, that it was not, or neither
//! ([`ClientResult`]): a timeout tells nothing.
//!
//! # What is enumerated
//!
//! All placements of up to [`faults`](Sim::faults) faults, in every combination:
//!
//! - **Loss** of a message, a request or a reply.
//! - **Delay** of one: past the next events of its receiver (so that what was
//!   sent later overtakes it), or by a fixed time ([`delays`](Sim::delays)).
//! - **Duplication** of a message or request: the copy comes at once, or late
//!   by any of the delays.
//! - **Pause** of a node ([`pauses`](Sim::pauses)), as a garbage collection or a
//!   stalled virtual machine would: at any of its awaits, that is before a task
//!   that was woken goes on, and before every operation on network, disk and
//!   timers takes effect. Time goes on meanwhile, other nodes run, timers run
//!   out, and messages wait for it. Afterwards the node first does what it
//!   was about to do, and then sees the rest in the order in which it was due.
//! - **Crash** of a node that was booted ([`crashes`](Sim::crashes)): at any of its
//!   awaits, that is where a task is left waiting, where one is woken and has not
//!   acted on it, and before every operation takes effect. Tasks, inboxes, calls
//!   and timers are lost; so is what is sent to the node while it is down. Of the
//!   writes that no sync has seen, the first few are kept: every number of them
//!   is tried, and of a [`File`] also every one of them torn
//!   ([`torn_writes`](Sim::torn_writes)). This is part of the one fault. Then the
//!   node starts again, after each of the times that are listed, or never.
//! - **Partition** ([`partitions`](Sim::partitions)): one node or one link is cut
//!   off, in one direction or both, or the nodes are split in two groups, from any
//!   message on that it stops, and for each of the times that are listed.
//! - **Clock faults** ([`clock_faults`](Sim::clock_faults)): a node's wall clock
//!   is ahead or behind, or its clocks run fast or slow, from the start; or its
//!   wall clock is set forward or back, before any reading of it.
//! - **Failure of a sync** ([`sync_errors`](Sim::sync_errors)): what it was for can
//!   be read, and is lost in a crash.
//!
//! Loss, delays, duplicates, pauses and crashes are on unless they are switched
//! off; partitions, clock faults and failed syncs are off unless they are listed.
//!
//! A choice is left out only where it cannot make a difference: a reply that no
//! call waits for simply arrives; a second reply to a call, or one later than
//! the call's patience, is not tried beside the loss of it; what is sent to a node
//! that is down, or through a partition, has no faults to choose; a partition begins with a
//! message that it stops; two crashes of a node at the same time, with nothing in
//! between that the node did, are one; deliveries to different nodes are not
//! permuted, because they commute; a clock is chosen when it is first read.
//!
//! # What is not
//!
//! - Lengths of pauses, delays, partitions and downtimes other than those listed.
//!   List one that is longer than every lease and timeout of the system, and one
//!   that is not.
//! - Orders of simultaneous events at one node, other than by delays.
//! - A fault on a message that was late or doubled already, a pause that follows
//!   on a pause without a step between, a crash of a node while it is paused.
//! - A pause or crash between two statements without an await between them
//!   ([`World::point`] makes one).
//! - Messages that a network drops because a connection broke: a request that was
//!   sent before a crash reaches the node that starts again, as a datagram would.
//! - Unsynced writes that overtake each other on their way to the disk, and what
//!   was durable going bad.
//! - What destructors do: those of a crashed program run, which on a real machine
//!   they do not. They must not act on the world.
//!
//! # Oracles
//!
//! [`Exclusion`]: one writer at a time, at the storage. [`Effects`]: at most once.
//! [`Durability`]: what is acknowledged is durable. [`ClientHistory`]: the clients
//! saw one register, [`KeyValue`] or other object of a
//! [`Spec`](crate::linearize::Spec) (linearizability).
//! [`Sessions`]: read your writes, monotonic reads. [`Leaders`]: one a term.
//! [`AtomicCommit`]: all or nothing. [`Attempts`]: so many of a request at most.
//! Anything else is a [`World::check`], after every event, or a
//! [`World::check_at_end`].
//!
//! # Verdicts
//!
//! `Bounded("2 faults, 6 nodes, 181 steps")`: exhaustive within that bound. Every
//! placement of up to two faults among six nodes was run, in executions of up to
//! 181 steps, none of which was cut short. The notes of the report name the
//! faults that there were to choose from, and how many of each kind were placed:
//! a kind that is not among them had no place in this model. The search goes by
//! the number of faults, so a failure shows the fewest that cause it. It is
//! replayed twice before it is shown; if that comes out differently the verdict is
//! not-deterministic. [`random`](Sim::random) gives `Sampled`: for more faults, or
//! a model that is too large. A limit is no pass.
//! `RINGWRIGHT_REPLAY=<token>` runs just the execution of that token; a
//! token of another model or build gives `LimitHit` with a text that says so.
//!
//! # Speed
//!
//! `n` places for a fault give about `n²/2` executions with two; an execution
//! takes about half a microsecond a step. If that is too long: fewer retries,
//! fewer lengths of pauses, delays and downtimes, `duplication(false)`, and a
//! client that stops when it has seen enough.

mod agenda;
mod agreement;
mod builder;
mod client_result;
mod clock;
mod crash;
mod delivery;
mod disk;
mod executor;
mod fault_search;
mod file;
mod history;
mod join;
mod key_value;
mod lifecycle;
mod limits;
mod menu;
mod message_faults;
mod network;
mod node;
mod node_faults;
mod oracle;
mod partition;
mod poll_monitor;
mod promises;
mod ready;
mod record;
mod resource;
mod rules;
mod state;
mod time;
mod token;
mod world;

pub use agreement::{AtomicCommit, CommitDecision, Leaders};
pub use builder::Sim;
pub use client_result::ClientResult;
pub use clock::{NodeClock, TimeoutError};
pub use disk::{Disk, SyncError};
pub use file::File;
pub use history::{ClientCall, ClientHistory};
pub use join::join_all;
pub use key_value::{KeyValue, KeyValueOp};
pub use menu::{ClockFault, Cut, Delay, Downtime};
pub use network::{CallError, Envelope, Net};
pub use node::Node;
pub use oracle::{Effects, Exclusion};
pub use promises::{Attempts, Durability, Guarantee, Sessions};
pub use world::World;
