//! The reference for blocking objects: what one atomic step of a thread does to the plain state.

use crate::fuzz::locks::objects::{Hold, Phase, State, World, fresh, poison};
use crate::fuzz::locks::program::{Broken, LockOp, LockShape, LocksProgram, RwPolicy};
use crate::fuzz::program::Expected;
use crate::fuzz::steps::{Steps, enumerate};

/// The most states that are looked at.
const MOST: usize = 300_000;

/// What interleavings of `program` there are; `None` if there are too many.
#[must_use]
pub fn expected(program: &LocksProgram) -> Option<Expected> {
    let of = |policy| {
        let program = LocksProgram { policy, ..program.clone() };
        enumerate(State::new(&program), MOST)
    };
    if program.policy != RwPolicy::Either {
        return of(program.policy);
    }
    let (mut readers, writers) = (of(RwPolicy::ReadersFirst)?, of(RwPolicy::WritersFirst)?);
    readers.outcomes.extend(writers.outcomes);
    readers.deadlock |= writers.deadlock;
    readers.panic |= writers.panic;
    Some(readers)
}

impl Steps for State {
    fn threads(&self) -> usize {
        self.world.threads.len()
    }

    fn done(&self, thread: usize) -> bool {
        self.world.threads[thread].phase == Phase::Done
    }

    fn step(&self, thread: usize, next: &mut Vec<State>) {
        let me = &self.world.threads[thread];
        if me.phase == Phase::Ready {
            return match self.program.threads[thread].get(me.at) {
                Some(op) => self.start(thread, *op, next),
                None => next.push(self.with(thread, |world, me| world.threads[me].phase = Phase::Ending)),
            };
        }
        self.go_on(thread, me.phase, next);
    }

    fn spurious(&self, thread: usize, next: &mut Vec<State>) {
        let me = &self.world.threads[thread];
        if me.spurious == 0 {
            return;
        }
        let woken = |phase, step| {
            self.with(thread, move |world, me| {
                let me = &mut world.threads[me];
                me.spurious -= 1;
                me.phase = phase;
                me.at += step;
            })
        };
        match me.phase {
            Phase::Waiting { notified: false, .. } => next.push(woken(Phase::Relock { late: false }, 0)),
            Phase::Ready if !me.token => {
                if let Some(LockOp::Park | LockOp::ParkTimeout) = self.program.threads[thread].get(me.at) {
                    next.push(woken(Phase::Ready, 1));
                }
            }
            _ => {}
        }
    }

    fn has_panicked(&self) -> bool {
        self.world.threads.iter().any(|thread| thread.panicked)
    }

    fn outcome(&self) -> String {
        let logs: Vec<&str> = self.world.threads.iter().map(|thread| thread.log.as_str()).collect();
        logs.join("| ")
    }
}

impl State {
    /// Whether another reader gets the lock.
    fn lets_readers_in(&self) -> bool {
        let world = &self.world;
        let waits = |policy| policy == RwPolicy::WritersFirst;
        let writer_waits = world.threads.iter().any(|t| t.phase == Phase::WaitingToWrite);
        (!world.rw.writer || self.is_broken(Broken::RwLock)) && !(waits(self.program.policy) && writer_waits)
    }

