//! Ready-made properties, judged where the effects are: at the storage.
//!
//! What a client believes is not evidence. An oracle is told by the storage's
//! own code, at the moment of the effect, who did what; it ends the execution
//! with a property failure at the first effect that must not be.

use crate::sim::client_result::ClientResult;
use crate::sim::node::Node;
use crate::sim::world::World;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// Mutual exclusion at the storage: one holder at a time writes a resource, and
/// one that another has followed writes no more.
///
/// A turn is a holder with an epoch (`None` in a system without them). Turns may
/// not overlap, epochs may not go down, and one epoch may not belong to two
/// holders. Without epochs a holder that another has followed is stale for good.
#[derive(Clone)]
pub struct Exclusion {
    world: World,
    storage: Node,
    resource: String,
    turns: Rc<RefCell<Turns>>,
}

/// Who writes: a holder, and its epoch if there are epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    holder: String,
    epoch: Option<u64>,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            Some(epoch) => write!(f, "{} (epoch {epoch})", self.holder),
            None => f.write_str(&self.holder),
        }
    }
}

#[derive(Default)]
struct Turns {
    /// All turns in the order of their first write.
    seen: Vec<Turn>,
    inside: Option<Turn>,
}

impl Turns {
    /// Whether this turn may write now. Remembers it if so.
    fn admit(&mut self, turn: &Turn) -> Result<(), String> {
        if let Some(inside) = self.inside.as_ref().filter(|inside| *inside != turn) {
            return Err(format!("{turn} writes while {inside} is inside"));
        }
        let last = match self.seen.last() {
            Some(last) if last != turn => last,
            Some(_) => return Ok(()),
            None => {
                self.seen.push(turn.clone());
                return Ok(());
            }
        };
        if self.seen.contains(turn) {
            return Err(format!("stale write: {turn} writes after {last} took over"));
        }
        if turn.epoch < last.epoch {
            return Err(format!("stale write: {turn} writes after {last}"));
        }
        if turn.epoch.is_some() && turn.epoch == last.epoch {
            return Err(format!("{turn} writes with the epoch of {last}"));
        }
        self.seen.push(turn.clone());
        Ok(())
    }
}

impl Exclusion {
    /// Exclusion for `resource`, which is stored at the node `storage`.
    pub fn new(world: &World, storage: Node, resource: impl Into<String>) -> Self {
        Exclusion { world: world.clone(), storage, resource: resource.into(), turns: Rc::default() }
    }

    /// The storage takes a write of this turn.
    #[track_caller]
    pub fn write(&self, holder: &str, epoch: impl Into<Option<u64>>) {
        let admitted = self.turns.borrow_mut().admit(&turn(holder, epoch));
        self.judge(admitted);
    }

    /// A turn begins work that takes time; nobody else may write until it ends.
    #[track_caller]
    pub fn enter(&self, holder: &str, epoch: impl Into<Option<u64>>) {
        let turn = turn(holder, epoch);
        let admitted = self.turns.borrow_mut().admit(&turn);
        self.turns.borrow_mut().inside = Some(turn);
        self.judge(admitted);
    }

    /// The turn inside is done.
    pub fn leave(&self) {
        self.turns.borrow_mut().inside = None;
    }

    #[track_caller]
    fn judge(&self, admitted: Result<(), String>) {
        if let Err(why) = admitted {
            let message = format!("{}: {why}", self.resource);
            self.world.violated(self.storage, message);
        }
    }
}

fn turn(holder: &str, epoch: impl Into<Option<u64>>) -> Turn {
    Turn { holder: holder.to_owned(), epoch: epoch.into() }
}

impl fmt::Debug for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exclusion").field("resource", &self.resource).finish_non_exhaustive()
    }
}

