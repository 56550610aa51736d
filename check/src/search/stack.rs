//! Which choice to take next: exhaustively, at random, or from a list.
//!
//! # The exhaustive search
//!
//! It is stateless: every execution starts from the beginning and repeats the
//! choices on the stack, then makes new ones. Two kinds of choice exist. A
//! *branch* picks one of `n`. A *read point* is reached when every live thread
//! stands at a read; it tries the threads in order (its *groups*), each with
//! every message that the thread may read and has not tried before.
//!
//! 1. After a thread's options are done, its `covered` mark moves up to all
//!    messages present, and the next thread is tried. A mark falls when its
//!    thread runs. So a thread never wakes only to read what it could have
//!    read earlier.
//! 2. *Cut-off*: the next thread is tried only if the last one had some message
//!    covered already, or its subtree ran a later write to its location that
//!    does not have its read in its `sb ∪ rf` past, or it is a
//!    read-modify-write and another attempt of that kind hit the location, or
//!    its subtree has an execution that was abandoned while a thread stood still
//!    that could not go on whatever it read (at a lock, in a loop that waits):
//!    what it would have done next was not seen; or
//!    all that it may do is wake up for no reason. Nobody may rely on that, so
//!    "it never wakes" is an execution of its own, which begins with the next
//!    thread.
//!
//! Two complete runs with the same graph differ by steps that commute; only
//! reads-from forces an order, and the marks forbid to read an old message
//! late. So there is one run a graph, and none is lost.

use crate::plan::split::{self, Split};
use crate::plan::strategy::Strategy;
use crate::seam::clock::Clock;
use crate::seam::op::{Alt, AltKind};

/// [`ChoiceNode::branches`] of a place where nobody could go on: there is one way on,
/// and no real branch has so few.
const RESCUE: u32 = 1;

/// [`ChoiceNode::pick`] of a fact that does not hold; one more if it holds.
const FACT: u32 = 1;

/// What a thread may do at a read point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadOption {
    pub(crate) message: u32,
    /// The number of `alt` among the operation's alternatives on the message.
    pub(crate) nth: u8,
    pub(crate) alt: Alt,
}

/// The choices of one thread at a read point.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) thread: usize,
    pub(crate) loc: u32,
    /// The number that the read gets in its thread.
    pub(crate) seq: u16,
    /// Whether it is a read-modify-write or may be one.
    pub(crate) rmw: bool,
    /// Whether no message of the location was covered.
    pub(crate) fresh: bool,
    pub(crate) choices: Vec<ReadOption>,
}

impl Group {
    /// Whether the thread may as well never go on.
    fn only_wakes_for_no_reason(&self) -> bool {
        self.choices.iter().all(|choice| choice.alt.kind == AltKind::Spurious)
    }
}

#[derive(Debug, Default)]
struct ChoiceNode {
    /// How many to pick from, or 0 for a read point.
    branches: u32,
    pick: u32,
    groups: Vec<Group>,
    live_groups: usize,
    group: usize,
    choice: usize,
    /// Messages with smaller numbers are covered for groups that are done.
    watermark: u32,
    /// Whether the subtree of this group asks for the next one.
    need: bool,
}

/// The stack of choices of the exhaustive search.
#[derive(Debug, Default)]
pub(crate) struct ChoiceStack {
    nodes: Vec<ChoiceNode>,
    live: usize,
    /// How many choices this execution has made.
    depth: usize,
    /// How many of them repeat the last execution.
    repeats: usize,
    /// Leave out what other runs cover.
    reduce: bool,
    /// The bound on stale choices, if any.
    pub(crate) stale: Option<u32>,
    /// The bound on preemptions, if any.
    pub(crate) preemptions: Option<u32>,
    /// Whether a bound has left anything out.
    pub(crate) cut: bool,
    split: Split,
    /// Whether the subtree that this execution has come to is ours; `None` before it is named. It is asked
    /// once an execution: a claim is given once.
    ours: Option<bool>,
}

/// What the exhaustive search says at a read point.
pub(crate) struct ReadPick<'a> {
    /// Threads whose covered mark moves to the watermark.
    pub(crate) done: &'a [Group],
    pub(crate) watermark: u32,
    pub(crate) group: &'a Group,
    pub(crate) choice: ReadOption,
}

