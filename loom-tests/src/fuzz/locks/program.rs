//! A program of blocking objects: its operations and its text.

use std::fmt;

/// An operation. What it does not apply to, such as unlocking a lock that the thread does not have, it
/// leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockOp {
    /// Takes a mutex, logs its value and writes another one.
    Lock(usize),
    /// The same if it is free.
    TryLock(usize),
    /// Gives a mutex back.
    Unlock(usize),
    /// Takes the reader-writer lock with others, and logs its value.
    Read,
    /// The same if no writer has it.
    TryRead,
    /// Takes the reader-writer lock alone, logs its value and writes another one.
    Write,
    /// The same if nobody has it.
    TryWrite,
    /// Lets readers in beside the writer.
    Downgrade,
    /// Gives the reader-writer lock back.
    Release,
    /// Waits at the condition variable, which gives the first mutex back meanwhile.
    Wait,
    /// The same for a limited time.
    WaitTimeout,
    /// Waits until the flag is set.
    WaitWhile,
    /// Sets the flag, under the first mutex.
    SetFlag,
    /// Wakes a waiter.
    NotifyOne,
    /// Wakes all waiters.
    NotifyAll,
    /// Waits for a token.
    Park,
    /// The same for a limited time.
    ParkTimeout,
    /// Gives a thread its token.
    Unpark(usize),
    /// Waits for the others.
    Barrier,
    /// Sends a message.
    Send(u32),
    /// Sends a message if there is room.
    TrySend(u32),
    /// Receives a message.
    Recv,
    /// Receives a message if there is one.
    TryRecv,
    /// Receives a message, for a limited time.
    RecvTimeout,
    /// Drops the thread's sending end.
    DropSender,
    /// Drops the receiving end.
    DropReceiver,
    /// Runs a closure once, which takes the second mutex, and may then panic.
    CallOnce {
        /// Whether it panics.
        panics: bool,
    },
    /// The value of the `OnceLock`, made now if there is none.
    GetOrInit(u32),
    /// Asks or changes the shared handles.
    Handle(HandleOp),
    /// Makes a thread-local whose destructor takes the second mutex.
    UseLocal,
    /// Asks whether a thread is over.
    IsFinished(usize),
    /// Ends the thread by a panic.
    Panic,
    /// Panics with the locks that the thread has, and catches that.
    PanicCaught,
}

/// What a thread does with its handles of the shared value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandleOp {
    /// Makes another strong handle.
    Clone,
    /// Drops a strong handle.
    Drop,
    /// Makes a weak handle.
    Downgrade,
    /// Drops a weak handle.
    DropWeak,
    /// Makes a strong handle of a weak one.
    Upgrade,
    /// Asks for the value alone.
    GetMut,
    /// Takes the value out if the handle is the only strong one.
    TryUnwrap,
    /// Drops the handle and takes the value out if it was the last strong one.
    IntoInner,
}

/// The bound of the program's channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Any number of messages.
    None,
    /// At most so many; with 0, a send waits for the receiver.
    Of(usize),
}

/// Whether readers wait for a writer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RwPolicy {
    /// They do not.
    ReadersFirst,
    /// They do.
    WritersFirst,
    /// They may: an execution of either kind is allowed.
    Either,
}

/// What the reference is to get wrong, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Broken {
    /// A mutex lets a second one in.
    Mutex,
    /// Readers get in beside a writer.
    RwLock,
    /// `notify_one` wakes nobody.
    Condvar,
    /// A token that comes before `park` is lost.
    Park,
    /// The first one to come is the leader.
    Barrier,
    /// A send does not notice that the receiver is gone.
    Channel,
    /// Nobody waits for the closure that runs.
    Once,
    /// `get_mut` does not look at weak handles.
    Arc,
}

/// How the threads are started and awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockShape {
    /// By `spawn`, and a `join` of each.
    Spawn,
    /// In a scope, which awaits them.
    Scope,
}

/// A program. The first thread is the main one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocksProgram {
    /// What each thread does.
    pub threads: Vec<Vec<LockOp>>,
    /// How they are started and awaited.
    pub shape: LockShape,
    /// How many threads the barrier waits for.
    pub barrier: usize,
    /// The channel's bound.
    pub bound: Bound,
    /// Which threads have a sending end, and which one the receiving end.
    pub senders: Vec<bool>,
    /// The receiver's thread.
    pub receiver: usize,
    /// Whether each thread has a strong handle of the shared value, and a weak one.
    pub handles: bool,
    /// Spurious wake-ups that each thread may see.
    pub spurious: u8,
    /// What the reader-writer lock does.
    pub policy: RwPolicy,
    /// What the reference gets wrong.
    pub broken: Option<Broken>,
}

impl LocksProgram {
    /// Whether some thread has operations of the channel.
    #[must_use]
    pub fn has_channel(&self) -> bool {
        let of = |op: &LockOp| {
            use LockOp::{DropReceiver, DropSender, Recv, RecvTimeout, Send, TryRecv, TrySend};
            matches!(op, Send(_) | TrySend(_) | Recv | TryRecv | RecvTimeout | DropSender | DropReceiver)
        };
        self.threads.iter().flatten().any(of)
    }
}

impl fmt::Display for LocksProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, thread) in self.threads.iter().enumerate() {
            let mut has = Vec::new();
            if number == 0 {
                has.push("main");
            }
            if self.has_channel() && self.senders[number] {
                has.push("has a sender");
            }
            if self.has_channel() && self.receiver == number {
                has.push("has the receiver");
            }
            if self.handles {
                has.push("has an Arc and a Weak");
            }
            writeln!(f, "thread {number} ({}):", has.join(", "))?;
            for op in thread {
                writeln!(f, "    {op}")?;
            }
        }
        let LocksProgram { shape, barrier, bound, spurious, policy, .. } = self;
        write!(
            f,
            "{shape:?}, a barrier of {barrier}, bound {bound:?}, {spurious} spurious wake-ups a thread"
        )?;
        writeln!(f, ", {policy:?}")
    }
}

impl fmt::Display for LockOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockOp::Lock(at) => write!(f, "m{at}.lock()"),
            LockOp::TryLock(at) => write!(f, "m{at}.try_lock()"),
            LockOp::Unlock(at) => write!(f, "unlock m{at}"),
            LockOp::Read => f.write_str("rw.read()"),
            LockOp::TryRead => f.write_str("rw.try_read()"),
            LockOp::Write => f.write_str("rw.write()"),
            LockOp::TryWrite => f.write_str("rw.try_write()"),
            LockOp::Downgrade => f.write_str("downgrade rw"),
            LockOp::Release => f.write_str("unlock rw"),
            LockOp::Wait => f.write_str("condvar.wait(m0)"),
            LockOp::WaitTimeout => f.write_str("condvar.wait_timeout(m0)"),
            LockOp::WaitWhile => f.write_str("condvar.wait_while(m0, the flag is not set)"),
            LockOp::SetFlag => f.write_str("set the flag"),
            LockOp::Unpark(of) => write!(f, "unpark thread {of}"),
            LockOp::CallOnce { panics: true } => f.write_str("once.call_once(|| { lock m1; panic })"),
            LockOp::CallOnce { panics: false } => f.write_str("once.call_once(|| lock m1)"),
            LockOp::UseLocal => f.write_str("use a thread-local that locks m1 when it is dropped"),
            LockOp::Handle(op) => write!(f, "arc: {op:?}"),
            LockOp::PanicCaught => f.write_str("catch_unwind(a panic that drops the thread's guards)"),
            op => write!(f, "{op:?}"),
        }
    }
}
