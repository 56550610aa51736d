//! Makes random programs of blocking objects.

use crate::fuzz::locks::program::{Bound, Broken, HandleOp, LockOp, LockShape, LocksProgram, RwPolicy};
use crate::fuzz::rng::{LeftOut, Rng};

/// An object whose questions may be answered out of date. A program has one such object at most.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nobody,
    Mutex(usize),
    RwLock,
    Condvar,
    Park,
    Finished,
    Handles,
}

/// A random program; the reference is broken as `broken` says.
#[must_use]
pub fn locks(seed: u64, kinds: &LeftOut, policy: RwPolicy, broken: Option<Broken>) -> LocksProgram {
    let mut rng = Rng::new(seed ^ 0x006c_6f63_6b73);
    let threads = rng.weighted(&[(2, 1), (3, 1)]);
    let asked = rng.weighted(&kinds.filter(&[
        (Asked::Nobody, 4, "nobody"),
        (Asked::Mutex(0), 1, "try"),
        (Asked::Mutex(1), 1, "try"),
        (Asked::RwLock, 2, "try"),
        (Asked::Condvar, 4, "condvar"),
        (Asked::Park, 3, "park"),
        (Asked::Finished, 1, "finished"),
        (Asked::Handles, 2, "arc"),
    ]));
    let objects: Vec<&str> = ["mutex", "rwlock", "barrier", "channel", "once", "local", "panic"]
        .into_iter()
        .filter(|object| kinds.has(object) && rng.once_in(3))
        .collect();
    let scope = kinds.has("scope") && asked != Asked::Finished && rng.once_in(3);
    let threads = if asked == Asked::Handles { 2 } else { threads };
    let most = if threads == 2 { 4 } else { 2 };
    let mut program = LocksProgram {
        threads: Vec::new(),
        shape: if scope { LockShape::Scope } else { LockShape::Spawn },
        barrier: 1 + rng.below(threads),
        bound: rng.one(&[Bound::None, Bound::Of(0), Bound::Of(0), Bound::Of(1), Bound::Of(2)]),
        senders: (0..threads).map(|_| !rng.once_in(3)).collect(),
        receiver: rng.below(threads),
        handles: asked == Asked::Handles,
        spurious: u8::from(kinds.has("spurious") && rng.once_in(2)),
        policy,
        broken,
    };
    for me in 0..threads {
        let mut maker = Maker { rng: &mut rng, kinds, asked, objects: &objects, me, threads };
        let thread = maker.thread(most, &program);
        program.threads.push(thread);
    }
    program
}

struct Maker<'a> {
    rng: &'a mut Rng,
    kinds: &'a LeftOut,
    asked: Asked,
    objects: &'a [&'static str],
    me: usize,
    threads: usize,
}

