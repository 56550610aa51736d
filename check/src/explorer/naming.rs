//! Names for the objects of an execution, read off its source, and words for
//! the steps that the door makes on behalf of one of its calls.
//!
//! An object is called what most of its operations call it: `head` where they
//! are `self.head.load(…)`. Two objects of one name are `seq` and `seq#2`; one
//! whose operations name nothing, or whose source is not there, keeps a letter.
//! A step of an `Arc`, a channel or another call of the door's is told as that
//! call: `Arc::clone(&shared): 1 -> 2`, `tx.send: lock`.

use crate::plan::orderings::OrderingSpot;
use crate::report::data::TraceLine;
use crate::report::expression::{self, SourceCall};
use crate::report::paths;
use crate::report::step::{Operation, OperationKind};
use crate::report::words::value_text;
use crate::seam::frames;
use crate::seam::origin;
use crate::seam::place::Place;
use crate::seam::tracer::{Mark, OBJECT, TracedObject};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Calls that count the handles to something.
const HANDLE_METHODS: [&str; 9] = [
    "clone",
    "downgrade",
    "into_inner",
    "is_finished",
    "strong_count",
    "try_unwrap",
    "unwrap_or_clone",
    "upgrade",
    "weak_count",
];

/// How a step hangs together with the call that it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It is the call.
    Whole,
    /// The call counts handles, and that is all there is to say.
    Handle,
    /// One of several.
    Inside,
}

/// What the operations on one object call it.
#[derive(Debug)]
struct NameVotes {
    subject: TracedObject,
    /// Whether it counts weak handles.
    weak: bool,
    names: Vec<NameVote>,
}

/// A name, how often it is used, and the first lane that does.
#[derive(Debug)]
struct NameVote {
    name: String,
    times: usize,
    lane: usize,
}

/// The names of the objects of one execution.
#[derive(Debug, Default)]
pub(super) struct Names {
    files: HashMap<&'static str, Option<String>>,
    names: HashMap<TracedObject, String>,
}

impl Names {
    /// The names of what `told` is about.
    pub(super) fn of(told: &[(TraceLine, Mark)]) -> Names {
        let mut names = Names::default();
        let mut taken: HashMap<String, usize> = HashMap::new();
        for NameVotes { subject, weak, names: votes } in names.votes(told) {
            // The most frequent one; of these the main thread's, which others often call by a clone's name.
            let best = votes.into_iter().reduce(|best, next| {
                let more = |name: &NameVote| (name.times, Reverse(name.lane), Reverse(name.name.len()));
                if more(&next) > more(&best) { next } else { best }
            });
            let Some(NameVote { name, .. }) = best else { continue };
            // The count of weak handles is a part of what its owner is called.
            let same = if weak {
                1
            } else {
                *taken.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1)
            };
            names.names.insert(subject, if same == 1 { name } else { format!("{name}#{same}") });
        }
        names
    }

    /// What the operations on each object call it, in the order of the objects' first steps.
    fn votes(&mut self, told: &[(TraceLine, Mark)]) -> Vec<NameVotes> {
        let mut all: Vec<NameVotes> = Vec::new();
        for (line, mark) in told {
            let (Some(subject), Some(operation)) = (mark.subject, &line.operation) else { continue };
            let Some(call) = mark.place.and_then(|place| self.call(place)) else { continue };
            if part(&operation.name, &call) == Part::Inside || call.method == "upgrade" {
                continue;
            }
            let Some(name) = call.receiver else { continue };
            let at = all.iter().position(|known| known.subject == subject).unwrap_or_else(|| {
                all.push(NameVotes { subject, weak: false, names: Vec::new() });
                all.len() - 1
            });
            all[at].weak |= call.method == "downgrade";
            match all[at].names.iter_mut().find(|known| known.name == name) {
                Some(known) => (known.times, known.lane) = (known.times + 1, known.lane.min(line.lane)),
                None => all[at].names.push(NameVote { name, times: 1, lane: line.lane }),
            }
        }
        all
    }

    /// The call at `place`, as its source or else the stack has it.
    fn call(&mut self, place: Place) -> Option<SourceCall> {
        match place {
            Place::Line(_) if place.is_internal() => None,
            Place::Line(site) => {
                let file =
                    self.files.entry(site.file()).or_insert_with(|| paths::source_as_built(site.file()));
                expression::call_at(file.as_deref()?, site.line(), site.column())
            }
            Place::Found(index) => origin::call(index).map(|call| SourceCall {
                text: format!("{}::{}", call.owner, call.method),
                method: call.method,
                owner: Some(call.owner),
                receiver: None,
            }),
            Place::Address(_) => None,
        }
    }

    /// The name of `subject`.
    fn name(&self, subject: TracedObject) -> String {
        let letter = || {
            let letter = subject.letter();
            if self.names.values().any(|name| *name == letter) { format!("{letter}#0") } else { letter }
        };
        self.names.get(&subject).cloned().unwrap_or_else(letter)
    }

    /// `what`, which is a step of the operation called `operation` at `place`, with its object's name.
    pub(super) fn told(
        &mut self,
        operation: &str,
        what: &str,
        place: Option<Place>,
        subject: Option<TracedObject>,
    ) -> String {
        let call = place.and_then(|place| self.call(place));
        let part = call.as_ref().map_or(Part::Whole, |call| part(operation, call));
        let named = subject.filter(|subject| part == Part::Whole || self.names.contains_key(subject));
        let words = match named {
            Some(subject) => what.replace(OBJECT, &self.name(subject)),
            None => what.replace(&format!("{OBJECT}: "), "").replace(&format!(" {OBJECT}"), ""),
        };
        match call {
            Some(call) if part != Part::Whole => {
                format!("{}: {words}", called(&call, named.map(|s| self.name(s))))
            }
            _ => words,
        }
    }

    /// Tells a line with the names of what it is about; `false` if it says nothing.
    pub(super) fn tell(&mut self, line: &mut TraceLine, mark: &Mark) -> bool {
        let Some(operation) = &mut line.operation else { return true };
        operation.object = mark.subject.map(|subject| self.name(subject));
        let call = mark.place.and_then(|place| self.call(place));
        match call {
            Some(call) if part(&operation.name, &call) == Part::Handle => {
                let name =
                    mark.subject.filter(|subject| self.names.contains_key(subject)).map(|s| self.name(s));
                let Some(count) = counted(operation, &call.method) else { return false };
                line.what = format!("{}: {count}", called(&call, name));
            }
            _ => line.what = self.told(&operation.name, &line.what, mark.place, mark.subject),
        }
        true
    }

    /// Whether the step is one of a call that counts handles: where it read from says nothing.
    pub(super) fn counts_handles(&mut self, line: &TraceLine, mark: &Mark) -> bool {
        let call = mark.place.and_then(|place| self.call(place));
        let name = line.operation.as_ref().map_or("", |operation| &operation.name);
        call.is_some_and(|call| part(name, &call) == Part::Handle)
    }
}

