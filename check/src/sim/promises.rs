//! Ready-made properties of what clients are promised: sessions, durability, few attempts.

use crate::report::words::count;
use crate::sim::node::Node;
use crate::sim::world::World;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// What a session is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guarantee {
    /// A client that has written reads that, or something newer.
    ReadYourWrites,
    /// A client never reads something older than it has read before.
    MonotonicReads,
}

/// Session guarantees over versions: numbers that grow with every write of a key.
#[derive(Clone)]
pub struct Sessions<K> {
    world: World,
    promised: Rc<[Guarantee]>,
    newest: Rc<RefCell<BTreeMap<(Node, K), KnownVersions>>>,
}

/// The newest versions that a session knows of a key.
#[derive(Clone, Copy, Debug, Default)]
struct KnownVersions {
    written: Option<u64>,
    read: Option<u64>,
}

impl KnownVersions {
    /// Which guarantee does a read of this version break, and by how much?
    fn violation(&self, promised: &[Guarantee], version: Option<u64>) -> Option<String> {
        promised
            .iter()
            .find_map(|guarantee| match guarantee {
                Guarantee::ReadYourWrites if version < self.written => Some(("written", self.written)),
                Guarantee::MonotonicReads if version < self.read => Some(("read", self.read)),
                _ => None,
            })
            .map(|(did, known)| format!("having {did} {}", version_text(known)))
    }
}

fn version_text(version: Option<u64>) -> String {
    version.map_or("nothing".to_owned(), |version| format!("version {version}"))
}

impl<K: Ord + Clone + fmt::Debug + 'static> Sessions<K> {
    /// Sessions that are promised this. A node is a session.
    pub fn new(world: &World, promised: impl IntoIterator<Item = Guarantee>) -> Self {
        let promised = promised.into_iter().collect();
        Sessions { world: world.clone(), promised, newest: Rc::default() }
    }

    /// The session was told that its write of `key` has this version.
    pub fn wrote(&self, session: Node, key: K, version: u64) {
        let mut newest = self.newest.borrow_mut();
        let known = newest.entry((session, key)).or_default();
        known.written = known.written.max(Some(version));
    }

    /// The session has read this version of `key`; `None`: it found nothing.
    #[track_caller]
    pub fn read(&self, session: Node, key: K, version: impl Into<Option<u64>>) {
        let version = version.into();
        let violation = {
            let mut newest = self.newest.borrow_mut();
            let known = newest.entry((session, key.clone())).or_default();
            let violation = known.violation(&self.promised, version);
            known.read = known.read.max(version);
            violation
        };
        if let Some(violation) = violation {
            let (name, found) = (self.world.name(session), version_text(version));
            self.world.violated(session, format!("{name} reads {found} of {key:?}, {violation}"));
        }
    }
}

impl<K> fmt::Debug for Sessions<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("promised", &self.promised).finish_non_exhaustive()
    }
}

/// What was acknowledged is durable: at once, and still so at the end.
#[derive(Clone)]
pub struct Durability<K> {
    world: World,
    survives: Rc<dyn Fn(&K) -> bool>,
    keys: Rc<RefCell<Vec<K>>>,
}

impl<K: Clone + fmt::Debug + 'static> Durability<K> {
    /// `survives` says whether a crash at that moment would leave it, as
    /// [`Disk::survives`](crate::sim::Disk::survives) does.
    #[track_caller]
    pub fn new(world: &World, survives: impl Fn(&K) -> bool + 'static) -> Self {
        let survives: Rc<dyn Fn(&K) -> bool> = Rc::new(survives);
        let acknowledged = Durability { world: world.clone(), survives, keys: Rc::default() };
        let (survives, keys) = (Rc::clone(&acknowledged.survives), Rc::clone(&acknowledged.keys));
        world.check_at_end(move || match keys.borrow().iter().find(|key| !survives(key)) {
            Some(key) => Err(format!("{key:?} was acknowledged, and is lost")),
            None => Ok(()),
        });
        acknowledged
    }

    /// `client` is told that `key` is stored.
    #[track_caller]
    pub fn acknowledged(&self, client: Node, key: K) {
        if !(self.survives)(&key) {
            self.world.violated(client, format!("{key:?} is acknowledged, but not durable"));
        }
        self.keys.borrow_mut().push(key);
    }
}

impl<K> fmt::Debug for Durability<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durability").finish_non_exhaustive()
    }
}

/// A request is attempted so many times at most: retries must not multiply.
#[derive(Clone)]
pub struct Attempts<K> {
    world: World,
    most: u32,
    made: Rc<RefCell<BTreeMap<K, u32>>>,
}

impl<K: Ord + Clone + fmt::Debug + 'static> Attempts<K> {
    /// At most `most` attempts of each request.
    pub fn new(world: &World, most: u32) -> Self {
        Attempts { world: world.clone(), most, made: Rc::default() }
    }

    /// `node` sends, or is sent, the request once more.
    #[track_caller]
    pub fn attempt(&self, node: Node, request: K) {
        let made = {
            let mut made = self.made.borrow_mut();
            let made = made.entry(request.clone()).or_insert(0);
            *made += 1;
            *made
        };
        if made > self.most {
            let most = self.most;
            self.world.violated(
                node,
                format!("{request:?} is attempted {}, not {most} at most", count(made, "time")),
            );
        }
    }

    /// How many attempts there were.
    pub fn made(&self, request: &K) -> u32 {
        self.made.borrow().get(request).copied().unwrap_or(0)
    }
}

impl<K> fmt::Debug for Attempts<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").field("most", &self.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Guarantee::{MonotonicReads, ReadYourWrites};

    #[test]
    fn each_guarantee_has_its_own_past() {
        let known = KnownVersions { written: Some(3), read: Some(5) };
        let violation = |promised: &[Guarantee], version| known.violation(promised, version);
        assert_eq!(violation(&[ReadYourWrites], Some(2)).as_deref(), Some("having written version 3"));
        assert_eq!(violation(&[ReadYourWrites], Some(4)), None);
        assert_eq!(violation(&[MonotonicReads], Some(4)).as_deref(), Some("having read version 5"));
        assert_eq!(violation(&[MonotonicReads], Some(5)), None);
        assert!(violation(&[ReadYourWrites, MonotonicReads], None).is_some());
        assert_eq!(violation(&[], Some(0)), None);
        assert_eq!(KnownVersions::default().violation(&[ReadYourWrites, MonotonicReads], None), None);
    }
}
