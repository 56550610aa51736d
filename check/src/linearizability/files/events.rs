//! The events of a history file, and what was left out of it.

use crate::linearizability::files::event::Event;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;

/// The events of a history file, in its order: a slice of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    events: Vec<Event>,
    skipped: usize,
}

impl Events {
    /// Counts what is no client's (`None`), and gives each client that has a name a
    /// number that no other client has.
    pub(crate) fn of(read: Vec<Option<Event>>) -> Events {
        let all = read.len();
        let mut events: Vec<Event> = read.into_iter().flatten().collect();
        let numbered = events.iter().filter(|event| event.client.is_none());
        let taken: BTreeSet<usize> = numbered.map(|event| event.process).collect();
        let mut free = (0..).filter(|number| !taken.contains(number));
        let mut given: HashMap<String, usize> = HashMap::new();
        for event in &mut events {
            if let Some(name) = &event.client {
                let number = given.get(name).copied().or_else(|| free.next()).unwrap_or_default();
                given.insert(name.clone(), number);
                event.process = number;
            }
        }
        Events { skipped: all - events.len(), events }
    }

    /// How many events of Jepsen's nemesis were left out.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The clients that have names, by the number that each was given.
    pub fn names(&self) -> BTreeMap<usize, &str> {
        let name = |event: &'_ Event| event.client.is_some();
        let named = self.events.iter().filter(|event| name(event));
        named.map(|event| (event.process, event.client.as_deref().unwrap_or_default())).collect()
    }
}

impl Deref for Events {
    type Target = [Event];

    fn deref(&self) -> &[Event] {
        &self.events
    }
}