    fn start(&self, thread: usize, op: LockOp, next: &mut Vec<State>) {
        let world = &self.world;
        let me = &world.threads[thread];
        let skip = |next: &mut Vec<State>| next.push(self.after(thread, "", |_, _| {}));
        match op {
            LockOp::Lock(at) | LockOp::TryLock(at) | LockOp::Unlock(at) => self.mutex(thread, op, at, next),
            LockOp::Read
            | LockOp::TryRead
            | LockOp::Write
            | LockOp::TryWrite
            | LockOp::Downgrade
            | LockOp::Release => {
                self.read_write(thread, op, next);
            }
            LockOp::WaitWhile | LockOp::SetFlag | LockOp::Wait | LockOp::WaitTimeout if me.mutexes[0] => {
                self.condition(thread, op, next);
            }
            LockOp::NotifyOne | LockOp::NotifyAll => self.notify(thread, op, next),
            LockOp::Park if !me.token => {}
            LockOp::Park | LockOp::ParkTimeout => {
                next.push(self.after(thread, "", |world, me| world.threads[me].token = false));
            }
            LockOp::Unpark(of) => {
                let parks = self.program.threads[of].get(world.threads[of].at);
                let parks = matches!(parks, Some(LockOp::Park | LockOp::ParkTimeout));
                let token = !self.is_broken(Broken::Park) || parks;
                next.push(self.after(thread, "", |world, _| world.threads[of].token |= token));
            }
            LockOp::Barrier => self.arrive(thread, next),
            LockOp::Send(message) | LockOp::TrySend(message) if me.sender => {
                self.send(thread, message, matches!(op, LockOp::TrySend(_)), next);
            }
            LockOp::Recv | LockOp::TryRecv | LockOp::RecvTimeout if me.receiver => {
                self.receive(thread, op, next)
            }
            LockOp::DropSender => {
                next.push(self.after(thread, "", |world, me| world.threads[me].sender = false))
            }
            LockOp::DropReceiver if me.receiver => next.push(self.after(thread, "", World::drop_receiver)),
            LockOp::CallOnce { .. } => self.call_once(thread, next),
            LockOp::GetOrInit(value) => {
                let made = world.made.unwrap_or(value);
                next.push(self.after(thread, &format!("g{made} "), |world, _| world.made = Some(made)));
            }
            LockOp::Handle(op) => next.push(self.handle(thread, op)),
            LockOp::UseLocal => next.push(self.after(thread, "", |world, me| world.threads[me].local = true)),
            LockOp::IsFinished(of) => {
                let text = if world.threads[of].finished { "f1 " } else { "f0 " };
                next.push(self.after(thread, text, |_, _| {}));
            }
            LockOp::Panic => next.push(self.with(thread, |world, me| {
                world.threads[me].panicked = true;
                world.threads[me].phase = Phase::Ending;
            })),
            LockOp::PanicCaught => {
                next.push(self.with(thread, |world, me| world.threads[me].phase = Phase::Unwinding));
            }
            // What it is for is not there.
            _ => skip(next),
        }
    }

    fn mutex(&self, thread: usize, op: LockOp, at: usize, next: &mut Vec<State>) {
        let world = &self.world;
        let holds = world.threads[thread].mutexes[at];
        if let LockOp::Unlock(_) = op {
            let unlock = |world: &mut World, me: usize| {
                if holds {
                    world.unlock(me, at, false);
                }
            };
            return next.push(self.after(thread, "", unlock));
        }
        let free = !world.mutexes[at].taken || self.is_broken(Broken::Mutex);
        if holds {
            next.push(self.after(thread, "", |_, _| {}));
        } else if free {
            next.push(self.locked(thread, at));
        } else if matches!(op, LockOp::TryLock(_)) {
            next.push(self.after(thread, &format!("m{at}! "), |_, _| {}));
        }
    }

    /// What a thread does with the condition variable, whose mutex it holds.
    fn condition(&self, thread: usize, op: LockOp, next: &mut Vec<State>) {
        let world = &self.world;
        match op {
            LockOp::WaitWhile if world.flag => {
                let text = format!("w{} ", world.mutexes[0].value);
                next.push(self.after(thread, &text, |_, _| {}));
            }
            LockOp::SetFlag => next.push(self.after(thread, "", |world, _| world.flag = true)),
            _ => next.push(self.with(thread, |world, me| {
                world.unlock(me, 0, false);
                world.threads[me].phase =
                    Phase::Waiting { timed: op == LockOp::WaitTimeout, notified: false };
            })),
        }
    }

    fn locked(&self, thread: usize, at: usize) -> State {
        let mutex = &self.world.mutexes[at];
        let text = format!("m{at}={}{} ", mutex.value, poison(mutex.poisoned));
        self.after(thread, &text, |world, me| {
            let value = fresh(me, world.threads[me].at);
            world.mutexes[at].taken = true;
            world.mutexes[at].value = value;
            world.threads[me].mutexes[at] = true;
        })
    }

