//! The network: typed messages between nodes, and calls that wait for a reply.
//!
//! A message leaves when the sending operation passes its pause point, and reaches
//! its receiver one latency later. There it is chosen what becomes of it (see
//! [`delivery`](crate::sim::delivery)); what arrives goes into the receiver's inbox, and
//! [`Net::recv`] takes from that in order of arrival. A paused node's messages
//! wait for it.

use crate::sim::delivery::{Arrival, Datagram};
use crate::sim::node::Node;
use crate::sim::ready::remember;
use crate::sim::resource::NodeResource;
use crate::sim::world::World;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// A message that was received, with what is needed to reply.
#[derive(Clone, Debug)]
pub struct Envelope<M> {
    /// Who sent it.
    pub from: Node,
    /// Who received it.
    pub to: Node,
    /// What it says.
    pub body: M,
    call: Option<u64>,
}

/// Why a call has no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallError {
    /// None came in time. Whether the request was acted on is unknown.
    Timeout,
    /// Nobody listens there: the request was not acted on.
    Refused,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallError::Timeout => "no reply in time",
            CallError::Refused => "connection refused",
        })
    }
}

impl std::error::Error for CallError {}

/// A network for messages of type `M`. Clones are handles to the same network.
pub struct Net<M> {
    world: World,
    shared: Rc<NetState<M>>,
}

struct NetState<M> {
    name: String,
    inboxes: RefCell<Vec<Inbox<M>>>,
    calls: RefCell<BTreeMap<u64, CallState<M>>>,
}

struct Inbox<M> {
    /// Whether the node has ever asked for a message.
    open: bool,
    waiting: VecDeque<Envelope<M>>,
    wakers: Vec<Waker>,
}

/// A call that waits.
struct CallState<M> {
    /// When it gives up, in true nanoseconds.
    ends: u64,
    reply: Option<Result<M, CallError>>,
    waker: Option<Waker>,
}

impl World {
    /// A network for messages of one type. `name` is how the trace calls it;
    /// networks are separate, whatever they are called.
    pub fn net<M: Clone + fmt::Debug + 'static>(&self, name: &str) -> Net<M> {
        let inbox = |_| Inbox { open: false, waiting: VecDeque::new(), wakers: Vec::new() };
        let nodes = self.state().nodes.len();
        let shared = Rc::new(NetState {
            name: name.to_owned(),
            inboxes: RefCell::new((0..nodes).map(inbox).collect()),
            calls: RefCell::default(),
        });
        self.add_resource(Rc::clone(&shared) as Rc<dyn NodeResource>);
        Net { world: self.clone(), shared }
    }
}

impl<M: Clone + fmt::Debug + 'static> Net<M> {
    /// Sends a message that nobody answers. Done when it has left.
    #[track_caller]
    pub fn send(&self, from: Node, to: Node, body: M) -> impl Future<Output = ()> + use<M> {
        let (net, site) = (self.clone(), Location::caller());
        let gate = self.world.gate(from);
        async move {
            gate.await;
            net.post(from, to, Content::Body(body), Purpose::Notice, site);
        }
    }

    /// The next message for `node`, in order of arrival.
    ///
    /// A node accepts messages from its first `recv` on; before that it refuses.
    #[track_caller]
    pub fn recv(&self, node: Node) -> impl Future<Output = Envelope<M>> + use<M> {
        let (net, site) = (self.clone(), Location::caller());
        self.shared.inboxes.borrow_mut()[node.0].open = true;
        async move {
            if !net.shared.inboxes.borrow()[node.0].waiting.is_empty() {
                net.world.gate(node).await;
            }
            poll_fn(|cx| {
                let inbox = &mut net.shared.inboxes.borrow_mut()[node.0];
                match inbox.waiting.pop_front() {
                    Some(envelope) => Poll::Ready(envelope),
                    None => {
                        inbox.wakers.push(cx.waker().clone());
                        net.world.waits("a receive", site);
                        Poll::Pending
                    }
                }
            })
            .await
        }
    }

    /// Refuses messages at `node` from now on; what was received stays.
    #[track_caller]
    pub fn close(&self, node: Node) {
        self.world.operation();
        self.shared.inboxes.borrow_mut()[node.0].open = false;
    }

    /// Sends a request and waits for the reply, at most `patience` by the
    /// caller's monotonic clock. It is sent once: trying again is for the caller.
    ///
    /// # Errors
    ///
    /// [`CallError::Timeout`] when no reply came in time (the request may have
    /// been acted on, or may still be), [`CallError::Refused`] when nobody
    /// listens at `to`.
    #[track_caller]
    pub fn call(
        &self,
        from: Node,
        to: Node,
        request: M,
        patience: Duration,
    ) -> impl Future<Output = Result<M, CallError>> + use<M> {
        let (net, site) = (self.clone(), Location::caller());
        let gate = self.world.gate(from);
        async move {
            gate.await;
            let alarm = net.world.clock(from).alarm(patience, "a call", site);
            let call = CallEntry::new(&net, alarm.ends());
            let purpose = Purpose::Request(call.number);
            net.post(from, to, Content::Body(request), purpose, site);
            let mut alarm = pin!(alarm);
            poll_fn(|cx| {
                if let Some(reply) = call.reply(cx.waker()) {
                    return Poll::Ready(reply);
                }
                alarm.as_mut().poll(cx).map(|()| {
                    net.world.trace(from, Some(site), || "times out".to_owned());
                    Err(CallError::Timeout)
                })
            })
            .await
        }
    }

    /// Answers a request. Without effect for a message that is none.
    #[track_caller]
    pub fn reply(&self, to: &Envelope<M>, body: M) -> impl Future<Output = ()> + use<M> {
        let (net, site) = (self.clone(), Location::caller());
        let (from, to, call) = (to.to, to.from, to.call);
        let gate = self.world.gate(from);
        async move {
            let Some(call) = call else { return };
            gate.await;
            net.post(from, to, Content::Body(body), Purpose::Reply(call), site);
        }
    }

    fn post(
        &self,
        from: Node,
        to: Node,
        body: Content<M>,
        purpose: Purpose,
        site: &'static Location<'static>,
    ) {
        let message = NetMessage { net: self.clone(), from, to, body, purpose };
        self.world
            .trace(from, Some(site), || format!("send {} to {}", message.describe(), self.world.name(to)));
        self.world.state().send(Box::new(message));
    }
}