impl ChoiceStack {
    /// The stack of a search by `strategy`, which is an exhaustive one.
    pub(crate) fn new(strategy: Strategy, reduce: bool, split: Split) -> ChoiceStack {
        let mut stack = ChoiceStack { reduce, split, ..ChoiceStack::default() };
        match strategy {
            Strategy::StaleReads { at_most } => stack.stale = Some(at_most),
            Strategy::ContextSwitches { at_most } => {
                stack.preemptions = Some(at_most);
                stack.reduce = false;
            }
            _ => {}
        }
        stack
    }

    /// An execution begins.
    pub(crate) fn rewind(&mut self) {
        self.depth = 0;
        self.repeats = self.live;
        self.ours = None;
    }

    /// Whether this execution has come to a subtree of somebody else's.
    pub(crate) fn foreign(&self) -> bool {
        self.ours == Some(false)
    }

    /// Whether a complete execution counts here. One with too few choices to
    /// reach a subtree is a subtree of its own.
    pub(crate) fn counts(&self) -> bool {
        !self.split.is_shared()
            || self.depth > split::DEPTH
            || self.ours.unwrap_or_else(|| self.split.takes(&self.name(self.depth)))
    }

    /// The first choices of this execution.
    fn name(&self, choices: usize) -> Vec<u32> {
        let number = |node: &ChoiceNode| match node.branches {
            0 => (node.group as u32) << 16 | node.choice as u32,
            _ => node.pick,
        };
        self.nodes[..choices].iter().map(number).collect()
    }

    /// Whether the next choice repeats one of the last execution.
    pub(crate) fn repeating(&self) -> bool {
        self.depth < self.repeats
    }

    /// Picks one of `of`. `None`: the model is not deterministic.
    pub(crate) fn branch(&mut self, of: u32) -> Option<u32> {
        if !self.repeating() {
            let node = self.push();
            node.branches = of;
            node.pick = 0;
        }
        let node = &self.nodes[self.depth];
        self.depth += 1;
        (node.branches == of).then_some(node.pick)
    }

    /// A fresh read point, to fill with groups through [`ChoiceStack::group`].
    pub(crate) fn begin_read(&mut self, watermark: u32) {
        let node = self.push();
        node.branches = 0;
        node.watermark = watermark;
    }

    /// Room for one more group of the read point under construction.
    pub(crate) fn group(&mut self) -> &mut Group {
        let node = &mut self.nodes[self.depth];
        if node.live_groups == node.groups.len() {
            node.groups.push(Group::default());
        }
        let group = &mut node.groups[node.live_groups];
        group.choices.clear();
        group
    }

    /// Takes back the read point just built: its choices are no progress.
    pub(crate) fn forget_read(&mut self) {
        self.live -= 1;
    }

    /// Whether the last execution came to a read point here at which nobody
    /// could go on, and somebody got one more try for nothing.
    pub(crate) fn repeats_rescue(&self) -> bool {
        self.repeating() && self.nodes[self.depth].branches == RESCUE && self.nodes[self.depth].pick < FACT
    }

    /// Somebody gets one more try for nothing: no choice, but a place of its own
    /// on the stack, so that the next execution knows it again.
    pub(crate) fn rescue(&mut self) {
        if !self.repeating() {
            let node = self.push();
            node.branches = RESCUE;
            node.pick = 0;
        }
        self.depth += 1;
    }

    /// A fact that an execution notes: `holds`, or what it was when these choices were made first. No choice,
    /// but a place of its own on the stack. `None`: the last execution came to a choice here.
    pub(crate) fn fact(&mut self, holds: bool) -> Option<bool> {
        if !self.repeating() {
            let node = self.push();
            node.branches = RESCUE;
            node.pick = FACT + u32::from(holds);
        }
        let node = &self.nodes[self.depth];
        self.depth += 1;
        (node.branches == RESCUE && node.pick >= FACT).then_some(node.pick > FACT)
    }

    /// Keeps the group last given out.
    pub(crate) fn keep_group(&mut self) {
        self.nodes[self.depth].live_groups += 1;
    }

    /// Ends the construction; whether any group was kept.
    pub(crate) fn end_read(&mut self) -> bool {
        let any = self.nodes[self.depth].live_groups > 0;
        if !any {
            self.live -= 1;
        }
        any
    }