    fn read_write(&self, thread: usize, op: LockOp, next: &mut Vec<State>) {
        let (rw, me) = (&self.world.rw, &self.world.threads[thread]);
        let text = format!("r={}{} ", rw.value, poison(rw.poisoned));
        let free = rw.readers == 0 && !rw.writer;
        match op {
            LockOp::Downgrade if me.rw == Hold::Alone => next.push(self.after(thread, "", |world, me| {
                (world.rw.writer, world.rw.readers) = (false, world.rw.readers + 1);
                world.threads[me].rw = Hold::Shared;
            })),
            LockOp::Release if me.rw != Hold::Not => {
                next.push(self.after(thread, "", |world, me| world.release(me, false)));
            }
            LockOp::Read | LockOp::TryRead if me.rw == Hold::Not && self.lets_readers_in() => {
                next.push(self.after(thread, &text, |world, me| {
                    world.rw.readers += 1;
                    world.threads[me].rw = Hold::Shared;
                }));
            }
            LockOp::Write | LockOp::TryWrite if me.rw == Hold::Not && free => {
                next.push(self.written(thread, &text))
            }
            LockOp::TryRead | LockOp::TryWrite if me.rw == Hold::Not => {
                next.push(self.after(thread, "r! ", |_, _| {}));
            }
            LockOp::Write if me.rw == Hold::Not && self.program.policy == RwPolicy::WritersFirst => {
                next.push(self.with(thread, |world, me| world.threads[me].phase = Phase::WaitingToWrite));
            }
            LockOp::Read | LockOp::Write if me.rw == Hold::Not => {}
            _ => next.push(self.after(thread, "", |_, _| {})),
        }
    }

    fn written(&self, thread: usize, text: &str) -> State {
        self.after(thread, text, |world, me| {
            let value = fresh(me, world.threads[me].at);
            (world.rw.writer, world.rw.value) = (true, value);
            world.threads[me].rw = Hold::Alone;
        })
    }

    fn notify(&self, thread: usize, op: LockOp, next: &mut Vec<State>) {
        let waits =
            |of: &usize| matches!(self.world.threads[*of].phase, Phase::Waiting { notified: false, .. });
        let waiting: Vec<usize> = (0..self.world.threads.len()).filter(waits).collect();
        let lost = op == LockOp::NotifyOne && self.is_broken(Broken::Condvar);
        let wake = |world: &mut World, of: usize| {
            if let Phase::Waiting { notified, .. } = &mut world.threads[of].phase {
                *notified = true;
            }
        };
        if lost {
            next.push(self.after(thread, "", |_, _| {}));
        } else if op == LockOp::NotifyAll || waiting.is_empty() {
            next.push(self.after(thread, "", |world, _| waiting.iter().for_each(|of| wake(world, *of))));
        } else {
            next.extend(waiting.iter().map(|of| self.after(thread, "", |world, _| wake(world, *of))));
        }
    }

    /// A step in the midst of an operation, or at the thread's end.
    fn go_on(&self, thread: usize, phase: Phase, next: &mut Vec<State>) {
        let world = &self.world;
        let to = |phase| self.with(thread, |world, me| world.threads[me].phase = phase);
        match phase {
            Phase::Waiting { notified: true, .. } => next.push(to(Phase::Relock { late: false })),
            Phase::Waiting { timed: true, .. } => next.push(to(Phase::Relock { late: true })),
            Phase::Relock { late } if !world.mutexes[0].taken || self.is_broken(Broken::Mutex) => {
                let mutex = &world.mutexes[0];
                let op = self.program.threads[thread][world.threads[thread].at];
                if op == LockOp::WaitWhile && !world.flag && !mutex.poisoned {
                    // It gives the mutex back at once.
                    return next.push(to(Phase::Waiting { timed: false, notified: false }));
                }
                let timed = self.program.threads[thread][world.threads[thread].at] == LockOp::WaitTimeout;
                let how = if !timed {
                    ""
                } else if late {
                    "late"
                } else {
                    "woken"
                };
                let text = format!("w{}{}{how} ", mutex.value, poison(mutex.poisoned));
                next.push(self.after(thread, &text, |world, me| {
                    world.mutexes[0].taken = true;
                    world.threads[me].mutexes[0] = true;
                }));
            }
            Phase::AtBarrier { round } if round != world.round => {
                let leader = world.threads[thread].log.ends_with('!');
                next.push(self.after(thread, if leader { "" } else { "b0 " }, |_, _| {}));
            }
            Phase::Offering { taken: true, .. } => next.push(self.after(thread, "s+ ", |_, _| {})),
            Phase::Offering { .. } if world.receiver_gone => next.push(self.after(thread, "s- ", |_, _| {})),
            Phase::Receiving { handed: Some(message), .. } => {
                next.push(self.after(thread, &format!("v{message} "), |_, _| {}));
            }
            Phase::Receiving { .. } if world.senders() == 0 => {
                next.push(self.after(thread, "v- ", |_, _| {}));
            }
            Phase::Receiving { timed: true, .. } => next.push(self.after(thread, "v! ", |_, _| {})),
            Phase::WaitingToWrite if world.rw.readers == 0 && !world.rw.writer => {
                let text = format!("r={}{} ", world.rw.value, poison(world.rw.poisoned));
                next.push(self.written(thread, &text));
            }
            Phase::InOnce { stage } => self.in_once(thread, stage, next),
            Phase::Unwinding | Phase::Ending => self.drop_one(thread, phase, next),
            Phase::Local { locked: true } => next.push(self.with(thread, |world, me| {
                world.mutexes[1].taken = false;
                world.threads[me].phase = Phase::Done;
            })),
            Phase::Local { locked: false } if !world.mutexes[1].taken => {
                next.push(self.with(thread, |world, me| {
                    (world.mutexes[1].taken, world.threads[me].phase) = (true, Phase::Local { locked: true });
                    world.mutexes[1].value += 1000;
                }));
            }
            Phase::Joining(..) | Phase::AtEndOfScope | Phase::Last(_) => {
                self.await_others(thread, phase, next)
            }
            _ => {}
        }
    }