/// Sockets and what was received from them are lost. Calls go with their tasks.
impl<M> NodeResource for NetState<M> {
    fn ways(&self, _: Node) -> u32 {
        1
    }

    fn crash(&self, node: Node, _: u32) -> Option<String> {
        let empty = Inbox { open: false, waiting: VecDeque::new(), wakers: Vec::new() };
        let lost = std::mem::replace(&mut self.inboxes.borrow_mut()[node.0], empty);
        drop(lost);
        None
    }
}

impl<M> Clone for Net<M> {
    fn clone(&self) -> Self {
        Net { world: self.world.clone(), shared: Rc::clone(&self.shared) }
    }
}

impl<M> fmt::Debug for Net<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

/// A call in the table of those that wait; dropping it takes it out, and a
/// reply that comes later finds nobody.
struct CallEntry<M> {
    net: Net<M>,
    number: u64,
}

impl<M: Clone + fmt::Debug + 'static> CallEntry<M> {
    fn new(net: &Net<M>, ends: u64) -> Self {
        let number = {
            let mut state = net.world.state();
            state.calls += 1;
            state.calls
        };
        let call = CallState { ends, reply: None, waker: None };
        net.shared.calls.borrow_mut().insert(number, call);
        CallEntry { net: net.clone(), number }
    }

    fn reply(&self, waker: &Waker) -> Option<Result<M, CallError>> {
        let mut calls = self.net.shared.calls.borrow_mut();
        let call = calls.get_mut(&self.number)?;
        if call.reply.is_none() {
            remember(&mut call.waker, waker);
        }
        call.reply.take()
    }
}

impl<M> Drop for CallEntry<M> {
    fn drop(&mut self) {
        let call = self.net.shared.calls.borrow_mut().remove(&self.number);
        drop(call);
    }
}

/// What a message is for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Notice,
    Request(u64),
    Reply(u64),
}

#[derive(Clone, Debug)]
enum Content<M> {
    Body(M),
    Refusal,
}

#[derive(Clone)]
struct NetMessage<M> {
    net: Net<M>,
    from: Node,
    to: Node,
    body: Content<M>,
    purpose: Purpose,
}

impl<M: Clone + fmt::Debug + 'static> Datagram for NetMessage<M> {
    fn from(&self) -> Node {
        self.from
    }

    fn to(&self) -> Node {
        self.to
    }

    fn arrival(&self, now: u64) -> Arrival {
        let Purpose::Reply(number) = self.purpose else {
            return Arrival::Message;
        };
        match self.net.shared.calls.borrow().get(&number) {
            Some(call) if call.reply.is_none() => Arrival::Reply(call.ends.saturating_sub(now)),
            _ => Arrival::Unwanted,
        }
    }

    fn copy(&self) -> Box<dyn Datagram> {
        Box::new(self.clone())
    }

    fn describe(&self) -> String {
        let name = &self.net.shared.name;
        match &self.body {
            Content::Body(body) => format!("{name}/{body:?}"),
            Content::Refusal => format!("{name}/refused"),
        }
    }

    fn deliver(self: Box<Self>) {
        let call = match self.purpose {
            Purpose::Reply(number) => {
                self.answer(number);
                return;
            }
            Purpose::Request(number) => Some(number),
            Purpose::Notice => None,
        };
        let NetMessage { net, from, to, body, .. } = *self;
        let Content::Body(body) = body else { return };
        let mut inboxes = net.shared.inboxes.borrow_mut();
        let inbox = &mut inboxes[to.0];
        if inbox.open {
            inbox.waiting.push_back(Envelope { from, to, body, call });
            inbox.wakers.drain(..).for_each(Waker::wake);
        } else if let Some(number) = call {
            drop(inboxes);
            let site = Location::caller();
            net.post(to, from, Content::Refusal, Purpose::Reply(number), site);
        }
    }
}

impl<M> NetMessage<M> {
    /// Hands the reply to the call that waits for it, if it still does.
    fn answer(self, number: u64) {
        let mut calls = self.net.shared.calls.borrow_mut();
        let Some(call) = calls.get_mut(&number) else {
            return;
        };
        if call.reply.is_none() {
            call.reply = Some(match self.body {
                Content::Body(body) => Ok(body),
                Content::Refusal => Err(CallError::Refused),
            });
        }
        if let Some(waker) = call.waker.take() {
            waker.wake();
        }
    }
}