    /// Whether taking `chosen` takes control away from `last`, which could go on.
    pub(crate) fn preempts(&self, last: usize, chosen: usize) -> bool {
        let node = &self.nodes[self.depth - 1];
        last != chosen && node.groups[..node.live_groups].iter().any(|group| group.thread == last)
    }

    /// Whether the read point under construction has a group.
    pub(crate) fn has_group(&self) -> bool {
        self.nodes[self.depth].live_groups > 0
    }

    /// Whether the read point just built has a choice that is not a spurious
    /// wake-up.
    pub(crate) fn offers_progress(&self) -> bool {
        let node = &self.nodes[self.live - 1];
        let mut choices = node.groups[..node.live_groups].iter().flat_map(|g| &g.choices);
        choices.any(|c| c.alt.kind != AltKind::Spurious)
    }

    /// The choice at this read point. `None`: the last execution had a branch here.
    pub(crate) fn pick(&mut self) -> Option<ReadPick<'_>> {
        let node = &self.nodes[self.depth];
        if node.branches != 0 {
            return None;
        }
        self.depth += 1;
        let group = &node.groups[node.group];
        Some(ReadPick {
            done: if self.reduce { &node.groups[..node.group] } else { &[] },
            watermark: node.watermark,
            group,
            choice: group.choices[node.choice],
        })
    }

    fn push(&mut self) -> &mut ChoiceNode {
        if self.depth == split::DEPTH && self.split.is_shared() && self.ours.is_none() {
            self.ours = Some(self.split.takes(&self.name(self.depth)));
        }
        if self.live == self.nodes.len() {
            self.nodes.push(ChoiceNode::default());
        }
        let node = &mut self.nodes[self.live];
        self.live += 1;
        node.live_groups = 0;
        node.group = 0;
        node.choice = 0;
        node.need = false;
        node
    }

    /// A write, or an attempt at a read-modify-write, has run: marks the read
    /// points that must try their next thread because of it.
    pub(crate) fn note(&mut self, event: &WriteNote<'_>) {
        if self.depth < self.repeats {
            return;
        }
        for node in &mut self.nodes[..self.depth] {
            if node.branches != 0 || node.need {
                continue;
            }
            let group = &node.groups[node.group];
            if group.loc != event.loc {
                continue;
            }
            let own = group.thread == event.thread && group.seq == event.seq;
            let unseen = event.writes && !event.porf.has(group.thread, group.seq);
            node.need = !own && (unseen || (event.rmw && group.rmw));
        }
    }

    /// This execution ends early, and with it threads that stand still: every read point must try its next
    /// thread.
    pub(crate) fn saw_too_little(&mut self) {
        for node in &mut self.nodes[..self.depth] {
            node.need = true;
        }
    }

    /// Moves on to the next execution; `false` when there is none.
    pub(crate) fn backtrack(&mut self) -> bool {
        if self.foreign() {
            self.live = split::DEPTH;
        }
        while self.live > 0 {
            let above_names = self.split.is_shared() && self.live <= split::DEPTH;
            let node = &mut self.nodes[self.live - 1];
            if node.branches != 0 {
                if node.pick + 1 < node.branches {
                    node.pick += 1;
                    return true;
                }
            } else {
                let group = &node.groups[node.group];
                if node.choice + 1 < group.choices.len() {
                    node.choice += 1;
                    return true;
                }
                let go_on = node.need
                    || !group.fresh
                    || !self.reduce
                    || above_names
                    || group.only_wakes_for_no_reason();
                if go_on && node.group + 1 < node.live_groups {
                    node.group += 1;
                    node.choice = 0;
                    node.need = false;
                    return true;
                }
            }
            self.live -= 1;
        }
        false
    }
}

/// What [`ChoiceStack::note`] needs to know of an event.
pub(crate) struct WriteNote<'a> {
    pub(crate) thread: usize,
    pub(crate) seq: u16,
    pub(crate) loc: u32,
    pub(crate) porf: &'a Clock,
    /// It wrote.
    pub(crate) writes: bool,
    /// It is a read-modify-write, or a failed attempt at one.
    pub(crate) rmw: bool,
}

#[cfg(test)]
mod tests;