impl Maker<'_> {
    fn thread(&mut self, most: usize, program: &LocksProgram) -> Vec<LockOp> {
        let length = 1 + self.rng.below(most);
        let mut ops = Vec::new();
        while ops.len() < length {
            let menu = self.menu(program);
            let Some(op) = (!menu.is_empty()).then(|| self.rng.one(&menu)) else { break };
            // What waits under the lock takes it first.
            let waits =
                matches!(op, LockOp::Wait | LockOp::WaitTimeout | LockOp::WaitWhile | LockOp::SetFlag);
            if waits && !ops.contains(&LockOp::Lock(0)) {
                ops.push(LockOp::Lock(0));
            }
            ops.push(op);
            match op {
                LockOp::SetFlag => {
                    ops.push(if self.rng.once_in(3) { LockOp::NotifyAll } else { LockOp::NotifyOne });
                    ops.push(LockOp::Unlock(0));
                }
                LockOp::Lock(at) | LockOp::TryLock(at) if self.rng.once_in(3) => ops.push(LockOp::Unlock(at)),
                LockOp::Read | LockOp::Write | LockOp::TryRead | LockOp::TryWrite if self.rng.once_in(3) => {
                    ops.push(LockOp::Release);
                }
                _ => {}
            }
        }
        ops
    }

    /// The operations that the thread may have next, those that are likelier more than once.
    fn menu(&mut self, program: &LocksProgram) -> Vec<LockOp> {
        let mut menu = Vec::new();
        let of = self.rng.below(self.threads);
        let message = 10 * self.me as u32 + self.rng.below(3) as u32;
        match self.asked {
            Asked::Nobody => {}
            Asked::Mutex(at) => menu.extend([LockOp::TryLock(at), LockOp::Lock(at), LockOp::Unlock(at)]),
            Asked::RwLock => {
                menu.extend([LockOp::TryRead, LockOp::TryWrite, LockOp::Read, LockOp::Write, LockOp::Release])
            }
            Asked::Condvar => {
                menu.extend([
                    LockOp::Wait,
                    LockOp::Lock(0),
                    LockOp::Unlock(0),
                    LockOp::NotifyOne,
                    LockOp::NotifyAll,
                ]);
                menu.extend([
                    LockOp::WaitWhile,
                    LockOp::WaitWhile,
                    LockOp::WaitWhile,
                    LockOp::SetFlag,
                    LockOp::SetFlag,
                    LockOp::SetFlag,
                ]);
                if self.kinds.has("timeout") {
                    menu.push(LockOp::WaitTimeout);
                }
            }
            Asked::Park => {
                // A thread has the handles of main and of those that were started before it.
                let known = of == 0 || self.me == 0 || of < self.me;
                let of = if known { of } else { 0 };
                menu.extend([LockOp::Park, LockOp::Unpark(of), LockOp::Unpark(of)]);
                if self.kinds.has("timeout") {
                    menu.push(LockOp::ParkTimeout);
                }
            }
            Asked::Finished if self.me == 0 => {
                menu.extend([LockOp::IsFinished(1 + self.rng.below(1)), LockOp::Lock(0), LockOp::Unlock(0)]);
            }
            Asked::Finished => menu.extend([LockOp::Lock(0), LockOp::Unlock(0)]),
            Asked::Handles => {
                use HandleOp::{Clone, Downgrade, Drop, DropWeak, GetMut, IntoInner, TryUnwrap, Upgrade};
                let all = [Clone, Drop, Downgrade, DropWeak, Upgrade, GetMut, TryUnwrap, IntoInner];
                menu.extend(all.map(LockOp::Handle));
            }
        }
        for object in self.objects {
            self.ops_of(object, program, message, &mut menu);
        }
        menu
    }

    fn ops_of(&mut self, object: &str, program: &LocksProgram, message: u32, menu: &mut Vec<LockOp>) {
        match object {
            "mutex" => menu.extend([LockOp::Lock(0), LockOp::Lock(1), LockOp::Unlock(0), LockOp::Unlock(1)]),
            "rwlock" => menu.extend([LockOp::Read, LockOp::Write, LockOp::Downgrade, LockOp::Release]),
            "barrier" => menu.extend([LockOp::Barrier, LockOp::Barrier]),
            "channel" => {
                if program.senders[self.me] {
                    menu.extend([LockOp::Send(message), LockOp::Send(message), LockOp::DropSender]);
                    if program.bound != Bound::None {
                        menu.push(LockOp::TrySend(message));
                    }
                }
                if program.receiver == self.me {
                    menu.extend([LockOp::Recv, LockOp::Recv, LockOp::TryRecv, LockOp::DropReceiver]);
                    if self.kinds.has("timeout") {
                        menu.push(LockOp::RecvTimeout);
                    }
                }
            }
            "once" => {
                menu.extend([
                    LockOp::CallOnce { panics: false },
                    LockOp::GetOrInit(message),
                    LockOp::Lock(1),
                ]);
                if self.kinds.has("panic") {
                    menu.push(LockOp::CallOnce { panics: self.rng.once_in(2) });
                }
            }
            "local" if self.me > 0 => menu.extend([LockOp::UseLocal, LockOp::Lock(1)]),
            "local" => menu.push(LockOp::Lock(1)),
            "panic" => {
                menu.extend([LockOp::PanicCaught, LockOp::Lock(0), LockOp::Write]);
                if self.me > 0 {
                    menu.push(LockOp::Panic);
                }
            }
            _ => unreachable!("the list has no other object"),
        }
    }
}