/// At-most-once effects, and what clients were told about them.
#[derive(Clone)]
pub struct Effects<K> {
    world: World,
    storage: Node,
    counts: Rc<RefCell<BTreeMap<K, EffectCount>>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct EffectCount {
    done: u32,
    acknowledged: bool,
    refused: bool,
}

impl EffectCount {
    /// What must hold when everything has happened.
    fn judge(&self) -> Result<(), &'static str> {
        if self.acknowledged && self.done == 0 {
            return Err("was acknowledged, but is not there");
        }
        if self.refused && !self.acknowledged && self.done > 0 {
            return Err("was refused, but is there");
        }
        Ok(())
    }
}

impl<K: Ord + Clone + fmt::Debug + 'static> Effects<K> {
    /// Effects at the node `storage`.
    pub fn new(world: &World, storage: Node) -> Self {
        let effects = Effects { world: world.clone(), storage, counts: Rc::default() };
        let counts: Rc<RefCell<BTreeMap<K, EffectCount>>> = Rc::clone(&effects.counts);
        world.check_at_end(move || {
            for (key, count) in counts.borrow().iter() {
                count.judge().map_err(|why| format!("{key:?} {why}"))?;
            }
            Ok(())
        });
        effects
    }

    /// The effect named `key` takes place. The second time is a violation.
    #[track_caller]
    pub fn happened(&self, key: K) {
        let done = {
            let mut counts = self.counts.borrow_mut();
            let count = counts.entry(key.clone()).or_default();
            count.done += 1;
            count.done
        };
        if done > 1 {
            let message = format!("{key:?} took effect {done} times");
            self.world.violated(self.storage, message);
        }
    }

    /// How often the effect took place so far.
    pub fn count(&self, key: &K) -> u32 {
        self.counts.borrow().get(key).map_or(0, |count| count.done)
    }

    /// What a client was told: judged at the end. `Ok` must be there, `Err` must
    /// not, `Unknown` may be either.
    pub fn answered<T, E>(&self, key: K, result: &ClientResult<T, E>) {
        let mut counts = self.counts.borrow_mut();
        let count = counts.entry(key).or_default();
        match result {
            ClientResult::Ok(_) => count.acknowledged = true,
            ClientResult::Err(_) => count.refused = true,
            ClientResult::Unknown => {}
        }
    }
}

impl<K> fmt::Debug for Effects<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_each_other() {
        let mut turns = Turns::default();
        for (holder, epoch) in [("a", 1), ("a", 1), ("b", 2), ("a", 3)] {
            assert_eq!(turns.admit(&turn(holder, epoch)), Ok(()));
        }
        assert!(turns.admit(&turn("b", 2)).is_err(), "b's turn is over");
        assert!(turns.admit(&turn("c", 2)).is_err(), "an epoch that is past");
        assert!(turns.admit(&turn("c", 3)).is_err(), "an epoch of another");
    }

    #[test]
    fn without_epochs_a_follower_ends_a_turn() {
        let mut turns = Turns::default();
        assert_eq!(turns.admit(&turn("a", None)), Ok(()));
        assert_eq!(turns.admit(&turn("b", None)), Ok(()));
        assert!(turns.admit(&turn("a", None)).is_err());
    }

    #[test]
    fn nobody_writes_while_another_is_inside() {
        let mut turns = Turns { inside: Some(turn("a", 1)), ..Turns::default() };
        assert_eq!(turns.admit(&turn("a", 1)), Ok(()));
        assert!(turns.admit(&turn("b", 2)).is_err());
        turns.inside = None;
        assert_eq!(turns.admit(&turn("b", 2)), Ok(()));
    }

    #[test]
    fn what_a_client_was_told_must_be_so() {
        let count = |done, acknowledged, refused| EffectCount { done, acknowledged, refused };
        assert!(count(1, true, false).judge().is_ok());
        assert!(count(0, true, false).judge().is_err());
        assert!(count(1, false, true).judge().is_err());
        assert!(count(0, false, true).judge().is_ok());
        assert!(count(1, false, false).judge().is_ok());
        assert!(count(0, false, false).judge().is_ok());
    }
}
