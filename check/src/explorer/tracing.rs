//! What the explorer adds to a trace: the choices of the execution, and what
//! [`crate::explorer::narrate`] needs to put the steps in order.

use crate::explorer::execution::Execution;
use crate::graph::event::NONE;
use crate::report::step::{Operation, OperationKind};
use crate::report::words::value_text;
use crate::seam::op::Strength;
use crate::seam::tracer::{OBJECT, TracedObject};
use crate::search::minimise::Preference;
use crate::search::stack::ReadOption;

impl Execution {
    /// `thread` has been chosen to do `choice`.
    pub(crate) fn trace_choice(&mut self, thread: usize, choice: &ReadOption) {
        if !self.tracer.on {
            return;
        }
        let m = &self.graph.messages[choice.message as usize];
        let behind = self.graph.mo(m.loc).len() as u32 - 1 - m.pos;
        self.preferences.push(Preference::Read { thread: thread as u8, behind, alt: choice.nth });
        if let Some(pending) = self.choosing(thread) {
            self.choices_of(thread, &pending, 0);
            self.candidates = self.choices.iter().map(|c| c.message).collect();
            self.candidates.dedup();
        }
    }

    /// One of `of` has been picked.
    pub(crate) fn trace_branch(&mut self, pick: u32, of: u32) {
        if self.tracer.on {
            self.preferences.push(Preference::Branch { pick, of });
        }
    }

    /// The last line, which is the event that the graph added last, taken apart.
    /// `read`: what it read, if it did.
    pub(crate) fn detail_event(
        &mut self,
        kind: OperationKind,
        name: &str,
        strength: Strength,
        read: Option<u64>,
    ) {
        if !self.tracer.on {
            return;
        }
        let Some(event) = self.graph.events.last() else { return };
        let written = self.graph.messages.get(event.writes as usize).map(|m| m.value);
        let subject = (event.loc != NONE).then_some(TracedObject::Location(event.loc));
        let number = self.graph.events.len() as u32 - 1;
        let candidates = std::mem::take(&mut self.candidates);
        self.tracer.detail(|mark| {
            mark.event = number;
            mark.subject = subject;
            if read.is_some() {
                mark.candidates = candidates;
            }
            let ordering = (kind != OperationKind::Lock).then(|| strength.name().to_owned());
            Operation { ordering, read, written, ..Operation::new(kind, name) }
        });
    }
}

/// `load … = 1 Acquire`.
pub(crate) fn load_text(value: u64, strength: Strength) -> String {
    format!("load {OBJECT} = {} {}", value_text(value), strength.name())
}

/// `store … = 1 Release`.
pub(crate) fn store_text(value: u64, strength: Strength) -> String {
    format!("store {OBJECT} = {} {}", value_text(value), strength.name())
}

/// `fetch_add …: 1 -> 2 AcqRel`, or without the arrow when it wrote nothing.
pub(crate) fn rmw_text(op: &str, read: u64, written: Option<u64>, strength: Strength) -> String {
    match written {
        None => format!("{op} {OBJECT}: {} unchanged {}", value_text(read), strength.name()),
        Some(new) => {
            format!("{op} {OBJECT}: {} -> {} {}", value_text(read), value_text(new), strength.name())
        }
    }
}
