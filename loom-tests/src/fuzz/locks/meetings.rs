//! The reference for the objects at which threads meet or hand over: barrier, channel, `Once`, handles.

use crate::fuzz::locks::objects::{Once, Phase, State, fresh, poison};
use crate::fuzz::locks::program::{Bound, Broken, HandleOp, LockOp};
use std::fmt::Write as _;

impl State {
    pub(super) fn arrive(&self, thread: usize, next: &mut Vec<State>) {
        let world = &self.world;
        let first = self.is_broken(Broken::Barrier);
        if world.here + 1 >= self.program.barrier {
            let text = if first && self.program.barrier > 1 { "b0 " } else { "b1 " };
            next.push(self.after(thread, text, |world, _| (world.here, world.round) = (0, world.round + 1)));
        } else {
            next.push(self.with(thread, |world, me| {
                world.here += 1;
                world.threads[me].phase = Phase::AtBarrier { round: world.round };
                if first && world.here == 1 {
                    world.threads[me].log.push('!');
                }
            }));
        }
    }

    pub(super) fn send(&self, thread: usize, message: u32, attempt: bool, next: &mut Vec<State>) {
        let world = &self.world;
        if world.receiver_gone {
            let text = if self.is_broken(Broken::Channel) { "s+ " } else { "s- " };
            next.push(self.after(thread, text, |_, _| {}));
        } else if self.program.bound == Bound::Of(0) {
            if let Some(receiver) = world.waiting_receiver() {
                next.push(self.after(thread, "s+ ", |world, _| {
                    if let Phase::Receiving { handed, .. } = &mut world.threads[receiver].phase {
                        *handed = Some(message);
                    }
                }));
            } else if attempt {
                next.push(self.after(thread, "s! ", |_, _| {}));
            } else {
                let phase = Phase::Offering { message, taken: false };
                next.push(self.with(thread, |world, me| world.threads[me].phase = phase));
            }
        } else if world.has_room(self.program.bound) {
            next.push(self.after(thread, "s+ ", |world, _| world.queue.push(message)));
        } else if attempt {
            next.push(self.after(thread, "s! ", |_, _| {}));
        }
    }

    pub(super) fn receive(&self, thread: usize, op: LockOp, next: &mut Vec<State>) {
        let world = &self.world;
        if !world.queue.is_empty() {
            let text = format!("v{} ", world.queue[0]);
            return next.push(self.after(thread, &text, |world, _| {
                world.queue.remove(0);
            }));
        }
        let before = next.len();
        for (of, sender) in world.threads.iter().enumerate() {
            if let Phase::Offering { message, taken: false } = sender.phase {
                next.push(self.after(thread, &format!("v{message} "), |world, _| {
                    world.threads[of].phase = Phase::Offering { message, taken: true };
                }));
            }
        }
        if next.len() > before {
            return;
        }
        let timed = op == LockOp::RecvTimeout;
        if world.senders() == 0 {
            next.push(self.after(thread, "v- ", |_, _| {}));
        } else if op == LockOp::TryRecv {
            next.push(self.after(thread, "v! ", |_, _| {}));
        } else if self.program.bound == Bound::Of(0) {
            let phase = Phase::Receiving { timed, handed: None };
            next.push(self.with(thread, |world, me| world.threads[me].phase = phase));
        } else if timed {
            next.push(self.after(thread, "v! ", |_, _| {}));
        }
    }

    pub(super) fn call_once(&self, thread: usize, next: &mut Vec<State>) {
        match self.world.once {
            Once::Complete => next.push(self.after(thread, "o0 ", |_, _| {})),
            Once::Poisoned => next.push(self.after(thread, "o! ", |_, _| {})),
            Once::Running if self.is_broken(Broken::Once) => {
                next.push(self.after(thread, "o0 ", |_, _| {}));
            }
            Once::Running => {}
            Once::Incomplete => next.push(self.with(thread, |world, me| {
                world.once = Once::Running;
                // A closure that finds the mutex in its thread's hand leaves it alone.
                let stage = if world.threads[me].mutexes[1] { 2 } else { 0 };
                world.threads[me].phase = Phase::InOnce { stage };
            })),
        }
    }

    pub(super) fn handle(&self, thread: usize, op: HandleOp) -> State {
        let world = &self.world;
        let me = &world.threads[thread];
        let strong: usize = world.threads.iter().map(|t| t.strong).sum();
        let weak: usize = world.threads.iter().map(|t| t.weak).sum();
        let alone = strong == 1 && (weak == 0 || self.is_broken(Broken::Arc));
        let told = |yes: bool| if yes { "y " } else { "n " };
        let last = strong == 1;
        match op {
            HandleOp::Clone if me.strong > 0 => self.after(thread, "", |w, me| w.threads[me].strong += 1),
            HandleOp::Drop if me.strong > 0 => self.after(thread, "", |w, me| w.threads[me].strong -= 1),
            HandleOp::Downgrade if me.strong > 0 => self.after(thread, "", |w, me| w.threads[me].weak += 1),
            HandleOp::DropWeak if me.weak > 0 => self.after(thread, "", |w, me| w.threads[me].weak -= 1),
            HandleOp::Upgrade if me.weak > 0 => self.after(thread, told(strong > 0), |w, me| {
                w.threads[me].strong += usize::from(strong > 0);
            }),
            HandleOp::GetMut if me.strong > 0 => self.after(thread, told(alone), |_, _| {}),
            HandleOp::TryUnwrap if me.strong > 0 => self.after(thread, told(last), |w, me| {
                w.threads[me].strong -= usize::from(last);
            }),
            HandleOp::IntoInner if me.strong > 0 => {
                self.after(thread, told(last), |w, me| w.threads[me].strong -= 1)
            }
            _ => self.after(thread, "", |_, _| {}),
        }
    }

    pub(super) fn in_once(&self, thread: usize, stage: u8, next: &mut Vec<State>) {
        let world = &self.world;
        let at = |stage| Phase::InOnce { stage };
        match stage {
            0 if !world.mutexes[1].taken => next.push(self.with(thread, |world, me| {
                let mutex = &mut world.mutexes[1];
                let _ = write!(world.threads[me].log, "c{}{} ", mutex.value, poison(mutex.poisoned));
                mutex.taken = true;
                mutex.value = fresh(me, world.threads[me].at);
                world.threads[me].phase = at(1);
            })),
            1 => next.push(self.with(thread, |world, me| {
                world.mutexes[1].taken = false;
                world.threads[me].phase = at(2);
            })),
            2 => {
                let op = self.program.threads[thread][world.threads[thread].at];
                let panics = op == LockOp::CallOnce { panics: true };
                let (state, text) = if panics { (Once::Poisoned, "o! ") } else { (Once::Complete, "o1 ") };
                next.push(self.after(thread, text, |world, _| world.once = state));
            }
            _ => {}
        }
    }
}