/// Whether the operation at `spot` is what its line calls, and not a step of the door's.
pub(crate) fn is_own_call(spot: &OrderingSpot) -> bool {
    if frames::is_internal(spot.file) {
        return false;
    }
    let source = paths::source_as_built(spot.file);
    let call = source.and_then(|text| expression::call_at(&text, spot.line, spot.column));
    call.is_none_or(|call| part(spot.ask.op, &call) == Part::Whole)
}

/// How the operation called `operation` is a part of `call`.
fn part(operation: &str, call: &SourceCall) -> Part {
    let method = call.method.as_str();
    let owner = call.owner.as_deref().unwrap_or_default();
    let same = match operation {
        "unlock" | "unlock read" => {
            owner == "Held" || method.contains("lock") || matches!(method, "read" | "write")
        }
        "wait (enter)" | "wait" | "wait_timeout" => method.starts_with("wait"),
        "load" | "compare_exchange_weak" if matches!(method, "update" | "try_update" | "fetch_update") => {
            true
        }
        "fetch_xor" if method == "fetch_not" => true,
        "read" | "write" if matches!(method, "with" | "with_mut" | "replace" | "get") => true,
        _ => {
            operation == method
                || method.strip_suffix("_for").or(method.strip_suffix("_until")) == Some(operation)
        }
    };
    let handles = matches!(owner, "Arc" | "Weak") || HANDLE_METHODS.contains(&method);
    match (same, handles) {
        (true, _) => Part::Whole,
        (false, true) => Part::Handle,
        (false, false) => Part::Inside,
    }
}

/// `call` in words, on the object called `name`.
fn called(call: &SourceCall, name: Option<String>) -> String {
    let owner = call.owner.as_deref().unwrap_or_default();
    match (call.method.as_str(), &call.receiver, name) {
        ("drop", None, name) => format!("drop({})", name.as_deref().unwrap_or(owner)),
        (method, None, Some(name)) if !owner.is_empty() && !call.text.ends_with(')') => {
            format!("{owner}::{method}(&{name})")
        }
        _ => call.text.clone(),
    }
}

/// What an operation on a count came to; nothing if there is more of the call to come, which says it.
fn counted(operation: &Operation, method: &str) -> Option<String> {
    match (operation.kind, operation.read, operation.written) {
        (OperationKind::Load, _, _) if method == "downgrade" => None,
        (OperationKind::Load, Some(read), _) if method == "upgrade" && read > 0 => None,
        (OperationKind::Rmw, Some(read), Some(written)) => {
            Some(format!("{} -> {}", value_text(read), value_text(written)))
        }
        (OperationKind::Rmw | OperationKind::Load, Some(read), None) => {
            Some(format!("finds {}", value_text(read)))
        }
        (OperationKind::Store, _, Some(written)) => Some(format!("sets {}", value_text(written))),
        (OperationKind::Fence, ..) => None,
        _ => Some(operation.name.clone()),
    }
}
