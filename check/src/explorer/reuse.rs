//! Address reuse: a block that the model has freed may be allocated again.
//!
//! An allocator may give out freed memory at once or never, so each is a
//! choice. The choice is a read: an allocation reads either *nothing*, and gets
//! a fresh block, or a free, and gets that block. A free is read once at most.
//! As a read it gives up control before it is made, so the search sees every
//! free come before every allocation that it can come before.
//!
//! 1. Blocks of one layout are a *class*. A class has a location of its own,
//!    with one message: nothing. The search knows allocations and frees of the
//!    class by it.
//! 2. Each free is a Release store to a location of its own, so that frees are
//!    ordered by nothing but happens-before. Its value is the block's number
//!    plus 1. The allocation that reads it acquires: in C++20, a deallocation
//!    happens before the allocation that gets the memory.
//! 3. Objects in the block are new ones: the old ones are marked as freed, and
//!    an identity word names a freed object no more (`objects::touch`).

use crate::explorer::current::{step, with};
use crate::explorer::execution::Execution;
use crate::explorer::objects;
use crate::explorer::operations::read;
use crate::explorer::request::{PendingRequest, Request};
use crate::graph::event::NONE;
use crate::memory::free_lists::Class;
use crate::memory::heap;
use crate::seam::op::{Alt, AltKind, DONE, Strength};
use crate::seam::place::Place;
use crate::seam::runtime;
use crate::seam::unwinding;
use crate::search::stack::ReadOption;
use std::alloc::Layout;
use std::panic::Location;

impl Execution {
    /// A location that is no object of the model.
    pub(super) fn add_bare_location(&mut self) -> u32 {
        self.loc_object.push(NONE);
        self.graph.add_location(0)
    }

    /// The number of the class of `layout`, and its location.
    fn class(&mut self, layout: Layout) -> (u32, u32) {
        let number = self.reuse.classes.iter().position(|c| c.layout == layout).unwrap_or_else(|| {
            let loc = self.add_bare_location();
            self.reuse.classes.push(Class { layout, loc, frees: Vec::new() });
            self.reuse.classes.len() - 1
        });
        (number as u32, self.reuse.classes[number].loc)
    }

    /// The block at `addr` has just been freed: others may get it.
    pub(super) fn offer(&mut self, addr: usize) {
        if !self.reuse.on || self.stop.is_some() {
            return;
        }
        let Some((block, layout)) = heap::with(|heap| heap.number(addr)) else {
            return;
        };
        let (class, loc) = self.class(layout);
        let own = self.add_bare_location();
        let message = self.graph.store(self.me, own, u64::from(block) + 1, Strength::RELEASE, 1);
        self.reuse.classes[class as usize].frees.push(message);
        self.note(loc, message, false);
    }

    /// Fills `choices` with the blocks that an allocation may get; messages
    /// before `covered` left out.
    pub(super) fn blocks_of(&mut self, class: u32, covered: u32) {
        let Class { loc, frees, .. } = &self.reuse.classes[class as usize];
        let fresh = self.graph.newest(*loc);
        let alt = Alt { write: None, result: DONE, strength: Strength::ACQUIRE, kind: AltKind::Normal };
        let frees = frees.iter().enumerate().rev().map(|(at, message)| (*message, at + 1));
        let free = frees.filter(|(message, _)| !self.graph.messages[*message as usize].taken);
        for (message, nth) in free.chain([(fresh, 0)]).filter(|(message, _)| *message >= covered) {
            self.choices.push(ReadOption { message, nth: nth.min(255) as u8, alt });
        }
    }

    /// The running thread gets the block whose free is `message`, or a fresh one.
    pub(super) fn take_block(&mut self, loc: u32, message: u32) {
        let free = self.graph.messages[message as usize].loc != loc;
        self.graph.load(self.me, message, Strength::ACQUIRE);
        if free {
            self.graph.messages[message as usize].taken = true;
            self.note(loc, NONE, true);
        }
    }
}

/// The address of a freed block of this layout, if the search gives out one.
pub(crate) fn take(layout: Layout) -> Option<usize> {
    if unwinding::unmodelled() || !with(|s| s.reuse.on) {
        return None;
    }
    let _engine = runtime::engine_code();
    let ((class, loc), site) = step(|s| {
        s.steps = s.steps.saturating_sub(1);
        (s.class(layout), s.graph.site.unwrap_or(Place::Line(Location::caller())))
    });
    let read = read(|_| PendingRequest { want: Request::Block(class), loc, bits: 64, site });
    let number = u32::try_from(read.value.checked_sub(1)?).ok()?;
    let site = objects::exact_site();
    let born = with(|s| {
        s.reuse.count += 1;
        objects::now(s, site)
    });
    let addr = heap::with(|heap| heap.reuse(number, born));
    with(|s| s.shadow.forget(addr, layout.size()));
    Some(addr)
}
