//! Ready-made properties of nodes that agree: one leader a term, atomic commit.

use crate::sim::node::Node;
use crate::sim::world::World;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// At most one node leads in a term.
#[derive(Clone)]
pub struct Leaders {
    world: World,
    terms: Rc<RefCell<BTreeMap<u64, Node>>>,
}

impl Leaders {
    /// No leaders yet.
    pub fn new(world: &World) -> Self {
        Leaders { world: world.clone(), terms: Rc::default() }
    }

    /// `node` takes itself for the leader of `term`.
    #[track_caller]
    pub fn elected(&self, node: Node, term: u64) {
        let first = *self.terms.borrow_mut().entry(term).or_insert(node);
        if first != node {
            let (one, other) = (self.world.name(first), self.world.name(node));
            self.world.violated(node, format!("term {term} has two leaders: {one} and {other}"));
        } else {
            self.world.note(node, format_args!("leads term {term}"));
        }
    }

    /// Who led in a term.
    pub fn leader(&self, term: u64) -> Option<Node> {
        self.terms.borrow().get(&term).copied()
    }

    /// How many terms had a leader: whether anybody was elected at all.
    pub fn terms(&self) -> usize {
        self.terms.borrow().len()
    }
}

impl fmt::Debug for Leaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaders").finish_non_exhaustive()
    }
}

/// What was decided on a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitDecision {
    /// It takes place, everywhere.
    Commit,
    /// It takes place nowhere.
    Abort,
}

/// Atomic commit: all nodes that decide on a transaction decide the same, nobody
/// changes its mind, and nothing is committed that somebody voted against.
///
/// A decision is told when it takes effect at the node, and may be told again
/// (after a crash, say).
#[derive(Clone)]
pub struct AtomicCommit<T> {
    world: World,
    transactions: Rc<RefCell<BTreeMap<T, Transaction>>>,
}

#[derive(Clone, Debug, Default)]
struct Transaction {
    against: Option<Node>,
    decided: BTreeMap<Node, CommitDecision>,
}

impl Transaction {
    /// Who stands against this decision, and how.
    fn conflict(&self, decision: CommitDecision) -> Option<(Node, &'static str)> {
        let other = self.decided.iter().find(|(_, other)| **other != decision);
        let against = self.against.filter(|_| decision == CommitDecision::Commit);
        match (other, against) {
            (Some((node, CommitDecision::Commit)), _) => Some((*node, "committed")),
            (Some((node, CommitDecision::Abort)), _) => Some((*node, "aborted")),
            (None, Some(node)) => Some((node, "voted against it")),
            (None, None) => None,
        }
    }
}

impl<T: Ord + Clone + fmt::Debug + 'static> AtomicCommit<T> {
    /// No transactions yet.
    pub fn new(world: &World) -> Self {
        AtomicCommit { world: world.clone(), transactions: Rc::default() }
    }

    /// `node` votes against the transaction: nobody may commit it.
    #[track_caller]
    pub fn votes_against(&self, node: Node, transaction: T) {
        self.world.note(node, format_args!("votes against {transaction:?}"));
        self.transactions.borrow_mut().entry(transaction).or_default().against = Some(node);
    }

    /// The decision takes effect at `node`.
    #[track_caller]
    pub fn decided(&self, node: Node, transaction: T, decision: CommitDecision) {
        let conflict = {
            let mut transactions = self.transactions.borrow_mut();
            let state = transactions.entry(transaction.clone()).or_default();
            let conflict = state.conflict(decision);
            state.decided.entry(node).or_insert(decision);
            conflict
        };
        let (name, verb) = (
            self.world.name(node),
            match decision {
                CommitDecision::Commit => "commits",
                CommitDecision::Abort => "aborts",
            },
        );
        match conflict {
            Some((other, did)) => {
                let other = self.world.name(other);
                self.world.violated(node, format!("{name} {verb} {transaction:?}, but {other} {did}"));
            }
            None => self.world.note(node, format_args!("{verb} {transaction:?}")),
        }
    }

    /// What `node` decided.
    pub fn decision(&self, node: Node, transaction: &T) -> Option<CommitDecision> {
        self.transactions.borrow().get(transaction)?.decided.get(&node).copied()
    }
}

impl<T> fmt::Debug for AtomicCommit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtomicCommit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_conflicts_with_others_and_with_votes() {
        let (a, b) = (Node(0), Node(1));
        let mut state = Transaction::default();
        assert_eq!(state.conflict(CommitDecision::Commit), None);
        state.against = Some(a);
        assert_eq!(state.conflict(CommitDecision::Commit), Some((a, "voted against it")));
        assert_eq!(state.conflict(CommitDecision::Abort), None);
        state.decided.insert(b, CommitDecision::Abort);
        assert_eq!(state.conflict(CommitDecision::Abort), None);
        assert_eq!(state.conflict(CommitDecision::Commit), Some((b, "aborted")));
        state = Transaction { against: None, decided: BTreeMap::from([(a, CommitDecision::Commit)]) };
        assert_eq!(state.conflict(CommitDecision::Abort), Some((a, "committed")));
        assert_eq!(state.conflict(CommitDecision::Commit), None);
    }
}
