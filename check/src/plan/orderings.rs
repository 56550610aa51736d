//! Ordering sites while a model runs: which ones it executes, and which of them
//! run as something weaker than their source says.

use crate::seam::op::Strength;
use crate::seam::place::Place;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// Which of an operation's orderings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum OrderingRole {
    /// It has one only.
    Only,
    /// That of a compare-exchange that succeeds.
    Success,
    /// That of a compare-exchange that fails.
    Failure,
}

/// An ordering that an operation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OrderingUse {
    /// The operation, as the method is called.
    pub(crate) op: &'static str,
    pub(crate) role: OrderingRole,
    pub(crate) strength: Strength,
}

impl OrderingUse {
    pub(crate) fn of(op: &'static str, role: OrderingRole, order: Ordering) -> OrderingUse {
        OrderingUse { op, role, strength: Strength::of(order) }
    }
}

/// An ordering in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OrderingSpot {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) ask: OrderingUse,
}

/// An ordering to run as if another one stood in the source: a weaker one, or for advice a stronger one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Weakened {
    /// Those on a line of the file whose name ends so: all but the ones of
    /// failures, or only those.
    Line { file: String, line: u32, failure: bool, to: Strength },
    /// This one.
    OrderingSpot { spot: OrderingSpot, to: Strength },
}

impl Weakened {
    /// What `ask`, at `site`, runs as by this.
    fn strength(&self, ask: OrderingUse, site: &std::panic::Location<'_>) -> Option<Strength> {
        match self {
            Weakened::Line { file, line, failure, to } => {
                let same = site.line() == *line && site.file().ends_with(file.as_str());
                (same && *failure == (ask.role == OrderingRole::Failure)).then_some(*to)
            }
            Weakened::OrderingSpot { spot, to } => {
                let same =
                    site.line() == spot.line && site.column() == spot.column && site.file() == spot.file;
                (same && ask == spot.ask).then_some(*to)
            }
        }
    }
}

/// What the executions of a model asked for, and whether it came to that: a
/// compare-exchange asks for both its orderings and comes to one of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderingRecorder(Arc<Mutex<BTreeMap<OrderingSpot, bool>>>);

impl OrderingRecorder {
    /// Takes out what was recorded.
    pub(crate) fn take(&self) -> BTreeMap<OrderingSpot, bool> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The sites of a check under way.
#[derive(Debug, Default)]
pub(crate) struct OrderingSites {
    weakened: Vec<Weakened>,
    recorder: Option<OrderingRecorder>,
    /// By the address of the location, which is quick; one place may have
    /// several.
    seen: HashMap<(usize, OrderingUse), (OrderingSpot, bool)>,
    /// Whether there is anything to weaken or to write down.
    pub(crate) active: bool,
}

impl OrderingSites {
    pub(crate) fn new(weakened: &[Weakened], recorder: Option<&OrderingRecorder>) -> OrderingSites {
        OrderingSites {
            weakened: weakened.to_vec(),
            recorder: recorder.cloned(),
            seen: HashMap::new(),
            active: !weakened.is_empty() || recorder.is_some(),
        }
    }

    /// Whether anybody wants to know what comes of a compare-exchange.
    #[inline]
    pub(crate) fn recording(&self) -> bool {
        self.recorder.is_some()
    }

    /// How strong the operation at `place` is.
    #[cold]
    pub(crate) fn strength(&mut self, ask: OrderingUse, place: Place) -> Strength {
        let Place::Line(site) = place else {
            return ask.strength;
        };
        self.note(ask, place, ask.role == OrderingRole::Only);
        self.weakened.iter().find_map(|w| w.strength(ask, site)).unwrap_or(ask.strength)
    }

    /// Records, if that is wanted, that the operation at `place` asks for `ask`,
    /// and whether it `came` to that.
    pub(crate) fn note(&mut self, ask: OrderingUse, place: Place, came: bool) {
        if let (true, Place::Line(site)) = (self.recording(), place) {
            let spot = OrderingSpot { file: site.file(), line: site.line(), column: site.column(), ask };
            let key = (std::ptr::from_ref(site) as usize, ask);
            self.seen.entry(key).or_insert((spot, false)).1 |= came;
        }
    }
}

impl Drop for OrderingSites {
    fn drop(&mut self) {
        if let Some(OrderingRecorder(sink)) = &self.recorder {
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            for (spot, came) in self.seen.values() {
                *sink.entry(*spot).or_insert(false) |= came;
            }
        }
    }
}