    /// Drops the next thing that the thread has; a panic that is caught drops the guards only.
    fn drop_one(&self, thread: usize, phase: Phase, next: &mut Vec<State>) {
        let me = &self.world.threads[thread];
        let panics = me.panicked || phase == Phase::Unwinding;
        let drops = |change: &dyn Fn(&mut World, usize)| self.with(thread, change);
        next.push(if let Some(at) = me.mutexes.iter().position(|held| *held) {
            drops(&|world, me| world.unlock(me, at, panics))
        } else if me.rw != Hold::Not {
            drops(&|world, me| world.release(me, panics))
        } else if phase == Phase::Unwinding {
            self.after(thread, "", |_, _| {})
        } else if me.sender {
            drops(&|world, me| world.threads[me].sender = false)
        } else if me.receiver {
            drops(&World::drop_receiver)
        } else if me.weak > 0 {
            drops(&|world, me| world.threads[me].weak -= 1)
        } else if me.strong > 0 {
            drops(&|world, me| world.threads[me].strong -= 1)
        } else {
            let end = match (thread, self.program.shape) {
                (0, LockShape::Spawn) => Phase::Joining(1),
                (0, LockShape::Scope) => Phase::AtEndOfScope,
                _ if me.local => Phase::Local { locked: false },
                _ => Phase::Done,
            };
            drops(&|world, me| {
                world.threads[me].finished = true;
                world.threads[me].phase = end;
            })
        });
    }

    /// Main awaits the others and reads the last values.
    fn await_others(&self, thread: usize, phase: Phase, next: &mut Vec<State>) {
        let world = &self.world;
        let others = &world.threads[1..];
        let to = |phase, text: &str| {
            self.with(thread, |world, me| {
                world.threads[me].log.push_str(text);
                world.threads[me].phase = phase;
            })
        };
        match phase {
            Phase::Joining(of) if of > others.len() => next.push(to(Phase::Last(0), "")),
            Phase::Joining(of) if self.done(of) => {
                let text = if world.threads[of].panicked { "panicked " } else { "" };
                next.push(to(Phase::Joining(of + 1), text));
            }
            Phase::AtEndOfScope if others.iter().all(|t| t.finished) => {
                let text = if others.iter().any(|t| t.panicked) { "panicked " } else { "" };
                next.push(to(Phase::Last(0), text));
            }
            Phase::Last(at) if at < 2 && !world.mutexes[at].taken => {
                let mutex = &world.mutexes[at];
                next.push(to(
                    Phase::Last(at + 1),
                    &format!("m{at}={}{} ", mutex.value, poison(mutex.poisoned)),
                ));
            }
            Phase::Last(2) => {
                let rw = &world.rw;
                next.push(to(Phase::Done, &format!("r={}{} ", rw.value, poison(rw.poisoned))));
            }
            _ => {}
        }
    }
}
